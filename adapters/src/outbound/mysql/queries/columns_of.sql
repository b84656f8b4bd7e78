SELECT {at}, ordinal_position, column_name, column_type, data_type, column_default, is_nullable, extra,
       generation_expression, collation_name, column_comment, privileges, {srid}
FROM information_schema.columns
WHERE table_schema = ? AND table_name = ?
