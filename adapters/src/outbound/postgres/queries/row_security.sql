WITH RECURSIVE given AS (
    SELECT :prefix::text AS prefix, string_to_array(:harmless, ' ') AS harmless, string_to_array(:listed, ' ') AS listed
), acting AS (
    -- Whoever statements may run as.
    SELECT r.oid, r.rolname, r.rolsuper OR r.rolbypassrls AS bypasses FROM pg_roles r, given
    WHERE r.rolname = current_user
        OR (left(r.rolname, length(given.prefix)) = given.prefix AND r.rolname !~ '^pg_' AND pg_has_role(r.oid, 'MEMBER'))
), tables AS (
    SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
        EXISTS (SELECT FROM unnest(c.reloptions) AS o WHERE o ~* '^security_invoker=(t|true|on|y|yes|1)$') AS asks_as_caller,
        EXISTS (SELECT FROM acting a WHERE NOT a.bypasses AND has_schema_privilege(a.oid, n.oid, 'USAGE')
            AND has_any_column_privilege(a.oid, c.oid, 'SELECT')) AS readable
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        AND n.nspname !~ '^pg_(toast_)?temp_'
), uses AS (
    SELECT DISTINCT w.ev_class AS view, d.refobjid AS used FROM pg_rewrite w
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid <> w.ev_class
    WHERE w.ev_type = '1'
), reached AS (
    -- With whose rights a view reads what it reads; nobody's own are NULL.
    SELECT v.name AS view, u.used, CASE WHEN NOT v.asks_as_caller OR v.relkind = 'm' THEN v.relowner END AS reader,
        v.relkind = 'm' AS stored
    FROM tables v JOIN uses u ON u.view = v.oid WHERE v.relkind IN ('v', 'm') AND v.readable
    UNION
    SELECT r.view, u.used, CASE WHEN NOT v.asks_as_caller OR v.relkind = 'm' THEN v.relowner ELSE r.reader END,
        r.stored OR v.relkind = 'm'
    FROM reached r JOIN tables v ON v.oid = r.used AND v.relkind IN ('v', 'm') JOIN uses u ON u.view = v.oid
), family AS (
    SELECT t.oid FROM tables t WHERE t.relrowsecurity
    UNION
    SELECT i.inhrelid FROM family f JOIN pg_inherits i ON i.inhparent = f.oid
), functions AS (
    SELECT p.oid, p.proname::text AS name, p.pronargs - p.pronargdefaults <= 1 AND (p.pronargs > 0) AS of_one,
        n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT EXISTS (SELECT FROM pg_depend d
            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') AS made_here,
        EXISTS (SELECT FROM pg_type t LEFT JOIN pg_type b ON b.oid = t.typbasetype WHERE t.oid = p.proargtypes[0]
            AND (t.typtype IN ('c', 'p') OR b.typtype = 'c')) AS of_a_row,
        p.proname::text = ANY (given.harmless) AS harmless,
        p.proname::text = ANY (given.listed) OR n.nspname || '.' || p.proname = ANY (given.listed) AS listed
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, given
), answers AS (
    SELECT 'bypass' AS kind, string_agg(quote_ident(rolname), ', ' ORDER BY rolname) AS names FROM acting WHERE bypasses
    UNION ALL
    SELECT 'owner', string_agg(t.name, ', ' ORDER BY t.name) FROM tables t
    WHERE t.relrowsecurity AND NOT t.relforcerowsecurity
        AND EXISTS (SELECT FROM acting a WHERE NOT a.bypasses AND pg_has_role(a.oid, t.relowner, 'USAGE'))
    UNION ALL
    SELECT 'none', CASE WHEN NOT EXISTS (SELECT FROM tables WHERE relrowsecurity AND readable)
        AND NOT EXISTS (SELECT FROM acting WHERE bypasses) THEN '' END
    UNION ALL
    SELECT 'view', string_agg(DISTINCT r.view, ', ') FROM reached r JOIN tables t ON t.oid = r.used AND t.relrowsecurity
        JOIN pg_roles o ON o.oid = r.reader
    WHERE NOT r.stored AND (o.rolsuper OR o.rolbypassrls OR (NOT t.relforcerowsecurity AND pg_has_role(o.oid, t.relowner, 'USAGE')))
    UNION ALL
    SELECT 'stored', string_agg(DISTINCT r.view, ', ') FROM reached r JOIN tables t ON t.oid = r.used AND t.relrowsecurity
    WHERE r.stored
    UNION ALL
    SELECT 'child', string_agg(t.name, ', ' ORDER BY t.name) FROM family f JOIN tables t ON t.oid = f.oid
    WHERE NOT t.relrowsecurity AND t.readable
    UNION ALL
    SELECT 'operator', string_agg(DISTINCT f.name, ', ') FROM functions f WHERE f.made_here AND NOT f.listed
        AND (EXISTS (SELECT FROM pg_operator o WHERE o.oprcode = f.oid) OR EXISTS (SELECT FROM pg_cast c WHERE c.castfunc = f.oid))
    UNION ALL
    SELECT 'open', string_agg(t.name, ', ' ORDER BY t.name) FROM tables t
    WHERE t.relkind IN ('r', 'p', 'f') AND t.readable AND NOT t.relrowsecurity AND t.oid NOT IN (SELECT oid FROM family)
    UNION ALL
    SELECT 'namesakes', string_agg(DISTINCT name, E'\n') FROM functions WHERE made_here AND harmless AND NOT listed
    UNION ALL
    SELECT 'of_a_value', string_agg(DISTINCT name, E'\n') FROM functions
    WHERE of_one AND NOT listed AND (made_here OR NOT harmless)
    UNION ALL
    SELECT 'of_a_row', string_agg(DISTINCT name, E'\n') FROM functions WHERE made_here AND of_one AND of_a_row AND NOT listed
)
SELECT kind, names FROM answers WHERE names IS NOT NULL
