//! What a statement may do on a connection with row security: read and write rows, and call what cannot change whose rows
//! those are or tell of others. All else is refused, by the port itself, whatever stood before it.
//!
//! Policies in the database decide on rows. This keeps a statement from changing what they go by (`set_config` in a
//! function, an operator, a field), and from asking what they do not cover (statistics, plans, other sessions).

mod checking;
mod failure;

use std::{collections::HashSet, sync::LazyLock};

use domain::{
    Failure, FailureKind,
    connection::RowSecurity,
    query::{Dialect as _, Effect, StatementClass},
};

pub(super) use self::{checking::check, failure::discreet};
use super::{
    super::{lexer, remembered::Memory},
    dialect::PostgresDialect,
    syntax::{Syntax, name_of},
    tokens::{Token, significant},
};

/// Functions, and words that look like them, which tell nothing but what they are given. Of the server's own.
pub(super) static HARMLESS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("harmless.txt").split_whitespace().collect());

/// Of the server's catalog what tells of definitions alone: neither of rows, nor of sessions, nor of roles.
const DEFINITIONS: [&str; 14] = [
    "pg_attrdef",
    "pg_attribute",
    "pg_catalog",
    "pg_collation",
    "pg_constraint",
    "pg_description",
    "pg_enum",
    "pg_index",
    "pg_indexes",
    "pg_namespace",
    "pg_tables",
    "pg_timezone_names",
    "pg_type",
    "pg_views",
];

/// Functions of the database that no list vouches for, as they were when it was opened.
#[derive(Debug, Default)]
pub(super) struct Unlisted {
    /// Called like one of the harmless ones.
    namesakes: HashSet<String>,
    /// Of one value, which can be called as its field.
    of_a_value: HashSet<String>,
    /// Of a row, which can be called as its column.
    of_a_row: HashSet<String>,
}

/// The rules of one connection.
#[derive(Debug)]
pub(super) struct Confinement {
    mapping: RowSecurity,
    unlisted: Unlisted,
    verdicts: Memory<Option<Refusal>>,
}

/// What is refused, and where it stands, in bytes from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refusal {
    what: String,
    at: Option<usize>,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// Its kind is not one of those that only handle rows.
    Kind,
    /// It shows estimates or counts of everybody's rows.
    Estimates,
    Function,
    Catalog,
    Hidden,
}

impl Confinement {
    pub(super) fn new(mapping: RowSecurity, unlisted: Unlisted) -> Self {
        Self {
            mapping,
            unlisted,
            verdicts: Memory::new(),
        }
    }

    /// Refuses a statement that could do more than its caller's rows allow.
    pub(super) fn admit(&self, sql: &str) -> Result<(), Failure> {
        match self.verdicts.of(sql, || self.judge(sql)) {
            None => Ok(()),
            Some(refusal) => Err(refusal.failure(sql)),
        }
    }

    fn judge(&self, sql: &str) -> Option<Refusal> {
        let classified = PostgresDialect.classify(sql);
        let construct = classified.construct.as_str();
        let refused = |why| {
            Some(Refusal {
                what: construct.to_owned(),
                at: None,
                why,
            })
        };
        match (classified.class, construct) {
            (StatementClass::Read, "EXPLAIN") => return refused(Why::Estimates),
            (StatementClass::Read, "SELECT" | "WITH" | "VALUES" | "TABLE" | "SHOW")
            | (StatementClass::Write, "INSERT" | "UPDATE" | "DELETE" | "MERGE") => {}
            // What changes rows behind `WITH` is told by its own word.
            _ => return refused(Why::Kind),
        }
        let hidden = |finding: &&domain::query::effect::Finding| {
            matches!(finding.effect, Effect::HiddenCode)
        };
        if let Some(finding) = classified.findings.iter().find(hidden) {
            return Some(Refusal {
                what: finding.construct.clone(),
                at: None,
                why: Why::Hidden,
            });
        }
        let tokens: Vec<Token<'_>> = significant(sql).collect();
        let syntax = Syntax::of(sql);
        if syntax.makes_a_table_of_a_query()
            || syntax
                .writes
                .iter()
                .any(|inner| matches!(inner.construct, "SELECT INTO" | "CREATE"))
                && !construct.starts_with("INSERT")
                && !construct.starts_with("MERGE")
        {
            return refused(Why::Kind);
        }
        self.catalog(&tokens)
            .or_else(|| self.columns(&tokens))
            .or_else(|| self.calls(&syntax, &tokens))
    }

