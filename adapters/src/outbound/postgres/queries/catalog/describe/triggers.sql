-- `event` is the whole definition behind the name.
SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', trigger.tgname,
    'event', pg_catalog.substr(
        pg_catalog.pg_get_triggerdef(trigger.oid),
        pg_catalog.length(CASE WHEN trigger.tgconstraint <> 0 THEN 'CREATE CONSTRAINT TRIGGER ' ELSE 'CREATE TRIGGER ' END
            || pg_catalog.quote_ident(trigger.tgname) || ' ') + 1),
    'action', ' ON ' || pg_catalog.quote_ident(namespace.nspname) || '.' || pg_catalog.quote_ident(class.relname) || ' ',
    'disabled', trigger.tgenabled = 'D'
) ORDER BY trigger.tgname)
FROM pg_catalog.pg_trigger AS trigger
WHERE trigger.tgrelid = class.oid AND NOT trigger.tgisinternal
