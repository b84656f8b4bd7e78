//! What the server itself tells of rows and of other sessions, beside the tables.

use super::super::masking::Token;

/// What keeps values or tells of them, under whatever schema: histograms, statements, locks, words of full-text indexes.
const TELLS_VALUES: [&str; 17] = [
    "column_stats",
    "column_statistics",
    "data_locks",
    "events_statements_current",
    "events_statements_history",
    "events_statements_history_long",
    "general_log",
    "innodb_ft_index_cache",
    "innodb_ft_index_table",
    "innodb_locks",
    "innodb_trx",
    "optimizer_trace",
    "prepared_statements_instances",
    "processlist",
    "profiling",
    "slow_log",
    "user_variables",
];
/// Schemas of the server's own, in which much tells of values.
const SCHEMAS: [&str; 3] = ["mysql", "performance_schema", "sys"];
/// Of `information_schema` what tells of definitions and of the server.
const DEFINITIONS: [&str; 42] = [
    "applicable_roles",
    "character_sets",
    "check_constraints",
    "collation_character_set_applicability",
    "collations",
    "column_privileges",
    "columns",
    "columns_extensions",
    "enabled_roles",
    "engines",
    "events",
    "geometry_columns",
    "global_status",
    "global_variables",
    "key_column_usage",
    "keywords",
    "parameters",
    "plugins",
    "referential_constraints",
    "role_column_grants",
    "role_routine_grants",
    "role_table_grants",
    "routines",
    "schema_privileges",
    "schemata",
    "schemata_extensions",
    "sequences",
    "session_status",
    "session_variables",
    "spatial_ref_systems",
    "sql_functions",
    "st_geometry_columns",
    "st_spatial_reference_systems",
    "st_units_of_measure",
    "statistics",
    "system_variables",
    "table_constraints",
    "table_privileges",
    "tables",
    "triggers",
    "user_privileges",
    "views",
];
/// Of what SHOW tells.
const SHOWN: [&str; 24] = [
    "charset",
    "character",
    "collation",
    "columns",
    "create",
    "databases",
    "engines",
    "events",
    "fields",
    "function",
    "grants",
    "index",
    "indexes",
    "keys",
    "plugins",
    "privileges",
    "procedure",
    "schemas",
    "status",
    "storage",
    "table",
    "tables",
    "triggers",
    "variables",
];
const SHOW_OPTIONS: [&str; 5] = ["full", "extended", "global", "session", "local"];

/// Something in a statement that may tell values, by its token.
pub(super) fn tells_values(tokens: &[Token]) -> Option<usize> {
    tokens.iter().enumerate().find_map(|(at, token)| {
        let name = token.text.as_str();
        if !token.is_name() {
            return None;
        }
        let of_schema = || {
            tokens
                .get(at + 1)
                .filter(|next| next.is_sign("."))
                .and_then(|_| tokens.get(at + 2))
        };
        let tells = TELLS_VALUES.contains(&name)
            || (SCHEMAS.contains(&name) && of_schema().is_some())
            || (name == "information_schema"
                && of_schema().is_some_and(|table| !DEFINITIONS.contains(&table.text.as_str())));
        tells.then_some(at)
    })
}

/// SHOW of something else than definitions.
pub(super) fn shows_values(tokens: &[Token]) -> Option<usize> {
    if !tokens.first()?.is_word("show") {
        return None;
    }
    if let Some(at) = tokens.iter().position(|token| token.is_sign("(")) {
        return Some(at);
    }
    let at = tokens
        .iter()
        .skip(1)
        .position(|token| !token.is_one_of(&SHOW_OPTIONS))?
        + 1;
    (!tokens.get(at)?.is_one_of(&SHOWN)).then_some(at)
}
