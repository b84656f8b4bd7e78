//! From settings and configurations to a server that can be served or called.

use std::{
    io,
    num::{NonZeroU32, NonZeroU64},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use adapters::{
    inbound::{
        http::{Operations, Reach, StatusPage},
        mcp::{Around, McpOptions, McpServer, ToolSelection},
    },
    outbound::{
        Audit, AuditOptions, AuditTarget, ChainKey, ENGINES, LimitOptions, Limits, Metrics, Quotas,
        Roots, SharedLimits, SharedStore, Statements, ThisProcess, TraceOptions, Traces,
        create_demo,
    },
};
use application::{
    access::Access, ad_hoc::AdHoc, call_book::CallBook, health::Monitor, memory::MemoryGuard,
    registry::Registry, use_cases::Ceilings,
};
use domain::{
    Failure,
    access::Roles,
    calls::{AuditTrail, CallLimits, CallObserver, Tracing},
    connection::{
        CircuitRules, ConnectionName, Connector, EngineFacts, KnownConfiguration, Mistake,
        parameters::{GivenValue, Layer, Origin},
    },
    health::{ProcessMeter, Thresholds},
};

use crate::{
    configuration::{Configuration, Inputs, NamedUrl},
    environment::Environment,
    mask_key,
    settings::{AuditStatements, Settings, WhenAuditIsFull},
    shared_store::shared_store,
};

/// How long spans have to reach their collector at the end.
const LAST_SPANS_MAY_TAKE: Duration = Duration::from_secs(1);

/// What the command line says of a server.
#[derive(Debug)]
pub struct Wanted<'a> {
    pub config: Option<&'a Path>,
    pub urls: &'a [NamedUrl],
    pub tools: Option<&'a str>,
    pub http: Option<&'a str>,
    pub demo: bool,
}

/// A server with its databases, and what must be done when it ends.
#[derive(Debug)]
pub struct Assembly {
    pub server: McpServer,
    /// The roles in force.
    pub access: Arc<Access>,
    /// Knows how the server does.
    pub monitor: Arc<Monitor>,
    /// Whether a tool tells that.
    pub tells_health: bool,
    metrics: Arc<Metrics>,
    registry: Arc<Registry>,
    pub audit: Option<Arc<Audit>>,
    book: Option<Arc<CallBook>>,
    traces: Option<Arc<Traces>>,
    /// Where other processes of this server count, too.
    pub shared: Option<Arc<SharedStore>>,
    demo: Option<DemoFile>,
}

impl Assembly {
    /// What those are shown who keep the server running.
    pub fn operations(&self) -> Operations {
        Operations {
            health: Arc::clone(&self.monitor) as _,
            metrics: Arc::clone(&self.metrics) as _,
        }
    }

    /// For whom that is, over HTTP.
    pub fn reach(&self) -> Reach {
        Reach {
            access: Arc::clone(&self.access),
            registry: Arc::clone(&self.registry),
        }
    }

    /// What a person is shown of this server, where that can be looked at.
    pub fn status_page(&self) -> Option<StatusPage> {
        Some(StatusPage {
            registry: Arc::clone(&self.registry),
            access: Arc::clone(&self.access),
            health: Arc::clone(&self.monitor) as _,
            book: self.book.clone()?,
        })
    }

    /// Closes every connection and removes what was made for this process.
    pub async fn close(self) {
        self.registry.close_all().await;
        if let Some(audit) = self.audit {
            audit.close();
        }
        if let Some(traces) = self.traces {
            // It waits for the collector, and what is being answered elsewhere must not wait with it.
            let finished = tokio::task::spawn_blocking(move || traces.finish(LAST_SPANS_MAY_TAKE));
            let _ = finished.await;
        }
        drop(self.demo);
    }
}

/// The words of every engine.
pub fn engines() -> Vec<EngineFacts> {
    ENGINES.iter().map(|engine| engine.facts).collect()
}

/// What opens databases of the engine of this name.
pub fn connector(engine: &str) -> Option<Arc<dyn Connector>> {
    ENGINES
        .iter()
        .find(|known| known.facts.name == engine)
        .map(|known| (known.connector)())
}

/// Everything that is configured, as this process finds it.
pub fn load(wanted: &Wanted<'_>, working_directory: &Path) -> Configuration {
    let mut configuration = Configuration::load(&Inputs {
        environment: &Environment::of_process(),
        working_directory,
        config: wanted.config,
        urls: wanted.urls,
        tools: wanted.tools,
        http: wanted.http,
        engines: &engines(),
    });
    // Which tools there are is the protocol side's knowledge.
    if let Ok(settings) = &configuration.settings
        && let Err(failure) = ToolSelection::parse(&settings.tools)
    {
        let told = match failure.hint {
            Some(hint) => format!("{} {hint}", failure.message),
            None => failure.message,
        };
        configuration.settings = Err(vec![Mistake::new("MCP_TOOLS", told)]);
    }
    configuration
}

