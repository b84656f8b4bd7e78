//! The way through a large schema, as an assistant goes it: find, describe, join.
//!
//! What was made is dropped whatever happens, also when somebody interrupts.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    Fallible,
    child::Wiring,
    contender::Running as _,
    interruption, proc,
    server::{Calls, Server, Session},
    table::{Dialect, Table},
};

/// Columns of each table that is not the shop's.
const COLUMNS: u32 = 15;
/// Schemas that they are spread over.
const SCHEMAS: u32 = 5;
/// How often what is kept is asked for.
const WARM_CALLS: usize = 50;
/// Processes that are asked for their first names.
const FIRST_CALLS: usize = 5;
/// What a model takes at least from one answer to its next question.
const THINKING: Duration = Duration::from_millis(500);
/// Longer than what is known is taken for granted.
const READING: Duration = Duration::from_secs(5);
/// Statements after which it is looked whether somebody has interrupted.
const STRETCH: usize = 400;

/// The question of the walk, and what it needs to be answered: words of a person, not of the schema.
const QUESTION: &str = "revenue by category last quarter";
const NEEDED: [&str; 2] = ["order_items", "categories"];

/// A shop, in words that every server understands.
const SHOP: [&str; 7] = [
    "stores (id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL, city VARCHAR(80))",
    "customers (id INTEGER PRIMARY KEY, full_name VARCHAR(120) NOT NULL, email VARCHAR(120) UNIQUE)",
    "categories (id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL, parent_id INTEGER, FOREIGN KEY (parent_id) REFERENCES categories (id))",
    "products (id INTEGER PRIMARY KEY, sku VARCHAR(20) NOT NULL, name VARCHAR(120) NOT NULL, category_id INTEGER NOT NULL, list_price DECIMAL(10,2), FOREIGN KEY (category_id) REFERENCES categories (id))",
    "orders (id INTEGER PRIMARY KEY, customer_id INTEGER, store_id INTEGER, status VARCHAR(20) NOT NULL, channel VARCHAR(20), currency CHAR(3) NOT NULL, ordered_at TIMESTAMP NOT NULL, shipped_at TIMESTAMP NULL, discount DECIMAL(10,2), shipping DECIMAL(10,2), note TEXT, coupon VARCHAR(20), FOREIGN KEY (customer_id) REFERENCES customers (id), FOREIGN KEY (store_id) REFERENCES stores (id))",
    "order_items (order_id INTEGER NOT NULL, line INTEGER NOT NULL, product_id INTEGER NOT NULL, quantity INTEGER NOT NULL, unit_price DECIMAL(10,2) NOT NULL, PRIMARY KEY (order_id, line), FOREIGN KEY (order_id) REFERENCES orders (id), FOREIGN KEY (product_id) REFERENCES products (id))",
    "payments (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, amount DECIMAL(10,2) NOT NULL, paid_at TIMESTAMP NULL, FOREIGN KEY (order_id) REFERENCES orders (id))",
];

/// Makes the schema, goes through it, and drops it whatever happened; tells what came out.
pub(crate) fn measure(
    url: &str,
    tables: u32,
    program: &Path,
    scratch: &Path,
    say: &dyn Fn(&str),
) -> Fallible<String> {
    let dialect = Dialect::of_url(url)
        .filter(|dialect| !matches!(dialect, Dialect::Sqlite))
        .ok_or("give the URL of a PostgreSQL, MySQL or MariaDB server")?;
    let place = Place {
        dialect,
        name: format!("portolan_bench_{}", std::process::id()),
    };
    let interrupted = interruption::watch()?;
    let maker = server(url, true, program, scratch)?;
    let measured = measure_in(&place, url, tables, &maker, &|what| {
        say(what);
        interrupted.fails()
    });
    say("dropping them");
    // The one that made them may be what was lost.
    maker.start()?.run_all(&place.drop())?;
    measured
}

fn measure_in(
    place: &Place,
    url: &str,
    tables: u32,
    maker: &Server,
    say: &dyn Fn(&str) -> Fallible<()>,
) -> Fallible<String> {
    let statements = place.make(tables);
    let mut session = maker.start()?;
    for (at, stretch) in statements.chunks(STRETCH).enumerate() {
        say(&format!(
            "making the schema, statement {} of {}",
            at * STRETCH + 1,
            statements.len()
        ))?;
        session.run_all(stretch)?;
    }
    drop(session);
    let reader = server(url, false, &maker.program, &maker.scratch)?;
    say("asking new processes for names")?;
    let names = first_names(&reader)?;
    Ok(names + &walk(&mut reader.start()?, place, tables, say)?)
}

/// Where the tables are.
struct Place {
    dialect: Dialect,
    name: String,
}

impl Place {
    fn schemas(&self) -> impl Iterator<Item = String> {
        (0..SCHEMAS).map(|at| format!("{}_{at}", self.name))
    }

