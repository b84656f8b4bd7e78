//! `bench`: the built server over stdio beside a direct sqlx client on the same database, interleaved in one run and
//! told in ratios. `bench/README.md` says how to use it.
//!
//! A speed never makes it fail; what could not be measured does.

mod arguments;
mod child;
mod contender;
mod cost;
mod direct;
mod figures;
mod floor;
mod http;
mod interruption;
mod measure;
mod pages;
mod proc;
mod report;
mod schema;
mod server;
mod soak;
mod table;
mod work;

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};

use clap::Parser;

use crate::{
    arguments::{Arguments, Cost, Peer, Role, Soak, databases},
    child::Wiring,
    contender::{Contender, Direct},
    direct::Order,
    figures::{Figure, Goal, Line, float},
    measure::{Effort, PAGE, compare, compare_memory, per_cell},
    report::{DatabaseReport, Machine, Report},
    server::{Calls, Server},
    table::{Dialect, Table},
};

/// What went wrong, in words. Nobody here decides by its kind.
type Trouble = Box<dyn std::error::Error + Send + Sync>;
type Fallible<T> = Result<T, Trouble>;

/// Portolan's result formats.
const FORMATS: [&str; 4] = ["json", "objects", "csv", "markdown"];
/// The profiles that `tools/list` has a budget for, in characters.
const PROFILES: [(&str, f64); 2] = [("minimal", 2_000.0), ("standard", 7_500.0)];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.role {
        Some(Role::Direct) => direct::serve().map(|()| ExitCode::SUCCESS),
        Some(Role::Floor { url }) => floor::serve(url).map(|()| ExitCode::SUCCESS),
        Some(Role::Soak(soak)) => soak_server(soak),
        Some(Role::Cost(cost)) => measure_cost(cost),
        Some(Role::Pages { url, server }) => measure_pages(url, server.as_deref()),
        Some(Role::Schema {
            url,
            tables,
            server,
        }) => measure_schema(url, *tables, server.as_deref()),
        None => run(&arguments),
    };
    outcome.unwrap_or_else(|trouble| {
        say(&trouble.to_string());
        ExitCode::FAILURE
    })
}

