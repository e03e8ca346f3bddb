//! Retries a transaction aborted by the database (serialization failure, deadlock), with jittered backoff.

use std::time::Duration;

use super::{ServiceError, ServiceResult};
use crate::random::Random;
use crate::store::Store;

/// Maximum number of attempts.
const ATTEMPTS: u32 = 4;

/// Upper bound of the first backoff; it doubles with each further attempt.
const BACKOFF: Duration = Duration::from_millis(20);

/// Runs a transaction, and again from its beginning if the database aborts it. After the last attempt the database
/// counts as unavailable. What the answer is based on has been committed.
pub(super) async fn with_retry<T, F>(store: &Store, act: impl Fn() -> F) -> ServiceResult<T>
where
    F: Future<Output = ServiceResult<T>>,
{
    let mut attempt = 1;
    loop {
        match act().await {
            Err(ServiceError::Aborted(why)) if attempt == ATTEMPTS => {
                return Err(ServiceError::Unavailable(format!("aborted {ATTEMPTS} times, at last: {why}")));
            }
            Err(ServiceError::Aborted(why)) => {
                tracing::debug!(attempt, why, "transaction aborted by the database, retrying");
                tokio::time::sleep(backoff(store.random(), attempt)).await;
                attempt += 1;
            }
            answer => {
                store.settle().await;
                return answer;
            }
        }
    }
}

/// Returns a backoff of random length (full jitter), so that two transactions in conflict do not meet again.
fn backoff(random: &Random, attempt: u32) -> Duration {
    // Without randomness there is no pause; the next attempt has a longer one.
    let [share] = *random.bytes::<1>().unwrap_or_default();
    BACKOFF * (1 << (attempt - 1)) * u32::from(share) / 255
}
