//! Persisted documents (GraphQL over HTTP, appendix "Persisted Documents"), sent by id: `sha256:` and the digest of the text.
//! Read from a manifest at start and parsed once.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{BaseType, ExecutableDocument, OperationType, Type};
use async_graphql::{Executor, Name, Request, Value, Variables};
use serde::Deserialize;
use serde_json::Value as Json;

use super::limits::Limits;
use super::limits::cost::ValidateOnly;
use super::{document, parse};
use crate::graphql::schema_index::SchemaIndex;
use crate::service::document_digest;

/// Prefix of an id by digest.
const PREFIX: &str = "sha256:";

/// A persisted document.
#[derive(Debug, Clone)]
pub(in crate::graphql) struct Known {
    pub(in crate::graphql) text: Arc<str>,
    pub(in crate::graphql) document: Arc<ExecutableDocument>,
}

/// Persisted documents of a manifest, by digest.
#[derive(Debug, Clone, Default)]
pub struct Documents(Arc<HashMap<String, Known>>);

/// Manifest in the format of Apollo's tools.
#[derive(Deserialize)]
struct Apollo {
    format: String,
    version: u32,
    operations: Vec<ApolloOperation>,
}

#[derive(Deserialize)]
struct ApolloOperation {
    id: String,
    body: String,
}

impl Documents {
    /// Reads a manifest: a JSON object of documents by id, or Apollo's format. Validates each document against the schema and the
    /// limits. The error names the document and the remedy.
    pub async fn read(
        manifest: &str,
        schema: &impl Executor,
        index: &SchemaIndex,
        limits: &Limits,
    ) -> Result<Self, String> {
        let mut known = HashMap::new();
        for (id, text) in listed(manifest)? {
            let digest = document_digest(&text);
            if digest_of(&id) != digest {
                return Err(format!(
                    "the document `{id}` has the digest {digest}: name it so (Relay's compiler does with `algorithm: \"SHA256\"`)"
                ));
            }
            let document = judged(&text, schema, index, limits).await;
            let document = Arc::new(document.map_err(|why| format!("the document `{id}`: {why}"))?);
            known.insert(digest, Known { text: text.into(), document });
        }
        Ok(Self(Arc::new(known)))
    }

    /// Returns the number of documents.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Looks a document up by digest.
    pub(in crate::graphql) fn find(&self, digest: &str) -> Option<&Known> {
        self.0.get(digest)
    }
}

/// Returns the digest of an id. The prefix is optional, since manifest tools omit it.
pub(in crate::graphql) fn digest_of(id: &str) -> String {
    id.strip_prefix(PREFIX).unwrap_or(id).to_ascii_lowercase()
}

/// Returns the ids and texts of a manifest.
fn listed(manifest: &str) -> Result<Vec<(String, String)>, String> {
    let wanted =
        "write a JSON object of documents by their ids, `{ \"sha256:<hex>\": \"query …\" }`, or Apollo's manifest";
    let json: Json = serde_json::from_str(manifest).map_err(|error| format!("it is no JSON: {error}; {wanted}"))?;
    if json.get("format").is_some() {
        let apollo: Apollo = serde_json::from_value(json).map_err(|error| format!("{error}; {wanted}"))?;
        if apollo.format != "apollo-persisted-query-manifest" || apollo.version != 1 {
            return Err(format!("its format is `{}`, version {}; {wanted}", apollo.format, apollo.version));
        }
        return Ok(apollo.operations.into_iter().map(|operation| (operation.id, operation.body)).collect());
    }
    let all: HashMap<String, String> = serde_json::from_value(json).map_err(|error| format!("{error}; {wanted}"))?;
    Ok(all.into_iter().collect())
}

/// Parses and validates a document; the error is the reason for refusal.
async fn judged(
    text: &str,
    schema: &impl Executor,
    index: &SchemaIndex,
    limits: &Limits,
) -> Result<ExecutableDocument, String> {
    let told = |error: async_graphql::ServerError| error.message;
    let document = parse::read(text, limits, index).map_err(told)?;
    let (name, operation) = document.operations.iter().next().ok_or("there is no operation in it")?;
    let variables: IndexMap<Name, Value> = operation
        .node
        .variable_definitions
        .iter()
        .filter(|variable| variable.node.default_value.is_none())
        .filter_map(|variable| {
            let variable = &variable.node;
            Some((variable.name.node.clone(), stand_in(&variable.var_type.node)?))
        })
        .collect();
    let mut request = Request::new(text).variables(Variables::from_value(Value::Object(variables))).data(ValidateOnly);
    request.operation_name = name.map(Name::to_string);
    let answer = schema.execute(request).await;
    let errors: Vec<String> = answer.errors.into_iter().map(told).collect();
    if errors.is_empty() { Ok(document) } else { Err(errors.join(" ")) }
}

/// Returns true for a document without personal input, safe to keep and serve to other callers. Mutations must pass all input as
/// variables, since literals may be personal data or secrets. Documents with comments are refused.
pub(in crate::graphql) fn may_be_kept(text: &str, document: &ExecutableDocument) -> bool {
    let acts = document.operations.iter().any(|(_, operation)| operation.node.ty == OperationType::Mutation);
    let mut is_bare = true;
    document::each_value(document, &mut |value| is_bare &= is_nothing_typed(&value));
    !text.contains(['#', '\0']) && (is_bare || !acts)
}

/// Returns true for a value without literals other than null and booleans.
fn is_nothing_typed(value: &Value) -> bool {
    match value {
        Value::Null | Value::Boolean(_) => true,
        Value::List(items) => items.iter().all(is_nothing_typed),
        Value::Object(fields) => fields.values().all(is_nothing_typed),
        _ => false,
    }
}

/// Returns a placeholder for a variable without default, for the cost calculation.
fn stand_in(ty: &Type) -> Option<Value> {
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
        assert_eq!(listed(apollo), Ok(one.clone()));
        assert_eq!(listed(r#"{ "a": "query One { __typename }" }"#), Ok(one));
        for wrong in ["", "[]", r#"{ "a": 1 }"#, r#"{ "format": "x", "version": 1, "operations": [] }"#] {
            assert!(listed(wrong).is_err_and(|why| why.contains("write a JSON object")), "{wrong}");
        }
    }

    #[test]
    fn a_text_is_known_by_its_digest_however_that_is_written() {
        let id = document_digest("{ __typename }");
        assert_eq!(id.len(), 64);
        for written in [id.clone(), format!("sha256:{id}"), id.to_uppercase()] {
            assert_eq!(digest_of(&written), id);
        }
        assert_ne!(document_digest("{ __typename  }"), id);
    }
}
