//! Everything about a table, held against what was declared.

use domain::{
    Cancel,
    connection::ConnectionConfig,
    schema::{Referring, TableDescription},
};
use serde_json::{Value, json};
use support::{
    databases::{describe_all, open},
    on_mysql, on_servers,
};

use super::house::House;

async fn describe(config: ConnectionConfig, schema: &str, names: &[&str]) -> Vec<TableDescription> {
    let database = open(config).await;
    let tables: Vec<(String, String)> = names
        .iter()
        .map(|name| (schema.to_owned(), (*name).to_owned()))
        .collect();
    let described = describe_all(&database, &tables).await;
    database.pool.close().await;
    described
}

/// One table, as a client sees it.
async fn described(house: &House, name: &str) -> Value {
    let mut described = describe(house.config(), &house.name, &[name]).await;
    assert_eq!(described.len(), 1);
    serde_json::to_value(described.remove(0)).unwrap()
}

fn column<'a>(table: &'a Value, name: &str) -> &'a Value {
    table["columns"]
        .as_array()
        .unwrap()
        .iter()
        .find(|column| column["name"] == name)
        .unwrap()
}

on_mysql!(columns_are_as_they_were_declared, async |server: &str| {
    let house = House::shop(server).await;

    let table = described(&house, "customers").await;

    let (unsigned, stamp, joined, upper) = if house.is_mariadb() {
        (
            "int(10) unsigned",
            "current_timestamp(3)",
            "concat(`name`,' <',`email`,'>') virtual",
            "ucase(`name`) stored",
        )
    } else {
        (
            "int unsigned",
            "CURRENT_TIMESTAMP(3)",
            "concat(`name`,_utf8mb4' <',`email`,_utf8mb4'>') virtual",
            "upper(`name`) stored",
        )
    };
    assert_eq!(
        table["columns"],
        json!([
            {"name": "id", "type": unsigned, "notNull": true, "identity": "auto_increment"},
            {"name": "email", "type": "varchar(80)", "notNull": true, "collation": "utf8mb4_bin", "comment": "it's `one`"},
            {"name": "name", "type": "varchar(40)", "default": "'it''s'"},
            {"name": "code", "type": "char(2)"},
            {"name": "status", "type": "enum('new','it''s','a,b')", "default": "'new'", "values": ["new", "it's", "a,b"]},
            {"name": "tags", "type": "set('x','y')", "values": ["x", "y"]},
            {"name": "note", "type": "text"},
            {"name": "score", "type": "decimal(6,2)", "default": "1.50"},
            {"name": "flag", "type": "bit(3)", "default": "b'101'"},
            {"name": "nothing", "type": "varchar(4)", "default": "''"},
            {"name": "word", "type": "varchar(4)", "default": "'NULL'"},
            {"name": "since", "type": "date", "default": "'2020-01-02'"},
            {"name": "created", "type": "timestamp(3)", "notNull": true, "default": format!("{stamp} ON UPDATE {stamp}")},
            {"name": "full_name", "type": "varchar(90)", "generated": joined},
            {"name": "loud", "type": "varchar(90)", "generated": upper},
            {"name": "place", "type": "point", "notNull": true},
        ])
    );
    house.leave().await;
});

on_mysql!(
    keys_and_indexes_are_as_they_were_declared,
    async |server: &str| {
        let house = House::shop(server).await;

        let table = described(&house, "customers").await;

        assert_eq!(table["comment"], "who buys");
        assert_eq!(table["primaryKey"], json!(["id"]));
        assert_eq!(
            table["unique"],
            json!([
                {"name": "by_email", "columns": ["email"]},
            ])
        );
        assert_eq!(
            table["indexes"],
            json!([
                {"name": "by_name", "columns": ["name(5) DESC", "code"]},
                {"name": "by_start", "columns": ["name(3)"], "unique": true},
                {"name": "lives_in", "columns": ["code"]},
                {"name": "spot", "columns": ["place"], "method": "SPATIAL"},
                {"name": "words", "columns": ["name", "note"], "method": "FULLTEXT"},
            ])
        );
        let far = format!("{}_far.countries(code)", house.name);
        assert_eq!(
            table["foreignKeys"],
            json!([{"name": "lives_in", "columns": ["code"], "references": far, "onDelete": "SET NULL", "onUpdate": "CASCADE"}])
        );
        assert_eq!(
            table["referencedBy"],
            json!([{"from": "items(customer)", "columns": ["id"], "onDelete": "CASCADE"}])
        );
        let positive = if house.is_mariadb() {
            "`score` > 0"
        } else {
            "(`score` > 0)"
        };
        assert_eq!(
            table["checks"],
            json!([{"name": "positive", "definition": positive}])
        );
        house.leave().await;
    }
);

