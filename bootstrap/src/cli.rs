//! The command line. URLs are secrets from the first line, so nothing here fails on one and repeats it.

use std::{net::SocketAddr, path::PathBuf};

use adapters::outbound::{Anchor, Hash};
use clap::{Args, Parser, Subcommand, error::ErrorKind};
use domain::{connection::Secret, nearest::nearest};
use secrecy::ExposeSecret;

use crate::configuration::NamedUrl;

/// A Model Context Protocol server that takes an AI assistant safely into SQL databases.
#[derive(Debug, Parser)]
#[command(name = "portolan", version, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Without a command, portolan serves. Anybody on this machine who may list processes can read a \
                        command line: put URLs with passwords into DATABASE_URL or a file instead."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArguments,
}

/// What portolan is asked to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve over standard input and output (the default), or over HTTP
    Serve(ServeArguments),
    /// Print what is configured, the policy in force and what is wrong
    Check(CheckArguments),
    /// Call one tool and print its answer
    Call(CallArguments),
    /// Ask a running server how it does: exit code 0 if it works
    Health(HealthArguments),
    /// Make bearer tokens for clients that come over HTTP
    #[command(subcommand)]
    Token(TokenCommand),
    /// Show a tour over an embedded database
    Demo,
    /// Look after the dashboards of a Grafana
    #[command(subcommand)]
    Dashboards(DashboardsCommand),
    /// Look after the audit
    #[command(subcommand)]
    Audit(AuditCommand),
}

/// What can be done with dashboards.
#[derive(Debug, Subcommand)]
pub enum DashboardsCommand {
    /// Put the dashboards into a Grafana, with a folder and a data source; what is there already is brought up to date
    Apply(ApplyArguments),
}

#[derive(Debug, Args)]
pub struct ApplyArguments {
    /// Where Grafana is: https, its name, and its path if it has one
    #[arg(long, value_name = "URL")]
    pub grafana_url: String,
    /// The token of a service account; a file or `GRAFANA_API_KEY` shows it to nobody who can list processes
    #[arg(long, value_name = "KEY", value_parser = secret)]
    pub api_key: Option<Secret>,
    /// A file with that token
    #[arg(long, value_name = "FILE", conflicts_with = "api_key")]
    pub api_key_file: Option<PathBuf>,
    /// The Prometheus that Grafana is to ask; without it, no data source is made
    #[arg(long, value_name = "URL")]
    pub prometheus_url: Option<String>,
    /// The title of the folder, where it is made
    #[arg(long, value_name = "TITLE", default_value = "Portolan")]
    pub folder: String,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// A PEM file of authorities that Grafana's certificate may be signed by, instead of the system's
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// What can be done with an audit.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Tell whether an audit is whole, and where it is not
    Verify(VerifyArguments),
}

#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The file with the key it was written with
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// A line that was noted down earlier, and must still be there
    #[arg(long, value_name = "NUMBER:HASH", value_parser = anchor)]
    pub holds: Option<Anchor>,
    /// The audit was collected from a descriptor, where each process begins anew
    #[arg(long)]
    pub restarts: bool,
    /// The audit; what was put aside from it is read too
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ServeArguments {
    #[command(flatten)]
    pub sources: SourceArguments,
    /// Serve an embedded demonstration database too, as `demo`
    #[arg(long)]
    pub demo: bool,
    /// Tools to offer: profiles (minimal, standard, full), groups or names, separated by commas
    #[arg(long, value_name = "TOOLS")]
    pub tools: Option<String>,
    /// Serve over HTTP, at this address and port, instead of over standard input and output
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<String>,
    /// Serve over standard input and output beside HTTP
    #[arg(long)]
    pub stdio: bool,
    /// Show metrics and health at this address and port too
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub metrics_addr: Option<SocketAddr>,
    /// A database URL, served as `default`
    // Several are a mistake, which is told later without repeating them.
    #[arg(value_name = "URL", value_parser = secret)]
    bare: Vec<Secret>,
}

#[derive(Debug, Args)]
pub struct CheckArguments {
    #[command(flatten)]
    pub sources: SourceArguments,
    /// Connect to each database too
    #[arg(long)]
    pub connect: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// A database URL, checked as `default`
    #[arg(value_name = "URL", value_parser = secret)]
    bare: Vec<Secret>,
}

