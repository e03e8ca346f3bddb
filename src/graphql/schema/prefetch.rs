//! Prefetching for pages: fills the loaders with the rows a selection needs, by one statement per kind, before the fields are
//! resolved. No field waits for a batch window, and the number of statements is exact.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Result};
use entity::visit;
use uuid::Uuid;

use super::disposition::Disposition;
use super::node::Node;
use super::pagination::PageArguments;
use super::request::Request;
use super::request_event::{actor_of, request_event_range};
use crate::access::Side;
use crate::graphql::context::loaders::{
    AgencyById, AssetsOf, CredentialOf, CurrentVisitOf, DispositionsOf, DocumentsOf, EventsOf, LoadError, Loaders,
    PersonById, ReadsOf, SeenRequestById, SignaturesOf, SubmissionsOf, VisitsOf,
};
use crate::graphql::context::session::{Session, service, session};
use crate::graphql::error;
use crate::graphql::look_ahead::*;
use crate::store::{Assets, CurrentVisit, Dispositions, Documents, PartRow, RequestPart, Submissions, Visits};

/// Loads the values of the keys, if wanted, and feeds them to the loader.
async fn fill<K>(session: &Session, wanted: bool, keys: Vec<K>) -> Result<HashMap<K, <Loaders as Loader<K>>::Value>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Loaders: Loader<K, Error = LoadError>,
{
    if !wanted || keys.is_empty() {
        return Ok(HashMap::new());
    }
    let loader = session.loader();
    let read = Loader::<K>::load(loader.loader(), &keys).await.map_err(error::from_loader)?;
    loader.feed_many(read.iter().map(|(key, value)| (key.clone(), value.clone()))).await;
    Ok(read)
}

/// Loads a part of requests, if wanted, from the cache or the database, and feeds it to its loader.
async fn fill_part<P, K>(
    context: &Context<'_>,
    wanted: bool,
    requests: Vec<&Request>,
    key: impl Fn(Uuid) -> K,
) -> Result<HashMap<Uuid, Arc<Vec<PartRow<P>>>>>
where
    P: RequestPart,
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Loaders: Loader<K, Value = Vec<PartRow<P>>, Error = LoadError>,
{
    if !wanted {
        return Ok(HashMap::new());
    }
    let rows = requests.into_iter().map(|request| &request.0.row);
    let parts = service(context)?.parts_of::<P>(rows).await;
    let parts = parts.map_err(|failed| error::from_loader(Arc::new(failed)))?;
    session(context)?.loader().feed_many(parts.iter().map(|(request, rows)| (key(*request), rows.to_vec()))).await;
    Ok(parts)
}

