//! Whether a statement touches only what somebody may see.
//!
//! A name means the same wherever it stands here: a table of the database that stands before it, or of the connection's.
//! So names decide (`named.rs`): where one that the caller may not see could be a table's, the text is prepared with a name that
//! nothing has in its place. What comes of that is what would come of it if there were no such table, and if nothing
//! does, it was no table's name. Views are followed through their definitions.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use domain::{
    Failure, FailureKind,
    access::Tables,
    query::{Effect, Statement, StatementClass, effect::Finding},
};
use sqlparser::tokenizer::Token;
use sqlx::mysql::MySqlRow;

use super::{
    super::{
        lexer::character,
        stand_ins::{StandIns, Written},
    },
    dialect, failure, functions,
    masking::{folded, stored},
    named::{Called, Named, Text},
    result,
    session::{MySqlSession, filled, own_rows},
};

const INSTEAD: &str = "search_schema and describe_table tell of the tables that your role may see.";
/// Schemas of the server's own.
const SYSTEM: [&str; 4] = ["information_schema", "mysql", "performance_schema", "sys"];
/// Of the server's own functions those that tell of tables by their names.
const TELLING: [&str; 7] = [
    "can_access_column",
    "can_access_database",
    "can_access_table",
    "can_access_user",
    "can_access_view",
    "get_dd_column_privileges",
    "roles_graphml",
];
/// What a stand-in may begin with: letters that no collation takes for another, so that nothing in the text is called alike.
const LETTERS: &str = "가나다라마바사아자차카타파하고노도로모보소오조초코토포호";
/// So many tables of one statement are looked up.
const MOST: usize = 100;
const ABOUT: &str = "SELECT t.table_type, COALESCE(t.engine, ''), \
     (SELECT v.view_definition FROM information_schema.views v WHERE v.table_schema = ? AND v.table_name = ?) \
     FROM information_schema.tables t WHERE t.table_schema = ? AND t.table_name = ?";
const ROUTINES: &str = "SELECT routine_name FROM information_schema.routines WHERE routine_schema = ? AND routine_name IN (?";

/// Refuses a statement of a caller who may see some tables only, unless it touches no others.
pub(super) async fn judge(
    session: &mut MySqlSession,
    statement: &Statement,
    database: Option<&str>,
    tables: &Tables,
    time: Duration,
) -> Result<(), Failure> {
    let sql = statement.sql.as_str();
    let text = Text::of(sql).ok_or_else(untold)?;
    let rules = Rules {
        tables,
        database: database.unwrap_or_default(),
    };
    admit_kind(&text)?;
    if let Some(at) = text.variable() {
        return Err(not_allowed(
            "A variable of the session may hide a name: it can end in a point.",
            "Write its value in its place. Of the server's own, those that stand by themselves are told: @@version.",
        )
        .with_position(character(sql, at)));
    }
    let unsure = rules.admit_calls(&text)?;
    let found = text.tables().map_err(|_| untold())?;
    let mut looking = Looking { session, rules };
    looking.refuse_stored(&unsure).await?;
    let hidden: Vec<&(usize, Named)> = found
        .iter()
        .filter(|(_, named)| !rules.show(named))
        .collect();
    if let Some((_, system)) = hidden.iter().find(|(_, named)| is_of_system(named)) {
        let message = format!(
            "{} tells of tables that your role may not see.",
            system.name
        );
        return Err(not_allowed(message, INSTEAD));
    }
    if !hidden.is_empty() {
        let names: BTreeSet<String> = hidden
            .iter()
            .map(|(_, named)| folded(&named.name))
            .collect();
        let stand_ins = stand_ins(&text, &found, &names).ok_or_else(untold)?;
        let renamed = Statement {
            sql: stand_ins.sql.clone(),
            ..statement.clone()
        };
        if let Err(error) = looking.session.prepare(&renamed).await {
            let failure = failure::of_statement(error, &stand_ins.sql, time);
            return Err(told(stand_ins.told(failure), sql));
        }
    }
    let shown = found.into_iter().map(|(_, named)| named);
    looking
        .follow(shown.filter(|named| rules.show(named)).collect())
        .await
}

#[derive(Clone, Copy)]
struct Rules<'a> {
    tables: &'a Tables,
    database: &'a str,
}

impl Rules<'_> {
    fn schema<'n>(&'n self, named: &'n Named) -> &'n str {
        named.schema.as_deref().unwrap_or(self.database)
    }

    fn show(&self, named: &Named) -> bool {
        let schema = self.schema(named);
        if is_a_system(schema) {
            self.tables.show_of_system(schema, &named.name)
        } else {
            self.tables.show(schema, &named.name)
        }
    }

    /// Refuses what could read anything; returns names that are the server's own unless somebody has made a function of
    /// that name.
    fn admit_calls(&self, text: &Text<'_>) -> Result<Vec<String>, Failure> {
        let mut unsure = Vec::new();
        for (at, called) in text.calls() {
            let schema = called.schema.as_deref().unwrap_or(self.database);
            if self.tables.let_call(schema, &called.name) {
                continue;
            }
            if !is_built_in(&called) {
                let position = character(text.sql, text.place(at).start);
                return Err(unknown_function(&called.name, "").with_position(position));
            }
            let name = called.name.to_lowercase();
            if !functions::is_certain(&name) {
                unsure.push(name);
            }
        }
        Ok(unsure)
    }
}

