, locked AS MATERIALIZED (
    SELECT lock.relation
    FROM pg_catalog.pg_locks AS lock
    JOIN pg_catalog.pg_database AS database ON database.oid = lock.database
    WHERE lock.locktype = 'relation'
        AND lock.mode = 'AccessExclusiveLock'
        AND database.datname = pg_catalog.current_database()
)
-- Indexes: table, name, unique, primary, whether it is a key (nothing of the table is left out and every column is
-- plain), the numbers of its columns, and their text where one of them is an expression. Those of a primary key first.
-- To print an expression the server waits for its table, which somebody may hold for long.
SELECT
    index.indrelid,
    class.relname,
    index.indisunique,
    index.indisprimary,
    index.indisunique AND index.indisvalid AND index.indpred IS NULL AND index.indexprs IS NULL,
    pg_catalog.array_to_string(index.indkey[0:index.indnkeyatts - 1], ' '),
    CASE
        WHEN index.indexprs IS NULL THEN NULL
        WHEN index.indrelid IN (SELECT locked.relation FROM locked) THEN '(an expression; the table is locked)'
        ELSE (
            SELECT pg_catalog.string_agg(pg_catalog.pg_get_indexdef(index.indexrelid, place, true), ', ' ORDER BY place)
            FROM pg_catalog.generate_series(1, index.indnkeyatts) AS place
        )
    END
FROM shown
JOIN pg_catalog.pg_index AS index ON index.indrelid = shown.oid
JOIN pg_catalog.pg_class AS class ON class.oid = index.indexrelid
WHERE index.indislive
ORDER BY index.indrelid, NOT index.indisprimary, class.relname
