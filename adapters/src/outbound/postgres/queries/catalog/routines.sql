-- Routines: schema, name, kind, arguments, result, volatility, comment. Those of an extension, or of
-- a type, are its own matter.
SELECT
    namespace.nspname,
    routine.proname,
    routine.prokind,
    pg_catalog.pg_get_function_arguments(routine.oid),
    pg_catalog.pg_get_function_result(routine.oid),
    routine.provolatile,
    pg_catalog.obj_description(routine.oid, 'pg_proc')
FROM pg_catalog.pg_proc AS routine
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = routine.pronamespace
WHERE namespace.nspname !~ '^pg_'
    AND namespace.nspname <> 'information_schema'
    AND pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
    AND pg_catalog.has_function_privilege(routine.oid, 'EXECUTE')
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS member
        WHERE member.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            AND member.objid = routine.oid
            AND member.deptype IN ('e', 'i')
    )
ORDER BY namespace.nspname, routine.proname, routine.oid
