//! `Office`: owns SOPs and serves requests. Its fields, and the queries `offices` and `office`.

use async_graphql::{Context, ID, Object, Result};
use entity::user;

use super::agency::Agency;
use super::grant::RoleGrant;
use super::office_event::OfficeEventConnection;
use super::office_people::OfficePerson;
use super::pagination::PageArguments;
use super::procedure::Procedure;
use super::scalars::id;
use super::user::User;
use crate::graphql::context::session::{service, session};
use crate::graphql::error;

/// An office (Dinas): owns SOPs and serves requests. By its key.
pub(crate) struct Office(pub(crate) String);

impl Office {
    fn entry<'a>(&self, context: &Context<'a>) -> Result<&'a crate::service::OfficeEntry> {
        service(context)?.catalog().office(&self.0).ok_or_else(|| error::inconsistent_data("an office is missing"))
    }
}

/// An office (Dinas): owns SOPs and serves requests.
#[Object]
impl Office {
    /// Its opaque id.
    pub(crate) async fn id(&self, context: &Context<'_>) -> Result<ID> {
        id::encode(context, "Office", &self.0)
    }

    /// Its key.
    async fn key(&self) -> &str {
        &self.0
    }

    /// Its name, as printed.
    async fn name<'a>(&self, context: &Context<'a>) -> Result<&'a str> {
        Ok(&self.entry(context)?.office.name)
    }

    /// The city it serves.
    async fn city<'a>(&self, context: &Context<'a>) -> Result<&'a str> {
        Ok(&self.entry(context)?.office.city)
    }

    /// Its time zone, an IANA name (`Asia/Pontianak`): working time is computed in it.
    async fn time_zone(&self, context: &Context<'_>) -> Result<String> {
        Ok(self.entry(context)?.office.time_zone.name().to_owned())
    }

    /// The procedures in force.
    async fn procedures(&self, context: &Context<'_>) -> Result<Vec<Procedure>> {
        let service = service(context)?;
        let zone = self.entry(context)?.office.time_zone;
        let today = service.now().with_timezone(&zone).date_naive();
        let mut keys: Vec<&str> =
            service.catalog().versions(&self.0).map(|entry| entry.procedure.key.as_str()).collect();
        keys.dedup();
        let in_force = keys.into_iter().filter_map(|key| service.catalog().in_force(&self.0, key, today));
        Ok(in_force.map(|entry| Procedure(entry.clone())).collect())
    }

    /// Its people, by name, each with their grants in it; null unless you manage them.
    async fn people(&self, context: &Context<'_>) -> Result<Option<Vec<OfficePerson>>> {
        let (service, session) = (service(context)?, session(context)?);
        let Some(caller) = session.caller() else { return Ok(None) };
        let Some(people) = service.people_of(caller, &self.0).await.map_err(error::from_refused)? else {
            return Ok(None);
        };
        let mut grants = service.grants_of(caller, &self.0).await.map_err(error::from_refused)?.unwrap_or_default();
        let of = |row: user::Model| {
            let theirs =
                grants.extract_if(.., |(user, _)| *user == row.id).map(|(_, grant)| RoleGrant(grant)).collect();
            let active = row.deactivated_at.is_none();
            OfficePerson { user: User::new(row, Some(&self.0)), active, grants: theirs }
        };
        Ok(Some(people.into_iter().map(of).collect()))
    }

    /// The events of the office itself, in the order of the log: of its people, agencies, grants and policies. Null without the
    /// action `see-events`.
    async fn events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start; 20 when not given, 100 at most.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at most.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<OfficeEventConnection>> {
        OfficeEventConnection::load(context, &self.0, &PageArguments { first, after, last, before }).await
    }

    /// The agencies it serves; null when you are not signed in with a grant in this office.
    async fn agencies(&self, context: &Context<'_>) -> Result<Option<Vec<Agency>>> {
        let session = session(context)?;
        let belongs = session.caller().is_some_and(|caller| caller.grants_in(&self.0).next().is_some());
        if !belongs {
            return Ok(None);
        }
        let rows = service(context)?.store().agencies_of(&self.0).await.map_err(error::from_store)?;
        Ok(Some(rows.into_iter().map(Agency).collect()))
    }
}

/// Queries of offices.
#[derive(Default)]
pub(crate) struct OfficeQuery;

/// Queries of offices.
#[Object]
impl OfficeQuery {
    /// The offices. Public.
    async fn offices(&self, context: &Context<'_>) -> Result<Vec<Office>> {
        Ok(service(context)?.catalog().offices().map(|entry| Office(entry.office.key.clone())).collect())
    }

    /// The office of the key; null when there is none. Public.
    async fn office(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its key, as `singkawang`.")] key: String,
    ) -> Result<Option<Office>> {
        Ok(service(context)?.catalog().office(&key).map(|_| Office(key)))
    }
}
