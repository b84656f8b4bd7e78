, made AS MATERIALIZED (
    SELECT trigger.tgrelid, trigger.tgname, trigger.tgtype
    FROM pg_catalog.pg_trigger AS trigger
    WHERE NOT trigger.tgisinternal
)
-- Triggers: table, name, what it fires on as a set of bits. Those that somebody has made come first: the server has its
-- own for each foreign key, and would look through all of them for each table.
SELECT made.tgrelid, made.tgname, made.tgtype
FROM made
JOIN shown ON shown.oid = made.tgrelid
ORDER BY made.tgrelid, made.tgname
