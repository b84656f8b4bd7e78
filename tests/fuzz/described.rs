//! A description tells all of a table: what is made from it is described in the same words.

use std::fmt::Write as _;

use domain::{connection::Database, schema::TableDescription};
use proptest::{collection::vec, option, prelude::any, sample::select, strategy::Strategy};
use support::{
    databases::{describe_all, open, writable, write},
    on_every_engine,
    subject::Subject,
};

use super::samples;

const NAMES: [&str; 8] = [
    "orders",
    "Order Items",
    "a.b",
    "say \"x\"",
    "it's",
    "select",
    "naïve",
    "x DESC",
];
const COMMENTS: [&str; 3] = ["What was bought.", "it's \"all\" -- {}; \\", "two\nlines"];
const ACTIONS: [&str; 4] = ["NO ACTION", "CASCADE", "SET NULL", "RESTRICT"];
/// With a value of each.
const POSTGRES_TYPES: [(&str, &str); 10] = [
    ("integer", "7"),
    ("text", "'it''s'"),
    ("varchar(20)", "'x'"),
    ("numeric(10,2)", "1.20"),
    ("timestamptz", "now()"),
    ("text[]", "'{a,b}'"),
    ("jsonb", "'{}'"),
    ("boolean", "(NOT true)"),
    ("char(3) COLLATE \"C\"", "'abc'"),
    ("interval", "'1 day'"),
];
const MYSQL_TYPES: [(&str, &str); 9] = [
    ("int", "7"),
    ("varchar(20)", "'it''s'"),
    ("decimal(10,2)", "1.20"),
    ("datetime", "CURRENT_TIMESTAMP"),
    ("char(3) COLLATE utf8mb4_bin", "'abc'"),
    ("enum('a','b''c')", "'a'"),
    ("tinyint unsigned", "7"),
    ("bit(3)", "b'101'"),
    ("double", "(1 + 2)"),
];
const SQLITE_TYPES: [(&str, &str); 7] = [
    ("INTEGER", "7"),
    ("TEXT", "'it''s'"),
    ("DECIMAL(10,2)", "1.20"),
    ("varchar(20) COLLATE NOCASE", "'x'"),
    ("DATETIME", "CURRENT_TIMESTAMP"),
    ("BLOB", "x'00'"),
    ("REAL", "(1 + 2)"),
];

#[derive(Debug, Clone)]
struct Column {
    kind: usize,
    not_null: bool,
    has_default: bool,
    comment: Option<&'static str>,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is thrown as a coin of its own"
)]
#[derive(Debug, Clone)]
struct Index {
    column: usize,
    descends: bool,
    is_unique: bool,
    is_partial: bool,
    is_expression: bool,
}

#[derive(Debug, Clone)]
struct Table {
    /// Beyond the first one, which is a number.
    columns: Vec<Column>,
    /// How many columns its primary key has.
    key: usize,
    unique: Option<usize>,
    is_checked: bool,
    is_numbered: bool,
    has_sum: bool,
    parent: Option<(usize, &'static str, &'static str)>,
    indexes: Vec<Index>,
    comment: Option<&'static str>,
}

fn table() -> impl Strategy<Value = Table> {
    let comment = || option::of(select(&COMMENTS[..]));
    let column = (any::<usize>(), any::<bool>(), any::<bool>(), comment()).prop_map(
        |(kind, not_null, has_default, comment)| Column {
            kind,
            not_null,
            has_default,
            comment,
        },
    );
    let index = any::<(usize, bool, bool, bool, bool)>().prop_map(
        |(column, descends, is_unique, is_partial, is_expression)| Index {
            column,
            descends,
            is_unique,
            is_partial,
            is_expression,
        },
    );
    let parent = (any::<usize>(), select(&ACTIONS[..]), select(&ACTIONS[..]));
    (
        vec(column, 1..5),
        0..3_usize,
        option::of(any::<usize>()),
        any::<(bool, bool, bool)>(),
        option::of(parent),
        vec(index, 0..3),
        comment(),
    )
        .prop_map(
            |(
                columns,
                key,
                unique,
                (is_checked, is_numbered, has_sum),
                parent,
                indexes,
                comment,
            )| {
                Table {
                    columns,
                    key,
                    unique,
                    is_checked,
                    is_numbered,
                    has_sum,
                    parent,
                    indexes,
                    comment,
                }
            },
        )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    Postgres,
    Mysql,
    Mariadb,
    Sqlite,
}

