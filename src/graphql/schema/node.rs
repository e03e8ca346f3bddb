//! `Node`: anything with an id of its own, and the queries `node` and `nodes`.

use async_graphql::{Context, ID, Interface, Object, Result};
use uuid::Uuid;

use super::agency::Agency;
use super::asset::{Asset, CloudAccount, GenericAsset, ServerPlacement, Subdomain};
use super::disposition::Disposition;
use super::document::Document;
use super::grant::RoleGrant;
use super::office::Office;
use super::office_event::OfficeEvent;
use super::prefetch;
use super::procedure::Procedure;
use super::request::Request;
use super::request_event::RequestEvent;
use super::scalars::id::{self, DecodedId};
use super::user::User;
use crate::access::Side;
use crate::graphql::context::loaders::{AgencyById, AssetById, ColleagueById, DispositionById, DocumentById};
use crate::graphql::context::session::{load_row, service, session};
use crate::graphql::error;

/// Anything with an id of its own.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its opaque id."))]
pub(crate) enum Node {
    /// A request.
    Request(Request),
    /// A disposition.
    Disposition(Disposition),
    /// A document.
    Document(Document),
    /// A version of an SOP.
    Procedure(Procedure),
    /// An office.
    Office(Office),
    /// An agency.
    Agency(Agency),
    /// A person.
    User(User),
    /// A grant.
    RoleGrant(RoleGrant),
    /// An event.
    RequestEvent(RequestEvent),
    /// An event of an office.
    OfficeEvent(OfficeEvent),
    /// A cloud account.
    CloudAccount(CloudAccount),
    /// A subdomain.
    Subdomain(Subdomain),
    /// A placement.
    ServerPlacement(ServerPlacement),
    /// Any other asset.
    GenericAsset(GenericAsset),
    /// Any asset.
    Asset(Asset),
}

impl Node {
    /// Returns an asset by its own type: `Node::Asset` would be answered as of an interface.
    fn of_asset(asset: Asset) -> Self {
        match asset {
            Asset::CloudAccount(asset) => Self::CloudAccount(asset),
            Asset::Subdomain(asset) => Self::Subdomain(asset),
            Asset::ServerPlacement(asset) => Self::ServerPlacement(asset),
            Asset::GenericAsset(asset) => Self::GenericAsset(asset),
        }
    }
}

/// Finds the object of an id. Hidden and missing objects are not distinguished.
async fn find(context: &Context<'_>, id: &DecodedId) -> Result<Option<Node>> {
    let (service, session) = (service(context)?, session(context)?);
    let (uuid, name) = (id.uuid().unwrap_or_default(), id.name().unwrap_or_default());
    if !["Office", "Procedure"].contains(&id.kind.as_str()) {
        // Existence depends on the viewer, too.
        session.viewer_dependence().note();
    }
    Ok(match id.kind.as_str() {
        "Request" => Request::find(context, uuid).await?.map(Node::Request),
        "RequestEvent" => RequestEvent::find(context, uuid).await?.map(Node::RequestEvent),
        "OfficeEvent" => OfficeEvent::find(context, uuid).await?.map(Node::OfficeEvent),
        "Office" => service.catalog().office(name).map(|_| Node::Office(Office(name.to_owned()))),
        "Procedure" => {
            let mut parts = name.splitn(3, '/');
            let (office, procedure) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let version = parts.next().and_then(|version| version.parse().ok()).unwrap_or(0);
            let found = service.catalog().version(office, procedure, version);
            found.map(|entry| Node::Procedure(Procedure(entry.clone())))
        }
        "Asset" => {
            let row = load_row(context, AssetById(uuid)).await?;
            let Some((row, request)) = with_request(context, row, |row| row.request_id).await? else { return Ok(None) };
            service.sees_asset(&request.0, &row).then(|| Node::of_asset(Asset::from_row(row)))
        }
        "Document" => {
            let row = load_row(context, DocumentById(uuid)).await?;
            let Some((row, request)) = with_request(context, row, |row| row.request_id).await? else { return Ok(None) };
            service.sees_document(&request.0, &row).then(|| Node::Document(Document { request, row }))
        }
        "Disposition" => {
            let row = load_row(context, DispositionById(uuid)).await?;
            let Some((row, request)) = with_request(context, row, |row| row.request_id).await? else { return Ok(None) };
            (request.0.side() == Side::Office).then(|| Node::Disposition(Disposition { request, row }))
        }
        "User" => load_row(context, ColleagueById(uuid)).await?.map(|row| Node::User(User::new(row, None))),
        "Agency" => {
            let row = load_row(context, AgencyById(uuid)).await?;
            let serves =
                |office: &str| session.caller().is_some_and(|caller| caller.grants_in(office).next().is_some());
            row.filter(|row| serves(&row.office)).map(|row| Node::Agency(Agency(row)))
        }
        "RoleGrant" => {
            let mut grants = session.caller().into_iter().flat_map(|caller| caller.grants.iter());
            grants.find(|grant| grant.id == uuid).cloned().map(|grant| Node::RoleGrant(RoleGrant(grant)))
        }
        _ => None,
    })
}

/// Returns a row together with its request; none if the caller may not see the request. The request is looked up even without a
/// row, so timing does not distinguish hidden from missing rows.
pub(crate) async fn with_request<T>(
    context: &Context<'_>,
    found: Option<T>,
    on: impl Fn(&T) -> Uuid,
) -> Result<Option<(T, Request)>> {
    let request = Request::find(context, found.as_ref().map(on).unwrap_or_default()).await?;
    Ok(found.zip(request))
}

/// The queries `node` and `nodes`.
#[derive(Default)]
pub(crate) struct NodeQuery;

/// The queries `node` and `nodes`.
#[Object]
impl NodeQuery {
    /// The object of the id; null when none is visible to you.
    async fn node(&self, context: &Context<'_>, #[graphql(desc = "Its opaque id.")] id: ID) -> Result<Option<Node>> {
        let found = find(context, &id::decode(context, "id", &id)?).await?;
        prefetch::nodes(context, found.as_slice()).await?;
        Ok(found)
    }

    /// The objects of the ids, in their order; null where none is visible to you, and beside an error at an invalid id.
    async fn nodes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Their opaque ids; 100 at most.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Result<Node>>>> {
        if ids.len() > 100 {
            return Err(error::invalid_input("Ask for 100 ids at most."));
        }
        let decoded = (0..).zip(&ids).map(|(index, id)| id::decode(context, &format!("ids[{index}]"), id));
        // Concurrently, for one statement per kind.
        let found = decoded.map(async |id| -> Result<_> {
            match id {
                Ok(id) => Ok(find(context, &id).await?.map(Ok)),
                Err(invalid) => Ok(Some(Err(invalid))),
            }
        });
        let found = async_graphql::futures_util::future::try_join_all(found).await?;
        prefetch::nodes(context, found.iter().flatten().flatten()).await?;
        Ok(found)
    }
}
