//! Which columns are masked, of tables and of all that is made from them.
//!
//! Partitions and tables that inherit hold the same rows as their parents. A view's column that is a column of what it
//! reads is masked as that one is; one that is anything else, in a view that reads a table with masked columns, is masked
//! in full, unless a pattern says otherwise. So is a generated column.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::masking::{Mask, MaskRules};
use sqlx::{Error, PgConnection, postgres::PgRow};

use super::{
    super::{
        super::masking::{Kind, Relation, Token},
        parameters::quoted,
        session::run,
        text_of,
    },
    LONGEST_NAME,
    origins::origins,
};

const COLUMNS: &str = include_str!("../queries/masking/columns.sql");
const COLUMNS_OF: &str = include_str!("../queries/masking/columns_of.sql");
const INHERITS: &str = "SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits";
const VIEWS: &str = include_str!("../queries/masking/views.sql");
const FUNCTIONS: &str = include_str!("../queries/masking/functions.sql");
const OPERATORS: &str =
    "SELECT oprname, oprcode::pg_catalog.oid FROM pg_catalog.pg_operator WHERE oid >= 16384";
const CASTS: &str = "SELECT type.typname, pair.castfunc FROM pg_catalog.pg_cast AS pair \
     JOIN pg_catalog.pg_type AS type ON type.oid = pair.casttarget WHERE pair.oid >= 16384";

/// What the catalog tells of values: the most common ones of each column, and the texts of other sessions.
const TELLS_VALUES: [&str; 8] = [
    "pg_statistic",
    "pg_statistic_ext_data",
    "pg_stats",
    "pg_stats_ext",
    "pg_stats_ext_exprs",
    "pg_stat_activity",
    "pg_stat_statements",
    "pg_stat_get_activity",
];

/// Built-in functions, and those of the server's own extensions, that read tables which the text does not name.
const READS_BY_NAME: [&str; 27] = [
    "table_to_xml",
    "schema_to_xml",
    "database_to_xml",
    "query_to_xml",
    "cursor_to_xml",
    "ts_stat",
    "ts_rewrite",
    "currtid",
    "dblink",
    "crosstab",
    "connectby",
    "xpath_table",
    "pg_stat_get_activity",
    "pg_stat_get_backend_activity",
    "pg_stat_statements",
    "pg_mcv_list_items",
    "pg_logical_slot",
    "pg_get_wal_",
    "get_raw_page",
    "heap_page",
    "bt_page",
    "bt_multi_page",
    "brin_page",
    "gin_leafpage",
    "gist_page",
    "hash_page",
    "pg_toast",
];

#[derive(Debug, Default)]
pub(in super::super) struct Lineage {
    /// By relation and number.
    masks: HashMap<(u32, i16), Mask>,
    pub(super) relations: Vec<Relation>,
    /// Functions, and types that one makes of values, of which nobody knows what they read.
    unknown: HashSet<String>,
    /// Those of them that may be called as a column of a row.
    unknown_of_rows: HashSet<String>,
    unknown_operators: HashSet<String>,
}

/// What is known of one relation while it is found out.
#[derive(Debug, Default)]
struct Found {
    schema: String,
    name: String,
    /// By number.
    columns: BTreeMap<i16, FoundColumn>,
}

#[derive(Debug)]
struct FoundColumn {
    name: String,
    generated: bool,
    mask: Option<Mask>,
}

struct View {
    oid: u32,
    reads: Vec<u32>,
    calls: Vec<u32>,
}

