//! libpq's own variables, in a process that has them.

use support::on_postgres;

/// A fact about a connection as configured.
fn told_on(server: &str) -> String {
    let (_, here) = module_path!().split_once("::").unwrap();
    let (folder, _) = here.rsplit_once("::").unwrap();
    format!("{folder}::connecting::what_answers_is_told::{server}")
}

/// Runs one fact of this binary in a process of its own, where libpq's variables say something foreign.
fn in_foreign_environment(fact: &str, variables: &[(&str, &str)]) -> std::process::Output {
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", fact, "--nocapture"])
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

on_postgres!(
    the_variables_of_libpq_change_nothing,
    async |server: &str| {
        let output = in_foreign_environment(
            &told_on(server),
            &[
                ("PGHOST", "foreign.invalid"),
                ("PGHOSTADDR", "192.0.2.1"),
                ("PGPORT", "1"),
                ("PGUSER", "foreign"),
                ("PGPASSWORD", "foreign"),
                ("PGDATABASE", "foreign"),
                ("PGAPPNAME", "foreign"),
                ("PGSSLMODE", "verify-full"),
                ("PGSSLROOTCERT", "/foreign/ca.pem"),
                ("PGPASSFILE", "/foreign/pgpass"),
                ("PGTZ", "Mars/Olympus"),
            ],
        );
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{told}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(told.contains("1 passed"), "{told}");
    }
);

on_postgres!(
    the_variables_that_cannot_be_overridden_are_refused,
    async |server: &str| {
        for (variable, value) in [
            ("PGOPTIONS", "-c search_path=foreign"),
            ("PGSSLCERT", "/foreign/client.pem"),
            ("PGSSLKEY", "/foreign/client.key"),
        ] {
            let output = in_foreign_environment(&told_on(server), &[(variable, value)]);
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success());
            assert!(
                told.contains(&format!(
                    "The environment sets {}",
                    if variable == "PGOPTIONS" {
                        variable
                    } else {
                        "PGSSLCERT or PGSSLKEY"
                    }
                )),
                "{told}"
            );
            assert!(!told.contains("/foreign"), "{told}");
        }
    }
);
