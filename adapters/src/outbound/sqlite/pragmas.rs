//! Pragmas, by what they do: data, not code.

/// Those that describe the schema, with or without an argument.
const DESCRIBING: [&str; 11] = [
    "collation_list",
    "compile_options",
    "database_list",
    "foreign_key_list",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Those that check the file and change nothing; the argument is a table or a number of rows.
const CHECKING: [&str; 3] = ["foreign_key_check", "integrity_check", "quick_check"];

/// Those that tell a value and, when one is given, change it.
const TELLING: [&str; 44] = [
    "analysis_limit",
    "application_id",
    "auto_vacuum",
    "automatic_index",
    "busy_timeout",
    "cache_size",
    "cache_spill",
    "cell_size_check",
    "checkpoint_fullfsync",
    "count_changes",
    "data_version",
    "defer_foreign_keys",
    "encoding",
    "foreign_keys",
    "freelist_count",
    "full_column_names",
    "fullfsync",
    "hard_heap_limit",
    "ignore_check_constraints",
    "journal_mode",
    "journal_size_limit",
    "legacy_alter_table",
    "locking_mode",
    "max_page_count",
    "mmap_size",
    "module_list",
    "page_count",
    "page_size",
    "pragma_list",
    "query_only",
    "read_uncommitted",
    "recursive_triggers",
    "reverse_unordered_selects",
    "schema_version",
    "secure_delete",
    "short_column_names",
    "soft_heap_limit",
    "synchronous",
    "temp_store",
    "threads",
    "trusted_schema",
    "user_version",
    "wal_autocheckpoint",
    "writable_schema",
];

/// Whether a pragma, in whatever case, changes nothing.
pub(super) fn only_tells(name: &str, has_argument: bool) -> bool {
    let among = |list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(name));
    among(&DESCRIBING) || among(&CHECKING) || (among(&TELLING) && !has_argument)
}
