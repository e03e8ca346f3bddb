//! Credentials: one-time reveal, and reissue.

use entity::credential;
use uuid::Uuid;

use crate::access::{Action, Pass};
use crate::auth::Secret;
use crate::event::{Audience, RequestEventKind, RequestEventSubject};
use crate::service::idempotency::SECRET_REPEAT;
use crate::service::requests::act::{ActMode, ActResult, OrderedAct, Recalled};
use crate::service::retry::with_retry;
use crate::service::validation::InputErrors;
use crate::service::{
    AvailableActKind, ReissueCredential, RevealCredential, Service, ServiceError, ServiceResult, UserErrorCode,
};
use crate::store::{self, CredentialState, RequestChange, SavedRequest};
use crate::workflow::Stage;

/// A revealed credential.
#[derive(Debug)]
pub struct RevealedCredential {
    /// The asset.
    pub asset: Uuid,
    /// The username, if the procedure names one.
    pub username: Option<String>,
    /// The secret.
    pub secret: Secret,
}

impl Service {
    /// Shows a credential to its recipient, once.
    pub async fn reveal_credential(
        &self,
        pass: Pass,
        command: RevealCredential,
        mode: ActMode,
    ) -> ServiceResult<ActResult<RevealedCredential>> {
        with_retry(&self.store, || self.try_reveal_credential(pass, &command, mode)).await
    }

    async fn try_reveal_credential(
        &self,
        pass: Pass,
        command: &RevealCredential,
        mode: ActMode,
    ) -> ServiceResult<ActResult<RevealedCredential>> {
        let act = OrderedAct::begin_without_api_keys(self, pass, mode).await?;
        let refused = "Only the recipient of this credential may read it.";
        let (act, row, entry) = act.authorize_on_asset(command.asset, Action::Reveal, refused).await?;
        let unavailable = || {
            let message = "There is no credential to be read for this asset.";
            ServiceError::user(UserErrorCode::CredentialNotAvailable, &["assetId"], message)
        };
        let already = |path: &str, message| ServiceError::user(UserErrorCode::AlreadyRevealed, &[path], message);
        let read = "This credential has been read. If it was lost, ask the office to reissue it.";
        let held = store::credentials_of(act.transaction(), &[row.id]).await?.pop().ok_or_else(unavailable)?;
        if held.recipient_id != pass.user {
            return Err(ServiceError::Forbidden(refused.into()));
        }
        // Stored with the revealed credential: a reissue ends the key.
        let proof = self.store.mac(&[
            b"reveal",
            pass.user.as_bytes(),
            row.id.as_bytes(),
            command.idempotency_key.trim().as_bytes(),
        ]);
        let login = entry.procedure.asset.as_ref().and_then(|spec| spec.login.clone());
        let attributes: serde_json::Value = serde_json::from_str(&row.attributes).unwrap_or_default();
        let username = login.and_then(|login| attributes[login.as_str()].as_str().map(str::to_owned));
        let open = |held: &credential::Model| {
            let sealed = held.sealed.as_deref().ok_or_else(unavailable)?;
            let secret = self.keys.unseal(row.id.as_bytes(), sealed);
            secret.ok_or_else(|| ServiceError::Internal(format!("the credential of asset {} cannot be opened", row.id)))
        };
        let (act, secret) = match act.recall(command).await? {
            Recalled::New(act) => match CredentialState::from_word(&held.state) {
                Some(CredentialState::Available) => (act.without_version(), open(&held)?),
                Some(CredentialState::Revealed) => return Err(already("assetId", read)),
                _ => return Err(unavailable()),
            },
            Recalled::Done(_) => {
                return match (CredentialState::from_word(&held.state), held.revealed_at) {
                    (Some(CredentialState::Revealed), Some(at))
                        if self.now() - at < SECRET_REPEAT && held.reveal_key.as_deref() == Some(&proof) =>
                    {
                        let secret = open(&held)?;
                        Ok(ActResult::Committed(RevealedCredential { asset: row.id, username, secret }))
                    }
                    (Some(CredentialState::Available), _) => {
                        let message = "This key revealed an earlier credential, which was replaced. Use a new key.";
                        Err(already("idempotencyKey", message))
                    }
                    (Some(CredentialState::Revealed), _) => Err(already("assetId", read)),
                    _ => Err(unavailable()),
                };
            }
        };
        let change = act.change();
        let revealed = credential::Model {
            state: CredentialState::Revealed.word().to_owned(),
            reveal_key: Some(proof.to_vec()),
            revealed_at: Some(change.now()),
            ..held
        };
        let saved = save(change, revealed, RequestEventKind::CredentialRevealed).await?;
        Ok(match act.conclude(saved, row.id).await? {
            ActResult::Committed(asset) => ActResult::Committed(RevealedCredential { asset, username, secret }),
            ActResult::Previewed(preview) => ActResult::Previewed(preview),
        })
    }

