//! What the role could do beyond reading, asked once when a database is opened.

use domain::connection::{Finding, FindingKind, Posture};
use sqlx::PgConnection;

use super::{remedy::Remedy, session::run, text_of};

/// Names are resolved as written, plans are for one use, and a catalog of any size has its say in time.
const BEGIN: &str = "BEGIN READ ONLY; SET LOCAL search_path = pg_catalog; SET LOCAL statement_timeout = 2000; \
     SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0;";
const QUESTION: &str = include_str!("queries/posture.sql");

/// More names than this are not told.
const NAMES: u32 = 5;
/// The question counts no further.
const COUNTED: u32 = 1_000;

/// Kinds of the answer: what they mean for what the role could do, with the names in the place of `{}`.
#[rustfmt::skip]
const MEANINGS: [(&str, FindingKind, bool, &str); 27] = [
    ("superuser", FindingKind::Superuser, true, "It is a superuser, or can become one."),
    ("administrator", FindingKind::Superuser, true, "It belongs to {}, the administrators of this service."),
    ("create_role", FindingKind::CreatesRoles, true, "It can create roles (CREATEROLE)."),
    ("create_db", FindingKind::CreatesDatabases, true, "It can create databases (CREATEDB)."),
    ("other_role", FindingKind::OtherRoles, true, "It can become {} by SET ROLE; what those may do was not looked at."),
    ("member of pg_execute_server_program", FindingKind::ServerPrograms, true, "It can run programs on the server (pg_execute_server_program)."),
    ("member of pg_write_server_files", FindingKind::ServerFiles, true, "It can write files of the server (pg_write_server_files)."),
    ("writes_files", FindingKind::ServerFiles, true, "It can write files of the server by {}."),
    ("member of pg_read_server_files", FindingKind::ServerFiles, false, "It can read files of the server (pg_read_server_files)."),
    ("reads_files", FindingKind::ServerFiles, false, "It can read files of the server by {}."),
    ("replication", FindingKind::Replication, true, "It can make replication slots, which keep the server's log from being cleared (REPLICATION)."),
    ("member of pg_create_subscription", FindingKind::Replication, true, "It can create subscriptions (pg_create_subscription)."),
    ("member of pg_signal_backend", FindingKind::SignalsSessions, true, "It can end statements and sessions of others (pg_signal_backend)."),
    ("member of pg_signal_autovacuum_worker", FindingKind::SignalsSessions, true, "It can end vacuums of the server (pg_signal_autovacuum_worker)."),
    ("bypass_rls", FindingKind::BypassesRowSecurity, false, "Row security does not hold for it (BYPASSRLS)."),
    ("member of pg_write_all_data", FindingKind::WritesTables, true, "It can write to every table (pg_write_all_data)."),
    ("table", FindingKind::WritesTables, true, "It can write to tables or owns them: {}."),
    ("sequence", FindingKind::AdvancesSequences, true, "It can advance sequences or owns them: {}."),
    ("schema", FindingKind::ChangesSchema, true, "It can create objects in schemas: {}."),
    ("database", FindingKind::ChangesSchema, true, "It can create schemas in the database {}."),
    ("member of pg_maintain", FindingKind::MaintainsTables, true, "It can lock and rewrite every table (pg_maintain)."),
    ("member of pg_checkpoint", FindingKind::ControlsServer, false, "It can make the server write a checkpoint (pg_checkpoint)."),
    ("extension", FindingKind::DangerousExtension, true, "It may call functions that reach beyond the transaction, of the extensions: {}."),
    ("untrusted", FindingKind::DangerousFunction, true, "It may call functions written in untrusted languages: {}."),
    ("function", FindingKind::DangerousFunction, true, "It may call functions that act on the server: {}."),
    ("wrapper", FindingKind::ForeignServers, true, "It can define foreign servers by {}."),
    ("foreign_server", FindingKind::ForeignServers, false, "Queries of it can run on foreign servers: {}."),
];

/// Whatever goes wrong here is no reason not to open the database; `None` if the session cannot be used after it.
pub(super) async fn find(connection: &mut PgConnection, remedy: &Remedy<'_>) -> Option<Posture> {
    let sql = format!("{BEGIN}{QUESTION};ROLLBACK");
    let rows = run(connection, sql).await.ok()?;
    let answers: Vec<Answer> = rows
        .iter()
        .filter_map(|row| {
            Some(Answer {
                kind: text_of(row, 0)?.to_owned(),
                names: text_of(row, 1).unwrap_or_default().to_owned(),
                count: text_of(row, 2)?.parse().ok()?,
            })
        })
        .collect();
    Some(Posture::new(findings(&answers), Some(remedy.sql(&answers))))
}

/// One row of the answer.
pub(super) struct Answer {
    pub(super) kind: String,
    pub(super) names: String,
    count: u32,
}

impl Answer {
    fn names(&self) -> String {
        match self.count {
            COUNTED.. => format!("{} and many more", self.names),
            count if count > NAMES => format!("{} and {} more", self.names, count - NAMES),
            _ => self.names.clone(),
        }
    }
}

fn findings(answers: &[Answer]) -> Vec<Finding> {
    let told = |(kind, finding, writes, what): &(&str, FindingKind, bool, &str)| {
        let answer = answers.iter().find(|answer| answer.kind == *kind)?;
        let what = what.replace("{}", &answer.names());
        Some(Finding::new(*finding, *writes, what))
    };
    MEANINGS.iter().filter_map(told).collect()
}
