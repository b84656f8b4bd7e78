//! What the driver reports, as a [`Failure`]: for statements of the client by SQLSTATE, for connections in our own
//! words.

use domain::{ConnectStep, Failure, FailureKind};
use sqlx::{Error, postgres::PgDatabaseError};

use super::super::reach;

/// What the server reported, if it was the server that reported.
pub(super) fn reported(error: &Error) -> Option<&PgDatabaseError> {
    match error {
        Error::Database(error) => error.try_downcast_ref(),
        _ => None,
    }
}

/// Whether the connection is gone, so that nothing was or will be answered on it.
pub(super) fn is_lost(error: &Error) -> bool {
    match error {
        Error::Io(_) => true,
        error => reported(error).is_some_and(|reported| reported.code().starts_with("57P0")),
    }
}

/// Whether the name of a prepared statement is taken, or means none.
pub(super) fn is_about_a_name(error: &Error) -> bool {
    reported(error).is_some_and(|reported| matches!(reported.code(), "26000" | "42P05"))
}

/// Whether the server's encoding lacks a letter that it was sent.
pub(super) fn lacks_a_letter(error: &Error) -> bool {
    reported(error).is_some_and(|reported| reported.code() == "22P05")
}

/// Whether there is no such role or setting, or not for us.
pub(super) fn is_about_an_identity(error: &Error) -> bool {
    reported(error)
        .is_some_and(|reported| matches!(reported.code(), "22023" | "42501" | "42602" | "42704"))
}

/// Whether the server refuses a text for holding more than one statement.
pub(super) fn is_several(error: &Error) -> bool {
    reported(error).is_some_and(|reported| reported.routine() == Some("exec_parse_message"))
}

/// The failure of a statement that the client wrote. `timed_out` says whether its time was up.
///
/// `position` is the server's, in the client's own text.
pub(super) fn of_statement(
    error: Error,
    position: Option<usize>,
    timed_out: Option<Failure>,
) -> Failure {
    let Some(reported) = reported(&error) else {
        return of_driver(error);
    };
    let code = reported.code();
    let kind = kind(code);
    let failure = match (code, kind) {
        // The parser's own stack; it says so as a syntax error.
        ("42601", _) if reported.message().starts_with("memory exhausted") => too_deep(),
        ("54001", _) => too_deep(),
        ("57014", _) => match timed_out {
            Some(failure) => failure,
            None => Failure::new(
                FailureKind::Cancelled,
                "The statement was cancelled in the database by somebody else.",
            )
            .with_hint("Ask whoever runs the database, or try again."),
        },
        ("42601", _) if is_several(&error) => {
            let failure = Failure::new(
                kind,
                "The text holds more than one statement; a call runs exactly one.",
            )
            .with_hint("Send each statement in a call of its own.");
            match position {
                Some(position) => failure.with_position(position),
                None => failure,
            }
        }
        (_, FailureKind::Unavailable) => Failure::new(kind, "The database closed the connection.")
            .with_hint("Try again in a moment; the server may be restarting."),
        (_, FailureKind::Internal) => Failure::new(kind, "The database met an internal error.")
            .with_detail(reported.message())
            .with_hint(
                "Try the statement in another form; the database's own log has the details.",
            ),
        _ => explained(
            Failure::new(kind, reported.message()),
            reported,
            code,
            position,
        ),
    };
    failure.with_sqlstate(code.to_owned()).with_source(error)
}

/// The server's own hint is for whoever runs it.
fn too_deep() -> Failure {
    Failure::new(
        FailureKind::TooLarge,
        "The statement is nested too deeply for the server.",
    )
    .with_hint(
        "Split it into smaller ones; replace long chains of operators with IN, = ANY or an array.",
    )
}