fn measure_schema(url: &str, tables: u32, server: Option<&Path>) -> Fallible<ExitCode> {
    let scratch = Scratch::new()?;
    let program = server_program(server)?;
    let text = schema::measure(url, tables, &program, &scratch.0, &say)?;
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn measure_pages(url: &str, server: Option<&Path>) -> Fallible<ExitCode> {
    let scratch = Scratch::new()?;
    let program = server_program(server)?;
    let text = pages::measure(url, &program, &scratch.0)?;
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn measure_cost(cost: &Cost) -> Fallible<ExitCode> {
    let scratch = Scratch::new()?;
    let program = server_program(cost.server.as_deref())?;
    let lines = cost::measure(cost, &program, &scratch.0)?;
    io::stdout().write_all(report::lines(&lines).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn soak_server(soak: &Soak) -> Fallible<ExitCode> {
    let scratch = Scratch::new()?;
    let program = server_program(soak.server.as_deref())?;
    let told = soak::run(soak, &program, &scratch.0, &say)?;
    io::stdout().write_all(told.text.as_bytes())?;
    Ok(if told.is_clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn run(arguments: &Arguments) -> Fallible<ExitCode> {
    let databases = databases(arguments)?;
    let bench = Bench {
        program: server_program(arguments.server.as_deref())?,
        scratch: Scratch::new()?,
        wiring: if arguments.socketpair {
            Wiring::Socketpairs
        } else {
            Wiring::Pipes
        },
        arguments,
    };
    let load_before = proc::load();
    let mut report = Report {
        machine: Machine {
            processors: u16::try_from(thread::available_parallelism()?.get())?,
            load_before,
            load_after: String::new(),
            rounds: arguments.rounds,
            calls_per_round: arguments.calls,
            optimized: !cfg!(debug_assertions),
            stdio: if arguments.socketpair {
                "socketpairs"
            } else {
                "pipes"
            },
        },
        server: String::new(),
        databases: Vec::new(),
        anywhere: Vec::new(),
        troubles: Vec::new(),
    };
    for (name, url) in databases {
        say(&name);
        match bench.measure_on(&name, url, &mut report.troubles) {
            Ok(database) => report.databases.push(database),
            Err(trouble) => report.troubles.push(format!("{name}: {trouble}")),
        }
    }
    match bench.measure_anywhere() {
        Ok((server, lines)) => (report.server, report.anywhere) = (server, lines),
        Err(trouble) => report.troubles.push(trouble.to_string()),
    }
    report.machine.load_after = proc::load();
    let text = if arguments.json {
        serde_json::to_string_pretty(&report)? + "\n"
    } else {
        report.table()
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(if report.troubles.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What all databases have in common.
struct Bench<'a> {
    program: PathBuf,
    scratch: Scratch,
    wiring: Wiring,
    arguments: &'a Arguments,
}

impl Bench<'_> {
    /// Makes the table, measures on it, and drops it whatever happened.
    fn measure_on(
        &self,
        name: &str,
        url: Option<String>,
        troubles: &mut Vec<String>,
    ) -> Fallible<DatabaseReport> {
        let file = self.scratch.0.join(format!("{name}.db"));
        let url = url.unwrap_or_else(|| format!("sqlite://{}", file.display()));
        let dialect = Dialect::of_url(&url)
            .ok_or_else(|| format!("the URL of {name} has a scheme that is not known"))?;
        let direct = Direct {
            url,
            table: Table {
                dialect,
                name: format!("portolan_bench_{}", std::process::id()),
            },
            scratch: self.scratch.0.clone(),
        };
        let mut owner = direct.start()?;
        owner.give(&Order::Create)?;
        let measured = self.measure_with(name, &direct, &file, troubles);
        owner.give(&Order::Drop)?;
        measured
    }

    fn measure_with(
        &self,
        name: &str,
        direct: &Direct,
        file: &Path,
        troubles: &mut Vec<String>,
    ) -> Fallible<DatabaseReport> {
        let dialect = direct.table.dialect;
        let portolan = self.portolan(&direct.url, direct.table.clone(), &[]);
        let mut peers = self
            .arguments
            .peers
            .iter()
            .map(|peer| self.peer(peer, direct, file))
            .collect::<Vec<_>>();
        if self.arguments.floor {
            let program = env::current_exe()?.display().to_string();
            peers.push(self.peer(&Peer::floor(program), direct, file));
        }
        let mut contenders: Vec<&dyn Contender> = vec![direct, &portolan];
        contenders.extend(peers.iter().map(|peer| peer as &dyn Contender));

        let version = direct.launch()?.ask(dialect.version_sql())?;
        let mut encrypted = Vec::new();
        if let Some(sql) = dialect.encryption_sql(&version) {
            for contender in contenders.iter().take(2) {
                encrypted.push((contender.name().to_owned(), contender.launch()?.ask(sql)?));
            }
        }
        let effort = Effort {
            rounds: self.arguments.rounds,
            calls: self.arguments.calls,
        };
        let (mut lines, failed) = compare(&contenders, dialect, effort, &say)?;
        troubles.extend(failed.iter().map(|trouble| format!("{name}: {trouble}")));
        let (memory_lines, failed) = compare_memory(&contenders, &say);
        lines.extend(memory_lines);
        troubles.extend(failed.iter().map(|trouble| format!("{name}: {trouble}")));
        lines.extend(text_lines(&portolan)?);
        if self.arguments.http {
            say("over HTTP");
            lines.extend(http::compare(&portolan, effort)?);
        }
        Ok(DatabaseReport {
            name: name.to_owned(),
            version,
            encrypted,
            lines,
        })
    }

    /// What no database is needed for: the server's own words, the lists of tools and the size of the binary.
    fn measure_anywhere(&self) -> Fallible<(String, Vec<Line>)> {
        let table = Table {
            dialect: Dialect::Sqlite,
            name: "none".to_owned(),
        };
        let url = format!("sqlite://{}", self.scratch.0.join("none.db").display());
        let mut lines = Vec::new();
        let mut version = String::new();
        for (profile, budget) in PROFILES {
            let tools = ["--tools".to_owned(), profile.to_owned()];
            let server = self.portolan(&url, table.clone(), &tools);
            let mut session = server.start()?;
            version.clone_from(&session.version);
            lines.push(Line::new(
                format!("tools/list, {profile}"),
                "characters",
                "the result of tools/list as it came",
                vec![Figure::plain(
                    "portolan",
                    float(session.tools_list_characters()?),
                )],
                Some(Goal::ValueAtMost(budget)),
            ));
        }
        lines.push(Line::new(
            "binary",
            "MB",
            "size of the file; MB of a million bytes",
            vec![Figure::plain(
                "portolan",
                float(fs::metadata(&self.program)?.len()) / 1e6,
            )],
            Some(Goal::ValueBelow(15.0)),
        ));
        Ok((version, lines))
    }

    fn portolan(&self, url: &str, table: Table, further: &[String]) -> Server {
        let further = [&self.arguments.further, further].concat();
        Server::portolan(
            self.program.clone(),
            url,
            &further,
            self.wiring,
            table,
            self.scratch.0.clone(),
        )
    }

    fn peer(&self, peer: &Peer, direct: &Direct, file: &Path) -> Server {
        let filled_in = |word: &String| {
            word.replace("{url}", &direct.url)
                .replace("{file}", &file.display().to_string())
        };
        Server {
            name: peer.name.clone(),
            program: PathBuf::from(&peer.program),
            arguments: peer.arguments.iter().map(filled_in).collect(),
            calls: Calls::Peer {
                tool: peer.tool.clone(),
                sql_argument: peer.sql_argument.clone(),
            },
            wiring: self.wiring,
            table: direct.table.clone(),
            scratch: self.scratch.0.clone(),
        }
    }
}

fn text_lines(portolan: &Server) -> Fallible<Vec<Line>> {
    let mut session = portolan.start()?;
    FORMATS
        .into_iter()
        .map(|format| {
            let bytes = session.text_bytes(PAGE, format)?;
            Ok(Line::new(
                format!("text of 1,000 rows, {format}"),
                "bytes per cell",
                "bytes of result text, names and types included, divided by 8,000",
                vec![Figure::plain("portolan", per_cell(bytes))],
                // The default format.
                (format == "json").then_some(Goal::ValueBelow(10.0)),
            ))
        })
        .collect()
}

fn server_program(given: Option<&Path>) -> Fallible<PathBuf> {
    let program = match given {
        Some(program) => program.to_owned(),
        None => env::current_exe()?.with_file_name("portolan"),
    };
    // The server is started in another folder.
    program.canonicalize().map_err(|error| {
        format!(
            "{}: {error}; build it with cargo build --release, or give --server",
            program.display()
        )
        .into()
    })
}

/// A folder for logs and `SQLite` files, which goes when the run ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Fallible<Self> {
        let folder = env::temp_dir().join(format!("portolan-bench-{}", std::process::id()));
        fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Progress and troubles; standard output is the report's.
fn say(text: &str) {
    // Nobody has to listen.
    let _ = writeln!(io::stderr(), "bench: {text}");
}
