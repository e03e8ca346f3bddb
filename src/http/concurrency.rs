//! Concurrency limits: the number of sockets and operations of each client on all connections together.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::client::Caller;
use futures_util::stream::{self, BoxStream, StreamExt};

/// How many of something each caller holds.
#[derive(Debug, Clone)]
pub(super) struct Held {
    counts: Arc<Mutex<HashMap<Caller, usize>>>,
    /// How many each may hold; 0 for any number.
    most: usize,
}

/// One that is held, until it is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    counts: Arc<Mutex<HashMap<Caller, usize>>>,
    caller: Caller,
}

impl Held {
    /// Of which each caller may hold so many; 0 for any number.
    pub(super) fn new(most: usize) -> Self {
        Self { counts: Arc::default(), most }
    }

    /// How many each may hold.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Another for that caller; none when they hold as many as they may.
    pub(super) fn take(&self, caller: Caller) -> Option<Hold> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(caller).or_default();
        if self.most > 0 && *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Hold { counts: self.counts.clone(), caller })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.caller);
            }
        }
    }
}

/// A stream of answers that holds something until it is dropped.
pub(super) fn until_the_end<T: Send + 'static>(answers: BoxStream<'static, T>, hold: Hold) -> BoxStream<'static, T> {
    stream::unfold((answers, hold), async |(mut answers, hold)| Some((answers.next().await?, (answers, hold)))).boxed()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_let_go_may_be_taken_again_and_leaves_nothing() {
        let (held, siti, budi) = (Held::new(2), Caller::Person(Uuid::from_u128(1)), Caller::Person(Uuid::from_u128(2)));
        let first = held.take(siti);
        let second = held.take(siti);
        assert!(first.is_some() && second.is_some() && held.take(siti).is_none());
        assert!(held.take(budi).is_some(), "somebody else's are their own");
        drop(first);
        assert!(held.take(siti).is_some());
        drop(second);
        assert!(held.counts.lock().unwrap().is_empty());
        let any = Held::new(0);
        let all: Vec<_> = (0..1_000).map(|_| any.take(siti)).collect();
        assert!(all.iter().all(Option::is_some));
    }
}
