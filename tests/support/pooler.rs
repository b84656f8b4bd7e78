//! `PgBouncer` in front of a server of the suite, one for each test that wants one.

use std::process::Stdio;

use domain::connection::{Address, ConnectionConfig, Password};
use secrecy::ExposeSecret;
use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

use crate::{databases::variable, scratch::Scratch, waiting::until};

/// A pooler in transaction mode; it ends with the test.
pub struct Pooler {
    process: Child,
    port: u16,
    folder: Scratch,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.end();
    }
}

impl Pooler {
    /// A pooler with so many connections to the database of `config`, which is changed to go through it. `settings`
    /// are lines of its own configuration.
    pub async fn before(config: &mut ConnectionConfig, connections: u32, settings: &str) -> Self {
        let Address::Tcp { host, port } = &config.address else {
            panic!("a pooler stands before a server");
        };
        let Some(Password::Given(password)) = &config.password else {
            panic!("the pooler needs a password");
        };
        let folder = Scratch::new();
        let accounts = folder.path("accounts");
        let own_port = free_port().await;
        std::fs::write(
            &accounts,
            format!(
                "\"{}\" \"{}\"\n",
                config.user.as_deref().unwrap(),
                password.expose_secret()
            ),
        )
        .unwrap();
        let settings = format!(
            "[databases]\n* = host={host} port={port}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {own_port}\nunix_socket_dir =\n\
             auth_type = scram-sha-256\nauth_file = {}\n\
             pool_mode = transaction\ndefault_pool_size = {connections}\n{settings}\n",
            accounts.display()
        );
        std::fs::write(folder.path(SETTINGS), settings).unwrap();
        config.address = Address::Tcp {
            host: "127.0.0.1".to_owned(),
            port: own_port,
        };
        let mut pooler = Self {
            process: start(&folder),
            port: own_port,
            folder,
        };
        pooler.listens().await;
        pooler
    }

    /// Ends it, and every connection through it, and starts it at the same address.
    pub async fn restart(&mut self) {
        self.end();
        self.process.wait().await.unwrap();
        self.process = start(&self.folder);
        self.listens().await;
    }

    async fn listens(&mut self) {
        until("the pooler listens", async || {
            assert_eq!(
                self.process.try_wait().unwrap(),
                None,
                "the pooler has ended"
            );
            TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()
        })
        .await;
    }

    fn end(&self) {
        // Where it runs in a container, only a signal that can be passed on ends it.
        let id = self.process.id().map(|id| id.to_string());
        let _ = std::process::Command::new("kill").args(id).status();
    }
}

const SETTINGS: &str = "pgbouncer.ini";

fn start(folder: &Scratch) -> Child {
    let program =
        variable("PORTOLAN_TEST_PGBOUNCER").expect("PORTOLAN_TEST_PGBOUNCER is set by tests/run");
    Command::new(program)
        .arg("--quiet")
        .arg(folder.path(SETTINGS))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

pub async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}
