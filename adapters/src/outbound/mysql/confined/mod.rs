//! What a statement may do on a connection that shows each caller its own rows: read, and call what cannot change whose rows those
//! are or tell of others. All else is refused, by the port itself, whatever stood before it.
//!
//! Views in the database decide on rows, by variables of the session. This keeps a statement from assigning any, and from asking
//! what no view stands before (plans, sessions, statistics).

mod checking;

use std::collections::HashSet;

use domain::{
    Failure, FailureKind,
    connection::RowSecurity,
    query::{Effect, Statement, StatementClass, effect::Finding},
};

pub(super) use self::checking::check;
use super::{
    super::{
        lexer::{character, position},
        masking::Token,
    },
    dialect, functions,
    masking::{folded, quotes_no_value, tokens_of},
    named::{Called, Text},
    telling::tells_values,
    text,
};

/// Of the server's own functions those that tell of other sessions, of what a session did before, or of privileges.
const TELLING: [&str; 16] = [
    "can_access_column",
    "can_access_database",
    "can_access_table",
    "can_access_user",
    "can_access_view",
    "found_rows",
    "get_dd_column_privileges",
    "internal_dd_char_length",
    "is_free_lock",
    "is_used_lock",
    "last_insert_id",
    "ps_current_thread_id",
    "ps_thread_id",
    "roles_graphml",
    "row_count",
    "value",
];
/// Tables that count what the session, or everybody, has done before.
const COUNTERS: [&str; 2] = ["global_status", "session_status"];
/// What SHOW may tell: of definitions, and of the server.
const SHOWN: [&str; 9] = [
    "character",
    "charset",
    "collation",
    "columns",
    "databases",
    "engines",
    "fields",
    "tables",
    "variables",
];

/// The rules of one connection.
#[derive(Debug)]
pub(super) struct Confinement {
    mapping: RowSecurity,
    /// Functions of the database, as they were when it was opened, folded: one may have a name that an older server does
    /// not know for its own.
    made_here: HashSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Its kind is not one of those that only read rows.
    Kind,
    /// It shows estimates or counts of everybody's rows.
    Estimates,
    Function,
    Variable,
    Told,
    Hidden,
}

/// What is refused, and where it stands, in characters from 1.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    what: String,
    at: Option<usize>,
    why: Why,
}

impl Confinement {
    pub(super) fn new(mapping: RowSecurity, made_here: HashSet<String>) -> Self {
        Self { mapping, made_here }
    }

    /// Refuses a statement that could do more than its caller's rows allow.
    pub(super) fn admit(&self, statement: &Statement) -> Result<(), Failure> {
        let Some(acts_as) = &statement.acts_as else {
            return Err(Failure::internal(
                "A statement was to run for nobody, where rows are shown by who asks.",
            ));
        };
        // Most comparisons do not see blanks at the end, so the value may be somebody else's.
        if acts_as
            .settings
            .iter()
            .any(|(_, value)| value.ends_with(' '))
        {
            return Err(Failure::new(
                FailureKind::NotAllowed,
                "A claim of the caller ends in a blank, which the database may not see.",
            )
            .with_hint(
                "Ask whoever runs this server or its sign-in; nothing was sent to the database.",
            ));
        }
        match self.judge(&statement.sql) {
            None => Ok(()),
            Some(refusal) => Err(refusal.failure()),
        }
    }

