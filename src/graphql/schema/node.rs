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
use super::request::{Request, find};
use super::request_event::RequestEvent;
use super::scalars::id;
use super::user::User;
use crate::access::Side;
use crate::graphql::context::loaders::{AgencyOf, AssetIs, ColleagueIs, DispositionIs, DocumentIs, LoadError};
use crate::graphql::context::session::{service, session};
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
    /// What happened to an office.
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

/// The thing of that id, if the caller may see it. An id of nothing, and one of something hidden, are the same.
pub(crate) async fn node(context: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    let Some((kind, key)) = id::decode(id) else { return Ok(None) };
    let (service, session) = (service(context)?, session(context)?);
    let uuid = id::uuid(&kind, id);
    if !["Office", "Procedure"].contains(&kind.as_str()) {
        // Whether there is such a thing, too, is nothing that is the same for everybody.
        session.asked().note();
    }
    let loader = session.loader();
    Ok(match kind.as_str() {
        "Request" => find(context, uuid).await?.map(Node::Request),
        "RequestEvent" => RequestEvent::find(context, uuid).await?.map(Node::RequestEvent),
        "OfficeEvent" => OfficeEvent::find(context, uuid).await?.map(Node::OfficeEvent),
        "Office" => service.catalog().office(&key).map(|_| Node::Office(Office(key))),
        "Procedure" => {
            let mut parts = key.splitn(3, '/');
            let (office, procedure) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let version = parts.next().and_then(|version| version.parse().ok()).unwrap_or(0);
            let found = service.catalog().version(office, procedure, version);
            found.map(|entry| Node::Procedure(Procedure(entry.clone())))
        }
        "Asset" => {
            let row = one(loader.load_one(AssetIs(uuid)).await)?;
            let Some((row, request)) = hung(context, row, |row| row.request_id).await? else { return Ok(None) };
            service.sees_asset(&request.0, &row).then(|| Node::from(Asset::of(row)))
        }
        "Document" => {
            let row = one(loader.load_one(DocumentIs(uuid)).await)?;
            let Some((row, request)) = hung(context, row, |row| row.request_id).await? else { return Ok(None) };
            service.sees_document(&request.0, &row).then(|| Node::Document(Document { request, row }))
        }
        "Disposition" => {
            let row = one(loader.load_one(DispositionIs(uuid)).await)?;
            let Some((row, request)) = hung(context, row, |row| row.request_id).await? else { return Ok(None) };
            (request.0.side() == Side::Office).then(|| Node::Disposition(Disposition { request, row }))
        }
        "User" => one(loader.load_one(ColleagueIs(uuid)).await)?.map(|row| Node::User(User::met(row, None))),
        "Agency" => {
            let row = one(loader.load_one(AgencyOf(uuid)).await)?;
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

/// What hangs on a request, with that request, if the caller may see it. The request is looked for even where there is nothing: by
/// what it takes, nobody tells what is hidden from what is not there.
pub(crate) async fn hung<T>(
    context: &Context<'_>,
    found: Option<T>,
    on: impl Fn(&T) -> Uuid,
) -> Result<Option<(T, Request)>> {
    let request = find(context, found.as_ref().map(on).unwrap_or_default()).await?;
    Ok(found.zip(request))
}

fn one<T>(loaded: Result<Option<Vec<T>>, LoadError>) -> Result<Option<T>> {
    Ok(loaded.map_err(error::load)?.and_then(|mut rows| rows.pop()))
}

/// The queries `node` and `nodes`.
#[derive(Default)]
pub(crate) struct NodeQuery;

/// The queries `node` and `nodes`.
#[Object]
impl NodeQuery {
    /// The thing of that id; null when there is none that you may see.
    async fn node(&self, context: &Context<'_>, #[graphql(desc = "Its opaque id.")] id: ID) -> Result<Option<Node>> {
        let found = node(context, &id).await?;
        prefetch::nodes(context, found.as_slice()).await?;
        Ok(found)
    }

    /// The things of those ids, in the order asked for; null where there is none that you may see.
    #[graphql(complexity = "ids.len().min(100) * child_complexity + 1")]
    async fn nodes(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Their opaque ids; 100 at most.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > 100 {
            return Err(error::invalid("Ask for 100 ids at most."));
        }
        // All at once, so that each kind is read by one statement.
        let found = async_graphql::futures_util::future::try_join_all(ids.iter().map(|id| node(context, id))).await?;
        prefetch::nodes(context, found.iter().flatten()).await?;
        Ok(found)
    }
}
