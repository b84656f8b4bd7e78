-- The length that a spatial index tells is no prefix.
SELECT {at}, index_name, non_unique, seq_in_index, column_name, collation,
       IF(index_type = 'SPATIAL', NULL, sub_part), {expression}, index_type, {hidden}
FROM information_schema.statistics
WHERE table_schema = ? AND table_name = ?
