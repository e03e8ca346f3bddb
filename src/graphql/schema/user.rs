//! `User`: a person.

use async_graphql::{Context, ID, Object, Result};
use entity::user;
use uuid::Uuid;

use super::agency::Agency;
use super::scalars::id;
use crate::access::{Field, WholeOffice};
use crate::graphql::context::loaders::{GrantHolder, PersonById};
use crate::graphql::context::session::{caller, load, load_row, service};
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
    pub(crate) fn new(row: user::Model, office: Option<&str>) -> Self {
        Self { row, office: office.map(str::to_owned) }
    }

    /// Loads the person of a stored reference.
    pub(crate) async fn load(context: &Context<'_>, id: Uuid, office: Option<&str>) -> Result<Self> {
        let row = load_row(context, PersonById(id)).await?;
        row.map(|row| Self::new(row, office)).ok_or_else(|| error::inconsistent_data("a person is missing"))
    }

    /// Loads the person of an optional reference, met in an office.
    pub(crate) async fn load_optional(context: &Context<'_>, id: Option<Uuid>, office: &str) -> Result<Option<Self>> {
        match id {
            None => Ok(None),
            Some(id) => Self::load(context, id, Some(office)).await.map(Some),
        }
    }

    /// Returns true for the caller, and for people known to the office they were met in, if the caller's grants there allow it.
    /// People of other offices are known from the beginning of their first grant; until then only their name is visible.
    async fn may_read(&self, context: &Context<'_>, allows: impl Fn(&CallerWithPolicy, &str) -> bool) -> Result<bool> {
        if self.is_caller(context) {
            return Ok(true);
        }
        let Some(office) =
            self.office.as_ref().filter(|office| caller(context).is_ok_and(|caller| allows(caller, office)))
        else {
            return Ok(false);
        };
        if self.row.office.as_ref() == Some(office) {
            return Ok(true);
        }
        let holder = GrantHolder { user: self.row.id, office: office.clone() };
        Ok(load(context, holder).await?.is_some())
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
    pub(crate) async fn id(&self, context: &Context<'_>) -> Result<ID> {
        id::encode(context, "User", self.row.id)
    }

    /// The name they sign in with; null for others than yourself, unless you manage the people of the office you met them in. An
    /// office meets a person of another when its first grant to them begins.
    async fn username(&self, context: &Context<'_>) -> Result<Option<&str>> {
        let service = service(context)?;
        let shown = self.may_read(context, |caller, office| service.manages_people(caller, office)).await?;
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
        let shown = self.may_read(context, reads).await?;
        Ok(self.row.nip.as_deref().filter(|_| shown))
    }

    /// Their agency; null for an office's people.
    async fn agency(&self, context: &Context<'_>) -> Result<Option<Agency>> {
        Agency::load_optional(context, self.row.agency_id).await
    }
}
