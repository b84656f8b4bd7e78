//! Whoever is measured: started the same way, given the same work.

use std::{env, path::PathBuf, process::Command};

use crate::{
    Fallible,
    child::{Child, Wiring},
    direct::{Introduction, Order, Reply},
    table::Table,
    work::{Performed, Query, Work},
};

/// Can be started, any number of times.
pub(crate) trait Contender {
    fn name(&self) -> &str;

    /// Whether it can do such calls at all.
    fn can(&self, query: Query) -> bool;

    /// Starts a process that is connected and has answered `SELECT 1`.
    fn launch(&self) -> Fallible<Box<dyn Running + '_>>;
}

/// A process that is connected to the benchmark's database.
pub(crate) trait Running {
    fn pid(&self) -> u32;

    fn perform(&mut self, work: &Work) -> Fallible<Performed>;

    /// The first cell of a query's answer, which is a text.
    fn ask(&mut self, sql: &str) -> Fallible<String>;
}

/// The direct client.
pub(crate) struct Direct {
    pub(crate) url: String,
    pub(crate) table: Table,
    pub(crate) scratch: PathBuf,
}

impl Direct {
    /// Starts the process; it has not connected yet.
    pub(crate) fn start(&self) -> Fallible<DirectClient> {
        let mut command = Command::new(env::current_exe()?);
        // Nothing in our environment is meant for the driver (PGSSLMODE and its kin).
        command.env_clear().arg("direct");
        let mut client = DirectClient(Child::start(
            self.name(),
            command,
            Wiring::Pipes,
            &self.scratch.join("direct.log"),
        )?);
        let mut introduction = serde_json::to_string(&Introduction {
            url: self.url.clone(),
            table: self.table.clone(),
        })?;
        introduction.push('\n');
        client.0.send(&introduction)?;
        Ok(client)
    }
}

impl Contender for Direct {
    fn name(&self) -> &'static str {
        "direct"
    }

    fn can(&self, _: Query) -> bool {
        true
    }

    fn launch(&self) -> Fallible<Box<dyn Running + '_>> {
        let mut client = self.start()?;
        client.give(&Order::Open)?;
        Ok(Box::new(client))
    }
}

/// The process of a direct client.
pub(crate) struct DirectClient(Child);

impl DirectClient {
    pub(crate) fn give(&mut self, order: &Order) -> Fallible<Reply> {
        let mut line = serde_json::to_string(order)?;
        line.push('\n');
        let _waiting = self.0.wait_within_reason();
        self.0.send(&line)?;
        let mut answer = Vec::new();
        self.0.receive(&mut answer)?;
        Ok(serde_json::from_slice::<Result<Reply, String>>(&answer)?
            .map_err(|trouble| format!("the direct client: {trouble}"))?)
    }
}

impl Running for DirectClient {
    fn pid(&self) -> u32 {
        self.0.pid()
    }

    fn perform(&mut self, work: &Work) -> Fallible<Performed> {
        match self.give(&Order::Do(work.clone()))? {
            Reply::Performed(performed) => Ok(performed),
            reply => Err(format!("the direct client answered {reply:?}").into()),
        }
    }

    fn ask(&mut self, sql: &str) -> Fallible<String> {
        match self.give(&Order::Ask(sql.to_owned()))? {
            Reply::Text(text) => Ok(text),
            reply => Err(format!("the direct client answered {reply:?}").into()),
        }
    }
}
