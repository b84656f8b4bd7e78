WITH RECURSIVE touched AS (
  SELECT pg_catalog.unnest(pg_catalog.string_to_array(
    pg_catalog.current_setting('portolan.touched'), ','
  ))::pg_catalog.oid AS oid
), family AS (
  SELECT oid FROM touched
  UNION
  SELECT pair.inhrelid FROM family JOIN pg_catalog.pg_inherits AS pair ON pair.inhparent = family.oid
), called AS (
  SELECT DISTINCT found[1] = 'funcid' AS by_name, found[2]::pg_catalog.oid AS oid
  FROM touched
  JOIN pg_catalog.pg_rewrite AS rule ON rule.ev_class = touched.oid AND rule.ev_type = '1'
  CROSS JOIN LATERAL pg_catalog.regexp_matches(
    rule.ev_action::pg_catalog.text, ':(funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g'
  ) AS found
)
SELECT 'relation', namespace.nspname, class.relname
FROM family
LEFT JOIN pg_catalog.pg_class AS class ON class.oid = family.oid
LEFT JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
UNION ALL
SELECT CASE WHEN routine.oid >= 16384 OR routine.proname IN ({telling}) THEN 'function' ELSE 'built in' END,
       namespace.nspname, routine.proname
FROM called
JOIN pg_catalog.pg_proc AS routine ON routine.oid = called.oid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = routine.pronamespace
WHERE (routine.oid >= 16384 AND NOT ({known}))
   OR routine.proname IN ({telling})
   -- What is immutable reads no table.
   OR (routine.oid < 16384 AND called.by_name AND routine.provolatile <> 'i')
