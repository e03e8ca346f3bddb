//! `User`: a person.

use async_graphql::{Context, ID, Object, Result};
use entity::user;
use uuid::Uuid;

use super::agency::{Agency, agency};
use super::scalars::id;
use crate::access::{Field, WholeOffice};
use crate::graphql::context::loaders::{HeldIn, PersonOf};
use crate::graphql::context::session::{caller, service, session};
use crate::graphql::error;
use crate::service::CallerWithPolicy;

/// A person.
pub(crate) struct User {
    row: user::Model,
    /// The office they were met in: its policy governs their other fields.
    office: Option<String>,
}

impl User {
    /// A person, met in an office or nowhere in particular.
    pub(crate) fn met_in(row: user::Model, office: Option<&str>) -> Self {
        Self { row, office: office.map(str::to_owned) }
    }

    /// Returns true for the caller, and for people known to the office they were met in, if the caller `may` there. People of
    /// other offices are known from the beginning of their first grant; until then only their name is visible.
    async fn shows(&self, context: &Context<'_>, may: impl Fn(&CallerWithPolicy, &str) -> bool) -> Result<bool> {
        if self.is_caller(context) {
            return Ok(true);
        }
        let Some(office) =
            self.office.as_ref().filter(|office| caller(context).is_ok_and(|caller| may(caller, office)))
        else {
            return Ok(false);
        };
        if self.row.office.as_ref() == Some(office) {
            return Ok(true);
        }
        let held = HeldIn { user: self.row.id, office: office.clone() };
        Ok(session(context)?.loader().load_one(held).await.map_err(error::load)?.is_some())
    }

    /// Returns true for the caller.
    fn is_caller(&self, context: &Context<'_>) -> bool {
        caller(context).is_ok_and(|caller| caller.pass.user == self.row.id)
    }
}

/// A person.
#[Object]
impl User {
    /// Its opaque id.
    pub(crate) async fn id(&self) -> ID {
        id::encode("User", self.row.id)
    }

    /// The name they sign in with; null for others than yourself, unless you manage the people of the office you met them in. An
    /// office meets a person of another when its first grant to them begins.
    async fn username(&self, context: &Context<'_>) -> Result<Option<&str>> {
        let service = service(context)?;
        let shown = self.shows(context, |caller, office| service.manages_people(caller, office)).await?;
        Ok(shown.then_some(self.row.username.as_str()))
    }

    /// Their name.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// Their civil servant number (NIP), 18 digits; null where there is none, and for others than yourself unless the policy of
    /// the office you met them in lets you read it (`field:nip`). An office meets a person of another when its first grant to
    /// them begins.
    async fn nip(&self, context: &Context<'_>) -> Result<Option<&str>> {
        let service = service(context)?;
        let reads = |caller: &CallerWithPolicy, office: &str| {
            service.reads(caller, &WholeOffice(office.to_owned()), Field::Nip)
        };
        let shown = self.shows(context, reads).await?;
        Ok(self.row.nip.as_deref().filter(|_| shown))
    }

    /// Their agency; null for an office's people.
    async fn agency(&self, context: &Context<'_>) -> Result<Option<Agency>> {
        match self.row.agency_id {
            None => Ok(None),
            Some(id) => Ok(Some(agency(context, id).await?)),
        }
    }
}

/// Finds the person of an id, met in an office or nowhere in particular.
pub(crate) async fn person(context: &Context<'_>, id: Uuid, office: Option<&str>) -> Result<User> {
    let found = session(context)?.loader().load_one(PersonOf(id)).await.map_err(error::load)?;
    let found = found.and_then(|mut rows| rows.pop()).map(|row| User::met_in(row, office));
    found.ok_or_else(|| error::damaged("a person is missing"))
}
