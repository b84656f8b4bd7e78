//! Tables that a role hides, on MySQL and MariaDB.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, raw_sql};
use support::{
    client::{LEGACY, Launch, Server},
    databases::{config, server_variable, unique},
    on_mysql,
    scratch::Scratch,
};

use super::{
    asking::{are_answered, are_kept, are_told_alike, are_told_alike_by},
    variants::variants,
};

/// Tables of its own in the shared database, and a server whose caller may see those of them that are not of salaries.
/// `{p}` stands for what all their names begin with.
struct House {
    admin: MySqlConnection,
    prefix: String,
    database: String,
    server: Server,
    _scratch: Scratch,
}

const TABLES: [&str; 13] = [
    "CREATE TABLE {p}salaries (id int PRIMARY KEY, amount text, boss int)",
    "CREATE TABLE {p}orders (id int PRIMARY KEY, note varchar(20), paid_by int, {p}salaries int, {p}orders int, FOREIGN KEY (paid_by) REFERENCES {p}salaries (id))",
    "CREATE TABLE `{p}Odd One` (id int, `Salaries` text)",
    "INSERT INTO {p}salaries VALUES (1, 'S3CR3T', 1)",
    "INSERT INTO {p}orders VALUES (1, 'a', 1, 3, 5), (2, 'b', NULL, 4, 6)",
    "CREATE VIEW {p}pay AS SELECT amount FROM {p}salaries",
    "CREATE VIEW {p}pay_of_pay AS SELECT upper(amount) AS a FROM {p}pay",
    "CREATE VIEW {p}both AS SELECT o.note, s.amount FROM {p}orders o LEFT JOIN ({p}salaries s JOIN {p}orders x ON x.id = s.id) ON o.id = s.id",
    "CREATE VIEW {p}notes AS SELECT o.note FROM {p}orders o JOIN {p}orders x ON x.id = o.id WHERE upper(o.note) <> 'C'",
    "CREATE VIEW {p}catalog AS SELECT table_name FROM information_schema.tables",
    "CREATE FUNCTION {p}amount_of(i int) RETURNS text READS SQL DATA RETURN (SELECT amount FROM {p}salaries WHERE id = i)",
    "CREATE FUNCTION {p}slug(t text) RETURNS text DETERMINISTIC RETURN replace(t, ' ', '-')",
    "CREATE VIEW {p}called AS SELECT {p}amount_of(1) AS got",
];

impl House {
    async fn new(key: &str) -> Self {
        let prefix = format!("{}_", unique("roles"));
        let url = server_variable(key, "URL").replace("mariadb://", "mysql://");
        let mut admin = MySqlConnection::connect(&url).await.unwrap();
        for sql in TABLES {
            // MySQL prepares no CREATE FUNCTION.
            let sql = AssertSqlSafe(sql.replace("{p}", &prefix));
            raw_sql(sql).execute(&mut admin).await.unwrap();
        }
        let database = config(key).database.unwrap();
        let scratch = Scratch::new();
        let file = scratch.path("portolan.json");
        let configuration = json!({
            "connections": {"shop": {"url": server_variable(key, "URL"), "readOnly": false}},
            "roles": {"local": {
                "connections": "*", "tools": "full", "functions": format!("{prefix}slug"),
                "tables": {"allow": format!("{database}.{prefix}*"), "deny": ["*salaries*", "*salariex"]},
            }},
        });
        std::fs::write(&file, configuration.to_string()).unwrap();
        let launch = Launch::default()
            .argument("--config")
            .argument(file.display().to_string());
        Self {
            admin,
            prefix,
            database,
            server: Server::start(launch).await,
            _scratch: scratch,
        }
    }

    fn told(&self, statements: &[&str]) -> Vec<String> {
        let told = statements.iter();
        told.map(|sql| {
            sql.replace("{p}", &self.prefix)
                .replace("{d}", &self.database)
        })
        .collect()
    }

    async fn gone(mut self) {
        for sql in TABLES.iter().rev() {
            let mut words = sql.split(' ');
            if words.next() != Some("CREATE") {
                continue;
            }
            let kind = words.next().unwrap();
            let name = sql.split('`').nth(1).map_or_else(
                || words.next().unwrap().split('(').next().unwrap().to_owned(),
                |quoted| format!("`{quoted}`"),
            );
            let sql = format!("DROP {kind} {name}").replace("{p}", &self.prefix);
            let sql = AssertSqlSafe(sql);
            raw_sql(sql).execute(&mut self.admin).await.unwrap();
        }
        self.admin.close().await.unwrap();
    }
}