/// Builds the server. Broken connections do not stop it; broken settings do, because nobody knows what was meant.
pub async fn assemble(
    settings: &Settings,
    mut known: Vec<KnownConfiguration>,
    roles: Option<Roles>,
    traces: Option<TraceOptions>,
    working_directory: &Path,
    demo: bool,
) -> Result<Assembly, Failure> {
    let demo = if demo {
        Some(DemoFile::create().await?)
    } else {
        None
    };
    if let Some(file) = &demo {
        known.push(file.configuration()?);
    }
    let masked = mask_key::give(&mut known, &settings.mask_key_file)?;
    // The names of connections that clients add are their words, and could be any number.
    let names: Vec<String> = known.iter().map(|known| known.name.to_string()).collect();
    let connectors = ENGINES
        .iter()
        .map(|engine| (engine.facts.name, (engine.connector)()));
    let registry = Arc::new(
        Registry::new(connectors, known)
            .requiring_least_privilege(settings.require_least_privilege)
            .with_circuits(CircuitRules {
                failures: settings.circuit_failures,
                rest: Duration::from_millis(settings.circuit_open_ms),
            }),
    );
    let roots = Roots::new(settings.sqlite_roots(working_directory));
    let ad_hoc = AdHoc::new(
        settings.adhoc(),
        engines(),
        Arc::new(roots),
        settings.allowed_hosts.clone(),
    )
    .beside_masks(masked);
    let options = protocol(settings)?;
    let process = Arc::new(ThisProcess);
    let memory_limit = memory_limit(settings, &*process);
    let memory =
        memory_limit.map(|limit| Arc::new(MemoryGuard::new(Arc::clone(&process) as _, limit)));
    let monitor = Arc::new(Monitor::new(
        Arc::clone(&registry),
        Arc::clone(&process) as _,
        memory_limit,
        Thresholds::default(),
    ));
    let traces = match traces {
        Some(options) => Some(Arc::new(Traces::start(&options)?)),
        None => None,
    };
    let metrics = Metrics::new(names, Arc::clone(&monitor) as _, process);
    let metrics = Arc::new(match &traces {
        Some(traces) => metrics.beside(Arc::clone(traces)),
        None => metrics,
    });
    let mut observers: Vec<Arc<dyn CallObserver>> =
        vec![Arc::clone(&monitor) as _, Arc::clone(&metrics) as _];
    if let Some(traces) = &traces {
        observers.push(Arc::clone(traces) as _);
    }
    let access = Arc::new(Access::new(roles));
    let audit = audit(settings, working_directory)?;
    let shared = shared_store(settings, working_directory)?.map(Arc::new);
    if let Some(store) = &shared {
        monitor.shares(Arc::clone(store) as _);
    }
    // Where nobody can look at it, nothing is kept.
    let book = settings.http_address.map(|_| {
        let with_statements = settings.audit_statements != AuditStatements::None;
        Arc::new(CallBook::new(with_statements))
    });
    let around = Around {
        access: Arc::clone(&access),
        audit: audit.clone().map(|audit| audit as Arc<dyn AuditTrail>),
        limits: limits(settings, shared.as_ref()),
        observers,
        tracing: traces.clone().map(|traces| traces as Arc<dyn Tracing>),
        health: Some(Arc::clone(&monitor) as _),
        memory,
        book: book.clone(),
    };
    let tells_health = options.tools.tells_health();
    Ok(Assembly {
        server: McpServer::new(Arc::clone(&registry), ad_hoc, options, around),
        access,
        monitor,
        tells_health,
        metrics,
        registry,
        audit,
        book,
        traces,
        shared,
        demo,
    })
}

/// What the settings say of the protocol's side.
fn protocol(settings: &Settings) -> Result<McpOptions, Failure> {
    Ok(McpOptions {
        tools: ToolSelection::parse(&settings.tools)?,
        structured_results: settings.structured_results,
        max_concurrent_calls: settings.max_concurrent_calls,
        ceilings: Ceilings {
            rows: settings.max_rows_ceiling,
            bytes: usize::try_from(settings.max_bytes_ceiling).unwrap_or(usize::MAX),
        },
        shutdown_grace: settings.shutdown_grace(),
        slow_call: Duration::from_millis(settings.slow_call_ms),
        local: Arc::new(settings.local_caller()),
        ..McpOptions::default()
    })
}

