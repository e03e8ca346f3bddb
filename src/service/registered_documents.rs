//! Documents that clients register, to be run by their digests: for everybody, and by every server on the database. They are taken
//! and found in memory, and written behind: nobody waits for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use lru::LruCache;
use sha2::{Digest, Sha256};

use crate::service::retry::with_retry;
use crate::service::{Answer, Service};
use crate::store::{self, RegisteredDocument};

/// For how long one is kept that nobody uses.
pub(super) const UNUSED: TimeDelta = TimeDelta::days(90);

/// How often what is new is written.
pub(super) const WRITE: TimeDelta = TimeDelta::seconds(1);

/// How long it is before a database that did not take it is asked again.
pub(super) const PAUSE: TimeDelta = TimeDelta::seconds(30);

/// How exactly it is on record when one was used last, while none is new.
const ABOUT: TimeDelta = TimeDelta::minutes(10);

/// So many are found in memory at most, and so many bytes of them.
const IN_MEMORY: (usize, usize) = (1_000, 16 << 20);

/// The digest that a document is known by: SHA-256 of its text, in lower-case hex.
pub fn document_digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a text could be such a digest.
pub fn is_document_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The documents that clients registered.
pub struct RegisteredDocuments {
    service: Service,
    most: usize,
    memory: Mutex<Memory>,
}

impl std::fmt::Debug for RegisteredDocuments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegisteredDocuments").field("most", &self.most).finish_non_exhaustive()
    }
}

/// Those that are found without the database, the one used last first.
struct Memory {
    documents: LruCache<String, Remembered>,
    bytes: usize,
}

struct Remembered {
    text: Arc<str>,
    used_at: DateTime<Utc>,
    /// What is on record of that; nothing of a new one.
    noted_at: Option<DateTime<Utc>>,
}

impl Memory {
    fn take(&mut self, digest: &str, document: Remembered, most: usize) {
        self.bytes += document.text.len();
        let replaced = self.documents.push(digest.to_owned(), document);
        self.bytes -= replaced.map_or(0, |(_, document)| document.text.len());
        while self.documents.len() > most.min(IN_MEMORY.0) || self.bytes > IN_MEMORY.1 {
            let Some((_, least)) = self.documents.pop_lru() else { break };
            self.bytes -= least.text.len();
        }
    }

    /// What is to be written: all uses as soon as one is new, so that the right ones make room for it.
    fn due(&self) -> Vec<RegisteredDocument> {
        let is_new = self.documents.iter().any(|(_, document)| document.noted_at.is_none());
        let about = if is_new { TimeDelta::zero() } else { ABOUT };
        let is_due = |document: &Remembered| document.noted_at.is_none_or(|noted| document.used_at - noted > about);
        let row = |(digest, document): (&String, &Remembered)| RegisteredDocument {
            digest: digest.clone(),
            text: document.text.to_string(),
            used_at: document.used_at,
        };
        self.documents.iter().filter(|(_, document)| is_due(document)).map(row).collect()
    }
}

impl Service {
    /// Where clients may register documents, of which so many are kept.
    pub fn registered(&self, most: usize) -> RegisteredDocuments {
        let memory = Mutex::new(Memory { documents: LruCache::unbounded(), bytes: 0 });
        RegisteredDocuments { service: self.clone(), most, memory }
    }
}

impl RegisteredDocuments {
    /// The document that was registered by a digest.
    pub async fn find(&self, digest: &str) -> Answer<Option<Arc<str>>> {
        let now = self.service.now();
        if let Some(document) = self.memory().documents.get_mut(digest) {
            document.used_at = now;
            return Ok(Some(document.text.clone()));
        }
        if !is_document_digest(digest) {
            return Ok(None);
        }
        let found = store::registered_document(&self.service.store, digest).await?;
        // It is run by the right of whoever sends the digest: nobody puts another text in its place.
        let Some(found) = found else { return Ok(None) };
        if document_digest(&found.text) != digest {
            tracing::warn!(
                digest,
                "another text stands where a client registered the one of this digest: it is not run"
            );
            return Ok(None);
        }
        let text: Arc<str> = found.text.into();
        let document = Remembered { text: text.clone(), used_at: now, noted_at: Some(found.used_at) };
        self.memory().take(digest, document, self.most);
        Ok(Some(text))
    }

    /// Registers a document by its digest.
    pub fn register(&self, digest: &str, text: &str) {
        let now = self.service.now();
        let mut memory = self.memory();
        match memory.documents.get_mut(digest) {
            Some(document) => document.used_at = now,
            None => {
                let document = Remembered { text: text.into(), used_at: now, noted_at: None };
                memory.take(digest, document, self.most);
            }
        }
    }

    /// Writes what was registered, and what was used.
    pub async fn write(&self) -> Answer<()> {
        let due = self.memory().due();
        if due.is_empty() {
            return Ok(());
        }
        with_retry(|| async {
            Ok(store::save_registered_documents(&self.service.store, due.clone(), self.most).await?)
        })
        .await?;
        let mut memory = self.memory();
        for written in &due {
            if let Some(document) = memory.documents.peek_mut(&written.digest) {
                document.noted_at = Some(written.used_at);
            }
        }
        tracing::debug!(documents = due.len(), "wrote what clients registered and used");
        Ok(())
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str, used_at: i64, noted_at: Option<i64>) -> Remembered {
        let moment = |minutes: i64| DateTime::from_timestamp(minutes * 60, 0).unwrap();
        Remembered { text: text.into(), used_at: moment(used_at), noted_at: noted_at.map(moment) }
    }

    fn memory() -> Memory {
        Memory { documents: LruCache::unbounded(), bytes: 0 }
    }

    #[test]
    fn memory_is_bounded_in_number_and_size() {
        let mut memory = memory();
        for digest in ["a", "b", "c", "b"] {
            memory.take(digest, document("{ a }", 0, None), 2);
        }
        assert_eq!((memory.documents.len(), memory.bytes), (2, 10));
        assert!(memory.documents.contains("b") && memory.documents.contains("c"));
        let long = "x".repeat(IN_MEMORY.1 / 4);
        for digest in 0..9 {
            memory.take(&digest.to_string(), document(&long, 0, None), 100);
        }
        assert_eq!((memory.documents.len(), memory.bytes), (4, IN_MEMORY.1));
    }

    #[test]
    fn uses_are_written_when_one_is_new_or_they_were_long_ago() {
        let mut memory = memory();
        memory.take("noted", document("a", 5, Some(5)), 10);
        memory.take("used", document("b", 6, Some(5)), 10);
        memory.take("long ago", document("c", 30, Some(5)), 10);
        let digests = |memory: &Memory| {
            let mut due: Vec<String> = memory.due().into_iter().map(|document| document.digest).collect();
            due.sort();
            due
        };
        assert_eq!(digests(&memory), ["long ago"]);
        memory.take("new", document("d", 30, None), 10);
        assert_eq!(digests(&memory), ["long ago", "new", "used"]);
    }
}
