//! How one connection is made: address, TLS, sign-in and the settings of its session.

use std::{sync::Arc, time::Duration};

use domain::{
    ConnectStep, Failure, FailureKind,
    connection::{Address, ConnectionConfig, Password, TlsMode},
};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};

use super::{super::reach, failure};

/// Statements that the driver may keep prepared. We clear its cache long before, so that it never drops one of its
/// own accord.
const DRIVER_STATEMENTS: usize = 512;

/// A transaction that was somehow left open holds back clean-up in the whole database.
const IDLE_IN_TRANSACTION: Duration = Duration::from_mins(1);

/// Opens one connection.
pub(super) async fn connect(config: &ConnectionConfig) -> Result<PgConnection, Failure> {
    reach::admit(config).await?;
    let options = options(config)?;
    let password = read_password(config).await?;
    let error = match sign_in(&options, password.as_ref()).await {
        Ok(connection) => return Ok(connection),
        Err(error) => error,
    };
    let error = match (refuses_sign_in(&error), &config.password) {
        (true, Some(Password::File(_))) => {
            let again = read_password(config).await?;
            if exposed(again.as_ref()) == exposed(password.as_ref()) {
                error
            } else {
                // The file was exchanged in the meantime.
                match sign_in(&options, again.as_ref()).await {
                    Ok(connection) => return Ok(connection),
                    Err(error) => error,
                }
            }
        }
        _ => error,
    };
    Err(explain(error, config).await)
}

async fn sign_in(
    options: &PgConnectOptions,
    password: Option<&SecretString>,
) -> Result<PgConnection, sqlx::Error> {
    options.clone().password(exposed(password)).connect().await
}

/// The driver does not tell a wrong name from a closed port.
async fn explain(error: sqlx::Error, config: &ConnectionConfig) -> Failure {
    if let sqlx::Error::Io(_) | sqlx::Error::Tls(_) = &error
        && let Some(failure) = unreadable_tls_file(config).await
    {
        return failure.with_source(error);
    }
    let unreachable = match &error {
        sqlx::Error::Io(io) if io.kind() != std::io::ErrorKind::InvalidData => {
            reach::probe(&config.address).await
        }
        _ => None,
    };
    unreachable.unwrap_or_else(|| failure::of_connect(error))
}

/// The driver's error for a file that is not there says no more than that.
async fn unreadable_tls_file(config: &ConnectionConfig) -> Option<Failure> {
    let tls = config.tls.clone();
    let unreadable = tokio::task::spawn_blocking(move || {
        [
            ("SSL_CA", tls.ca),
            ("SSL_CERT", tls.certificate),
            ("SSL_KEY", tls.key),
        ]
        .into_iter()
        .find(|(_, path)| {
            path.as_ref()
                .is_some_and(|path| std::fs::File::open(path).is_err())
        })
    });
    let (setting, _) = unreadable.await.ok().flatten()?;
    Some(
        Failure::new(
            FailureKind::Unavailable,
            format!("The file of {setting} cannot be read."),
        )
        .with_step(ConnectStep::Tls)
        .with_hint(format!(
            "Check {setting} of the connection, and who may read the file."
        )),
    )
}

fn refuses_sign_in(error: &sqlx::Error) -> bool {
    failure::reported(error).is_some_and(|reported| reported.code().starts_with("28"))
}

/// No password is an empty one: to leave the driver's field alone would mean `PGPASSWORD`.
fn exposed(password: Option<&SecretString>) -> &str {
    password.map_or("", |password| password.expose_secret())
}

async fn read_password(config: &ConnectionConfig) -> Result<Option<SecretString>, Failure> {
    match &config.password {
        None => Ok(None),
        Some(Password::Given(password)) => Ok(Some(password.clone())),
        Some(Password::File(path)) => {
            let path = path.clone();
            // A file on a mounted volume may be slow; `tokio::fs` does no more than this.
            let text = tokio::task::spawn_blocking(move || std::fs::read_to_string(path))
                .await
                .map_err(|error| {
                    Failure::internal("Reading the password was cut off.").with_source(error)
                })?
                .map_err(|error| {
                    Failure::new(
                        FailureKind::Unavailable,
                        "The file of the password cannot be read.",
                    )
                    .with_step(ConnectStep::SignIn)
                    .with_hint("Check PASSWORD_FILE of the connection, and who may read the file.")
                    .with_source(error)
                })?;
            Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned().into()))
        }
    }
}

