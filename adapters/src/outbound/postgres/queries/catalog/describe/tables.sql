-- Everything about some tables, each as JSON in the words of `TableDescription`; NULL for one that the role may not know.
-- A name in double braces stands for the question about one part of it, in a file of that name. Without a schema, tables
-- of that name in all of them.
WITH asked AS (
    SELECT schema, name, place
    FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]))
        WITH ORDINALITY AS asked (schema, name, place)
)
SELECT
    asked.place,
    namespace.nspname,
    class.relname,
    allowed.by_schema,
    CASE WHEN allowed.by_schema AND allowed.by_table THEN
        pg_catalog.json_strip_nulls(pg_catalog.json_build_object(
            'schema', namespace.nspname,
            'name', class.relname,
            'kind', CASE class.relkind
                WHEN 'p' THEN 'partitioned_table'
                WHEN 'v' THEN 'view'
                WHEN 'm' THEN 'materialized_view'
                WHEN 'f' THEN 'foreign_table'
                ELSE 'table'
            END,
            'comment', pg_catalog.obj_description(class.oid, 'pg_class'),
            'estimatedRows', whole.rows,
            'sizeBytes', whole.bytes,
            'columns', COALESCE(({{columns}}), '[]'),
            'primaryKey', ({{primary_key}}),
            'unique', ({{unique}}),
            'checks', ({{checks}}),
            'exclusions', ({{exclusions}}),
            'foreignKeys', ({{foreign_keys}}),
            'referencedBy', ({{referenced_by}}),
            'indexes', ({{indexes}}),
            'triggers', ({{triggers}}),
            'partitionedBy', CASE WHEN class.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(class.oid) END,
            'partitions', ({{partitions}}),
            'partitionCount', (
                SELECT CASE WHEN pg_catalog.count(*) > 20 THEN pg_catalog.count(*) END
                FROM pg_catalog.pg_inherits AS below
                WHERE below.inhparent = class.oid AND class.relkind = 'p'
            ),
            'parent', ({{parent}}),
            'definition', ({{definition}}),
            'rowSecurity', ({{row_security}}),
            'missingPrivileges', ({{missing_privileges}}),
            'options', ({{options}})
        ))
    END
FROM asked
JOIN pg_catalog.pg_namespace AS namespace ON namespace.nspname = asked.schema OR asked.schema = ''
JOIN pg_catalog.pg_class AS class ON class.relnamespace = namespace.oid AND class.relname = asked.name
CROSS JOIN LATERAL (
    SELECT
        pg_catalog.has_schema_privilege(namespace.oid, 'USAGE') AS by_schema,
        pg_catalog.has_table_privilege(class.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
            OR pg_catalog.has_any_column_privilege(class.oid, 'SELECT, INSERT, UPDATE, REFERENCES') AS by_table
) AS allowed
CROSS JOIN LATERAL ({{whole}}) AS whole
WHERE class.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND namespace.nspname !~ '^pg_'
    AND namespace.nspname <> 'information_schema'
ORDER BY asked.place, namespace.nspname