    fn judge(&self, sql: &str) -> Option<Refusal> {
        let refused = |what: &str, at: Option<usize>, why| {
            Some(Refusal {
                what: what.to_owned(),
                at,
                why,
            })
        };
        let Some(read) = Text::of(sql) else {
            return refused("This text", None, Why::Hidden);
        };
        let classified = dialect::classify(sql);
        let construct = classified.construct.as_str();
        let hides = |finding: &&Finding| finding.effect == Effect::HiddenCode;
        if let Some(finding) = classified.findings.iter().find(hides) {
            return refused(&finding.construct, Some(finding.position), Why::Hidden);
        }
        let lexed = text::lexed(sql);
        let tokens = tokens_of(&lexed);
        let first = lexed.leading_words(1).pop().unwrap_or_default();
        if classified.class != StatementClass::Read {
            return refused(construct, classified.position, Why::Kind);
        }
        match first.as_str() {
            "SELECT" | "WITH" | "VALUES" | "TABLE" => {}
            "SHOW" if shows_definitions(&tokens) => {}
            "DESCRIBE" | "DESC" | "EXPLAIN" if describes_a_table(&tokens) => {}
            "DESCRIBE" | "DESC" | "EXPLAIN" | "ANALYZE" => {
                return refused(construct, None, Why::Estimates);
            }
            _ => return refused(construct, classified.position, Why::Kind),
        }
        if let Some(at) = read.variable() {
            return refused(
                "A variable of the session",
                Some(character(sql, at)),
                Why::Variable,
            );
        }
        if let Some(hint) = lexed.optimizer_hint() {
            let at = Some(position(sql, hint));
            return refused("A hint for the optimizer", at, Why::Hidden);
        }
        let counts = |token: &Token| token.is_name() && COUNTERS.contains(&token.text.as_str());
        let told = tells_values(&tokens).or_else(|| tokens.iter().position(counts));
        if let Some(at) = told {
            let name = tokens.get(at).map_or("", |token| token.text.as_str());
            let place = character(sql, read.place(at).start);
            return refused(name, Some(place), Why::Told);
        }
        read.calls().find_map(|(at, called)| {
            let place = character(sql, read.place(at).start);
            (!self.lets(&called)).then(|| Refusal {
                what: format!("{}()", called.name),
                at: Some(place),
                why: Why::Function,
            })
        })
    }

    fn lets(&self, called: &Called) -> bool {
        let name = folded(&called.name);
        let schema = called.schema.as_deref().map(folded);
        self.mapping.lists(schema.as_deref(), &name)
            || (called.is_built_in()
                && functions::effect_of(&name).is_none()
                && !TELLING.contains(&name.as_str())
                && !self.made_here.contains(&name))
    }
}

fn shows_definitions(tokens: &[Token]) -> bool {
    let mut rest = tokens
        .iter()
        .skip(1)
        .skip_while(|token| token.is_one_of(&["full", "global", "session"]));
    rest.next().is_some_and(|token| token.is_one_of(&SHOWN))
        && !tokens.iter().any(|token| token.is_sign("("))
}

/// `DESCRIBE orders`, perhaps with one of its columns.
fn describes_a_table(tokens: &[Token]) -> bool {
    let queries = [
        "select", "with", "values", "table", "for", "format", "analyze",
    ];
    tokens.len() > 1
        && tokens
            .iter()
            .skip(1)
            .all(|token| !token.is_one_of(&queries) && !token.is_sign("(") && !token.is_sign("="))
}

/// Without what the server says of values.
pub(super) fn discreet(mut failure: Failure) -> Failure {
    failure.detail = None;
    if !quotes_no_value(&failure) {
        "A value of a row does not fit what is done with it.".clone_into(&mut failure.message);
        failure.hint =
            Some("Look for the rows with a condition first, and convert those.".to_owned());
    }
    failure
}