/// Writes statements in one engine's words.
struct Writer<'a> {
    database: &'a Database,
    words: Words,
}

impl Writer<'_> {
    fn is_postgres(&self) -> bool {
        self.words == Words::Postgres
    }

    /// Of either server.
    fn is_mysql(&self) -> bool {
        matches!(self.words, Words::Mysql | Words::Mariadb)
    }

    fn name(&self, name: &str) -> String {
        self.database.dialect.quoted(name).into_owned()
    }

    fn names(&self, names: &[String]) -> String {
        let names: Vec<String> = names.iter().map(|name| self.name(name)).collect();
        names.join(", ")
    }

    /// What was thought up. Each table may point to itself or to one before it.
    fn of_plan(&self, tables: &[Table]) -> Vec<String> {
        let mut statements = Vec::new();
        for (at, table) in tables.iter().enumerate() {
            let name = self.name(NAMES[at]);
            let column = |place: usize| self.name(NAMES[(at + place) % NAMES.len()]);
            let first = column(0);
            // MySQL counts in keys alone, and computes nothing from what it counts.
            let counts = table.is_numbered && self.is_mysql() && table.key == 1;
            let numbered = if table.is_numbered && self.is_postgres() {
                " GENERATED BY DEFAULT AS IDENTITY"
            } else if counts {
                " AUTO_INCREMENT"
            } else {
                ""
            };
            let mut items = vec![format!("{first} integer{numbered}")];
            for (place, planned) in table.columns.iter().enumerate() {
                let (kind, value) = self.kind(planned.kind);
                let not_null = if planned.not_null { " NOT NULL" } else { "" };
                let default = if planned.has_default {
                    format!(" DEFAULT {value}")
                } else {
                    String::new()
                };
                let comment = self.comment_within(planned.comment);
                items.push(format!(
                    "{} {kind}{not_null}{default}{comment}",
                    column(place + 1)
                ));
            }
            if table.has_sum && !counts {
                items.push(format!(
                    "total integer GENERATED ALWAYS AS ({first} + 1) STORED"
                ));
            }
            let parent = table
                .parent
                .map(|(parent, delete, update)| (parent % (at + 1), delete, update));
            if let Some((parent, delete, update)) = parent.filter(|(at, ..)| tables[*at].key == 1) {
                let target = self.name(NAMES[parent]);
                let constraint = self.name(&format!("up {at}"));
                items.push("up integer".to_owned());
                items.push(format!("CONSTRAINT {constraint} FOREIGN KEY (up) REFERENCES {target} ({target}) ON DELETE {delete} ON UPDATE {update}"));
            }
            match table.key {
                1 => items.push(format!("PRIMARY KEY ({first})")),
                2 => items.push(format!("PRIMARY KEY ({}, {first})", column(1))),
                _ => {}
            }
            if let Some(place) = table.unique {
                items.push(format!(
                    "UNIQUE ({})",
                    column(place % (table.columns.len() + 1))
                ));
            }
            if table.is_checked && !counts {
                let constraint = self.name(&format!("Is it {at}?"));
                items.push(format!("CONSTRAINT {constraint} CHECK ({first} > 0)"));
            }
            // Constraints stand behind all columns.
            items.sort_by_key(|item| {
                ["CONSTRAINT ", "PRIMARY KEY", "UNIQUE "]
                    .iter()
                    .any(|word| item.starts_with(word))
            });
            let comment = self.comment_within(table.comment);
            statements.push(format!(
                "CREATE TABLE {name} ({}){comment}",
                items.join(", ")
            ));
            for (number, index) in table.indexes.iter().enumerate() {
                let unique = if index.is_unique { "UNIQUE " } else { "" };
                let is_expression = index.is_expression && self.words != Words::Mariadb && !counts;
                let what = if is_expression {
                    format!("({first} + 1)")
                } else {
                    column(index.column % (table.columns.len() + 1))
                };
                let descends = if index.descends { " DESC" } else { "" };
                let partial = if index.is_partial && !self.is_mysql() {
                    format!(" WHERE {first} > 5")
                } else {
                    String::new()
                };
                let index = self.name(&format!("by {at} {number}"));
                statements.push(format!(
                    "CREATE {unique}INDEX {index} ON {name} ({what}{descends}){partial}"
                ));
            }
            if self.is_postgres() {
                let comments = table.columns.iter().enumerate().map(|(place, planned)| {
                    let column = column(place + 1);
                    (format!("COLUMN {name}.{column}"), planned.comment)
                });
                for (what, comment) in comments.chain([(format!("TABLE {name}"), table.comment)]) {
                    statements.extend(comment.map(|text| commented(&what, text)));
                }
            }
        }
        statements
    }

    fn kind(&self, number: usize) -> (&'static str, &'static str) {
        match self.words {
            Words::Postgres => POSTGRES_TYPES[number % POSTGRES_TYPES.len()],
            Words::Mysql | Words::Mariadb => MYSQL_TYPES[number % MYSQL_TYPES.len()],
            Words::Sqlite => SQLITE_TYPES[number % SQLITE_TYPES.len()],
        }
    }

    /// A comment as MySQL has it, in the statement that makes what it is about.
    fn comment_within(&self, comment: Option<&str>) -> String {
        match comment {
            Some(text) if self.is_mysql() => {
                let text = text.replace('\\', "\\\\").replace('\'', "''");
                format!(" COMMENT '{text}'")
            }
            _ => String::new(),
        }
    }

    /// What a description says.
    fn of_description(&self, table: &TableDescription) -> Vec<String> {
        let name = self.name(&table.name);
        let mut items = Vec::new();
        for column in &table.columns {
            let mut item = format!("{} {}", self.name(&column.name), column.type_name);
            if let Some(collation) = &column.collation {
                write!(item, " COLLATE {}", self.name(collation)).unwrap();
            }
            if let Some(generated) = &column.generated {
                let expression = generated.strip_suffix(" stored").unwrap();
                write!(item, " GENERATED ALWAYS AS ({expression}) STORED").unwrap();
            }
            if let Some(identity) = column.identity.as_ref().filter(|_| self.is_postgres()) {
                write!(item, " GENERATED {identity} AS IDENTITY").unwrap();
            }
            if column.identity.is_some() && self.is_mysql() {
                item += " AUTO_INCREMENT";
            }
            match &column.default {
                // It tells texts from expressions by their brackets.
                Some(default) if self.is_mysql() && !default.contains('+') => {
                    write!(item, " DEFAULT {default}").unwrap();
                }
                Some(default) => write!(item, " DEFAULT ({default})").unwrap(),
                None => {}
            }
            if column.not_null {
                item += " NOT NULL";
            }
            item += &self.comment_within(column.comment.as_deref());
            items.push(item);
        }
        if !table.primary_key.is_empty() {
            items.push(format!("PRIMARY KEY ({})", self.names(&table.primary_key)));
        }
        // One with a direction is told as an index too.
        let is_index = |name: &str| table.indexes.iter().any(|index| index.name == name);
        let mut later = Vec::new();
        for key in table.unique.iter().filter(|key| !is_index(&key.name)) {
            let named = self.constraint(&key.name);
            let item = format!("{named}UNIQUE ({})", self.names(&key.columns));
            if self.is_postgres() {
                // Of two over the same columns in one statement the server makes one.
                later.push(format!("ALTER TABLE {name} ADD {item}"));
            } else {
                items.push(item);
            }
        }
        for check in &table.checks {
            let named = self.constraint(&check.name);
            let definition = check.definition.strip_prefix("CHECK ");
            let definition =
                definition.map_or_else(|| format!("({})", check.definition), str::to_owned);
            items.push(format!("{named}CHECK {definition}"));
        }
        for key in &table.foreign_keys {
            let named = self.constraint(&key.name);
            let mut item = format!(
                "{named}FOREIGN KEY ({}) REFERENCES {}",
                self.names(&key.columns),
                key.references
            );
            for (when, action) in [("DELETE", &key.on_delete), ("UPDATE", &key.on_update)] {
                item.extend(action.iter().map(|action| format!(" ON {when} {action}")));
            }
            items.push(item);
        }
        let comment = self.comment_within(table.comment.as_deref());
        let mut statements = vec![format!(
            "CREATE TABLE {name} ({}){comment}",
            items.join(", ")
        )];
        statements.append(&mut later);
        for index in &table.indexes {
            let unique = if index.unique { "UNIQUE " } else { "" };
            let mut statement = format!(
                "CREATE {unique}INDEX {} ON {name} ({})",
                self.name(&index.name),
                index.columns.join(", ")
            );
            statement.extend(index.predicate.iter().map(|rule| format!(" WHERE {rule}")));
            statements.push(statement);
        }
        if self.is_mysql() {
            return statements;
        }
        let columns = table.columns.iter().map(|column| {
            let what = format!("COLUMN {name}.{}", self.name(&column.name));
            (what, column.comment.as_deref())
        });
        let whole = (format!("TABLE {name}"), table.comment.as_deref());
        for (what, comment) in columns.chain([whole]) {
            statements.extend(comment.map(|text| commented(&what, text)));
        }
        statements
    }

    fn constraint(&self, name: &str) -> String {
        if name.is_empty() {
            String::new()
        } else {
            format!("CONSTRAINT {} ", self.name(name))
        }
    }
}

