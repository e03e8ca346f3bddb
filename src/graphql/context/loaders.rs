//! Data loaders: one statement for many keys. One instance per operation, never shared between callers.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use entity::{agency, asset, credential, disposition, disposition_read, document, signature, submission, user, visit};
use uuid::Uuid;

use super::viewer_dependence::Asked;
use crate::access::Seen;
use crate::service::Service;
use crate::store::{self, EventRange, NumberedEvent, Page, SeenRequest, StoreError, Viewing};

/// Data loaders of one caller.
pub(in crate::graphql) struct Loads {
    service: Service,
    viewing: Viewing,
    asked: Asked,
}

impl Loads {
    /// Creates the loaders for a caller's visibility.
    pub(in crate::graphql) fn new(service: Service, viewing: Viewing, asked: Asked) -> Self {
        Self { service, viewing, asked }
    }

    /// Returns the caller's visibility and notes the dependence on the viewer.
    fn viewing(&self) -> &Viewing {
        self.asked.note();
        &self.viewing
    }
}

/// A failure shared by all waiting fields.
pub(in crate::graphql) type LoadError = Arc<StoreError>;

/// Groups rows by key.
fn grouped<K: Eq + Hash + Copy, R>(keys: &[K], rows: Vec<R>, of: impl Fn(&R) -> K) -> HashMap<K, Vec<R>> {
    let mut groups: HashMap<K, Vec<R>> = keys.iter().map(|key| (*key, Vec::new())).collect();
    for row in rows {
        if let Some(group) = groups.get_mut(&of(&row)) {
            group.push(row);
        }
    }
    groups
}

macro_rules! loads {
    ($(#[$doc:meta])* $key:ident => Vec<$row:ty>, $read:expr, $of:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(in crate::graphql) struct $key(pub(in crate::graphql) Uuid);

        impl Loader<$key> for Loads {
            type Value = Vec<$row>;
            type Error = LoadError;

            async fn load(&self, keys: &[$key]) -> Result<HashMap<$key, Vec<$row>>, LoadError> {
                let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
                let rows = $read(self.service.store(), ids).await.map_err(Arc::new)?;
                Ok(grouped(keys, rows, |row: &$row| $key($of(row))))
            }
        }
    };
}

loads!(
    /// Visits of a request.
    VisitsOf => Vec<visit::Model>,
    async |store: &store::Store, ids: Vec<Uuid>| store::visits_of(store.reader(), &ids).await,
    |row: &visit::Model| row.request_id
);
loads!(
    /// Submissions of a request.
    SubmissionsOf => Vec<submission::Model>,
    async |store: &store::Store, ids: Vec<Uuid>| store::submissions_of(store, &ids).await,
    |row: &submission::Model| row.request_id
);
loads!(
    /// Dispositions of a request.
    DispositionsOf => Vec<disposition::Model>,
    async |store: &store::Store, ids: Vec<Uuid>| store::dispositions_of(store, &ids).await,
    |row: &disposition::Model| row.request_id
);
loads!(
    /// Read receipts of a disposition.
    ReadsOf => Vec<disposition_read::Model>,
    async |store: &store::Store, ids: Vec<Uuid>| store::reads_of(store, &ids).await,
    |row: &disposition_read::Model| row.disposition_id
);
loads!(
    /// Documents of a request.
    DocumentsOf => Vec<document::Model>,
    async |store: &store::Store, ids: Vec<Uuid>| store::documents_of(store.reader(), &ids).await,
    |row: &document::Model| row.request_id
);
loads!(
    /// Signatures on a document.
    SignaturesOf => Vec<signature::Model>,
    async |store: &store::Store, ids: Vec<Uuid>| store::signatures_of(store.reader(), &ids).await,
    |row: &signature::Model| row.document_id
);
loads!(
    /// Asset of a request: none or one.
    AssetsOf => Vec<asset::Model>,
    async |store: &store::Store, ids: Vec<Uuid>| store::assets_of(store.reader(), &ids).await,
    |row: &asset::Model| row.request_id
);
loads!(
    /// Credential of an asset: none or one.
    CredentialOf => Vec<credential::Model>,
    async |store: &store::Store, ids: Vec<Uuid>| store::credentials_of(store.reader(), &ids).await,
    |row: &credential::Model| row.asset_id
);
loads!(
    /// Person by id.
    PersonOf => Vec<user::Model>,
    async |store: &store::Store, ids: Vec<Uuid>| store.people(&ids).await,
    |row: &user::Model| row.id
);
loads!(
    /// Agency by id.
    AgencyOf => Vec<agency::Model>,
    async |store: &store::Store, ids: Vec<Uuid>| store.agencies(&ids).await,
    |row: &agency::Model| row.id
);
loads!(
    /// Asset by id, without visibility check.
    AssetIs => Vec<asset::Model>,
    async |store: &store::Store, ids: Vec<Uuid>| store::by_ids::<asset::Entity>(store, ids).await,
    |row: &asset::Model| row.id
);
loads!(
    /// Document by id, without visibility check.
    DocumentIs => Vec<document::Model>,
    async |store: &store::Store, ids: Vec<Uuid>| store::by_ids::<document::Entity>(store, ids).await,
    |row: &document::Model| row.id
);
loads!(
    /// Disposition by id, without visibility check.
    DispositionIs => Vec<disposition::Model>,
    async |store: &store::Store, ids: Vec<Uuid>| store::by_ids::<disposition::Entity>(store, ids).await,
    |row: &disposition::Model| row.id
);

/// Numbered event by id, without visibility check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct EventIs(pub(in crate::graphql) Uuid);

impl Loader<EventIs> for Loads {
    type Value = NumberedEvent;
    type Error = LoadError;

    async fn load(&self, keys: &[EventIs]) -> Result<HashMap<EventIs, NumberedEvent>, LoadError> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let rows = store::events_by_ids(self.service.store(), &ids).await.map_err(Arc::new)?;
        Ok(rows.into_iter().map(|row| (EventIs(row.event.id), row)).collect())
    }
}

