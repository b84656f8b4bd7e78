//! What the role could do beyond reading, found when a database is opened.

use domain::connection::{Finding, FindingKind};
use support::{
    databases::{config, open, unique},
    on_postgres, on_servers,
    rows::Owned,
};

use super::{helpers::one, house::House};

on_postgres!(a_superuser_is_told_as_nothing_else, async |server: &str| {
    let database = open(config(server)).await;

    assert_eq!(
        database.posture.findings(),
        [Finding::new(
            FindingKind::Superuser,
            true,
            "It is a superuser, or can become one."
        )]
    );
});

on_postgres!(
    a_role_that_may_only_select_has_no_findings,
    async |server: &str| {
        let mut house = House::on(server).await;
        house
            .run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
            .await;

        let found = house.findings().await;

        assert_eq!(found, []);
        house.leave(&[]).await;
    }
);

on_postgres!(the_same_is_found_through_a_pooler, async |server: &str| {
    let mut house = House::on(server).await;
    house.run("GRANT UPDATE ON notes TO {role}").await;
    let mut config = house.config(&house.name);
    config.pooler = true;

    let database = open(config).await;

    assert_eq!(
        database.posture.findings(),
        [Finding::new(
            FindingKind::WritesTables,
            true,
            "It can write to tables or owns them: public.notes."
        )]
    );
    database.pool.close().await;
    house.leave(&[]).await;
});

on_postgres!(
    an_owner_could_write_whatever_is_granted,
    async |server: &str| {
        let mut house = House::on(server).await;
        house
            .run("ALTER TABLE notes OWNER TO {role}; REVOKE ALL ON notes FROM {role}")
            .await;

        let found = house.findings().await;

        assert_eq!(
            found,
            [Finding::new(
                FindingKind::WritesTables,
                true,
                "It can write to tables or owns them: public.notes."
            )]
        );
        house.leave(&[]).await;
    }
);

on_postgres!(many_tables_are_counted, async |server: &str| {
    let mut house = House::on(server).await;
    for table in ["a", "b", "c", "d", "e", "f", "g"] {
        house
            .run(&format!(
                "CREATE TABLE {table} (n int); GRANT DELETE ON {table} TO {{role}}"
            ))
            .await;
    }

    let found = house.findings().await;

    assert_eq!(
        found[0].what,
        "It can write to tables or owns them: public.a, public.b, public.c, public.d, public.e and 2 more."
    );
    house.leave(&[]).await;
});

on_postgres!(each_right_beyond_reading_is_found, async |server: &str| {
    use FindingKind::{
        AdvancesSequences, BypassesRowSecurity, ChangesSchema, ControlsServer, CreatesDatabases,
        CreatesRoles, DangerousFunction, Replication, ServerFiles, ServerPrograms, SignalsSessions,
        WritesTables,
    };
    let mut house = House::on(server).await;
    for (grant, undo, expected) in [
        (
            "ALTER ROLE {role} CREATEROLE",
            "ALTER ROLE {role} NOCREATEROLE",
            (CreatesRoles, true),
        ),
        (
            "ALTER ROLE {role} CREATEDB",
            "ALTER ROLE {role} NOCREATEDB",
            (CreatesDatabases, true),
        ),
        (
            "ALTER ROLE {role} REPLICATION",
            "ALTER ROLE {role} NOREPLICATION",
            (Replication, true),
        ),
        (
            "ALTER ROLE {role} BYPASSRLS",
            "ALTER ROLE {role} NOBYPASSRLS",
            (BypassesRowSecurity, false),
        ),
        (
            "GRANT pg_execute_server_program TO {role}",
            "REVOKE pg_execute_server_program FROM {role}",
            (ServerPrograms, true),
        ),
        (
            "GRANT pg_write_server_files TO {role}",
            "REVOKE pg_write_server_files FROM {role}",
            (ServerFiles, true),
        ),
        (
            "GRANT pg_read_server_files TO {role}",
            "REVOKE pg_read_server_files FROM {role}",
            (ServerFiles, false),
        ),
        (
            "GRANT pg_signal_backend TO {role}",
            "REVOKE pg_signal_backend FROM {role}",
            (SignalsSessions, true),
        ),
        (
            "GRANT pg_write_all_data TO {role}",
            "REVOKE pg_write_all_data FROM {role}",
            (WritesTables, true),
        ),
        (
            "GRANT pg_checkpoint TO {role}",
            "REVOKE pg_checkpoint FROM {role}",
            (ControlsServer, false),
        ),
        (
            "GRANT INSERT ON notes TO {role}",
            "REVOKE INSERT ON notes FROM {role}",
            (WritesTables, true),
        ),
        (
            "GRANT TRUNCATE ON notes TO PUBLIC",
            "REVOKE TRUNCATE ON notes FROM PUBLIC",
            (WritesTables, true),
        ),
        (
            "GRANT UPDATE (n) ON notes TO {role}",
            "REVOKE UPDATE (n) ON notes FROM {role}",
            (WritesTables, true),
        ),
        (
            "GRANT USAGE ON SEQUENCE numbers TO {role}",
            "REVOKE USAGE ON SEQUENCE numbers FROM {role}",
            (AdvancesSequences, true),
        ),
        (
            "GRANT CREATE ON SCHEMA public TO {role}",
            "REVOKE CREATE ON SCHEMA public FROM {role}",
            (ChangesSchema, true),
        ),
        (
            "GRANT CREATE ON DATABASE {role} TO {role}",
            "REVOKE CREATE ON DATABASE {role} FROM {role}",
            (ChangesSchema, true),
        ),
        (
            "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO {role}",
            "REVOKE EXECUTE ON FUNCTION pg_read_file(text) FROM {role}",
            (ServerFiles, false),
        ),
        (
            "GRANT EXECUTE ON FUNCTION lo_export(oid, text) TO {role}",
            "REVOKE EXECUTE ON FUNCTION lo_export(oid, text) FROM {role}",
            (ServerFiles, true),
        ),
        (
            "GRANT EXECUTE ON FUNCTION pg_reload_conf() TO PUBLIC",
            "REVOKE EXECUTE ON FUNCTION pg_reload_conf() FROM PUBLIC",
            (DangerousFunction, true),
        ),
    ] {
        assert_eq!(house.after(grant, undo).await, [expected], "{grant}");
    }
    assert_eq!(house.findings().await, []);
    house.leave(&[]).await;
});

