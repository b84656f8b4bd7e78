//! From settings to a server over HTTP.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use adapters::{
    inbound::http::{
        Anonymous, HttpOptions, HttpServer, Listener, Routes, SignIn, StatusPage, Tls,
        identity::Identity,
    },
    outbound::SharedRevocations,
};
use domain::Failure;

use crate::{
    assembly::Assembly,
    settings::{Settings, listed},
};

/// A server that listens already.
#[derive(Debug)]
pub struct Http {
    pub server: HttpServer,
    pub listener: Listener,
}

/// Why there is none.
#[derive(Debug)]
pub enum Unserved {
    /// What was asked for is not safe, or cannot be meant.
    Refused(Failure),
    /// The address cannot be listened on.
    Io(io::Error),
}

/// Listens where the settings say, or does nothing where they do not. Without an identity nobody signs in; without TLS
/// everything is plain.
pub async fn listen(
    settings: &Settings,
    assembly: &Assembly,
    identity: Option<Arc<Identity>>,
    tls: Option<Arc<Tls>>,
) -> Result<Option<Http>, Unserved> {
    let Some(address) = settings.http_address else {
        return Ok(None);
    };
    let sign_in: Arc<dyn SignIn> = match identity {
        Some(identity) => {
            if let Some(audit) = &assembly.audit {
                identity.records_refusals(Arc::clone(audit) as _);
            }
            if let Some(store) = &assembly.shared {
                identity.heeds(Arc::new(SharedRevocations(Arc::clone(store))));
            }
            identity
        }
        None => Arc::new(Anonymous(assembly.server.local_caller())),
    };
    if sign_in.admits_anybody() && !address.ip().is_loopback() {
        return Err(Unserved::Refused(open_to_everybody(address.ip())));
    }
    if tls.is_none() && !address.ip().is_loopback() {
        tracing::warn!(
            %address,
            "tokens and results are sent in the clear: set MCP_HTTP_TLS_CERT, or let nobody reach this but a proxy that speaks TLS"
        );
    }
    let mut listener = Listener::bind(address).await.map_err(|error| {
        let said = format!("{address} cannot be listened on: {error}");
        Unserved::Io(io::Error::new(error.kind(), said))
    })?;
    let bound = listener.address().map_err(Unserved::Io)?;
    let is_tls = tls.is_some();
    if let Some(tls) = tls {
        assembly.monitor.shows(Arc::clone(&tls) as _);
        listener = listener.over(tls);
    }
    let operations = assembly.operations();
    let mut routes = Routes {
        open: if sign_in.admits_anybody() {
            operations.health_routes_by_roles(assembly.reach(), assembly.server.local_caller())
        } else {
            operations.terse_health_routes()
        },
        signed_in: operations.metrics_routes_by_roles(assembly.reach()),
    };
    if let Some(page) = assembly.status_page() {
        routes.open = routes.open.merge(StatusPage::page_routes());
        routes.signed_in = routes.signed_in.merge(page.data_routes());
    }
    let server = HttpServer::new(
        assembly.server.clone(),
        bound.ip(),
        sign_in,
        options(settings),
        routes,
    );
    tracing::info!(address = %bound, tls = is_tls, "serving HTTP");
    Ok(Some(Http { server, listener }))
}

pub(crate) fn open_to_everybody(address: IpAddr) -> Failure {
    Failure::invalid_argument(format!(
        "Nobody has to sign in, so everybody who reaches {address} could read every database."
    ))
    .with_hint("Listen on 127.0.0.1, or configure who may sign in.")
}

/// Lists and limits, for whatever listens.
pub(crate) fn options(settings: &Settings) -> HttpOptions {
    let milliseconds = Duration::from_millis;
    HttpOptions {
        allowed_hosts: list(&settings.http_allowed_hosts),
        allowed_origins: list(&settings.http_allowed_origins),
        // Was looked at when it was read.
        trusted_proxies: settings.http_trusted_proxies.parse().unwrap_or_default(),
        max_body_bytes: usize::try_from(settings.http_max_body_bytes).unwrap_or(usize::MAX),
        max_connections: settings.http_max_connections,
        max_sessions: settings.http_max_sessions,
        session_timeout: milliseconds(settings.session_timeout_ms),
        request_may_take: milliseconds(settings.http_request_timeout_ms),
        idle: milliseconds(settings.http_idle_timeout_ms),
        shutdown_grace: settings.shutdown_grace(),
        tools_only_answer: true,
        ..HttpOptions::default()
    }
}

fn list(text: &str) -> Vec<String> {
    listed(text).map(str::to_owned).collect()
}
