//! `ActPreview`: what an act would do (`validateOnly`).

use async_graphql::{Context, Result, SimpleObject};

use super::asset::AssetStatus;
use super::closed_action::Awaited;
use super::grant::{Role, role};
use super::procedure::RecordKind;
use super::request::RequestStatus;
use super::stored_enum::from_word;
use crate::graphql::context::session;
use crate::graphql::error;
use crate::service::Preview;

/// What an act would do, tried and taken back: as far as you would see it after.
#[derive(SimpleObject)]
pub(crate) struct ActPreview {
    /// In which phase of its life the request would be.
    status: RequestStatus,
    /// The version that the request would have.
    version: i32,
    /// Who would be waited for next, and at which step; null where the request has ended, or would.
    awaited: Option<Awaited>,
    /// The kinds of the documents that would come with it.
    #[graphql(complexity = "3 * child_complexity + 1")]
    documents: Vec<RecordKind>,
    /// The role that a disposition would be for; null where there would be none.
    disposition_to: Option<Role>,
    /// The asset that would come or change; null where none would.
    asset: Option<AssetPreview>,
}

/// An asset as it would be.
#[derive(SimpleObject)]
pub(crate) struct AssetPreview {
    /// Its kind (`CloudAccount`).
    kind: String,
    /// Its name.
    name: String,
    /// How far it would have come.
    status: AssetStatus,
}

impl ActPreview {
    /// Of what was tried.
    pub(crate) fn of(context: &Context<'_>, preview: Preview) -> Result<Self> {
        let Preview { row, awaited, documents, disposition, asset } = preview;
        let procedure = &session::service(context)?.entry_of(&row).map_err(error::of)?.procedure;
        let asset = match asset {
            None => None,
            Some(asset) => Some(AssetPreview { status: from_word(&asset.status)?, kind: asset.kind, name: asset.name }),
        };
        Ok(Self {
            status: from_word(&row.status)?,
            version: row.version,
            awaited: awaited.map(|awaited| Awaited::of(context, &row, awaited)).transpose()?,
            documents: documents.iter().map(|key| RecordKind::of(procedure, key)).collect(),
            disposition_to: disposition.map(|key| role(context, &row.office, &key)).transpose()?,
            asset,
        })
    }
}