/// Ways to name a table, and what the statement does with it. `{t}` stands for its name.
const WAYS: [&str; 66] = [
    "SELECT 1 1 FROM {t} WHERE 'what follows is more than a server shows of a text, and is cut by bytes: 0123456789012345678901234567890123456789'",
    "SELECT 1 FROM {t} WHERE) 'what follows is more than a server shows of a text, and is cut by bytes: 0123456789012345678901234567890123456789'",
    "EXPLAIN FORMAT=JSON (SELECT amount FROM {t})",
    "SELECT * FROM {t}",
    "SELECT amount FROM {t}",
    "SELECT count(*) FROM {t}",
    "SELECT 1 FROM {t} WHERE false",
    "SELECT nothing FROM {t}",
    "SELECT amount, nothing FROM {t}",
    "SELECT {t}.amount FROM {t}",
    "SELECT {t}.* FROM {p}orders, {t}",
    "SELECT {d}.{t}.amount FROM {t}",
    "SELECT * FROM {d}.{t}",
    "SELECT * FROM `{d}`.`{t}`",
    "SELECT * FROM `{d}` . {t}",
    "SELECT * FROM `{t}`",
    "SELECT * FROM/**/{t}",
    "SELECT * FROM -- orders\n {t}",
    "SELECT * FROM # orders\n {t}",
    "SELECT * FROM {t} AS {p}orders",
    "SELECT * FROM {t} x",
    "SELECT * FROM ({t})",
    "SELECT * FROM (({t}))",
    "SELECT * FROM (SELECT * FROM {t}) x",
    "SELECT * FROM {p}orders JOIN {t}",
    "SELECT * FROM {p}orders LEFT JOIN {t} USING (id)",
    "SELECT * FROM {p}orders NATURAL JOIN {t}",
    "SELECT * FROM {p}orders STRAIGHT_JOIN {t}",
    "SELECT * FROM {p}orders, {t}",
    "SELECT * FROM {p}orders o JOIN {p}orders u ON o.id = u.id, {t}",
    "SELECT * FROM ({p}orders, {t})",
    "SELECT * FROM {p}orders LEFT JOIN ({p}orders x, {t}) ON true",
    "SELECT * FROM { OJ {t} LEFT OUTER JOIN {p}orders ON true }",
    "SELECT * FROM {p}orders USE INDEX FOR ORDER BY (PRIMARY), {t}",
    "SELECT * FROM {p}orders USE INDEX FOR GROUP BY (PRIMARY), {t}",
    "SELECT * FROM {p}orders FORCE INDEX (PRIMARY), {t}",
    "SELECT * FROM {p}orders returning, {t}",
    "SELECT (SELECT amount FROM {t}) FROM {p}orders",
    "SELECT * FROM {p}orders WHERE id IN (SELECT id FROM {t})",
    "SELECT * FROM {p}orders WHERE id = ANY (SELECT id FROM {t})",
    "SELECT * FROM {p}orders WHERE EXISTS (SELECT 1 FROM {t})",
    "SELECT * FROM {p}orders ORDER BY (SELECT amount FROM {t})",
    "SELECT count(*) FROM {p}orders GROUP BY (SELECT amount FROM {t})",
    "SELECT count(*) FROM {p}orders HAVING (SELECT amount FROM {t}) > 'R'",
    "SELECT note FROM {p}orders UNION SELECT amount FROM {t}",
    "SELECT note FROM {p}orders UNION ALL (SELECT amount FROM {d}.{t})",
    "(SELECT amount FROM {t})",
    "WITH x AS (SELECT * FROM {t}) SELECT * FROM x",
    "WITH x AS (SELECT * FROM {t}) SELECT count(*) FROM x",
    "WITH RECURSIVE x(a) AS (SELECT amount FROM {t} UNION SELECT a FROM x) SELECT a FROM x",
    "WITH {t} AS (SELECT * FROM {d}.{t}) SELECT * FROM {t}",
    "WITH {t} AS (SELECT * FROM {t}) SELECT * FROM {t}",
    "SELECT group_concat(amount) FROM {t}",
    "SELECT json_arrayagg(amount) FROM {t}",
    "SELECT CASE WHEN (SELECT amount FROM {t}) LIKE 'S%' THEN 1 END",
    "SELECT extractvalue(1, concat(0x7e, (SELECT amount FROM {t})))",
    "SELECT exp((SELECT id + 800 FROM {t}))",
    "SELECT note, nothing, 'é' FROM {p}orders, {t} WHERE",
    "SELECT sum(id) OVER (ORDER BY (SELECT amount FROM {t})) FROM {p}orders",
    "EXPLAIN SELECT * FROM {t}",
    "EXPLAIN FORMAT=JSON SELECT * FROM {t}",
    "SELECT 1 FROM`{t}`",
    "SELECT*FROM`{t}`",
    "SELECT (SELECT amount FROM`{t}` LIMIT 1) FROM (SELECT 1 AS amount) q",
    "SELECT (SELECT amount FROM {d}.`{t}`LIMIT 1) FROM (SELECT 1 AS amount) q",
    "SELECT o.id FROM {p}orders o JOIN`{t}`x",
];

