//! Persisted documents (GraphQL over HTTP, appendix "Persisted Documents"), sent by id: `sha256:` and the digest of the text.
//! Read from a manifest at start and parsed once.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{BaseType, ExecutableDocument, Type};
use async_graphql::{Executor, Name, Request, Value, Variables};
use serde::Deserialize;
use serde_json::Value as Json;

use super::limits::OperationLimits;
use super::limits::cost::StopAfterValidation;
use super::parse;
use crate::graphql::schema_index::SchemaIndex;
use crate::service::document_digest;

/// Prefix of an id by digest.
const PREFIX: &str = "sha256:";

/// A persisted document.
#[derive(Debug, Clone)]
pub(in crate::graphql) struct PersistedDocument {
    pub(in crate::graphql) text: Arc<str>,
    pub(in crate::graphql) document: Arc<ExecutableDocument>,
}

/// Persisted documents of a manifest, by digest.
#[derive(Debug, Clone, Default)]
pub struct PersistedDocuments(Arc<HashMap<String, PersistedDocument>>);

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
    pub async fn read(
        manifest: &str,
        schema: &impl Executor,
        index: &SchemaIndex,
        limits: &OperationLimits,
    ) -> Result<Self, String> {
        let mut documents = HashMap::new();
        for (id, text) in manifest_entries(manifest)? {
            let digest = document_digest(&text);
            if digest_of(&id) != digest {
                return Err(format!(
                    "the document `{id}` has the digest {digest}: name it so (Relay's compiler does with `algorithm: \"SHA256\"`)"
                ));
            }
            let document = validate(&text, schema, index, limits).await;
            let document = Arc::new(document.map_err(|reason| format!("the document `{id}`: {reason}"))?);
            documents.insert(digest, PersistedDocument { text: text.into(), document });
        }
        Ok(Self(Arc::new(documents)))
    }

    /// Returns the number of documents.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Looks a document up by digest.
    pub(in crate::graphql) fn find(&self, digest: &str) -> Option<&PersistedDocument> {
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

/// Parses and validates a document; the error is the reason for refusal.
async fn validate(
    text: &str,
    schema: &impl Executor,
    index: &SchemaIndex,
    limits: &OperationLimits,
) -> Result<ExecutableDocument, String> {
    let message = |error: async_graphql::ServerError| error.message;
    let document = parse::read(text, limits, index).map_err(message)?;
    let (name, operation) = document.operations.iter().next().ok_or("there is no operation in it")?;
    let variables: IndexMap<Name, Value> = operation
        .node
        .variable_definitions
        .iter()
        .filter(|variable| variable.node.default_value.is_none())
        .filter_map(|variable| {
            let variable = &variable.node;
            Some((variable.name.node.clone(), placeholder(&variable.var_type.node)?))
        })
        .collect();
    let mut request =
        Request::new(text).variables(Variables::from_value(Value::Object(variables))).data(StopAfterValidation);
    request.operation_name = name.map(Name::to_string);
    let response = schema.execute(request).await;
    let errors: Vec<String> = response.errors.into_iter().map(message).collect();
    if errors.is_empty() { Ok(document) } else { Err(errors.join(" ")) }
}

/// Returns a placeholder for a variable without default, for the cost calculation.
fn placeholder(ty: &Type) -> Option<Value> {
    match &ty.base {
        BaseType::List(_) => Some(Value::List(Vec::new())),
        _ if ty.nullable => Some(Value::Null),
        BaseType::Named(name) => (name == "Int").then(|| 20.into()),
    }
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
