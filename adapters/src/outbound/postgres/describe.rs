//! Columns of the statements that the driver cannot describe.
//!
//! It knows neither multiranges nor the catalog's internal types (`pg_node_tree`, …) and gives up on a statement that
//! has one, although the server has prepared it. A cursor over the same text, opened and never read, tells the
//! columns: as an XML schema, which is the one place where SQL can ask for them.

use std::collections::HashMap;

use sqlx::{AssertSqlSafe, Error, Executor, SqlSafeStr};

use super::{
    failure,
    message::DECLARE,
    parameters::quoted,
    session::{PostgresSession, run},
    statements::Prepared,
    text_of,
};

impl PostgresSession {
    /// What the driver could not tell of a statement that the server has prepared as `name`.
    pub(super) async fn describe(&mut self, name: String, sql: &str) -> Result<Prepared, Error> {
        let look = format!(
            "SELECT statement, pg_catalog.array_to_string(parameter_types::pg_catalog.oid[], ',') \
             FROM pg_catalog.pg_prepared_statements WHERE name = '{name}'"
        );
        let rows = run(&mut self.connection, look).await?;
        let Some(row) = rows.first().filter(|row| text_of(row, 0) == Some(sql)) else {
            return Err(Error::Protocol(
                "the prepared statement has another name".to_owned(),
            ));
        };
        let parameters: Vec<u32> = text_of(row, 1)
            .unwrap_or_default()
            .split(',')
            .filter_map(|oid| oid.parse().ok())
            .collect();
        // What cannot be a cursor is a statement that changes rows; its columns come with its first row.
        let columns = if sql.starts_with(DECLARE) {
            Ok(Vec::new())
        } else {
            self.columns_by_cursor(sql, parameters.len()).await
        };
        let columns = match columns {
            Ok(columns) => columns,
            Err(error) if failure::is_lost(&error) => return Err(error),
            Err(_) => Vec::new(),
        };
        self.complete(name, parameters, columns, true).await
    }

    async fn columns_by_cursor(
        &mut self,
        sql: &str,
        parameters: usize,
    ) -> Result<Vec<(String, u32)>, Error> {
        let pooler = self.config().pooler;
        let (begin, end) = if pooler {
            (
                "SAVEPOINT portolan_cursor".to_owned(),
                "ROLLBACK TO SAVEPOINT portolan_cursor",
            )
        } else {
            // Planning may ask for what the policies go by.
            (format!("BEGIN READ ONLY;{}", self.identity.sql), "ROLLBACK")
        };
        run(&mut self.connection, begin).await?;
        let cursor = self.statements.take_name();
        let text = format!("DECLARE portolan_columns NO SCROLL CURSOR FOR {sql}");
        let schema = match self.prepare_cursor(text).await {
            Ok(()) => {
                let nulls = vec!["NULL"; parameters].join(",");
                let arguments = if nulls.is_empty() {
                    nulls
                } else {
                    format!("({nulls})")
                };
                let ask = format!(
                    "EXECUTE {cursor}{arguments};\
                     SELECT pg_catalog.cursor_to_xmlschema('portolan_columns', true, false, '')::text"
                );
                run(&mut self.connection, ask).await
            }
            Err(error) => Err(error),
        };
        let prepared = schema.is_ok();
        run(&mut self.connection, end.to_owned()).await?;
        let schema = schema?;
        if prepared {
            run(&mut self.connection, format!("DEALLOCATE {cursor}")).await?;
        }
        let columns = schema
            .first()
            .and_then(|row| text_of(row, 0))
            .and_then(columns_of)
            .ok_or_else(|| Error::Protocol("a schema without columns".to_owned()))?;
        self.identify(columns).await
    }