fn explained(
    mut failure: Failure,
    reported: &PgDatabaseError,
    code: &str,
    position: Option<usize>,
) -> Failure {
    if let Some(detail) = reported.detail() {
        failure = failure.with_detail(detail);
    }
    if let Some(position) = position {
        failure = failure.with_position(position);
    }
    match reported.hint().or_else(|| hint(code)) {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

pub(super) fn kind_of(error: &Error) -> Option<FailureKind> {
    reported(error).map(|reported| kind(reported.code()))
}

/// What the caller should do about an error of the server.
fn kind(code: &str) -> FailureKind {
    match code {
        "25006" | "42501" => FailureKind::NotAllowed,
        "57014" => FailureKind::Cancelled,
        "25001" => FailureKind::Unsupported,
        "55P03" | "40001" | "40P01" => FailureKind::Busy,
        "25P02" | "25P03" => FailureKind::Internal,
        _ => match code.get(..2).unwrap_or_default() {
            "08" | "57" => FailureKind::Unavailable,
            "0A" => FailureKind::Unsupported,
            "0L" | "0P" | "28" => FailureKind::NotAllowed,
            "53" => FailureKind::Busy,
            "54" => FailureKind::TooLarge,
            "58" | "F0" | "XX" => FailureKind::Internal,
            _ => FailureKind::InvalidSql,
        },
    }
}

/// What to do next, where the server itself has no advice.
fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "25006" => {
            "This connection is read-only. Whoever runs this server can set READ_ONLY=false for the connection."
        }
        "42501" => {
            "The role of this connection lacks the privilege: ask whoever runs the database to grant it, or name another `connection`."
        }
        "25001" => "Every call runs in a transaction of its own, where this statement cannot run.",
        "40001" | "40P01" => "Another transaction was in the way; send the same statement again.",
        "55P03" => "Another session holds the lock; try again in a moment.",
        "42601" => "Check the SQL at the position given.",
        "42883" => {
            "No function or operator of that name takes these types; add explicit casts such as $1::integer."
        }
        "42P18" => "Say which type is meant with a cast such as $1::text.",
        "42804" => "Convert one side with a cast such as value::text.",
        "42803" => {
            "A plain column belongs in GROUP BY or into an aggregate, a condition on an aggregate in HAVING."
        }
        "42P01" => {
            "SELECT table_schema, table_name FROM information_schema.tables lists what there is."
        }
        "42703" => {
            "SELECT column_name FROM information_schema.columns WHERE table_name = … lists the columns."
        }
        "42704" => {
            "SELECT from pg_catalog or information_schema to see what exists; PostgreSQL's SHOW tells settings, not tables."
        }
        "3F000" => "SELECT schema_name FROM information_schema.schemata lists the schemas.",
        "42P07" | "42701" | "42710" | "42723" | "42P06" => {
            "Choose another name, or alter what has this one."
        }
        "42712" => "Give each table in FROM an alias of its own.",
        "42725" => "Add casts, so that exactly one function fits.",
        "42846" => "Convert by way of text, such as value::text::integer.",
        "21000" => "Make the subquery return one row, with an aggregate or LIMIT 1.",
        "23505" => {
            "A row with this key exists: choose another value, update that row, or add ON CONFLICT."
        }
        "23503" => {
            "Write the row that is referred to first; delete rows that refer to it before it."
        }
        "23502" => "Give the column a value.",
        "23514" | "23P01" => "Choose values that the constraint allows.",
        "22001" => "Shorten the value to the length of the column.",
        "P0001" => "A function or trigger of the database refused this; its message says why.",
        "0A000" => "Write it another way; this server cannot do it.",
        "42702" => "Qualify the column with the name or alias of its table.",
        "22012" => "Guard the divisor with NULLIF(divisor, 0).",
        "22P02" | "22007" | "22008" | "22003" => {
            "Check the value against the type that it is converted to."
        }
        "22P05" => {
            "The encoding of the database has no such letter: leave it out, or write another."
        }
        "53100" => "The disk of the database is full; ask whoever runs it to make room.",
        "53300" => "The server has no connection left; try again later.",
        "53200" | "53400" => {
            "The database is short of resources; try again later, or ask for less."
        }
        code if code.starts_with("54") => "Split the statement into smaller ones.",
        _ => return None,
    })
}

/// The failure of something that is not the server's report: a lost connection or a driver at its wits' end.
fn of_driver(error: Error) -> Failure {
    match error {
        Error::Io(_) => Failure::new(
            FailureKind::Unavailable,
            "The connection to the database was lost while the statement ran.",
        )
        .with_hint("Try again; a new connection is opened for the next call."),
        _ => Failure::internal("The database's answer could not be understood.")
            .with_hint("Report this, with the statement; the log has the details."),
    }
    .with_source(error)
}

/// The failure of a query of our own, which no change of the client's SQL would mend.
pub(super) fn of_own_query(error: Error) -> Failure {
    match of_statement(error, None, None) {
        failure if matches!(failure.kind, FailureKind::Unavailable | FailureKind::Busy) => failure,
        failure => {
            let sqlstate = failure.sqlstate.clone();
            let own = Failure::internal("A query of Portolan's own failed.")
                .with_hint("Report this, with the statement; the log has the details.")
                .with_source(failure);
            match sqlstate {
                Some(code) => own.with_sqlstate(code),
                None => own,
            }
        }
    }
}

