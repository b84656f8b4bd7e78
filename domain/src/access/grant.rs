//! What one caller may do.

use std::sync::Arc;

use super::{Allowed, Role};

/// Everything where no roles are configured, else what one of these roles allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant(Option<Vec<Arc<Role>>>);

impl Grant {
    pub const fn everything() -> Self {
        Self(None)
    }

    pub const fn nothing() -> Self {
        Self(Some(Vec::new()))
    }

    pub(super) fn of(roles: Vec<Arc<Role>>) -> Self {
        Self(Some(roles))
    }

    /// The names of the roles that were found; none where everything is granted.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flatten().map(|role| role.name.as_str())
    }

    pub fn may_call(&self, tool: &str) -> bool {
        self.any(|role| role.tools.contains(tool))
    }

    /// Whether some connection that may write may be written to.
    pub fn may_write(&self) -> bool {
        self.any(|role| !role.read_only && role.tables.is_none())
    }

    /// Whether it may end, or put something in the place of, what others use.
    pub fn manages_connections(&self, tool: Option<&str>) -> bool {
        self.any(|role| role.manages_connections && role.offers(tool))
    }

    /// The same on one connection: only roles that hold both count, here too.
    pub fn manages(&self, tool: Option<&str>, connection: &str) -> bool {
        self.any(|role| role.manages_connections && role.offers(tool) && role.reaches(connection))
    }

    /// What a tool, or any of them, may do on a configured connection: only roles that hold both count, so that nobody gets by two roles
    /// what neither of them allows. `None` if there is none.
    pub fn on(&self, tool: Option<&str>, connection: &str) -> Option<Allowed> {
        self.allowed(|role| role.offers(tool) && role.reaches(connection))
    }

    /// What a tool, or any of them, may do on a connection that the caller has brought along.
    pub fn on_own(&self, tool: Option<&str>) -> Option<Allowed> {
        self.allowed(|role| role.offers(tool))
    }

    fn any(&self, holds: impl Fn(&Role) -> bool) -> bool {
        self.0
            .as_ref()
            .is_none_or(|roles| roles.iter().any(|role| holds(role)))
    }

    fn allowed(&self, holds: impl Fn(&Role) -> bool) -> Option<Allowed> {
        match &self.0 {
            None => Some(Allowed::EVERYTHING),
            Some(roles) => roles
                .iter()
                .filter(|role| holds(role))
                .map(|role| role.allowed())
                .reduce(Allowed::or),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        access::{ClaimRule, Pattern, Roles, TablePattern, TableRules, When},
        calls::{Caller, Claims, Principal},
    };

    fn role(name: &str, connections: &[&str], tools: &[&str]) -> Role {
        Role {
            name: name.to_owned(),
            when: When::new(vec![ClaimRule {
                claim: "groups".to_owned(),
                any_of: vec![name.into()],
            }]),
            connections: connections.iter().map(|name| Pattern::new(*name)).collect(),
            tools: tools.iter().map(|&tool| tool.to_owned()).collect(),
            tables: None,
            functions: Vec::new(),
            read_only: true,
            max_rows: None,
            max_time: None,
            manages_connections: false,
        }
    }

    fn caller(groups: &[&str]) -> Caller {
        let claims = serde_json::json!({ "groups": groups });
        let claims = claims.as_object().cloned().unwrap();
        Caller::new(Principal::new("ada"), Claims::new(claims))
    }

    fn only(rule: &str) -> TableRules {
        TableRules {
            allow: vec![TablePattern::parse(rule)],
            deny: Vec::new(),
        }
    }

    #[test]
    fn nobody_may_anything_without_a_role() {
        let roles = Roles::new([role("analyst", &["*"], &["execute_query"])]);

        let grant = roles.grant(&caller(&["sales"]));

        assert_eq!(grant, Grant::nothing());
        assert!(!grant.may_call("execute_query"));
        assert!(!grant.may_write());
        assert_eq!(grant.on(Some("execute_query"), "shop"), None);
        assert_eq!(grant.on_own(None), None);
    }

    #[test]
    fn two_roles_together_allow_no_more_than_each() {
        let roles = Roles::new([
            role("shop", &["shop"], &["execute_query"]),
            role("books", &["books"], &["search_schema"]),
        ]);

        let grant = roles.grant(&caller(&["shop", "books"]));

        assert_eq!(grant.roles().collect::<Vec<_>>(), ["shop", "books"]);
        for (tool, connection, expected) in [
            ("execute_query", "shop", true),
            ("search_schema", "books", true),
            ("execute_query", "books", false),
            ("search_schema", "shop", false),
        ] {
            let found = grant.on(Some(tool), connection).is_some();
            assert_eq!(found, expected, "{tool} {connection}");
        }
    }

    #[test]
    fn what_others_use_is_managed_where_one_role_says_both() {
        let manager = Role {
            manages_connections: true,
            ..role("manager", &["shop"], &["close_connection"])
        };
        let roles = Roles::new([manager, role("reader", &["books"], &["execute_query"])]);

        let grant = roles.grant(&caller(&["manager", "reader"]));

        assert!(grant.manages(None, "shop"));
        assert!(!grant.manages(None, "books"));
        assert!(!grant.manages(Some("execute_query"), "shop"));
    }

    #[test]
    fn where_two_roles_allow_the_same_the_wider_one_counts() {
        let narrow = Role {
            max_rows: Some(10),
            max_time: Some(Duration::from_secs(1)),
            tables: Some(only("public.*")),
            ..role("narrow", &["shop"], &["execute_query"])
        };
        let wide = Role {
            max_rows: Some(100),
            tables: Some(only("sales.*")),
            ..role("wide", &["*"], &["execute_query"])
        };
        let whole = Role {
            read_only: false,
            ..role("whole", &["shop"], &["execute_query"])
        };
        let roles = Roles::new([narrow, wide, whole]);
        let on_shop = |groups: &[&str]| {
            roles
                .grant(&caller(groups))
                .on(Some("execute_query"), "shop")
                .unwrap()
        };

        let both = on_shop(&["narrow", "wide"]);

        assert_eq!((both.max_rows, both.max_time), (Some(100), None));
        let tables = both.tables.unwrap();
        assert!(tables.show("public", "a") && tables.show("sales", "a"));
        assert!(!tables.show("hr", "a"));
        assert!(both.read_only);
        assert!(on_shop(&["narrow", "whole"]).is_everything());
    }

    #[test]
    fn whoever_started_the_process_has_the_role_local_and_nobody_else() {
        let local = role("local", &["shop"], &["execute_query"]);
        let with = Roles::new([local, role("analyst", &["*"], &["execute_query"])]);
        let without = Roles::new([role("analyst", &["*"], &["execute_query"])]);

        let names = |caller: &Caller| -> Vec<String> {
            with.grant(caller).roles().map(str::to_owned).collect()
        };
        assert_eq!(names(&Caller::local()), ["local"]);
        assert_eq!(names(&caller(&["local"])), Vec::<String>::new());
        let namesake = Caller::new(Principal::local(), Claims::default());
        assert_eq!(without.grant(&namesake), Grant::nothing());
        assert_eq!(without.grant(&Caller::local()), Grant::everything());
    }

    #[test]
    fn rules_about_tables_never_go_with_writing() {
        let odd = Role {
            read_only: false,
            tables: Some(only("*")),
            ..role("odd", &["*"], &["execute_query"])
        };

        let grant = Roles::new([odd]).grant(&caller(&["odd"]));

        assert!(!grant.may_write());
    }
}
