//! Reading a credential once, and replacing one.

use chrono::TimeDelta;
use entity::credential;
use uuid::Uuid;

use crate::access::{Action, Pass};
use crate::auth::Secret;
use crate::event::{Audience, RequestEventKind};
use crate::policy::Object;
use crate::service::validation::Faults;
use crate::service::{Answer, Refused, ReissueCredential, RevealCredential, Service, UserErrorCode};
use crate::store::{self, Append, Change};

/// For how long the same key shows a secret again, so that a lost answer loses nothing.
pub(in crate::service) const SHOWN_AGAIN: TimeDelta = TimeDelta::minutes(10);

/// A credential, shown.
#[derive(Debug)]
pub struct RevealedCredential {
    /// The asset.
    pub asset: Uuid,
    /// The login, where the procedure names one.
    pub username: Option<String>,
    /// The secret; none where it is only tried whether it would be shown.
    pub secret: Option<Secret>,
}

impl Service {
    /// Shows a credential to its recipient, once.
    pub(in crate::service) async fn reveal_credential_once(
        &self,
        pass: Pass,
        command: RevealCredential,
    ) -> Answer<RevealedCredential> {
        let (transaction, caller) = self.begin(pass).await?;
        let (seen, row) = self.see_asset(&transaction, &caller, command.asset).await?;
        let entry = self.entry_of(&seen.row)?.clone();
        let procedure = &entry.procedure;
        let refused = "Only the recipient of this credential may read it.";
        let object = Object::Procedure(&procedure.key);
        let allowed = self.authorize(&transaction, &caller, seen, (object, Action::Reveal), refused).await?;
        let unavailable = || {
            let message = "There is no credential to be read for this asset.";
            Refused::user(UserErrorCode::CredentialNotAvailable, &["assetId"], message)
        };
        let held = store::credentials_of(&transaction, &[row.id]).await?.pop().ok_or_else(unavailable)?;
        if held.recipient_id != pass.user {
            return Err(Refused::Forbidden(refused.into()));
        }
        let key = self.key(pass, "revealCredential", Some(&command.idempotency_key), &row.id)?;
        let before = self.recall(&transaction, pass.user, &key).await?;
        let now = self.now();
        // Its key stays with the credential that it revealed: a reissue ends it.
        let proof = self.store.mac(&[
            b"reveal",
            pass.user.as_bytes(),
            row.id.as_bytes(),
            command.idempotency_key.trim().as_bytes(),
        ]);
        let again = match (held.state.as_str(), held.revealed_at, before) {
            ("AVAILABLE", _, None) => false,
            ("REVEALED", Some(at), Some(_)) if now - at < SHOWN_AGAIN && held.reveal_key.as_deref() == Some(&proof) => {
                true
            }
            ("AVAILABLE", ..) => {
                let message = "This key revealed an earlier credential, which was replaced. Use a new key.";
                return Err(Refused::user(UserErrorCode::AlreadyRevealed, &["idempotencyKey"], message));
            }
            ("REVEALED", ..) => {
                let message = "This credential has been read. If it was lost, ask the office to reissue it.";
                return Err(Refused::user(UserErrorCode::AlreadyRevealed, &["assetId"], message));
            }
            _ => return Err(unavailable()),
        };
        let sealed = held.sealed.as_deref().ok_or_else(unavailable)?;
        let secret = self
            .keys
            .unseal(row.id.as_bytes(), sealed)
            .ok_or_else(|| Refused::Internal(format!("the credential of asset {} cannot be opened", row.id)))?;
        if !again {
            let mut change = Change::open(&self.store, &transaction, &allowed, now);
            change.expect_asset_untouched().await?;
            let revealed = credential::Model {
                state: "REVEALED".to_owned(),
                reveal_key: Some(proof.to_vec()),
                revealed_at: Some(now),
                ..held
            };
            store::save_credential(&transaction, revealed).await?;
            let audience = Some(Audience::Applicant);
            change
                .append(Append { asset: Some(row.id), audience, ..Append::new(RequestEventKind::CredentialRevealed) })
                .await?;
            let saved = change.save().await?;
            self.conclude(transaction, &caller, saved, &key, row.id).await?;
        }
        let login = procedure.asset.as_ref().and_then(|spec| spec.login.clone());
        let attributes: serde_json::Value = serde_json::from_str(&row.attributes).unwrap_or_default();
        let username = login.and_then(|login| attributes[login.as_str()].as_str().map(str::to_owned));
        let secret = Some(secret).filter(|_| !self.is_trial());
        Ok(RevealedCredential { asset: row.id, username, secret })
    }

    /// Replaces a credential: the new one waits for its recipient, keys of earlier reveals end.
    pub(in crate::service) async fn reissue_credential_once(
        &self,
        pass: Pass,
        command: ReissueCredential,
    ) -> Answer<Uuid> {
        let (transaction, caller) = self.begin_act(pass).await?;
        let (seen, row) = self.see_asset(&transaction, &caller, command.asset).await?;
        let entry = self.entry_of(&seen.row)?.clone();
        let procedure = &entry.procedure;
        let (object, refused) =
            (Object::Procedure(&procedure.key), "You hold no role that may reissue this credential.");
        let allowed = self.authorize(&transaction, &caller, seen, (object, Action::Reissue), refused).await?;
        let identity = serde_json::json!([command.asset, command.secret.expose(), command.recipient]);
        let key = self.key(pass, "reissueCredential", command.idempotency_key.as_deref(), &identity)?;
        if let Some(done) = self.recall(&transaction, pass.user, &key).await? {
            return Ok(done);
        }
        if row.status != "ACTIVE" {
            let message = "The asset is not in service.";
            return Err(Refused::user(UserErrorCode::AssetNotActive, &["assetId"], message));
        }
        let mut faults = Faults::default();
        faults.secret(&["secret"], &command.secret);
        faults.settle()?;
        let held = store::credentials_of(&transaction, &[row.id]).await?.pop().ok_or_else(|| {
            let message = "This asset has no credential.";
            Refused::user(UserErrorCode::CredentialNotAvailable, &["assetId"], message)
        })?;
        let mut change = Change::open(&self.store, &transaction, &allowed, self.now());
        change.expect_asset_untouched().await?;
        let mut roles: Vec<String> = Vec::new();
        for step in &procedure.steps {
            let receive = caller.policy().roles(&change.row.office, &procedure.key, &step.key, Action::Receive);
            roles.extend(receive.iter().cloned());
        }
        let recipient_id = self.recipient(&change, &roles, command.recipient, held.recipient_id).await?;
        let issued = credential::Model {
            recipient_id,
            state: "AVAILABLE".to_owned(),
            sealed: Some(self.seal(row.id, &command.secret)?),
            reveal_key: None,
            revealed_at: None,
            changed_at: change.now(),
            asset_id: row.id,
        };
        store::save_credential(&transaction, issued).await?;
        let audience = Some(Audience::Applicant);
        change
            .append(Append { asset: Some(row.id), audience, ..Append::new(RequestEventKind::CredentialReissued) })
            .await?;
        let saved = change.save().await?;
        self.conclude(transaction, &caller, saved, &key, row.id).await
    }

    /// A secret, sealed for its asset.
    pub(in crate::service) fn seal(&self, asset: Uuid, secret: &Secret) -> Answer<Vec<u8>> {
        self.keys.seal(asset.as_bytes(), secret).map_err(|error| Refused::Internal(error.to_string()))
    }
}