/// The failure of an attempt to connect, except that the address could not be reached: that is for
/// [`super::super::reach`] to find out.
pub(super) fn of_connect(error: Error) -> Failure {
    let unavailable = |step, message: &str, hint: &str| {
        Failure::new(FailureKind::Unavailable, message)
            .with_step(step)
            .with_hint(hint)
    };
    let failure = match &error {
        Error::Tls(source) if source.to_string().contains("does not support TLS") => unavailable(
            ConnectStep::Tls,
            "The server does not offer an encrypted connection, but the configuration asks for one.",
            "Switch TLS on in the server, or set SSL_MODE=prefer or disable.",
        ),
        Error::Tls(_) | Error::Configuration(_) => unavailable(
            ConnectStep::Tls,
            "The encrypted connection could not be prepared.",
            "Check that SSL_CA, SSL_CERT and SSL_KEY are PEM files that fit together.",
        ),
        Error::Io(io) if io.kind() == std::io::ErrorKind::InvalidData => unavailable(
            ConnectStep::Tls,
            "The server's certificate is not trusted, is not for this host, or the handshake failed.",
            "Check SSL_CA and the host name, or set SSL_MODE=require to encrypt without verifying.",
        ),
        Error::Protocol(text) if text.contains("authentication") => unavailable(
            ConnectStep::SignIn,
            "The server asks for a way of signing in that is not supported.",
            "Use scram-sha-256, md5, a password or a client certificate.",
        ),
        Error::Protocol(_) => unavailable(
            ConnectStep::Tcp,
            "What answers at the address does not speak PostgreSQL's protocol.",
            "Check host and port.",
        ),
        error => match self::reported(error) {
            Some(reported) => reported_at_connect(reported).with_sqlstate(reported.code()),
            None => unavailable(
                ConnectStep::Tcp,
                "The connection was closed before the sign-in was complete.",
                "Check that host and port are those of PostgreSQL, and the server's log.",
            ),
        },
    };
    failure.with_source(error)
}

fn reported_at_connect(reported: &PgDatabaseError) -> Failure {
    let unavailable = |step, message: &str, hint: &str| {
        Failure::new(FailureKind::Unavailable, message)
            .with_step(step)
            .with_hint(hint)
    };
    match reported.code() {
        "28P01" => unavailable(
            ConnectStep::SignIn,
            "The server refused the user name or the password.",
            "Check USER and PASSWORD (or PASSWORD_FILE) of the connection.",
        ),
        // The server says so when pg_hba.conf has no line for this user, database and kind of channel.
        "28000" => unavailable(
            ConnectStep::SignIn,
            "The server's access rules do not let this user in over this kind of connection.",
            "If the server wants encryption, set SSL_MODE=require; if it wants a certificate, set SSL_CERT and SSL_KEY.",
        ),
        "3D000" => reach::no_such_database(),
        "42501" | "55000" => unavailable(
            ConnectStep::Database,
            "The user may not connect to this database, or it accepts no connections.",
            "Ask whoever runs the server for the CONNECT privilege.",
        ),
        "53300" => Failure::new(
            FailureKind::Busy,
            "The server has no connection left for this user.",
        )
        .with_hint("Try again later, or lower MAX_CONNECTIONS."),
        "57P03" => unavailable(
            ConnectStep::SignIn,
            "The server is starting up or shutting down.",
            "Try again in a moment.",
        ),
        "08P01" | "42704" => unavailable(
            ConnectStep::SignIn,
            "The server, or a pooler in front of it, refuses a start-up parameter.",
            "If a transaction pooler such as PgBouncer stands in front, set POOLER=true for the connection.",
        ),
        code if code.starts_with("22") => {
            Failure::invalid_argument("The server refuses a setting of the connection.")
                .with_step(ConnectStep::SignIn)
                .with_hint("Check SCHEMA and TIME_ZONE of the connection.")
        }
        _ => unavailable(
            ConnectStep::SignIn,
            "The server refused the connection.",
            "The server's log says why.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sqlstate_says_what_to_do() {
        use FailureKind::{
            Busy, Cancelled, Internal, InvalidSql, NotAllowed, TooLarge, Unavailable, Unsupported,
        };
        for (code, expected) in [
            ("42601", InvalidSql),
            ("42P01", InvalidSql),
            ("42703", InvalidSql),
            ("22012", InvalidSql),
            ("21000", InvalidSql),
            ("23505", InvalidSql),
            ("P0001", InvalidSql),
            ("42501", NotAllowed),
            ("25006", NotAllowed),
            ("57014", Cancelled),
            ("57P01", Unavailable),
            ("08006", Unavailable),
            ("40001", Busy),
            ("40P01", Busy),
            ("55P03", Busy),
            ("53200", Busy),
            ("54001", TooLarge),
            ("0A000", Unsupported),
            ("25001", Unsupported),
            ("XX000", Internal),
        ] {
            assert_eq!(kind(code), expected, "{code}");
        }
    }
}
