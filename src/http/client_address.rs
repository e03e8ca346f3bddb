//! Client address behind trusted proxies (`X-Forwarded-For`).

use std::net::IpAddr;

use axum::http::HeaderMap;

/// The header in which a proxy adds the address that called it, after those that it was told.
const FORWARDED: &str = "x-forwarded-for";

/// The proxies whose word is taken.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpAddr>);

impl Proxies {
    /// Those proxies, by their addresses.
    pub fn new(addresses: Vec<IpAddr>) -> Self {
        Self(addresses)
    }

    /// The address that a call comes from: the peer's, or, when the peer is such a proxy, the last one in its header that is
    /// none. What stands before that is whatever the caller wrote.
    pub(super) fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let told = headers.get_all(FORWARDED).iter().filter_map(|value| value.to_str().ok());
        let told: Vec<&str> = told.flat_map(|value| value.split(',')).map(str::trim).collect();
        let mut address = peer.to_canonical();
        for before in told.iter().rev() {
            if !self.0.contains(&address) {
                break;
            }
            let Ok(before) = before.parse::<IpAddr>() else { break };
            address = before.to_canonical();
        }
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_believed_and_what_a_caller_wrote_is_not() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxies = Proxies::new(vec![address("127.0.0.1"), address("192.0.2.1")]);
        for (peer, told, expected) in [
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "10.9.9.9, 198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "10.9.9.9, 198.51.100.1, 192.0.2.1", "198.51.100.1"),
            ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "nonsense", "127.0.0.1"),
            ("127.0.0.1", "", "127.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(FORWARDED, told.parse().unwrap());
            assert_eq!(proxies.caller(address(peer), &headers), address(expected), "{peer}: {told}");
        }
        assert_eq!(proxies.caller(address("127.0.0.1"), &HeaderMap::new()), address("127.0.0.1"));
    }
}
