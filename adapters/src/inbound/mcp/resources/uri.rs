//! The names of resources: `portolan://shop/schema/public/order%20items`.

use std::fmt::{self, Write as _};

use domain::Failure;

const SCHEME: &str = "portolan://";

/// Something of one connection's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SchemaUri {
    pub(super) connection: String,
    pub(super) place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Overview,
    Diagram,
    Table { schema: String, table: String },
}

impl SchemaUri {
    pub(super) fn new(connection: &str, place: Place) -> Self {
        Self {
            connection: connection.to_owned(),
            place,
        }
    }

    pub(super) fn parse(uri: &str) -> Result<Self, Failure> {
        let unknown = || {
            Failure::invalid_argument("There is no such resource.").with_hint(
                "Resources are portolan://{connection}/schema, …/schema/diagram and …/schema/{schema}/{table}, \
                 each name percent-encoded.",
            )
        };
        let (before, path) = uri.split_at_checked(SCHEME.len()).ok_or_else(unknown)?;
        if !before.eq_ignore_ascii_case(SCHEME) {
            return Err(unknown());
        }
        let parts: Option<Vec<String>> = path.split('/').map(decoded).collect();
        let (connection, place) = match parts.ok_or_else(unknown)?.as_slice() {
            [connection, word] if word == "schema" => (connection.clone(), Place::Overview),
            [connection, word, diagram] if word == "schema" && diagram == "diagram" => {
                (connection.clone(), Place::Diagram)
            }
            [connection, word, schema, table] if word == "schema" => (
                connection.clone(),
                Place::Table {
                    schema: schema.clone(),
                    table: table.clone(),
                },
            ),
            _ => return Err(unknown()),
        };
        Ok(Self { connection, place })
    }
}

impl fmt::Display for SchemaUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{SCHEME}{}/schema", encoded(&self.connection))?;
        match &self.place {
            Place::Overview => Ok(()),
            Place::Diagram => formatter.write_str("/diagram"),
            Place::Table { schema, table } => {
                write!(formatter, "/{}/{}", encoded(schema), encoded(table))
            }
        }
    }
}

/// Everything but what is never special in a URI as `%` and two digits.
fn encoded(name: &str) -> String {
    name.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// `None` for a `%` without two digits, for what is no UTF-8, and for nothing at all.
fn decoded(part: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            u8::try_from(digit()? * 16 + digit()?).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_survives_the_way_there_and_back() {
        for table in [
            "orders", "a b", "a/b", "%41", "größe", "..", "?x=#1", "\"a\"\n", "diagram",
        ] {
            let uri = SchemaUri::new(
                "shop",
                Place::Table {
                    schema: "x/y".to_owned(),
                    table: table.to_owned(),
                },
            );

            assert_eq!(SchemaUri::parse(&uri.to_string()).unwrap(), uri, "{table}");
        }
    }

    #[test]
    fn a_name_is_encoded_wherever_it_could_mean_something() {
        let place = Place::Table {
            schema: "main".to_owned(),
            table: "a b/ö.c".to_owned(),
        };

        assert_eq!(
            SchemaUri::new("shop", place).to_string(),
            "portolan://shop/schema/main/a%20b%2F%C3%B6%2Ec"
        );
    }

    #[test]
    fn anything_else_is_no_resource() {
        for uri in [
            "",
            "portolan://",
            "portolan://shop",
            "portolan:///schema",
            "portolan://shop/schema/",
            "portolan://shop/schema/public",
            "portolan://shop/schema/public/",
            "portolan://shop/schema/a/b/c",
            "portolan://shop/schema/a/%4",
            "portolan://shop/schema/a/%zz",
            "portolan://shop/schema/a/%+1",
            "portolan://shop/schema/a/%FF",
            "file:///etc/passwd",
            "pörtolan://shop/schema",
        ] {
            assert!(SchemaUri::parse(uri).is_err(), "{uri}");
        }
    }
}
