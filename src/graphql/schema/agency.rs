//! `Agency`: an organisation that asks (OPD).

use async_graphql::{Context, ID, Object, Result};
use entity::agency;
use uuid::Uuid;

use super::office::Office;
use super::scalars::id;
use super::scalars::moment::Moment;
use crate::graphql::context::loaders::AgencyOf;
use crate::graphql::context::session::session;
use crate::graphql::error;

/// An organisation that asks (OPD).
pub(crate) struct Agency(pub(crate) agency::Model);

/// An organisation that asks (OPD).
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

    /// The office that serves it.
    async fn office(&self) -> Office {
        Office(self.0.office.clone())
    }

    /// Since when it asks for nothing more; null while it is in service.
    async fn deactivated_at(&self) -> Option<Moment> {
        self.0.deactivated_at.map(Moment)
    }
}

/// The agency of that id.
pub(crate) async fn agency(context: &Context<'_>, id: Uuid) -> Result<Agency> {
    let found = session(context)?.loader().load_one(AgencyOf(id)).await.map_err(error::load)?;
    found.and_then(|mut rows| rows.pop()).map(Agency).ok_or_else(|| error::damaged("an agency is missing"))
}
