//! Why a server could not be reached: name, address or neither.
//!
//! A driver's error does not tell a wrong name from a closed port, so after a failed attempt we look ourselves.

use std::time::Duration;

use domain::{
    ConnectStep, Failure, FailureKind,
    connection::{Address, ConnectionConfig},
};
use tokio::net::{TcpStream, lookup_host};

/// A failed attempt is looked into for no longer than this.
const PROBE_LIMIT: Duration = Duration::from_secs(1);

/// The failure of an attempt that took longer than the connect time-out.
pub(super) async fn timed_out(config: &ConnectionConfig) -> Failure {
    let waited = format!(
        "The database did not answer within {} ms.",
        config.pool.connect_timeout.as_millis()
    );
    match probe(&config.address).await {
        Some(failure) => failure,
        None => Failure::new(FailureKind::Unavailable, waited)
            .with_step(ConnectStep::Tcp)
            .with_hint("Check that the host and the port are right and that no firewall drops the packets."),
    }
}

/// There is no such database, which a session that has it finds out later than one that asks for it.
pub(super) fn no_such_database() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "The database of this connection does not exist on its server, or not any more; the server itself answers.",
    )
    .with_step(ConnectStep::Database)
    .with_hint(
        "Check NAME (the database) of the connection, or have the database made again: the next call finds it. Other connections are not affected.",
    )
}

/// Whether the host's name leads only to where whoever named it may go. What it leads to a moment later is not known.
pub(super) async fn admit(config: &ConnectionConfig) -> Result<(), Failure> {
    let (Some(allowed), Address::Tcp { host, port }) = (&config.allowed_hosts, &config.address)
    else {
        return Ok(());
    };
    // What cannot be resolved cannot be reached either, and the attempt says so better.
    let Ok(addresses) = lookup_host((bare(host), *port)).await else {
        return Ok(());
    };
    for address in addresses {
        allowed.admit_resolved(address.ip())?;
    }
    Ok(())
}

/// What stands between us and the address, if something does: `None` when it accepts connections.
pub(super) async fn probe(address: &Address) -> Option<Failure> {
    match address {
        Address::Tcp { host, port } => tokio::time::timeout(PROBE_LIMIT, probe_tcp(host, *port))
            .await
            .ok()
            .flatten(),
        Address::Socket { .. } | Address::File(_) | Address::Memory => None,
    }
}

async fn probe_tcp(host: &str, port: u16) -> Option<Failure> {
    let addresses: Vec<_> = match lookup_host((bare(host), port)).await {
        Ok(addresses) => addresses.collect(),
        Err(error) => return Some(unknown_host().with_source(error)),
    };
    if addresses.is_empty() {
        return Some(unknown_host());
    }
    let mut last = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(_) => return None,
            Err(error) => last = Some(error),
        }
    }
    let failure = Failure::new(
        FailureKind::Unavailable,
        "Nothing accepts connections at the database's address.",
    )
    .with_step(ConnectStep::Tcp)
    .with_hint("Check host and port, and that the database is running.");
    Some(match last {
        Some(error) => failure.with_source(error),
        None => failure,
    })
}

/// A literal IPv6 address may stand in brackets in a URL; the resolver wants it without.
pub(super) fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn unknown_host() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "The database's host name has no address.",
    )
    .with_step(ConnectStep::NameResolution)
    .with_hint("Check the spelling of the host, and that this machine can resolve it.")
}

#[cfg(test)]
mod tests {
    use domain::connection::AllowedHosts;

    use super::*;
    use crate::outbound::ENGINES;

    fn config(host: &str, allowed_hosts: Option<AllowedHosts>) -> ConnectionConfig {
        let address = Address::Tcp {
            host: host.to_owned(),
            port: 1,
        };
        let mut config = ConnectionConfig::new(ENGINES[0].facts, address);
        config.allowed_hosts = allowed_hosts;
        config
    }

    #[tokio::test]
    async fn what_a_clients_host_resolves_to_is_judged_and_an_operators_is_not() {
        for (host, list, admitted) in [
            ("169.254.169.254", Some("*"), false),
            ("169.254.169.254", Some("169.254.169.254"), true),
            ("169.254.169.254", None, true),
            ("[::ffff:169.254.169.254]", Some("*"), false),
            ("localhost", Some("*"), true),
            ("no.such.host.invalid", Some("*"), true),
        ] {
            let allowed = list.and_then(AllowedHosts::parse);
            let verdict = admit(&config(host, allowed)).await;
            assert_eq!(verdict.is_ok(), admitted, "{host} {list:?}");
        }
    }
}
