SELECT table_schema, table_name, table_type, engine, create_options LIKE '%partitioned%', table_comment
FROM information_schema.tables
WHERE table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')
