-- Triggers: table, name, what it fires on as a set of bits.
SELECT trigger.tgrelid, trigger.tgname, trigger.tgtype
FROM shown
JOIN pg_catalog.pg_trigger AS trigger ON trigger.tgrelid = shown.oid
WHERE NOT trigger.tgisinternal
ORDER BY trigger.tgrelid, trigger.tgname
