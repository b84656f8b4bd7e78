//! Functions with side effects that a read-only transaction lets through, or that deserve a setting of their own: data,
//! not code. Names alone decide, whatever the schema: an extension may stand in any.
//!
//! Of the server's own functions up to PostgreSQL 18, of what ships with it, and of widespread extensions. What is not
//! here either only reads or is refused by a read-only transaction; functions that users wrote are.

use domain::query::Effect;

/// The side effect of a function; `name` in lower case.
pub(super) fn effect_of(name: &str) -> Option<Effect> {
    exact(name).or_else(|| {
        FAMILIES
            .iter()
            .find(|(prefix, _)| name.starts_with(prefix))
            .map(|(_, effect)| *effect)
    })
}

/// Families whose members all do the same, those of later versions included.
const FAMILIES: [(&str, Effect); 31] = [
    ("pg_advisory_", Effect::Locks),
    ("pg_try_advisory_", Effect::Locks),
    ("pg_read_file", Effect::ServerFiles),
    ("pg_read_binary_file", Effect::ServerFiles),
    ("pg_file_", Effect::ServerFiles),
    ("pg_ls_", Effect::ServerFiles),
    ("pg_get_logical_snapshot_", Effect::ServerFiles),
    ("dblink", Effect::RemoteServers),
    ("postgres_fdw_disconnect", Effect::RemoteServers),
    ("http_", Effect::RemoteServers),
    ("pg_log_", Effect::ServerControl),
    ("pg_rotate_logfile", Effect::ServerControl),
    ("pg_backup_", Effect::ServerControl),
    ("binary_upgrade_", Effect::ServerControl),
    ("pg_create_physical_replication_slot", Effect::Replication),
    ("pg_create_logical_replication_slot", Effect::Replication),
    ("pg_copy_physical_replication_slot", Effect::Replication),
    ("pg_copy_logical_replication_slot", Effect::Replication),
    ("pg_logical_slot_get_", Effect::Replication),
    ("pg_replication_origin_", Effect::Replication),
    ("pg_wal_replay_", Effect::Replication),
    ("pg_stat_reset", Effect::Statistics),
    ("pg_clear_", Effect::Statistics),
    ("pg_restore_", Effect::Statistics),
    // Indexes that EXPLAIN takes as there, in the next call too.
    ("hypopg_", Effect::SessionState),
    ("heap_force_", Effect::Storage),
    ("brin_summarize_", Effect::Storage),
    ("brin_desummarize_", Effect::Storage),
    ("query_to_xml", Effect::SqlInText),
    ("cursor_to_xml", Effect::SqlInText),
    ("crosstab", Effect::SqlInText),
];

/// Views over files of the server's configuration, and the functions below them.
const READS_A_FILE: [&str; 4] = [
    "pg_hba_file_rules",
    "pg_ident_file_mappings",
    "pg_file_settings",
    "pg_show_all_file_settings",
];

/// Whether it is enough to name it: nobody calls a view, nor names anything else so.
pub(super) fn is_view_of_a_file(name: &str) -> bool {
    READS_A_FILE.contains(&name)
}

/// Whether a name is a usual one for columns although its family is known: `http_status`, `http_method`.
pub(super) fn may_be_a_column(name: &str) -> bool {
    name.starts_with("http_") && !matches!(name, "http_get" | "http_head" | "http_delete")
}

fn exact(name: &str) -> Option<Effect> {
    Some(match name {
        "nextval" | "setval" => Effect::Sequences,
        "lo_creat" | "lo_create" | "lo_from_bytea" | "lo_put" | "lo_unlink" | "lowrite"
        | "lo_truncate" | "lo_truncate64" => Effect::LargeObjects,
        "pg_notify" => Effect::Notifications,
        // `random` goes on from the seed in the next call, and nothing puts it back.
        "set_config" | "setseed" | "isn_weak" | "pg_export_snapshot" => Effect::SessionState,
        "ts_stat" | "ts_rewrite" | "pg_background_launch" | "connectby" | "xpath_table" => {
            Effect::SqlInText
        }
        "lo_import" | "lo_export" | "pg_stat_file" | "pg_logdir_ls" => Effect::ServerFiles,
        name if READS_A_FILE.contains(&name) => Effect::ServerFiles,
        "http" => Effect::RemoteServers,
        "pg_terminate_backend" | "pg_cancel_backend" => Effect::OtherSessions,
        "pg_switch_wal"
        | "pg_switch_xlog"
        | "pg_create_restore_point"
        | "pg_logical_emit_message"
        | "pg_drop_replication_slot"
        | "pg_replication_slot_advance"
        | "pg_sync_replication_slots"
        | "pg_promote" => Effect::Replication,
        "autoprewarm_dump_now"
        | "autoprewarm_start_worker"
        | "pg_prewarm"
        | "pg_reload_conf"
        | "pg_start_backup"
        | "pg_stop_backup"
        | "pg_import_system_collations"
        | "pg_nextoid"
        | "pg_stop_making_pinned_objects" => Effect::ServerControl,
        "pg_stat_statements_reset" => Effect::Statistics,
        "pg_truncate_visibility_map"
        | "gin_clean_pending_list"
        | "pg_buffercache_evict"
        | "pg_buffercache_evict_all"
        | "pg_buffercache_evict_relation" => Effect::Storage,
        _ => return None,
    })
}