fn is_built_in(called: &Called) -> bool {
    called.is_built_in() && !TELLING.contains(&called.name.to_lowercase().as_str())
}

fn is_of_system(named: &Named) -> bool {
    named.schema.as_deref().is_some_and(is_a_system)
}

fn is_a_system(schema: &str) -> bool {
    SYSTEM.contains(&folded(schema).as_str())
}

/// Only what reads rows, and nothing that hides what it does.
fn admit_kind(text: &Text<'_>) -> Result<(), Failure> {
    let classified = dialect::classify(text.sql);
    let construct = classified.construct.as_str();
    let hides = |finding: &&Finding| matches!(finding.effect, Effect::HiddenCode);
    if let Some(finding) = classified.findings.iter().find(hides) {
        return Err(not_allowed(
            format!(
                "{} may hide code from whoever judges it.",
                finding.construct
            ),
            "Write it plainly.",
        ));
    }
    let begins = (0..text.len())
        .find(|at| !text.is_sign(*at, &Token::LParen))
        .unwrap_or_default();
    let admitted = classified.class == StatementClass::Read
        && (is_a_query(text, begins)
            || (text.is_word(begins, &["explain", "describe", "desc", "analyze"])
                && explains_a_query(text, begins + 1))
            || (text.is_word(begins, &["show"]) && shows_no_table(text, begins + 1)));
    if admitted {
        return Ok(());
    }
    Err(not_allowed(
        format!("This {construct} is not run for a role that may see some tables only."),
        "Read with SELECT; search_schema and describe_table tell of the tables that your role may see.",
    ))
}

fn is_a_query(text: &Text<'_>, at: usize) -> bool {
    text.is_word(at, &["select", "with", "values", "table"])
}

/// Options, and then a query.
fn explains_a_query(text: &Text<'_>, mut at: usize) -> bool {
    loop {
        if text.is_word(at, &["analyze", "extended", "partitions"]) {
            at += 1;
        } else if text.is_word(at, &["format"]) && text.is_sign(at + 1, &Token::Eq) {
            at += 3;
        } else {
            break;
        }
    }
    while text.is_sign(at, &Token::LParen) {
        at += 1;
    }
    is_a_query(text, at)
}

/// Of the server itself, and without a condition. Its status counts what others' statements did.
fn shows_no_table(text: &Text<'_>, mut at: usize) -> bool {
    if text.is_word(at, &["global", "session", "local"]) {
        at += 1;
    }
    let is_one = text.is_word(
        at,
        &[
            "variables",
            "warnings",
            "errors",
            "collation",
            "engines",
            "charset",
        ],
    ) || (text.is_word(at, &["character"]) && text.is_word(at + 1, &["set"]));
    is_one && !(at..text.len()).any(|at| text.is_word(at, &["where", "from", "in"]))
}

/// Names that nothing has, wherever one of these could be a table's: itself, what a query is called by WITH, what a table
/// is called, and what stands before a column.
fn stand_ins(
    text: &Text<'_>,
    tables: &[(usize, Named)],
    names: &BTreeSet<String>,
) -> Option<StandIns> {
    let queries = text.with_names();
    let is_table = |at: usize| tables.iter().any(|(last, _)| *last == at);
    let is_alias = |at: usize| {
        let before = at.checked_sub(1);
        before.is_some_and(is_table)
            || (before.is_some_and(|before| text.is_word(before, &["as"]))
                && at.checked_sub(2).is_some_and(is_table))
    };
    let written = (0..text.len()).filter_map(|at| {
        let name = text.name(at)?;
        let stands = is_table(at)
            || queries.contains(&at)
            || is_alias(at)
            || text.is_sign(at + 1, &Token::Period);
        (stands && names.contains(&folded(&name))).then(|| Written {
            at: text.place(at),
            name,
        })
    });
    let stand_ins = StandIns::of(text.sql, written, LETTERS)?;
    // Whatever the names are, the rest is read as it was.
    let renamed = Text::of(&stand_ins.sql)?;
    (renamed.len() == text.len()).then_some(stand_ins)
}

/// What the database has of names that may be shown.
struct Looking<'a> {
    session: &'a mut MySqlSession,
    rules: Rules<'a>,
}