on_mysql!(what_only_some_tables_have_is_told, async |server: &str| {
    let house = House::shop(server).await;

    let items = described(&house, "items").await;
    let orders = described(&house, "orders").await;
    let fleeting = described(&house, "fleeting").await;
    let big = described(&house, "big").await;

    assert_eq!(
        items["triggers"],
        json!([
            {"name": "first_line", "event": "BEFORE INSERT FOR EACH ROW", "action": "SET NEW.line = 1"},
            {"name": "later", "event": "AFTER UPDATE FOR EACH ROW", "action": "SET @portolan = 1"},
        ])
    );
    let visits = format!("{}_far.visits(a, b)", house.name);
    assert_eq!(
        items["referencedBy"],
        json!([{"from": visits, "columns": ["order_id", "line"]}])
    );
    assert_eq!(orders["kind"], "partitioned_table");
    assert_eq!(
        orders["partitionedBy"],
        "RANGE (year(`at`)) SUBPARTITION BY HASH (`id`)"
    );
    assert_eq!(
        orders["partitions"],
        json!([
            "p0 VALUES LESS THAN (2020)",
            "p 1 VALUES LESS THAN MAXVALUE"
        ])
    );
    assert_eq!(fleeting["options"], json!(["ENGINE=MEMORY"]));
    assert_eq!(
        fleeting["unique"],
        json!([{"name": "hashed", "columns": ["a"], "notes": "HASH"}])
    );
    let query = big["definition"].as_str().unwrap();
    assert!(
        query.starts_with("select ") && query.ends_with(" WITH CASCADED CHECK OPTION"),
        "{query}"
    );
    assert_eq!(column(&big, "name")["type"], "varchar(40)");
    assert!(big.get("estimatedRows").is_none());
    house.leave().await;
});

on_mysql!(what_one_of_the_servers_has_is_told, async |server: &str| {
    let house = House::shop(server).await;

    let own = described(&house, "own").await;

    assert_eq!(column(&own, "c")["notes"], "INVISIBLE");
    let hidden = json!({"name": "hidden", "columns": ["a"], "invalid": true});
    if house.is_mariadb() {
        assert_eq!(own["options"], json!(["WITH SYSTEM VERSIONING"]));
        assert_eq!(own["indexes"], json!([hidden]));
        assert_eq!(column(&own, "x")["notes"], "WITHOUT SYSTEM VERSIONING");
        assert_eq!(
            own["checks"],
            json!([{"name": "a", "definition": "`a` > 5"}, {"name": "doc", "definition": "json_valid(`doc`)"}])
        );
    } else {
        assert_eq!(
            own["indexes"],
            json!([{"name": "by_expression", "columns": ["(lower(`b`))", "a"]}, hidden])
        );
        assert_eq!(column(&own, "g")["notes"], "SRID 4326");
        assert_eq!(
            column(&own, "b")["default"],
            r"concat(_utf8mb4'it\'s',_utf8mb4'x')"
        );
        assert_eq!(
            own["checks"],
            json!([{"name": "lax", "definition": r"(`b` <> _utf8mb4'it\'s') NOT ENFORCED"}])
        );
    }
    house.leave().await;
});

on_mysql!(what_is_gone_is_left_out, async |server: &str| {
    let mut house = House::empty(server).await;
    house.run("CREATE TABLE Orders (a INT)").await;
    house.run("CREATE TABLE orders (b INT)").await;
    house.run("CREATE TABLE gone (c INT)").await;
    house.run("DROP TABLE gone").await;

    let described = describe(house.config(), &house.name, &["orders", "gone", "Orders"]).await;

    let columns: Vec<&str> = described
        .iter()
        .map(|table| table.columns[0].name.as_str())
        .collect();
    assert_eq!(columns, ["b", "a"]);
    house.leave().await;
});

on_mysql!(
    a_database_that_is_gone_has_no_tables,
    async |server: &str| {
        let house = House::empty(server).await;
        let nowhere = format!("{}_nowhere", house.name);

        let described = describe(house.config(), &nowhere, &["t"]).await;

        assert_eq!(described, []);
        house.leave().await;
    }
);

on_mysql!(missing_privileges_are_told, async |server: &str| {
    let mut house = House::shop(server).await;
    let config = house
        .account(&[
            "SELECT (id, name), INSERT (note) ON {name}.customers",
            "INSERT ON {name}.items",
            "SELECT ON {name}.big",
        ])
        .await;

    let described = describe(config, &house.name, &["customers", "items", "big"]).await;

    let missing: Vec<&[String]> = described
        .iter()
        .map(|table| &*table.missing_privileges)
        .collect();
    assert_eq!(
        missing,
        [
            &["SELECT (note)".to_owned()][..],
            &["SELECT".to_owned()],
            &["SHOW VIEW".to_owned()]
        ]
    );
    assert_eq!(
        described[0].options,
        ["Columns that the role may not see are left out."]
    );
    assert_eq!(described[2].definition, None);
    house.leave().await;
});

on_servers!(
    what_refers_to_a_table_is_left_out_and_that_is_told_while_nobody_knows: mariadb_10_11,
    async |server: &str| {
        let house = House::shop(server).await;
        let database = open(house.config()).await;
        let customers = [(house.name.clone(), "customers".to_owned())];
        let catalog = &database.catalog;

        let told = catalog
            .describe(&customers, &Referring::Unknown, &Cancel::new())
            .await
            .unwrap();
        let whole = describe_all(&database, &customers).await;

        assert_eq!(told[0].referenced_by, []);
        assert_eq!(
            told[0].options,
            ["Which tables refer to it is still being found out: describe it again in a few seconds for referencedBy."]
        );
        assert_eq!(whole[0].options, [""; 0]);
        assert_ne!(whole[0].referenced_by, []);
        database.pool.close().await;
        house.leave().await;
    }
);