on_mysql!(
    a_hidden_table_is_answered_as_one_that_is_not_there,
    async |key: &str| {
        let mut house = House::new(key).await;
        let ways = house.told(&WAYS);
        let named = |name: &str| format!("{}{name}", house.prefix);
        let (hidden, missing) = (named("salaries"), named("salariez"));

        are_told_alike(&mut house.server, &ways, &hidden, &missing).await;

        house.gone().await;
    }
);

on_mysql!(
    however_a_hidden_table_is_written_it_is_not_there,
    async |key: &str| {
        let mut house = House::new(key).await;
        let variants = variants(&WAYS, '`');
        let variants: Vec<&str> = variants.iter().map(String::as_str).collect();
        let ways = house.told(&variants);
        // Neither is shown, and only one of them is there.
        let named = |name: &str| format!("{}{name}", house.prefix);
        let (hidden, missing) = (named("salaries"), named("salariex"));

        are_told_alike_by(&mut house.server, "execute_query", &ways, &hidden, &missing).await;

        house.gone().await;
    }
);

/// What would tell of what is hidden without naming it where a table stands.
const AROUND: [&str; 71] = [
    "EXPLAIN FORMAT=JSON (SELECT * FROM {p}pay)",
    "EXPLAIN FORMAT=JSON (SELECT {p}amount_of(1))",
    "SELECT * FROM {p}pay",
    "SELECT count(*) FROM {p}pay",
    "SELECT a FROM {p}pay_of_pay",
    "SELECT note FROM {p}both",
    "SELECT * FROM {p}orders, {p}pay",
    "WITH x AS (SELECT * FROM {p}pay) SELECT * FROM x",
    "EXPLAIN SELECT * FROM {p}pay",
    "SELECT * FROM {p}called",
    "SELECT * FROM {p}catalog",
    "SELECT {p}amount_of(1)",
    "SELECT {d}.{p}amount_of(1)",
    "SELECT `{p}amount_of`(1)",
    "SELECT `{d}` . `{p}amount_of` (1)",
    "SELECT note FROM {p}orders WHERE {p}amount_of(id) LIKE 'S%'",
    "SELECT count (1)",
    "SELECT `lower`('A')",
    "SELECT table_name FROM information_schema.tables",
    "SELECT table_name FROM INFORMATION_SCHEMA.TABLES",
    "SELECT table_name FROM `information_schema`.`TABLES`",
    "SELECT count(*) FROM information_schema.columns",
    "SELECT * FROM information_schema.key_column_usage",
    "SELECT * FROM information_schema.statistics",
    "SELECT view_definition FROM information_schema.views",
    "SELECT info FROM information_schema.processlist",
    "SELECT * FROM performance_schema.table_handles",
    "SELECT * FROM performance_schema.events_statements_history",
    "SELECT * FROM mysql.innodb_table_stats",
    "SELECT * FROM mysql.user",
    "SELECT * FROM sys.schema_table_statistics",
    "SHOW TABLES",
    "SHOW FULL TABLES",
    "SHOW TABLE STATUS",
    "SHOW DATABASES",
    "SHOW OPEN TABLES",
    "SHOW COLUMNS FROM {p}salaries",
    "SHOW INDEX FROM {p}salaries",
    "SHOW CREATE TABLE {p}salaries",
    "SHOW CREATE VIEW {p}pay",
    "SHOW CREATE FUNCTION {p}amount_of",
    "SHOW TRIGGERS",
    "SHOW EVENTS",
    "SHOW PROCESSLIST",
    "SHOW STATUS",
    "SHOW GLOBAL STATUS LIKE 'Handler%'",
    "SHOW GRANTS",
    "SHOW ENGINE INNODB STATUS",
    "SHOW VARIABLES WHERE Value = (SELECT amount FROM {p}salaries)",
    "DESCRIBE {p}salaries",
    "DESC {p}salaries amount",
    "EXPLAIN {p}salaries",
    "EXPLAIN {p}pay amount",
    "EXPLAIN FOR CONNECTION 1",
    "CHECKSUM TABLE {p}salaries",
    "SELECT LOAD_FILE('/etc/passwd')",
    "SELECT * FROM {p}orders /*! , {p}salaries */",
    "SELECT * FROM {p}orders /*!99999 UNION */ /*M! , {p}salaries */",
    "SELECT 1.FROM {p}salaries",
    "SELECT * FROM .{p}salaries",
    "SELECT amount, @a. FROM {p}salaries",
    "SELECT amount, @1. FROM {p}salaries",
    "SELECT amount, @$. FROM {p}salaries",
    "SELECT amount, @é. FROM {p}salaries",
    "SELECT amount, @a.. FROM {p}salaries",
    "SELECT o.id, s.amount FROM {p}orders o JOIN {p}orders b ON true OR @a. JOIN {p}salaries s",
    "SELECT amount, @'a'. FROM {p}salaries",
    "SELECT table_name, @a. FROM information_schema.tables",
    "SELECT @@version. FROM {p}salaries",
    "SELECT amount, @@session.sql_mode. FROM {p}salaries",
    "EXPLAIN SELECT amount, @a. FROM {p}salaries",
];

