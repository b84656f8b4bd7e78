//! Masked columns: `SQLite` tells which columns a statement reads, views looked through, and which column of which
//! table each column of the result is. It does not tell what `USING` and `NATURAL` compare, so the text counts too.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::CString,
};

use domain::{
    Failure,
    masking::{Mask, Masking, Masks},
};
use sqlx::sqlite::LockedSqliteHandle;

use super::{
    super::{
        lexer::{Lexed, position},
        lexicon,
        masking::{Kind, Reading, Relation, Token, Touch, judge, of_lexed, refused},
    },
    handle::{self, Origin, Prepared},
};

const READING: Reading = Reading {
    whole_rows: false,
    strings_are_names: true,
};

/// Tables in which `SQLite` keeps values of others, or their pages.
const TELLS_VALUES: [&str; 3] = ["sqlite_stat3", "sqlite_stat4", "sqlite_dbpage"];
/// The names of the key that every row has, whatever it is called besides.
const ROW_IDS: [&str; 3] = ["rowid", "oid", "_rowid_"];

/// What holds for one statement where columns are masked.
#[derive(Debug, Default)]
pub(super) struct Guard {
    pub(super) masks: Masks,
    /// It reads masked columns, itself or through a view.
    pub(super) touches: bool,
}

impl Guard {
    pub(super) fn of(
        handle: &mut LockedSqliteHandle<'_>,
        sql: &str,
        prepared: &Prepared,
        reads: &[Origin],
        masking: &Masking,
    ) -> Result<Self, Failure> {
        let mut tables = Tables {
            handle,
            masking,
            known: BTreeMap::new(),
        };
        for read in reads {
            let table = read.table.to_lowercase();
            if TELLS_VALUES.contains(&table.as_str()) {
                return Err(refused(
                    format!("{table} may hold values of masked columns."),
                    "Do without it.",
                ));
            }
        }
        let reads_masked = reads.iter().any(|read| tables.mask_of(read).is_some());
        let lexed = Lexed::of(&lexicon::SQLITE, sql);
        if lexed.flaw.is_some() {
            return Err(refused(
                "The text cannot be read where columns are masked.",
                "Write it with plain names and strings.",
            ));
        }
        let tokens = of_lexed(&lexed);
        let relations = tables.relations(&tokens);
        let touch = judge(&tokens, &relations, READING).map_err(|refusal| {
            let at = lexed.significant().nth(refusal.token);
            refusal.into_failure(at.map(|token| position(sql, token.span.start)))
        })?;
        let Touch::Allowed { shown, star } = touch else {
            return if reads_masked {
                Err(refused(
                    "The statement reads masked columns of a table that it does not name.",
                    "Name the tables that are read.",
                ))
            } else {
                Ok(Self::default())
            };
        };
        let explains = tokens
            .first()
            .is_some_and(|token| token.kind == Kind::Word && token.text == "explain");
        let masks = if explains {
            Vec::new()
        } else {
            tables.of_result(prepared, &relations, &shown, star)
        };
        Ok(Self {
            masks: Masks::new(masks, masking),
            touches: true,
        })
    }
}

struct Tables<'a, 'h> {
    handle: &'a mut LockedSqliteHandle<'h>,
    masking: &'a Masking,
    /// By database and table, the columns with their masks, all in lower case.
    known: BTreeMap<(String, String), BTreeMap<String, Option<Mask>>>,
}

impl Tables<'_, '_> {
    fn mask_of(&mut self, origin: &Origin) -> Option<Mask> {
        let table = origin.table.to_lowercase();
        if table.starts_with("sqlite_") || table.starts_with("pragma_") {
            return None;
        }
        let column = origin.column.to_lowercase();
        let key = (origin.database.to_lowercase(), table);
        if !self.known.contains_key(&key) {
            let columns = self.columns_of(&origin.database, &origin.table);
            self.known.insert(key.clone(), columns);
        }
        self.known.get(&key)?.get(&column).copied().flatten()
    }

