//! The client that rate and concurrency limits count for: a person, or an anonymous address.

use std::net::{IpAddr, Ipv6Addr};

use uuid::Uuid;

use crate::service::Pass;

/// A person, however they were let in, or the address of somebody whom nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    Person(Uuid),
    Address(IpAddr),
}

impl Caller {
    /// The one who was let in so, or who is at that address.
    pub(super) fn of(pass: Option<Pass>, address: IpAddr) -> Self {
        match pass {
            Some(pass) => Self::Person(pass.user),
            // Whoever has one address of version 6 has all that differ from it in the second half.
            None => Self::Address(match address {
                IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
                address => address,
            }),
        }
    }
}
