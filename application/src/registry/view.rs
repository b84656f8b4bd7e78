//! What one caller sees of the databases there are.
//!
//! What is not granted, and what belongs to somebody else, is not there: no list, no failure and no nearest name tells
//! of it.

use std::sync::Arc;

use domain::{
    Cancel, Failure,
    access::{Allowed, Grant},
    calls::Caller,
    connection::{ConnectionConfig, ConnectionName, KnownConfiguration},
    nearest::nearest,
};

use super::{Attempt, Held, Key, OpenConnection, Opened, Owner, Registry, read, write};

/// Somebody who calls a tool.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a> {
    pub caller: &'a Caller,
    pub grant: &'a Grant,
    /// What is seen is what this tool may be used on; without one, what any may be used on.
    pub tool: Option<&'a str>,
}

#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    registry: &'a Registry,
    visitor: Visitor<'a>,
}

impl<'a> View<'a> {
    pub(super) fn new(registry: &'a Registry, visitor: Visitor<'a>) -> Self {
        Self { registry, visitor }
    }

    /// Every known configuration, by name.
    pub fn known(&self) -> Vec<KnownConfiguration> {
        self.names()
            .iter()
            .filter_map(|name| self.known_configuration(name.as_str()))
            .collect()
    }

    pub fn known_configuration(&self, name: &str) -> Option<KnownConfiguration> {
        let known = read(&self.registry.known);
        self.keys(name)?
            .iter()
            .find_map(|key| known.get(key).cloned())
    }

    /// Whether nothing that the operator has configured is hidden from here.
    pub fn reaches_all(&self) -> bool {
        let Visitor { grant, tool, .. } = self.visitor;
        read(&self.registry.known)
            .keys()
            .filter(|key| key.owner.is_none())
            .all(|key| grant.on(tool, key.name.as_str()).is_some())
    }

    /// Whether a known configuration may only be read from here.
    pub fn is_read_only(&self, name: &ConnectionName, config: &ConnectionConfig) -> bool {
        self.allowed(Some(name))
            .is_none_or(|allowed| allowed.tighten(config).policy.is_read_only())
    }

    /// Whether a configuration of this name is the operator's, and may not be replaced from here.
    pub fn is_fixed(&self, name: &ConnectionName) -> bool {
        let shared = self.shared_key(name);
        shared.is_some_and(|key| read(&self.registry.known).contains_key(&key)) && !self.manages()
    }

    /// Adds a configuration of the caller's own. One that the operator gave is replaced for everybody, if the caller
    /// may do that.
    pub fn learn(&self, configuration: KnownConfiguration) {
        let name = &configuration.name;
        let shared = self
            .shared_key(name)
            .filter(|key| self.manages() && read(&self.registry.known).contains_key(key));
        let key = shared.unwrap_or_else(|| self.own_key(name));
        write(&self.registry.known).insert(key, configuration);
    }

    /// Every open connection, by name.
    pub fn open_connections(&self) -> Vec<Arc<OpenConnection>> {
        self.names()
            .iter()
            .filter_map(|name| self.open_connection(name.as_str()))
            .collect()
    }

    pub fn open_connection(&self, name: &str) -> Option<Arc<OpenConnection>> {
        self.keys(name)?
            .iter()
            .find_map(|key| self.granted(self.registry.held(key)?))
    }

    /// The connection that a call means, opened if it is not open yet.
    ///
    /// Without a name: the only one there is, else the one called `default`.
    pub async fn connection(&self, name: Option<&str>) -> Result<Arc<OpenConnection>, Failure> {
        let name = match name {
            Some(name) => ConnectionName::new(name)?,
            None => self.implied_name()?,
        };
        let Some(open) = self.open_connection(name.as_str()) else {
            let config = self.configuration(name.as_str())?;
            return self
                .open_configured(name.clone(), &name, config)
                .await
                .map(|opened| Arc::clone(opened.connection()));
        };
        let pass = open.breaker.admit(&name)?;
        if pass.is_probe() {
            // What a client asked for may be long, and finds out no more than this.
            let answer = open.database.pool.test(&Cancel::new()).await;
            open.breaker.learn(&answer);
            answer?;
        }
        drop(pass);
        Ok(open)
    }

