//! A MariaDB of a test's own that stores the names of tables in lower case, as it does on Windows and where it is set up so.

use std::{net::SocketAddr, os::unix::fs::MetadataExt as _, process::Stdio};

use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, raw_sql};
use tokio::process::{Child, Command};

use crate::{
    client::provided,
    databases::{asked_for, variable},
    scratch::Scratch,
    shared::free,
    waiting::until,
};

/// It ends with the test.
pub struct LowerCase {
    address: SocketAddr,
    _process: Child,
    _folder: Scratch,
}

impl LowerCase {
    /// With a database `shop` of these statements. Nothing, where this run leaves MariaDB out, or has no such program.
    pub async fn start(statements: &[&str]) -> Option<Self> {
        if variable("PORTOLAN_TEST_DATABASES").is_some() && !asked_for("mariadb_10_11") {
            return None;
        }
        let program = provided("PORTOLAN_TEST_MARIADBD")?;
        let folder = Scratch::new();
        // As root it runs only if it is told to, and as nobody else if it is.
        let is_root = std::fs::metadata(folder.path("")).unwrap().uid() == 0;
        let user = is_root.then_some("--user=root");
        let made = Command::new("mariadb-install-db")
            .args(["--no-defaults", "--auth-root-authentication-method=normal"])
            .args(["--skip-test-db", "--skip-name-resolve"])
            .args(user)
            .args(["--innodb-log-file-size=4M", "--lower-case-table-names=1"])
            .arg(format!("--datadir={}", folder.path("data").display()))
            .output()
            .await
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let address = free().await;
        let process = Command::new(program)
            .args(["--no-defaults", "--skip-name-resolve"])
            .args(user)
            .args(["--lower-case-table-names=1", "--innodb-log-file-size=4M"])
            .args(["--bind-address=127.0.0.1", "--performance-schema=OFF"])
            .arg(format!("--port={}", address.port()))
            .arg(format!("--datadir={}", folder.path("data").display()))
            .arg(format!("--socket={}", folder.path("sock").display()))
            .arg(format!("--pid-file={}", folder.path("pid").display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let server = Self {
            address,
            _process: process,
            _folder: folder,
        };
        until("MariaDB answers", async || {
            MySqlConnection::connect(&server.place("")).await.is_ok()
        })
        .await;
        let mut admin = MySqlConnection::connect(&server.place("")).await.unwrap();
        let begin = ["CREATE DATABASE shop", "USE shop"];
        for sql in begin.iter().chain(statements) {
            let sql = AssertSqlSafe((*sql).to_owned());
            raw_sql(sql).execute(&mut admin).await.unwrap();
        }
        admin.close().await.unwrap();
        Some(server)
    }

    fn place(&self, database: &str) -> String {
        format!("mysql://root@{}/{database}", self.address)
    }

    /// Of the database `shop`.
    pub fn url(&self) -> String {
        self.place("shop").replace("mysql:", "mariadb:")
    }
}
