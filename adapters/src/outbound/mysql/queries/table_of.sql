SELECT {at}, table_name, table_type, engine, table_rows, data_length + index_length, table_collation,
       create_options, table_comment
FROM information_schema.tables
WHERE table_schema = ? AND table_name = ?
