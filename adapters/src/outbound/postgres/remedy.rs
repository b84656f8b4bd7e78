//! The SQL by which an administrator makes a role that can only read.

use std::fmt::Write as _;

use domain::connection::{ConnectionConfig, ServerInfo};

use super::posture::Answer;

/// To be replaced by whoever runs it. It has what password policies ask for.
const PASSWORD: &str = "Change-this-password-1";
const ROLE: &str = "portolan_readonly";

/// What the SQL depends on.
pub(super) struct Remedy<'a> {
    database: &'a str,
    /// 0 for a relative, whose versions mean something else.
    major: u32,
}

impl<'a> Remedy<'a> {
    pub(super) fn new(config: &'a ConnectionConfig, server: &ServerInfo) -> Self {
        let digits = server.version.split('.').next().unwrap_or_default();
        Self {
            database: config
                .database
                .as_deref()
                .or(config.user.as_deref())
                .unwrap_or("postgres"),
            major: match server.product.as_str() {
                "PostgreSQL" => digits.parse().unwrap_or(0),
                _ => 0,
            },
        }
    }

    /// What PUBLIC may do, the new role may too, so that has to go.
    pub(super) fn sql(&self, answers: &[Answer]) -> String {
        let database = self.database.replace('"', "\"\"");
        let mut sql = format!(
            "-- As an administrator, in the database \"{}\", with a password of your own.\n\
             CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}';\n\
             GRANT CONNECT ON DATABASE \"{database}\" TO {ROLE};\n",
            database.replace(['\r', '\n'], " ")
        );
        if self.major >= 14 {
            let _ = writeln!(sql, "GRANT pg_read_all_data TO {ROLE};");
        } else {
            sql.push_str(GRANT_EACH_SCHEMA);
        }
        let mut revoke = |kind: &str, before: &str, after: &str| {
            if let Some(answer) = answers.iter().find(|answer| answer.kind == kind) {
                let _ = writeln!(sql, "{before}{}{after}", answer.names);
            }
        };
        let tables = match self.major {
            17.. => {
                "REVOKE INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, MAINTAIN ON ALL TABLES IN SCHEMA "
            }
            _ => "REVOKE INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER ON ALL TABLES IN SCHEMA ",
        };
        let from_public = " FROM PUBLIC; -- others may need it granted to them";
        revoke("public tables", tables, from_public);
        revoke(
            "public sequences",
            "REVOKE USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA ",
            from_public,
        );
        revoke("public schemas", "REVOKE CREATE ON SCHEMA ", from_public);
        revoke("public routines", "REVOKE EXECUTE ON ROUTINE ", from_public);
        revoke(
            "public extensions",
            "DO $$DECLARE f regprocedure; BEGIN FOR f IN SELECT p.oid FROM pg_extension e JOIN pg_depend d ON \
             d.refobjid = e.oid AND d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_proc'::regclass \
             JOIN pg_proc p ON p.oid = d.objid WHERE e.extname IN (",
            ") LOOP EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', f); END LOOP; END$$; -- others may \
             need it granted to them",
        );
        sql
    }
}

/// Before version 14 there is no role that reads everything. What is created later needs a grant of its own.
const GRANT_EACH_SCHEMA: &str = "DO $$DECLARE s name; BEGIN FOR s IN SELECT nspname FROM pg_namespace WHERE nspname \
     !~ '^pg_' AND nspname <> 'information_schema' LOOP EXECUTE format('GRANT USAGE ON SCHEMA %I TO \
     portolan_readonly; GRANT SELECT ON ALL TABLES IN SCHEMA %I TO portolan_readonly', s, s); END LOOP; END$$;\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_version_14_each_schema_is_granted() {
        for (major, granted) in [
            (13, "GRANT SELECT ON ALL TABLES IN SCHEMA"),
            (14, "GRANT pg_read_all_data TO portolan_readonly;"),
        ] {
            let remedy = Remedy {
                database: "shop",
                major,
            };
            assert!(remedy.sql(&[]).contains(granted), "{major}");
        }
    }

    #[test]
    fn a_name_of_a_database_cannot_leave_its_quotes_or_its_comment() {
        let remedy = Remedy {
            database: "a\"; DROP TABLE t; --\nDROP TABLE t;",
            major: 18,
        };

        let sql = remedy.sql(&[]);

        assert_eq!(sql.lines().next().unwrap().matches("DROP").count(), 2);
        assert!(sql.contains("DATABASE \"a\"\"; DROP TABLE t; --\nDROP TABLE t;\" TO"));
    }
}