on_mysql!(no_way_around_leads_to_a_hidden_table, async |key: &str| {
    let mut house = House::new(key).await;
    let around = house.told(&AROUND);

    are_kept(&mut house.server, &around, &["salaries", "boss"]).await;

    house.gone().await;
});

/// What is no query, whatever it reads.
const OTHERS: [&str; 16] = [
    "INSERT INTO {p}orders (id) VALUES (9)",
    "INSERT INTO {p}orders (id, note) SELECT id, amount FROM {p}salaries",
    "REPLACE INTO {p}orders (id, note) SELECT id, amount FROM {p}pay",
    "UPDATE {p}orders SET note = (SELECT amount FROM {p}pay)",
    "DELETE FROM {p}orders",
    "CREATE TABLE {p}mine AS SELECT * FROM {p}pay",
    "CREATE TEMPORARY TABLE {p}mine AS SELECT * FROM {p}pay",
    "CREATE VIEW {p}mine AS SELECT * FROM {p}pay",
    "SELECT amount INTO @a FROM {p}pay",
    "SELECT * FROM {p}pay INTO OUTFILE '/tmp/x'",
    "DO (SELECT amount FROM {p}pay)",
    "HANDLER {p}salaries OPEN",
    "PREPARE x FROM 'SELECT 1'",
    "CALL {p}anything()",
    "SET @a = (SELECT amount FROM {p}pay)",
    "SELECT 1; SELECT * FROM {p}salaries",
];

on_mysql!(what_is_no_query_is_not_run, async |key: &str| {
    let mut house = House::new(key).await;
    let others = house.told(&OTHERS);

    are_kept(&mut house.server, &others, &["salaries", "boss"]).await;

    house.gone().await;
});