    /// Replaces a credential: the new one waits for its recipient, keys of earlier reveals end.
    pub async fn reissue_credential(
        &self,
        pass: Pass,
        command: ReissueCredential,
        mode: ActMode,
    ) -> ServiceResult<ActResult> {
        with_retry(&self.store, || self.try_reissue_credential(pass, &command, mode)).await
    }

    async fn try_reissue_credential(
        &self,
        pass: Pass,
        command: &ReissueCredential,
        mode: ActMode,
    ) -> ServiceResult<ActResult> {
        let act = OrderedAct::begin(self, pass, mode).await?;
        let refused = "You hold no role that may reissue this credential.";
        let (act, row, _) = act.authorize_on_asset(command.asset, Action::Reissue, refused).await?;
        let act = match act.recall(command).await? {
            Recalled::New(act) => act.without_version(),
            Recalled::Done(id) => return Ok(ActResult::Committed(id)),
        };
        if row.status != Stage::Active.word() {
            let message = "The asset is not in service.";
            return Err(ServiceError::user(UserErrorCode::AssetNotActive, &["assetId"], message));
        }
        let mut errors = InputErrors::default();
        errors.secret(&["secret"], &command.secret);
        errors.into_result()?;
        let held = store::credentials_of(act.transaction(), &[row.id]).await?.pop().ok_or_else(|| {
            let message = "This asset has no credential.";
            ServiceError::user(UserErrorCode::CredentialNotAvailable, &["assetId"], message)
        })?;
        let change = act.change();
        let kind = AvailableActKind::ReissueCredential;
        let roles = self.recipient_roles(act.caller().policy(), &change.row, kind, None)?;
        let recipient_id = self.recipient(&change, &roles, command.recipient, held.recipient_id).await?;
        let issued = credential::Model {
            recipient_id,
            state: CredentialState::Available.word().to_owned(),
            sealed: Some(self.seal(row.id, &command.secret)?),
            reveal_key: None,
            revealed_at: None,
            changed_at: change.now(),
            asset_id: row.id,
        };
        let saved = save(change, issued, RequestEventKind::CredentialReissued).await?;
        act.conclude(saved, row.id).await
    }

    /// A secret, sealed for its asset.
    pub(in crate::service) fn seal(&self, asset: Uuid, secret: &Secret) -> ServiceResult<Vec<u8>> {
        Ok(self.keys.seal(self.store.random(), asset.as_bytes(), secret)?)
    }
}

/// Saves a credential with its event.
async fn save(
    mut change: RequestChange<'_>,
    row: credential::Model,
    kind: RequestEventKind,
) -> ServiceResult<SavedRequest> {
    change.expect_asset_untouched().await?;
    let subject = RequestEventSubject { asset: Some(row.asset_id), ..Default::default() };
    store::save_credential(change.transaction(), row).await?;
    change.append(kind, Audience::Applicant, subject).await?;
    Ok(change.save().await?)
}