/// A page of a request's events.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct EventsOf(pub(in crate::graphql) Uuid, pub(in crate::graphql) EventRange);

impl Loader<EventsOf> for Loads {
    type Value = Page<NumberedEvent>;
    type Error = LoadError;

    async fn load(&self, keys: &[EventsOf]) -> Result<HashMap<EventsOf, Self::Value>, LoadError> {
        let mut found = HashMap::new();
        for (stretch, ids) in alike(keys, |key| (key.1.clone(), key.0)) {
            let pages = store::events_of(self.service.store(), &ids, &stretch).await.map_err(Arc::new)?;
            found.extend(pages.into_iter().map(|(id, page)| (EventsOf(id, stretch.clone()), page)));
        }
        Ok(found)
    }
}

/// People of an agency with one of the roles in an office, ordered by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct PeopleOf {
    pub(in crate::graphql) agency: Uuid,
    pub(in crate::graphql) office: String,
    pub(in crate::graphql) roles: Vec<String>,
}

impl Loader<PeopleOf> for Loads {
    type Value = Vec<user::Model>;
    type Error = LoadError;

    async fn load(&self, keys: &[PeopleOf]) -> Result<HashMap<PeopleOf, Self::Value>, LoadError> {
        let mut found: HashMap<PeopleOf, Vec<user::Model>> = HashMap::new();
        for ((office, roles), agencies) in alike(keys, |key| ((key.office.clone(), key.roles.clone()), key.agency)) {
            let (store, now) = (self.service.store(), self.service.now());
            let people = store::agency_people(store.reader(), &office, &agencies, &roles, now).await;
            for (agency, person) in people.map_err(Arc::new)? {
                let key = PeopleOf { agency, office: office.clone(), roles: roles.clone() };
                found.entry(key).or_default().push(person);
            }
        }
        Ok(found)
    }
}

/// Presence of a present or past grant of a person in an office.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct HeldIn {
    pub(in crate::graphql) user: Uuid,
    pub(in crate::graphql) office: String,
}

impl Loader<HeldIn> for Loads {
    type Value = ();
    type Error = LoadError;

    async fn load(&self, keys: &[HeldIn]) -> Result<HashMap<HeldIn, ()>, LoadError> {
        let mut found = HashMap::new();
        for (office, people) in alike(keys, |key| (key.office.clone(), key.user)) {
            let (store, now) = (self.service.store(), self.service.now());
            let held = store::holders_in(store.reader(), &office, &people, now).await.map_err(Arc::new)?;
            found.extend(held.into_iter().map(|user| (HeldIn { user, office: office.clone() }, ())));
        }
        Ok(found)
    }
}

/// Groups keys for one statement each: shared part and ids.
fn alike<K, S: Eq + Hash>(keys: &[K], split: impl Fn(&K) -> (S, Uuid)) -> HashMap<S, Vec<Uuid>> {
    let mut groups: HashMap<S, Vec<Uuid>> = HashMap::new();
    for (shared, id) in keys.iter().map(split) {
        groups.entry(shared).or_default().push(id);
    }
    groups
}

/// A colleague: the caller, or a person with a present or past grant in one of the caller's offices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::graphql) struct ColleagueIs(pub(in crate::graphql) Uuid);

impl Loader<ColleagueIs> for Loads {
    type Value = Vec<user::Model>;
    type Error = LoadError;

    async fn load(&self, keys: &[ColleagueIs]) -> Result<HashMap<ColleagueIs, Vec<user::Model>>, LoadError> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let rows = self.service.store().colleagues(self.viewing(), &ids).await.map_err(Arc::new)?;
        Ok(grouped(keys, rows, |row| ColleagueIs(row.id)))
    }
}

/// A request visible to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::graphql) struct RequestOf(pub(in crate::graphql) Uuid);

impl Loader<RequestOf> for Loads {
    type Value = Arc<Seen<SeenRequest>>;
    type Error = LoadError;

    async fn load(&self, keys: &[RequestOf]) -> Result<HashMap<RequestOf, Self::Value>, LoadError> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let seen = store::see_requests(self.service.store(), self.viewing(), &ids).await.map_err(Arc::new)?;
        Ok(seen.into_iter().map(|seen| (RequestOf(seen.row.id), Arc::new(seen))).collect())
    }
}
