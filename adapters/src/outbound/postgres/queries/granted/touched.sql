SELECT 'touched',
       (SELECT nspname FROM pg_catalog.pg_namespace AS namespace WHERE namespace.oid = class.relnamespace),
       class.relname,
       CASE WHEN family.inherits THEN 'inherits' END,
       CASE WHEN class.relrowsecurity THEN 'row security' END
FROM (
  WITH RECURSIVE family AS (
    SELECT touched.oid::pg_catalog.oid AS oid, false AS inherits FROM {locked} AS touched (oid)
    UNION
    SELECT pair.inhrelid, true
    FROM family
    CROSS JOIN LATERAL (
      SELECT inhrelid FROM pg_catalog.pg_inherits AS pair WHERE pair.inhparent = family.oid OFFSET 0
    ) AS pair
  )
  SELECT oid, inherits FROM family
) AS family
LEFT JOIN LATERAL (
  SELECT relname, relnamespace, relrowsecurity FROM pg_catalog.pg_class AS class WHERE class.oid = family.oid LIMIT 1
) AS class ON true
UNION ALL
SELECT CASE
         WHEN routine.oid >= 16384 OR routine.proname IN ({telling}) THEN 'called function'
         ELSE 'called built in'
       END,
       (SELECT nspname FROM pg_catalog.pg_namespace AS namespace WHERE namespace.oid = routine.pronamespace),
       routine.proname, NULL, NULL
FROM (
  SELECT DISTINCT found[1] = 'funcid' AS by_name, found[2]::pg_catalog.oid AS oid
  FROM {locked} AS touched (oid)
  CROSS JOIN LATERAL (
    SELECT ev_action FROM pg_catalog.pg_rewrite AS rule
    WHERE rule.ev_class = touched.oid::pg_catalog.oid AND rule.ev_type = '1' OFFSET 0
  ) AS rule
  CROSS JOIN LATERAL pg_catalog.regexp_matches(
    rule.ev_action::pg_catalog.text, ':(funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g'
  ) AS found
) AS called
CROSS JOIN LATERAL (
  SELECT oid, proname, pronamespace, provolatile FROM pg_catalog.pg_proc AS routine
  WHERE routine.oid = called.oid LIMIT 1
) AS routine
WHERE (routine.oid >= 16384 AND NOT ({known}))
   OR routine.proname IN ({telling})
   -- What is immutable reads no table.
   OR (routine.oid < 16384 AND called.by_name AND routine.provolatile <> 'i')