    /// In an order in which each statement finds what it refers to; those of a batch do not depend on each other.
    fn make(&self, tables: u32) -> Vec<String> {
        let shop = &self.name;
        let mut made = vec![format!("CREATE SCHEMA {shop}")];
        made.extend(
            self.schemas()
                .map(|schema| format!("CREATE SCHEMA {schema}")),
        );
        let waits = "SELECT 1".to_owned();
        let mut all = Vec::new();
        let mut in_turn = |sql: String| {
            all.push(sql);
            // Others of the same batch would not wait for it.
            all.extend(std::iter::repeat_n(waits.clone(), 7));
        };
        made.into_iter().for_each(&mut in_turn);
        for table in SHOP {
            let table = table.replace("REFERENCES ", &format!("REFERENCES {shop}."));
            in_turn(format!("CREATE TABLE {shop}.{table}"));
        }
        in_turn(format!(
            "CREATE TABLE {shop}_0.hub (id INTEGER PRIMARY KEY, name VARCHAR(20))"
        ));
        all.extend((0..tables).map(|at| self.filler(at)));
        all
    }

    fn filler(&self, at: u32) -> String {
        const SUBJECTS: [&str; 10] = [
            "ledger", "journal", "asset", "budget", "contract", "ticket", "campaign", "vehicle",
            "sensor", "policy",
        ];
        let subject = SUBJECTS
            .get(at as usize % SUBJECTS.len())
            .unwrap_or(&"thing");
        let mut sql = format!(
            "CREATE TABLE {}_{}.{subject}_{at} (id INTEGER PRIMARY KEY, hub_id INTEGER",
            self.name,
            at % SCHEMAS
        );
        for column in 2..COLUMNS {
            let kind = match column % 4 {
                0 => "VARCHAR(60)",
                1 => "INTEGER",
                2 => "DECIMAL(12,2)",
                _ => "DATE",
            };
            let _ = write!(sql, ", {subject}_value_{column} {kind}");
        }
        // One in eight is tied to a table that all of these share.
        if at.is_multiple_of(8) {
            let _ = write!(
                sql,
                ", FOREIGN KEY (hub_id) REFERENCES {}_0.hub (id)",
                self.name
            );
        }
        sql.push(')');
        sql
    }

    fn drop(&self) -> Vec<String> {
        let cascade = match self.dialect {
            Dialect::Postgres => " CASCADE",
            Dialect::Mysql | Dialect::Sqlite => "",
        };
        // What refers to the hub goes before it.
        let mut schemas: Vec<String> = self.schemas().collect();
        schemas.reverse();
        schemas.push(self.name.clone());
        schemas
            .into_iter()
            .flat_map(|schema| {
                let mut batch = vec![format!("DROP SCHEMA IF EXISTS {schema}{cascade}")];
                batch.resize(8, "SELECT 1".to_owned());
                batch
            })
            .collect()
    }
}

/// Portolan on this database. Its URL, and that it may write, go by a file.
pub(crate) fn server(
    url: &str,
    writable: bool,
    program: &Path,
    scratch: &Path,
) -> Fallible<Server> {
    let file: PathBuf = scratch.join(if writable {
        "maker.json"
    } else {
        "reader.json"
    });
    let mut connection = json!({ "url": url, "statementTimeout": 170_000 });
    if let (true, Value::Object(parameters)) = (writable, &mut connection) {
        parameters.insert("readOnly".to_owned(), json!(false));
    }
    fs::write(
        &file,
        json!({ "connections": { "bench": connection } }).to_string(),
    )?;
    let table = Table {
        dialect: Dialect::of_url(url).ok_or("the URL has an unknown scheme")?,
        name: String::new(),
    };
    Ok(Server {
        name: "portolan".to_owned(),
        program: program.to_owned(),
        arguments: vec!["--config".to_owned(), file.display().to_string()],
        calls: Calls::Portolan,
        wiring: Wiring::Pipes,
        table,
        scratch: scratch.to_owned(),
    })
}

/// How long a server takes that knows nothing of the schema yet: a new process each time.
fn first_names(reader: &Server) -> Fallible<String> {
    let mut told = String::new();
    for (what, before) in [
        (
            "names, first on an open connection, half a second later",
            Some(THINKING),
        ),
        (
            "names, first on an open connection, five seconds later",
            Some(READING),
        ),
        (
            "names, first on an open connection, at once",
            Some(Duration::ZERO),
        ),
        ("names, first of a process, which connects", None),
    ] {
        let mut times = Vec::new();
        for _ in 0..FIRST_CALLS {
            let mut session = reader.start()?;
            if let Some(thinking) = before {
                session.ask("execute_query", &json!({ "sql": "SELECT 1" }))?;
                thread::sleep(thinking);
            }
            let names = session.ask("search_schema", &json!({ "detail": "names" }))?;
            times.push(names.1);
        }
        let time = milliseconds(median(times));
        match before {
            // At once is the worst case, and no model is that fast; who connects waits for more than names.
            Some(THINKING | READING) => wanted(&mut told, what, time, "ms", 5.0),
            _ => line(&mut told, what, &format!("{time:.2} ms")),
        }
    }
    Ok(told)
}

