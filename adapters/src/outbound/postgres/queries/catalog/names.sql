, place AS MATERIALIZED (
    SELECT namespace.oid, namespace.nspname AS name
    FROM pg_catalog.pg_namespace AS namespace
    WHERE namespace.nspname !~ '^pg_'
        AND namespace.nspname <> 'information_schema'
        AND pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
),
-- Apart, so that the server looks through its own things once and at no privilege of theirs.
made_trigger AS MATERIALIZED (
    SELECT trigger.tgrelid, trigger.tgname FROM pg_catalog.pg_trigger AS trigger WHERE NOT trigger.tgisinternal
),
made_routine AS MATERIALIZED (
    SELECT routine.oid, routine.proname, routine.pronamespace
    FROM pg_catalog.pg_proc AS routine
    WHERE routine.pronamespace = ANY (ARRAY(SELECT place.oid FROM place))
),
made_type AS MATERIALIZED (
    SELECT type.oid, type.typname, type.typnamespace
    FROM pg_catalog.pg_type AS type
    WHERE type.typnamespace = ANY (ARRAY(SELECT place.oid FROM place))
        AND (
            type.typtype IN ('e', 'd', 'r')
            OR (
                type.typtype = 'c'
                AND type.typrelid IN (SELECT class.oid FROM pg_catalog.pg_class AS class WHERE class.relkind = 'c')
            )
        )
)
-- Names alone, each with the kind of thing that has it: of schemas their place on the search path; of relations their
-- number, their schema and their kind; of triggers the number of their relation; of the rest their schema, and of
-- sequences whether a column draws from them. The same things in the same order as the questions that tell more.
(
    SELECT
        'schema',
        place.name,
        pg_catalog.array_position(pg_catalog.current_schemas(false), place.name)::pg_catalog.text,
        NULL,
        NULL
    FROM place
    ORDER BY place.name
)
UNION ALL
(
    SELECT 'relation', class.relname, class.oid::pg_catalog.text, place.name, class.relkind::pg_catalog.text
    FROM shown
    JOIN pg_catalog.pg_class AS class ON class.oid = shown.oid
    JOIN place ON place.oid = class.relnamespace
    ORDER BY place.name, class.relname
)
UNION ALL
(
    SELECT 'trigger', trigger.tgname, trigger.tgrelid::pg_catalog.text, NULL, NULL
    FROM made_trigger AS trigger
    JOIN shown ON shown.oid = trigger.tgrelid
    ORDER BY trigger.tgrelid, trigger.tgname
)
UNION ALL
(
    SELECT 'routine', routine.proname, NULL, place.name, NULL
    FROM made_routine AS routine
    JOIN place ON place.oid = routine.pronamespace
    WHERE pg_catalog.has_function_privilege(routine.oid, 'EXECUTE')
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend AS member
            WHERE member.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                AND member.objid = routine.oid
                AND member.deptype IN ('e', 'i')
        )
    ORDER BY place.name, routine.proname, routine.oid
)
UNION ALL
(
    SELECT
        'sequence',
        class.relname,
        NULL,
        place.name,
        (
            SELECT owned.refobjid
            FROM pg_catalog.pg_depend AS owned
            WHERE owned.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                AND owned.objid = class.oid
                AND owned.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                AND owned.refobjsubid > 0
                AND owned.deptype IN ('a', 'i')
            LIMIT 1
        )::pg_catalog.text
    FROM pg_catalog.pg_class AS class
    JOIN place ON place.oid = class.relnamespace
    WHERE class.relkind = 'S'
        AND CASE WHEN class.relkind = 'S'
            THEN pg_catalog.has_sequence_privilege(class.oid, 'SELECT, USAGE, UPDATE') END
    ORDER BY place.name, class.relname
)
UNION ALL
(
    SELECT 'type', type.typname, NULL, place.name, NULL
    FROM made_type AS type
    JOIN place ON place.oid = type.typnamespace
    WHERE pg_catalog.has_type_privilege(type.oid, 'USAGE')
        AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend AS member
            WHERE member.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
                AND member.objid = type.oid
                AND member.deptype = 'e'
        )
    ORDER BY place.name, type.typname
)
