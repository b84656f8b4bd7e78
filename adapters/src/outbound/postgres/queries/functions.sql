SELECT DISTINCT proname::text
FROM pg_catalog.pg_proc
WHERE pg_catalog.pg_function_is_visible(oid)
