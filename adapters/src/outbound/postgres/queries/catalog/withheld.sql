-- What is there and kept from the role: schema, name and kind of relations that it has no right to, partitions aside; of
-- schemas that it may not use the name alone.
(
    SELECT namespace.nspname, NULL AS relname, NULL AS relkind
    FROM pg_catalog.pg_namespace AS namespace
    WHERE namespace.nspname !~ '^pg_'
        AND namespace.nspname <> 'information_schema'
        AND NOT pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
    ORDER BY namespace.nspname
    LIMIT 10000
)
UNION ALL
(
    SELECT namespace.nspname, class.relname, class.relkind
    FROM pg_catalog.pg_class AS class
    JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
    WHERE class.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND NOT class.relispartition
        AND namespace.nspname !~ '^pg_'
        AND namespace.nspname <> 'information_schema'
        AND NOT (
            pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
            AND (
                pg_catalog.has_table_privilege(
                    class.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
                OR pg_catalog.has_any_column_privilege(class.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
            )
        )
    ORDER BY namespace.nspname, class.relname
    LIMIT 10000
)