/// Iterates over the rows of all keys.
fn rows<'r, K, V: Borrow<Vec<R>>, R: 'r>(read: &'r HashMap<K, V>) -> impl Iterator<Item = &'r R> {
    read.values().flat_map(|rows| rows.borrow())
}

/// Ids of people to prefetch.
#[derive(Default)]
struct PersonIds(BTreeSet<Uuid>);

impl PersonIds {
    fn add(&mut self, user: Uuid, on_behalf_of: Option<Uuid>) {
        self.0.insert(user);
        self.0.extend(on_behalf_of);
    }
}

/// Prefetches for requests.
pub(crate) async fn requests(context: &Context<'_>, requests: &[Request], selected: &Selections<'_>) -> Result<()> {
    let session = session(context)?;
    session
        .loader()
        .feed_many(requests.iter().map(|request| (SeenRequestById(request.0.row.id), request.0.clone())))
        .await;
    let every: Vec<&Request> = requests.iter().collect();
    let office = every.iter().copied().filter(|request| request.0.side() == Side::Office).collect();
    let acts = selected.has(&[AVAILABLE_ACTIONS, CLOSED_ACTIONS, INBOX_ACTIONS]);
    // Performers of steps matter where an office's policy separates duties.
    let separated = acts && requests.iter().any(|request| session.policy().separates_duties(&request.0.row.office));
    let all_visits = separated || selected.has(&[VISITS]);
    let (submissions, visits, _, documents, assets, dispositions, _) = tokio::try_join!(
        fill_part::<Submissions, _>(
            context,
            selected.has(&[SUBMISSIONS, LETTER, CONTACT, DETAILS]),
            every.clone(),
            SubmissionsOf
        ),
        fill_part::<Visits, _>(context, all_visits, every.clone(), VisitsOf),
        fill_part::<CurrentVisit, _>(
            context,
            !all_visits && selected.has(&[CURRENT_VISIT]),
            every.clone(),
            CurrentVisitOf
        ),
        fill_part::<Documents, _>(context, acts || selected.has(&[DOCUMENTS]), every.clone(), DocumentsOf),
        fill_part::<Assets, _>(context, acts || selected.has(&[ASSETS]), every.clone(), AssetsOf),
        fill_part::<Dispositions, _>(context, selected.has(&[DISPOSITIONS]), office, DispositionsOf),
        fill(
            session,
            selected.has(&[AGENCY]) || selected.field(ASSETS).has(&[AGENCY]),
            agencies(requests.iter().map(|request| request.0.row.agency_id))
        ),
    )?;
    let under_way =
        |visits: &Vec<visit::Model>| visits.iter().filter(|visit| visit.completed_at.is_none()).cloned().collect();
    let of_all = visits.iter().map(|(request, visits)| (CurrentVisitOf(*request), under_way(visits)));
    session.loader().feed_many(of_all.collect::<Vec<(CurrentVisitOf, Vec<visit::Model>)>>()).await;
    let assets: Vec<Uuid> = rows(&assets).map(|row| row.id).collect();
    let (signatures, reads, credentials) = tokio::try_join!(
        fill(
            session,
            selected.field(DOCUMENTS).has(&[SIGNATURES]),
            rows(&documents).map(|row| SignaturesOf(row.id)).collect()
        ),
        fill(
            session,
            selected.field(DISPOSITIONS).has(&[DISPOSITION_READS]),
            rows(&dispositions).map(|row| ReadsOf(row.id)).collect()
        ),
        fill(
            session,
            acts || selected.field(ASSETS).has(&[CREDENTIAL]),
            assets.into_iter().map(CredentialOf).collect()
        ),
    )?;
    let mut people = PersonIds::default();
    for event in events(context, requests, &selected.field(EVENTS)).await? {
        if let Some(actor) = actor_of(&event) {
            people.add(actor.user, actor.on_behalf_of);
        }
    }
    if selected.has(&[SUBMITTED_BY]) || selected.field(CLOSED_ACTIONS).field(AWAITED).has(&[AWAITED_PEOPLE]) {
        requests.iter().for_each(|request| people.add(request.0.row.submitted_by, None));
    }
    if selected.field(SUBMISSIONS).has_person(&[SUBMISSION_BY]) {
        rows(&submissions).for_each(|row| people.add(row.actor_user, row.actor_for));
    }
    // The visit under way has no performer yet.
    if selected.field(VISITS).has_person(&[PERFORMED_BY]) {
        rows(&visits).for_each(|row| people.0.extend(row.actor_user.into_iter().chain(row.actor_for)));
    }
    if selected.field(DOCUMENTS).has_person(&[ADDED_BY]) {
        rows(&documents).for_each(|row| people.add(row.actor_user, row.actor_for));
    }
    if selected.field(DOCUMENTS).field(SIGNATURES).has_person(&[SIGNATURE_BY]) {
        rows(&signatures).for_each(|row| people.add(row.actor_user, row.actor_for));
    }
    if selected.field(DISPOSITIONS).has_person(&[DISPOSITION_FROM]) {
        rows(&dispositions).for_each(|row| people.add(row.actor_user, row.actor_for));
    }
    if selected.field(DISPOSITIONS).field(DISPOSITION_READS).has_person(&[READ_BY]) {
        rows(&reads).for_each(|row| people.add(row.actor_user, row.actor_for));
    }
    if selected.field(ASSETS).field(CREDENTIAL).has(&[RECIPIENT])
        || selected.field(CLOSED_ACTIONS).field(AWAITED).has(&[AWAITED_PEOPLE])
    {
        rows(&credentials).for_each(|row| people.add(row.recipient_id, None));
    }
    fill(session, true, people.0.into_iter().map(PersonById).collect()).await?;
    Ok(())
}

/// Prefetches the events of requests, for each selection by its own arguments. Returns events with a selected actor.
async fn events(
    context: &Context<'_>,
    requests: &[Request],
    selected: &Selections<'_>,
) -> Result<Vec<entity::event::Model>> {
    let mut with_actor = Vec::new();
    for (field, selected) in selected.each() {
        // The field itself reports errors in its arguments.
        let Ok(arguments) = PageArguments::from_field(&field) else { continue };
        let range = |request: &Request| request_event_range(service(context).ok()?, &request.0, &arguments).ok();
        let keys = requests.iter().filter_map(|request| Some(EventsOf(request.0.row.id, range(request)?)));
        let pages = fill(session(context)?, true, keys.collect()).await?;
        if selected.entries().has_person(&[EVENT_ACTOR]) {
            with_actor.extend(pages.into_values().flat_map(|page| page.rows).map(|numbered| numbered.event));
        }
    }
    Ok(with_actor)
}

/// Prefetches for requests among nodes.
pub(crate) async fn nodes<'a>(context: &Context<'_>, nodes: impl IntoIterator<Item = &'a Node>) -> Result<()> {
    let request = |node: &Node| match node {
        Node::Request(request) => Some(request.clone()),
        _ => None,
    };
    let found: Vec<Request> = nodes.into_iter().filter_map(request).collect();
    requests(context, &found, &Selections::of_field(context)).await
}

