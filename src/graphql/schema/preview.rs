//! `ActPreview`: the result of a dry run (`validateOnly`).

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

/// The result of a dry run, as far as it would be visible to you.
#[derive(SimpleObject)]
pub(crate) struct ActPreview {
    /// The phase of the request after the act.
    status: RequestStatus,
    /// The version of the request after the act.
    version: i32,
    /// The next to act, with their step; null where the request has ended, or would.
    awaited: Option<Awaited>,
    /// The kinds of documents added by the act.
    documents: Vec<RecordKind>,
    /// The role to receive a disposition; null where there would be none.
    disposition_to: Option<Role>,
    /// The asset added or changed; null where none would be.
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
    /// Translates the preview of the service.
    pub(crate) fn from_service(context: &Context<'_>, preview: Preview) -> Result<Self> {
        let Preview { row, awaited, documents, disposition, asset } = preview;
        let procedure = &session::service(context)?.entry_of(&row).map_err(error::from_refused)?.procedure;
        let asset = match asset {
            None => None,
            Some(asset) => Some(AssetPreview { status: from_word(&asset.status)?, kind: asset.kind, name: asset.name }),
        };
        Ok(Self {
            status: from_word(&row.status)?,
            version: row.version,
            awaited: awaited.map(|awaited| Awaited::from_service(context, &row, awaited)).transpose()?,
            documents: documents.iter().map(|key| RecordKind::from_key(procedure, key)).collect(),
            disposition_to: disposition.map(|key| role(context, &row.office, &key)).transpose()?,
            asset,
        })
    }
}
