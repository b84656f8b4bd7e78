//! How a connection is made, and at which step it failed.
//!
//! Connection attributes (`program_name` and the like) are not sent: `sqlx` has no way to.

use std::{io, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use domain::{
    ConnectStep, Failure, FailureKind,
    cancel::Cancel,
    connection::{
        Address, ConnectionConfig, Connector, Database, Finding, Password, Posture, TlsMode,
    },
    query::QueryRunner,
};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions as _, MySqlConnection,
    mysql::{MySqlConnectOptions, MySqlSslMode},
};

use super::{
    super::{pool::Pool, reach},
    catalog::MySqlCatalog,
    confined::{self, Confinement},
    connection_pool::MySqlConnectionPool,
    dialect::MySql,
    failure,
    flavor::Flavor,
    kill::Killer,
    posture,
    query_runner::MySqlQueryRunner,
    session::MySqlSession,
};

/// Statements kept prepared in a session. The session forgets them all before this is reached: an eviction in the
/// middle of a call would be a message without an answer, which waits for the network's delayed acknowledgement.
pub(super) const STATEMENT_CACHE: usize = 256;

pub(super) struct MySqlConnector;

#[async_trait]
impl Connector for MySqlConnector {
    async fn open(&self, config: Arc<ConnectionConfig>) -> Result<Database, Failure> {
        let mut config = config;
        let mut pool: Arc<Pool<MySqlSession>> = Pool::new(Arc::clone(&config))?;
        let mut lease = pool.acquire(&Cancel::new()).await?;
        if let Some(most) = most_sessions(&lease, &config) {
            lease.discard().await;
            pool.close().await;
            Arc::make_mut(&mut config).pool.max_connections = most;
            pool = Pool::new(Arc::clone(&config))?;
            lease = pool.acquire(&Cancel::new()).await?;
        }
        let server = lease.server.clone();
        let posture = lease
            .ask(config.pool.connect_timeout, async |session| {
                let posture = posture::find(&mut session.connection, &config).await;
                session.asked(posture::QUERIES);
                posture
            })
            .await
            .unwrap_or_else(Posture::unknown);
        let flavor = Flavor::of(&server);
        let killer = Killer::new(Arc::clone(&pool));
        let (confinement, finding) = match confinement(&pool, &config).await {
            Ok(found) => found,
            Err(refusal) => {
                pool.close().await;
                return Err(refusal);
            }
        };
        let posture = posture.with(finding);
        let runner = MySqlQueryRunner::new(
            Arc::clone(&pool),
            Arc::clone(&killer),
            server.product.clone(),
        );
        let runner = Arc::new(runner.confined(confinement));
        Ok(Database {
            catalog: Arc::new(MySqlCatalog::new(
                // Of the schema it tells all; it reads nobody's rows.
                Arc::new(MySqlQueryRunner::unmasked(
                    Arc::clone(&pool),
                    Arc::clone(&killer),
                    server.product.clone(),
                )) as Arc<dyn QueryRunner>,
                flavor,
                config.statement_timeout,
            )),
            config,
            dialect: Arc::new(MySql(flavor)),
            query_runner: runner,
            pool: Arc::new(MySqlConnectionPool::new(
                pool,
                killer,
                server.version.clone(),
            )),
            posture: Arc::new(posture),
            server,
        })
    }
}

/// What statements are held to, and what is to be told of it. Fails where the database would show everybody's rows.
async fn confinement(
    pool: &Arc<Pool<MySqlSession>>,
    config: &ConnectionConfig,
) -> Result<(Option<Confinement>, Option<Finding>), Failure> {
    let Some(mapping) = &config.row_security else {
        return Ok((None, None));
    };
    let lease = pool.acquire(&Cancel::new()).await?;
    let database = config.database.as_deref().or(config.schema.as_deref());
    let checked = lease
        .ask(config.pool.connect_timeout, async |session| {
            let checked = confined::check(session, database.unwrap_or_default()).await;
            // What was asked took a snapshot, which must not be what the first call sees.
            session.begin_anew().await.ok()?;
            checked
        })
        .await
        .unwrap_or_else(|| {
            Err(Failure::new(
                FailureKind::Unavailable,
                "The database did not tell whether its views show each caller its own rows.",
            ))
        })?;
    let confinement = Confinement::new(mapping.clone(), checked.made_here);
    Ok((Some(confinement), checked.finding))
}

/// How many sessions the pool may have, where the account would have no connection left to kill a statement with.
fn most_sessions(session: &MySqlSession, config: &ConnectionConfig) -> Option<u32> {
    let most = session.account_limit?.saturating_sub(1);
    (0 < most && most < config.pool.max_connections).then_some(most)
}

