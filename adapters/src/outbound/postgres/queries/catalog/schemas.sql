-- Schemas: name, comment, place on the search path. What initdb writes about `public` tells nothing.
SELECT
    nspname,
    NULLIF(pg_catalog.obj_description(oid, 'pg_namespace'), 'standard public schema'),
    pg_catalog.array_position(pg_catalog.current_schemas(false), nspname)
FROM pg_catalog.pg_namespace
WHERE nspname !~ '^pg_'
    AND nspname <> 'information_schema'
    AND pg_catalog.has_schema_privilege(oid, 'USAGE')
ORDER BY nspname
