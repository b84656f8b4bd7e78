SELECT 'relation', namespace.nspname, class.relname,
       CASE WHEN pg_catalog.pg_table_is_visible(class.oid) THEN 'by itself' END, NULL
FROM pg_catalog.pg_class AS class
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE class.relname IN ({names})
UNION ALL
SELECT 'schema', nspname, NULL, NULL, NULL
FROM pg_catalog.pg_namespace
WHERE nspname IN ({names})
UNION ALL
SELECT CASE WHEN routine.oid < 16384 THEN 'built in' ELSE 'made here' END, namespace.nspname, routine.proname,
       CASE WHEN routine.pronargs > 0 AND routine.pronargs - routine.pronargdefaults <= 1 THEN 'of one' END,
       CASE WHEN pg_catalog.pg_function_is_visible(routine.oid) THEN 'by itself' END
FROM pg_catalog.pg_proc AS routine
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = routine.pronamespace
WHERE routine.proname IN ({names})
UNION ALL
SELECT 'operator', namespace.nspname, routine.proname, operator.oprname, NULL
FROM pg_catalog.pg_operator AS operator
JOIN pg_catalog.pg_proc AS routine ON routine.oid = operator.oprcode
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = routine.pronamespace
WHERE operator.oid >= 16384
  AND routine.oid >= 16384
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS dependency
    WHERE dependency.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      AND dependency.objid = routine.oid
      AND dependency.deptype = 'e'
  )
UNION ALL
SELECT 'cast', namespace.nspname, routine.proname, type.typname, NULL
FROM pg_catalog.pg_cast AS pair
JOIN pg_catalog.pg_type AS target ON target.oid = pair.casttarget
JOIN pg_catalog.pg_type AS type ON type.oid IN (target.oid, target.typarray)
JOIN pg_catalog.pg_proc AS routine ON routine.oid = pair.castfunc
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = routine.pronamespace
WHERE pair.oid >= 16384
  AND type.typname IN ({names})
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS dependency
    WHERE dependency.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      AND dependency.objid = routine.oid
      AND dependency.deptype = 'e'
  )
UNION ALL
SELECT CASE WHEN pg_catalog.pg_type_is_visible(made.oid) THEN 'visible type' ELSE 'type' END,
       namespace.nspname, class.relname, home.nspname, made.typname
FROM (
  WITH RECURSIVE made AS (
    SELECT oid, oid AS part FROM pg_catalog.pg_type WHERE typname IN ({names})
    UNION
    SELECT made.oid, part.oid
    FROM made
    JOIN pg_catalog.pg_type AS type ON type.oid = made.part
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
  SELECT DISTINCT made.oid, type.typname, type.typnamespace, part.typrelid
  FROM made
  JOIN pg_catalog.pg_type AS type ON type.oid = made.oid
  JOIN pg_catalog.pg_type AS part ON part.oid = made.part
  WHERE part.typrelid <> 0 AND part.oid <> made.oid
) AS made
JOIN pg_catalog.pg_namespace AS home ON home.oid = made.typnamespace
JOIN pg_catalog.pg_class AS class ON class.oid = made.typrelid AND class.relkind <> 'c'
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