/// Connects and signs in. The caller bounds the time.
///
/// A password file is read each time, and once more when the password was refused: it may just have been replaced.
pub(super) async fn sign_in(config: &ConnectionConfig) -> Result<MySqlConnection, Failure> {
    reach::admit(config).await?;
    let password = read_password(config).await?;
    let error = match connect(config, password.as_ref()).await {
        Ok(connection) => return Ok(connection),
        Err(error) => error,
    };
    if matches!(config.password, Some(Password::File(_))) && refused(&error) {
        let again = read_password(config).await?;
        if again.as_ref().map(ExposeSecret::expose_secret)
            != password.as_ref().map(ExposeSecret::expose_secret)
        {
            return match connect(config, again.as_ref()).await {
                Ok(connection) => Ok(connection),
                Err(error) => Err(explain(error, config).await),
            };
        }
    }
    Err(explain(error, config).await)
}

/// Boxed: the handshake is a large future, and rarely run.
async fn connect(
    config: &ConnectionConfig,
    password: Option<&SecretString>,
) -> Result<MySqlConnection, sqlx::Error> {
    let options = options(config, password);
    Box::pin(options.connect()).await
}

async fn read_password(config: &ConnectionConfig) -> Result<Option<SecretString>, Failure> {
    match &config.password {
        None => Ok(None),
        Some(Password::Given(secret)) => Ok(Some(secret.clone())),
        Some(Password::File(path)) => read_file(path.clone()).await.map(Some).map_err(|error| {
            unavailable(
                ConnectStep::SignIn,
                "The password file of the connection cannot be read.",
            )
            .with_hint("Check that PASSWORD_FILE names a readable file.")
            .with_source(error)
        }),
    }
}

async fn read_file(path: PathBuf) -> io::Result<SecretString> {
    let text = tokio::task::spawn_blocking(move || std::fs::read_to_string(path))
        .await
        .map_err(io::Error::other)??;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned().into())
}

fn options(config: &ConnectionConfig, password: Option<&SecretString>) -> MySqlConnectOptions {
    let mut options = MySqlConnectOptions::new()
        .ssl_mode(match config.tls.mode {
            TlsMode::Disable => MySqlSslMode::Disabled,
            TlsMode::Prefer => MySqlSslMode::Preferred,
            TlsMode::Require => MySqlSslMode::Required,
            TlsMode::VerifyCa => MySqlSslMode::VerifyCa,
            TlsMode::VerifyFull => MySqlSslMode::VerifyIdentity,
        })
        .statement_cache_capacity(STATEMENT_CACHE)
        // The session is prepared by our own message; these would change what the server's settings mean, such as
        // `a || b`, and cost a round trip each time.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .set_names(false)
        // Statements and their values are nobody's business but the caller's.
        .disable_statement_logging();
    match &config.address {
        Address::Tcp { host, port } => {
            options = options.host(reach::bare(host)).port(*port);
        }
        Address::Socket { path, .. } | Address::File(path) => options = options.socket(path),
        Address::Memory => {}
    }
    if let Some(user) = &config.user {
        options = options.username(user);
    }
    if let Some(password) = password {
        options = options.password(password.expose_secret());
    }
    if let Some(database) = config.database.as_ref().or(config.schema.as_ref()) {
        options = options.database(database);
    }
    if let Some(ca) = &config.tls.ca {
        options = options.ssl_ca(ca);
    }
    if let Some(certificate) = &config.tls.certificate {
        options = options.ssl_client_cert(certificate);
    }
    if let Some(key) = &config.tls.key {
        options = options.ssl_client_key(key);
    }
    options
}

fn refused(error: &sqlx::Error) -> bool {
    failure::number(error).is_some_and(|number| matches!(number, 1045 | 1698))
}

fn unavailable(step: ConnectStep, message: &str) -> Failure {
    Failure::new(FailureKind::Unavailable, message).with_step(step)
}

