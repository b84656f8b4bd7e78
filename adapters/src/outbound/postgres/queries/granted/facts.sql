-- Each row is found by an index, whatever the planner thinks of how many there will be: hence LIMIT and inner queries.
SELECT 'relation' AS kind,
       (SELECT nspname FROM pg_catalog.pg_namespace AS namespace WHERE namespace.oid = class.relnamespace) AS schema,
       class.relname AS name,
       CASE WHEN pg_catalog.pg_table_is_visible(class.oid) THEN 'by itself' END AS more,
       NULL AS further
FROM {names} AS asked (name)
CROSS JOIN LATERAL (
  SELECT oid, relname, relnamespace FROM pg_catalog.pg_class AS class WHERE class.relname = asked.name OFFSET 0
) AS class
UNION ALL
SELECT 'schema', namespace.nspname, NULL, NULL, NULL
FROM {names} AS asked (name)
CROSS JOIN LATERAL (
  SELECT nspname FROM pg_catalog.pg_namespace AS namespace WHERE namespace.nspname = asked.name OFFSET 0
) AS namespace
UNION ALL
SELECT CASE WHEN routine.oid < 16384 THEN 'built in' ELSE 'made here' END,
       (SELECT nspname FROM pg_catalog.pg_namespace AS namespace WHERE namespace.oid = routine.pronamespace),
       routine.proname,
       CASE WHEN routine.pronargs > 0 AND routine.pronargs - routine.pronargdefaults <= 1 THEN 'of one' END,
       CASE WHEN pg_catalog.pg_function_is_visible(routine.oid) THEN 'by itself' END
FROM {names} AS asked (name)
CROSS JOIN LATERAL (
  SELECT oid, proname, pronamespace, pronargs, pronargdefaults
  FROM pg_catalog.pg_proc AS routine WHERE routine.proname = asked.name OFFSET 0
) AS routine
UNION ALL
SELECT 'operator',
       (SELECT nspname FROM pg_catalog.pg_namespace AS namespace WHERE namespace.oid = routine.pronamespace),
       routine.proname, operator.oprname, NULL
FROM pg_catalog.pg_operator AS operator
CROSS JOIN LATERAL (
  SELECT oid, proname, pronamespace FROM pg_catalog.pg_proc AS routine WHERE routine.oid = operator.oprcode LIMIT 1
) AS routine
WHERE operator.oid >= 16384
  AND routine.oid >= 16384
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS dependency
    WHERE dependency.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      AND dependency.objid = routine.oid
      AND dependency.deptype = 'e'
    OFFSET 0
  )
UNION ALL
SELECT 'cast',
       (SELECT nspname FROM pg_catalog.pg_namespace AS namespace WHERE namespace.oid = routine.pronamespace),
       routine.proname, type.typname, NULL
FROM pg_catalog.pg_cast AS pair
CROSS JOIN LATERAL (
  SELECT oid, typarray FROM pg_catalog.pg_type AS target WHERE target.oid = pair.casttarget LIMIT 1
) AS target
CROSS JOIN LATERAL (
  SELECT typname FROM pg_catalog.pg_type AS type WHERE type.oid IN (target.oid, target.typarray) OFFSET 0
) AS type
CROSS JOIN LATERAL (
  SELECT oid, proname, pronamespace FROM pg_catalog.pg_proc AS routine WHERE routine.oid = pair.castfunc LIMIT 1
) AS routine
WHERE pair.oid >= 16384
  AND EXISTS (SELECT FROM {names} AS asked (name) WHERE asked.name = type.typname OFFSET 0)
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS dependency
    WHERE dependency.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      AND dependency.objid = routine.oid
      AND dependency.deptype = 'e'
    OFFSET 0
  )
UNION ALL
SELECT CASE WHEN pg_catalog.pg_type_is_visible(made.oid) THEN 'visible type' ELSE 'type' END,
       (SELECT nspname FROM pg_catalog.pg_namespace AS namespace WHERE namespace.oid = class.relnamespace),
       class.relname,
       (SELECT nspname FROM pg_catalog.pg_namespace AS namespace WHERE namespace.oid = type.typnamespace),
       type.typname
FROM (
  WITH RECURSIVE made AS (
    SELECT type.oid, type.oid AS part
    FROM {names} AS asked (name)
    CROSS JOIN LATERAL (
      SELECT oid FROM pg_catalog.pg_type AS type WHERE type.typname = asked.name OFFSET 0
    ) AS type
    UNION
    SELECT made.oid, part.oid
    FROM made
    CROSS JOIN LATERAL (
      SELECT oid, typelem, typbasetype, typrelid FROM pg_catalog.pg_type AS type WHERE type.oid = made.part LIMIT 1
    ) AS type
    CROSS JOIN LATERAL (
      SELECT type.typelem
      UNION ALL
      SELECT type.typbasetype
      UNION ALL
      SELECT range.rngsubtype
      FROM pg_catalog.pg_range AS range
      WHERE range.rngtypid = type.oid OR range.rngmultitypid = type.oid
      UNION ALL
      SELECT attribute.atttypid
      FROM pg_catalog.pg_class AS class
      JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid
      WHERE class.oid = type.typrelid AND class.relkind = 'c'
    ) AS part (oid)
    WHERE part.oid <> 0
  )
  SELECT oid, part FROM made WHERE part <> oid
) AS made
CROSS JOIN LATERAL (
  SELECT typrelid FROM pg_catalog.pg_type AS part WHERE part.oid = made.part AND part.typrelid <> 0 LIMIT 1
) AS part
CROSS JOIN LATERAL (
  SELECT relname, relnamespace FROM pg_catalog.pg_class AS class
  WHERE class.oid = part.typrelid AND class.relkind <> 'c' LIMIT 1
) AS class
CROSS JOIN LATERAL (
  SELECT typname, typnamespace FROM pg_catalog.pg_type AS type WHERE type.oid = made.oid LIMIT 1
) AS type
