//! How settings are written, each from its text and, where it is shown again, to it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use adapters::{
    inbound::http::{TrustedProxies, identity::is_public_url, is_allowed_host, is_allowed_origin},
    outbound::AuditTarget,
};
use domain::connection::{AllowedHosts, parameters::boolean};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, IntoDeserializer},
};
use serde_json::{Map, Value};

/// A truth value in any of its words.
pub(super) fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let text = String::deserialize(deserializer)?;
    boolean(&text).ok_or_else(|| D::Error::custom("neither true nor false"))
}

/// A JSON object, kept as it is.
pub(super) fn claims<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match serde_json::from_str::<Map<String, Value>>(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(D::Error::custom(error)),
    }
}

/// A list of hosts.
pub(super) fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AllowedHosts, D::Error> {
    let text = String::deserialize(deserializer)?;
    AllowedHosts::parse(&text).ok_or_else(|| D::Error::custom("not a list of hosts"))
}

/// A list of proxies, kept as it is.
pub(super) fn proxies<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.parse::<TrustedProxies>() {
        Ok(_) => Ok(text),
        Err(part) => Err(D::Error::custom(part)),
    }
}

/// A list of names of this server, kept as it is.
pub(super) fn http_hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    list_of(is_allowed_host, deserializer)
}

/// A list of pages' origins, kept as it is.
pub(super) fn http_origins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    list_of(is_allowed_origin, deserializer)
}

fn list_of<'de, D: Deserializer<'de>>(
    is_one: fn(&str) -> bool,
    deserializer: D,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if listed(&text).all(is_one) {
        Ok(text)
    } else {
        Err(D::Error::custom("not a list of them"))
    }
}

/// The parts of a list that are not empty.
pub(crate) fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|one| !one.is_empty())
}

/// A URL that clients can be told.
pub(super) fn public_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if is_public_url(&text) {
        Ok(text)
    } else {
        Err(D::Error::custom("not a public URL"))
    }
}

/// As it would be given.
pub(super) fn shown<S: Serializer>(hosts: &AllowedHosts, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(hosts)
}

/// An address and a port; a port alone is one of this machine.
pub(super) fn address<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let loopback = |port: &str| {
        let port = port.parse().ok()?;
        Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    };
    let address = text
        .parse()
        .ok()
        .or_else(|| loopback(text.strip_prefix("localhost:").unwrap_or(&text)));
    match address {
        Some(address) => Ok(Some(address)),
        None => Err(D::Error::custom("not an address with a port")),
    }
}

/// A file, or a descriptor.
pub(super) fn audit_target<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<AuditTarget>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if let Some(number) = text.strip_prefix("fd:") {
        return match number.parse() {
            // The first three are the protocol's and the log's.
            Ok(number) if number > 2 => Ok(Some(AuditTarget::Descriptor(number))),
            _ => Err(D::Error::custom("not a descriptor of its own")),
        };
    }
    let is_stream = ["/dev/std", "/dev/fd/", "/proc/"]
        .iter()
        .any(|folder| text.starts_with(folder));
    if is_stream {
        return Err(D::Error::custom("not a file"));
    }
    Ok((!text.is_empty()).then(|| AuditTarget::File(text.into())))
}

/// As it would be given.
#[expect(clippy::ref_option, reason = "the shape that serde wants")]
pub(super) fn shown_target<S: Serializer>(
    target: &Option<AuditTarget>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match target {
        None => serializer.serialize_none(),
        Some(AuditTarget::File(path)) => path.serialize(serializer),
        Some(AuditTarget::Descriptor(number)) => {
            serializer.collect_str(&format_args!("fd:{number}"))
        }
    }
}

/// A word in any letter case.
pub(super) fn word<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    T::deserialize(text.to_ascii_lowercase().into_deserializer())
}
