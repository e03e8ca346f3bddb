//! The language chosen by a person for messages.

use crate::access::Caller;
use crate::language::Language;
use crate::service::retry::with_retry;
use crate::service::{Service, ServiceResult};
use crate::store;

impl Service {
    /// Sets the caller's language; none leaves it to each client. The present one is not written again: each write of a person makes
    /// everybody's rights be read anew.
    pub async fn choose_language(&self, caller: &Caller, language: Option<Language>) -> ServiceResult<()> {
        with_retry(&self.store, || async {
            let (transaction, caller) = self.begin(caller.pass).await?;
            if caller.language == language {
                return Ok(());
            }
            store::set_language(&transaction, caller.pass.user, language).await?;
            self.commit_person(transaction).await
        })
        .await
    }
}
