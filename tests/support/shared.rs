//! A Redis of a test's own, and `HAProxy` before several processes.

use std::{net::SocketAddr, path::PathBuf, process::Stdio};

use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

use crate::{
    client::provided, databases::tls_file, http::Connection, scratch::Scratch, waiting::until,
};

/// An address that nobody listens on.
pub async fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

async fn listens(what: &str, process: &mut Child, address: SocketAddr) {
    until(what, async || {
        assert_eq!(process.try_wait().unwrap(), None, "{what} has ended");
        TcpStream::connect(address).await.is_ok()
    })
    .await;
}

/// It ends with the test.
pub struct Redis {
    program: PathBuf,
    process: Child,
    address: SocketAddr,
    folder: Scratch,
    speaks: Speaks,
}

/// What a Redis speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    Plainly,
    Tls,
    /// And only with whoever shows a certificate.
    MutualTls,
}

impl Redis {
    /// Nothing, where this run has none.
    pub async fn start() -> Option<Self> {
        Self::speaking(Speaks::Plainly).await
    }

    pub async fn speaking(speaks: Speaks) -> Option<Self> {
        let program = provided("PORTOLAN_TEST_REDIS")?;
        let (address, folder) = (free().await, Scratch::new());
        let process = Self::run(&program, address, &folder, speaks);
        let mut redis = Self {
            program,
            process,
            address,
            folder,
            speaks,
        };
        listens("Redis", &mut redis.process, address).await;
        Some(redis)
    }

    fn run(program: &PathBuf, address: SocketAddr, folder: &Scratch, speaks: Speaks) -> Child {
        let port = address.port().to_string();
        let mut command = Command::new(program);
        if speaks == Speaks::Plainly {
            command.args(["--port", &port]);
        } else {
            let wants = if speaks == Speaks::MutualTls {
                "yes"
            } else {
                "no"
            };
            command
                .args(["--port", "0", "--tls-port", &port])
                .args(["--tls-auth-clients", wants, "--tls-ca-cert-file"])
                .arg(tls_file("ca.pem"))
                .arg("--tls-cert-file")
                .arg(tls_file("server.pem"))
                .arg("--tls-key-file")
                .arg(tls_file("server.key"));
        }
        command
            .args(["--bind", "127.0.0.1"])
            .args(["--save", "", "--requirepass", "secret", "--dir"])
            .arg(folder.path(""))
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    pub fn url(&self) -> String {
        let scheme = match self.speaks {
            Speaks::Plainly => "redis",
            Speaks::Tls | Speaks::MutualTls => "rediss",
        };
        format!("{scheme}://:secret@{}/0", self.address)
    }

    /// What its own client prints for a command.
    pub async fn ask(&self, command: &[&str]) -> String {
        let client = self.program.with_file_name("redis-cli");
        let mut asking = Command::new(client);
        if self.speaks != Speaks::Plainly {
            asking
                .args(["--tls", "--cacert"])
                .arg(tls_file("ca.pem"))
                .arg("--cert")
                .arg(tls_file("client.pem"))
                .arg("--key")
                .arg(tls_file("client.key"));
        }
        let output = asking
            .args(["-p", &self.address.port().to_string(), "--no-auth-warning"])
            .args(["-a", "secret"])
            .args(command)
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// It dies, and takes with it what it knew.
    pub async fn stop(&mut self) {
        self.process.kill().await.unwrap();
    }

    pub async fn start_again(&mut self) {
        self.process = Self::run(&self.program, self.address, &self.folder, self.speaks);
        listens("Redis", &mut self.process, self.address).await;
    }
}

/// `HAProxy` with the file that is shipped; it ends with the test.
pub struct Balancer {
    _process: Child,
    pub address: SocketAddr,
}

impl Balancer {
    /// Before these two. Nothing, where this run has none.
    pub async fn before(one: SocketAddr, two: SocketAddr) -> Option<Self> {
        let program = provided("PORTOLAN_TEST_HAPROXY")?;
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/haproxy/haproxy.cfg");
        let address = free().await;
        let mut process = Command::new(program)
            .arg("-f")
            .arg(file)
            .env("PORTOLAN_BIND", address.to_string())
            .env("PORTOLAN_ONE", one.to_string())
            .env("PORTOLAN_TWO", two.to_string())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        listens("HAProxy", &mut process, address).await;
        Some(Self {
            _process: process,
            address,
        })
    }

    pub async fn connect(&self) -> Connection<TcpStream> {
        Connection::new(TcpStream::connect(self.address).await.unwrap())
    }
}
