SELECT table_schema, table_name, index_name, non_unique, seq_in_index, column_name, collation,
       IF(index_type = 'SPATIAL', NULL, sub_part), {expression}
FROM information_schema.statistics
WHERE table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')