/// What callers may do, if that is limited.
fn limits(settings: &Settings, shared: Option<&Arc<SharedStore>>) -> Option<Arc<dyn CallLimits>> {
    let options = LimitOptions {
        each: Quotas {
            calls_per_second: NonZeroU32::new(settings.rate_calls_per_second),
            burst: NonZeroU32::new(settings.rate_burst),
            calls_in_flight: NonZeroU32::new(settings.rate_calls_in_flight),
            rows_per_hour: NonZeroU64::new(settings.rate_rows_per_hour),
        },
        total: Quotas {
            calls_per_second: NonZeroU32::new(settings.rate_total_calls_per_second),
            burst: NonZeroU32::new(settings.rate_total_burst),
            calls_in_flight: NonZeroU32::new(settings.rate_total_calls_in_flight),
            rows_per_hour: NonZeroU64::new(settings.rate_total_rows_per_hour),
        },
    };
    if options.is_unlimited() {
        return None;
    }
    Some(match shared {
        Some(store) => Arc::new(SharedLimits::new(
            Arc::clone(store),
            options,
            SharedLimits::LEASE,
        )),
        None => Arc::new(Limits::new(options)),
    })
}

/// What records calls, if they are to be.
fn audit(settings: &Settings, working_directory: &Path) -> Result<Option<Arc<Audit>>, Failure> {
    let target = match &settings.audit_file {
        None => return Ok(None),
        Some(AuditTarget::File(path)) => AuditTarget::File(working_directory.join(path)),
        Some(target) => target.clone(),
    };
    let key = match settings.audit_key_file.as_str() {
        "" => None,
        path => Some(audit_key(&working_directory.join(path)).map_err(Failure::invalid_argument)?),
    };
    Audit::start(&AuditOptions {
        target,
        max_bytes: (settings.audit_max_bytes > 0).then_some(settings.audit_max_bytes),
        keep: settings.audit_keep,
        statements: statements(settings),
        key,
        sync: settings.audit_sync,
        goes_on_when_full: settings.audit_when_full == WhenAuditIsFull::GoOn,
    })
    .map(Some)
}

/// What may be told of a statement, in the audit and in traces.
pub fn statements(settings: &Settings) -> Statements {
    match settings.audit_statements {
        AuditStatements::None => Statements::None,
        AuditStatements::Fingerprint => Statements::Fingerprint,
        AuditStatements::Full => Statements::Full,
    }
}

/// The key that seals an audit; fails with an explanation.
pub fn audit_key(path: &Path) -> Result<ChainKey, String> {
    let unusable = |why: &dyn std::fmt::Display| {
        format!(
            "The key of the audit ({}) cannot be used: {why}.",
            path.display()
        )
    };
    let content = std::fs::read(path).map_err(|error| unusable(&error))?;
    ChainKey::from_file(content).ok_or_else(|| {
        unusable(&format_args!(
            "it has less than {} bytes",
            ChainKey::MIN_BYTES
        ))
    })
}

/// In bytes: what the operator says, else what the system enforces.
fn memory_limit(settings: &Settings, process: &dyn ProcessMeter) -> Option<u64> {
    match settings.max_memory_mb {
        0 => process.memory_limit(),
        megabytes => Some(megabytes << 20),
    }
}

/// The demo database of this process; removed with it.
#[derive(Debug)]
struct DemoFile(PathBuf);

impl DemoFile {
    async fn create() -> Result<Self, Failure> {
        let unmade = |error: io::Error| {
            Failure::internal("No folder for the demo database can be made.").with_source(error)
        };
        // One that was killed leaves its folder behind, and its number may come back.
        let chance =
            getrandom::u64().map_err(|error| unmade(io::Error::other(error.to_string())))?;
        let name = format!("portolan-demo-{}-{chance:016x}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        // A folder of our own, so that nobody else's link can stand where the file is to be.
        std::fs::create_dir(&folder).map_err(unmade)?;
        let file = Self(folder.join("shop.db"));
        create_demo(&file.0).await?;
        Ok(file)
    }

    fn configuration(&self) -> Result<KnownConfiguration, Failure> {
        let url = format!("sqlite:{}", self.0.display());
        let layer = Layer::of_url("--demo", Origin::Operator, "--demo", GivenValue::text(url));
        Ok(KnownConfiguration::from_layers(
            ConnectionName::new("demo")?,
            &[layer],
            &engines(),
        ))
    }
}

impl Drop for DemoFile {
    fn drop(&mut self) {
        if let Some(folder) = self.0.parent()
            && let Err(error) = std::fs::remove_dir_all(folder)
        {
            tracing::warn!(%error, "the demo database could not be removed");
        }
    }
}