impl Refusal {
    fn failure(&self) -> Failure {
        let what = &self.what;
        let (message, hint) = match self.why {
            Why::Kind => (
                format!("{what} is not run where rows are shown by who asks for them."),
                "Read with SELECT.",
            ),
            Why::Estimates => (
                format!(
                    "{what} tells how many rows there are of everybody, and this connection shows each caller its own."
                ),
                "Do without the plan; the statement itself can be run.",
            ),
            Why::Function => (
                format!(
                    "{what} is not known to show a caller its own rows only, and this connection must."
                ),
                "Do without it. Whoever runs this server can list a function that keeps to it in ROW_SECURITY_FUNCTIONS of the connection.",
            ),
            Why::Variable => (
                format!("{what} may say whose rows are shown here."),
                "Write its value in its place. Of the server's own, those that stand by themselves are told: @@version.",
            ),
            Why::Told => (
                format!(
                    "{what} may tell of other callers' rows or statements, and this connection shows each caller its own."
                ),
                "Call search_schema or describe_table for what the database holds.",
            ),
            Why::Hidden => (
                format!("{what} may hide code from whoever judges it."),
                "Write it plainly.",
            ),
        };
        let failure = Failure::new(FailureKind::NotAllowed, message).with_hint(hint);
        match self.at {
            Some(at) => failure.with_position(at),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confinement() -> Confinement {
        let mapping = RowSecurity::parse(
            r#"{"settings": {"tenant": "{claim:tenant}"}}"#,
            "slug, shop.total",
        );
        Confinement::new(mapping.unwrap(), HashSet::from(["nvl2".to_owned()]))
    }

    #[test]
    fn what_reads_rows_is_admitted() {
        let confinement = confinement();
        for sql in [
            "SELECT * FROM orders",
            "TABLE orders",
            "select count(*), sum(total) from shop.orders o where o.id in (1, 2) group by o.name",
            "WITH t (a) AS (SELECT 1) SELECT coalesce(a, 2), @@version, slug('a'), shop.total(1) FROM t",
            "SELECT row_number() OVER (PARTITION BY a ORDER BY b) FROM t",
            "SELECT table_name FROM information_schema.tables",
            "SHOW FULL COLUMNS FROM orders",
            "DESCRIBE orders",
            "SELECT '@tenant', `set` FROM t",
        ] {
            assert_eq!(confinement.judge(sql), None, "{sql}");
        }
    }

    #[test]
    fn what_could_do_more_is_refused_for_its_reason() {
        let confinement = confinement();
        for (sql, why) in [
            ("SET @tenant = 2", Why::Kind),
            ("SELECT @tenant", Why::Variable),
            ("SELECT @tenant := 2", Why::Variable),
            ("SELECT @ tenant := 2", Why::Hidden),
            ("SELECT @`tenant` := 2", Why::Variable),
            ("SELECT 1 INTO @tenant", Why::Kind),
            ("CALL become('t2')", Why::Kind),
            ("SELECT become('t2')", Why::Function),
            ("SELECT other.slug('t2'), other.total(1)", Why::Function),
            ("SELECT shop.`left`(1)", Why::Function),
            ("SELECT nvl2(1, 2, 3)", Why::Function),
            ("SELECT found_rows()", Why::Function),
            ("SELECT /*+ MERGE(v) */ * FROM v", Why::Hidden),
            ("SELECT /*! @tenant := 2 */ 1", Why::Hidden),
            ("SELECT * FROM information_schema.processlist", Why::Told),
            ("SELECT * FROM performance_schema.threads", Why::Told),
            ("SELECT * FROM information_schema.session_status", Why::Told),
            (
                "SELECT * FROM information_schema.`GLOBAL_STATUS`",
                Why::Told,
            ),
            ("SHOW STATUS", Why::Kind),
            ("SHOW WARNINGS", Why::Kind),
            ("SHOW PROCESSLIST", Why::Kind),
            ("SHOW TABLE STATUS", Why::Kind),
            ("SHOW TABLES WHERE (SELECT 1)", Why::Kind),
            ("EXPLAIN SELECT 1", Why::Estimates),
            ("EXPLAIN FOR CONNECTION 3", Why::Estimates),
            ("ANALYZE SELECT 1", Why::Estimates),
            ("PREPARE p FROM 'SELECT 1'", Why::Kind),
            ("EXECUTE IMMEDIATE 'SELECT 1'", Why::Kind),
            (
                "SET STATEMENT max_statement_time = 1 FOR SELECT 1",
                Why::Kind,
            ),
            ("HANDLER orders OPEN", Why::Kind),
            ("DO 1", Why::Kind),
            ("USE shop", Why::Kind),
        ] {
            let refusal = confinement.judge(sql).expect(sql);
            assert_eq!(refusal.why, why, "{sql}");
        }
    }
}
