//! PostgreSQL's types, compared cell by cell with what psql prints.

use std::process::Command;

use domain::connection::Database;
use serde_json::{Value, json};
use support::{
    databases::{self, config, open, read, unique, writable, write},
    rows::Owned,
};

const FIELD: &str = "\u{1f}";
const RECORD: &str = "\u{1e}";
const NULL: &str = "\u{1d}";

/// What psql prints for one query, cell by cell; `None` for NULL.
fn psql(server: &str, database: &str, sql: &str) -> Vec<Vec<Option<String>>> {
    let program =
        databases::variable("PORTOLAN_TEST_PSQL").expect("PORTOLAN_TEST_PSQL is set by tests/run");
    let mut url = url::Url::parse(&databases::server_variable(server, "URL")).unwrap();
    url.set_path(database);
    let output = Command::new(program)
        .args([url.as_str(), "-XqAtF", FIELD, "-R", RECORD, "-P"])
        .arg(format!("null={NULL}"))
        .args(["-v", "ON_ERROR_STOP=1", "-c", sql])
        // Ours is UTC; the machine's own zone must not matter to either.
        .env("PGTZ", "UTC")
        .env("TZ", "Pacific/Chatham")
        .env("PGCLIENTENCODING", "UTF8")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{sql}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    let Some(printed) = printed
        .strip_suffix('\n')
        .filter(|printed| !printed.is_empty())
    else {
        return Vec::new();
    };
    printed
        .split(RECORD)
        .map(|record| {
            record
                .split(FIELD)
                .map(|field| (field != NULL).then(|| field.to_owned()))
                .collect()
        })
        .collect()
}

/// A database of the test's own, with types and extensions of its own.
struct Own {
    server: String,
    name: String,
    database: Database,
}

impl Own {
    async fn create(server: &str) -> Self {
        let name = unique("values");
        psql(server, "portolan_test", &format!("CREATE DATABASE {name}"));
        let mut config = writable(config(server));
        config.database = Some(name.clone());
        Self {
            server: server.to_owned(),
            database: open(config).await,
            name,
        }
    }

    fn psql(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        psql(&self.server, &self.name, sql)
    }

    async fn drop(self) {
        self.database.pool.close().await;
        psql(
            &self.server,
            "portolan_test",
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        );
    }
}

/// What stands in a cell, as psql would have printed it. Arrays and JSON are compared in other ways.
fn as_printed(cell: &Owned) -> Option<String> {
    match cell {
        Owned::Null => None,
        Owned::Bool(value) => Some(if *value { "t" } else { "f" }.to_owned()),
        Owned::Number(text) | Owned::Text(text) => Some(text.clone()),
        Owned::HexBytes(hex) => Some(format!("\\x{hex}")),
        Owned::Json(json) => Some(without_space(json)),
        other => panic!("unexpected {other:?}"),
    }
}

fn without_space(json: &str) -> String {
    json.split_whitespace().collect()
}

/// The cell as a caller would send it back.
fn as_parameter(cell: &Owned) -> Value {
    match cell {
        Owned::Null => Value::Null,
        Owned::Bool(value) => json!(value),
        // What JSON readers do not keep exact goes in as a string.
        Owned::Number(text) => match serde_json::from_str::<Value>(text).unwrap() {
            number if number.as_f64().unwrap().abs() >= 9_007_199_254_740_992.0 => json!(text),
            number => number,
        },
        Owned::Text(text) | Owned::Json(text) => json!(text),
        Owned::HexBytes(hex) => json!(format!("\\x{hex}")),
        Owned::Array(json) => serde_json::from_str(json).unwrap(),
        other => panic!("unexpected {other:?}"),
    }
}