impl Lineage {
    pub(super) async fn read(
        connection: &mut PgConnection,
        rules: &MaskRules,
    ) -> Result<Self, Error> {
        let mut lineage = Self::default();
        let unknown = lineage.read_functions(connection).await?;
        let patterns: Vec<String> = rules
            .column_patterns()
            .map(|pattern| quoted(&like(pattern)))
            .collect();
        if patterns.is_empty() {
            return Ok(lineage);
        }
        let sql = COLUMNS.replace("{patterns}", &patterns.join(","));
        let mut touched: HashSet<u32> = HashSet::new();
        for row in &run(connection, sql).await? {
            if rules
                .of(&text(row, 1), &text(row, 2), &text(row, 3))
                .is_some()
            {
                touched.extend(number(row, 0));
            }
        }
        touched.extend(
            run(connection, tells_values())
                .await?
                .iter()
                .filter_map(|row| number(row, 0)),
        );
        let inherits: Vec<(u32, u32)> = run(connection, INHERITS.to_owned())
            .await?
            .iter()
            .filter_map(|row| Some((number(row, 0)?, number(row, 1)?)))
            .collect();
        spread(&mut touched, |touched| {
            let related = inherits.iter().flat_map(|(child, parent)| {
                let both = touched.contains(child) || touched.contains(parent);
                both.then_some([*child, *parent]).into_iter().flatten()
            });
            related.collect()
        });
        let views = read_views(connection).await?;
        spread(&mut touched, |touched| {
            let reads = |view: &&View| {
                view.reads.iter().any(|read| touched.contains(read))
                    || view.calls.iter().any(|called| unknown.contains(called))
            };
            views.iter().filter(reads).map(|view| view.oid).collect()
        });
        let mut found = read_columns(connection, &touched).await?;
        let made = made_from(connection, &views, &touched).await?;
        mask(&mut found, rules, &inherits, &made);
        lineage.take(&found);
        Ok(lineage)
    }

    /// What may read anything; their numbers.
    async fn read_functions(
        &mut self,
        connection: &mut PgConnection,
    ) -> Result<HashSet<u32>, Error> {
        let mut unknown = HashSet::new();
        for row in &run(connection, FUNCTIONS.to_owned()).await? {
            unknown.extend(number(row, 0));
            let name = text(row, 1).to_lowercase();
            if text_of(row, 2) == Some("t") {
                self.unknown_of_rows.insert(name.clone());
            }
            self.unknown.insert(name);
        }
        if unknown.is_empty() {
            return Ok(unknown);
        }
        for row in &run(connection, OPERATORS.to_owned()).await? {
            if number(row, 1).is_some_and(|called| unknown.contains(&called)) {
                self.unknown_operators.insert(text(row, 0));
            }
        }
        for row in &run(connection, CASTS.to_owned()).await? {
            if number(row, 1).is_some_and(|called| unknown.contains(&called)) {
                self.unknown.insert(text(row, 0).to_lowercase());
            }
        }
        Ok(unknown)
    }

    fn take(&mut self, found: &HashMap<u32, Found>) {
        let mut relations: BTreeMap<String, Relation> = BTreeMap::new();
        for (oid, one) in found {
            if one.columns.values().all(|column| column.mask.is_none()) {
                continue;
            }
            let name = one.name.to_lowercase();
            // Which of several schemas is meant is the server's to say.
            let relation = relations.entry(name.clone()).or_insert_with(|| Relation {
                name,
                columns: BTreeMap::new(),
            });
            for (number, column) in &one.columns {
                if let Some(mask) = column.mask {
                    self.masks.insert((*oid, *number), mask);
                }
                let known = relation.columns.entry(column.name.to_lowercase());
                let known = known.or_default();
                *known = (*known).max(column.mask);
            }
        }
        self.relations = relations.into_values().collect();
    }

    pub(super) fn mask_of(&self, relation: u32, number: i16) -> Option<Mask> {
        self.masks.get(&(relation, number)).copied()
    }

    pub(super) fn is_masked_name(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.relations
            .iter()
            .any(|relation| relation.columns.get(&name).is_some_and(Option::is_some))
    }