    /// As [`View::connection`], of a name, also while its circuit is open: somebody wants to know now.
    pub async fn connection_by_hand(&self, name: &str) -> Result<Arc<OpenConnection>, Failure> {
        let name = ConnectionName::new(name)?;
        if let Some(open) = self.open_connection(name.as_str()) {
            return Ok(open);
        }
        let config = self.configuration(name.as_str())?;
        let (key, judged_by) = self.place(&name, &name);
        self.open(key, config, judged_by, Attempt::ByHand)
            .await
            .map(|opened| Arc::clone(opened.connection()))
    }

    /// The valid configuration of a name.
    pub fn configuration(&self, name: &str) -> Result<Arc<ConnectionConfig>, Failure> {
        let Some(known) = self.known_configuration(name) else {
            return Err(self.unknown(name));
        };
        known.outcome.map_err(|mistakes| {
            let told: Vec<String> = mistakes
                .iter()
                .map(|mistake| format!("{}: {}", mistake.key, mistake.message))
                .collect();
            Failure::invalid_argument(format!(
                "The configuration `{name}` is not valid: {}",
                told.join("; ")
            ))
            .with_hint(
                "Whoever runs this server must correct it; `portolan check` explains each mistake.",
            )
        })
    }

    /// The only or `default` name among those known and open.
    pub fn implied_name(&self) -> Result<ConnectionName, Failure> {
        let mut names = self.names();
        if let Some(default) = names
            .iter()
            .find(|name| name.as_str() == ConnectionName::DEFAULT)
        {
            return Ok(default.clone());
        }
        match (names.pop(), names.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(self.unnamed()),
        }
    }

    /// The failure of a call that does not name its connection, with the names there are.
    pub fn unnamed(&self) -> Failure {
        let names = self.names();
        if names.is_empty() {
            return Failure::invalid_argument("No database is configured or connected.").with_hint(
                "Call connect_database, or ask whoever runs this server to set DATABASE_URL or DB_TYPE, DB_HOST, ….",
            );
        }
        Failure::invalid_argument(format!(
            "Which database? `connection` must be one of: {}.",
            join(&names)
        ))
        .with_hint("Name one of them as `connection`.")
    }

    /// Opens a configured database, under its own name for everybody or under another for the caller alone.
    pub async fn open_configured(
        &self,
        name: ConnectionName,
        configuration: &ConnectionName,
        config: Arc<ConnectionConfig>,
    ) -> Result<Opened, Failure> {
        let (key, judged_by) = self.place(&name, configuration);
        self.open(key, config, judged_by, Attempt::OfCall).await
    }

    /// Where a configuration is opened under a name, and by whose grants it is judged.
    fn place(
        &self,
        name: &ConnectionName,
        configuration: &ConnectionName,
    ) -> (Key, Option<ConnectionName>) {
        let shared = self
            .shared_key(configuration)
            .filter(|key| read(&self.registry.known).contains_key(key));
        match shared {
            Some(key) if name == configuration => (key, Some(configuration.clone())),
            Some(_) => (self.own_key(name), Some(configuration.clone())),
            None => (self.own_key(name), None),
        }
    }

    /// Opens a database of the caller's own.
    pub async fn open_own(
        &self,
        name: ConnectionName,
        config: Arc<ConnectionConfig>,
    ) -> Result<Opened, Failure> {
        self.open(self.own_key(&name), config, None, Attempt::OfCall)
            .await
    }

    async fn open(
        &self,
        key: Key,
        config: Arc<ConnectionConfig>,
        judged_by: Option<ConnectionName>,
        attempt: Attempt,
    ) -> Result<Opened, Failure> {
        let name = key.name.clone();
        let allowed = self
            .allowed(judged_by.as_ref())
            .ok_or_else(|| self.unknown(name.as_str()))?;
        let opened = self.registry.open(key, config, judged_by, attempt).await?;
        let caller = self.visitor.caller;
        Ok(opened.map(|connection| Arc::new(connection.for_caller(caller, &allowed))))
    }

