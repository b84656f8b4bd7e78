-- No column that MariaDB opens tables for: their definitions are enough. {partitioned} is one of those there.
SELECT table_schema, table_name, table_type, engine, {partitioned}, table_comment
FROM information_schema.tables
WHERE table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')