    /// What in a statement may read masked columns without naming their table, and at which token.
    pub(super) fn reads_aside(&self, sql: &str, tokens: &[Token]) -> Option<(usize, String)> {
        let is_sign = |at: Option<usize>, sign: &str| {
            at.and_then(|at| tokens.get(at))
                .is_some_and(|token| token.kind == Kind::Sign && token.text == sign)
        };
        let named = tokens.iter().enumerate().find_map(|(at, token)| {
            if !token.is_name() {
                return None;
            }
            let name = token.text.as_str();
            let called = is_sign(Some(at + 1), "(");
            let of_row = is_sign(at.checked_sub(1), ".");
            if name.len() > LONGEST_NAME {
                return Some((
                    at,
                    "A name of more than 63 bytes may mean another one.".to_owned(),
                ));
            }
            if TELLS_VALUES.contains(&name) || name.starts_with("pg_toast") {
                return Some((at, format!("{name} may hold values of masked columns.")));
            }
            let by_name = READS_BY_NAME.iter().any(|start| name.starts_with(start));
            let is_unknown = (called || Self::is_type(tokens, at)) && self.unknown.contains(name);
            if (called && by_name) || is_unknown || (of_row && self.unknown_of_rows.contains(name))
            {
                return Some((
                    at,
                    format!("Nobody knows what {name} reads; this connection has masked columns."),
                ));
            }
            None
        });
        named.or_else(|| {
            let operator = self.unknown_operators.iter().find(|one| sql.contains(one.as_str()))?;
            Some((0, format!("Nobody knows what the operator {operator} reads; this connection has masked columns.")))
        })
    }

    /// Whether a value is made into one of the named type: `x::name`, `CAST(x AS name)`.
    fn is_type(tokens: &[Token], at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        before.is_some_and(|token| {
            (token.kind == Kind::Word && token.text == "as")
                || (token.kind == Kind::Sign && matches!(token.text.as_str(), ":" | "::" | "."))
        })
    }
}

/// Asks for the relations of [`TELLS_VALUES`], which views may read.
fn tells_values() -> String {
    let names: Vec<String> = TELLS_VALUES.iter().map(|name| quoted(name)).collect();
    format!(
        "SELECT oid FROM pg_catalog.pg_class WHERE relname IN ({})",
        names.join(",")
    )
}

/// Adds to a set until there is nothing to add.
fn spread(set: &mut HashSet<u32>, more: impl Fn(&HashSet<u32>) -> Vec<u32>) {
    loop {
        let before = set.len();
        let further = more(set);
        set.extend(further);
        if set.len() == before {
            return;
        }
    }
}

async fn read_views(connection: &mut PgConnection) -> Result<Vec<View>, Error> {
    let rows = run(connection, VIEWS.to_owned()).await?;
    let list = |row: &PgRow, column| -> Vec<u32> {
        text(row, column)
            .split(',')
            .filter_map(|oid| oid.parse().ok())
            .collect()
    };
    Ok(rows
        .iter()
        .filter_map(|row| {
            Some(View {
                oid: number(row, 0)?,
                reads: list(row, 1),
                calls: list(row, 2),
            })
        })
        .collect())
}

async fn read_columns(
    connection: &mut PgConnection,
    relations: &HashSet<u32>,
) -> Result<HashMap<u32, Found>, Error> {
    let mut found: HashMap<u32, Found> = HashMap::new();
    if relations.is_empty() {
        return Ok(found);
    }
    let sql = COLUMNS_OF.replace("{relations}", &joined(relations));
    for row in &run(connection, sql).await? {
        let (Some(oid), Some(number)) = (
            number(row, 0),
            text_of(row, 3).and_then(|text| text.parse().ok()),
        ) else {
            continue;
        };
        let one = found.entry(oid).or_insert_with(|| Found {
            schema: text(row, 1),
            name: text(row, 2),
            columns: BTreeMap::new(),
        });
        let column = FoundColumn {
            name: text(row, 4),
            generated: text_of(row, 5) == Some("t"),
            mask: None,
        };
        one.columns.insert(number, column);
    }
    Ok(found)
}

/// For each of the views that are touched, by number, which column of what each of its columns is; `None` for one that is
/// no column.
type Made = HashMap<u32, HashMap<i16, Option<(u32, i16)>>>;

