SELECT class.oid,
       pg_catalog.array_to_string(ARRAY(
         SELECT DISTINCT found[1]
         FROM pg_catalog.regexp_matches(rule.ev_action::pg_catalog.text, ':relid ([0-9]+)', 'g') AS found
       ), ','),
       pg_catalog.array_to_string(ARRAY(
         SELECT DISTINCT found[1]
         FROM pg_catalog.regexp_matches(
           rule.ev_action::pg_catalog.text, ':(?:funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g'
         ) AS found
       ), ',')
FROM pg_catalog.pg_rewrite AS rule
JOIN pg_catalog.pg_class AS class ON class.oid = rule.ev_class
WHERE rule.ev_type = '1'
  AND class.relkind IN ('v', 'm')
  AND class.oid >= 16384
