SELECT routine_schema, routine_name, routine_type, is_deterministic, sql_data_access, routine_comment
FROM information_schema.routines
WHERE routine_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')
