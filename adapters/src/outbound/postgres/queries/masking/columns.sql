SELECT class.oid, namespace.nspname, class.relname, attribute.attname
FROM pg_catalog.pg_attribute AS attribute
JOIN pg_catalog.pg_class AS class ON class.oid = attribute.attrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE attribute.attnum > 0
  AND NOT attribute.attisdropped
  AND class.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND class.oid >= 16384
  AND pg_catalog.lower(attribute.attname) LIKE ANY (ARRAY[{patterns}])