/// What somebody asks who means no harm, hidden names among columns and aliases included.
const HONEST: [&str; 48] = [
    "SELECT 1",
    "SELECT 1 FROM DUAL",
    "SELECT * FROM {p}orders",
    "SELECT note FROM {d}.{p}orders WHERE id = 1",
    "SELECT `note` FROM `{d}`.`{p}orders`",
    "SELECT o.{p}salaries FROM {p}orders o",
    "SELECT {p}salaries, {p}orders FROM {p}orders WHERE {p}salaries > 1 ORDER BY {p}salaries, id LIMIT 1, 1",
    "SELECT id, {p}salaries, max({p}salaries) FROM {p}orders WHERE ({p}salaries, id) IN ((3, 1)) GROUP BY id, {p}salaries",
    "SELECT count(DISTINCT note, {p}salaries), coalesce(1, {p}salaries) FROM {p}orders GROUP BY note, {p}salaries",
    "SELECT id AS {p}salaries FROM {p}orders",
    "SELECT {p}salaries.id FROM {p}orders AS {p}salaries",
    "SELECT {p}salaries.id FROM {p}orders {p}salaries",
    "WITH {p}salaries AS (SELECT 1 AS n) SELECT n FROM {p}salaries",
    "WITH {p}salaries (n) AS (SELECT 1) SELECT {p}salaries.n FROM {p}salaries",
    "WITH x AS (SELECT 1 AS n), y AS (SELECT n + 1 AS n FROM x) SELECT x.n, y.n FROM x, y",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT sum(n) FROM t",
    "SELECT '{p}salaries', \"{p}salaries\" -- {p}salaries",
    "SELECT `Salaries` FROM `{p}Odd One`",
    "SELECT * FROM {p}notes",
    "SELECT count(*), min(id), max(id), avg(id), group_concat(note ORDER BY note SEPARATOR ', ') FROM {p}orders",
    "SELECT row_number() OVER (PARTITION BY note ORDER BY id), lag(id) OVER w FROM {p}orders WINDOW w AS (ORDER BY id)",
    "SELECT a.id FROM {p}orders a JOIN {p}orders b USING (id) LEFT JOIN {p}notes n ON n.note = a.note",
    "SELECT * FROM ({p}orders a, {p}orders b) LEFT JOIN {p}notes n ON n.note = a.note",
    "SELECT id FROM {p}orders o WHERE EXISTS (SELECT 1 FROM {p}notes n WHERE n.note = o.note)",
    "SELECT id FROM {p}orders WHERE id IN (SELECT id FROM {p}orders) OR id BETWEEN 1 AND 2",
    "SELECT note FROM {p}orders UNION SELECT note FROM {p}notes ORDER BY 1 LIMIT 1 OFFSET 1",
    "SELECT CASE WHEN id > 1 THEN 'many' ELSE 'one' END, ifnull(note, ''), if(id = 1, 'a', 'b') FROM {p}orders",
    "SELECT CAST(id AS CHAR(3)), CONVERT(note USING utf8mb4), date '2026-01-01', {d '2026-01-01'} FROM {p}orders",
    "SELECT lower('A'), upper(note), length(note), substring(note from 1 for 1), trim(both ' ' from note) FROM {p}orders",
    "SELECT trim(leading 'a' from note), extract(year from now()), position('a' in note) FROM {p}orders",
    "SELECT now(), curdate(), date_format(now(), '%Y'), date_add(now(), INTERVAL 1 DAY), unix_timestamp()",
    "SELECT json_object('a', id), json_extract('{\"a\": 1}', '$.a') FROM {p}orders",
    "SELECT j.a FROM JSON_TABLE('[{\"a\": 1}]', '$[*]' COLUMNS (a INT PATH '$.a')) j",
    "SELECT note LIKE 'A%', note REGEXP '^a', id % 2, id DIV 2, NOT id, -id FROM {p}orders",
    "SELECT STRAIGHT_JOIN o.id FROM {p}orders o FORCE INDEX (PRIMARY)",
    "SELECT x.n FROM (SELECT id + 1 AS n FROM {p}orders) AS x",
    "SELECT database(), version(), @@version, crc32(note), sha2(note, 256) FROM {p}orders",
    "SELECT {p}slug('a b'), {d}.{p}slug(note) FROM {p}orders",
    "SHOW VARIABLES LIKE 'version'",
    "EXPLAIN SELECT * FROM {p}orders WHERE id = 1",
    "EXPLAIN FORMAT=JSON SELECT * FROM {p}notes",
    "EXPLAIN (SELECT * FROM {p}notes)",
    "EXPLAIN FORMAT=JSON (SELECT * FROM {p}notes)",
    "SELECT replace(note, 'a', 'b'), timestampdiff(DAY, '2026-01-01', sysdate()) FROM {p}orders",
    "SELECT timestampadd(DAY, 1, '2026-01-01'), id = ANY (SELECT 1) FROM {p}orders",
    "SELECT st_x(st_geomfromtext('POINT(1 2)')), st_astext(point(1, id)) FROM {p}orders",
    "SELECT ALL STRAIGHT_JOIN o.id FROM {p}orders o JOIN {p}notes n ON n.note = o.note",
    "SELECT DISTINCTROW STRAIGHT_JOIN o.id FROM {p}orders o",
];

