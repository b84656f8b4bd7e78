//! What is asked of the schema: SQL, and the rows that come back.
//!
//! Each takes `?1`, the names of tables as a JSON array, or NULL for all of them. Views and virtual tables are never asked
//! for their columns here: one that is broken would fail the whole question.

/// Everything that has a declaration.
pub(super) const OBJECTS: &str = "
    SELECT type, name, tbl_name, sql FROM main.sqlite_schema
    WHERE ?1 IS NULL OR tbl_name COLLATE NOCASE IN (SELECT value FROM json_each(?1))
    ORDER BY rowid";

pub(super) const COLUMNS: &str = "
    SELECT s.name, x.name, x.type, x.\"notnull\", x.dflt_value, x.pk, x.hidden
    FROM main.sqlite_schema s CROSS JOIN pragma_table_xinfo(s.name, 'main') x
    WHERE s.type = 'table' AND s.rootpage > 0
      AND (?1 IS NULL OR s.name COLLATE NOCASE IN (SELECT value FROM json_each(?1)))";

/// The columns of each index, and whether it is unique, partial, and what made it (`c`, `u`, `pk`).
pub(super) const INDEXES: &str = "
    SELECT s.name, i.name, i.\"unique\", i.origin, i.partial, x.cid, x.name, x.\"desc\", x.coll
    FROM main.sqlite_schema s CROSS JOIN pragma_index_list(s.name, 'main') i
         CROSS JOIN pragma_index_xinfo(i.name, 'main') x
    WHERE s.type = 'table' AND s.rootpage > 0 AND x.key = 1
      AND (?1 IS NULL OR s.name COLLATE NOCASE IN (SELECT value FROM json_each(?1)))";

/// The columns of each foreign key, from the tables and to them.
pub(super) const FOREIGN_KEYS: &str = "
    SELECT s.name, f.id, f.\"table\", f.\"from\", f.\"to\", f.on_delete, f.on_update
    FROM main.sqlite_schema s CROSS JOIN pragma_foreign_key_list(s.name, 'main') f
    WHERE s.type = 'table' AND s.rootpage > 0 AND s.sql LIKE '%REFERENCES%'
      AND (?1 IS NULL OR s.name COLLATE NOCASE IN (SELECT value FROM json_each(?1))
           OR f.\"table\" COLLATE NOCASE IN (SELECT value FROM json_each(?1)))";

/// What ANALYZE found, where it has run: the first number is that of rows in the index, or in the table without one.
pub(super) const ESTIMATES: &str = "
    SELECT tbl, idx, CAST(stat AS INTEGER) FROM main.sqlite_stat1
    WHERE ?1 IS NULL OR tbl COLLATE NOCASE IN (SELECT value FROM json_each(?1))";

/// Every view, as one may read from another; and whether there is anything to ask [`ESTIMATES`] of.
pub(super) const VIEWS: &str = "
    SELECT type, name, sql FROM main.sqlite_schema WHERE type = 'view' OR name = 'sqlite_stat1'";

/// Looks at the file, so it sees what other programs did.
pub(super) const VERSION: &str = "SELECT schema_version FROM pragma_schema_version";
