-- {rows}: MariaDB tells them at no further cost; see estimates.sql for MySQL.
SELECT table_schema, table_name, table_type, engine, create_options LIKE '%partitioned%', table_comment,
       {rows}
FROM information_schema.tables
WHERE table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')