    /// Closes an open connection: ends its calls and its pool. One that others use too only where the role may.
    pub async fn close(&self, name: &str) -> Result<Arc<OpenConnection>, Failure> {
        let name = ConnectionName::new(name)?;
        let open = self.keys(name.as_str()).and_then(|keys| {
            let key = keys
                .into_iter()
                .find(|key| self.registry.held(key).is_some_and(|held| self.sees(&held)))?;
            if key.owner.is_none() && !self.manages() {
                return Some(Err(Failure::new(
                    domain::FailureKind::NotAllowed,
                    format!("The connection `{name}` is shared with others."),
                )
                .with_hint(
                    "Leave it open: it closes when it is idle. Whoever runs this server can set manageConnections \
                     for a role.",
                )));
            }
            write(&self.registry.open).remove(&key).map(Ok)
        });
        match open {
            Some(held) => {
                let connection = held?.connection;
                connection.database.pool.close().await;
                Ok(connection)
            }
            None if self.known_configuration(name.as_str()).is_some() => Err(
                Failure::invalid_argument(format!("The connection `{name}` is not open."))
                    .with_hint("Nothing needs closing; list_connections shows what is open."),
            ),
            None => Err(self.unknown(name.as_str())),
        }
    }

    /// The failure of a name that nobody knows, with the names there are.
    pub fn unknown(&self, name: &str) -> Failure {
        let names = self.names();
        let failure = Failure::invalid_argument(format!("There is no connection named `{name}`."));
        if names.is_empty() {
            return failure.with_hint("None is configured; call connect_database first.");
        }
        let known = join(&names);
        match nearest(name, names.iter().map(ConnectionName::as_str)) {
            Some(meant) => failure.with_hint(format!("Did you mean `{meant}`? Known: {known}.")),
            None => failure.with_hint(format!("Known connections: {known}.")),
        }
    }

    /// Names known or open, each once, in order.
    pub fn names(&self) -> Vec<ConnectionName> {
        let owner = Owner::of(self.visitor.caller);
        let own = |key: &Key| key.owner.as_ref() == Some(&owner);
        let mut names: Vec<ConnectionName> = read(&self.registry.known)
            .keys()
            .filter(|key| own(key) || (key.owner.is_none() && self.shared_key(&key.name).is_some()))
            .map(|key| key.name.clone())
            .collect();
        names.extend(
            read(&self.registry.open)
                .iter()
                .filter(|(key, held)| (own(key) || key.owner.is_none()) && self.sees(held))
                .map(|(key, _)| key.name.clone()),
        );
        names.sort();
        names.dedup();
        names
    }

    /// Where something of this name may lie, for the caller: what is shared comes first.
    fn keys(&self, name: &str) -> Option<Vec<Key>> {
        let name = ConnectionName::new(name).ok()?;
        let own = self.own_key(&name);
        Some(self.shared_key(&name).into_iter().chain([own]).collect())
    }

    /// `None` where what is shared under this name is not granted.
    fn shared_key(&self, name: &ConnectionName) -> Option<Key> {
        self.allowed(Some(name)).map(|_| Key {
            name: name.clone(),
            owner: None,
        })
    }

    fn own_key(&self, name: &ConnectionName) -> Key {
        Key {
            name: name.clone(),
            owner: Some(Owner::of(self.visitor.caller)),
        }
    }

    /// What the caller may do on a connection of this configuration, or on one of their own.
    fn allowed(&self, configuration: Option<&ConnectionName>) -> Option<Allowed> {
        let Visitor { grant, tool, .. } = self.visitor;
        match configuration {
            Some(name) => grant.on(tool, name.as_str()),
            None => grant.on_own(tool),
        }
    }

    fn sees(&self, held: &Held) -> bool {
        self.allowed(held.configuration.as_ref()).is_some()
    }

    fn granted(&self, held: Held) -> Option<Arc<OpenConnection>> {
        let allowed = self.allowed(held.configuration.as_ref())?;
        let connection = held.connection;
        Some(Arc::new(
            connection.for_caller(self.visitor.caller, &allowed),
        ))
    }