#[derive(Debug, Args)]
pub struct HealthArguments {
    /// The server, as at `--http` or `--metrics-addr`
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// A PEM file of authorities that its certificate may be signed by, instead of the system's
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Believe any certificate; only for this machine's own addresses
    #[arg(long, conflicts_with = "ca")]
    pub insecure: bool,
}

#[derive(Debug, Args)]
pub struct CallArguments {
    #[command(flatten)]
    pub sources: SourceArguments,
    /// Serve an embedded demonstration database too, as `demo`
    #[arg(long)]
    pub demo: bool,
    /// The name of the tool
    pub tool: String,
    /// Its arguments, a JSON object
    #[arg(value_name = "JSON", default_value = "{}")]
    pub arguments: String,
}

/// What is to be done about tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token, print it once, and print the entry that lets its holder in
    New(NewTokenArguments),
}

#[derive(Debug, Args)]
pub struct NewTokenArguments {
    /// Who will hold it: the name under which its calls are known
    #[arg(long)]
    pub name: String,
    /// How long it is to be good, such as 90d; for ever if left out
    #[arg(long, value_name = "TIME")]
    pub expires: Option<String>,
    /// A claim that its holder has, such as team=billing; repeatable
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    pub claims: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Where connections come from, besides the environment.
#[derive(Debug, Args)]
pub struct SourceArguments {
    /// The configuration file, JSON or TOML
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// A connection and its URL; repeatable
    #[arg(long = "url", value_name = "NAME=URL", value_parser = named_url)]
    named: Vec<NamedUrl>,
}

impl SourceArguments {
    /// The URLs of `--url`, in order.
    pub fn urls(&self) -> &[NamedUrl] {
        &self.named
    }
}

impl ServeArguments {
    /// Every URL of the command line, the bare one first.
    pub fn urls(&self) -> Vec<NamedUrl> {
        with_bare(&self.bare, &self.sources)
    }
}

impl CheckArguments {
    /// Every URL of the command line, the bare one first.
    pub fn urls(&self) -> Vec<NamedUrl> {
        with_bare(&self.bare, &self.sources)
    }
}

fn with_bare(bare: &[Secret], sources: &SourceArguments) -> Vec<NamedUrl> {
    bare.iter()
        .map(|url| NamedUrl {
            name: None,
            url: url.clone(),
        })
        .chain(sources.named.iter().cloned())
        .collect()
}

impl Cli {
    /// Reads the arguments, the program's name first. The error prints itself; `--help` and `--version` are errors
    /// with exit code 0.
    pub fn read<I, T>(arguments: I) -> Result<Command, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<std::ffi::OsString> + Clone,
    {
        let cli = Self::try_parse_from(arguments)?;
        let command = cli.command.unwrap_or(Command::Serve(cli.serve));
        let bare = match &command {
            Command::Serve(serve) => serve.bare.as_slice(),
            Command::Check(check) => check.bare.as_slice(),
            Command::Call(_)
            | Command::Health(_)
            | Command::Demo
            | Command::Token(_)
            | Command::Dashboards(_)
            | Command::Audit(_) => &[],
        };
        match bare
            .iter()
            .map(ExposeSecret::expose_secret)
            .find(|url| is_word(url))
        {
            Some(word) => Err(unknown_command(word)),
            None => Ok(command),
        }
    }
}

/// A plain word is no URL, but a command that does not exist.
fn is_word(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn unknown_command(word: &str) -> clap::Error {
    let commands = [
        "serve", "check", "call", "token", "health", "demo", "audit", "help",
    ];
    let message = match nearest(word, commands) {
        Some(meant) => format!("There is no such command. Did you mean `{meant}`?\n"),
        None => {
            "This is neither a command (serve, check, call, token, health, demo, audit) nor a database URL.\n"
                .to_owned()
        }
    };
    clap::Error::raw(ErrorKind::InvalidSubcommand, message)
}

fn anchor(text: &str) -> Result<Anchor, String> {
    let parsed = text.split_once(':').and_then(|(number, hash)| {
        Some(Anchor {
            number: number.parse().ok()?,
            hash: Hash::parse(hash)?,
        })
    });
    parsed.ok_or_else(|| "expected a number, a colon and 64 hexadecimal digits".to_owned())
}

// Both readers take everything: an error of clap would repeat the text.

#[expect(clippy::unnecessary_wraps, reason = "the shape that clap wants")]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::from(text.to_owned()))
}

/// `name=url`; without a name that could be one, all of it is the URL of the default connection.
#[expect(clippy::unnecessary_wraps, reason = "the shape that clap wants")]
fn named_url(text: &str) -> Result<NamedUrl, std::convert::Infallible> {
    let (name, url) = match text.split_once('=') {
        Some((name, url)) if is_word(name) && !name.is_empty() => (Some(name.to_owned()), url),
        _ => (None, text),
    };
    Ok(NamedUrl {
        name,
        url: Secret::from(url.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Command, clap::Error> {
        Cli::read(["portolan"].iter().chain(arguments))
    }

    fn told(urls: &[NamedUrl]) -> Vec<String> {
        urls.iter()
            .map(|named| {
                format!(
                    "{} {}",
                    named.name.as_deref().unwrap_or("-"),
                    named.url.expose_secret()
                )
            })
            .collect()
    }

    #[test]
    fn without_a_command_it_serves() {
        for (arguments, urls) in [
            (&[][..], &[][..]),
            (&["serve"], &[]),
            (&["postgres://u:p@h/db"], &["- postgres://u:p@h/db"]),
            (&["serve", "sqlite::memory:"], &["- sqlite::memory:"]),
            (
                &["--url", "a=postgres://h/db?x=1", "--url", "b=sqlite:x"],
                &["a postgres://h/db?x=1", "b sqlite:x"],
            ),
            (
                &["--url", "postgres://h/db?x=1"],
                &["- postgres://h/db?x=1"],
            ),
            (
                &["mysql://h", "--url", "a=sqlite:x", "--demo"],
                &["- mysql://h", "a sqlite:x"],
            ),
        ] {
            let Ok(Command::Serve(serve)) = read(arguments) else {
                panic!("{arguments:?} does not serve");
            };
            assert_eq!(told(&serve.urls()), urls, "{arguments:?}");
        }
    }

    #[test]
    fn check_and_call_take_the_same_sources() {
        let Ok(Command::Check(check)) =
            read(&["check", "--connect", "--config", "c.toml", "pg://h"])
        else {
            panic!("does not check");
        };
        assert!(check.connect);
        assert_eq!(check.sources.config, Some(PathBuf::from("c.toml")));
        assert_eq!(told(&check.urls()), ["- pg://h"]);

        let Ok(Command::Call(call)) = read(&["call", "--url", "a=pg://h", "list_connections"])
        else {
            panic!("does not call");
        };
        assert_eq!(call.arguments, "{}");
        assert_eq!(told(call.sources.urls()), ["a pg://h"]);
    }

    #[test]
    fn a_word_that_is_no_command_is_told_so() {
        for (arguments, expected) in [
            (&["chek"][..], "Did you mean `check`?"),
            (&["something"], "neither a command"),
            (&["check", "conect"], "neither a command"),
        ] {
            let told = read(arguments).unwrap_err().to_string();
            assert!(told.contains(expected), "{arguments:?}: {told}");
        }
    }

    #[test]
    fn no_url_is_in_debug_output_or_in_an_error() {
        for arguments in [
            &["postgres://u:hunter2@h"][..],
            &["serve", "--url", "a=postgres://u:hunter2@h"],
            &["check", "postgres://u:hunter2@h"],
            &["postgres://u:hunter2@h", "postgres://u:hunter2@g"],
        ] {
            assert!(!format!("{:?}", read(arguments).unwrap()).contains("hunter2"));
        }
        let twice = read(&["check", "sqlite:x", "--unknown"])
            .unwrap_err()
            .to_string();
        assert!(twice.contains("--unknown"));
    }

    #[test]
    fn help_and_version_are_no_failures() {
        for argument in ["--help", "--version"] {
            assert_eq!(read(&[argument]).unwrap_err().exit_code(), 0);
        }
    }
}
