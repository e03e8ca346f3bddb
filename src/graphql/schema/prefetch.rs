//! Reading ahead: what a selection will ask of a whole page is read by one statement for each kind of thing, before the page's
//! fields are resolved. The loaders are filled with it, so that no field waits, and the number of statements is exact.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use async_graphql::dataloader::Loader;
use async_graphql::{Context, Lookahead, Result};
use uuid::Uuid;

use super::disposition::Disposition;
use super::node::Node;
use super::pagination::Arguments;
use super::request::Request;
use super::request_event::{actor_of, stretch};
use crate::access::Side;
use crate::graphql::context::loaders::{
    AgencyOf, AssetsOf, CredentialOf, DispositionsOf, DocumentsOf, EventsOf, LoadError, Loads, PersonOf, ReadsOf,
    RequestOf, SignaturesOf, SubmissionsOf, VisitsOf,
};
use crate::graphql::context::session::{Session, service, session};
use crate::graphql::error;

/// What is selected of the things that are read ahead for: one or more places in the operation.
pub(crate) struct Selected<'a>(Vec<Lookahead<'a>>);

impl<'a> Selected<'a> {
    /// What is selected of a connection's entries.
    pub(crate) fn of_page(context: &'a Context<'a>) -> Self {
        let look = context.look_ahead();
        Self(vec![look.field("nodes"), look.field("edges").field("node")])
    }

    /// What is selected of the field itself.
    pub(crate) fn of_field(context: &'a Context<'a>) -> Self {
        Self(vec![context.look_ahead()])
    }

    /// What is selected of a field below.
    pub(crate) fn field(&self, name: &str) -> Selected<'a> {
        Selected(self.0.iter().map(|look| look.field(name)).collect())
    }

    /// Whether any of the fields is selected.
    fn has(&self, names: &[&str]) -> bool {
        self.0.iter().any(|look| names.iter().any(|name| look.field(name).exists()))
    }

    /// Whether the person behind any of these actors is selected.
    fn has_actor(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.field(name).has(&["user", "onBehalfOf"]))
    }
}

/// Reads what these keys lead to, if it is wanted, and fills the loader with it.
async fn fill<K>(session: &Session, wanted: bool, keys: Vec<K>) -> Result<HashMap<K, <Loads as Loader<K>>::Value>>
where
    K: Send + Sync + Hash + Eq + Clone + 'static,
    Loads: Loader<K, Error = LoadError>,
{
    if !wanted || keys.is_empty() {
        return Ok(HashMap::new());
    }
    let loader = session.loader();
    let read = Loader::<K>::load(loader.loader(), &keys).await.map_err(error::load)?;
    loader.feed_many(read.iter().map(|(key, value)| (key.clone(), value.clone()))).await;
    Ok(read)
}

/// Rows of all keys together.
fn rows<K, R>(read: &HashMap<K, Vec<R>>) -> impl Iterator<Item = &R> {
    read.values().flatten()
}

/// People to be read.
#[derive(Default)]
struct People(BTreeSet<Uuid>);

impl People {
    fn add(&mut self, user: Uuid, on_behalf_of: Option<Uuid>) {
        self.0.insert(user);
        self.0.extend(on_behalf_of);
    }
}

/// Reads ahead for requests.
pub(crate) async fn requests(context: &Context<'_>, requests: &[Request], selected: &Selected<'_>) -> Result<()> {
    let session = session(context)?;
    session.loader().feed_many(requests.iter().map(|request| (RequestOf(request.0.row.id), request.0.clone()))).await;
    let ids = || requests.iter().map(|request| request.0.row.id);
    let office = requests.iter().filter(|request| request.0.side() == Side::Office).map(|request| request.0.row.id);
    let acts = selected.has(&["availableActions", "closedActions", "actions"]);
    // Who ended which steps is decided on where an office's policy asks.
    let separated = acts && requests.iter().any(|request| session.policy().separates(&request.0.row.office));
    let (submissions, visits, documents, assets, dispositions, _) = tokio::try_join!(
        fill(
            session,
            selected.has(&["submissions", "letter", "contact", "details"]),
            ids().map(SubmissionsOf).collect()
        ),
        fill(session, separated || selected.has(&["visits", "currentVisit"]), ids().map(VisitsOf).collect()),
        fill(session, acts || selected.has(&["documents"]), ids().map(DocumentsOf).collect()),
        fill(session, acts || selected.has(&["assets"]), ids().map(AssetsOf).collect()),
        fill(session, selected.has(&["dispositions"]), office.map(DispositionsOf).collect()),
        fill(
            session,
            selected.has(&["agency"]) || selected.field("assets").has(&["agency"]),
            agencies(requests.iter().map(|request| request.0.row.agency_id))
        ),
    )?;
    let assets: Vec<Uuid> = rows(&assets).map(|row| row.id).collect();
    let (signatures, reads, credentials) = tokio::try_join!(
        fill(
            session,
            selected.field("documents").has(&["signatures"]),
            rows(&documents).map(|row| SignaturesOf(row.id)).collect()
        ),
        fill(
            session,
            selected.field("dispositions").has(&["reads"]),
            rows(&dispositions).map(|row| ReadsOf(row.id)).collect()
        ),
        fill(
            session,
            acts || selected.field("assets").has(&["credential"]),
            assets.into_iter().map(CredentialOf).collect()
        ),
    )?;
    let mut people = People::default();
    for event in events(context, requests, &selected.field("events")).await? {
        if let Some(actor) = actor_of(&event) {
            people.add(actor.user, actor.on_behalf_of);
        }
    }
    if selected.has(&["submittedBy"]) || selected.field("closedActions").field("awaited").has(&["people"]) {
        requests.iter().for_each(|request| people.add(request.0.row.submitted_by, None));
    }
    if selected.field("submissions").has_actor(&["by"]) {
        rows(&submissions).for_each(|row| people.add(row.actor_user, row.actor_for));
    }
    if selected.field("visits").has_actor(&["performedBy"])
        || selected.field("currentVisit").has_actor(&["performedBy"])
    {
        rows(&visits).for_each(|row| people.0.extend(row.actor_user.into_iter().chain(row.actor_for)));
    }
    if selected.field("documents").has_actor(&["addedBy"]) {
        rows(&documents).for_each(|row| people.add(row.actor_user, row.actor_for));
    }
    if selected.field("documents").field("signatures").has_actor(&["by"]) {
        rows(&signatures).for_each(|row| people.add(row.actor_user, row.actor_for));
    }
    if selected.field("dispositions").has_actor(&["from"]) {
        rows(&dispositions).for_each(|row| people.add(row.actor_user, row.actor_for));
    }
    if selected.field("dispositions").field("reads").has_actor(&["by"]) {
        rows(&reads).for_each(|row| people.add(row.actor_user, row.actor_for));
    }
    if selected.field("assets").field("credential").has(&["recipient"])
        || selected.field("closedActions").field("awaited").has(&["people"])
    {
        rows(&credentials).for_each(|row| people.add(row.recipient_id, None));
    }
    fill(session, true, people.0.into_iter().map(PersonOf).collect()).await?;
    Ok(())
}

