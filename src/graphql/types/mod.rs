//! The nouns that clients see, one file each.

pub(super) mod asset;
pub(super) mod closed;
pub(super) mod date;
pub(super) mod event;
pub(super) mod json;
pub(super) mod moment;
pub(super) mod office_event;
pub(super) mod page;
pub(super) mod preview;
pub(super) mod procedure;
pub(super) mod request;
pub(super) mod who;

use async_graphql::{ID, Interface};

pub(super) use asset::Asset;

/// Anything with an id of its own.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its opaque id."))]
pub(super) enum Node {
    /// A request.
    Request(request::Request),
    /// A disposition.
    Disposition(request::Disposition),
    /// A document.
    Document(request::Document),
    /// A version of an SOP.
    Procedure(procedure::Procedure),
    /// An office.
    Office(who::Office),
    /// An agency.
    Agency(who::Agency),
    /// A person.
    User(who::User),
    /// A grant.
    RoleGrant(who::RoleGrant),
    /// An event.
    RequestEvent(event::RequestEvent),
    /// What happened to an office.
    OfficeEvent(office_event::OfficeEvent),
    /// A cloud account.
    CloudAccount(asset::CloudAccount),
    /// A subdomain.
    Subdomain(asset::Subdomain),
    /// A placement.
    ServerPlacement(asset::ServerPlacement),
    /// Any other asset.
    GenericAsset(asset::GenericAsset),
    /// Any asset.
    Asset(Asset),
}