fn walk(
    session: &mut Session<'_>,
    place: &Place,
    tables: u32,
    say: &dyn Fn(&str) -> Fallible<()>,
) -> Fallible<String> {
    let mut told = String::new();
    let join = join(place);
    session.ask("execute_query", &json!({ "sql": "SELECT 1" }))?;
    let before = proc::memory(session.pid())?.resident;
    say("searching for the first time")?;
    let (_, cold) = session.ask("search_schema", &json!({ "search": QUESTION }))?;
    wanted(
        &mut told,
        "first search, which reads the schema",
        milliseconds(cold),
        "ms",
        2_000.0,
    );
    say("reading the rest of the schema")?;
    let (_, rest) = session.ask("find_join_path", &join)?;
    line(
        &mut told,
        "first join path, which waits for its keys",
        &format!("{:.2} ms", milliseconds(rest)),
    );
    // Of a large schema, only now is everything known that there is to find something by.
    let (found, _) = session.ask("search_schema", &json!({ "search": QUESTION }))?;
    let after = proc::memory(session.pid())?;
    wanted(
        &mut told,
        &format!("memory that {tables} tables of {COLUMNS} columns take"),
        mega(after.resident.saturating_sub(before)),
        "MB",
        100.0,
    );
    line(
        &mut told,
        "most memory of the process",
        &format!("{:.1} MB", mega(after.peak)),
    );
    told += &warm(session, place, tables, say)?;
    let (described, _) = session.ask(
        "describe_table",
        &json!({ "tables": [named(place, "orders")] }),
    )?;
    wanted(
        &mut told,
        "`orders` described",
        count(described.len()),
        "bytes",
        1_800.0,
    );
    let (names, _) = session.ask(
        "search_schema",
        &json!({ "detail": "names", "limit": 406, "maxBytes": 1_000_000 }),
    )?;
    wanted(&mut told, "406 names", count(names.len()), "bytes", 9_000.0);

    let tables: Vec<String> = NEEDED.iter().map(|table| named(place, table)).collect();
    let (described, _) = session.ask("describe_table", &json!({ "tables": tables }))?;
    let (joined, _) = session.ask("find_join_path", &join)?;
    for table in NEEDED {
        if !found.contains(table) {
            return Err(format!("the search for \"{QUESTION}\" does not find {table}").into());
        }
    }
    let read = [&found, &described, &joined]
        .iter()
        .map(|text| text.chars().count())
        .sum::<usize>();
    wanted(
        &mut told,
        &format!("from \"{QUESTION}\" to a join: 3 calls"),
        count(read),
        "characters",
        6_000.0,
    );
    Ok(told)
}

/// What is asked again and again of a schema that is known.
fn warm(
    session: &mut Session<'_>,
    place: &Place,
    tables: u32,
    say: &dyn Fn(&str) -> Fallible<()>,
) -> Fallible<String> {
    let mut told = String::new();
    let join = join(place);
    for (what, tool, arguments, limit) in [
        (
            "a search, warm",
            "search_schema",
            json!({ "search": QUESTION }),
            Some(5.0),
        ),
        (
            "a search by a pattern, warm",
            "search_schema",
            json!({ "search": "%order%" }),
            Some(5.0),
        ),
        (
            "names, warm",
            "search_schema",
            json!({ "detail": "names" }),
            // Of 406 tables; of thousands the answer itself is larger.
            (tables < 1_000).then_some(1.0),
        ),
        (
            "a join path, warm",
            "find_join_path",
            join.clone(),
            Some(5.0),
        ),
        (
            "describing a table",
            "describe_table",
            json!({ "tables": [named(place, "orders")] }),
            None,
        ),
    ] {
        say(what)?;
        let mut times = Vec::new();
        for _ in 0..WARM_CALLS {
            times.push(session.ask(tool, &arguments)?.1);
        }
        let time = milliseconds(median(times));
        match limit {
            Some(limit) => wanted(&mut told, what, time, "ms", limit),
            None => line(&mut told, what, &format!("{time:.2} ms")),
        }
    }
    Ok(told)
}

/// Between the tables that the question needs.
fn join(place: &Place) -> Value {
    json!({ "from": named(place, NEEDED[0]), "to": named(place, NEEDED[1]) })
}

fn named(place: &Place, table: &str) -> String {
    format!("{}.{table}", place.name)
}

fn line(told: &mut String, what: &str, figure: &str) {
    let _ = writeln!(told, "{what:<58} {figure:>24}");
}

/// A figure beside the most that it should be.
fn wanted(told: &mut String, what: &str, figure: f64, unit: &str, most: f64) {
    let places = if unit == "ms" {
        2
    } else {
        usize::from(unit == "MB")
    };
    let verdict = if figure <= most { "" } else { "  MISSED" };
    let figure = format!("{figure:.places$} {unit}");
    let _ = writeln!(told, "{what:<58} {figure:>24}  of {most} wanted{verdict}");
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "no answer is that long")]
fn count(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "it is rounded to a tenth")]
pub(crate) fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