    /// A generated column of a table with masked columns is masked in full, unless a pattern says otherwise.
    fn columns_of(&mut self, database: &str, table: &str) -> BTreeMap<String, Option<Mask>> {
        let quoted = |text: &str| text.replace('\'', "''");
        let ask = format!(
            "SELECT hidden || name FROM pragma_table_xinfo('{}', '{}')",
            quoted(table),
            quoted(database)
        );
        let mut columns = Vec::new();
        if let Ok(ask) = CString::new(ask) {
            let read = handle::read_schema(self.handle, &ask, |text| {
                columns.push(String::from_utf8_lossy(text).into_owned());
            });
            if read.is_err() {
                columns.clear();
            }
        }
        let rules = &self.masking.rules;
        let named = |column: &str| column.get(1..).unwrap_or_default().to_owned();
        let holds_masked = columns
            .iter()
            .any(|column| rules.of(database, table, &named(column)).is_some());
        columns
            .iter()
            .map(|column| {
                let name = named(column);
                let generated = column.starts_with(['2', '3']);
                let mask = match rules.says(database, table, &name) {
                    None if generated && holds_masked => Some(Mask::Full),
                    said => said.filter(|mask| *mask != Mask::Shown),
                };
                (name.to_lowercase(), mask)
            })
            .collect()
    }

    /// Every table and view with masked columns that a name in the text may mean.
    fn relations(&mut self, tokens: &[Token]) -> Vec<Relation> {
        let mut names: BTreeSet<(Option<String>, String)> = BTreeSet::new();
        for (at, token) in tokens.iter().enumerate() {
            if !token.is_name() && token.kind != Kind::Text {
                continue;
            }
            names.insert((None, token.text.clone()));
            let is_point = |at: Option<usize>| {
                at.and_then(|at| tokens.get(at))
                    .is_some_and(|token| token.kind == Kind::Sign && token.text == ".")
            };
            if is_point(at.checked_sub(1))
                && let Some(database) = at.checked_sub(2).and_then(|at| tokens.get(at))
            {
                names.insert((Some(database.text.clone()), token.text.clone()));
            }
        }
        names
            .into_iter()
            .filter_map(|(database, name)| self.relation(database.as_deref(), name))
            .collect()
    }

    fn relation(&mut self, database: Option<&str>, name: String) -> Option<Relation> {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let source = match database {
            Some(database) => format!("{}.{}", quoted(database), quoted(&name)),
            None => quoted(&name),
        };
        let all = format!("SELECT * FROM {source}");
        let (prepared, reads) = handle::prepare_and_watch(self.handle, &all).ok()?;
        let touches = reads.iter().any(|read| self.mask_of(read).is_some());
        if !touches {
            return None;
        }
        let mut columns = BTreeMap::new();
        for ((column, _), origin) in prepared.columns.iter().zip(&prepared.origins) {
            let own = reads
                .iter()
                .find(|read| read.table.eq_ignore_ascii_case(&name))
                .map_or("main", |read| read.database.as_str());
            let mask = match (self.masking.rules.says(own, &name, column), origin) {
                (Some(said), _) => Some(said).filter(|mask| *mask != Mask::Shown),
                (None, Some(origin)) => self.mask_of(origin),
                (None, None) => Some(Mask::Full),
            };
            columns.insert(column.to_lowercase(), mask);
        }
        let row_id = format!("SELECT rowid FROM {source}");
        if let Ok((_, reads)) = handle::prepare_and_watch(self.handle, &row_id)
            && let Some(mask) = reads.iter().find_map(|read| self.mask_of(read))
        {
            for name in ROW_IDS {
                columns.entry(name.to_owned()).or_insert(Some(mask));
            }
        }
        Some(Relation { name, columns })
    }

    fn of_result(
        &mut self,
        prepared: &Prepared,
        relations: &[Relation],
        shown: &BTreeMap<usize, String>,
        star: bool,
    ) -> Vec<Option<Mask>> {
        let is_masked_name = |name: &str| {
            relations
                .iter()
                .any(|relation| relation.columns.get(name).is_some_and(Option::is_some))
        };
        prepared
            .columns
            .iter()
            .zip(&prepared.origins)
            .enumerate()
            .map(|(place, ((name, _), origin))| {
                let by_origin = origin.as_ref().and_then(|origin| self.mask_of(origin));
                let by_text = if star {
                    // Nobody knows at which place a view's own column stands.
                    origin.is_none() && (!shown.is_empty() || is_masked_name(&name.to_lowercase()))
                } else {
                    shown.contains_key(&place)
                };
                by_origin.or(by_text.then_some(Mask::Full))
            })
            .collect()
    }
}