/// Types and their edge values, as literals. Each becomes a column of one table.
const SCALARS: &[(&str, &[&str])] = &[
    ("bool", &["true", "false"]),
    ("int2", &["-32768", "0", "32767"]),
    ("int4", &["-2147483648", "2147483647"]),
    (
        "int8",
        &[
            "-9223372036854775808",
            "9223372036854775807",
            "9007199254740991",
            "9007199254740993",
        ],
    ),
    ("oid", &["0", "4294967295"]),
    (
        "float4",
        &[
            "0.1",
            "-0",
            "3.4028235e38",
            "1e-45",
            "NaN",
            "Infinity",
            "-Infinity",
            "16777217",
            "1e10",
        ],
    ),
    (
        "float8",
        &[
            "0.1",
            "-0",
            "1.7976931348623157e308",
            "5e-324",
            "NaN",
            "Infinity",
            "-Infinity",
            "0.30000000000000004",
            "1e21",
            "123456789012345680",
        ],
    ),
    (
        "numeric",
        &[
            "0",
            "1.20",
            "-0.00",
            "NaN",
            "Infinity",
            "-Infinity",
            "1e-20",
            "99999999999999999999.999999999999999999",
        ],
    ),
    ("numeric(12,3)", &["1.2"]),
    ("money", &["-92233720368547758.08", "1234567.89"]),
    (
        "text",
        &[
            "",
            "NULL",
            "null",
            "a\tb\nc\rd",
            "quote \" and ' and \\ back",
            "é 🚢 e\u{301} \u{200b} 中文",
            "  spaces  ",
            "{1,2}",
            "\\x00",
            "\u{1}\u{7f}",
        ],
    ),
    ("varchar(5)", &["abc"]),
    ("char(5)", &["ab"]),
    ("\"char\"", &["a", "\\377", ""]),
    ("name", &["pg_class"]),
    ("bytea", &["", "\\x00ff10", "\\xdeadbeef"]),
    (
        "uuid",
        &[
            "00000000-0000-0000-0000-000000000000",
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        ],
    ),
    (
        "date",
        &[
            "infinity",
            "-infinity",
            "0044-03-15 BC",
            "5874897-12-31",
            "4713-01-01 BC",
            "2024-02-29",
            "1582-10-10",
        ],
    ),
    (
        "time",
        &["00:00:00", "24:00:00", "23:59:59.999999", "12:34:56.1"],
    ),
    (
        "timetz",
        &[
            "00:00:00+00",
            "23:59:59.999999-15:59",
            "12:00:00+05:45",
            "24:00:00+14",
        ],
    ),
    (
        "timestamp",
        &[
            "infinity",
            "-infinity",
            "0044-03-15 12:00:00 BC",
            "294276-12-31 23:59:59.999999",
            "1900-01-01 00:00:00.000001",
            "2024-03-10 02:30:00",
        ],
    ),
    (
        "timestamptz",
        &[
            "infinity",
            "-infinity",
            "0044-03-15 12:00:00+00 BC",
            "294276-12-31 23:59:59.999999+00",
            "1900-01-01 00:00:00+05:53:28",
            "2024-03-10 02:30:00 America/New_York",
        ],
    ),
    (
        "interval",
        &[
            "0",
            "1 year 2 mons -3 days 04:05:06.789",
            "-178000000 years",
            "1 mon -1 day",
            "-00:00:00.000001",
            "P1Y2M3DT4H5M6S",
        ],
    ),
    ("bit(5)", &["10101"]),
    ("varbit", &["", "1", "101010101010101"]),
    (
        "inet",
        &[
            "192.168.0.1/24",
            "10.0.0.1",
            "::1",
            "fe80::1/64",
            "::ffff:1.2.3.4",
        ],
    ),
    ("cidr", &["10.0.0.0/8", "2001:db8::/32"]),
    ("macaddr", &["08:00:2b:01:02:03"]),
    ("macaddr8", &["08:00:2b:01:02:03:04:05"]),
    ("point", &["(1.5,-0)", "(NaN,Infinity)", "(1e-300,1e300)"]),
    ("line", &["{1,-1,0}"]),
    ("lseg", &["[(0,0),(1.5,1)]"]),
    ("box", &["(1,1),(0,0)"]),
    ("path", &["[(0,0),(1,1)]", "((0,0),(1,1),(2,0))"]),
    ("polygon", &["((0,0),(1,1),(2,0))"]),
    ("circle", &["<(0,0),1.5>"]),
    ("tsvector", &["'a':1A 'cat':3B,5 'it''s'", ""]),
    ("tsquery", &["'fat' & ('rat' | !'cat':AB) <2> 'dog':*"]),
    ("xml", &["<a b=\"c\">d &amp; é</a>", "text <br/>"]),
    (
        "json",
        &[
            "{\"a\": [1, 2.50, 1e400, -0], \"a\": \"x  y\",\n \"é\": null}",
            "null",
            "\"s\"",
            "12345678901234567890",
            "[]",
            "\"\\u0000 \\ud83d\\ude00\"",
        ],
    ),
    (
        "jsonb",
        &[
            "{\"b\": [1, 2.50, {\"c\": \"x  y\"}], \"a\": 12345678901234567890.1}",
            "null",
            "\"s \\\" t\"",
            "1.10",
            "true",
            "{}",
        ],
    ),
    ("jsonpath", &["$.a[*] ? (@.b > 1)"]),
    ("int4range", &["[1,5)", "empty", "(,)", "[,7]"]),
    ("int8range", &["[1,9223372036854775807)"]),
    ("numrange", &["[1.10,2.200]"]),
    ("tsrange", &["[2024-01-01 00:00:00,infinity)"]),
    ("tstzrange", &["[2024-01-01 00:00:00+05:45,)"]),
    ("daterange", &["[2024-01-01,2024-02-01)"]),
    ("int4multirange", &["{}", "{[1,2),[5,9)}"]),
    ("int8multirange", &["{[1,2)}"]),
    ("nummultirange", &["{[1.10,2.2],(3,)}"]),
    ("tsmultirange", &["{[2024-01-01,2024-01-02)}"]),
    ("tstzmultirange", &["{[2024-01-01 00:00:00+00,)}"]),
    ("datemultirange", &["{[2024-01-01,2024-01-02)}"]),
    ("pg_lsn", &["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"]),
    ("txid_snapshot", &["10:20:10,14,15"]),
    ("pg_snapshot", &["10:20:10,14,15"]),
    ("xid", &["0", "4294967295"]),
    ("xid8", &["18446744073709551615"]),
    ("cid", &["4294967295"]),
    ("tid", &["(4294967295,65535)"]),
    ("int2vector", &["", "1 -2 3"]),
    ("oidvector", &["1 4294967295"]),
    ("regclass", &["pg_class", "0"]),
    ("regproc", &["pg_sleep"]),
    ("regprocedure", &["pg_sleep(double precision)"]),
    ("regoper", &["||/"]),
    ("regoperator", &["+(integer,integer)"]),
    ("regtype", &["integer[]"]),
    ("regrole", &["postgres"]),
    ("regnamespace", &["pg_catalog"]),
    ("regconfig", &["english"]),
    ("regdictionary", &["simple"]),
    ("regcollation", &["\"C\""]),
    ("refcursor", &["a cursor"]),
    ("aclitem", &["postgres=r/postgres"]),
    // Own types.
    ("mood", &["sad", "it's \"ok\", {really}"]),
    ("positive", &["7"]),
    ("pair", &["(1,\"a, \\\"b\\\"\")", "(,)"]),
    ("\"Odd Name\"", &["x"]),
    ("floatrange", &["[1.5,2.5)"]),
    ("floatmulti", &["{[1.5,2.5)}"]),
    ("hstore", &["\"a\"=>\"1\", \"b\"=>NULL"]),
    ("citext", &["MiXed"]),
    ("ltree", &["Top.Science.Astronomy"]),
    ("cube", &["(1,2),(3,4)"]),
];