fn commented(what: &str, text: &str) -> String {
    format!("COMMENT ON {what} IS '{}'", text.replace('\'', "''"))
}

/// The descriptions without what differs from place to place.
async fn described(database: &Database, schema: &str, count: usize) -> Vec<TableDescription> {
    let names: Vec<(String, String)> = NAMES[..count]
        .iter()
        .map(|name| (schema.to_owned(), (*name).to_owned()))
        .collect();
    let mut tables = describe_all(database, &names).await;
    assert_eq!(tables.len(), count);
    for table in &mut tables {
        table.schema.clear();
        table.estimated_rows = None;
        table.size_bytes = None;
        for key in &mut table.unique {
            // SQLite's own, numbered in the order in which they are declared.
            if key.name.starts_with("sqlite_autoindex_") {
                key.name.clear();
            }
        }
        table
            .unique
            .sort_by(|one, other| (&one.name, &one.columns).cmp(&(&other.name, &other.columns)));
        table
            .indexes
            .sort_by(|one, other| one.name.cmp(&other.name));
        table
            .referenced_by
            .sort_by(|one, other| one.from.cmp(&other.from));
    }
    tables
}

/// Runs statements in a place of their own, and describes what they made.
async fn made(
    subject: &Subject,
    statements: impl Fn(&Writer) -> Vec<String>,
    count: usize,
) -> Vec<TableDescription> {
    let (config, take_away) = subject.place().await;
    let words = match subject.name {
        "sqlite" => Words::Sqlite,
        "mysql_9" => Words::Mysql,
        "mariadb_10_11" => Words::Mariadb,
        _ => Words::Postgres,
    };
    let schema = config.schema.clone();
    let schema = schema.or_else(|| take_away.is_some().then(|| config.database.clone())?);
    let schema = schema.unwrap_or_else(|| "main".to_owned());
    let database = open(writable(config)).await;
    let writer = Writer {
        database: &database,
        words,
    };
    for sql in statements(&writer) {
        write(&database, &sql, vec![])
            .await
            .unwrap_or_else(|failure| panic!("{sql}: {failure:?}"));
    }
    let told = described(&database, &schema, count).await;
    if let Some(sql) = take_away {
        write(&database, &sql, vec![]).await.unwrap();
    }
    database.pool.close().await;
    told
}

on_every_engine!(
    what_is_made_from_a_description_is_described_in_the_same_words,
    async |subject: &Subject| {
        for plan in samples(16, vec(table(), 1..4)) {
            let told = made(subject, |writer| writer.of_plan(&plan), plan.len()).await;

            let again = made(
                subject,
                |writer| {
                    told.iter()
                        .flat_map(|table| writer.of_description(table))
                        .collect()
                },
                plan.len(),
            )
            .await;

            assert_eq!(again, told);
        }
    }
);
