//! Functions with side effects that a read-only transaction lets through: data, not code. Of MySQL and MariaDB, of their
//! plugins, and of a widespread library. Functions that users wrote are the read-only transaction's to refuse.

use std::{collections::HashSet, sync::LazyLock};

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
            || name.starts_with("option_tracker_")
            || name.starts_with("masking_dictionar")
            || name.starts_with("firewall_group_")
            || matches!(name, "load_rewrite_rules" | "mroonga_command") =>
        {
            Effect::ServerControl
        }
        name if name.starts_with("http_") || name.starts_with("spider_") => Effect::RemoteServers,
        _ => return None,
    })
}

/// Whether a name before a parenthesis is the server's own or no function at all, so that nothing which a user wrote is
/// called by it; `name` in lower case. A name that is missing here costs a session, nothing else.
pub(super) fn is_built_in(name: &str) -> bool {
    static NAMES: LazyLock<HashSet<&str>> =
        LazyLock::new(|| BUILT_IN.split_ascii_whitespace().collect());
    NAMES.contains(name) || ["st_", "mbr"].iter().any(|family| name.starts_with(family))
}

/// Whether a name before a parenthesis is the server's own on every version of either server, so that nobody can have made a
/// function which is called by it; `name` in lower case and one of those that are built in. It saves asking.
pub(super) fn is_certain(name: &str) -> bool {
    CERTAIN.split_ascii_whitespace().any(|known| known == name)
}

const CERTAIN: &str = "
abs all analyze and as avg between by case cast ceil ceiling char coalesce concat concat_ws convert count curdate
date date_add date_format date_sub datediff day dayofweek decimal desc describe distinct div else exists explain
extract field floor format from from_unixtime greatest group group_concat having hour if ifnull in insert instr interval is
join last_day lcase least left length like limit ln locate log lower lpad ltrim max mid min minute mod month
monthname not now nullif on or position pow power quarter rand repeat replace reverse right round rpad rtrim second
select sign sqrt std stddev str_to_date strcmp substr substring substring_index sum sysdate then time timediff
timestamp timestampadd timestampdiff to_days trim truncate ucase union unix_timestamp upper using utc_timestamp values
variance week weekday when where with xor year
";

/// Of MySQL 9 and MariaDB 12, with the words and types that may stand before a parenthesis.
const BUILT_IN: &str = "
abs acos add_months adddate addtime aes_decrypt aes_encrypt against all analyze and any any_value as ascii asin atan
atan2 avg benchmark between bigint bin bin_to_uuid binary binlog_gtid_pos bit_and bit_count bit_length bit_or
bit_xor by can_access_column can_access_database can_access_table can_access_user can_access_view case cast ceil
ceiling char char_length character_length charset chr coalesce coercibility collate collation column_check
column_exists column_json column_list columns compress concat concat_ws connection_id conv convert convert_tz
cos cot count crc32 crc32c cume_dist curdate current_date current_role current_time current_timestamp
current_user curtime database date date_add date_format date_sub datediff datetime day dayname dayofmonth
dayofweek dayofyear decimal decode decode_histogram default degrees dense_rank des_decrypt des_encrypt desc describe distance
distinct div double else elt encode encrypt end except exists exp explain export_set extract extractvalue field
find_in_set first_value float floor format format_bytes format_pico_time found_rows from from_base64 from_days
from_unixtime from_vector geometrycollection get_dd_column_privileges greatest group group_concat grouping gtid_subset
gtid_subtract having hex hour icu_version if ifnull in index inet6_aton inet6_ntoa inet_aton inet_ntoa insert
instr int integer internal_dd_char_length intersect interval is is_free_lock is_ipv4 is_ipv4_compat
is_ipv4_mapped is_ipv6 is_used_lock is_uuid isnull join json_array json_array_append json_array_insert
json_array_intersect json_arrayagg json_compact json_contains json_contains_path json_depth json_detailed
json_equals json_exists json_extract json_insert json_key_value json_keys json_length json_loose json_merge
json_merge_patch json_merge_preserve json_normalize json_object json_object_filter_keys json_object_to_array
json_objectagg json_overlaps json_pretty json_query json_quote json_remove json_replace json_schema_valid
json_schema_validation_report json_search json_set json_storage_free json_storage_size json_table json_type
json_unquote json_valid json_value key lag last_day last_insert_id last_value lateral lcase lead least left
length lengthb like limit linestring ln localtime localtimestamp locate log log10 log2 lower lpad ltrim make_set
makedate maketime master_gtid_wait master_pos_wait match max md5 median microsecond mid min minute mod month
monthname multilinestring multipoint multipolygon name_const natural_sort_key nchar not now nth_value ntile
nullif numeric nvl nvl2 oct octet_length of old_password on or ord over partition password percent_rank
percentile_cont percentile_disc period_add period_diff pi point polygon position pow power ps_current_thread_id
ps_thread_id quarter quote radians rand random_bytes rank real regexp regexp_instr regexp_like regexp_replace
regexp_substr repeat replace returning reverse right rlike roles_graphml round row row_count row_number rpad rtrim
schema schemas sec_to_time second select separator session_user set sformat sha sha1 sha2 sign signed sin sleep
some soundex space sqrt statement_digest statement_digest_text std stddev stddev_pop stddev_samp str_to_date
straight_join strcmp string_to_vector subdate substr substring substring_index subtime sum sys_guid sysdate system_user
tan then time time_format time_to_sec timediff timestamp timestampadd timestampdiff to_base64 to_char to_days to_seconds to_vector trim
truncate ucase uncompress uncompressed_length unhex union unix_timestamp unsigned updatexml upper user using
utc_date utc_time utc_timestamp uuid uuid_short uuid_to_bin uuid_v4 uuid_v7 validate_password_strength value
values var_pop var_samp varbinary varchar variance vec_distance vec_distance_cosine vec_distance_euclidean
vec_fromtext vec_totext vector_dim vector_to_string version week weekday weekofyear weight_string when where
window with wsrep_last_seen_gtid wsrep_last_written_gtid wsrep_sync_wait_upto_gtid xor year yearweek
";
