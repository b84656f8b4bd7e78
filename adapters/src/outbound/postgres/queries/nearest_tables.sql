-- Tables that this user may read, those on the search path first: the name, how it is written here, and its schema.
SELECT
    class.relname,
    class.oid::pg_catalog.regclass::pg_catalog.text,
    namespace.nspname
FROM pg_catalog.pg_class AS class
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE class.relkind IN ('r', 'v', 'm', 'f', 'p')
    AND NOT class.relispartition
    AND namespace.nspname NOT LIKE 'pg\_%'
    AND namespace.nspname <> 'information_schema'
    AND pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
ORDER BY NOT pg_catalog.pg_table_is_visible(class.oid), class.relname
LIMIT 5000
