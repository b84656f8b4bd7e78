SELECT table_schema, table_name, COUNT(DISTINCT partition_name)
FROM information_schema.partitions
WHERE table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')
  AND partition_name IS NOT NULL
GROUP BY table_schema, table_name
