-- Indexes: table, name, unique, primary, whether it is a key (nothing of the table is left out and every column is
-- plain), the numbers of its columns, and their text where one of them is an expression. Those of a primary key first.
SELECT
    index.indrelid,
    class.relname,
    index.indisunique,
    index.indisprimary,
    index.indisunique AND index.indisvalid AND index.indpred IS NULL AND index.indexprs IS NULL,
    index.indkey[0:index.indnkeyatts - 1],
    CASE WHEN index.indexprs IS NOT NULL THEN (
        SELECT pg_catalog.string_agg(pg_catalog.pg_get_indexdef(index.indexrelid, place, true), ', ' ORDER BY place)
        FROM pg_catalog.generate_series(1, index.indnkeyatts) AS place
    ) END
FROM shown
JOIN pg_catalog.pg_index AS index ON index.indrelid = shown.oid
JOIN pg_catalog.pg_class AS class ON class.oid = index.indexrelid
WHERE index.indislive
ORDER BY index.indrelid, NOT index.indisprimary, class.relname