async fn made_from(
    connection: &mut PgConnection,
    views: &[View],
    touched: &HashSet<u32>,
) -> Result<Made, Error> {
    let wanted: HashSet<u32> = views
        .iter()
        .map(|view| view.oid)
        .filter(|oid| touched.contains(oid))
        .collect();
    let mut made = Made::new();
    if wanted.is_empty() {
        return Ok(made);
    }
    let sql = format!(
        "SELECT ev_class, ev_action::pg_catalog.text FROM pg_catalog.pg_rewrite \
         WHERE ev_type = '1' AND ev_class IN ({})",
        joined(&wanted)
    );
    for row in &run(connection, sql).await? {
        if let Some(view) = number(row, 0) {
            made.insert(view, origins(&text(row, 1)));
        }
    }
    for view in wanted {
        made.entry(view).or_default();
    }
    Ok(made)
}

fn mask(found: &mut HashMap<u32, Found>, rules: &MaskRules, inherits: &[(u32, u32)], made: &Made) {
    for (oid, one) in &mut *found {
        let holds_masked = one
            .columns
            .values()
            .any(|column| rules.of(&one.schema, &one.name, &column.name).is_some());
        let origins = made.get(oid);
        for (number, column) in &mut one.columns {
            let said = rules.says(&one.schema, &one.name, &column.name);
            let is_column =
                origins.is_none_or(|origins| origins.get(number).copied().flatten().is_some());
            column.mask = match said {
                Some(mask) => Some(mask),
                None if TELLS_VALUES.contains(&one.name.as_str()) => Some(Mask::Full),
                None if !is_column || (column.generated && holds_masked) => Some(Mask::Full),
                None => None,
            };
        }
    }
    loop {
        let mut news: Vec<(u32, i16, Mask)> = Vec::new();
        for (child, parent) in inherits {
            for (to, from) in [(child, parent), (parent, child)] {
                news.extend(inherited(found, *to, *from));
            }
        }
        for (view, origins) in made {
            for (number, origin) in origins {
                let Some((from, column)) = origin else {
                    continue;
                };
                let mask = found
                    .get(from)
                    .and_then(|from| from.columns.get(column)?.mask)
                    .filter(|mask| *mask != Mask::Shown);
                if let Some(mask) = mask {
                    news.push((*view, *number, mask));
                }
            }
        }
        let mut changed = false;
        for (oid, number, mask) in news {
            let column = found
                .get_mut(&oid)
                .and_then(|one| one.columns.get_mut(&number));
            if let Some(column) = column
                && column.mask.is_none()
            {
                column.mask = Some(mask);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for column in found.values_mut().flat_map(|one| one.columns.values_mut()) {
        column.mask = column.mask.filter(|mask| *mask != Mask::Shown);
    }
}

/// The columns of `to` that hold the same values as masked ones of `from`: those of the same name.
fn inherited(found: &HashMap<u32, Found>, to: u32, from: u32) -> Vec<(u32, i16, Mask)> {
    let (Some(target), Some(source)) = (found.get(&to), found.get(&from)) else {
        return Vec::new();
    };
    source
        .columns
        .values()
        .filter_map(|column| Some((column, column.mask.filter(|mask| *mask != Mask::Shown)?)))
        .flat_map(|(column, mask)| {
            let same = target
                .columns
                .iter()
                .filter(|(_, other)| other.name == column.name);
            same.map(move |(number, _)| (to, *number, mask))
        })
        .collect()
}

/// `*_phone` as LIKE reads it.
fn like(pattern: &str) -> String {
    let mut like = String::new();
    for character in pattern.chars() {
        match character {
            '*' => like.push('%'),
            '%' | '_' | '\\' => {
                like.push('\\');
                like.push(character);
            }
            _ => like.push(character),
        }
    }
    like
}

fn joined(oids: &HashSet<u32>) -> String {
    let oids: Vec<String> = oids.iter().map(u32::to_string).collect();
    oids.join(",")
}

fn text(row: &PgRow, column: usize) -> String {
    text_of(row, column).unwrap_or_default().to_owned()
}

fn number(row: &PgRow, column: usize) -> Option<u32> {
    text_of(row, column)?.parse().ok()
}
