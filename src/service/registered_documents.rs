//! Persisted documents registered by clients, for all users and all servers on the database. Cached in memory; written
//! behind, off the path of the answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use lru::LruCache;
use sha2::{Digest, Sha256};

use crate::service::retry::with_retry;
use crate::service::{Service, ServiceResult};
use crate::store::{self, RegisteredDocument};

/// Retention of unused documents.
pub(super) const UNUSED_RETENTION: TimeDelta = TimeDelta::days(90);

/// The interval of writing new documents.
pub(super) const WRITE_INTERVAL: TimeDelta = TimeDelta::seconds(1);

/// The pause after a failed write.
pub(super) const RETRY_PAUSE: TimeDelta = TimeDelta::seconds(30);

/// The precision of a document's last use in the database, without a new document.
const USE_PRECISION: TimeDelta = TimeDelta::minutes(10);

/// Maximum number and bytes of cached documents.
const CACHE_LIMITS: (usize, usize) = (1_000, 16 << 20);

/// The digest of a document: SHA-256 of its text, in lower-case hex.
pub fn document_digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a text has the form of a digest.
pub fn is_document_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The documents registered by clients.
pub struct RegisteredDocuments {
    service: Service,
    most: usize,
    cache: Mutex<DocumentCache>,
}

impl std::fmt::Debug for RegisteredDocuments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegisteredDocuments").field("most", &self.most).finish_non_exhaustive()
    }
}

/// Documents in memory, the most recently used first.
struct DocumentCache {
    documents: LruCache<String, CachedDocument>,
    bytes: usize,
}

struct CachedDocument {
    text: Arc<str>,
    used_at: DateTime<Utc>,
    /// The last use in the database; none for a new document.
    recorded_at: Option<DateTime<Utc>>,
}

impl DocumentCache {
    fn insert(&mut self, digest: &str, document: CachedDocument, most: usize) {
        self.bytes += document.text.len();
        let replaced = self.documents.push(digest.to_owned(), document);
        self.bytes -= replaced.map_or(0, |(_, document)| document.text.len());
        while self.documents.len() > most.min(CACHE_LIMITS.0) || self.bytes > CACHE_LIMITS.1 {
            let Some((_, least)) = self.documents.pop_lru() else { break };
            self.bytes -= least.text.len();
        }
    }

    /// Returns the rows to be written: all uses as soon as one document is new, so that the least used ones make room
    /// for it.
    fn due(&self) -> Vec<RegisteredDocument> {
        let is_new = self.documents.iter().any(|(_, document)| document.recorded_at.is_none());
        let about = if is_new { TimeDelta::zero() } else { USE_PRECISION };
        let is_due =
            |document: &CachedDocument| document.recorded_at.is_none_or(|recorded| document.used_at - recorded > about);
        let row = |(digest, document): (&String, &CachedDocument)| RegisteredDocument {
            digest: digest.clone(),
            text: document.text.to_string(),
            used_at: document.used_at,
        };
        self.documents.iter().filter(|(_, document)| is_due(document)).map(row).collect()
    }
}

impl Service {
    /// The registered documents, with a maximum number.
    pub fn registered(&self, most: usize) -> RegisteredDocuments {
        let cache = Mutex::new(DocumentCache { documents: LruCache::unbounded(), bytes: 0 });
        RegisteredDocuments { service: self.clone(), most, cache }
    }
}

impl RegisteredDocuments {
    /// Returns the document of a digest.
    pub async fn find(&self, digest: &str) -> ServiceResult<Option<Arc<str>>> {
        let now = self.service.now();
        if let Some(document) = self.cache().documents.get_mut(digest) {
            document.used_at = now;
            return Ok(Some(document.text.clone()));
        }
        if !is_document_digest(digest) {
            return Ok(None);
        }
        let found = store::registered_document(&self.service.store, digest).await?;
        // It runs by the caller's rights: a text changed in the database must not run in its place.
        let Some(found) = found else { return Ok(None) };
        if document_digest(&found.text) != digest {
            tracing::warn!(
                digest,
                "another text stands where a client registered the one of this digest: it is not run"
            );
            return Ok(None);
        }
        let text: Arc<str> = found.text.into();
        let document = CachedDocument { text: text.clone(), used_at: now, recorded_at: Some(found.used_at) };
        self.cache().insert(digest, document, self.most);
        Ok(Some(text))
    }

    /// Registers a document by its digest.
    pub fn register(&self, digest: &str, text: &str) {
        let now = self.service.now();
        let mut cache = self.cache();
        match cache.documents.get_mut(digest) {
            Some(document) => document.used_at = now,
            None => {
                let document = CachedDocument { text: text.into(), used_at: now, recorded_at: None };
                cache.insert(digest, document, self.most);
            }
        }
    }

    /// Writes new documents and uses.
    pub async fn write(&self) -> ServiceResult<()> {
        let due = self.cache().due();
        if due.is_empty() {
            return Ok(());
        }
        with_retry(&self.service.store, || async {
            Ok(store::save_registered_documents(&self.service.store, due.clone(), self.most).await?)
        })
        .await?;
        let mut cache = self.cache();
        for written in &due {
            if let Some(document) = cache.documents.peek_mut(&written.digest) {
                document.recorded_at = Some(written.used_at);
            }
        }
        tracing::debug!(documents = due.len(), "wrote what clients registered and used");
        Ok(())
    }

    fn cache(&self) -> MutexGuard<'_, DocumentCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str, used_at: i64, recorded_at: Option<i64>) -> CachedDocument {
        let moment = |minutes: i64| DateTime::from_timestamp(minutes * 60, 0).unwrap();
        CachedDocument { text: text.into(), used_at: moment(used_at), recorded_at: recorded_at.map(moment) }
    }

    fn cache() -> DocumentCache {
        DocumentCache { documents: LruCache::unbounded(), bytes: 0 }
    }

    #[test]
    fn memory_is_bounded_in_number_and_size() {
        let mut cache = cache();
        for digest in ["a", "b", "c", "b"] {
            cache.insert(digest, document("{ a }", 0, None), 2);
        }
        assert_eq!((cache.documents.len(), cache.bytes), (2, 10));
        assert!(cache.documents.contains("b") && cache.documents.contains("c"));
        let long = "x".repeat(CACHE_LIMITS.1 / 4);
        for digest in 0..9 {
            cache.insert(&digest.to_string(), document(&long, 0, None), 100);
        }
        assert_eq!((cache.documents.len(), cache.bytes), (4, CACHE_LIMITS.1));
    }

    #[test]
    fn uses_are_written_when_one_is_new_or_they_were_long_ago() {
        let mut cache = cache();
        cache.insert("recorded", document("a", 5, Some(5)), 10);
        cache.insert("used", document("b", 6, Some(5)), 10);
        cache.insert("long ago", document("c", 30, Some(5)), 10);
        let digests = |cache: &DocumentCache| {
            let mut due: Vec<String> = cache.due().into_iter().map(|document| document.digest).collect();
            due.sort();
            due
        };
        assert_eq!(digests(&cache), ["long ago"]);
        cache.insert("new", document("d", 30, None), 10);
        assert_eq!(digests(&cache), ["long ago", "new", "used"]);
    }
}
