SELECT {at}, view_definition, check_option, security_type
FROM information_schema.views
WHERE table_schema = ? AND table_name = ?
