//! Functions with side effects that a read-only transaction lets through: data, not code. Of MySQL and MariaDB, of their
//! plugins, and of a widespread library. Functions that users wrote are the read-only transaction's to refuse.

use domain::query::Effect;

/// The side effect of a function; `name` in lower case.
pub(super) fn effect_of(name: &str) -> Option<Effect> {
    Some(match name {
        "load_file" | "gen_dictionary_load" | "gen_dictionary_drop" => Effect::ServerFiles,
        "get_lock"
        | "release_lock"
        | "release_all_locks"
        | "service_get_read_locks"
        | "service_get_write_locks"
        | "service_release_locks" => Effect::Locks,
        "nextval" | "setval" => Effect::Sequences,
        "sys_exec" | "sys_eval" | "sys_set" | "sys_bineval" => Effect::ServerPrograms,
        name if name.starts_with("group_replication_")
            || name.starts_with("asynchronous_connection_failover_") =>
        {
            Effect::Replication
        }
        name if name.starts_with("keyring_")
            || name.starts_with("audit_log_")
            || name.starts_with("mysql_firewall_")
            || name.starts_with("version_tokens_")
            || name.starts_with("set_firewall_")
            || name.starts_with("option_tracker_") =>
        {
            Effect::ServerControl
        }
        name if name.starts_with("http_") => Effect::RemoteServers,
        _ => return None,
    })
}