    fn manages(&self) -> bool {
        self.visitor.grant.manages_connections(self.visitor.tool)
    }
}

fn join(names: &[ConnectionName]) -> String {
    let names: Vec<&str> = names.iter().map(ConnectionName::as_str).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{
        access::{Pattern, Role, Roles, When},
        calls::{Claims, Principal},
        connection::{ExportedParameters, Policy, parameters::Origin},
    };

    use super::*;
    use crate::use_cases::doubles::{FACTS, config, connector};

    const TOOL: &str = "execute_query";

    fn known(name: &str) -> KnownConfiguration {
        let mut config = config();
        config.database = Some(name.to_owned());
        config.policy = Policy::READ_WRITE;
        KnownConfiguration {
            name: ConnectionName::new(name).unwrap(),
            source: "test".to_owned(),
            outcome: Ok(Arc::new(config)),
            exported: ExportedParameters::default(),
            origin: Origin::Operator,
            notes: Vec::new(),
        }
    }

    fn registry(opens: usize) -> Registry {
        Registry::new(
            [(FACTS.name, Arc::new(connector(opens)) as _)],
            ["books", "prod", "shop"].map(known),
        )
    }

    /// A role for everybody, on these connections.
    fn role(connections: &[&str]) -> Role {
        Role {
            name: "reader".to_owned(),
            when: When::default(),
            connections: connections.iter().map(|name| Pattern::new(*name)).collect(),
            tools: [TOOL.to_owned()].into(),
            tables: None,
            functions: Vec::new(),
            read_only: true,
            max_rows: Some(7),
            max_time: Some(Duration::from_secs(1)),
            manages_connections: false,
        }
    }

    /// Somebody who has signed in.
    struct Somebody {
        caller: Caller,
        grant: Grant,
    }

    impl Somebody {
        fn new(name: &str, role: Role) -> Self {
            let caller = Caller::new(Principal::new(name), Claims::default());
            Self {
                grant: Roles::new([role]).grant(&caller),
                caller,
            }
        }

        fn sees<'a>(&'a self, registry: &'a Registry) -> View<'a> {
            registry.seen_by(Visitor {
                caller: &self.caller,
                grant: &self.grant,
                tool: Some(TOOL),
            })
        }
    }

    fn names(view: &View<'_>) -> Vec<String> {
        view.names().iter().map(ToString::to_string).collect()
    }

    fn name(text: &str) -> ConnectionName {
        ConnectionName::new(text).unwrap()
    }

    #[tokio::test]
    async fn what_is_not_granted_is_answered_as_what_is_not_there() {
        let registry = registry(0);
        let ada = Somebody::new("ada", role(&["shop", "books"]));
        let view = ada.sees(&registry);

        let hidden = view.connection(Some("prod")).await.unwrap_err();
        let missing = view.connection(Some("crod")).await.unwrap_err();

        assert_eq!(names(&view), ["books", "shop"]);
        assert_eq!(hidden.message, missing.message.replace("crod", "prod"));
        assert_eq!(hidden.hint, missing.hint);
        assert_eq!(
            missing.hint.as_deref(),
            Some("Known connections: books, shop.")
        );
        assert!(view.known_configuration("prod").is_none());
    }

    #[tokio::test]
    async fn the_only_connection_that_is_granted_needs_no_name() {
        let registry = registry(1);
        let ada = Somebody::new("ada", role(&["shop"]));

        let connection = ada.sees(&registry).connection(None).await.unwrap();

        assert_eq!(connection.name.as_str(), "shop");
    }

    #[tokio::test]
    async fn a_role_tightens_the_connection_of_its_caller_and_of_nobody_else() {
        let registry = registry(1);
        let ada = Somebody::new("ada", role(&["shop"]));
        let local = Somebody {
            caller: Caller::local(),
            grant: Grant::everything(),
        };

        let hers = ada.sees(&registry).connection(Some("shop")).await.unwrap();
        let whole = local
            .sees(&registry)
            .connection(Some("shop"))
            .await
            .unwrap();

        let config = &hers.database.config;
        assert!(config.policy.is_read_only());
        assert_eq!((config.max_rows, config.rows_ceiling), (7, Some(7)));
        assert_eq!(config.statement_timeout, Duration::from_secs(1));
        assert!(!whole.database.config.policy.is_read_only());
        assert!(
            ada.sees(&registry)
                .is_read_only(&name("shop"), &whole.database.config)
        );
    }

    #[tokio::test]
    async fn a_connection_of_ones_own_is_nobody_elses() {
        let registry = registry(2);
        let [ada, bob] = ["ada", "bob"].map(|who| Somebody::new(who, role(&["shop"])));
        let own = |database: &str| {
            let mut own = config();
            own.database = Some(database.to_owned());
            Arc::new(own)
        };
        ada.sees(&registry)
            .open_own(name("mine"), own("hers"))
            .await
            .unwrap();

        let before = bob.sees(&registry).open_connection("mine").is_some();
        let listed = names(&bob.sees(&registry));
        let closed = bob.sees(&registry).close("mine").await.unwrap_err();
        bob.sees(&registry)
            .open_own(name("mine"), own("his"))
            .await
            .unwrap();

        assert!(!before);
        assert_eq!(listed, ["shop"]);
        assert_eq!(closed.message, "There is no connection named `mine`.");
        for (somebody, database) in [(&ada, "hers"), (&bob, "his")] {
            let open = somebody.sees(&registry).open_connection("mine").unwrap();
            assert_eq!(open.database.config.database.as_deref(), Some(database));
        }
    }

    #[tokio::test]
    async fn a_namesake_of_the_local_user_has_nothing_of_that_users() {
        let registry = registry(1);
        let local = Somebody {
            caller: Caller::local(),
            grant: Grant::everything(),
        };
        let namesake = Somebody::new("local", role(&["shop"]));
        local
            .sees(&registry)
            .open_own(name("mine"), Arc::new(config()))
            .await
            .unwrap();

        assert!(namesake.sees(&registry).open_connection("mine").is_none());
    }

    #[tokio::test]
    async fn another_name_for_a_configuration_brings_no_more_than_the_configuration() {
        let registry = registry(1);
        let ada = Somebody::new("ada", role(&["shop"]));
        let view = ada.sees(&registry);
        let config = view.configuration("shop").unwrap();
        view.open_configured(name("alias"), &name("shop"), config)
            .await
            .unwrap();

        let open = view.open_connection("alias").unwrap();
        let later = Somebody::new("ada", role(&["books"]));

        assert!(open.database.config.policy.is_read_only());
        assert!(later.sees(&registry).open_connection("alias").is_none());
    }

    #[tokio::test]
    async fn what_others_use_is_closed_only_by_who_may() {
        let registry = registry(1);
        let ada = Somebody::new("ada", role(&["shop"]));
        let manager = Somebody::new(
            "bob",
            Role {
                manages_connections: true,
                ..role(&["shop"])
            },
        );
        ada.sees(&registry).connection(Some("shop")).await.unwrap();

        let refused = ada.sees(&registry).close("shop").await.unwrap_err();
        let closed = manager.sees(&registry).close("shop").await.is_ok();

        assert_eq!(refused.kind, domain::FailureKind::NotAllowed);
        assert!(closed);
    }

    #[test]
    fn an_import_of_a_hidden_name_is_the_callers_own() {
        let registry = registry(0);
        let ada = Somebody::new("ada", role(&["shop"]));
        let view = ada.sees(&registry);
        let mut imported = known("prod");
        imported.source = "import".to_owned();

        view.learn(imported);

        assert_eq!(view.known_configuration("prod").unwrap().source, "import");
        let local = Somebody {
            caller: Caller::local(),
            grant: Grant::everything(),
        };
        let operators = local.sees(&registry).known_configuration("prod").unwrap();
        assert_eq!(operators.source, "test");
        assert!(view.is_fixed(&name("shop")));
        assert!(!view.is_fixed(&name("prod")));
    }
}