on_mysql!(what_is_shown_is_read_as_by_anybody, async |key: &str| {
    let mut house = House::new(key).await;
    let honest = house.told(&HONEST);

    are_answered(&mut house.server, &honest).await;

    house.gone().await;
});

on_mysql!(what_analysts_ask_is_answered, async |key: &str| {
    let mut house = House::new(key).await;
    let asked: Vec<&str> = include_str!("analysts/mysql.sql").lines().collect();
    let asked = house.told(&asked);

    are_answered(&mut house.server, &asked).await;

    house.gone().await;
});

on_mysql!(parameters_are_judged_too, async |key: &str| {
    let mut house = House::new(key).await;

    let sql = format!("SELECT note FROM {}orders WHERE id = ?", house.prefix);
    let asked = json!({"sql": sql, "params": [2]});
    let answer = house.server.call("execute_query", asked).await.ok();
    let sql = sql
        .replace("note FROM", "amount FROM")
        .replace("orders", "salaries");
    let asked = json!({"sql": sql, "params": [1]});
    let failure = house.server.call("execute_query", asked).await.failure();

    assert_eq!(answer["rows"], json!([["b"]]));
    assert_eq!(
        failure["message"],
        format!(
            "Table '{}.{}salaries' doesn't exist",
            house.database, house.prefix
        )
    );
    assert_eq!(failure["kind"], "invalid_sql");
    house.gone().await;
});

on_mysql!(a_refusal_tells_what_to_do_instead, async |key: &str| {
    let mut house = House::new(key).await;

    for (sql, message, hint) in [
        (
            "SELECT * FROM {p}pay_of_pay",
            "A view in this statement reads what your role may not see.",
            "Whoever runs this server can allow what it reads, or deny it.",
        ),
        (
            "SELECT table_name FROM information_schema.tables",
            "tables tells of tables that your role may not see.",
            "search_schema and describe_table tell of the tables that your role may see.",
        ),
        (
            "SHOW TABLES",
            "This SHOW is not run for a role that may see some tables only.",
            "Read with SELECT; search_schema and describe_table tell of the tables that your role may see.",
        ),
        (
            "SELECT {p}amount_of(1)",
            "{p}amount_of() could read any table, and your role may see some only.",
            "Do without it. Whoever runs this server can list a function that keeps to those tables in `functions` of the role.",
        ),
        (
            "SELECT * FROM {p}called",
            "{p}amount_of() could read any table, and your role may see some only. A view in this statement calls it.",
            "Do without it. Whoever runs this server can list a function that keeps to those tables in `functions` of the role.",
        ),
    ] {
        let told = |text: &str| text.replace("{p}", &house.prefix);
        let (sql, message) = (told(sql), told(message));
        let failure = house
            .server
            .call("execute_query", json!({ "sql": sql }))
            .await
            .failure();
        assert_eq!(failure["kind"], "not_allowed", "{sql}");
        assert_eq!(failure["message"], message, "{sql}");
        assert_eq!(failure["hint"], hint, "{sql}");
    }
    house.gone().await;
});

on_mysql!(
    the_tools_that_look_at_the_schema_show_no_hidden_table,
    async |key: &str| {
        let mut house = House::new(key).await;
        house.server.initialize(LEGACY).await;
        let name = |name: &str| format!("{}{name}", house.prefix);
        let (orders, notes) = (name("orders"), name("notes"));

        let mut answers = Vec::new();
        for (tool, arguments) in [
            ("search_schema", json!({})),
            ("search_schema", json!({"search": "boss", "detail": "full"})),
            ("search_schema", json!({"search": "salaries"})),
            ("describe_table", json!({"tables": [orders, notes]})),
            (
                "explain_query",
                json!({"sql": format!("SELECT * FROM {notes}")}),
            ),
            ("connection_info", json!({})),
        ] {
            let answer = house.server.call(tool, arguments).await;
            answers.push((tool, answer.json().to_string()));
        }
        for (method, params) in [
            ("resources/read", json!({"uri": "portolan://shop/schema"})),
            (
                "resources/read",
                json!({"uri": "portolan://shop/schema/diagram"}),
            ),
        ] {
            let answer = house.server.request(method, params).await;
            assert_eq!(answer["error"], json!(null), "{method}");
            answers.push((method, answer.to_string()));
        }

        for (what, answer) in answers {
            for name in ["boss", "salaries(", "salaries {", "salariez"] {
                assert!(!answer.contains(name), "{what}: {name}: {answer}");
            }
        }
        house.gone().await;
    }
);
