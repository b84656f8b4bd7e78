SELECT class.oid, namespace.nspname, class.relname, attribute.attnum, attribute.attname,
       attribute.attgenerated <> ''
FROM pg_catalog.pg_attribute AS attribute
JOIN pg_catalog.pg_class AS class ON class.oid = attribute.attrelid
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE attribute.attnum > 0
  AND NOT attribute.attisdropped
  AND class.oid IN ({relations})
