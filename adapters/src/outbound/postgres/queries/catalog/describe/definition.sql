-- A view's query; where a foreign table's rows come from. What signs in anywhere is not told.
SELECT CASE
    WHEN class.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(class.oid, true)
    WHEN class.relkind = 'f' THEN (
        SELECT pg_catalog.concat_ws(' ', 'SERVER', pg_catalog.quote_ident(server.srvname), (
            SELECT 'OPTIONS (' || pg_catalog.string_agg(
                pg_catalog.quote_ident(option.option_name) || ' ' || pg_catalog.quote_literal(
                    CASE WHEN option.option_name ~* 'pass|pwd|secret|token|key|credential' THEN '***'
                        ELSE pg_catalog.regexp_replace(option.option_value, '://[^/@]*@', '://***@', 'g') END
                ), ', ') || ')'
            FROM pg_catalog.pg_options_to_table(foreign_table.ftoptions) AS option
        ))
        FROM pg_catalog.pg_foreign_table AS foreign_table
        JOIN pg_catalog.pg_foreign_server AS server ON server.oid = foreign_table.ftserver
        WHERE foreign_table.ftrelid = class.oid
    )
END