/// Arrays, with the JSON that they must become.
const ARRAYS: &[(&str, &str, &str)] = &[
    ("int4[]", "{}", "[]"),
    ("int4[]", "{1,NULL,-3}", "[1,null,-3]"),
    ("int4[]", "{{1,2},{3,NULL}}", "[[1,2],[3,null]]"),
    ("int4[]", "{{{1},{2}},{{3},{4}}}", "[[[1],[2]],[[3],[4]]]"),
    (
        "int8[]",
        "{9007199254740991,9007199254740993}",
        r#"[9007199254740991,"9007199254740993"]"#,
    ),
    ("bool[]", "{t,f,NULL}", "[true,false,null]"),
    (
        "float8[]",
        "{0.1,NaN,-Infinity,-0}",
        r#"[0.1,"NaN","-Infinity",-0]"#,
    ),
    ("numeric[]", "{1.20,NULL,NaN}", r#"["1.20",null,"NaN"]"#),
    (
        "text[]",
        r#"{a,"b,c","NULL",NULL,"","q\"\\",é}"#,
        r#"["a","b,c","NULL",null,"","q\"\\","é"]"#,
    ),
    ("varchar(3)[]", "{abc}", r#"["abc"]"#),
    ("bytea[]", r#"{"\\x00ff",""}"#, r#"["\\x00ff","\\x"]"#),
    (
        "uuid[]",
        "{00000000-0000-0000-0000-000000000001}",
        r#"["00000000-0000-0000-0000-000000000001"]"#,
    ),
    (
        "date[]",
        "{infinity,2024-02-29}",
        r#"["infinity","2024-02-29"]"#,
    ),
    (
        "timestamptz[]",
        r#"{"2024-01-01 00:00:00+00"}"#,
        r#"["2024-01-01 00:00:00+00"]"#,
    ),
    (
        "interval[]",
        r#"{"1 day","-1 mon"}"#,
        r#"["1 day","-1 mons"]"#,
    ),
    (
        "json[]",
        r#"{"{\"a\": 1.50}",NULL,"null"}"#,
        r#"[{"a":1.50},null,null]"#,
    ),
    (
        "jsonb[]",
        r#"{"{\"a\": [1, 2]}","\"s\""}"#,
        r#"[{"a":[1,2]},"s"]"#,
    ),
    (
        "box[]",
        "{(1,1),(0,0);(2,2),(1,1)}",
        r#"["(1,1),(0,0)","(2,2),(1,1)"]"#,
    ),
    ("point[]", r#"{"(1,2)"}"#, r#"["(1,2)"]"#),
    ("int4range[]", r#"{"[1,2)",empty}"#, r#"["[1,2)","empty"]"#),
    ("int4multirange[]", r#"{"{[1,2)}"}"#, r#"["{[1,2)}"]"#),
    ("xml[]", "{<a/>}", r#"["<a/>"]"#),
    ("regclass[]", "{pg_class}", r#"["pg_class"]"#),
    ("inet[]", "{10.0.0.1}", r#"["10.0.0.1"]"#),
    (
        "mood[]",
        r#"{sad,NULL,"it's \"ok\", {really}"}"#,
        r#"["sad",null,"it's \"ok\", {really}"]"#,
    ),
    ("positive[]", "{1,NULL}", "[1,null]"),
    ("pair[]", r#"{"(1,a)",NULL}"#, r#"["(1,a)",null]"#),
    ("numbers", "{1,2}", "[1,2]"),
    ("floatrange[]", r#"{"[1.5,2.5)"}"#, r#"["[1.5,2.5)"]"#),
    ("\"Odd Name\"[]", "{x}", r#"["x"]"#),
    ("hstore[]", r#"{"\"a\"=>\"1\""}"#, r#"["\"a\"=>\"1\""]"#),
    ("citext[]", "{MiXed}", r#"["MiXed"]"#),
];

const OWN_TYPES: &str = "
    CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree; CREATE EXTENSION cube;
    CREATE TYPE mood AS ENUM ('sad', 'it''s \"ok\", {really}');
    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE DOMAIN numbers AS int[];
    CREATE TYPE pair AS (number int, word text);
    CREATE TYPE \"Odd Name\" AS ENUM ('x');
    CREATE TYPE floatrange AS RANGE (subtype = float8, multirange_type_name = floatmulti);
";

/// Types of the catalog that take no value from outside.
const WITHOUT_INPUT: [&str; 7] = [
    "gtsvector",
    "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary",
    "pg_dependencies",
    "pg_mcv_list",
    "pg_ndistinct",
    "pg_node_tree",
];

/// Every type and value of the test, with those of an extension that not each server has.
fn all_values(own: &Own) -> Vec<(String, String)> {
    let mut values: Vec<(String, String)> = SCALARS
        .iter()
        .flat_map(|(name, values)| {
            values
                .iter()
                .map(|value| ((*name).to_owned(), (*value).to_owned()))
        })
        .chain(
            ARRAYS
                .iter()
                .map(|(name, value, _)| ((*name).to_owned(), (*value).to_owned())),
        )
        .collect();
    values.push((
        "numeric".to_owned(),
        format!("{}.{}", "12".repeat(350), "34".repeat(150)),
    ));
    values.push(("text".to_owned(), "0123456789abcdef".repeat(2_000)));
    if !own
        .psql("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
        .is_empty()
    {
        own.psql("CREATE EXTENSION vector");
        values.push(("vector(3)".to_owned(), "[1,2.5,-3]".to_owned()));
        values.push(("sparsevec(5)".to_owned(), "{1:1.5,3:2}/5".to_owned()));
        values.push(("halfvec(2)".to_owned(), "[1,2.5]".to_owned()));
    }
    values
}

fn assert_each_builtin_type_was_tested(own: &Own) {
    let missing = own.psql(
        "SELECT typname FROM pg_type WHERE oid < 10000 AND typtype IN ('b', 'r', 'm')
         AND (typcategory <> 'A' OR typname IN ('int2vector', 'oidvector'))
         AND oid NOT IN (SELECT atttypid FROM pg_attribute WHERE attrelid = 'everything'::regclass) ORDER BY 1",
    );
    let missing: Vec<_> = missing.iter().filter_map(|row| row[0].as_deref()).collect();
    assert_eq!(missing, WITHOUT_INPUT, "each built-in type is tested");
}

async fn each_value_is_what_psql_prints(server: &str) {
    let own = Own::create(server).await;
    own.psql(OWN_TYPES);
    let values = all_values(&own);
    let columns: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(at, (name, _))| format!("c{at} {name}"))
        .collect();
    own.psql(&format!(
        "CREATE TABLE everything ({}, n1 int, n2 text, n3 int[], n4 jsonb)",
        columns.join(", ")
    ));
    let literals: Vec<String> = values
        .iter()
        .map(|(name, value)| format!("'{}'::{name}", value.replace('\'', "''")))
        .collect();
    own.psql(&format!(
        "INSERT INTO everything VALUES ({})",
        literals.join(", ")
    ));
    let printed = own.psql("SELECT * FROM everything").remove(0);

    let rows = read(&own.database, "SELECT * FROM everything", vec![])
        .await
        .unwrap();

    let cells = &rows.rows[0];
    assert_eq!(cells.len(), printed.len());
    for (at, ((name, value), cell)) in values.iter().zip(cells).enumerate() {
        let printed = printed[at].as_deref();
        match cell {
            Owned::Array(json) => {
                let expected = ARRAYS
                    .iter()
                    .find(|(of, literal, _)| of == name && literal == value);
                assert_eq!(
                    json,
                    expected.unwrap_or_else(|| panic!("{name} is no array")).2,
                    "{name} {value}"
                );
            }
            Owned::Json(json) => {
                assert_eq!(
                    Some(without_space(json)),
                    printed.map(without_space),
                    "{name} {value}"
                );
                let ours: Value = serde_json::from_str(json).unwrap_or(Value::Null);
                let theirs: Value = serde_json::from_str(printed.unwrap()).unwrap_or(Value::Null);
                assert_eq!(ours, theirs, "{name} {value}");
            }
            cell => assert_eq!(as_printed(cell).as_deref(), printed, "{name} {value}"),
        }
        // The same value goes in as a parameter, as it came out, and comes back equal.
        let sql = format!("SELECT $1::{name}");
        let param = match cell {
            // A JSON reader of ours would not keep the digits of the numbers inside.
            Owned::Array(_) if name.starts_with("json") => json!(value),
            cell => as_parameter(cell),
        };
        let back = read(&own.database, &sql, vec![param])
            .await
            .unwrap_or_else(|failure| panic!("{name} {value}: {failure:?}"));
        assert_eq!(&back.rows[0][0], cell, "{name} {value}");
        let nothing = read(&own.database, &sql, vec![Value::Null]).await.unwrap();
        assert_eq!(nothing.rows[0][0], Owned::Null, "{name}");
    }
    assert_eq!(
        cells[values.len()..],
        [Owned::Null, Owned::Null, Owned::Null, Owned::Null]
    );

    assert_each_builtin_type_was_tested(&own);
    own.drop().await;
}

async fn columns_are_named_as_in_the_catalog(server: &str) {
    let own = Own::create(server).await;
    own.psql(OWN_TYPES);
    own.psql("CREATE SCHEMA elsewhere; CREATE TYPE elsewhere.hidden AS ENUM ('h')");
    let sql = "SELECT 1::int2, 1, 1::int8, 'a'::text, 'a'::varchar(3), 'a'::char(3), 'a'::\"char\", now(), 1.5, \
         ARRAY[1], ARRAY['a'::varchar], 'sad'::mood, ARRAY['sad'::mood], ROW(1, 'a')::pair, 'x'::\"Odd Name\", \
         'h'::elsewhere.hidden, ARRAY['h'::elsewhere.hidden], '{}'::floatmulti, 'pg_class'::regclass, \
         ARRAY['pg_class'::regclass], ROW(1)";

    let rows = read(&own.database, sql, vec![]).await.unwrap();
    let with_parameter = read(&own.database, &format!("{sql} WHERE $1"), vec![json!(true)])
        .await
        .unwrap();

    let names: Vec<_> = rows
        .columns
        .iter()
        .map(|column| column.type_name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "int2",
            "int4",
            "int8",
            "text",
            "varchar",
            "bpchar",
            "char",
            "timestamptz",
            "numeric",
            "int4[]",
            "varchar[]",
            "mood",
            "mood[]",
            "pair",
            "\"Odd Name\"",
            "elsewhere.hidden",
            "elsewhere.hidden[]",
            "floatmulti",
            "regclass",
            "regclass[]",
            "record",
        ]
    );
    assert_eq!(with_parameter.columns, rows.columns);
    let without_rows = read(&own.database, &format!("{sql} WHERE false"), vec![])
        .await
        .unwrap();
    assert_eq!(without_rows.columns, rows.columns);
    own.drop().await;
}

async fn every_relation_of_the_catalog_can_be_read(server: &str) {
    let own = Own::create(server).await;
    let relations = own.psql(
        "SELECT format('%I.%I', nspname, relname) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
         WHERE relkind IN ('r', 'v', 'm') AND nspname IN ('pg_catalog', 'information_schema') ORDER BY 1",
    );
    assert!(relations.len() > 180, "{}", relations.len());
    let mut failed = Vec::new();
    for relation in relations.iter().filter_map(|row| row[0].as_deref()) {
        for sql in [
            format!("SELECT * FROM {relation}"),
            format!("SELECT t FROM {relation} AS t WHERE false"),
        ] {
            match read(&own.database, &sql, vec![]).await {
                Ok(rows) if rows.columns.is_empty() => failed.push(format!("{sql}: no columns")),
                Ok(rows)
                    if rows
                        .columns
                        .iter()
                        .any(|column| column.type_name == "unknown") =>
                {
                    failed.push(format!("{sql}: {:?}", rows.columns));
                }
                Ok(_) => {}
                Err(failure) => failed.push(format!("{sql}: {failure:?}")),
            }
        }
    }
    assert_eq!(failed, Vec::<String>::new());
    own.drop().await;
}

async fn the_catalog_is_what_psql_prints(server: &str) {
    let own = Own::create(server).await;
    own.psql("CREATE TABLE t (a int DEFAULT 1 + 2 PRIMARY KEY, b text, CHECK (b <> '')); CREATE STATISTICS s ON a, b FROM t");
    for relation in [
        "pg_type",
        "pg_proc",
        "pg_operator",
        "pg_attrdef",
        "pg_constraint",
        "pg_rewrite",
        "pg_amop",
        "pg_index",
        "pg_attribute",
        "pg_cast",
        "pg_statistic_ext",
        "pg_database",
        "pg_init_privs",
        "pg_sequence",
        "information_schema.sql_features",
        "information_schema.columns",
    ] {
        let sql = format!("SELECT * FROM {relation} ORDER BY 1, 2, 3, 4");
        let printed = own.psql(&sql);
        let rows = read(&own.database, &sql, vec![]).await.unwrap();
        assert_eq!(rows.rows.len(), printed.len(), "{relation}");
        for (cells, printed) in rows.rows.iter().zip(&printed) {
            for (at, (cell, printed)) in cells.iter().zip(printed).enumerate() {
                let column = &rows.columns[at].name;
                match cell {
                    // Compared by the server's own judgement in `each_value_is_what_psql_prints`.
                    Owned::Array(_) => assert!(
                        printed.as_ref().is_some_and(|text| text.starts_with('{')),
                        "{relation}.{column}"
                    ),
                    cell => assert_eq!(&as_printed(cell), printed, "{relation}.{column}"),
                }
            }
        }
    }
    own.drop().await;
}

async fn an_array_with_other_bounds_is_the_servers_text(server: &str) {
    let database = open(config(server)).await;

    let rows = read(
        &database,
        "SELECT '[0:1]={7,8}'::int[], '[2:2][3:4]={{1,2}}'::int[]",
        vec![],
    )
    .await
    .unwrap();

    assert_eq!(
        rows.rows,
        [[
            Owned::Text("[0:1]={7,8}".to_owned()),
            Owned::Text("[2:2][3:4]={{1,2}}".to_owned())
        ]]
    );
}

async fn parameters_of_every_json_kind_fit(server: &str) {
    let database = open(config(server)).await;

    for (sql, param, expected) in [
        ("SELECT $1::int", json!("7"), Owned::Number("7".to_owned())),
        ("SELECT $1::int", json!(7.0), Owned::Number("7".to_owned())),
        (
            "SELECT $1::int8",
            json!("9223372036854775807"),
            Owned::Number("9223372036854775807".to_owned()),
        ),
        (
            "SELECT $1::numeric",
            json!(1.5),
            Owned::Text("1.5".to_owned()),
        ),
        ("SELECT $1::text", json!(12), Owned::Text("12".to_owned())),
        (
            "SELECT $1::text",
            json!(true),
            Owned::Text("true".to_owned()),
        ),
        (
            "SELECT $1::text",
            json!([1, "a"]),
            Owned::Text("[1,\"a\"]".to_owned()),
        ),
        ("SELECT $1::bool", json!("yes"), Owned::Bool(true)),
        ("SELECT $1::bool", json!(false), Owned::Bool(false)),
        (
            "SELECT $1::jsonb",
            json!({"a": [1, null]}),
            Owned::Json("{\"a\":[1,null]}".to_owned()),
        ),
        (
            "SELECT $1::jsonb",
            json!([1, 2]),
            Owned::Json("[1,2]".to_owned()),
        ),
        (
            "SELECT $1::jsonb",
            json!("{\"a\": 1}"),
            Owned::Json("{\"a\":1}".to_owned()),
        ),
        (
            "SELECT $1::jsonb",
            json!(1.5),
            Owned::Json("1.5".to_owned()),
        ),
        (
            "SELECT $1::int[]",
            json!("{1,2}"),
            Owned::Array("[1,2]".to_owned()),
        ),
        (
            "SELECT $1::jsonb[]",
            json!([{"a": 1}, [1]]),
            Owned::Array("[{\"a\":1},[1]]".to_owned()),
        ),
        ("SELECT 2 = ANY($1)", json!([1, 2]), Owned::Bool(true)),
        (
            "SELECT $1",
            json!("untyped"),
            Owned::Text("untyped".to_owned()),
        ),
        (
            "SELECT count(*) FROM pg_class WHERE relname = $1",
            json!("pg_class"),
            Owned::Number("1".to_owned()),
        ),
        ("VALUES ($1::int)", json!(1), Owned::Number("1".to_owned())),
    ] {
        let rows = read(&database, sql, vec![param.clone()])
            .await
            .unwrap_or_else(|failure| panic!("{sql} {param}: {failure:?}"));
        assert_eq!(rows.rows, [[expected]], "{sql} {param}");
    }
}

async fn a_row_without_columns_is_a_row(server: &str) {
    let own = Own::create(server).await;
    write(&own.database, "CREATE TABLE nothing ()", vec![])
        .await
        .unwrap();
    write(&own.database, "INSERT INTO nothing DEFAULT VALUES", vec![])
        .await
        .unwrap();

    let rows = read(&own.database, "SELECT * FROM nothing", vec![])
        .await
        .unwrap();

    assert_eq!(rows.rows, [Vec::<Owned>::new()]);
    own.drop().await;
}

async fn text_that_is_not_utf_8_is_shown_as_bytes(server: &str) {
    let name = unique("ascii");
    psql(
        server,
        "portolan_test",
        &format!("CREATE DATABASE {name} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"),
    );
    let mut config = config(server);
    config.database = Some(name.clone());
    let database = open(config).await;

    let rows = read(
        &database,
        r"SELECT E'caf\xe9', ARRAY[E'caf\xe9'], 'plain'",
        vec![],
    )
    .await
    .unwrap();

    assert_eq!(
        rows.rows,
        [[
            Owned::InvalidText(b"caf\xe9".to_vec()),
            Owned::InvalidText(b"{caf\xe9}".to_vec()),
            Owned::Text("plain".to_owned()),
        ]]
    );
    database.pool.close().await;
    psql(
        server,
        "portolan_test",
        &format!("DROP DATABASE {name} WITH (FORCE)"),
    );
}

macro_rules! on_postgres {
    ($($fact:ident),* $(,)?) => {
        mod on_postgres {
            $(support::on_postgres!($fact, super::super::$fact);)*
        }
    };
}

on_postgres!(
    each_value_is_what_psql_prints,
    columns_are_named_as_in_the_catalog,
    every_relation_of_the_catalog_can_be_read,
    the_catalog_is_what_psql_prints,
    an_array_with_other_bounds_is_the_servers_text,
    parameters_of_every_json_kind_fit,
    a_row_without_columns_is_a_row,
    text_that_is_not_utf_8_is_shown_as_bytes,
);
