//! Every volatile function of PostgreSQL is known, here or to the dialect, so that one of a new version is noticed.

use std::collections::BTreeSet;

use domain::connection::{Database, Policy};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, postgres::PgConnectOptions, raw_sql};
use support::{
    databases::{config, open, server_variable, unique},
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

/// They tell something that changes by itself, or use what another function has opened. `pg_sleep` takes time,
/// which is limited.
const TELLING: &str = "
clock_timestamp current_query currtid2 currval gen_random_uuid lastval lo_close lo_get lo_lseek lo_lseek64
lo_open lo_tell lo_tell64 loread pg_blocking_pids pg_collation_actual_version pg_control_checkpoint
pg_control_init pg_control_recovery pg_control_system pg_current_logfile pg_current_wal_flush_lsn
pg_current_wal_insert_lsn pg_current_wal_lsn pg_database_collation_actual_version pg_database_size
pg_extension_config_dump pg_get_backend_memory_contexts pg_get_multixact_members pg_get_shmem_allocations
pg_get_wal_replay_pause_state pg_get_wal_resource_managers
pg_indexes_size pg_is_in_recovery pg_is_wal_replay_paused pg_isolation_test_session_is_blocked
pg_jit_available pg_last_committed_xact pg_last_wal_receive_lsn pg_last_wal_replay_lsn
pg_last_xact_replay_timestamp pg_lock_status pg_logical_slot_peek_binary_changes pg_logical_slot_peek_changes
pg_notification_queue_usage pg_partition_ancestors pg_partition_tree pg_prepared_xact pg_relation_size
pg_safe_snapshot_blocking_pids pg_sequence_last_value
pg_show_replication_origin_status pg_sleep pg_sleep_for pg_sleep_until pg_stat_clear_snapshot
pg_stat_force_next_flush pg_stat_get_recovery_prefetch pg_stat_get_xact_blocks_fetched
pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls pg_stat_get_xact_function_self_time
pg_stat_get_xact_function_total_time pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted
pg_stat_get_xact_tuples_fetched pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted
pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated pg_stat_have_stats pg_table_size
pg_tablespace_size pg_total_relation_size pg_xact_commit_timestamp pg_xact_commit_timestamp_origin
pg_xact_status random timeofday txid_status
";

/// The same, newer than PostgreSQL 15.
const NEWER: &str = "
array_sample array_shuffle pg_available_wal_summaries pg_get_aios pg_get_loaded_modules pg_get_sequence_data
pg_get_shmem_allocations_numa pg_get_wait_events pg_get_wal_summarizer_state pg_stat_get_backend_io
pg_stat_get_backend_wal pg_stat_get_io pg_stat_get_xact_tuples_newpage_updated pg_wal_summary_contents
random_normal uuidv4 uuidv7
";

/// The same of extensions, those of both versions and those that ship with neither: what reads pages, the log or a
/// certificate, what only an index or a dictionary can call, and `set_limit`, which the transaction undoes.
const OF_EXTENSIONS: &str = "
brin_metapage_info brin_page_items brin_page_type brin_revmap_data bt_index_check bt_index_parent_check
bt_metap bt_multi_page_stats bt_page_items bt_page_stats dintdict_init dintdict_lexize dxsyn_init
dxsyn_lexize file_fdw_handler file_fdw_validator fips_mode fsm_page_contents gen_random_bytes
gen_random_uuid gen_salt get_raw_page gin_index_check gin_leafpage_items gin_metapage_info
gin_page_opaque_info gist_page_items gist_page_items_bytea gist_page_opaque_info hash_bitmap_info
hash_metapage_info hash_page_items hash_page_stats hash_page_type heap_page_item_attrs heap_page_items
heap_tuple_infomask_flags hypopg hnsw_bit_support hnsw_halfvec_support hnsw_sparsevec_support int_agg_final_array
int_agg_state ivfflat_bit_support ivfflat_halfvec_support normal_rand page_checksum page_header
pg_buffercache_numa_pages pg_buffercache_pages pg_buffercache_summary pg_buffercache_usage_counts
pg_check_frozen pg_check_visible pg_freespace pg_get_wal_block_info pg_get_wal_record_info
pg_get_wal_records_info pg_get_wal_records_info_till_end_of_wal pg_get_wal_stats
pg_get_wal_stats_till_end_of_wal pg_old_snapshot_time_mapping pg_relpages pg_stat_statements
pg_stat_statements_info pg_visibility pg_visibility_map pg_visibility_map_summary pgp_pub_encrypt
pgp_pub_encrypt_bytea pgp_sym_encrypt pgp_sym_encrypt_bytea pgrowlocks pgstatginindex pgstathashindex
pgstatindex pgstattuple pgstattuple_approx postgres_fdw_get_connections postgres_fdw_handler
postgres_fdw_validator set_limit ssl_cipher ssl_client_cert_present ssl_client_dn ssl_client_dn_field
ssl_client_serial ssl_extension_info ssl_is_used ssl_issuer_dn ssl_issuer_field ssl_version system_rows
system_time tuple_data_split unaccent_init unaccent_lexize uuid_generate_v1 uuid_generate_v1mc
uuid_generate_v4 verify_heapam xslt_process
";

on_postgres!(
    a_volatile_function_of_an_extension_either_only_tells_or_is_refused,
    async |server: &str| {
        let database = open(config(server)).await;
        let name = unique("extensions");
        let shared: PgConnectOptions = server_variable(server, "URL").parse().unwrap();
        let mut admin = PgConnection::connect_with(&shared).await.unwrap();
        run(&mut admin, &format!("CREATE DATABASE {name}")).await;
        let mut session = PgConnection::connect_with(&shared.database(&name))
            .await
            .unwrap();
        run(
            &mut session,
            "DO $$ DECLARE e name; BEGIN FOR e IN SELECT name FROM pg_available_extensions WHERE name <> 'plpgsql' LOOP
             EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I CASCADE', e); END LOOP; END $$",
        )
        .await;
        let sql = "SELECT DISTINCT p.proname FROM pg_extension e
            JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
            AND d.classid = 'pg_proc'::regclass JOIN pg_proc p ON p.oid = d.objid
            WHERE p.provolatile = 'v' AND e.extname <> 'plpgsql' AND p.prorettype <> 'trigger'::regtype
            AND p.prorettype <> 'index_am_handler'::regtype";
        let names = names(&mut session, sql).await;

        let admitted: BTreeSet<&str> = admitted(&database, &names);

        session.close().await.unwrap();
        run(&mut admin, &format!("DROP DATABASE {name}")).await;
        assert_eq!(
            admitted
                .difference(&OF_EXTENSIONS.split_whitespace().collect())
                .collect::<Vec<_>>(),
            [&""; 0]
        );
    }
);

async fn run(session: &mut PgConnection, sql: &str) {
    raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(session)
        .await
        .unwrap();
}

async fn names(session: &mut PgConnection, sql: &'static str) -> Vec<String> {
    let rows = raw_sql(sql).fetch_all(session).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Those whose call a read-only connection lets through.
fn admitted<'a>(database: &Database, names: &'a [String]) -> BTreeSet<&'a str> {
    let names = names.iter().map(String::as_str);
    names
        .filter(|name| {
            let sql = format!("SELECT pg_catalog.\"{name}\"()");
            let verdict = Policy::READ_ONLY.admit(&sql, database.dialect.as_ref());
            verdict.is_ok()
        })
        .collect()
}

on_postgres!(
    a_volatile_function_either_only_tells_or_is_refused,
    async |server: &str| {
        let database = open(config(server)).await;
        let mut session = PgConnection::connect(&server_variable(server, "URL"))
            .await
            .unwrap();
        let sql = "SELECT DISTINCT proname FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND provolatile = 'v'";
        let names = names(&mut session, sql).await;

        let admitted = admitted(&database, &names);

        let newer = if server == "postgres_15" { "" } else { NEWER };
        let harmless = [INTERNAL, TELLING, newer]
            .into_iter()
            .flat_map(str::split_whitespace);
        assert_eq!(admitted, harmless.collect());
    }
);
