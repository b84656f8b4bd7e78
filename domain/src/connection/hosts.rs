//! Which hosts a client may name, and what their names may lead to.
//!
//! Who is looked up where is the business of whoever connects; here addresses are only judged.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};

use super::config::Address;
use crate::failure::{Failure, FailureKind};

/// What stands behind these answers whoever reaches it, often with credentials: the machine's own link, and where
/// clouds tell a machine its secrets. `*` and names do not allow them, nor do networks that are wider.
const GUARDED: [(IpAddr, u8); 6] = [
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
    // AWS, Google, Alibaba and Azure, beside the link's own.
    (
        IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
        128,
    ),
    (
        IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
        128,
    ),
    (IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)), 32),
    (IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)), 32),
];

/// The operator's list. Without one any name and address but the guarded ones, and no socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHosts(Vec<Pattern>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Any,
    Name(String),
    /// What the name ends with, the dot included.
    Suffix(String),
    Network(IpAddr, u8),
    /// A socket, or a folder that holds it.
    Socket(PathBuf),
}

/// A host as it was named.
enum Named {
    Name(String),
    Address(IpAddr),
    Socket(PathBuf),
}

impl Default for AllowedHosts {
    fn default() -> Self {
        Self(vec![Pattern::Any])
    }
}

impl AllowedHosts {
    /// To be read after "expected".
    pub const EXPECTED: &'static str = "names, *.suffixes, addresses, networks such as 10.0.0.0/8, or paths of sockets, or * for any host";

    /// A list separated by commas; `None` if something in it is none of what it can be.
    pub fn parse(text: &str) -> Option<Self> {
        let words = text
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty());
        words.map(Pattern::parse).collect::<Option<_>>().map(Self)
    }

    /// Whether a client may name this address. What its name resolves to is not known here.
    pub fn admit(&self, address: &Address) -> Result<(), Failure> {
        let named = match address {
            Address::Tcp { host, .. } => Named::read(host),
            Address::Socket { path, .. } => Named::Socket(path.clone()),
            Address::File(_) | Address::Memory => return Ok(()),
        };
        match named {
            Named::Name(name) if self.holds_name(&name) => Ok(()),
            Named::Address(address) if self.holds_address(address) => Ok(()),
            Named::Socket(path) if self.holds_socket(&path) => Ok(()),
            Named::Address(address) if is_guarded(address) => Err(guarded()),
            Named::Socket(_) => Err(refusal("Clients may not connect to this socket.")),
            Named::Name(_) | Named::Address(_) => {
                Err(refusal("Clients may not connect to this host."))
            }
        }
    }

    /// Whether a name that a client may use may lead there.
    pub fn admit_resolved(&self, address: IpAddr) -> Result<(), Failure> {
        let address = canonical(address);
        if is_guarded(address) && !self.holds_address(address) {
            return Err(guarded());
        }
        Ok(())
    }

    fn holds_name(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| match pattern {
            Pattern::Any => true,
            Pattern::Name(known) => known == name,
            Pattern::Suffix(suffix) => name.ends_with(suffix.as_str()),
            Pattern::Network(..) | Pattern::Socket(_) => false,
        })
    }

    fn holds_address(&self, address: IpAddr) -> bool {
        let guarded = is_guarded(address);
        self.0.iter().any(|pattern| match pattern {
            Pattern::Any => !guarded,
            Pattern::Network(base, length) => {
                is_within(address, *base, *length) && (!guarded || is_guarded(*base))
            }
            Pattern::Name(_) | Pattern::Suffix(_) | Pattern::Socket(_) => false,
        })
    }

    fn holds_socket(&self, path: &Path) -> bool {
        // What leads upwards may lead anywhere.
        let plain = path
            .components()
            .all(|part| !matches!(part, std::path::Component::ParentDir));
        plain
            && self
                .0
                .iter()
                .any(|pattern| matches!(pattern, Pattern::Socket(known) if path.starts_with(known)))
    }
}

impl fmt::Display for AllowedHosts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pattern) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str(",")?;
            }
            match pattern {
                Pattern::Any => formatter.write_str("*")?,
                Pattern::Name(name) => formatter.write_str(name)?,
                Pattern::Suffix(suffix) => write!(formatter, "*{suffix}")?,
                Pattern::Network(base, length) if *length == width(*base) => {
                    write!(formatter, "{base}")?;
                }
                Pattern::Network(base, length) => write!(formatter, "{base}/{length}")?,
                Pattern::Socket(path) => write!(formatter, "{}", path.display())?,
            }
        }
        Ok(())
    }
}

