SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', rule.conname,
    'definition', pg_catalog.pg_get_constraintdef(rule.oid, true)
) ORDER BY rule.conname)
FROM pg_catalog.pg_constraint AS rule
WHERE rule.conrelid = class.oid AND rule.contype = 'c'