/// Prefetches for dispositions.
pub(crate) async fn dispositions(
    context: &Context<'_>,
    dispositions: &[Disposition],
    selected: &Selections<'_>,
) -> Result<()> {
    let session = session(context)?;
    let ids = dispositions.iter().map(|disposition| ReadsOf(disposition.row.id));
    let reads = fill(session, selected.has(&[DISPOSITION_READS]), ids.collect()).await?;
    let mut people = PersonIds::default();
    if selected.has_person(&[DISPOSITION_FROM]) {
        dispositions.iter().for_each(|given| people.add(given.row.actor_user, given.row.actor_for));
    }
    if selected.field(DISPOSITION_READS).has_person(&[READ_BY]) {
        rows(&reads).for_each(|row| people.add(row.actor_user, row.actor_for));
    }
    fill(session, true, people.0.into_iter().map(PersonById).collect()).await?;
    let of: Vec<Request> = dispositions.iter().map(|disposition| disposition.request.clone()).collect();
    requests(context, &of, &selected.field(DISPOSITION_REQUEST)).await
}

/// Prefetches for assets.
pub(crate) async fn assets(
    context: &Context<'_>,
    assets: &[entity::asset::Model],
    selected: &Selections<'_>,
) -> Result<()> {
    let session = session(context)?;
    let (found, credentials, _) = tokio::try_join!(
        fill(
            session,
            selected.has(&[ASSET_REQUEST]),
            assets.iter().map(|asset| SeenRequestById(asset.request_id)).collect::<BTreeSet<_>>().into_iter().collect()
        ),
        fill(session, selected.has(&[CREDENTIAL]), assets.iter().map(|asset| CredentialOf(asset.id)).collect()),
        fill(session, selected.has(&[AGENCY]), agencies(assets.iter().map(|asset| asset.agency_id))),
    )?;
    let mut people = PersonIds::default();
    if selected.field(CREDENTIAL).has(&[RECIPIENT]) {
        rows(&credentials).for_each(|row| people.add(row.recipient_id, None));
    }
    fill(session, true, people.0.into_iter().map(PersonById).collect()).await?;
    let of: Vec<Request> = found.into_values().map(Request).collect();
    requests(context, &of, &selected.field(ASSET_REQUEST)).await
}

fn agencies(ids: impl Iterator<Item = Uuid>) -> Vec<AgencyById> {
    let ids: BTreeSet<Uuid> = ids.collect();
    ids.into_iter().map(AgencyById).collect()
}