impl Pattern {
    fn parse(word: &str) -> Option<Self> {
        if word == "*" {
            return Some(Self::Any);
        }
        if word.starts_with('/') {
            return Some(Self::Socket(PathBuf::from(word)));
        }
        if let Some((base, length)) = word.split_once('/') {
            let base: IpAddr = unbracketed(base).parse().ok()?;
            let length: u8 = length.parse().ok()?;
            let shorter = width(base).checked_sub(width(canonical(base)))?;
            let length = length.checked_sub(shorter)?;
            let base = canonical(base);
            return (length <= width(base)).then_some(Self::Network(base, length));
        }
        if let Some(suffix) = word.strip_prefix('*') {
            let suffix = suffix.to_ascii_lowercase();
            return (suffix.starts_with('.') && is_name(suffix.trim_start_matches('.')))
                .then_some(Self::Suffix(suffix));
        }
        match Named::read(word) {
            Named::Address(address) => Some(Self::Network(address, width(address))),
            Named::Name(name) if is_name(&name) => Some(Self::Name(name)),
            Named::Name(_) | Named::Socket(_) => None,
        }
    }
}

impl Named {
    fn read(host: &str) -> Self {
        let bare = unbracketed(host);
        if bare.starts_with('/') {
            return Self::Socket(PathBuf::from(bare));
        }
        // The resolver takes a last dot away, and the zone of an address says only by which of our own links.
        let bare = bare.strip_suffix('.').unwrap_or(bare);
        let (unzoned, _) = bare.split_once('%').unwrap_or((bare, ""));
        if let Ok(address) = unzoned.parse::<IpAddr>() {
            return Self::Address(canonical(address));
        }
        match loose_ipv4(bare) {
            Some(address) => Self::Address(IpAddr::V4(address)),
            None => Self::Name(bare.to_ascii_lowercase()),
        }
    }
}

fn unbracketed(host: &str) -> &str {
    host.trim().trim_start_matches('[').trim_end_matches(']')
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|one| one.is_alphanumeric() || matches!(one, '-' | '_' | '.'))
}

fn is_guarded(address: IpAddr) -> bool {
    GUARDED
        .iter()
        .any(|(base, length)| is_within(address, *base, *length))
}

fn is_within(address: IpAddr, base: IpAddr, length: u8) -> bool {
    let shift = u32::from(width(base).saturating_sub(length));
    let cut = |bits: u128| bits.checked_shr(shift).unwrap_or_default();
    match (address, base) {
        (IpAddr::V4(one), IpAddr::V4(two)) => {
            cut(u32::from(one).into()) == cut(u32::from(two).into())
        }
        (IpAddr::V6(one), IpAddr::V6(two)) => cut(one.into()) == cut(two.into()),
        _ => false,
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The IPv4 address that an IPv6 one stands for: mapped, compatible, translated (NAT64) or tunnelled (6to4).
fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let four =
        |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            four(high, low)
        }
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => four(high, low),
        [0x2002, high, low, ..] => four(high, low),
        _ => address,
    }
}

/// The forms that resolvers take for an address beside the usual one: fewer parts, octal and hexadecimal numbers.
fn loose_ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut parts = Vec::new();
    for part in text.split('.') {
        let (digits, radix) = match part.as_bytes() {
            [b'0', b'x' | b'X', ..] => (part.get(2..)?, 16),
            [b'0', _, ..] => (part.get(1..)?, 8),
            _ => (part, 10),
        };
        // A sign is none of the digits of an address.
        if digits.starts_with(['+', '-']) {
            return None;
        }
        parts.push(u32::from_str_radix(digits, radix).ok()?);
    }
    let (last, leading) = parts.split_last()?;
    let free = 32_u32.checked_sub(u32::try_from(leading.len()).ok()?.checked_mul(8)?)?;
    if free == 0 || u64::from(*last) >= 1_u64 << free {
        return None;
    }
    let mut bits = *last;
    for (shift, part) in [24, 16, 8].into_iter().zip(leading) {
        if *part > 255 {
            return None;
        }
        bits |= part << shift;
    }
    Some(Ipv4Addr::from(bits))
}

fn guarded() -> Failure {
    refusal("The host is a link-local or metadata address, to which clients may not connect.")
}