    /// Everything of the server's own begins with `pg_`, and nothing else can in its schemas.
    fn catalog(&self, tokens: &[Token<'_>]) -> Option<Refusal> {
        tokens
            .iter()
            .filter(|token| is_name(token))
            .find_map(|token| {
                let name = name_of(token.text);
                let told = DEFINITIONS.contains(&name.as_str())
                    || HARMLESS.contains(name.as_str())
                    || self.mapping.lists(None, &name);
                let ours = name.starts_with("pg_") || name.starts_with("_pg_");
                (ours && !told).then_some(Refusal {
                    what: name,
                    at: Some(token.at),
                    why: Why::Catalog,
                })
            })
    }

    /// `o.f` is `f(o)` where it is no column of `o`.
    fn columns(&self, tokens: &[Token<'_>]) -> Option<Refusal> {
        tokens.windows(2).find_map(|pair| {
            let [point, token] = pair else { return None };
            if point.text != "." || !is_name(token) {
                return None;
            }
            let name = name_of(token.text);
            self.unlisted.of_a_row.contains(&name).then_some(Refusal {
                what: name,
                at: Some(token.at),
                why: Why::Function,
            })
        })
    }

    fn calls(&self, syntax: &Syntax, tokens: &[Token<'_>]) -> Option<Refusal> {
        syntax.calls.iter().find_map(|called| {
            let name = called.name.as_str();
            let place = tokens.iter().position(|token| token.at == called.at);
            let before = |steps: usize| tokens.get(place?.checked_sub(steps)?);
            let is_field = place
                .is_some_and(|place| tokens.get(place + 1).is_none_or(|next| next.text != "("));
            let admitted = if is_field {
                !self.unlisted.of_a_value.contains(name)
            } else {
                let schema = before(1)
                    .filter(|point| point.text == ".")
                    .and_then(|_| before(2))
                    .map(|schema| name_of(schema.text));
                let own = schema
                    .as_deref()
                    .is_none_or(|schema| schema == "pg_catalog");
                self.mapping.lists(schema.as_deref(), name)
                    || (own && HARMLESS.contains(name) && !self.unlisted.namesakes.contains(name))
            };
            (!admitted).then(|| Refusal {
                what: format!("{name}()"),
                at: Some(called.at),
                why: Why::Function,
            })
        })
    }
}

fn is_name(token: &Token<'_>) -> bool {
    token
        .text
        .starts_with(|first: char| first == '"' || first == '_' || first.is_alphabetic())
}

impl Refusal {
    fn failure(&self, sql: &str) -> Failure {
        let what = &self.what;
        let (message, hint) = match self.why {
            Why::Kind => (
                format!("{what} is not run where rows are shown by who asks for them."),
                "Read with SELECT; where the connection may write, INSERT, UPDATE, DELETE and MERGE change rows.",
            ),
            Why::Estimates => (
                "EXPLAIN tells how many rows there are of everybody, and this connection shows each caller its own."
                    .to_owned(),
                "Do without the plan; the statement itself can be run.",
            ),
            Why::Function => (
                format!(
                    "{what} is not known to show a caller its own rows only, and this connection must."
                ),
                "Do without it. Whoever runs this server can list a function that keeps to it in ROW_SECURITY_FUNCTIONS of the connection.",
            ),
            Why::Catalog => (
                format!(
                    "{what} may tell of other callers' rows, statements or roles, and this connection shows each caller its own."
                ),
                "Call search_schema or describe_table for what the database holds, or read information_schema.",
            ),
            Why::Hidden => (
                format!("{what} may hide code from whoever judges it."),
                "Write it plainly.",
            ),
        };
        let failure = Failure::new(FailureKind::NotAllowed, message).with_hint(hint);
        match self.at {
            Some(at) => failure.with_position(lexer::character(sql, at)),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confinement() -> Confinement {
        let mapping = RowSecurity::parse(
            r#"{"settings": {"app.tenant": "{claim:tenant}"}}"#,
            "slug, shop.total",
        );
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let unlisted = Unlisted {
            namesakes: names(&["reverse"]),
            of_a_value: names(&["lo_get", "sneak"]),
            of_a_row: names(&["owner_of"]),
        };
        Confinement::new(mapping.unwrap(), unlisted)
    }

    #[test]
    fn what_handles_rows_is_admitted() {
        let confinement = confinement();
        for sql in [
            "SELECT * FROM orders",
            "select count(*), sum(total)::numeric(10, 2) from shop.orders o where o.id in (1, 2) group by o.name",
            "WITH t (a, b) AS (VALUES (1, 2)) SELECT coalesce(a, b), extract(year FROM now()), cast(a AS varchar(3)) FROM t",
            "SELECT pg_catalog.lower(name), pg_typeof(id), slug(name), shop.total(id) FROM orders",
            "SELECT row_number() OVER (PARTITION BY a ORDER BY b), count(*) FILTER (WHERE a > 1) FROM t",
            "SELECT t.n FROM generate_series(1, 3) AS t(n)",
            "SELECT current_user, current_setting('app.tenant'), 'pg_stat_activity', \"pg_catalog\".upper('a')",
            "SELECT table_name FROM information_schema.tables",
            "SELECT (a).name, x[1] FROM t",
            "SHOW server_version",
            "INSERT INTO orders (id, name) VALUES (1, 'a') RETURNING id",
            "UPDATE orders SET name = upper(name) WHERE id = ANY (ARRAY[1, 2])",
            "DELETE FROM orders USING shops WHERE orders.shop = shops.id",
            "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
            "SELECT * FROM orders FOR UPDATE",
            "SELECT position('a' in 'b'), substring('a' from 1), trim(both ' ' from 'a'), json_build_object('a', 1)",
            "SELECT a FROM t WHERE EXISTS (SELECT 1) AND b NOT IN (SELECT c FROM u) ORDER BY greatest(a, b)",
            "SELECT string_agg(name, ', ' ORDER BY name) FROM (SELECT name FROM t) AS s (name)",
        ] {
            assert_eq!(confinement.judge(sql), None, "{sql}");
        }
    }

    #[test]
    fn what_could_do_more_is_refused_and_named() {
        let confinement = confinement();
        for (sql, what) in [
            ("SELECT set_config('app.tenant', 'b', true)", "set_config()"),
            (
                "SELECT pg_catalog.\"set_config\"('a', 'b', true)",
                "set_config()",
            ),
            (
                "SELECT U&\"set\\005Fconfig\"('a', 'b', true)",
                "set_config()",
            ),
            ("SELECT * FROM become('b')", "become()"),
            ("SELECT other.lower('b')", "lower()"),
            ("SELECT other.total(1)", "total()"),
            ("SELECT total(1)", "total()"),
            ("SELECT reverse('b')", "reverse()"),
            ("SELECT ('b'::text).sneak", "sneak()"),
            ("SELECT (16400::oid).lo_get", "lo_get()"),
            ("SELECT o.owner_of FROM orders o", "owner_of"),
            ("SELECT query FROM pg_stat_activity", "pg_stat_activity"),
            ("SELECT * FROM pg_catalog.\"pg_stats\"", "pg_stats"),
            ("SELECT reltuples FROM pg_class", "pg_class"),
            (
                "SELECT statement FROM pg_prepared_statements",
                "pg_prepared_statements",
            ),
            ("TABLE pg_roles", "pg_roles"),
            (
                "SELECT query_to_xml('SELECT 1', true, true, '')",
                "query_to_xml()",
            ),
            ("EXPLAIN SELECT 1", "EXPLAIN"),
            ("EXPLAIN ANALYZE SELECT 1", "EXPLAIN"),
            ("SET ROLE b", "SET"),
            ("RESET ROLE", "RESET"),
            ("SET SESSION AUTHORIZATION b", "SET"),
            ("DO $$ BEGIN END $$", "DO"),
            ("CALL p()", "CALL"),
            ("CREATE TABLE t AS SELECT 1", "CREATE"),
            ("SELECT 1 INTO t", "SELECT INTO"),
            ("TRUNCATE orders", "TRUNCATE"),
            ("COPY orders TO STDOUT", "COPY"),
            ("EXECUTE sqlx_s_1", "EXECUTE"),
            ("ALTER TABLE orders DISABLE ROW LEVEL SECURITY", "ALTER"),
        ] {
            let refusal = confinement.judge(sql).expect(sql);
            assert_eq!(refusal.what, what, "{sql}");
        }
    }

    #[test]
    fn a_refusal_says_where_and_what_would_allow_it() {
        let failure = confinement()
            .admit("SELECT 'é', set_config('a', 'b', true)")
            .unwrap_err();

        assert_eq!(
            (failure.kind, failure.position),
            (FailureKind::NotAllowed, Some(13))
        );
        assert!(failure.hint.unwrap().contains("ROW_SECURITY_FUNCTIONS"));
    }
}
