//! `Agency`: a requesting organisation (OPD).

use async_graphql::{Context, ID, Object, Result};
use entity::agency;
use uuid::Uuid;

use super::office::Office;
use super::scalars::date_time::DateTime;
use super::scalars::id;
use crate::graphql::context::loaders::AgencyById;
use crate::graphql::context::session::load_row;
use crate::graphql::error;

/// A requesting organisation (OPD).
pub(crate) struct Agency(pub(crate) agency::Model);

impl Agency {
    /// Loads the agency of a stored reference.
    pub(crate) async fn load(context: &Context<'_>, id: Uuid) -> Result<Self> {
        let row = load_row(context, AgencyById(id)).await?;
        row.map(Self).ok_or_else(|| error::inconsistent_data("an agency is missing"))
    }

    /// Loads the agency of an optional reference.
    pub(crate) async fn load_optional(context: &Context<'_>, id: Option<Uuid>) -> Result<Option<Self>> {
        match id {
            None => Ok(None),
            Some(id) => Self::load(context, id).await.map(Some),
        }
    }
}

/// A requesting organisation (OPD).
#[Object]
impl Agency {
    /// Its opaque id.
    pub(crate) async fn id(&self, context: &Context<'_>) -> Result<ID> {
        id::encode(context, "Agency", self.0.id)
    }

    /// Its key, unique in its office.
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The office serving it.
    async fn office(&self) -> Office {
        Office(self.0.office.clone())
    }

    /// Since when it asks for nothing more; null while it is in service.
    async fn deactivated_at(&self) -> Option<DateTime> {
        self.0.deactivated_at.map(DateTime)
    }
}
