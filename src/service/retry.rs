//! The acts, each begun anew when the database gave it up for the sake of another: nothing of it was done then.

use std::time::Duration;

use uuid::Uuid;

use crate::access::Pass;
use crate::service::{
    Answer, ExecuteStep, Refused, ReissueCredential, ResubmitRequest, RevealCredential, RevealedCredential,
    RevokeAsset, Service, SignDocument, SubmitRequest, WithdrawRequest,
};

/// How often an act is begun at most.
const ATTEMPTS: u32 = 4;

/// How long the first pause is at most; each later one may be twice as long.
const PAUSE: Duration = Duration::from_millis(20);

/// Does it, again where the database gave it up, but not for ever: then it is the database that does not serve.
pub(super) async fn with_retry<T, F>(act: impl Fn() -> F) -> Answer<T>
where
    F: Future<Output = Answer<T>>,
{
    let mut attempt = 1;
    loop {
        match act().await {
            Err(Refused::Aborted(why)) if attempt == ATTEMPTS => {
                return Err(Refused::Unavailable(format!("given up {ATTEMPTS} times, at last: {why}")));
            }
            Err(Refused::Aborted(why)) => {
                tracing::debug!(attempt, why, "given up for the sake of another, and begun anew");
                tokio::time::sleep(pause(attempt)).await;
                attempt += 1;
            }
            answer => return answer,
        }
    }
}

/// A pause of a random length, so that two that met do not meet again.
fn pause(attempt: u32) -> Duration {
    let mut chance = [0_u8; 1];
    // Without chance they may meet once more, and are begun anew once more.
    let _ = getrandom::fill(&mut chance);
    PAUSE * (1 << (attempt - 1)) * u32::from(chance[0]) / 255
}

impl Service {
    /// Submits a request.
    pub async fn submit_request(&self, pass: Pass, command: SubmitRequest) -> Answer<Uuid> {
        with_retry(|| self.submit_request_once(pass, command.clone())).await
    }

    /// Completes a request that came back.
    pub async fn resubmit_request(&self, pass: Pass, command: ResubmitRequest) -> Answer<Uuid> {
        with_retry(|| self.resubmit_request_once(pass, command.clone())).await
    }

    /// Ends the step under way.
    pub async fn execute_step(&self, pass: Pass, command: ExecuteStep) -> Answer<Uuid> {
        with_retry(|| self.execute_step_once(pass, command.clone())).await
    }

    /// Signs or refuses the current document of its kind.
    pub async fn sign_document(&self, pass: Pass, command: SignDocument) -> Answer<Uuid> {
        with_retry(|| self.sign_document_once(pass, command.clone())).await
    }

    /// Notes that the caller, as the role it is for, has read a disposition; a second time changes nothing.
    pub async fn read_disposition(&self, pass: Pass, disposition: Uuid) -> Answer<Uuid> {
        with_retry(|| self.read_disposition_once(pass, disposition)).await
    }

    /// Takes a request back; a reservation is freed.
    pub async fn withdraw_request(&self, pass: Pass, command: WithdrawRequest) -> Answer<Uuid> {
        with_retry(|| self.withdraw_request_once(pass, command.clone())).await
    }

    /// Shows a credential to its recipient, once.
    pub async fn reveal_credential(&self, pass: Pass, command: RevealCredential) -> Answer<RevealedCredential> {
        with_retry(|| self.reveal_credential_once(pass, command.clone())).await
    }

    /// Replaces a credential: the new one waits for its recipient, keys of earlier reveals end.
    pub async fn reissue_credential(&self, pass: Pass, command: ReissueCredential) -> Answer<Uuid> {
        with_retry(|| self.reissue_credential_once(pass, command.clone())).await
    }

    /// Takes a delivered asset out of service.
    pub async fn revoke_asset(&self, pass: Pass, command: RevokeAsset) -> Answer<Uuid> {
        with_retry(|| self.revoke_asset_once(pass, command.clone())).await
    }
}
