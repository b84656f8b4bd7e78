//! Stand-ins for the tests of the use cases.

use std::sync::{Arc, LazyLock};

use domain::{
    access::Grant,
    calls::Caller,
    connection::{
        Address, Addressing, AllowedHosts, ConnectionConfig, ConnectionName, Database, EngineFacts,
        Identity, PoolFigures, Posture, ServerInfo,
        port::{MockConnectionPool, MockConnector, MockFileRoots},
    },
    query::{Dialect, StatementClass, dialect::Classified, port::MockQueryRunner},
    schema::{Snapshot, port::MockCatalog},
};

use crate::{
    ad_hoc::AdHoc,
    registry::{OpenConnection, Registry, View, Visitor},
};

pub(crate) const FACTS: EngineFacts = EngineFacts {
    name: "testsql",
    words: &["testsql"],
    addressing: Addressing::Server { default_port: 1 },
    schemas: true,
    poolers: true,
    tells_tables: true,
    row_security: Identity::RoleAndSettings,
};

/// A dialect in which every statement is of one class.
#[derive(Debug)]
struct Always(StatementClass);

impl Dialect for Always {
    fn classify(&self, _: &str) -> Classified {
        Classified {
            class: self.0,
            construct: "WORD".to_owned(),
            position: None,
            findings: Vec::new(),
            flaw: None,
        }
    }

    fn reading_words(&self) -> &'static [&'static str] {
        &["WORD"]
    }

    fn instead_of(&self, _: &str) -> Option<&'static str> {
        None
    }
}

pub(crate) fn config() -> ConnectionConfig {
    let mut config = ConnectionConfig::new(
        FACTS,
        Address::Tcp {
            host: "db.example".to_owned(),
            port: 1,
        },
    );
    config.database = Some("shop".to_owned());
    config.user = Some("reader".to_owned());
    config
}

pub(crate) fn pool() -> MockConnectionPool {
    let mut pool = MockConnectionPool::new();
    pool.expect_figures().returning(|| PoolFigures {
        in_use: 0,
        idle: 1,
        max: 10,
        ..PoolFigures::default()
    });
    pool
}

pub(crate) fn database_of(config: Arc<ConnectionConfig>, pool: MockConnectionPool) -> Database {
    Database {
        config,
        server: ServerInfo {
            product: "TestSQL".to_owned(),
            version: "1.2".to_owned(),
            tls: None,
        },
        posture: Arc::new(Posture::new(Vec::new(), None)),
        dialect: Arc::new(Always(StatementClass::Read)),
        query_runner: Arc::new(MockQueryRunner::new()),
        catalog: Arc::new(MockCatalog::new()),
        pool: Arc::new(pool),
    }
}

pub(crate) fn database_with(
    config: ConnectionConfig,
    class: StatementClass,
    runner: MockQueryRunner,
) -> Database {
    Database {
        dialect: Arc::new(Always(class)),
        query_runner: Arc::new(runner),
        ..database_of(Arc::new(config), MockConnectionPool::new())
    }
}

/// A connector that must be asked exactly `times` times, and answers with a database that can be closed.
pub(crate) fn connector(times: usize) -> MockConnector {
    let mut connector = MockConnector::new();
    connector.expect_open().times(times).returning(|config| {
        let mut pool = pool();
        pool.expect_close().returning(|| ());
        Ok(database_of(config, pool))
    });
    connector
}

/// Rules for callers' own connections; no file may be opened.
pub(crate) fn ad_hoc(allowed: bool) -> AdHoc {
    AdHoc::new(
        allowed,
        vec![FACTS],
        Arc::new(MockFileRoots::new()),
        AllowedHosts::default(),
    )
}

/// An open connection to a database of this schema.
pub(crate) fn connection_to(
    snapshot: Snapshot,
    expect: impl FnOnce(&mut MockCatalog),
) -> OpenConnection {
    let mut catalog = MockCatalog::new();
    catalog.expect_outline().returning(|_| Ok(None));
    catalog.expect_fingerprint().returning(|_| Ok(None));
    catalog
        .expect_read()
        .returning(move |_| Ok(snapshot.clone()));
    expect(&mut catalog);
    // Whatever a test expects of it comes before.
    catalog
        .expect_withheld()
        .returning(|_| Ok(Snapshot::default()));
    let mut database = database_of(Arc::new(config()), MockConnectionPool::new());
    database.catalog = Arc::new(catalog);
    OpenConnection::new(ConnectionName::new("shop").unwrap(), database)
}

/// All of a registry, as whoever started the process sees it.
pub(crate) fn all_of(registry: &Registry) -> View<'_> {
    static LOCAL: LazyLock<Caller> = LazyLock::new(Caller::local);
    static EVERYTHING: Grant = Grant::everything();
    registry.seen_by(Visitor {
        caller: &LOCAL,
        grant: &EVERYTHING,
        tool: None,
    })
}
