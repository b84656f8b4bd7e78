//! What a session knows of types: their names and how their text is to be read.

use std::{collections::HashMap, sync::Arc};

use sqlx::{AssertSqlSafe, Error, PgConnection, raw_sql};

use super::{builtin_types::BUILTIN_TYPES, text_of};

/// How the text of a single value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Bool,
    /// Up to 64 bits.
    Integer,
    Float,
    Bytes,
    Json,
    /// The server's own text, which is every other type.
    Text,
}

/// How the text of a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Scalar(Scalar),
    Array { element: Scalar, delimiter: u8 },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TypeFacts {
    /// As the catalog spells it, `int4[]` for an array; with its schema only if that is not on the search path.
    pub(super) name: Arc<str>,
    pub(super) shape: Shape,
}

/// The types that are not built in and that this session has met.
#[derive(Debug, Default)]
pub(super) struct Types {
    met: HashMap<u32, TypeFacts>,
}

const BOX: u32 = 603;

impl Types {
    /// What is known of a type; its text as it is, if nothing is.
    pub(super) fn get(&self, oid: u32) -> TypeFacts {
        builtin(oid)
            .or_else(|| self.met.get(&oid).cloned())
            .unwrap_or_else(unnamed)
    }

    /// Those of `oids` that have never been looked up.
    pub(super) fn unknown(&self, oids: impl Iterator<Item = u32>) -> Vec<u32> {
        oids.filter(|oid| *oid != 0 && builtin(*oid).is_none() && !self.met.contains_key(oid))
            .collect()
    }

    /// Looks up those of `oids` that are not known yet, in one round trip; none if all are known.
    pub(super) async fn learn(
        &mut self,
        connection: &mut PgConnection,
        oids: impl Iterator<Item = u32>,
    ) -> Result<(), Error> {
        let unknown = self.unknown(oids);
        if unknown.is_empty() {
            return Ok(());
        }
        let list: Vec<String> = unknown.iter().map(u32::to_string).collect();
        let sql = include_str!("queries/types.sql").replace("{oids}", &list.join(","));
        let found: HashMap<u32, Found> = raw_sql(AssertSqlSafe(sql))
            .fetch_all(connection)
            .await?
            .iter()
            .filter_map(Found::read)
            .collect();
        for oid in found.keys() {
            let facts = facts(*oid, &found, 0);
            self.met.insert(*oid, facts);
        }
        for oid in unknown {
            // A type that was dropped in the meantime is not asked for again.
            self.met.entry(oid).or_insert_with(unnamed);
        }
        Ok(())
    }
}

/// One row of `queries/types.sql`.
struct Found {
    name: String,
    /// The element's type, of a real array.
    element: Option<u32>,
    /// What stands between elements of this type.
    delimiter: u8,
    /// What a domain is made of.
    base: Option<u32>,
}

impl Found {
    fn read(row: &sqlx::postgres::PgRow) -> Option<(u32, Self)> {
        let number = |index| text_of(row, index).and_then(|text| text.parse().ok());
        Some((
            number(0)?,
            Self {
                name: text_of(row, 1)?.to_owned(),
                element: number(2),
                delimiter: text_of(row, 3)?.bytes().next()?,
                base: number(4),
            },
        ))
    }
}

fn unnamed() -> TypeFacts {
    TypeFacts {
        name: "unknown".into(),
        shape: Shape::Scalar(Scalar::Text),
    }
}

fn facts(oid: u32, found: &HashMap<u32, Found>, depth: usize) -> TypeFacts {
    let of = |oid| match builtin(oid) {
        Some(facts) => facts,
        None => facts(oid, found, depth + 1),
    };
    let Some(this) = found.get(&oid).filter(|_| depth < 32) else {
        return unnamed();
    };
    if let Some(element) = this.element {
        let facts = of(element);
        return TypeFacts {
            name: format!("{}[]", facts.name).into(),
            shape: Shape::Array {
                element: match facts.shape {
                    Shape::Scalar(scalar) => scalar,
                    // A domain over an array inside an array: its text is one quoted element.
                    Shape::Array { .. } => Scalar::Text,
                },
                delimiter: found
                    .get(&element)
                    .map_or(b',', |element| element.delimiter),
            },
        };
    }
    TypeFacts {
        name: this.name.as_str().into(),
        shape: this
            .base
            .map_or(Shape::Scalar(Scalar::Text), |base| of(base).shape),
    }
}

fn builtin(oid: u32) -> Option<TypeFacts> {
    if let Ok(index) = BUILTIN_TYPES.binary_search_by_key(&oid, |(oid, _, _)| *oid) {
        let (_, _, name) = BUILTIN_TYPES.get(index)?;
        return Some(TypeFacts {
            name: (*name).into(),
            shape: Shape::Scalar(scalar(name)),
        });
    }
    let (element, _, name) = BUILTIN_TYPES
        .iter()
        .find(|(_, array, _)| *array == oid && oid != 0)?;
    Some(TypeFacts {
        name: format!("{name}[]").into(),
        shape: Shape::Array {
            element: scalar(name),
            delimiter: if *element == BOX { b';' } else { b',' },
        },
    })
}

fn scalar(builtin: &str) -> Scalar {
    match builtin {
        "bool" => Scalar::Bool,
        "int2" | "int4" | "int8" | "oid" => Scalar::Integer,
        "float4" | "float8" => Scalar::Float,
        "bytea" => Scalar::Bytes,
        "json" | "jsonb" => Scalar::Json,
        _ => Scalar::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(oid: u32) -> (String, Shape) {
        let facts = Types::default().get(oid);
        (facts.name.to_string(), facts.shape)
    }

    #[test]
    fn builtin_types_are_known_without_a_look_up() {
        assert_eq!(
            shape(20),
            ("int8".to_owned(), Shape::Scalar(Scalar::Integer))
        );
        assert_eq!(
            shape(1007),
            (
                "int4[]".to_owned(),
                Shape::Array {
                    element: Scalar::Integer,
                    delimiter: b','
                }
            )
        );
        assert_eq!(
            shape(1020),
            (
                "box[]".to_owned(),
                Shape::Array {
                    element: Scalar::Text,
                    delimiter: b';'
                }
            )
        );
    }

    #[test]
    fn vectors_of_the_catalog_are_no_arrays() {
        assert_eq!(
            shape(22),
            ("int2vector".to_owned(), Shape::Scalar(Scalar::Text))
        );
    }

    #[test]
    fn the_list_is_sorted() {
        assert!(BUILTIN_TYPES.is_sorted_by_key(|(oid, _, _)| *oid));
    }
}