fn refusal(message: &str) -> Failure {
    Failure::new(FailureKind::NotAllowed, message).with_hint(
        "Use a configured connection: show_configurations lists them. Whoever runs this server can add the host, \
         address or path to MCP_ALLOWED_HOSTS.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str) -> Address {
        Address::Tcp {
            host: host.to_owned(),
            port: 1,
        }
    }

    #[test]
    fn without_a_list_any_host_is_allowed_but_the_guarded_ones_in_whatever_form() {
        for (host, allowed) in [
            ("localhost", true),
            ("db.example", true),
            ("127.0.0.1", true),
            ("[::1]", true),
            ("10.1.2.3", true),
            ("169.254.169.254", false),
            ("169.254.169.254.", false),
            ("169.254.1", false),
            ("169.16689662", false),
            ("2852039166", false),
            ("0xa9fea9fe", false),
            ("0xA9.0xfe.0xa9.0xfe", false),
            ("0251.0376.0251.0376", false),
            ("::ffff:169.254.169.254", false),
            ("[::ffff:a9fe:a9fe]", false),
            ("::169.254.169.254", false),
            ("64:ff9b::a9fe:a9fe", false),
            ("2002:a9fe:a9fe::1", false),
            ("fe80::1", false),
            ("fe80::1%eth0", false),
            ("[fe80::1%25lo]", false),
            ("febf::1", false),
            ("fec0::1", true),
            ("fd00:ec2::254", false),
            ("fd00:ec2::253", true),
            ("100.100.100.200", false),
            ("[/var/run/postgresql", false),
            ("1.2.3.4.5", true),
            ("4294967296", true),
        ] {
            let verdict = AllowedHosts::default().admit(&tcp(host));
            assert_eq!(verdict.is_ok(), allowed, "{host}");
        }
    }

    #[test]
    fn a_list_allows_what_stands_in_it() {
        let hosts = AllowedHosts::parse(
            "db.example, *.internal, 10.0.0.0/8,192.168.1.5,fd12::/16, /run/pg,169.254.7.0/24",
        )
        .unwrap();
        for (host, allowed) in [
            ("DB.example.", true),
            ("db.example.org", false),
            ("a.b.INTERNAL", true),
            ("internal", false),
            ("xinternal", false),
            ("10.255.0.1", true),
            ("0x0a000001", true),
            ("11.0.0.1", false),
            ("192.168.1.5", true),
            ("192.168.1.6", false),
            ("[fd12::1]", true),
            ("fd13::1", false),
            ("169.254.7.9", true),
            ("169.254.169.254", false),
        ] {
            assert_eq!(hosts.admit(&tcp(host)).is_ok(), allowed, "{host}");
        }
    }

    #[test]
    fn sockets_are_allowed_by_their_paths_alone() {
        let hosts = AllowedHosts::parse("*,/run/pg").unwrap();
        for (path, allowed) in [
            ("/run/pg", true),
            ("/run/pg/5432", true),
            ("/run/pgx", false),
            ("/run/pg/../docker.sock", false),
            ("/run", false),
        ] {
            let address = Address::Socket {
                path: PathBuf::from(path),
                port: 1,
            };
            assert_eq!(hosts.admit(&address).is_ok(), allowed, "{path}");
            assert!(AllowedHosts::default().admit(&address).is_err(), "{path}");
        }
    }

    #[test]
    fn a_name_may_lead_to_a_guarded_address_only_where_that_is_listed() {
        let metadata: IpAddr = "169.254.169.254".parse().unwrap();
        for (list, allowed) in [
            ("*", false),
            ("metadata.example", false),
            ("0.0.0.0/0", false),
            ("169.254.169.254", true),
            ("169.254.0.0/16", true),
        ] {
            let hosts = AllowedHosts::parse(list).unwrap();
            assert_eq!(hosts.admit_resolved(metadata).is_ok(), allowed, "{list}");
            let other = "10.0.0.1".parse().unwrap();
            assert!(hosts.admit_resolved(other).is_ok(), "{list}");
        }
    }

    #[test]
    fn what_is_no_host_is_no_list() {
        for text in [
            "a b",
            "10.0.0.0/33",
            "*x",
            "*.",
            "name/8",
            "http://a",
            "a@b",
            "::/129",
        ] {
            assert_eq!(AllowedHosts::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_list_reads_as_it_was_given() {
        for text in ["*", "db.example,*.internal,10.0.0.0/8,192.168.1.5,/run/pg"] {
            assert_eq!(AllowedHosts::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_refusal_names_the_setting() {
        for host in ["169.254.1.1", "/run/pg"] {
            let failure = AllowedHosts::default().admit(&tcp(host)).unwrap_err();
            assert_eq!(failure.kind, FailureKind::NotAllowed);
            assert!(failure.hint.unwrap().contains("MCP_ALLOWED_HOSTS"));
        }
    }
}