    async fn prepare_cursor(&mut self, text: String) -> Result<(), Error> {
        match (&mut self.connection)
            .prepare(AssertSqlSafe(text).into_sql_str())
            .await
        {
            // Parameters may be of such a type too.
            Ok(_) | Err(Error::ColumnDecode { .. } | Error::Decode(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Finds the types by their names.
    async fn identify(
        &mut self,
        columns: Vec<(String, TypeName)>,
    ) -> Result<Vec<(String, u32)>, Error> {
        let names: Vec<String> = columns
            .iter()
            .map(|(_, name)| format!("({},{})", quoted(&name.schema), quoted(&name.name)))
            .collect();
        let sql = format!(
            "SELECT namespace.nspname, type.typname, type.oid FROM pg_catalog.pg_type AS type \
             JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = type.typnamespace \
             WHERE (namespace.nspname, type.typname) IN ({})",
            names.join(",")
        );
        let rows = run(&mut self.connection, sql).await?;
        let oids: HashMap<(&str, &str), u32> = rows
            .iter()
            .filter_map(|row| {
                let oid = text_of(row, 2)?.parse().ok()?;
                Some(((text_of(row, 0)?, text_of(row, 1)?), oid))
            })
            .collect();
        Ok(columns
            .into_iter()
            .map(|(column, name)| {
                let oid = oids.get(&(name.schema.as_str(), name.name.as_str()));
                (column, oid.copied().unwrap_or(0))
            })
            .collect())
    }
}

#[derive(Debug, PartialEq, Eq)]
struct TypeName {
    schema: String,
    name: String,
}

/// The columns that an XML schema of a result names, in order.
fn columns_of(schema: &str) -> Option<Vec<(String, TypeName)>> {
    // The type of the row is followed by that of the table, whose elements are no columns.
    let (_, row) = schema.split_once("<xsd:complexType name=\"RowType\">")?;
    let (row, _) = row.split_once("</xsd:complexType>")?;
    let columns: Option<Vec<_>> = row
        .split("<xsd:element ")
        .skip(1)
        .map(|element| {
            let name = attribute(element, "name=\"")?;
            let of = attribute(element, "type=\"")?;
            Some((unescape(name), type_name(of)))
        })
        .collect();
    columns.filter(|columns| !columns.is_empty())
}

fn attribute<'a>(element: &'a str, start: &str) -> Option<&'a str> {
    let (_, after) = element.split_once(start)?;
    after.split_once('"').map(|(value, _)| value)
}

/// The mapping of SQL/XML: words of the standard for its own types, schema and name for all others.
fn type_name(mapped: &str) -> TypeName {
    let parts: Vec<&str> = mapped.split('.').collect();
    if let ["UDT" | "Domain", _, schema, name] = parts.as_slice() {
        return TypeName {
            schema: unescape(schema),
            name: unescape(name),
        };
    }
    // Length, precision and scale may follow, as in NUMERIC_10_2.
    let word = mapped.trim_end_matches(|end: char| end.is_ascii_digit() || end == '_');
    let name = match word {
        "CHAR" => "bpchar",
        "VARCHAR" => "varchar",
        "NUMERIC" => "numeric",
        "INTEGER" => "int4",
        "SMALLINT" => "int2",
        "BIGINT" => "int8",
        "REAL" => "float4",
        "DOUBLE" => "float8",
        "BOOLEAN" => "bool",
        "DATE" => "date",
        "TIME" => "time",
        "TIME_WTZ" => "timetz",
        "TIMESTAMP" => "timestamp",
        "TIMESTAMP_WTZ" => "timestamptz",
        "XML" => "xml",
        other => other,
    };
    TypeName {
        schema: "pg_catalog".to_owned(),
        name: name.to_owned(),
    }
}

/// `a_x0020_b` is `a b`.
fn unescape(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("_x") {
        out.push_str(before);
        let character = after.split_once('_').and_then(|(code, after)| {
            let code = u32::from_str_radix(code, 16).ok()?;
            Some((char::from_u32(code)?, after))
        });
        if let Some((character, after)) = character {
            out.push(character);
            rest = after;
        } else {
            out.push_str("_x");
            rest = after;
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_names_the_columns() {
        let schema = r#"<xsd:schema>
<xsd:complexType name="RowType">
    <xsd:element name="a_x0020_b" type="INTEGER" minOccurs="0"></xsd:element>
    <xsd:element name="_x0078_mlé" type="NUMERIC_10_2" minOccurs="0"></xsd:element>
    <xsd:element name="c_x005F_x_" type="UDT.d_x002E_b.pg_catalog._int4" minOccurs="0"></xsd:element>
</xsd:complexType>
<xsd:complexType name="TableType">
    <xsd:element name="row" type="RowType" minOccurs="0"/>
</xsd:complexType>
<xsd:element name="table" type="TableType"/>"#;
        let named = |schema: &str, name: &str| TypeName {
            schema: schema.to_owned(),
            name: name.to_owned(),
        };

        assert_eq!(
            columns_of(schema).unwrap(),
            [
                ("a b".to_owned(), named("pg_catalog", "int4")),
                ("xmlé".to_owned(), named("pg_catalog", "numeric")),
                ("c_x_".to_owned(), named("pg_catalog", "_int4")),
            ]
        );
    }
}
