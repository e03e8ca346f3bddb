//! `Agency`: a requesting organisation (OPD).

use async_graphql::{Context, ID, Object, Result};
use entity::agency;
use uuid::Uuid;

use super::office::Office;
use super::scalars::date_time::DateTime;
use super::scalars::id;
use crate::graphql::context::loaders::AgencyOf;
use crate::graphql::context::session::session;
use crate::graphql::error;

/// A requesting organisation (OPD).
pub(crate) struct Agency(pub(crate) agency::Model);

/// A requesting organisation (OPD).
#[Object]
impl Agency {
    /// Its opaque id.
    pub(crate) async fn id(&self) -> ID {
        id::encode("Agency", self.0.id)
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

/// Finds the agency of an id.
pub(crate) async fn agency(context: &Context<'_>, id: Uuid) -> Result<Agency> {
    let found = session(context)?.loader().load_one(AgencyOf(id)).await.map_err(error::load)?;
    found.and_then(|mut rows| rows.pop()).map(Agency).ok_or_else(|| error::damaged("an agency is missing"))
}
