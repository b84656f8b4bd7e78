//! A `SQLite` file in a folder of its own, beside another one that is none of the connection's business.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
};

use async_trait::async_trait;
use domain::connection::ConnectionConfig;
use support::{
    databases::sqlite_config,
    scratch::{Scratch, bare_sqlite},
};

use super::{bare::Bare, field::Field};

pub(super) struct SqliteField {
    scratch: Scratch,
    /// What looks from beside is opened for each look, so that it holds nothing that could stand in the way.
    beside: Option<Bare>,
    /// The files as a reset makes them.
    made: BTreeMap<PathBuf, Vec<u8>>,
}

impl SqliteField {
    pub(super) fn new() -> Self {
        Self {
            scratch: Scratch::new(),
            beside: None,
            made: BTreeMap::new(),
        }
    }

    fn folder(&self) -> PathBuf {
        self.scratch.path("field")
    }

    fn file(&self) -> PathBuf {
        self.folder().join("shop.db")
    }

    async fn open(&self) -> Bare {
        Bare::Sqlite(Box::new(bare_sqlite(&self.file()).await))
    }

    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        std::fs::read_dir(self.folder())
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let bytes = std::fs::read(&path).unwrap_or_default();
                (path, bytes)
            })
            .collect()
    }
}

#[async_trait]
impl Field for SqliteField {
    async fn reset(&mut self, _: &str, make: &str) {
        self.beside = None;
        std::fs::remove_dir_all(self.folder()).ok();
        std::fs::create_dir_all(self.folder()).unwrap();
        if self.made.is_empty() {
            let mut maker = self.open().await;
            maker.run(make).await;
            maker.close().await;
            self.made = self.files();
        }
        for (path, bytes) in &self.made {
            std::fs::write(path, bytes).unwrap();
        }
        let mut beside = self.open().await;
        // Whether something is locked is told at once.
        beside.run("PRAGMA busy_timeout = 0").await;
        self.beside = Some(beside);
    }

    async fn bare(&self) -> Bare {
        self.open().await
    }

    fn beside(&mut self) -> &mut Bare {
        self.beside.as_mut().expect("a reset came first")
    }

    /// The bytes of every file.
    async fn state(&mut self, _: &str) -> String {
        let mut state = String::new();
        for (path, bytes) in self.files() {
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let (size, hash) = (bytes.len(), hasher.finish());
            writeln!(state, "{name}: {size} bytes, {hash:x}").unwrap();
        }
        state
    }

    fn config(&self) -> ConnectionConfig {
        let mut config = sqlite_config(self.file());
        config.pool.max_connections = 1;
        config
    }

    fn session_number(&self) -> Option<&'static str> {
        None
    }

    fn alone(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    fn is_replaced(&self) -> bool {
        true
    }

    fn named(&self, text: &str) -> String {
        text.replace("{dir}", &self.folder().display().to_string())
    }

    async fn take_away(self: Box<Self>) {
        if let Some(beside) = self.beside {
            beside.close().await;
        }
    }
}
