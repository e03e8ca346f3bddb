//! The acts on assets and credentials: `revealCredential`, `reissueCredential`, `revokeAsset`.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::Asset;
use crate::auth::Secret;
use crate::graphql::context::session::{service, session};
use crate::graphql::error;
use crate::graphql::schema::payload::{ActOptions, acting_pass, payload};
use crate::graphql::schema::preview::ActPreview;
use crate::graphql::schema::scalars::id;
use crate::graphql::schema::user_error::{UserError, split_user_errors};
use crate::service::{self as command, ActMode, ActResult};
use crate::store;

/// A credential to be read.
#[derive(InputObject)]
struct RevealCredentialInput {
    /// The asset.
    asset_id: ID,
    /// The same key shows it again for ten minutes, in case the answer was lost.
    idempotency_key: String,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
    /// Dry run: shows no secret and uses none up. The idempotency key is only validated: a credential read before is refused as
    /// such. Null is as false.
    #[graphql(default_with = "Some(false)")]
    validate_only: Option<bool>,
}

/// A credential, replaced.
#[derive(InputObject)]
struct ReissueCredentialInput {
    /// The asset.
    asset_id: ID,
    /// The new secret.
    secret: String,
    /// Its recipient; the one before when not given.
    recipient_id: Option<ID>,
    #[graphql(flatten)]
    options: ActOptions,
}

/// An asset, taken out of service.
#[derive(InputObject)]
struct RevokeAssetInput {
    /// The asset.
    asset_id: ID,
    /// Why.
    reason: String,
    #[graphql(flatten)]
    options: ActOptions,
}

payload!(ReissueCredentialPayload, asset: Asset);
payload!(RevokeAssetPayload, asset: Asset);

/// A credential, or why it is not shown.
#[derive(SimpleObject)]
struct RevealCredentialPayload {
    /// The user name. Null when refused or only tried, or where there is none.
    username: Option<String>,
    /// The secret: not shown again. Null when refused, or only tried.
    secret: Option<String>,
    /// The asset. Null when refused, or only tried.
    asset: Option<Asset>,
    /// The preview of a dry run (`validateOnly`). Null otherwise, or when refused.
    preview: Option<ActPreview>,
    /// Errors in the input; empty when it is shown, or would be.
    user_errors: Vec<UserError>,
}

/// Reads an asset after an act.
async fn reread_asset(context: &Context<'_>, id: uuid::Uuid) -> Result<Option<Asset>> {
    session(context)?.clear_caches();
    let row = store::asset_by_id(service(context)?.store().reader(), id).await.map_err(error::from_store)?;
    Ok(row.map(Asset::from_row))
}

/// Acts on assets and their credentials.
#[derive(Default)]
pub(crate) struct AssetMutation;

/// Acts on assets and their credentials.
#[Object]
impl AssetMutation {
    /// Shows you your credential, once. Null only beside an error.
    async fn reveal_credential(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The credential.")] input: RevealCredentialInput,
    ) -> Result<Option<RevealCredentialPayload>> {
        let pass = acting_pass(context, input.acting_as.as_ref())?;
        let reveal = command::RevealCredential {
            asset: id::uuid(context, "Asset", "input.assetId", &input.asset_id)?,
            idempotency_key: input.idempotency_key,
        };
        let mode = ActMode::from_validate_only(input.validate_only);
        let nothing = RevealCredentialPayload {
            username: None,
            secret: None,
            asset: None,
            preview: None,
            user_errors: Vec::new(),
        };
        Ok(Some(match split_user_errors(service(context)?.reveal_credential(pass, reveal, mode).await)? {
            Err(user_errors) => RevealCredentialPayload { user_errors, ..nothing },
            Ok(ActResult::Previewed(preview)) => {
                RevealCredentialPayload { preview: Some(ActPreview::from_service(context, *preview)?), ..nothing }
            }
            Ok(ActResult::Committed(revealed)) => RevealCredentialPayload {
                username: revealed.username,
                secret: Some(revealed.secret.expose().to_owned()),
                asset: reread_asset(context, revealed.asset).await?,
                ..nothing
            },
        }))
    }

    /// Replaces a lost credential; the new one waits for its recipient. Null only beside an error.
    async fn reissue_credential(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The new credential.")] input: ReissueCredentialInput,
    ) -> Result<Option<ReissueCredentialPayload>> {
        let (pass, mode) = input.options.pass_and_mode(context)?;
        let reissue = command::ReissueCredential {
            asset: id::uuid(context, "Asset", "input.assetId", &input.asset_id)?,
            secret: Secret::new(input.secret),
            recipient: id::optional_uuid(context, "User", "input.recipientId", input.recipient_id.as_ref())?,
            idempotency_key: input.options.idempotency_key,
        };
        let answer = service(context)?.reissue_credential(pass, reissue, mode).await;
        ReissueCredentialPayload::from_answer(context, answer, |id| reread_asset(context, id)).await
    }

    /// Takes a delivered asset out of service, and frees its name or place. Null only beside an error.
    async fn revoke_asset(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The asset.")] input: RevokeAssetInput,
    ) -> Result<Option<RevokeAssetPayload>> {
        let (pass, mode) = input.options.pass_and_mode(context)?;
        let revoke = command::RevokeAsset {
            asset: id::uuid(context, "Asset", "input.assetId", &input.asset_id)?,
            reason: input.reason,
            idempotency_key: input.options.idempotency_key,
        };
        let answer = service(context)?.revoke_asset(pass, revoke, mode).await;
        RevokeAssetPayload::from_answer(context, answer, |id| reread_asset(context, id)).await
    }
}
