//! What a text may hold where its caller sees some tables only, as far as names tell.

use std::collections::HashMap;

use domain::{
    Failure, FailureKind,
    access::Tables,
    query::{Dialect as _, Effect, StatementClass, effect::Finding},
};

use super::{
    super::{
        super::lexer, confined::HARMLESS, dialect::PostgresDialect, masking::LONGEST_NAME,
        tokens::first_word,
    },
    aliases::Aliases,
    text::Text,
};

pub(super) const INSTEAD: &str =
    "search_schema and describe_table tell of the tables that your role may see.";

/// Functions that tell of relations by their number or name, among those that otherwise read nothing.
pub(super) const TELLING: [&str; 15] = [
    "col_description",
    "current_schemas",
    "format_type",
    "obj_description",
    "oidvectortypes",
    "pg_get_constraintdef",
    "pg_get_expr",
    "pg_get_indexdef",
    "pg_get_serial_sequence",
    "pg_get_viewdef",
    "pg_input_is_valid",
    // Its value finds types by name.
    "pg_typeof",
    "regclass",
    "row_security_active",
    "shobj_description",
];
/// They take samples of what is named otherwise.
const SAMPLES: [&str; 2] = ["bernoulli", "system"];
/// Types whose values are found by name.
const BY_NAME: [&str; 11] = [
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
];

/// What the database has of the names in a text.
#[derive(Default)]
pub(super) struct Facts {
    relations: Vec<Relation>,
    schemas: Vec<String>,
    /// By name.
    functions: HashMap<String, Vec<Function>>,
    /// Operators and types, with the function that somebody has made for them, which may be called by no name.
    calling: Vec<Calling>,
}

struct Relation {
    schema: String,
    name: String,
    /// What leads to it: itself, or a type that is made of its rows.
    named: (String, String),
    /// Its name by itself means it.
    by_itself: bool,
}

struct Function {
    schema: String,
    made_here: bool,
    of_one: bool,
    /// Its name by itself means it.
    by_itself: bool,
}

struct Calling {
    is_operator: bool,
    name: String,
    schema: String,
    function: String,
}

impl Facts {
    /// From what is told of each: its kind, schema, name, and what else there is to it.
    pub(super) fn of<'a>(rows: impl Iterator<Item = [&'a str; 5]>) -> Self {
        let mut facts = Self::default();
        for [kind, schema, name, more, further] in rows {
            let (schema, owned) = (schema.to_owned(), name.to_owned());
            match kind {
                "relation" => facts.relations.push(Relation {
                    named: (schema.clone(), owned.clone()),
                    schema,
                    name: owned,
                    by_itself: more == "by itself",
                }),
                "type" | "visible type" => facts.relations.push(Relation {
                    named: (more.to_owned(), further.to_owned()),
                    schema,
                    name: owned,
                    by_itself: kind == "visible type",
                }),
                "schema" => facts.schemas.push(schema),
                "built in" | "made here" => {
                    facts.functions.entry(owned).or_default().push(Function {
                        schema,
                        made_here: kind == "made here",
                        of_one: more == "of one",
                        by_itself: further == "by itself",
                    });
                }
                "operator" | "cast" => facts.calling.push(Calling {
                    is_operator: kind == "operator",
                    name: more.to_owned(),
                    schema,
                    function: owned,
                }),
                // What the statement touches.
                _ => {}
            }
        }
        facts
    }

    /// Whether the name at a token is that of something hidden: of a relation, if one is meant here, or of its schema. That
    /// the server's own schemas have it is no secret.
    pub(super) fn are_hidden_by(&self, text: &Text<'_>, at: usize, tables: &Tables) -> bool {
        let Some(name) = text.name(at) else {
            return false;
        };
        let before = text.schema_of(at);
        let schema = before.as_ref().filter(|name| self.schemas.contains(name));
        if before.is_some() && schema.is_none() && !text.calls(at) {
            // A column, of what is called so.
            return false;
        }
        let is_meant = |relation: &&Relation| {
            relation.named.1 == name
                && match &schema {
                    Some(schema) => relation.named.0 == **schema,
                    None => relation.by_itself,
                }
        };
        let is_schema = text.is(Some(at + 1), ".") && self.schemas.contains(&name);
        self.relations.iter().filter(is_meant).any(|relation| {
            !is_of_system(&relation.schema) && !tables.show(&relation.schema, &relation.name)
        }) || (is_schema && !is_of_system(&name) && !tables.may_show_in(&name))
    }

    fn functions(&self, name: &str) -> &[Function] {
        self.functions.get(name).map_or(&[], Vec::as_slice)
    }
}

pub(super) fn is_of_system(schema: &str) -> bool {
    schema == "information_schema" || schema.starts_with("pg_")
}

pub(super) fn is_shown(tables: &Tables, schema: &str, name: &str) -> bool {
    if is_of_system(schema) {
        tables.show_of_system(schema, name)
    } else {
        tables.show(schema, name)
    }
}

pub(super) fn is_harmless(name: &str) -> bool {
    (HARMLESS.contains(name) || SAMPLES.contains(&name))
        && !TELLING.contains(&name)
        && !BY_NAME.contains(&name)
        && !name.starts_with("to_reg")
}

pub(super) fn shows_a_setting(text: &Text<'_>) -> bool {
    first_word(text.sql) == "SHOW"
}

