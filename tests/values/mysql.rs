//! Every type of MySQL and MariaDB, cell by cell beside what the server's own client prints.

use std::{
    fmt::Write as _,
    process::{Command, Stdio},
};

use domain::connection::{Address, ConnectionConfig, Database};
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, MySqlConnection, Row as _,
    mysql::MySqlConnectOptions, raw_sql,
};
use support::{
    databases::{config, open, read, server_variable, unique, variable, writable, write},
    on_mysql,
    rows::Owned,
};

/// A column's type and the literals that it holds, one a row.
type Case = (&'static str, &'static [&'static str]);

const ON_BOTH: &[Case] = &[
    ("TINYINT", &["-128", "127", "0", "1"]),
    ("TINYINT UNSIGNED", &["0", "255"]),
    ("TINYINT(1)", &["0", "1", "2", "-1"]),
    ("BOOL", &["TRUE", "FALSE"]),
    ("SMALLINT", &["-32768", "32767"]),
    ("SMALLINT UNSIGNED", &["65535"]),
    ("MEDIUMINT", &["-8388608", "8388607"]),
    ("MEDIUMINT UNSIGNED", &["16777215"]),
    ("INT", &["-2147483648", "2147483647"]),
    ("INT UNSIGNED", &["4294967295"]),
    ("INT(5) ZEROFILL", &["42"]),
    (
        "BIGINT",
        &[
            "-9223372036854775808",
            "9223372036854775807",
            "9007199254740993",
        ],
    ),
    ("BIGINT UNSIGNED", &["18446744073709551615"]),
    ("BIT(1)", &["b'0'", "b'1'"]),
    ("BIT(9)", &["b'100000001'"]),
    ("BIT(64)", &["0xFFFFFFFFFFFFFFFF", "1"]),
    (
        "DECIMAL(65,30)",
        &[
            "'12345678901234567890123456789012345.123456789012345678901234567890'",
            "0",
            "-1",
        ],
    ),
    ("DECIMAL(5,0)", &["-99999"]),
    ("DECIMAL(10,2)", &["'1.20'", "'-0.05'"]),
    ("DECIMAL(8,3) UNSIGNED ZEROFILL", &["'1.5'"]),
    (
        "FLOAT",
        &[
            "0.1",
            "3.4028234e38",
            "1.17549435e-38",
            "-0.0",
            "16777217",
            "1e10",
        ],
    ),
    (
        "DOUBLE",
        &[
            "0.1",
            "1.7976931348623157e308",
            "2.2250738585072014e-308",
            "-0.0",
            "1e15",
            "1e16",
            "123456789012345680000",
        ],
    ),
    ("FLOAT(7,4)", &["999.00009"]),
    ("DOUBLE(20,6)", &["1234567.891234"]),
    (
        "DATE",
        &[
            "'2024-02-29'",
            "'1000-01-01'",
            "'9999-12-31'",
            "'0000-00-00'",
            "'2024-00-00'",
        ],
    ),
    (
        "TIME",
        &[
            "'-838:59:59'",
            "'838:59:59'",
            "'00:00:00'",
            "'-00:00:01'",
            "'100:00:00'",
        ],
    ),
    (
        "TIME(3)",
        &[
            "'-838:59:59.000'",
            "'12:34:56.789'",
            "'00:00:00'",
            "'-00:00:00.001'",
        ],
    ),
    ("TIME(6)", &["'23:59:59.999999'", "'00:00:00'"]),
    (
        "DATETIME",
        &[
            "'1000-01-01 00:00:00'",
            "'9999-12-31 23:59:59'",
            "'0000-00-00 00:00:00'",
            "'2024-03-31 02:30:00'",
        ],
    ),
    (
        "DATETIME(1)",
        &["'2024-01-01 00:00:00.5'", "'2024-01-01 00:00:00'"],
    ),
    (
        "DATETIME(3)",
        &["'2024-01-01 01:02:03.004'", "'0000-00-00 00:00:00'"],
    ),
    (
        "DATETIME(6)",
        &["'2024-12-31 23:59:59.999999'", "'2024-12-31 00:00:00'"],
    ),
    (
        "TIMESTAMP NULL",
        &[
            "'1970-01-01 00:00:01'",
            "'2038-01-19 03:14:07'",
            "'0000-00-00 00:00:00'",
            "'2024-03-31 02:30:00'",
        ],
    ),
    ("TIMESTAMP(6) NULL", &["'2024-10-27 02:30:00.000001'"]),
    ("YEAR", &["1901", "2155", "0"]),
    ("CHAR(10)", &["'abc'", "''", "'a '"]),
    ("CHAR(4) BINARY", &["'aB'"]),
    (
        "VARCHAR(50)",
        &[
            "''",
            "'Grüße 世界 🌍'",
            "'tab\\t newline\\n quote\\' backslash\\\\ nul\\0'",
            "'NULL'",
        ],
    ),
    ("VARCHAR(20) CHARACTER SET latin1", &["'Grüße'"]),
    ("VARCHAR(20) CHARACTER SET ucs2", &["'Grüße 世'"]),
    (
        "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        &["'Grüße 🌍'"],
    ),
    (
        "VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin",
        &["'é'"],
    ),
    ("CHAR(5) CHARACTER SET utf16", &["'a🌍'"]),
    ("CHAR(5) CHARACTER SET cp1251", &["'да'"]),
    ("CHAR(5) CHARACTER SET sjis", &["'日本'"]),
    ("CHAR(5) CHARACTER SET ascii", &["'a'"]),
    ("TINYTEXT", &["'é'", "''"]),
    ("TEXT", &["'text'"]),
    ("MEDIUMTEXT", &["REPEAT('é', 70000)"]),
    ("LONGTEXT", &["'long'"]),
    ("TEXT CHARACTER SET latin1 COLLATE latin1_bin", &["'é'"]),
    ("BINARY(4)", &["'a'", "0x00FF00FF"]),
    ("VARBINARY(10)", &["''", "0xFF00", "'plain'"]),
    ("TINYBLOB", &["0x00", "''"]),
    ("BLOB", &["0xDEADBEEF"]),
    ("MEDIUMBLOB", &["REPEAT(0xFF, 70000)"]),
    ("LONGBLOB", &["0x0001"]),
    ("ENUM('a','é','')", &["'a'", "'é'", "''"]),
    ("SET('x','y','z')", &["'x,z'", "''"]),
    (
        "JSON",
        &[
            "'{\"b\": [1, 2.50, null, true, \"é\\\\n\"], \"a\": 1e3}'",
            "'null'",
            "'9007199254740993'",
            "'\"text\"'",
        ],
    ),
    ("POINT", &["ST_GeomFromText('POINT(1 -2.5)')"]),
    (
        "GEOMETRY",
        &[
            "ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')",
            "ST_GeomFromText('LINESTRING(0 0,1 1)')",
        ],
    ),
];

const ON_MARIADB: &[Case] = &[
    ("UUID", &["'123e4567-e89b-12d3-a456-426655440000'"]),
    ("INET6", &["'2001:db8::ff00:42:8329'", "'::ffff:192.0.2.1'"]),
    ("INET4", &["'192.0.2.1'"]),
];

const ON_MYSQL: &[Case] = &[
    (
        "GEOMETRYCOLLECTION",
        &["ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))')"],
    ),
    ("POINT SRID 4326", &["ST_GeomFromText('POINT(1 2)', 4326)"]),
];

/// Results that belong to no column.
const EXPRESSIONS: &[&str] = &[
    "NULL",
    "1",
    "-1",
    "18446744073709551615",
    "1.50",
    "1e0",
    "0.1 + 0.2",
    "0.1e0 + 0.2e0",
    "1/3",
    "-0e0",
    "TRUE",
    "1 = 1",
    "'text'",
    "''",
    "x'00ff'",
    "b'101'",
    "_latin1 x'e9'",
    "_binary 'bytes'",
    "CAST('2024-01-01' AS DATE)",
    "CAST('2024-01-01 10:00:00' AS DATETIME)",
    "CAST('2024-01-01 10:00:00.120' AS DATETIME(3))",
    "CAST('-12:00:00.5' AS TIME(2))",
    "CAST('838:59:59' AS TIME)",
    "CAST(1 AS SIGNED)",
    "CAST(1 AS UNSIGNED)",
    "CAST(1.005 AS DECIMAL(10,3))",
    "CAST('a' AS BINARY)",
    "CAST('a' AS CHAR)",
    "MAKETIME(-1, 2, 3)",
    "SEC_TO_TIME(1.5)",
    "SEC_TO_TIME('1.25')",
    "ADDTIME('10:00:00', '1.5')",
    "TIMEDIFF('2024-01-02 00:00:00', '2024-01-01 00:00:00.000001')",
    "TIMESTAMP('2024-01-01')",
    "TIMESTAMP('2024-01-01 10:00:00.123')",
    "FROM_UNIXTIME(0)",
    "FROM_UNIXTIME(1.5)",
    "DATE_ADD('2024-01-01', INTERVAL 1 MICROSECOND)",
    "DATE_ADD(CAST('2024-01-01' AS DATE), INTERVAL 1 SECOND)",
    "CAST('2024-01-01 10:00:00' AS DATETIME) + INTERVAL '1.5' SECOND",
    "COALESCE(TIMESTAMP('2024-01-01'), 1)",
    "IF(1, TIMESTAMP('2024-01-01 00:00:00.1'), '2020-01-01')",
    "LEAST(TIME('10:00:00.25'), CAST('11:00' AS TIME))",
    "LAST_DAY('2024-02-01')",
    "STR_TO_DATE('01.02.2024 03:04', '%d.%m.%Y %H:%i')",
    "STR_TO_DATE('03:04:05.678', '%H:%i:%s.%f')",
    "YEAR('2024-01-01')",
    "SUM(1)",
    "SUM(1.5)",
    "SUM(1e0)",
    "AVG(1)",
    "COUNT(*)",
    "MAX(CAST('2024-01-01 00:00:00.12' AS DATETIME(2)))",
    "MIN(CAST('-10:00:00' AS TIME))",
    "GROUP_CONCAT('a')",
    "BIT_OR(5)",
    "CONCAT(1, 'a')",
    "CONCAT(x'ff', 'a')",
    "REPEAT('é', 100)",
    "HEX('é')",
    "UNHEX('ff')",
    "SHA2('a', 256)",
    "COMPRESS('a')",
    "AES_ENCRYPT('a', 'b')",
    "INET6_ATON('::1')",
    "UUID_TO_BIN_OR_NOT",
    "JSON_OBJECT('a', 1.50, 'b', NULL)",
    "JSON_EXTRACT('[1, \"a\"]', '$[1]')",
    "JSON_UNQUOTE(JSON_EXTRACT('[1, \"a\"]', '$[1]'))",
    "JSON_ARRAYAGG(1)",
    "ST_GeomFromText('POINT(1 2)')",
    "ST_AsText(ST_GeomFromText('POINT(1 2)'))",
    "ST_X(ST_GeomFromText('POINT(1 2)'))",
    "DATABASE()",
    "CHARSET('a')",
    "POW(2, 0.5)",
    "ROUND(1.005, 2)",
    "TRUNCATE(-1.999, 2)",
    "5 DIV 2",
    "~0",
    "1 << 63",
    "FORMAT(1234567.891, 2)",
    "INTERVAL(5, 1, 10)",
    "ROW_NUMBER() OVER ()",
];

async fn beside(server: &str) -> MySqlConnection {
    MySqlConnectOptions::from_url(&url::Url::parse(&server_variable(server, "URL")).unwrap())
        .unwrap()
        .connect()
        .await
        .unwrap()
}

async fn run_beside(server: &str, sql: &str) {
    let mut connection = beside(server).await;
    raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap_or_else(|error| panic!("{error}: {sql:.300}"));
    connection.close().await.unwrap();
}

/// What the server's own client prints for each expression: bytes, or nothing for NULL.
fn printed(
    server: &str,
    config: &ConnectionConfig,
    from: &str,
    expressions: &[String],
) -> Vec<Option<Vec<u8>>> {
    const MARK: &str = "\u{1}-- next --\u{1}";
    let (program, zone) = (
        if server.starts_with("mariadb") {
            "PORTOLAN_TEST_MARIADB_CLI"
        } else {
            "PORTOLAN_TEST_MYSQL_CLI"
        },
        if config.time_zone == "UTC" {
            "+00:00"
        } else {
            &config.time_zone
        },
    );
    let mut script = format!("SET NAMES utf8mb4; SET time_zone = '{zone}';\n");
    for expression in expressions {
        let _ = write!(
            script,
            "SELECT ({expression}) IS NULL {from};\nSELECT '{MARK}';\nSELECT {expression} {from};\nSELECT '{MARK}';\n"
        );
    }
    let Address::Tcp { host, port } = &config.address else {
        unreachable!("the suite's servers listen on ports")
    };
    let url = url::Url::parse(&server_variable(server, "URL")).unwrap();
    let mut client =
        Command::new(variable(program).unwrap_or_else(|| panic!("{program} is not set")))
            .args([
                "--no-defaults",
                "--batch",
                "--raw",
                "--skip-column-names",
                "--default-character-set=utf8mb4",
            ])
            .args([
                format!("--host={host}"),
                format!("--port={port}"),
                format!("--user={}", url.username()),
            ])
            .arg(format!("--password={}", url.password().unwrap()))
            .arg(url.path().trim_start_matches('/'))
            .env("TZ", "Pacific/Kiritimati")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
    let mut input = client.stdin.take().unwrap();
    let writer =
        std::thread::spawn(move || std::io::Write::write_all(&mut input, script.as_bytes()));
    let output = client.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mark = format!("\n{MARK}\n");
    let answers = split(&output.stdout, mark.as_bytes());
    assert_eq!(answers.len(), expressions.len() * 2);
    answers
        .chunks(2)
        .map(|pair| (pair[0] == b"0").then(|| pair[1].clone()))
        .collect()
}

/// The pieces that each end with `mark`.
fn split(mut bytes: &[u8], mark: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    while let Some(at) = bytes.windows(mark.len()).position(|window| window == mark) {
        pieces.push(bytes[..at].to_vec());
        bytes = &bytes[at + mark.len()..];
    }
    pieces
}

/// Whether our cell says what the client printed.
fn same(ours: &Owned, printed: Option<&Vec<u8>>) -> bool {
    let Some(printed) = printed else {
        return *ours == Owned::Null;
    };
    let number = || std::str::from_utf8(printed).unwrap();
    match ours {
        Owned::Null
        | Owned::Number(_)
        | Owned::MixedBytes(_)
        | Owned::HexBytes(_)
        | Owned::Array(_) => false,
        Owned::Bool(value) => number() == if *value { "1" } else { "0" },
        // ZEROFILL and YEAR are printed with leading zeros.
        Owned::Int(value) => number().parse() == Ok(*value),
        Owned::Float(value) => number().parse::<f64>().unwrap().to_bits() == value.to_bits(),
        Owned::Text(text) | Owned::Json(text) => text.as_bytes() == printed,
        Owned::InvalidText(bytes) | Owned::Bytes(bytes) => bytes == printed,
    }
}

struct Table {
    name: String,
    /// Each column's name, type and literal.
    columns: Vec<(String, &'static str, &'static str)>,
}

impl Table {
    /// One row; each literal in a column of its own.
    async fn create(server: &str) -> Self {
        let name = unique("every_type");
        let own = if server.starts_with("mariadb") {
            ON_MARIADB
        } else {
            ON_MYSQL
        };
        let columns: Vec<_> = ON_BOTH
            .iter()
            .chain(own)
            .flat_map(|(column_type, literals)| {
                literals
                    .iter()
                    .chain(&["NULL"])
                    .map(move |literal| (*column_type, *literal))
            })
            .enumerate()
            .map(|(index, (column_type, literal))| (format!("c{index}"), column_type, literal))
            .collect();
        let declared: Vec<_> = columns
            .iter()
            .map(|(name, column_type, _)| {
                // A TIMESTAMP is NOT NULL by itself on one of the servers.
                format!("{name} {column_type}")
            })
            .collect();
        let literals: Vec<_> = columns.iter().map(|(_, _, literal)| *literal).collect();
        run_beside(
            server,
            &format!(
                "SET sql_mode = '', time_zone = '+00:00', NAMES utf8mb4; \
                 CREATE TABLE {name} (id INT PRIMARY KEY, {}) CHARACTER SET utf8mb4 ROW_FORMAT=DYNAMIC; \
                 INSERT INTO {name} VALUES (1, {})",
                declared.join(", "),
                literals.join(", ")
            ),
        )
        .await;
        Self { name, columns }
    }

    async fn drop(self, server: &str) {
        run_beside(server, &format!("DROP TABLE {}", self.name)).await;
    }
}

async fn every_column_is_as_printed(
    server: &str,
    config: ConnectionConfig,
    condition: &str,
    params: Vec<Value>,
) {
    let table = Table::create(server).await;
    let names: Vec<_> = table
        .columns
        .iter()
        .map(|(name, ..)| name.clone())
        .collect();
    // The client prints a FLOAT with six digits; as a DOUBLE it says all that it holds.
    let asked: Vec<_> = table
        .columns
        .iter()
        .map(|(name, column_type, _)| {
            if column_type.starts_with("FLOAT") {
                format!("CAST({name} AS DOUBLE)")
            } else {
                name.clone()
            }
        })
        .collect();
    let printed = printed(server, &config, &format!("FROM {}", table.name), &asked);
    let database = open(config).await;

    let rows = read(
        &database,
        &format!(
            "SELECT {} FROM {} WHERE {condition}",
            names.join(", "),
            table.name
        ),
        params,
    )
    .await
    .unwrap();

    assert_eq!(rows.rows.len(), 1);
    let wrong: Vec<_> = std::iter::zip(&table.columns, std::iter::zip(&rows.rows[0], &printed))
        .filter(|(_, (ours, printed))| !same(ours, printed.as_ref()))
        .map(|((_, column_type, literal), (ours, printed))| {
            format!(
                "{column_type} {literal}: {ours:?}, the client prints {:?}",
                printed.as_ref().map(|bytes| String::from_utf8_lossy(bytes))
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    table.drop(server).await;
}

on_mysql!(
    every_type_is_as_the_client_prints_it,
    async |server: &str| {
        every_column_is_as_printed(server, config(server), "id = 1", vec![]).await;
    }
);

on_mysql!(
    every_type_is_the_same_beside_a_parameter,
    async |server: &str| {
        every_column_is_as_printed(server, config(server), "id = ?", vec![json!(1)]).await;
    }
);

on_mysql!(
    every_type_is_the_same_in_another_time_zone,
    async |server: &str| {
        let mut config = config(server);
        "+05:30".clone_into(&mut config.time_zone);
        every_column_is_as_printed(server, config, "id = 1", vec![]).await;
    }
);

on_mysql!(
    every_expression_is_as_the_client_prints_it,
    async |server: &str| {
        let expressions: Vec<_> = EXPRESSIONS
            .iter()
            .map(|expression| {
                expression.replace(
                    "UUID_TO_BIN_OR_NOT",
                    if server.starts_with("mariadb") {
                        "UNHEX('00')"
                    } else {
                        "UUID_TO_BIN('123e4567-e89b-12d3-a456-426655440000')"
                    },
                )
            })
            .collect();
        let printed = printed(server, &config(server), "", &expressions);
        let database = open(config(server)).await;
        let mut wrong = Vec::new();

        for (expression, printed) in std::iter::zip(&expressions, &printed) {
            let rows = read(&database, &format!("SELECT {expression}"), vec![])
                .await
                .unwrap();
            let ours = &rows.rows[0][0];
            if !same(ours, printed.as_ref()) {
                wrong.push(format!(
                    "{expression}: {ours:?}, the client prints {:?}",
                    printed.as_ref().map(|bytes| String::from_utf8_lossy(bytes))
                ));
            }
        }

        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
);

/// The value as a caller would send it back, and the expression that takes it.
fn as_parameter(cell: &Owned, column_type: &str) -> Option<(Value, &'static str)> {
    let hex = |bytes: &[u8]| {
        json!(
            bytes
                .iter()
                .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
        )
    };
    Some(match cell {
        Owned::Null => (Value::Null, "?"),
        Owned::Bool(value) => (json!(value), "?"),
        Owned::Int(value) => (
            i64::try_from(*value).map_or_else(
                |_| json!(u64::try_from(*value).unwrap()),
                |value| json!(value),
            ),
            "?",
        ),
        // A JSON number this large may have been rounded on its way, and is refused as one.
        Owned::Float(value) if value.abs() >= 9e15 => (json!(format!("{value:e}")), "?"),
        Owned::Float(value) => (json!(value), "?"),
        Owned::Text(text) | Owned::Json(text) => (json!(text), "?"),
        Owned::Bytes(bytes) if column_type.starts_with("BIT") => (
            json!(
                bytes
                    .iter()
                    .fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
            ),
            "?",
        ),
        Owned::Bytes(bytes) => (hex(bytes), "UNHEX(?)"),
        _ => return None,
    })
}

on_mysql!(
    every_type_comes_back_equal_from_a_parameter,
    async |server: &str| {
        let table = Table::create(server).await;
        let database = open(writable(config(server))).await;
        let ours = read(&database, &format!("SELECT * FROM {}", table.name), vec![])
            .await
            .unwrap();
        let mut wrong = Vec::new();
        for (index, (name, column_type, literal)) in table.columns.iter().enumerate() {
            // The servers' own strict mode refuses dates that are none.
            if literal.contains("0000-00-00") || literal.contains("-00-00") {
                continue;
            }
            let cell = &ours.rows[0][index + 1];
            let (value, taken) = as_parameter(cell, column_type)
                .unwrap_or_else(|| panic!("{column_type} is {cell:?}"));
            let id = index + 2;
            let written = write(
                &database,
                &format!(
                    "INSERT INTO {} (id, {name}) VALUES ({id}, {taken})",
                    table.name
                ),
                vec![value],
            )
            .await;
            if let Err(failure) = written {
                wrong.push(format!("{column_type} {literal}: {failure}"));
                continue;
            }
            let back = read(
                &database,
                &format!("SELECT {name} FROM {} WHERE id = ?", table.name),
                vec![json!(id)],
            )
            .await
            .unwrap();
            if back.rows[0][0] != *cell {
                wrong.push(format!(
                    "{column_type} {literal}: {cell:?} came back as {:?}",
                    back.rows[0][0]
                ));
            }
        }

        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        table.drop(server).await;
    }
);

on_mysql!(every_type_has_its_name, async |server: &str| {
    let table = unique("named");
    let columns = [
        ("TINYINT", "tinyint"),
        ("BOOL", "tinyint(1)"),
        ("SMALLINT UNSIGNED", "smallint unsigned"),
        ("MEDIUMINT", "mediumint"),
        ("INT UNSIGNED", "int unsigned"),
        ("BIGINT", "bigint"),
        ("BIT(8)", "bit"),
        ("DECIMAL(5,2)", "decimal"),
        ("FLOAT", "float"),
        ("DOUBLE", "double"),
        ("DATE", "date"),
        ("TIME(3)", "time"),
        ("DATETIME", "datetime"),
        ("TIMESTAMP NULL", "timestamp"),
        ("YEAR", "year"),
        ("CHAR(3)", "char"),
        ("VARCHAR(3)", "varchar"),
        (
            "VARCHAR(3) CHARACTER SET latin1 COLLATE latin1_bin",
            "varchar",
        ),
        ("BINARY(3)", "binary"),
        ("VARBINARY(3)", "varbinary"),
        ("TINYTEXT", "tinytext"),
        ("TEXT", "text"),
        ("TEXT CHARACTER SET latin1", "text"),
        ("MEDIUMTEXT", "mediumtext"),
        ("LONGTEXT", "longtext"),
        ("TINYBLOB", "tinyblob"),
        ("BLOB", "blob"),
        ("MEDIUMBLOB", "mediumblob"),
        ("LONGBLOB", "longblob"),
        ("ENUM('a')", "enum"),
        ("SET('a')", "set"),
        (
            "JSON",
            if server.starts_with("mariadb") {
                "longtext"
            } else {
                "json"
            },
        ),
        ("POINT", "geometry"),
    ];
    let declared: Vec<_> = columns
        .iter()
        .enumerate()
        .map(|(index, (declared, _))| format!("c{index} {declared}"))
        .collect();
    run_beside(
        server,
        &format!(
            "CREATE TABLE {table} ({}) CHARACTER SET utf8mb4; INSERT INTO {table} () VALUES ()",
            declared.join(", ")
        ),
    )
    .await;
    let database = open(config(server)).await;

    let full = read(&database, &format!("SELECT * FROM {table}"), vec![])
        .await
        .unwrap();
    let empty = read(
        &database,
        &format!("SELECT * FROM {table} WHERE c0 = 1"),
        vec![],
    )
    .await
    .unwrap();

    let names = |columns: &[domain::query::Column]| {
        columns
            .iter()
            .map(|column| column.type_name.clone())
            .collect::<Vec<_>>()
    };
    let expected: Vec<_> = columns.iter().map(|(_, name)| (*name).to_owned()).collect();
    assert_eq!(names(&full.columns), expected);
    assert_eq!(names(&empty.columns), expected);
    run_beside(server, &format!("DROP TABLE {table}")).await;
});

/// Every table of the server's own, as (schema, table).
async fn catalog(server: &str) -> Vec<(String, String)> {
    let mut connection = beside(server).await;
    sqlx::query(
        "SELECT table_schema, table_name FROM information_schema.tables \
         WHERE table_schema IN ('information_schema', 'mysql', 'performance_schema', 'sys') ORDER BY 1, 2",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap()
    .iter()
    .map(|row| {
        let text = |index| String::from_utf8(row.try_get_unchecked::<Vec<u8>, _>(index).unwrap()).unwrap();
        (text(0), text(1))
    })
    .collect()
}

async fn unreadable(
    server: &str,
    database: &Database,
    schema: &str,
    table: &str,
) -> Option<String> {
    let sql = format!("SELECT * FROM `{schema}`.`{table}`");
    let failure = read(database, &sql, vec![]).await.err()?;
    // Some tables only stand for a part of the server that is not there: nobody can read those.
    let mut connection = beside(server).await;
    let theirs = raw_sql(AssertSqlSafe(sql.clone()))
        .fetch_all(&mut connection)
        .await;
    match theirs {
        Err(sqlx::Error::Database(error)) => {
            let number = error
                .downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
                .number();
            (failure.native_code != Some(number.into()))
                .then(|| format!("{sql}: {failure:?}, not {error:?}"))
        }
        _ => Some(format!("{sql}: {failure:?}")),
    }
}

on_mysql!(every_catalog_table_is_readable, async |server: &str| {
    let database = open(config(server)).await;
    let tables = catalog(server).await;
    assert!(tables.len() > 100, "{}", tables.len());
    let mut wrong = Vec::new();

    for (schema, table) in &tables {
        wrong.extend(unreadable(server, &database, schema, table).await);
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
});