/// Reads the events of requests ahead, for each selection of them by its own arguments. Returns those whose actor is selected.
async fn events(
    context: &Context<'_>,
    requests: &[Request],
    selected: &Selected<'_>,
) -> Result<Vec<entity::event::Model>> {
    let mut with_actor = Vec::new();
    for field in selected.0.iter().flat_map(Lookahead::selection_fields) {
        // What is wrong with the arguments is told by the field itself.
        let Ok(arguments) = Arguments::of_field(&field) else { continue };
        let stretch = |request: &Request| stretch(service(context).ok()?, &request.0, &arguments).ok();
        let keys = requests.iter().filter_map(|request| Some(EventsOf(request.0.row.id, stretch(request)?)));
        let pages = fill(session(context)?, true, keys.collect()).await?;
        let look = Selected(vec![Lookahead::from(field)]);
        if look.field("nodes").has_actor(&["actor"]) || look.field("edges").field("node").has_actor(&["actor"]) {
            with_actor.extend(pages.into_values().flat_map(|page| page.rows).map(|numbered| numbered.event));
        }
    }
    Ok(with_actor)
}

/// Reads ahead for those of the things that are requests.
pub(crate) async fn nodes<'a>(context: &Context<'_>, nodes: impl IntoIterator<Item = &'a Node>) -> Result<()> {
    let request = |node: &Node| match node {
        Node::Request(request) => Some(request.clone()),
        _ => None,
    };
    let found: Vec<Request> = nodes.into_iter().filter_map(request).collect();
    requests(context, &found, &Selected::of_field(context)).await
}

/// Reads ahead for dispositions.
pub(crate) async fn dispositions(
    context: &Context<'_>,
    dispositions: &[Disposition],
    selected: &Selected<'_>,
) -> Result<()> {
    let session = session(context)?;
    let ids = dispositions.iter().map(|disposition| ReadsOf(disposition.row.id));
    let reads = fill(session, selected.has(&["reads"]), ids.collect()).await?;
    let mut people = People::default();
    if selected.has_actor(&["from"]) {
        dispositions.iter().for_each(|given| people.add(given.row.actor_user, given.row.actor_for));
    }
    if selected.field("reads").has_actor(&["by"]) {
        rows(&reads).for_each(|row| people.add(row.actor_user, row.actor_for));
    }
    fill(session, true, people.0.into_iter().map(PersonOf).collect()).await?;
    let of: Vec<Request> = dispositions.iter().map(|disposition| disposition.request.clone()).collect();
    requests(context, &of, &selected.field("request")).await
}

/// Reads ahead for assets.
pub(crate) async fn assets(
    context: &Context<'_>,
    assets: &[entity::asset::Model],
    selected: &Selected<'_>,
) -> Result<()> {
    let session = session(context)?;
    let (found, credentials, _) = tokio::try_join!(
        fill(
            session,
            selected.has(&["request"]),
            assets.iter().map(|asset| RequestOf(asset.request_id)).collect::<BTreeSet<_>>().into_iter().collect()
        ),
        fill(session, selected.has(&["credential"]), assets.iter().map(|asset| CredentialOf(asset.id)).collect()),
        fill(session, selected.has(&["agency"]), agencies(assets.iter().map(|asset| asset.agency_id))),
    )?;
    let mut people = People::default();
    if selected.field("credential").has(&["recipient"]) {
        rows(&credentials).for_each(|row| people.add(row.recipient_id, None));
    }
    fill(session, true, people.0.into_iter().map(PersonOf).collect()).await?;
    let of: Vec<Request> = found.into_values().map(Request).collect();
    requests(context, &of, &selected.field("request")).await
}

fn agencies(ids: impl Iterator<Item = Uuid>) -> Vec<AgencyOf> {
    let ids: BTreeSet<Uuid> = ids.collect();
    ids.into_iter().map(AgencyOf).collect()
}