on_servers!(
    the_roles_of_later_versions_are_found: postgres_18,
    async |server: &str| {
        let mut house = House::on(server).await;
        for (role, expected) in [
            ("pg_maintain", FindingKind::MaintainsTables),
            ("pg_create_subscription", FindingKind::Replication),
        ] {
            let found = house
                .after(
                    &format!("GRANT {role} TO {{role}}"),
                    &format!("REVOKE {role} FROM {{role}}"),
                )
                .await;
            assert_eq!(found, [(expected, true)], "{role}");
        }
        house.leave(&[]).await;
    }
);

on_postgres!(
    extensions_that_reach_beyond_the_transaction_are_found,
    async |server: &str| {
        use FindingKind::{DangerousExtension, ForeignServers};
        let mut house = House::on(server).await;

        let installed = house.after("CREATE EXTENSION dblink", "SELECT 1").await;
        let closed = house
            .after(
                "REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC",
                "DROP EXTENSION dblink",
            )
            .await;
        let wrapper = house
            .after(
                "CREATE EXTENSION postgres_fdw; GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO {role}",
                "REVOKE USAGE ON FOREIGN DATA WRAPPER postgres_fdw FROM {role}",
            )
            .await;
        let mapping = house
            .after(
                "CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; CREATE USER MAPPING FOR {role} SERVER far",
                "DROP EXTENSION postgres_fdw CASCADE",
            )
            .await;

        assert_eq!(installed, [(DangerousExtension, true)]);
        assert_eq!(closed, []);
        assert_eq!(wrapper, [(ForeignServers, true)]);
        assert_eq!(mapping, [(ForeignServers, false)]);
        house.leave(&[]).await;
    }
);

on_postgres!(what_a_role_can_become_is_found, async |server: &str| {
    let mut house = House::on(server).await;
    let other = unique("posture_other");
    house
        .run(&format!(
            "CREATE ROLE {other}; ALTER ROLE {{role}} NOINHERIT; GRANT {other} TO {{role}}"
        ))
        .await;

    let found = house.findings().await;
    house
        .run(&format!("GRANT pg_write_server_files TO {other}"))
        .await;
    let more = house.findings().await;

    let becomes = Finding::new(
        FindingKind::OtherRoles,
        true,
        format!("It can become {other} by SET ROLE; what those may do was not looked at."),
    );
    assert_eq!(found, [becomes]);
    let kinds: Vec<FindingKind> = more.iter().map(|finding| finding.kind).collect();
    assert_eq!(kinds, [FindingKind::OtherRoles, FindingKind::ServerFiles]);
    house.leave(&[&other]).await;
});

on_postgres!(
    what_cannot_be_found_out_is_told_and_fails_nothing,
    async |server: &str| {
        let mut house = House::on(server).await;
        house
            .run("REVOKE SELECT ON pg_catalog.pg_user_mappings FROM PUBLIC")
            .await;

        let database = open(house.config(&house.name)).await;

        assert_eq!(
            database.posture.findings(),
            [Finding::new(
                FindingKind::Unknown,
                true,
                "The server did not tell what the role may do."
            )]
        );
        let one_row = one(&database, "SELECT 1").await;
        assert_eq!(one_row, Owned::Number("1".to_owned()));
        database.pool.close().await;
        house.leave(&[]).await;
    }
);

on_postgres!(
    the_remedy_makes_a_role_that_can_only_read,
    async |server: &str| {
        let mut house = House::on(server).await;
        // Whatever every role may do, the new one may too, unless it is taken away.
        house
            .run(
                "CREATE EXTENSION dblink; GRANT INSERT ON notes TO PUBLIC; GRANT CREATE ON SCHEMA public TO PUBLIC; \
                 GRANT USAGE ON SEQUENCE numbers TO PUBLIC",
            )
            .await;
        let before = open(house.config(&house.name)).await;
        let role = unique("posture_reader");
        let remedy = before.posture.remedy().unwrap();

        house.run(&remedy.replace("portolan_readonly", &role)).await;

        let reader = open(house.config(&role)).await;
        assert_eq!(reader.posture.findings(), []);
        let seven = one(&reader, "SELECT n FROM notes").await;
        assert_eq!(seven, Owned::Number("7".to_owned()));
        for database in [before, reader] {
            database.pool.close().await;
        }
        house.leave(&[&role]).await;
    }
);
