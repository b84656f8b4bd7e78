//! Which schemas and tables a role may see.

use super::Pattern;

/// `table`, `schema.table`, each with stars; without a schema the table of that name in every one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TablePattern {
    schema: Pattern,
    table: Pattern,
}

impl TablePattern {
    pub fn parse(text: &str) -> Self {
        match text.split_once('.') {
            Some((schema, table)) => Self {
                schema: Pattern::new(schema),
                table: Pattern::new(table),
            },
            None => Self {
                schema: Pattern::new("*"),
                table: Pattern::new(text),
            },
        }
    }

    /// Whether it says which schema it means, without a star.
    fn names_its_schema(&self) -> bool {
        !self.schema.as_str().contains('*')
    }

    fn matches(&self, schema: &str, table: &str) -> bool {
        self.schema.matches(schema) && self.table.matches(table)
    }

    fn matches_in_any_case(&self, schema: &str, table: &str) -> bool {
        self.schema.matches_in_any_case(schema) && self.table.matches_in_any_case(table)
    }
}

/// The rules of one role: what is allowed and not denied.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableRules {
    pub allow: Vec<TablePattern>,
    /// Letter case does not count here: a table must not be seen for being spelt another way.
    pub deny: Vec<TablePattern>,
}

impl TableRules {
    pub fn allow(&self, schema: &str, table: &str) -> bool {
        self.allow
            .iter()
            .any(|pattern| pattern.matches(schema, table))
            && !self
                .deny
                .iter()
                .any(|pattern| pattern.matches_in_any_case(schema, table))
    }
}

/// What all roles of a caller come to: a table is seen if one of them allows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tables {
    pub rules: Vec<TableRules>,
    /// Functions that may be called although they could read any table.
    pub functions: Vec<Pattern>,
}

impl Tables {
    /// Whether a table, a view or a schema's other content of this name is there for the caller.
    pub fn show(&self, schema: &str, table: &str) -> bool {
        self.rules.iter().any(|rules| rules.allow(schema, table))
    }

    /// The same where letter case does not tell names apart.
    pub fn show_in_any_case(&self, schema: &str, table: &str) -> bool {
        self.rules.iter().any(|rules| {
            let matches = |pattern: &TablePattern| pattern.matches_in_any_case(schema, table);
            rules.allow.iter().any(matches) && !rules.deny.iter().any(matches)
        })
    }

    /// The same of a schema of the server's own, which tells of all the others: only a pattern that names it allows it.
    pub fn show_of_system(&self, schema: &str, table: &str) -> bool {
        self.rules.iter().any(|rules| {
            let matches = |pattern: &TablePattern| pattern.matches_in_any_case(schema, table);
            let names = |pattern: &&TablePattern| pattern.names_its_schema();
            rules.allow.iter().filter(names).any(matches) && !rules.deny.iter().any(matches)
        })
    }

    /// Whether some table could be there for the caller in a schema of this name.
    pub fn may_show_in(&self, schema: &str) -> bool {
        self.rules.iter().any(|rules| {
            let denies_all = |pattern: &TablePattern| {
                pattern.schema.matches_in_any_case(schema) && pattern.table.as_str() == "*"
            };
            let allows = |pattern: &TablePattern| pattern.schema.matches(schema);
            rules.allow.iter().any(allows) && !rules.deny.iter().any(denies_all)
        })
    }

    /// Whether a function that somebody has made may be called.
    pub fn let_call(&self, schema: &str, function: &str) -> bool {
        let name = format!("{schema}.{function}");
        self.functions
            .iter()
            .any(|pattern| pattern.matches(&name) || pattern.matches(function))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(allow: &[&str], deny: &[&str]) -> TableRules {
        let parse = |texts: &[&str]| texts.iter().map(|text| TablePattern::parse(text)).collect();
        TableRules {
            allow: parse(allow),
            deny: parse(deny),
        }
    }

    #[test]
    fn a_table_is_seen_that_is_allowed_and_not_denied() {
        for (allow, deny, schema, table, expected) in [
            (&["public.*"][..], &[][..], "public", "orders", true),
            (&["public.*"], &[], "sales", "orders", false),
            (&["orders"], &[], "sales", "orders", true),
            (&["orders"], &[], "sales", "Orders", false),
            (&["*"], &["salaries"], "hr", "salaries", false),
            (&["*"], &["salaries"], "hr", "Salaries", false),
            (&["*"], &["hr.*"], "HR", "people", false),
            (&["*"], &["hr.*"], "sales", "hr.people", true),
            (&["public.a.b"], &[], "public", "a.b", true),
            (
                &["sales.*", "public.o*"],
                &["*.old"],
                "public",
                "old",
                false,
            ),
            (&[], &[], "public", "orders", false),
        ] {
            assert_eq!(
                rules(allow, deny).allow(schema, table),
                expected,
                "{allow:?} {deny:?} {schema} {table}"
            );
        }
    }

    #[test]
    fn one_of_several_roles_is_enough() {
        let tables = Tables {
            rules: vec![rules(&["public.*"], &["people"]), rules(&["people"], &[])],
            functions: Vec::new(),
        };

        assert!(tables.show("public", "people"));
        assert!(tables.show("public", "orders"));
        assert!(!tables.show("sales", "orders"));
    }

    #[test]
    fn what_tells_of_all_schemas_is_seen_only_by_its_name() {
        let tables = |allow: &[&str]| Tables {
            rules: vec![rules(allow, &["secret"])],
            functions: Vec::new(),
        };

        assert!(!tables(&["*", "*.*", "pg_*.*"]).show_of_system("pg_catalog", "pg_class"));
        assert!(tables(&["pg_catalog.pg_class"]).show_of_system("pg_catalog", "pg_class"));
        assert!(tables(&["information_schema.*"]).show_of_system("INFORMATION_SCHEMA", "TABLES"));
        assert!(!tables(&["pg_catalog.*"]).show_of_system("pg_catalog", "secret"));
    }

    #[test]
    fn functions_are_listed_by_name_or_with_their_schema() {
        let tables = Tables {
            rules: Vec::new(),
            functions: ["public.format_*", "slug"].map(Pattern::new).to_vec(),
        };

        assert!(tables.let_call("public", "format_date"));
        assert!(tables.let_call("tools", "slug"));
        assert!(!tables.let_call("tools", "format_date"));
    }
}
