//! Persisted documents (GraphQL over HTTP, appendix "Persisted Documents"), sent by id: `sha256:` and the digest of the text.
//! Read from a manifest at start and compiled once.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;

use super::compile::Compiler;
use super::compile::document::CompiledDocument;
use crate::service::document_digest;

/// Prefix of an id by digest.
const PREFIX: &str = "sha256:";

/// Persisted documents of a manifest, by digest.
#[derive(Debug, Clone, Default)]
pub struct PersistedDocuments(Arc<HashMap<String, Arc<CompiledDocument>>>);

/// Manifest in the format of Apollo's tools.
#[derive(Deserialize)]
struct ApolloManifest {
    format: String,
    version: u32,
    operations: Vec<ApolloOperation>,
}

#[derive(Deserialize)]
struct ApolloOperation {
    id: String,
    body: String,
}

impl PersistedDocuments {
    /// Reads a manifest: a JSON object of documents by id, or Apollo's format. Validates each document against the schema and the
    /// limits. The error names the document and the remedy.
    pub fn read(manifest: &str, compiler: &Compiler) -> Result<Self, String> {
        let mut documents = HashMap::new();
        for (id, text) in manifest_entries(manifest)? {
            let digest = document_digest(&text);
            if digest_of(&id) != digest {
                return Err(format!(
                    "the document `{id}` has the digest {digest}: name it so (Relay's compiler does with `algorithm: \"SHA256\"`)"
                ));
            }
            let document = compiler.document(&text).and_then(|document| {
                compiler.check_usual_costs(&document).map_err(|error| vec![error]).map(|()| document)
            });
            let document = document.map_err(|errors| {
                let reasons: Vec<String> = errors.into_iter().map(|error| error.message).collect();
                format!("the document `{id}`: {}", reasons.join(" "))
            })?;
            documents.insert(digest, document);
        }
        Ok(Self(Arc::new(documents)))
    }

    /// Returns the number of documents.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Looks a document up by digest.
    pub(in crate::graphql) fn find(&self, digest: &str) -> Option<&Arc<CompiledDocument>> {
        self.0.get(digest)
    }
}

/// Returns the digest of an id. The prefix is optional, since manifest tools omit it.
pub(in crate::graphql) fn digest_of(id: &str) -> String {
    id.strip_prefix(PREFIX).unwrap_or(id).to_ascii_lowercase()
}

/// Returns the ids and texts of a manifest.
fn manifest_entries(manifest: &str) -> Result<Vec<(String, String)>, String> {
    let hint =
        "write a JSON object of documents by their ids, `{ \"sha256:<hex>\": \"query …\" }`, or Apollo's manifest";
    let json: Json = serde_json::from_str(manifest).map_err(|error| format!("it is no JSON: {error}; {hint}"))?;
    if json.get("format").is_some() {
        let apollo: ApolloManifest = serde_json::from_value(json).map_err(|error| format!("{error}; {hint}"))?;
        if apollo.format != "apollo-persisted-query-manifest" || apollo.version != 1 {
            return Err(format!("its format is `{}`, version {}; {hint}", apollo.format, apollo.version));
        }
        return Ok(apollo.operations.into_iter().map(|operation| (operation.id, operation.body)).collect());
    }
    let all: HashMap<String, String> = serde_json::from_value(json).map_err(|error| format!("{error}; {hint}"))?;
    Ok(all.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_of_several_tools_are_read() {
        let apollo = r#"{ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [
            { "id": "a", "name": "One", "type": "query", "body": "query One { __typename }" }] }"#;
        let one = vec![("a".to_owned(), "query One { __typename }".to_owned())];
        assert_eq!(manifest_entries(apollo), Ok(one.clone()));
        assert_eq!(manifest_entries(r#"{ "a": "query One { __typename }" }"#), Ok(one));
        for wrong in ["", "[]", r#"{ "a": 1 }"#, r#"{ "format": "x", "version": 1, "operations": [] }"#] {
            assert!(manifest_entries(wrong).is_err_and(|reason| reason.contains("write a JSON object")), "{wrong}");
        }
    }

    #[test]
    fn ids_are_digests_with_or_without_prefix() {
        let id = document_digest("{ __typename }");
        assert_eq!(id.len(), 64);
        for written in [id.clone(), format!("sha256:{id}"), id.to_uppercase()] {
            assert_eq!(digest_of(&written), id);
        }
        assert_ne!(document_digest("{ __typename  }"), id);
    }
}