/// Which step failed. The server's own messages name user and host, so every message here is ours.
async fn explain(error: sqlx::Error, config: &ConnectionConfig) -> Failure {
    let failure = match &error {
        sqlx::Error::Database(_) => refusal(&error),
        sqlx::Error::Tls(cause) => tls(&cause.to_string()),
        // The TLS library's own errors come wrapped as invalid data.
        sqlx::Error::Io(cause) if cause.kind() == io::ErrorKind::InvalidData => {
            tls(&cause.to_string())
        }
        sqlx::Error::Io(cause) => io_failure(cause, config).await,
        // `sqlx` was built without RSA, which has an open advisory; this is what it says then.
        sqlx::Error::Configuration(cause) if cause.to_string().contains("RSA") => unavailable(
            ConnectStep::SignIn,
            "The account's sign-in method needs an encrypted channel.",
        )
        .with_hint("Set SSL_MODE=require (or verify-full with SSL_CA)."),
        sqlx::Error::Protocol(cause) if cause.contains("plugin") => unavailable(
            ConnectStep::SignIn,
            "The account uses a sign-in method that is not supported.",
        )
        .with_hint("Use an account with caching_sha2_password or mysql_native_password."),
        sqlx::Error::Protocol(_) => unavailable(
            ConnectStep::SignIn,
            "What answers at the address does not speak the MySQL protocol.",
        )
        .with_hint("Check the port: is it that of a MySQL or MariaDB server?"),
        _ => unavailable(ConnectStep::SignIn, "The connection could not be made."),
    };
    failure.with_source(error)
}

fn refusal(error: &sqlx::Error) -> Failure {
    let number = failure::number(error).unwrap_or_default();
    let failure = match number {
        1049 => reach::no_such_database(),
        1044 => unavailable(
            ConnectStep::Database,
            "The account has no access to the database.",
        )
        .with_hint("Grant the account access, or name another database."),
        1040 | 1203 | 1226 => unavailable(
            ConnectStep::SignIn,
            "The server, or the account, has no connection left.",
        )
        .with_hint("Try again later, or lower MAX_CONNECTIONS."),
        3159 => unavailable(
            ConnectStep::Tls,
            "The server only accepts encrypted connections.",
        )
        .with_hint("Set SSL_MODE=require (or verify-full with SSL_CA)."),
        1129 | 1130 => unavailable(
            ConnectStep::SignIn,
            "The server does not accept connections from this machine.",
        )
        .with_hint("Allow this host for the account; after many failed attempts, FLUSH HOSTS helps."),
        1862 | 1820 => unavailable(ConnectStep::SignIn, "The account's password has expired.")
            .with_hint("Set a new password for the account."),
        3118 | 4151 => unavailable(ConnectStep::SignIn, "The account is locked."),
        1045 | 1698 => unavailable(ConnectStep::SignIn, "The server refused user or password.")
            .with_hint(
                "Check USER and PASSWORD; the account may also need a client certificate (SSL_CERT, SSL_KEY).",
            ),
        _ => unavailable(ConnectStep::SignIn, "The server refused the connection."),
    };
    failure::with_codes(failure, error)
}

fn tls(cause: &str) -> Failure {
    let (message, hint) = if cause.contains("does not support TLS") {
        (
            "The server does not offer encrypted connections.",
            "Switch TLS on at the server, or set SSL_MODE=prefer or disable.",
        )
    } else if cause.contains("UnknownIssuer") {
        (
            "The server's certificate is not signed by a trusted authority.",
            "Set SSL_CA to the PEM file of the authority that signed it.",
        )
    } else if cause.contains("not valid for name") {
        (
            "The server's certificate is for another host name.",
            "Connect by the name in the certificate, or set SSL_MODE=verify-ca.",
        )
    } else if cause.contains("xpired") {
        (
            "The server's certificate has expired.",
            "Renew the server's certificate.",
        )
    } else {
        (
            "The encrypted channel could not be made.",
            "Check SSL_MODE, SSL_CA, SSL_CERT and SSL_KEY, and that the server offers TLS 1.2 or later.",
        )
    };
    unavailable(ConnectStep::Tls, message).with_hint(hint)
}

async fn io_failure(error: &io::Error, config: &ConnectionConfig) -> Failure {
    if let Address::Socket { .. } = config.address {
        if matches!(
            error.kind(),
            io::ErrorKind::NotFound
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::PermissionDenied
        ) {
            return unavailable(
                ConnectStep::Tcp,
                "Nothing accepts connections at the database's socket.",
            )
            .with_hint("Check the path, its permissions, and that the database is running.");
        }
    } else if let Some(failure) = reach::probe(&config.address).await {
        return failure;
    }
    // The address answers, so a file that is missing is one of ours.
    if matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
    ) {
        return unavailable(
            ConnectStep::Tls,
            "A certificate or key file cannot be read.",
        )
        .with_hint("Check SSL_CA, SSL_CERT and SSL_KEY.");
    }
    unavailable(
        ConnectStep::SignIn,
        "The server closed the connection before the sign-in was complete.",
    )
    .with_hint("Check the port, SSL_MODE and the server's log.")
}
