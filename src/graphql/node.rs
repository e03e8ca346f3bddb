//! Finding a thing by its opaque id.

use async_graphql::{Context, ID, Result};
use uuid::Uuid;

use super::loaders::{AgencyOf, AssetIs, ColleagueIs, DispositionIs, DocumentIs};
use super::session::{service, session};
use super::types::Node;
use super::types::asset::Asset;
use super::types::event::RequestEvent;
use super::types::office_event::OfficeEvent;
use super::types::procedure::Procedure;
use super::types::request::{Disposition, Document, Request, find};
use super::types::who::{Agency, Office, RoleGrant, User};
use super::{error, id};
use crate::access::Side;

/// The thing of that id, if the caller may see it. An id of nothing, and one of something hidden, are the same.
pub(super) async fn node(context: &Context<'_>, id: &ID) -> Result<Option<Node>> {
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
pub(super) async fn hung<T>(
    context: &Context<'_>,
    found: Option<T>,
    on: impl Fn(&T) -> Uuid,
) -> Result<Option<(T, Request)>> {
    let request = find(context, found.as_ref().map(on).unwrap_or_default()).await?;
    Ok(found.zip(request))
}

fn one<T>(loaded: Result<Option<Vec<T>>, super::loaders::LoadError>) -> Result<Option<T>> {
    Ok(loaded.map_err(error::load)?.and_then(|mut rows| rows.pop()))
}
