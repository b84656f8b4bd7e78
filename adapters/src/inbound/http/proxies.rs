//! Whose requests come through proxies, and from where then.
//!
//! Anybody can write `X-Forwarded-For`. Only what a proxy of the operator's has added to it counts.

use std::{net::IpAddr, str::FromStr};

use http::HeaderMap;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Addresses that are the operator's proxies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

/// Addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    first: IpAddr,
    bits: u32,
}

impl FromStr for TrustedProxies {
    type Err = String;

    /// Addresses and networks such as `10.0.0.0/8`, separated by commas. The failure is the part that is neither.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        parts
            .map(|part| Network::parse(part).ok_or_else(|| part.to_owned()))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl TrustedProxies {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.holds(address))
    }

    /// Who sent a request that came from `peer`: the nearest address that is no proxy.
    pub(super) fn sender(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines: Vec<&str> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .map(|line| line.to_str().unwrap_or_default())
            .collect();
        // Each proxy adds whom it heard from at the end.
        let mut told = lines.iter().rev().flat_map(|line| line.rsplit(','));
        let mut sender = peer;
        while self.trusts(sender) {
            match told.next().and_then(address) {
                Some(before) => sender = before,
                None => break,
            }
        }
        sender
    }
}

/// Some proxies add a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = text.parse().ok().or_else(|| {
        text.parse()
            .ok()
            .map(|socket: std::net::SocketAddr| socket.ip())
    })?;
    Some(address.to_canonical())
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().ok()?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { first, bits })
    }

    fn holds(self, address: IpAddr) -> bool {
        let differing = match (self.first, address) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                (one.to_bits() ^ other.to_bits()).leading_zeros()
            }
            (IpAddr::V6(one), IpAddr::V6(other)) => {
                (one.to_bits() ^ other.to_bits()).leading_zeros()
            }
            _ => return false,
        };
        differing >= self.bits
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_what_trusted_proxies_have_added_counts() {
        let trusted: TrustedProxies = "10.0.0.0/8, 192.0.2.7,2001:db8::/32".parse().unwrap();
        for (peer, told, expected) in [
            ("10.1.2.3", &["198.51.100.1"][..], "198.51.100.1"),
            ("10.1.2.3", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            (
                "10.1.2.3",
                &["1.1.1.1", "198.51.100.1, 192.0.2.7"],
                "198.51.100.1",
            ),
            ("10.1.2.3", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.1.2.3", &["[2001:db9::1]:4711"], "2001:db9::1"),
            ("2001:db8:1::2", &["2001:db9::1"], "2001:db9::1"),
            ("2001:db8:1::2", &["::ffff:198.51.100.1"], "198.51.100.1"),
            // Nobody told, or nobody could be understood.
            ("10.1.2.3", &[], "10.1.2.3"),
            ("10.1.2.3", &["198.51.100.1, unknown"], "10.1.2.3"),
            ("10.1.2.3", &["10.9.9.9"], "10.9.9.9"),
            // Not a proxy of ours.
            ("11.0.0.1", &["198.51.100.1"], "11.0.0.1"),
            ("192.0.2.8", &["198.51.100.1"], "192.0.2.8"),
            ("2001:db9::2", &["198.51.100.1"], "2001:db9::2"),
        ] {
            let mut headers = HeaderMap::new();
            for line in told {
                headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
            }
            let sender = trusted.sender(peer.parse().unwrap(), &headers);
            assert_eq!(sender.to_string(), expected, "{peer} {told:?}");
        }
    }

    #[test]
    fn what_is_no_network_is_told() {
        for (text, wrong) in [
            ("10.0.0.0/33", "10.0.0.0/33"),
            ("10.0.0.1, proxy.example.com", "proxy.example.com"),
            ("::/129", "::/129"),
            ("10.0.0.0/", "10.0.0.0/"),
        ] {
            assert_eq!(text.parse::<TrustedProxies>(), Err(wrong.to_owned()));
        }
        assert_eq!("".parse(), Ok(TrustedProxies::default()));
        assert!("0.0.0.0/0,::/0".parse::<TrustedProxies>().is_ok());
    }
}