/// Only what reads rows, and nothing that hides what it does.
pub(super) fn admit_kind(text: &Text<'_>) -> Result<(), Failure> {
    let classified = PostgresDialect.classify(text.sql);
    let construct = classified.construct.as_str();
    let explained = first_word(text.explained());
    match (classified.class, construct) {
        (StatementClass::Read, "SHOW") => {}
        (StatementClass::Read, "SELECT" | "WITH" | "VALUES" | "TABLE" | "EXPLAIN")
            if matches!(explained.as_str(), "SELECT" | "WITH" | "VALUES" | "TABLE") => {}
        _ => {
            return Err(not_allowed(
                format!("{construct} is not run for a role that may see some tables only."),
                "Read with SELECT.",
            ));
        }
    }
    let hides = |finding: &&Finding| matches!(finding.effect, Effect::HiddenCode);
    match classified.findings.iter().find(hides) {
        None => Ok(()),
        Some(finding) => Err(not_allowed(
            format!(
                "{} may hide code from whoever judges it.",
                finding.construct
            ),
            "Write it plainly.",
        )),
    }
}

/// Names of the server's own, which may tell of everything, and those that it would cut.
pub(super) fn admit_names(text: &Text<'_>, tables: &Tables) -> Result<(), Failure> {
    let aliases = Aliases::of(text);
    for (at, name) in text.names() {
        let position = lexer::character(text.sql, text.place(at).start);
        if name.len() > LONGEST_NAME {
            return Err(not_allowed(
                "A name of more than 63 bytes may mean another one.",
                "Shorten it.",
            )
            .with_position(position));
        }
        let ours =
            (name.starts_with("pg_") || name.starts_with("_pg_")) && !aliases.means(text, at);
        let tells = (ours
            && name != "pg_catalog"
            && !is_harmless(&name)
            && !tables.show_of_system("pg_catalog", &name)
            && !tables.let_call("pg_catalog", &name))
            // An array's type has the name of its elements' behind such signs.
            || BY_NAME.contains(&name.trim_start_matches('_'))
            || name.starts_with("to_reg");
        if tells {
            return Err(not_allowed(
                format!("{name} may tell of tables that your role may not see."),
                INSTEAD,
            )
            .with_position(position));
        }
    }
    Ok(())
}

/// Functions, which could read anything.
pub(super) fn admit_calls(text: &Text<'_>, facts: &Facts, tables: &Tables) -> Result<(), Failure> {
    let refused = |name: &str, at: Option<usize>| {
        let failure = unknown_function(name, "");
        Err(match at {
            Some(at) => failure.with_position(lexer::character(text.sql, text.place(at).start)),
            None => failure,
        })
    };
    let called = text.syntax.calls.iter().map(|called| {
        let at = text.token_of(called);
        let name = at.and_then(|at| text.name(at));
        (at, name.unwrap_or_else(|| called.name.clone()))
    });
    // Whatever a parser makes of it.
    let before_parentheses = text.names().filter(|(at, _)| {
        let behind_as = text.is(at.checked_sub(1), "as");
        text.is(Some(at + 1), "(") && !behind_as
    });
    for (at, name) in called.chain(before_parentheses.map(|(at, name)| (Some(at), name))) {
        let is_field = at.is_some_and(|at| !text.is(Some(at + 1), "("));
        let schema = at.and_then(|at| text.schema_of(at)).filter(|_| !is_field);
        let may_be_meant = |function: &&Function| {
            schema
                .as_ref()
                .map_or(function.by_itself, |schema| function.schema == *schema)
                && (!is_field || function.of_one)
        };
        let admitted = facts
            .functions(&name)
            .iter()
            .filter(may_be_meant)
            .all(|function| {
                tables.let_call(&function.schema, &name)
                    || (!function.made_here
                        && function.schema == "pg_catalog"
                        && is_harmless(&name))
            });
        if !admitted {
            return refused(&name, at);
        }
    }
    // `o.f` is `f(o)` where `o` has no such column.
    for (at, name) in text.names() {
        let behind_point = text.is(at.checked_sub(1), ".");
        let is_called = text.is(Some(at + 1), "(");
        let is_one = |function: &Function| {
            function.made_here
                && function.of_one
                && function.by_itself
                && !tables.let_call(&function.schema, &name)
        };
        if behind_point && !is_called && facts.functions(&name).iter().any(is_one) {
            return refused(&name, Some(at));
        }
    }
    for calling in &facts.calling {
        let stands = if calling.is_operator {
            text.sql.contains(&calling.name)
        } else {
            text.names().any(|(_, name)| name == calling.name)
        };
        if stands && !tables.let_call(&calling.schema, &calling.function) {
            return refused(&calling.function, None);
        }
    }
    Ok(())
}

/// Whether a hidden name stands where the server could take it for a type, which it locks nothing for.
pub(super) fn may_name_a_hidden_type(text: &Text<'_>, facts: &Facts, tables: &Tables) -> bool {
    let is_hidden = |at: usize| facts.are_hidden_by(text, at, tables);
    text.names()
        .any(|(at, _)| text.may_be_a_type(at) && is_hidden(at))
        || text
            .syntax
            .calls
            .iter()
            .any(|called| text.token_of(called).is_none_or(is_hidden))
}

pub(super) fn unknown_function(name: &str, where_it_stands: &str) -> Failure {
    let message = format!(
        "{name}() could read any table, and your role may see some only. {where_it_stands}"
    );
    not_allowed(
        message.trim_end().to_owned(),
        "Do without it. Whoever runs this server can list a function that keeps to those tables in `functions` of the role.",
    )
}

pub(super) fn not_allowed(message: impl Into<String>, hint: &str) -> Failure {
    Failure::new(FailureKind::NotAllowed, message).with_hint(hint)
}
