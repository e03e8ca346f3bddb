//! Concurrency limits: the number of sockets and operations of each client on all connections together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::client::ClientKey;
use futures_util::stream::{self, BoxStream, StreamExt};

/// Limit of concurrent uses for each client.
#[derive(Debug, Clone)]
pub(super) struct ConcurrencyLimit {
    counts: Arc<Mutex<HashMap<ClientKey, usize>>>,
    /// Maximum for each client; 0 for unlimited.
    max: usize,
}

/// A use, counted until dropped.
#[derive(Debug)]
pub(super) struct ConcurrencyPermit {
    counts: Arc<Mutex<HashMap<ClientKey, usize>>>,
    client: ClientKey,
}

impl ConcurrencyLimit {
    /// A limit for each client; 0 for unlimited.
    pub(super) fn new(max: usize) -> Self {
        Self { counts: Arc::default(), max }
    }

    /// Maximum for each client.
    pub(super) fn max(&self) -> usize {
        self.max
    }

    /// Acquires a permit for a client; none at the limit.
    pub(super) fn acquire(&self, client: ClientKey) -> Option<ConcurrencyPermit> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(client).or_default();
        if self.max > 0 && *count >= self.max {
            return None;
        }
        *count += 1;
        Some(ConcurrencyPermit { counts: self.counts.clone(), client })
    }
}

impl Drop for ConcurrencyPermit {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.client);
            }
        }
    }
}

/// Keeps a permit until the stream is dropped.
pub(super) fn with_permit<T: Send + 'static>(
    items: BoxStream<'static, T>,
    permit: ConcurrencyPermit,
) -> BoxStream<'static, T> {
    stream::unfold((items, permit), async |(mut items, permit)| Some((items.next().await?, (items, permit)))).boxed()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_dropped_permit_can_be_acquired_again_and_its_count_is_removed() {
        let (limit, siti, budi) =
            (ConcurrencyLimit::new(2), ClientKey::Person(Uuid::from_u128(1)), ClientKey::Person(Uuid::from_u128(2)));
        let first = limit.acquire(siti);
        let second = limit.acquire(siti);
        assert!(first.is_some() && second.is_some() && limit.acquire(siti).is_none());
        assert!(limit.acquire(budi).is_some(), "each client has a limit of its own");
        drop(first);
        assert!(limit.acquire(siti).is_some());
        drop(second);
        assert!(limit.counts.lock().unwrap().is_empty());
        let unlimited = ConcurrencyLimit::new(0);
        let all: Vec<_> = (0..1_000).map(|_| unlimited.acquire(siti)).collect();
        assert!(all.iter().all(Option::is_some));
    }
}
