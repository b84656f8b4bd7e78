-- Names alone, each with the kind of thing that has it, its number, and the number of its schema: of schemas their place on
-- the search path instead, of triggers nothing, their number being that of their table. Of relations their kind besides,
-- and of sequences whether a column draws from them. The same things as the questions that tell more.
--
-- This is the first question to a session, so it is planned as often as it is asked, and planning is half of its work: each
-- table of the catalog is looked at once, hardly any two are joined, and nothing is sorted. What is the server's own is left
-- out first.
WITH place AS MATERIALIZED (
    SELECT namespace.oid, namespace.nspname AS name
    FROM pg_catalog.pg_namespace AS namespace
    WHERE pg_catalog.left(namespace.nspname::pg_catalog.text, 3) <> 'pg_'
        AND namespace.nspname <> 'information_schema'
        AND pg_catalog.has_schema_privilege(namespace.oid, 'USAGE')
),
made AS MATERIALIZED (
    SELECT
        class.oid, class.relname, class.relkind, class.relnamespace, class.relispartition, class.relacl, class.relowner
    FROM pg_catalog.pg_class AS class
    WHERE class.relnamespace <> 'pg_catalog'::pg_catalog.regnamespace
        AND class.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
        AND class.relnamespace = ANY (ARRAY(SELECT place.oid FROM place))
),
-- Whether a role may see one is asked last: a superuser sees all, and an owner who has granted nothing sees his own.
seen AS MATERIALIZED (
    SELECT made.oid, made.relname, made.relkind, made.relnamespace, made.relispartition
    FROM made
    WHERE made.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND (
            pg_catalog.current_setting('is_superuser') = 'on'
            OR (
                made.relacl IS NULL
                AND made.relowner = (SELECT pg_catalog.quote_ident(CURRENT_USER)::pg_catalog.regrole)
            )
            OR pg_catalog.has_table_privilege(made.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
            OR pg_catalog.has_any_column_privilege(made.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
        )
)
SELECT
    'schema',
    place.name,
    place.oid,
    pg_catalog.array_position(pg_catalog.current_schemas(false), place.name)::pg_catalog.oid,
    NULL
FROM place
UNION ALL
-- Who may see a partition's parent sees the partition there.
SELECT 'relation', seen.relname, seen.oid, seen.relnamespace, seen.relkind
FROM seen
WHERE NOT seen.relispartition
    OR seen.oid NOT IN (
        SELECT above.inhrelid
        FROM pg_catalog.pg_inherits AS above
        WHERE above.inhparent IN (SELECT parent.oid FROM seen AS parent)
    )
UNION ALL
SELECT 'trigger', trigger.tgname, trigger.tgrelid, NULL, NULL
FROM pg_catalog.pg_trigger AS trigger
WHERE NOT trigger.tgisinternal
UNION ALL
SELECT 'routine', routine.proname, routine.oid, routine.pronamespace, NULL
FROM pg_catalog.pg_proc AS routine
WHERE routine.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace
    AND routine.pronamespace = ANY (ARRAY(SELECT place.oid FROM place))
    AND pg_catalog.has_function_privilege(routine.oid, 'EXECUTE')
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS member
        WHERE member.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            AND member.objid = routine.oid
            AND member.deptype IN ('e', 'i')
        -- Not joined: mostly there are none to look for.
        OFFSET 0
    )
UNION ALL
SELECT
    'sequence',
    made.relname,
    made.oid,
    made.relnamespace,
    CASE WHEN EXISTS (
        SELECT FROM pg_catalog.pg_depend AS owned
        WHERE owned.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND owned.objid = made.oid
            AND owned.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND owned.refobjsubid > 0
            AND owned.deptype IN ('a', 'i')
        OFFSET 0
    ) THEN 'o'::"char" END
FROM made
WHERE CASE WHEN made.relkind = 'S' THEN pg_catalog.has_sequence_privilege(made.oid, 'SELECT, USAGE, UPDATE') END
UNION ALL
SELECT 'type', type.typname, type.oid, type.typnamespace, NULL
FROM pg_catalog.pg_type AS type
WHERE type.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace
    AND type.typtype IN ('e', 'd', 'r', 'c')
    AND type.typnamespace = ANY (ARRAY(SELECT place.oid FROM place))
    AND (type.typtype <> 'c' OR type.typrelid IN (SELECT made.oid FROM made WHERE made.relkind = 'c'))
    AND pg_catalog.has_type_privilege(type.oid, 'USAGE')
    AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS member
        WHERE member.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
            AND member.objid = type.oid
            AND member.deptype = 'e'
        OFFSET 0
    )
