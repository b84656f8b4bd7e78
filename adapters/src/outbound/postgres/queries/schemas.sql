SELECT nspname
FROM pg_catalog.pg_namespace
WHERE nspname NOT LIKE 'pg\_%'
    AND pg_catalog.has_schema_privilege(oid, 'USAGE')
ORDER BY nspname
LIMIT 1000
