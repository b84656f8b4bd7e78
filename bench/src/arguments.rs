//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::Fallible;

/// The name of the least that a server can be.
const FLOOR: &str = "floor";

/// Measures the built server over stdio beside a direct sqlx client on the same database, in ratios.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own, and says yes or no"
)]
#[derive(Debug, Parser)]
#[command(name = "bench", args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// Only these databases, by name: postgresql, mysql, mariadb, sqlite, or names given with --url.
    /// Default: every one whose URL is known, and sqlite.
    #[arg(long = "engine", value_name = "NAME", value_delimiter = ',')]
    pub(crate) engines: Vec<String>,

    /// A database to measure on; the account must be allowed to create a table. Without it: postgresql from
    /// `PORTOLAN_TEST_POSTGRES_18_URL` or `PORTOLAN_TEST_POSTGRES_15_URL`, mysql from `PORTOLAN_TEST_MYSQL_9_URL`,
    /// mariadb from `PORTOLAN_TEST_MARIADB_10_11_URL`, sqlite in a file of its own.
    #[arg(long = "url", value_name = "NAME=URL", value_parser = named_url)]
    pub(crate) urls: Vec<(String, String)>,

    /// The server's binary. Default: `portolan` beside this program.
    #[arg(long, value_name = "PATH")]
    pub(crate) server: Option<PathBuf>,

    /// A further argument for the server.
    #[arg(
        long = "server-arg",
        value_name = "ARGUMENT",
        allow_hyphen_values = true
    )]
    pub(crate) further: Vec<String>,

    /// Rounds in which everybody does everything once.
    #[arg(long, value_name = "NUMBER", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,

    /// Calls of `SELECT 1` in a round; everything else in proportion.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub(crate) calls: u32,

    /// Another MCP server, measured in the same rounds: its name, its tool that runs SQL, the argument that takes
    /// the SQL, and its command. `{url}` in the command becomes the database's URL, `{file}` the path of an
    /// `SQLite` file.
    #[arg(long = "peer", value_name = "NAME|TOOL|SQL_ARGUMENT|COMMAND..", value_parser = Peer::parse)]
    pub(crate) peers: Vec<Peer>,

    /// Measures in the same rounds the least that a server over stdio can be.
    #[arg(long)]
    pub(crate) floor: bool,

    /// Measures Portolan over HTTP too, beside itself over stdio.
    #[arg(long)]
    pub(crate) http: bool,

    /// Gives the servers socketpairs for their standard input and output, as Node.js does, instead of pipes.
    #[arg(long)]
    pub(crate) socketpair: bool,

    /// Prints JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

/// What else this program can be.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// The direct client that everybody is compared with; started by the benchmark itself.
    #[command(hide = true)]
    Direct,
    /// The least that a server over stdio can be; started by the benchmark itself.
    #[command(hide = true)]
    Floor { url: String },
    /// Holds many clients over HTTP for a long time: errors, times of calls, and the server's memory.
    Soak(Soak),
    /// Measures over HTTP what signing in with roles, and the audit with traces, add to a call.
    Cost(Cost),
    /// Measures the pages of a result of a million rows, which is read to its end.
    Pages {
        /// The database; nothing is made in it.
        url: String,
        /// The server's binary. Default: `portolan` beside this program.
        #[arg(long, value_name = "PATH")]
        server: Option<PathBuf>,
    },
    /// Measures the way through a large schema: a shop among many tables, made for it and dropped after.
    Schema {
        /// PostgreSQL or MySQL; the account must be allowed to create schemas.
        url: String,
        /// Tables beside the shop's.
        #[arg(long, value_name = "NUMBER", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        tables: u32,
        /// The server's binary. Default: `portolan` beside this program.
        #[arg(long, value_name = "PATH")]
        server: Option<PathBuf>,
    },
}

/// How many clients, and how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Soak {
    /// Clients, each with a connection of its own.
    #[arg(long, value_name = "NUMBER", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) clients: u32,
    /// How long they stay.
    #[arg(long, value_name = "NUMBER", default_value_t = 10.0)]
    pub(crate) minutes: f64,
    /// Between the answer of a call and the same client's next one, in milliseconds.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000)]
    pub(crate) pause_ms: u64,
    /// The database. Default: an empty `SQLite` file.
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// The server's binary. Default: `portolan` beside this program.
    #[arg(long, value_name = "PATH")]
    pub(crate) server: Option<PathBuf>,
    /// A further argument for the server.
    #[arg(
        long = "server-arg",
        value_name = "ARGUMENT",
        allow_hyphen_values = true
    )]
    pub(crate) further: Vec<String>,
}

