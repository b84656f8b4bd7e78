//! What callers may bring with them: connections and configurations of their own, within what the operator allows.

use std::{fmt, sync::Arc};

use domain::{
    Failure, FailureKind,
    connection::{Address, AllowedHosts, ConnectionConfig, EngineFacts, FileRoots, Mistake},
};

/// The operator's rules for what comes over the protocol.
pub struct AdHoc {
    allowed: bool,
    /// A configured connection masks columns, which one of a caller's own would show.
    masked: bool,
    engines: Vec<EngineFacts>,
    files: Arc<dyn FileRoots>,
    hosts: AllowedHosts,
}

impl fmt::Debug for AdHoc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AdHoc")
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

impl AdHoc {
    pub fn new(
        allowed: bool,
        engines: Vec<EngineFacts>,
        files: Arc<dyn FileRoots>,
        hosts: AllowedHosts,
    ) -> Self {
        Self {
            allowed,
            masked: false,
            engines,
            files,
            hosts,
        }
    }

    /// Nobody opens a connection of their own to what is masked elsewhere.
    #[must_use]
    pub fn beside_masks(mut self, masked: bool) -> Self {
        self.masked = masked;
        self
    }

    pub fn is_allowed(&self) -> bool {
        self.allowed && !self.masked
    }

    pub(crate) fn engines(&self) -> &[EngineFacts] {
        &self.engines
    }

    pub(crate) fn must_be_allowed(&self) -> Result<(), Failure> {
        if self.is_allowed() {
            return Ok(());
        }
        if self.masked {
            return Err(Failure::new(
                FailureKind::NotAllowed,
                "Connections of one's own are switched off: a configured connection masks columns, and one of your own would show them.",
            )
            .with_hint("Use a configured connection: show_configurations lists them."));
        }
        Err(Failure::new(
            FailureKind::NotAllowed,
            "Connections of one's own are switched off on this server.",
        )
        .with_hint(
            "Use a configured connection: show_configurations lists them. Whoever runs this server can set MCP_ADHOC_CONNECTIONS=true.",
        ))
    }

    /// The configuration, if the file or the host that it names is one that the operator allows.
    pub(crate) fn admit(
        &self,
        config: Arc<ConnectionConfig>,
    ) -> Result<Arc<ConnectionConfig>, Failure> {
        self.hosts.admit(&config.address)?;
        let file = match &config.address {
            Address::File(path) => Some(self.files.admit(path)?),
            _ => None,
        };
        let mut config = Arc::unwrap_or_clone(config);
        config.allowed_hosts = Some(self.hosts.clone());
        if let Some(path) = file {
            config.address = Address::File(path);
        }
        Ok(Arc::new(config))
    }

    /// Every mistake as one failure.
    pub(crate) fn refuse(mistakes: &[Mistake]) -> Failure {
        let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        Failure::invalid_argument(told.join(" "))
            .with_hint("Correct every argument that is named and call again.")
    }
}