impl Looking<'_> {
    async fn ask(&mut self, sql: &str, values: &[&str]) -> Result<Vec<MySqlRow>, Failure> {
        let answer = own_rows(&mut self.session.connection, filled(sql, values)).await;
        self.session.asked(1);
        answer.map_err(|error| untold().with_source(error))
    }

    /// Names that are the server's own unless somebody has made a function of that name.
    async fn refuse_stored(&mut self, names: &[String]) -> Result<(), Failure> {
        if names.is_empty() {
            return Ok(());
        }
        // The connection's own bound on rows may be in force, so they are not all asked for.
        let sql = format!("{ROUTINES}{})", ", ?".repeat(names.len() - 1));
        let mut values = vec![self.rules.database];
        values.extend(names.iter().map(String::as_str));
        let rows = self.ask(&sql, &values).await?;
        match rows.first().and_then(|row| result::text(row, 0)) {
            Some(name) => Err(unknown_function(&name.to_lowercase(), "")),
            None => Ok(()),
        }
    }

    /// Views are read where everything may be read that they read.
    async fn follow(&mut self, named: Vec<Named>) -> Result<(), Failure> {
        let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
        let mut waiting: VecDeque<(String, String)> = named
            .into_iter()
            .map(|named| (self.rules.schema(&named).to_owned(), named.name))
            .collect();
        while let Some(table) = waiting.pop_front() {
            if !seen.insert(table.clone()) {
                continue;
            }
            if seen.len() > MOST {
                return Err(untold());
            }
            let (schema, name) = table;
            if is_a_system(&schema) {
                continue;
            }
            waiting.push_back((stored(&schema), stored(&name)));
            let rows = self.ask(ABOUT, &[&schema, &name, &schema, &name]).await?;
            for row in &rows {
                let kind = result::text(row, 0).unwrap_or_default();
                let engine = result::text(row, 1).unwrap_or_default();
                if engine.to_lowercase().starts_with("mrg_") {
                    return Err(through_something());
                }
                if kind.contains("VIEW") {
                    let definition = result::text(row, 2).unwrap_or_default();
                    waiting.extend(self.read_by(&definition, &schema)?);
                }
            }
        }
        Ok(())
    }

    /// The tables of a view's definition, all of which are shown.
    fn read_by(&self, definition: &str, schema: &str) -> Result<Vec<(String, String)>, Failure> {
        let text = Text::of(definition).filter(|_| !definition.is_empty());
        let text = text.ok_or_else(unreadable_view)?;
        let rules = Rules {
            tables: self.rules.tables,
            database: schema,
        };
        rules.admit_calls_of_a_view(&text)?;
        let queries: BTreeSet<String> = text
            .with_names()
            .into_iter()
            .filter_map(|at| text.name(at))
            .collect();
        let mut read = Vec::new();
        for (_, named) in text.tables().map_err(|_| unreadable_view())? {
            // Tables always stand there with their database.
            if named.schema.is_none() && queries.contains(&named.name) {
                continue;
            }
            if !rules.show(&named) {
                return Err(through_something());
            }
            read.push((rules.schema(&named).to_owned(), named.name));
        }
        Ok(read)
    }
}

impl Rules<'_> {
    /// The server writes its own functions plainly and those that somebody has made with their database in quotes.
    fn admit_calls_of_a_view(&self, text: &Text<'_>) -> Result<(), Failure> {
        for (_, called) in text.calls() {
            let is_made_here = called.schema.is_some() || called.is_quoted;
            let schema = called.schema.as_deref().unwrap_or(self.database);
            if is_made_here && !self.tables.let_call(schema, &called.name) {
                return Err(unknown_function(
                    &called.name,
                    "A view in this statement calls it.",
                ));
            }
        }
        Ok(())
    }
}

/// Without telling where what is hidden is told of.
pub(super) fn told(failure: Failure, sql: &str) -> Failure {
    let failure = failure::shown_alike(failure, sql);
    let tells = |hint: &String| hint.contains("information_schema") || hint.contains("SHOW ");
    if failure.hint.as_ref().is_some_and(tells) {
        return failure.with_hint(INSTEAD);
    }
    failure
}

fn unknown_function(name: &str, where_it_stands: &str) -> Failure {
    let message = format!(
        "{name}() could read any table, and your role may see some only. {where_it_stands}"
    );
    not_allowed(
        message.trim_end().to_owned(),
        "Do without it. Whoever runs this server can list a function that keeps to those tables in `functions` of the role.",
    )
}

fn through_something() -> Failure {
    not_allowed(
        "A view in this statement reads what your role may not see.",
        "Whoever runs this server can allow what it reads, or deny it.",
    )
}

fn unreadable_view() -> Failure {
    not_allowed(
        "What a view in this statement reads is not known, and your role may see some tables only.",
        "Read the tables themselves. Whoever runs this server can grant SHOW VIEW on it to the database's user.",
    )
}

fn untold() -> Failure {
    not_allowed(
        "Your role may see some tables only, and what this statement touches cannot be told.",
        "Write it plainly.",
    )
}

fn not_allowed(message: impl Into<String>, hint: &str) -> Failure {
    Failure::new(FailureKind::NotAllowed, message).with_hint(hint)
}
