//! Client address behind trusted proxies (`X-Forwarded-For`).

use std::net::IpAddr;

use axum::http::HeaderMap;

/// Header with the addresses of the client and the proxies in between. Each proxy appends its peer.
const FORWARDED: &str = "x-forwarded-for";

/// Proxies with a trusted `X-Forwarded-For`.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpAddr>);

impl TrustedProxies {
    /// Trusts the proxies at these addresses.
    pub fn new(addresses: Vec<IpAddr>) -> Self {
        Self(addresses)
    }

    /// Returns the peer's address, or, for a trusted proxy, the last address in its header outside the trusted ones.
    /// Earlier entries may be forged by the client.
    pub(super) fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let forwarded = headers.get_all(FORWARDED).iter().filter_map(|value| value.to_str().ok());
        let forwarded: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
        let mut address = peer.to_canonical();
        for hop in forwarded.iter().rev() {
            if !self.0.contains(&address) {
                break;
            }
            let Ok(hop) = hop.parse::<IpAddr>() else { break };
            address = hop.to_canonical();
        }
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_entries_of_trusted_proxies_count() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxies = TrustedProxies::new(vec![address("127.0.0.1"), address("192.0.2.1")]);
        for (peer, forwarded, expected) in [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "10.9.9.9, 198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "10.9.9.9, 198.51.100.1, 192.0.2.1", "198.51.100.1"),
            ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "nonsense", "127.0.0.1"),
            ("127.0.0.1", "", "127.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(FORWARDED, forwarded.parse().unwrap());
            assert_eq!(proxies.client_address(address(peer), &headers), address(expected), "{peer}: {forwarded}");
        }
        assert_eq!(proxies.client_address(address("127.0.0.1"), &HeaderMap::new()), address("127.0.0.1"));
    }
}
