SELECT pg_catalog.string_agg(
    CASE WHEN parent.relnamespace <> class.relnamespace
        THEN pg_catalog.quote_ident(elsewhere.nspname) || '.' ELSE '' END || pg_catalog.quote_ident(parent.relname),
    ', ' ORDER BY above.inhseqno)
FROM pg_catalog.pg_inherits AS above
JOIN pg_catalog.pg_class AS parent ON parent.oid = above.inhparent
JOIN pg_catalog.pg_namespace AS elsewhere ON elsewhere.oid = parent.relnamespace
WHERE above.inhrelid = class.oid
