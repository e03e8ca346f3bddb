//! Data loaders: one statement for many keys. One instance per operation, never shared between callers.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use entity::{agency, asset, credential, disposition, disposition_read, document, signature, submission, user, visit};
use uuid::Uuid;

use super::viewer_dependence::ViewerDependence;
use crate::access::Seen;
use crate::service::Service;
use crate::store::{self, EventRange, NumberedEvent, Page, SeenRequest, StoreError, Viewing};

/// Data loaders of one caller.
pub(in crate::graphql) struct Loaders {
    service: Service,
    viewing: Viewing,
    dependence: ViewerDependence,
}

impl Loaders {
    /// Creates the loaders for a caller's visibility.
    pub(in crate::graphql) fn new(service: Service, viewing: Viewing, dependence: ViewerDependence) -> Self {
        Self { service, viewing, dependence }
    }

    /// Returns the caller's visibility and notes the dependence on the viewer.
    fn viewing(&self) -> &Viewing {
        self.dependence.note();
        &self.viewing
    }
}

/// A failure shared by all waiting fields.
pub(in crate::graphql) type LoadError = Arc<StoreError>;

/// Groups rows by key.
fn group_rows<K: Eq + Hash + Copy, R>(keys: &[K], rows: Vec<R>, of: impl Fn(&R) -> K) -> HashMap<K, Vec<R>> {
    let mut groups: HashMap<K, Vec<R>> = keys.iter().map(|key| (*key, Vec::new())).collect();
    for row in rows {
        if let Some(group) = groups.get_mut(&of(&row)) {
            group.push(row);
        }
    }
    groups
}

/// Makes a loader of each line: a key by an id, for the rows that have the id in the column.
macro_rules! loaders {
    (|$store:ident, $ids:ident| $($(#[$doc:meta])* $key:ident: $row:ident by $column:ident = $read:expr;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
            pub(in crate::graphql) struct $key(pub(in crate::graphql) Uuid);

            impl Loader<$key> for Loaders {
                type Value = Vec<$row::Model>;
                type Error = LoadError;

                async fn load(&self, keys: &[$key]) -> Result<HashMap<$key, Vec<$row::Model>>, LoadError> {
                    let $store = self.service.store();
                    let $ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
                    let rows = $read.await.map_err(Arc::new)?;
                    Ok(group_rows(keys, rows, |row: &$row::Model| $key(row.$column)))
                }
            }
        )+
    };
}

loaders! {
    |store, ids|
    /// Visits of a request.
    VisitsOf: visit by request_id = store::visits_of(store.reader(), &ids);
    /// Visit under way of a request: none or one.
    CurrentVisitOf: visit by request_id = store::part_rows::<store::CurrentVisit>(store, ids);
    /// Submissions of a request.
    SubmissionsOf: submission by request_id = store::part_rows::<store::Submissions>(store, ids);
    /// Dispositions of a request.
    DispositionsOf: disposition by request_id = store::part_rows::<store::Dispositions>(store, ids);
    /// Read receipts of a disposition.
    ReadsOf: disposition_read by disposition_id = store::reads_of(store, &ids);
    /// Documents of a request.
    DocumentsOf: document by request_id = store::documents_of(store.reader(), &ids);
    /// Signatures on a document.
    SignaturesOf: signature by document_id = store::signatures_of(store.reader(), &ids);
    /// Asset of a request: none or one.
    AssetsOf: asset by request_id = store::assets_of(store.reader(), &ids);
    /// Credential of an asset: none or one.
    CredentialOf: credential by asset_id = store::credentials_of(store.reader(), &ids);
    /// Person by id.
    PersonById: user by id = store.people(&ids);
    /// Agency by id.
    AgencyById: agency by id = store.agencies(&ids);
    /// Asset by id, without visibility check.
    AssetById: asset by id = store::by_ids::<asset::Entity>(store, ids);
    /// Document by id, without visibility check.
    DocumentById: document by id = store::by_ids::<document::Entity>(store, ids);
    /// Disposition by id, without visibility check.
    DispositionById: disposition by id = store::by_ids::<disposition::Entity>(store, ids);
}

/// Numbered event by id, without visibility check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct EventById(pub(in crate::graphql) Uuid);

impl Loader<EventById> for Loaders {
    type Value = NumberedEvent;
    type Error = LoadError;

    async fn load(&self, keys: &[EventById]) -> Result<HashMap<EventById, NumberedEvent>, LoadError> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let rows = store::events_by_ids(self.service.store(), &ids).await.map_err(Arc::new)?;
        Ok(rows.into_iter().map(|row| (EventById(row.event.id), row)).collect())
    }
}