/// On what, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Cost {
    /// The database. Default: an empty `SQLite` file.
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Rounds in which every way of running the server has its turn.
    #[arg(long, value_name = "NUMBER", default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// Calls of `SELECT 1` in a turn.
    #[arg(long, value_name = "NUMBER", default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub(crate) calls: u32,
    /// The server's binary. Default: `portolan` beside this program.
    #[arg(long, value_name = "PATH")]
    pub(crate) server: Option<PathBuf>,
}

/// Another MCP server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) tool: String,
    pub(crate) sql_argument: String,
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
}

impl Peer {
    /// This program, as the least that a server can be.
    pub(crate) fn floor(program: String) -> Self {
        Self {
            name: FLOOR.to_owned(),
            tool: "execute_query".to_owned(),
            sql_argument: "sql".to_owned(),
            program,
            arguments: vec!["floor".to_owned(), "{url}".to_owned()],
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(4, '|').map(str::trim);
        let mut part = |what: &str| {
            parts
                .next()
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .ok_or_else(|| {
                    format!("{what} is missing; expected NAME|TOOL|SQL_ARGUMENT|COMMAND..")
                })
        };
        let (name, tool, sql_argument) = (part("NAME")?, part("TOOL")?, part("SQL_ARGUMENT")?);
        if ["direct", "portolan", FLOOR].contains(&name.as_str()) || name.contains('/') {
            return Err(format!("\"{name}\" cannot be a peer's name"));
        }
        let command = part("COMMAND")?;
        let mut words = command.split_whitespace().map(str::to_owned);
        let program = words.next().unwrap_or_default();
        Ok(Self {
            name,
            tool,
            sql_argument,
            program,
            arguments: words.collect(),
        })
    }
}

fn named_url(text: &str) -> Result<(String, String), String> {
    let (name, url) = text.split_once('=').ok_or("expected NAME=URL")?;
    Ok((name.to_owned(), url.to_owned()))
}

/// The databases whose URLs are known, by name; `None` is an `SQLite` file of our own. Those that were asked for by
/// name must be among them.
pub(crate) fn databases(arguments: &Arguments) -> Fallible<Vec<(String, Option<String>)>> {
    let mut known = Vec::new();
    for (name, variables) in [
        (
            "postgresql",
            [
                "PORTOLAN_TEST_POSTGRES_18_URL",
                "PORTOLAN_TEST_POSTGRES_15_URL",
            ]
            .as_slice(),
        ),
        ("mysql", &["PORTOLAN_TEST_MYSQL_9_URL"]),
        ("mariadb", &["PORTOLAN_TEST_MARIADB_10_11_URL"]),
    ] {
        if let Some(url) = variables.iter().find_map(|name| variable(name)) {
            known.push((name.to_owned(), Some(url)));
        }
    }
    known.push(("sqlite".to_owned(), None));
    for (name, url) in &arguments.urls {
        known.retain(|(known, _)| known != name);
        known.push((name.clone(), Some(url.clone())));
    }
    if !arguments.engines.is_empty() {
        for asked in &arguments.engines {
            if !known.iter().any(|(name, _)| name == asked) {
                return Err(format!(
                    "{asked} was asked for, but its URL is not known: give --url {asked}=.., or use bench/run"
                )
                .into());
            }
        }
        known.retain(|(name, _)| arguments.engines.contains(name));
    }
    Ok(known)
}

#[expect(
    clippy::disallowed_methods,
    reason = "as the suite, the benchmark is told about its databases by the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|url| !url.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_three_words_and_a_command() {
        assert_eq!(
            Peer::parse("other|query|sql|env URL={url} other --stdio").unwrap(),
            Peer {
                name: "other".to_owned(),
                tool: "query".to_owned(),
                sql_argument: "sql".to_owned(),
                program: "env".to_owned(),
                arguments: ["URL={url}", "other", "--stdio"].map(str::to_owned).into(),
            }
        );
    }

    #[test]
    fn a_peer_without_a_command_is_refused() {
        assert_eq!(
            Peer::parse("other|query|sql").unwrap_err(),
            "COMMAND is missing; expected NAME|TOOL|SQL_ARGUMENT|COMMAND.."
        );
    }

    #[test]
    fn a_peer_cannot_take_a_name_that_has_a_meaning() {
        assert_eq!(
            Peer::parse("direct|query|sql|other").unwrap_err(),
            "\"direct\" cannot be a peer's name"
        );
    }
}
