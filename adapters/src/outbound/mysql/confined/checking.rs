//! Whether the views of a database decide whose rows an account sees, asked once when it is opened.
//!
//! A view that calls a stored function is taken for one that asks whose rows to show: a view cannot name a variable itself. That
//! the function goes by the variable, and the view by the function, is the operator's word.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use domain::{
    Failure, FailureKind,
    connection::{Finding, FindingKind},
};

use super::super::{
    masking::folded,
    named::Text,
    result,
    session::{MySqlSession, own_rows, quoted},
};

/// Schema and name.
type Key = (String, String);

/// So many names are told of a kind.
const TOLD: usize = 10;
const VIEWS: &str = "SELECT 'view', table_schema, table_name, view_definition FROM information_schema.views \
     WHERE table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys'); \
     SELECT 'table', table_schema, table_name FROM information_schema.tables \
     WHERE table_type NOT LIKE '%VIEW' AND table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys'); \
     SELECT 'routine', routine_schema, routine_name FROM information_schema.routines WHERE routine_schema = ";

/// What was found out of a database whose views decide.
pub(in super::super) struct Checked {
    pub(in super::super) made_here: HashSet<String>,
    /// Tables that show everybody the same.
    pub(in super::super) finding: Option<Finding>,
}

/// What an account sees.
#[derive(Debug, Default)]
struct Seen {
    /// With their texts, empty where they are not shown.
    views: BTreeMap<Key, String>,
    tables: BTreeSet<Key>,
    /// Views that may be merged into what is asked of them.
    merged: BTreeSet<Key>,
    made_here: HashSet<String>,
}

/// Refuses an account that sees past the views, or of which that cannot be found out.
pub(in super::super) async fn check(
    session: &mut MySqlSession,
    database: &str,
) -> Option<Result<Checked, Failure>> {
    let rows = own_rows(
        &mut session.connection,
        format!("{VIEWS}{}", quoted(database)),
    )
    .await
    .ok()?;
    session.asked(3);
    let mut seen = Seen::default();
    for row in &rows {
        let text = |column| result::text(row, column).unwrap_or_default();
        let key = (text(1), text(2));
        match text(0).as_str() {
            "view" => {
                seen.views.insert(key, text(3));
            }
            "table" => {
                seen.tables.insert(key);
            }
            _ => {
                seen.made_here.insert(folded(&key.1));
            }
        }
    }
    for key in seen.asking() {
        if !is_made_first(session, &key).await {
            seen.merged.insert(key);
        }
    }
    Some(seen.judged())
}

/// Whether a view's rows are put together before anything else is asked of them. Only its definition says so.
async fn is_made_first(session: &mut MySqlSession, (schema, view): &Key) -> bool {
    let name = |name: &str| format!("`{}`", name.replace('`', "``"));
    let ask = format!("SHOW CREATE VIEW {}.{}", name(schema), name(view));
    let rows = own_rows(&mut session.connection, ask)
        .await
        .unwrap_or_default();
    rows.iter().any(|row| {
        result::text(row, 1)
            .is_some_and(|definition| definition.starts_with("CREATE ALGORITHM=TEMPTABLE "))
    })
}

impl Seen {
    /// Views that call a stored function.
    fn asking(&self) -> Vec<Key> {
        let asks = |definition: &str| {
            Text::of(definition).is_some_and(|text| {
                text.calls()
                    .any(|(_, called)| called.schema.is_some() || called.is_quoted)
            })
        };
        self.views
            .iter()
            .filter(|(_, definition)| asks(definition))
            .map(|(key, _)| key.clone())
            .collect()
    }

    fn read_by(&self, view: &Key) -> BTreeSet<Key> {
        let Some(definition) = self.views.get(view) else {
            return BTreeSet::new();
        };
        let Some(Ok(tables)) = Text::of(definition).map(|text| text.tables()) else {
            return BTreeSet::new();
        };
        tables
            .into_iter()
            .filter_map(|(_, named)| Some((named.schema?, named.name)))
            .collect()
    }

    fn judged(self) -> Result<Checked, Failure> {
        let asking: BTreeSet<Key> = self.asking().into_iter().collect();
        let protected: BTreeSet<Key> = asking
            .iter()
            .flat_map(|view| self.read_by(view))
            .filter(|read| !self.views.contains_key(read))
            .collect();
        let untold: Vec<&Key> = self
            .views
            .iter()
            .filter(|(_, definition)| definition.is_empty())
            .map(|(key, _)| key)
            .collect();
        let bare: Vec<&Key> = self.tables.intersection(&protected).collect();
        let past: Vec<&Key> = self
            .views
            .keys()
            .filter(|view| !asking.contains(*view))
            .filter(|view| !self.read_by(view).is_disjoint(&protected))
            .collect();
        let reasons: Vec<String> = [
            (
                asking.is_empty(),
                "no view that it may read calls a function that says whose rows to show".to_owned(),
            ),
            (
                !bare.is_empty(),
                format!("it may read tables beneath the views: {}", names(&bare)),
            ),
            (
                !past.is_empty(),
                format!("views read those tables without asking whose rows to show: {}", names(&past)),
            ),
            (
                !self.merged.is_empty(),
                format!(
                    "views are not made with ALGORITHM=TEMPTABLE, so that conditions would be asked of everybody's rows: {}",
                    names(&self.merged.iter().collect::<Vec<_>>())
                ),
            ),
            (
                !untold.is_empty(),
                format!("the texts of views are not shown to it: {}", names(&untold)),
            ),
        ]
        .into_iter()
        .filter_map(|(holds, reason)| holds.then_some(reason))
        .collect();
        if !reasons.is_empty() {
            return Err(Failure::new(
                FailureKind::NotAllowed,
                format!(
                    "The rows of this connection are to be shown by who asks, but its account in the database sees past that: {}.",
                    reasons.join("; ")
                ),
            )
            .with_hint(
                "Whoever runs this server must connect with an account that may read the views alone (GRANT SELECT, SHOW VIEW), each made with ALGORITHM=TEMPTABLE.",
            ));
        }
        let is_seen = |read: &Key| self.views.contains_key(read) || self.tables.contains(read);
        let open: Vec<&Key> = self
            .tables
            .iter()
            .chain(
                self.views
                    .keys()
                    .filter(|view| !asking.contains(*view))
                    .filter(|view| !self.read_by(view).iter().all(is_seen)),
            )
            .collect();
        let finding = (!open.is_empty()).then(|| {
            Finding::new(
                FindingKind::BypassesRowSecurity,
                false,
                format!(
                    "Tables without row security show every caller the same: {}.",
                    names(&open)
                ),
            )
        });
        Ok(Checked {
            made_here: self.made_here,
            finding,
        })
    }
}

fn names(keys: &[&Key]) -> String {
    let told: Vec<String> = keys
        .iter()
        .take(TOLD)
        .map(|(schema, name)| format!("{schema}.{name}"))
        .collect();
    match keys.len().checked_sub(TOLD) {
        None | Some(0) => told.join(", "),
        Some(more) => format!("{} and {more} more", told.join(", ")),
    }
}
