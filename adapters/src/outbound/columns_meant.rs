//! Which column a wrong one may have meant, and how a statement writes it: the same words on every engine.

use domain::nearest::nearest;

use super::sources::Source;

/// So many names are told when none is near.
const LISTED: usize = 12;
/// And so many that are near.
const NEAR: usize = 5;

/// A column of the catalog.
#[derive(Debug)]
pub(super) struct KnownColumn {
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) name: String,
    /// Its table is found without its schema.
    pub(super) is_on_path: bool,
    /// The table as a statement may write it.
    pub(super) table_written: String,
    pub(super) name_written: String,
}

/// The columns that a statement can see, each as it may write it; and those of other tables.
#[derive(Debug)]
pub(super) struct Columns<'c> {
    here: Vec<(String, &'c KnownColumn)>,
    elsewhere: Vec<(String, &'c KnownColumn)>,
}

impl<'c> Columns<'c> {
    pub(super) fn of(sources: &[Source], known: &'c [KnownColumn]) -> Self {
        let mut here = Vec::new();
        for source in sources {
            for column in known.iter().filter(|column| source.has(column)) {
                here.push((format!("{}.{}", source.called, column.name_written), column));
            }
        }
        let elsewhere = known
            .iter()
            .filter(|column| !sources.iter().any(|source| source.has(column)))
            .map(|column| {
                let written = format!("{}.{}", column.table_written, column.name_written);
                (written, column)
            })
            .collect();
        Self { here, elsewhere }
    }

    /// Whether a table of the statement has a column of such a name.
    pub(super) fn has_near(&self, wanted: &str) -> bool {
        !near(wanted, &self.here).is_empty()
    }

    /// What `wanted`, which does not exist, may have meant.
    pub(super) fn instead_of(&self, wanted: &str) -> Option<String> {
        let here = near(wanted, &self.here);
        if !here.is_empty() {
            return Some(format!("Did you mean {}?", or(&here)));
        }
        let elsewhere = near(wanted, &self.elsewhere);
        let list = self.list();
        match (list, elsewhere.is_empty()) {
            (Some(list), true) => Some(format!("Known columns: {list}.")),
            (Some(list), false) => Some(format!(
                "Known columns: {list}. Of other tables: {}.",
                elsewhere.join(", ")
            )),
            (None, true) => None,
            (None, false) => Some(format!("Did you mean {}?", or(&elsewhere))),
        }
    }

    /// Where `wanted`, which stands in several tables, can be found.
    pub(super) fn candidates(&self, wanted: &str) -> Option<String> {
        let mut written: Vec<&str> = Vec::new();
        for (name, column) in &self.here {
            if column.name.eq_ignore_ascii_case(wanted) && !written.contains(&&**name) {
                written.push(name);
            }
        }
        (written.len() > 1).then(|| format!("Write {}.", or(&written)))
    }

    fn list(&self) -> Option<String> {
        let names: Vec<&str> = self
            .here
            .iter()
            .take(LISTED)
            .map(|(written, _)| written.as_str())
            .collect();
        let more = if self.here.len() > LISTED {
            ", …"
        } else {
            ""
        };
        (!names.is_empty()).then(|| names.join(", ") + more)
    }
}

impl Source {
    fn has(&self, column: &KnownColumn) -> bool {
        let same = |a: &str, b: &str| {
            a.eq_ignore_ascii_case(b) || (!a.is_ascii() && a.to_lowercase() == b.to_lowercase())
        };
        same(&self.table, &column.table)
            && match &self.schema {
                Some(schema) => same(schema, &column.schema),
                None => column.is_on_path,
            }
    }
}

/// Every place of the nearest name.
fn near<'n>(wanted: &str, columns: &'n [(String, &KnownColumn)]) -> Vec<&'n str> {
    let Some(name) = nearest(wanted, columns.iter().map(|(_, column)| &*column.name)) else {
        return Vec::new();
    };
    let mut places: Vec<&str> = Vec::new();
    for (written, column) in columns {
        if column.name == name && !places.contains(&&**written) && places.len() < NEAR {
            places.push(written);
        }
    }
    places
}

/// `a, b or c`.
pub(super) fn or<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<KnownColumn> {
        [
            ("users", "id"),
            ("users", "email"),
            ("contacts", "id"),
            ("contacts", "email"),
            ("orders", "id"),
        ]
        .map(|(table, name)| KnownColumn {
            schema: "public".to_owned(),
            table: table.to_owned(),
            name: name.to_owned(),
            is_on_path: true,
            table_written: table.to_owned(),
            name_written: name.to_owned(),
        })
        .into()
    }

    fn source(table: &str, called: &str) -> Source {
        Source {
            schema: None,
            table: table.to_owned(),
            called: called.to_owned(),
        }
    }

    #[test]
    fn a_misspelt_column_is_told_wherever_it_lives() {
        let known = known();
        for (sources, wanted, hint) in [
            (
                &[source("Users", "u"), source("contacts", "c")][..],
                "emial",
                Some("Did you mean u.email or c.email?"),
            ),
            (
                &[source("orders", "o")],
                "emial",
                Some("Known columns: o.id. Of other tables: users.email, contacts.email."),
            ),
            (
                &[source("orders", "o")],
                "telephone",
                Some("Known columns: o.id."),
            ),
            (
                &[],
                "emial",
                Some("Did you mean users.email or contacts.email?"),
            ),
            (&[], "telephone", None),
        ] {
            let columns = Columns::of(sources, &known);
            assert_eq!(columns.instead_of(wanted).as_deref(), hint, "{wanted}");
        }
    }

    #[test]
    fn an_ambiguous_column_is_told_as_it_can_be_written() {
        let known = known();
        for (sources, hint) in [
            (
                &[source("users", "u"), source("orders", "orders")][..],
                Some("Write u.id or orders.id."),
            ),
            (
                &[source("users", "a"), source("users", "b")],
                Some("Write a.id or b.id."),
            ),
            (&[source("users", "a"), source("with_only", "b")], None),
        ] {
            let columns = Columns::of(sources, &known);
            assert_eq!(columns.candidates("id").as_deref(), hint);
        }
    }
}
