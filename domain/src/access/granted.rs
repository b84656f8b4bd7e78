//! What of a schema is there for somebody who may see some tables only.

use std::collections::{HashMap, HashSet};

use super::Tables;
use crate::schema::{
    ForeignKey, Index, Namespace, RelationId, Snapshot, TableDescription, Trigger,
};

impl Tables {
    /// The part of a schema that is shown: as if there were no more.
    #[must_use]
    pub fn shown_of(&self, snapshot: &Snapshot) -> Snapshot {
        let mut places = HashMap::new();
        let mut relations = Vec::new();
        let mut hidden = HashSet::new();
        for (id, relation) in snapshot.ids() {
            if self.show(&relation.schema, &relation.name) {
                let place = u32::try_from(relations.len()).unwrap_or(u32::MAX);
                places.insert(id, RelationId(place));
                relations.push(relation.clone());
            } else {
                hidden.insert(&*relation.name);
            }
        }
        let place = |id: &RelationId| places.get(id).copied();
        let holds = |schema: &str| relations.iter().any(|relation| *relation.schema == *schema);
        Snapshot {
            may_hide: true,
            search_path: snapshot
                .search_path
                .iter()
                .filter(|schema| holds(schema))
                .cloned()
                .collect(),
            schemas: snapshot
                .schemas
                .iter()
                .filter(|Namespace { name, .. }| holds(name))
                .cloned()
                .collect(),
            foreign_keys: snapshot
                .foreign_keys
                .iter()
                .filter_map(|key| {
                    let (from, to) = (place(&key.from)?, place(&key.to)?);
                    Some(ForeignKey {
                        from,
                        to,
                        ..key.clone()
                    })
                })
                .collect(),
            indexes: snapshot
                .indexes
                .iter()
                .filter_map(|index| {
                    let table = place(&index.table)?;
                    Some(Index {
                        table,
                        ..index.clone()
                    })
                })
                .collect(),
            routines: snapshot
                .routines
                .iter()
                .filter(|routine| self.let_call(&routine.schema, &routine.name))
                .cloned()
                .collect(),
            triggers: snapshot
                .triggers
                .iter()
                .filter_map(|trigger| {
                    let table = place(&trigger.table)?;
                    Some(Trigger {
                        table,
                        ..trigger.clone()
                    })
                })
                .collect(),
            // They belong to columns, of tables that may be hidden, and nobody who only reads draws from them.
            sequences: Vec::new(),
            types: snapshot
                .types
                .iter()
                .filter(|known| {
                    self.show(&known.schema, &known.name) && !names_one(&known.definition, &hidden)
                })
                .cloned()
                .collect(),
            relations,
        }
    }

    /// The description of a table in this schema without what names others that are hidden; `None` for a hidden one.
    /// Texts that may name anything, such as a view's query, are left out.
    pub fn shown_of_table(
        &self,
        schema: &str,
        mut table: TableDescription,
    ) -> Option<TableDescription> {
        if !self.show(schema, &table.name) {
            return None;
        }
        // `customers(id)`, with the schema where that is another one.
        let shows = |reference: &str| {
            let name = reference
                .rsplit_once('(')
                .map_or(reference, |(name, _)| name);
            let name = name.replace(['"', '`'], "");
            match name.split_once('.') {
                Some((other, table)) => self.show(other, table) && self.show(schema, &name),
                None => self.show(schema, &name),
            }
        };
        table.foreign_keys.retain(|key| shows(&key.references));
        table.referenced_by.retain(|key| shows(&key.from));
        table.referenced_by_count = None;
        table.triggers.clear();
        table.row_security.clear();
        table.definition = None;
        table.partitions.clear();
        table.parent = None;
        Some(table)
    }
}

/// Whether a definition has one of these names in it, as a word or in quotes.
fn names_one(definition: &str, names: &HashSet<&str>) -> bool {
    let is_apart = |letter: char| !(letter.is_alphanumeric() || letter == '_');
    definition.split(is_apart).any(|word| names.contains(word))
        || definition.split('"').any(|quoted| names.contains(quoted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        access::{TablePattern, TableRules},
        schema::{ForeignKeyDescription, RelationKind, UserType, samples::retail},
    };

    fn without(denied: &str) -> Tables {
        Tables {
            rules: vec![TableRules {
                allow: vec![TablePattern::parse("*")],
                deny: vec![TablePattern::parse(denied)],
            }],
            functions: Vec::new(),
        }
    }

    #[test]
    fn a_hidden_table_is_gone_with_all_that_leads_to_it() {
        let whole = retail();
        let hidden = whole.relations[0].clone();
        let tables = without(&hidden.name);

        let shown = tables.shown_of(&whole);

        assert_eq!(shown.relations.len(), whole.relations.len() - 1);
        assert!(!shown.relations.contains(&hidden));
        let name = |snapshot: &Snapshot, id| snapshot.relation(id).unwrap().name.clone();
        let ends = |snapshot: &Snapshot| -> Vec<_> {
            let keys = snapshot.foreign_keys.iter();
            keys.map(|key| (name(snapshot, key.from), name(snapshot, key.to)))
                .collect()
        };
        let kept: Vec<_> = ends(&whole)
            .into_iter()
            .filter(|(from, to)| *from != hidden.name && *to != hidden.name)
            .collect();
        assert_eq!(ends(&shown), kept);
    }

    #[test]
    fn a_type_that_is_made_of_a_hidden_table_is_gone() {
        let mut whole = retail();
        let hidden = whole.relations[0].name.to_string();
        let known = |name: &str, definition: String| UserType {
            schema: "public".into(),
            name: name.into(),
            kind: "composite",
            definition: definition.into(),
            comment: None,
        };
        whole.types = vec![
            known("pair", format!("one integer, other public.{hidden}[]")),
            known("quoted", format!("other \"{hidden}\"")),
            known("mood", format!("'my_{hidden}', 'bad'")),
        ];

        let shown = without(&hidden).shown_of(&whole);

        let names: Vec<&str> = shown.types.iter().map(|known| &*known.name).collect();
        assert_eq!(names, ["mood"]);
    }

    #[test]
    fn a_description_names_no_hidden_table() {
        let mut table = TableDescription::new("public", "orders", RelationKind::Table);
        let key = |references: &str| ForeignKeyDescription {
            name: String::new(),
            columns: vec!["a".to_owned()],
            references: references.to_owned(),
            on_delete: None,
            on_update: None,
            notes: None,
        };
        table.foreign_keys = vec![key("people(id)"), key("hr.people(id)"), key("places(id)")];
        table.definition = Some("SELECT * FROM people".to_owned());

        let shown = without("people")
            .shown_of_table("public", table.clone())
            .unwrap();

        assert_eq!(shown.foreign_keys, [key("places(id)")]);
        assert_eq!(shown.definition, None);
        assert_eq!(without("orders").shown_of_table("public", table), None);
    }
}
