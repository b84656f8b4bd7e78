//! Every volatile function of PostgreSQL is known, here or to the dialect, so that one of a new version is noticed.

use std::collections::BTreeSet;

use domain::connection::Policy;
use sqlx::{Connection, PgConnection, Row, raw_sql};
use support::{
    databases::{config, open, server_variable},
    on_postgres,
};

/// For triggers, indexes, languages and samples: nobody can call them.
const INTERNAL: &str = "
RI_FKey_cascade_del RI_FKey_cascade_upd RI_FKey_check_ins RI_FKey_check_upd RI_FKey_noaction_del
RI_FKey_noaction_upd RI_FKey_restrict_del RI_FKey_restrict_upd RI_FKey_setdefault_del RI_FKey_setdefault_upd
RI_FKey_setnull_del RI_FKey_setnull_upd amvalidate bernoulli brinhandler bthandler dsnowball_init
dsnowball_lexize ginhandler gisthandler hashhandler heap_tableam_handler plpgsql_call_handler
plpgsql_inline_handler plpgsql_validator spghandler suppress_redundant_updates_trigger system
tsvector_update_trigger tsvector_update_trigger_column unique_key_recheck
";

/// They tell something that changes by itself, or use what another function has opened. `setseed` also changes what
/// `random` tells the session next, and `pg_sleep` takes time, which is limited.
const TELLING: &str = "
clock_timestamp current_query currtid2 currval gen_random_uuid lastval lo_close lo_get lo_lseek lo_lseek64
lo_open lo_tell lo_tell64 loread pg_blocking_pids pg_collation_actual_version pg_control_checkpoint
pg_control_init pg_control_recovery pg_control_system pg_current_logfile pg_current_wal_flush_lsn
pg_current_wal_insert_lsn pg_current_wal_lsn pg_database_collation_actual_version pg_database_size
pg_extension_config_dump pg_get_backend_memory_contexts pg_get_multixact_members pg_get_shmem_allocations
pg_get_wal_replay_pause_state pg_get_wal_resource_managers pg_hba_file_rules pg_ident_file_mappings
pg_indexes_size pg_is_in_recovery pg_is_wal_replay_paused pg_isolation_test_session_is_blocked
pg_jit_available pg_last_committed_xact pg_last_wal_receive_lsn pg_last_wal_replay_lsn
pg_last_xact_replay_timestamp pg_lock_status pg_logical_slot_peek_binary_changes pg_logical_slot_peek_changes
pg_notification_queue_usage pg_partition_ancestors pg_partition_tree pg_prepared_xact pg_relation_size
pg_safe_snapshot_blocking_pids pg_sequence_last_value pg_show_all_file_settings
pg_show_replication_origin_status pg_sleep pg_sleep_for pg_sleep_until pg_stat_clear_snapshot
pg_stat_force_next_flush pg_stat_get_recovery_prefetch pg_stat_get_xact_blocks_fetched
pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls pg_stat_get_xact_function_self_time
pg_stat_get_xact_function_total_time pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted
pg_stat_get_xact_tuples_fetched pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted
pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated pg_stat_have_stats pg_table_size
pg_tablespace_size pg_total_relation_size pg_xact_commit_timestamp pg_xact_commit_timestamp_origin
pg_xact_status random setseed timeofday txid_status
";

/// The same, newer than PostgreSQL 15.
const NEWER: &str = "
array_sample array_shuffle pg_available_wal_summaries pg_get_aios pg_get_loaded_modules pg_get_sequence_data
pg_get_shmem_allocations_numa pg_get_wait_events pg_get_wal_summarizer_state pg_stat_get_backend_io
pg_stat_get_backend_wal pg_stat_get_io pg_stat_get_xact_tuples_newpage_updated pg_wal_summary_contents
random_normal uuidv4 uuidv7
";

on_postgres!(
    a_volatile_function_either_only_tells_or_is_refused,
    async |server: &str| {
        let database = open(config(server)).await;
        let mut session = PgConnection::connect(&server_variable(server, "URL"))
            .await
            .unwrap();
        let sql = "SELECT DISTINCT proname FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'v'";
        let names: Vec<String> = raw_sql(sql)
            .fetch_all(&mut session)
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();

        let admitted: BTreeSet<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| {
                let sql = format!("SELECT pg_catalog.\"{name}\"()");
                Policy::READ_ONLY
                    .admit(&sql, database.dialect.as_ref())
                    .is_ok()
            })
            .collect();

        let newer = if server == "postgres_15" { "" } else { NEWER };
        let harmless = [INTERNAL, TELLING, newer]
            .into_iter()
            .flat_map(str::split_whitespace);
        assert_eq!(admitted, harmless.collect());
    }
);
