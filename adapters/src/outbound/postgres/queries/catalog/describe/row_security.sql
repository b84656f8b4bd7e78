SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', policy.polname,
    'command', CASE policy.polcmd
        WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL'
    END,
    'roles', (
        SELECT pg_catalog.json_agg(COALESCE(role.rolname::pg_catalog.text, 'public') ORDER BY role.rolname)
        FROM pg_catalog.unnest(policy.polroles) AS held (oid)
        LEFT JOIN pg_catalog.pg_roles AS role ON role.oid = held.oid
    ),
    'using', pg_catalog.pg_get_expr(policy.polqual, policy.polrelid),
    'check', pg_catalog.pg_get_expr(policy.polwithcheck, policy.polrelid),
    'restrictive', NOT policy.polpermissive
) ORDER BY policy.polname)
FROM pg_catalog.pg_policy AS policy
WHERE policy.polrelid = class.oid
