//! Key of the rate and concurrency limits: a person, or the address of an anonymous client.

use std::net::{IpAddr, Ipv6Addr};

use uuid::Uuid;

use crate::service::Pass;

/// A person, by session, API key or identity provider, or an anonymous address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ClientKey {
    Person(Uuid),
    Address(IpAddr),
}

impl ClientKey {
    /// Returns the person of a pass, or else the address.
    pub(super) fn from_pass(pass: Option<Pass>, address: IpAddr) -> Self {
        match pass {
            Some(pass) => Self::Person(pass.user),
            // An IPv6 client usually owns a whole /64 network.
            None => Self::Address(match address {
                IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
                address => address,
            }),
        }
    }
}