/// Every option but the password.
///
/// The driver takes what it is not told from the environment (`PGHOST`, `PGSSLROOTCERT`, …), so everything is told.
fn options(config: &ConnectionConfig) -> Result<PgConnectOptions, Failure> {
    let base = PgConnectOptions::new_without_pgpass();
    refuse_foreign_settings(&base, config)?;
    let user = config.user.as_deref().unwrap_or("postgres");
    let mut options = base
        .username(user)
        .database(config.database.as_deref().unwrap_or(user))
        .ssl_mode(ssl_mode(config.tls.mode))
        .application_name("portolan")
        .statement_cache_capacity(DRIVER_STATEMENTS)
        .disable_statement_logging();
    options = match &config.address {
        Address::Tcp { host, port } => options.host(reach::bare(host)).port(*port),
        // The host is still what a certificate would be checked against.
        Address::Socket { path, port } => options.host("localhost").socket(path).port(*port),
        Address::File(_) | Address::Memory => {
            return Err(Failure::internal(
                "PostgreSQL was given the address of a file.",
            ));
        }
    };
    options = match &config.tls.ca {
        Some(path) => options.ssl_root_cert(path),
        None => options.ssl_root_cert_from_pem(Vec::new()),
    };
    if let (Some(certificate), Some(key)) = (&config.tls.certificate, &config.tls.key) {
        options = options.ssl_client_cert(certificate).ssl_client_key(key);
    }
    if config.pooler {
        // A pooler refuses start-up parameters that it does not know; all of them are set in each transaction.
        return Ok(options.extra_float_digits(None));
    }
    Ok(options.options(session_settings(config)))
}

/// Start-up values are what `RESET` and `DISCARD` return to, so no statement can take these off.
fn session_settings(config: &ConnectionConfig) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        // A text must mean the same when it is parsed and when it is run.
        ("standard_conforming_strings", "on".to_owned()),
        ("bytea_output", "hex".to_owned()),
        // Cursors are read to their end as a rule, and should be planned so.
        ("cursor_tuple_fraction", "1.0".to_owned()),
        (
            "statement_timeout",
            milliseconds(config.statement_time_on_server()),
        ),
        (
            "idle_in_transaction_session_timeout",
            milliseconds(IDLE_IN_TRANSACTION),
        ),
    ];
    if config.policy.is_read_only() {
        settings.push(("default_transaction_read_only", "on".to_owned()));
    }
    // No server translates other letters of its start-up values into its encoding: the session is told them later.
    if let Some(schema) = &config.schema
        && schema.is_ascii()
    {
        settings.push(("search_path", schema.clone()));
    }
    settings
}

/// A time for the server, where 0 would mean for ever.
pub(super) fn milliseconds(time: Duration) -> String {
    time.as_millis().clamp(1, i32::MAX as u128).to_string()
}

fn ssl_mode(mode: TlsMode) -> PgSslMode {
    match mode {
        TlsMode::Disable => PgSslMode::Disable,
        TlsMode::Prefer => PgSslMode::Prefer,
        TlsMode::Require => PgSslMode::Require,
        TlsMode::VerifyCa => PgSslMode::VerifyCa,
        TlsMode::VerifyFull => PgSslMode::VerifyFull,
    }
}

/// Three of libpq's variables cannot be overridden once the driver has read them. Whose they are is unknown, so
/// nothing is opened with them.
fn refuse_foreign_settings(
    base: &PgConnectOptions,
    config: &ConnectionConfig,
) -> Result<(), Failure> {
    let foreign = |what: &str| {
        Err(Failure::new(
            FailureKind::Unavailable,
            format!("The environment sets {what}, which would change this connection."),
        )
        .with_hint(
            "Start Portolan without libpq's PG… variables; its own are DB_… and <NAME>_DB_….",
        ))
    };
    if base.get_options().is_some() {
        return foreign("PGOPTIONS");
    }
    if config.tls.certificate.is_none() && config.tls.mode != TlsMode::Disable {
        // There is no getter for these two; what is in them is not looked at.
        let known = format!("{:?}", base.clone().password(""));
        if !known.contains("ssl_client_cert: None") || !known.contains("ssl_client_key: None") {
            return foreign("PGSSLCERT or PGSSLKEY");
        }
    }
    Ok(())
}

/// A connection outside the pool, if one is to be had in time.
pub(super) async fn connect_within(config: &Arc<ConnectionConfig>) -> Option<PgConnection> {
    tokio::time::timeout(config.pool.connect_timeout, connect(config))
        .await
        .ok()?
        .ok()
}
