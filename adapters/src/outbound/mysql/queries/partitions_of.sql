SELECT {at}, partition_ordinal_position, partition_name, partition_method, partition_expression,
       partition_description, subpartition_method, subpartition_expression
FROM information_schema.partitions
WHERE table_schema = ? AND table_name = ? AND partition_name IS NOT NULL
