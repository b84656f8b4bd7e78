//! A database that goes away and comes back, as far as Portolan can see.

use std::path::PathBuf;

use domain::connection::{Address, ConnectionConfig};

use crate::{proxy::Proxy, subject::Subject};

pub enum Outage {
    /// A server, behind a line that can be cut.
    Line(Proxy),
    /// A file that can be put elsewhere.
    File { here: PathBuf, elsewhere: PathBuf },
}

impl Outage {
    /// Changes the configuration, where need be, so that its database can go away.
    pub async fn of(subject: &Subject, config: &mut ConnectionConfig) -> Self {
        if matches!(config.address, Address::File(_)) {
            let here = subject.file();
            let elsewhere = here.with_extension("elsewhere");
            return Self::File { here, elsewhere };
        }
        Self::Line(Proxy::before(config).await)
    }

    pub async fn begin(&mut self) {
        match self {
            Self::Line(proxy) => proxy.cut().await,
            Self::File { here, elsewhere } => std::fs::rename(here, elsewhere).unwrap(),
        }
    }

    pub async fn end(&mut self) {
        match self {
            Self::Line(proxy) => proxy.mend().await,
            Self::File { here, elsewhere } => std::fs::rename(elsewhere, here).unwrap(),
        }
    }
}
