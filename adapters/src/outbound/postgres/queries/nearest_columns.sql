-- Columns of the tables that the statement names: the name, and how it is written here.
SELECT
    attribute.attname,
    class.oid::pg_catalog.regclass::pg_catalog.text || '.' || pg_catalog.quote_ident(attribute.attname)
FROM pg_catalog.pg_class AS class
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid
WHERE class.relkind IN ('r', 'v', 'm', 'f', 'p')
    AND attribute.attnum > 0
    AND NOT attribute.attisdropped
    AND pg_catalog.strpos(pg_catalog.lower({statement}), pg_catalog.lower(class.relname)) > 0
    AND pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
ORDER BY NOT pg_catalog.pg_table_is_visible(class.oid), class.relname, attribute.attnum
LIMIT 5000
