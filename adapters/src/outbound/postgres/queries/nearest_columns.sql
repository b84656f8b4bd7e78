-- Columns of the tables that the statement names, and columns of others whose names are about as long as the wanted one.
SELECT
    namespace.nspname,
    class.relname,
    attribute.attname,
    named.is_on_path,
    class.oid::pg_catalog.regclass::pg_catalog.text,
    pg_catalog.quote_ident(attribute.attname)
FROM pg_catalog.pg_class AS class
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid
CROSS JOIN LATERAL (
    SELECT
        pg_catalog.lower(class.relname) = ANY (ARRAY[{tables}]::pg_catalog.text[]) AS is_named,
        pg_catalog.pg_table_is_visible(class.oid) AS is_on_path,
        namespace.nspname LIKE 'pg\_%' OR namespace.nspname = 'information_schema' AS is_systems
) AS named
WHERE class.relkind IN ('r', 'v', 'm', 'f', 'p')
    AND attribute.attnum > 0
    AND NOT attribute.attisdropped
    AND (
        named.is_named
        OR (
            NOT named.is_systems
            AND NOT class.relispartition
            AND pg_catalog.abs(pg_catalog.length(attribute.attname::pg_catalog.text) - {length}) <= 3
        )
    )
    AND pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
ORDER BY NOT named.is_named, NOT named.is_on_path, class.relname, attribute.attnum
LIMIT 5000
