//! `RoleGrant`: a person's role in an office, with its capacity.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use super::agency::Agency;
use super::office::Office;
use super::scalars::date_time::DateTime;
use super::scalars::id;
use super::user::User;
use crate::access;
use crate::graphql::context::session::{language, service};

/// A role.
#[derive(SimpleObject)]
pub(crate) struct Role {
    /// Its key, as policies name it.
    key: String,
    /// Its name, as printed; translated where English is wanted.
    name: String,
}

/// Returns the role of a key in an office.
pub(crate) fn role(context: &Context<'_>, office: &str, key: &str) -> Result<Role> {
    let entry = service(context)?.catalog().office(office);
    let language = language(context)?;
    let name = entry.and_then(|entry| Some(entry.office.label(&entry.office.roles.get(key)?.name, language)));
    Ok(Role { key: key.to_owned(), name: name.unwrap_or(key).to_owned() })
}

/// The capacity of a grant.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "access::Capacity")]
pub(crate) enum Capacity {
    /// Definitif.
    Definitive,
    /// Pelaksana tugas (Plt.).
    Acting,
    /// Pelaksana harian (Plh.).
    DailyActing,
}

/// A person's role in an office, from one moment to another.
pub(crate) struct RoleGrant(pub(crate) access::Grant);

/// A person's role in an office, from one moment to another.
#[Object]
impl RoleGrant {
    /// Its opaque id.
    pub(crate) async fn id(&self, context: &Context<'_>) -> Result<ID> {
        id::encode(context, "RoleGrant", self.0.id)
    }

    /// The role.
    async fn role(&self, context: &Context<'_>) -> Result<Role> {
        role(context, &self.0.office, &self.0.role)
    }

    /// The office.
    async fn office(&self) -> Office {
        Office(self.0.office.clone())
    }

    /// The agency, for a role of an agency's people; null otherwise.
    async fn agency(&self, context: &Context<'_>) -> Result<Option<Agency>> {
        Agency::load_optional(context, self.0.agency).await
    }

    /// The capacity.
    async fn capacity(&self) -> Capacity {
        self.0.capacity.into()
    }

    /// The person they stand in for; null for none.
    async fn on_behalf_of(&self, context: &Context<'_>) -> Result<Option<User>> {
        User::load_optional(context, self.0.on_behalf_of, &self.0.office).await
    }

    /// The number of the decree (SK); null where none was given.
    async fn decree_number(&self) -> Option<&str> {
        self.0.decree_number.as_deref()
    }

    /// In force from this moment.
    async fn valid_from(&self) -> DateTime {
        DateTime(self.0.valid_from)
    }

    /// In force until just before this moment; null: without end.
    async fn valid_until(&self) -> Option<DateTime> {
        self.0.valid_until.map(DateTime)
    }
}