/// A page of a request's events; none where a cursor is of another log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct EventsOf(pub(in crate::graphql) Uuid, pub(in crate::graphql) EventRange);

impl Loader<EventsOf> for Loaders {
    type Value = Page<NumberedEvent>;
    type Error = LoadError;

    async fn load(&self, keys: &[EventsOf]) -> Result<HashMap<EventsOf, Self::Value>, LoadError> {
        let mut found = HashMap::new();
        for (stretch, ids) in group_keys(keys, |key| (key.1.clone(), key.0)) {
            let pages = store::events_of(self.service.store(), &ids, &stretch).await.map_err(Arc::new)?;
            found.extend(pages.into_iter().map(|(id, page)| (EventsOf(id, stretch.clone()), page)));
        }
        Ok(found)
    }
}

/// People of an agency with one of the roles in an office, ordered by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct AgencyPeople {
    pub(in crate::graphql) agency: Uuid,
    pub(in crate::graphql) office: String,
    pub(in crate::graphql) roles: Vec<String>,
}

impl Loader<AgencyPeople> for Loaders {
    type Value = Vec<user::Model>;
    type Error = LoadError;

    async fn load(&self, keys: &[AgencyPeople]) -> Result<HashMap<AgencyPeople, Self::Value>, LoadError> {
        let mut found: HashMap<AgencyPeople, Vec<user::Model>> = HashMap::new();
        for ((office, roles), agencies) in group_keys(keys, |key| ((key.office.clone(), key.roles.clone()), key.agency))
        {
            let (store, now) = (self.service.store(), self.service.now());
            let people = store::agency_people(store.reader(), &office, &agencies, &roles, now).await;
            for (agency, person) in people.map_err(Arc::new)? {
                let key = AgencyPeople { agency, office: office.clone(), roles: roles.clone() };
                found.entry(key).or_default().push(person);
            }
        }
        Ok(found)
    }
}

/// A person with a present or past grant in an office.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct GrantHolder {
    pub(in crate::graphql) user: Uuid,
    pub(in crate::graphql) office: String,
}

impl Loader<GrantHolder> for Loaders {
    type Value = ();
    type Error = LoadError;

    async fn load(&self, keys: &[GrantHolder]) -> Result<HashMap<GrantHolder, ()>, LoadError> {
        let mut found = HashMap::new();
        for (office, people) in group_keys(keys, |key| (key.office.clone(), key.user)) {
            let (store, now) = (self.service.store(), self.service.now());
            let held = store::holders_in(store.reader(), &office, &people, now).await.map_err(Arc::new)?;
            found.extend(held.into_iter().map(|user| (GrantHolder { user, office: office.clone() }, ())));
        }
        Ok(found)
    }
}

/// Groups keys for one statement each: shared part and ids.
fn group_keys<K, S: Eq + Hash>(keys: &[K], split: impl Fn(&K) -> (S, Uuid)) -> HashMap<S, Vec<Uuid>> {
    let mut groups: HashMap<S, Vec<Uuid>> = HashMap::new();
    for (shared, id) in keys.iter().map(split) {
        groups.entry(shared).or_default().push(id);
    }
    groups
}

/// A colleague: the caller, or a person with a present or past grant in one of the caller's offices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct ColleagueById(pub(in crate::graphql) Uuid);

impl Loader<ColleagueById> for Loaders {
    type Value = Vec<user::Model>;
    type Error = LoadError;

    async fn load(&self, keys: &[ColleagueById]) -> Result<HashMap<ColleagueById, Vec<user::Model>>, LoadError> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let rows = self.service.store().colleagues(self.viewing(), &ids).await.map_err(Arc::new)?;
        Ok(group_rows(keys, rows, |row| ColleagueById(row.id)))
    }
}

/// A request visible to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::graphql) struct SeenRequestById(pub(in crate::graphql) Uuid);

impl Loader<SeenRequestById> for Loaders {
    type Value = Arc<Seen<SeenRequest>>;
    type Error = LoadError;

    async fn load(&self, keys: &[SeenRequestById]) -> Result<HashMap<SeenRequestById, Self::Value>, LoadError> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let seen = store::see_requests(self.service.store(), self.viewing(), &ids).await.map_err(Arc::new)?;
        Ok(seen.into_iter().map(|seen| (SeenRequestById(seen.row.id), Arc::new(seen))).collect())
    }
}
