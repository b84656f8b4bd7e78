-- The functions that this user may reach: the name, how it is written here, and for one of the wanted name what it takes.
SELECT DISTINCT
    proc.proname::pg_catalog.text,
    CASE WHEN NOT pg_catalog.pg_function_is_visible(proc.oid) THEN pg_catalog.quote_ident(namespace.nspname) || '.' ELSE '' END
        || pg_catalog.quote_ident(proc.proname),
    CASE WHEN proc.proname = {wanted} THEN pg_catalog.pg_get_function_identity_arguments(proc.oid) END
FROM pg_catalog.pg_proc AS proc
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = proc.pronamespace
WHERE (
        pg_catalog.pg_function_is_visible(proc.oid)
        OR (
            namespace.nspname NOT LIKE 'pg\_%'
            AND namespace.nspname <> 'information_schema'
            AND pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
        )
    )
ORDER BY 2, 3
