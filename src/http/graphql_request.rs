//! Parsing of GraphQL requests: body, query string, bearer token.

use async_graphql::{Request, Response};
use axum::body::Body;
use axum::http::{HeaderMap, Uri, header};
use serde_json::{Map, Value, json};

use super::error::HttpError;
use super::request_body;
use super::state::ServerState;
use crate::graphql::{DOCUMENT_ID, PERSISTED_QUERY};

/// Maximum length of a URL. Beyond about twice as much over HTTP/1.1, and half as much over HTTP/2, the HTTP library
/// answers by itself, without a body.
const MAX_URL: usize = 32_768;

/// The operations of a request.
pub(super) enum SentRequest {
    /// A body over a limit, with the complete response.
    OverLimit(Box<Response>),
    /// One operation.
    Single(Box<Request>),
    /// A batch of operations.
    Batch(Vec<Request>),
}

impl SentRequest {
    /// Number of operations.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::OverLimit(_) | Self::Single(_) => 1,
            Self::Batch(requests) => requests.len(),
        }
    }

    /// Reads a body within the limits.
    pub(super) async fn read(headers: &HeaderMap, body: Body, state: &ServerState) -> Result<Self, HttpError> {
        let body = request_body::read(headers, body, state.settings.body_limit).await?;
        if let Err(response) = state.schema.compiler().limits().check_body(&body) {
            return Ok(Self::OverLimit(response));
        }
        let batch = state.settings.batch_limit;
        if body.trim_ascii().is_empty() {
            return Err(malformed("the body is empty"));
        }
        let sent = serde_json::from_slice(&body).map_err(|error| malformed(&error.to_string()))?;
        let Value::Array(sent) = sent else { return operation(sent).map(|request| Self::Single(Box::new(request))) };
        if sent.is_empty() {
            return Err(malformed("there is no operation in it"));
        }
        if batch == 0 {
            return Err(HttpError::batch("This server takes no batch: send each operation by itself."));
        }
        if sent.len() > batch {
            return Err(HttpError::batch(format!(
                "A batch has {batch} operations at most; this one has {}.",
                sent.len()
            )));
        }
        sent.into_iter().map(operation).collect::<Result<_, _>>().map(Self::Batch)
    }
}

fn operation(value: Value) -> Result<Request, HttpError> {
    parse_operation(value).map_err(|why| malformed(&why))
}

/// An operation in a query string.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryParameters {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

/// Refuses a URL that is too long.
pub(super) fn check_url(url: &Uri) -> Result<(), HttpError> {
    let length = url.path_and_query().map_or(0, |sent| sent.as_str().len());
    if length > MAX_URL { Err(HttpError::url_too_long(MAX_URL, length)) } else { Ok(()) }
}

impl QueryParameters {
    /// Parses the operation within the limits.
    pub(super) fn parse(self, state: &ServerState) -> Result<SentRequest, HttpError> {
        for text in [&self.variables, &self.extensions].into_iter().flatten() {
            if let Err(response) = state.schema.compiler().limits().check_body(text.as_bytes()) {
                return Ok(SentRequest::OverLimit(response));
            }
        }
        let json = |name: &str, text: Option<String>| {
            let value = text.filter(|text| !text.is_empty()).map(|text| serde_json::from_str::<Value>(&text));
            value.transpose().map_err(|error| malformed(&format!("{name}: {error}")))
        };
        let request = operation(json!({
            "query": self.query,
            "documentId": self.document_id,
            "operationName": self.operation_name.filter(|name| !name.is_empty()),
            "variables": json("variables", self.variables)?,
            "extensions": json("extensions", self.extensions)?,
        }))?;
        Ok(SentRequest::Single(Box::new(request)))
    }
}

/// Parses an operation, with its text or its document id.
pub(super) fn parse_operation(sent: Value) -> Result<Request, String> {
    // The library would accept an array, field by field, and an object without a query.
    let Value::Object(mut sent) = sent else { return Err("an object with `query` is wanted".to_owned()) };
    // Null counts as absent, and so does an empty name.
    sent.retain(|name, value| !value.is_null() && (name != "operationName" || value != ""));
    let id = match sent.remove(DOCUMENT_ID) {
        None => persisted_query(&sent),
        Some(Value::String(id)) => Some(id),
        Some(_) => return Err(format!("`{DOCUMENT_ID}` is a text")),
    };
    if !sent.get("query").map_or(id.is_some(), Value::is_string) {
        return Err(format!(
            "`query` is wanted, a text, or `{DOCUMENT_ID}`, or `extensions.{PERSISTED_QUERY}` of version 1"
        ));
    }
    for name in ["variables", "extensions"] {
        if !sent.get(name).is_none_or(Value::is_object) {
            return Err(format!("`{name}` is an object"));
        }
    }
    let mut request: Request = serde_json::from_value(sent.into()).map_err(|error| error.to_string())?;
    request.extensions.extend(id.map(|id| (DOCUMENT_ID.to_owned(), id.into())));
    Ok(request)
}

/// The document id in `extensions.persistedQuery`, as sent by Apollo and urql.
fn persisted_query(sent: &Map<String, Value>) -> Option<String> {
    let asked = sent.get("extensions")?.get(PERSISTED_QUERY)?;
    let is_known = asked.get("version").and_then(Value::as_u64) == Some(1);
    asked.get("sha256Hash").and_then(Value::as_str).filter(|_| is_known).map(str::to_owned)
}

/// 400 for a malformed request.
pub(super) fn malformed(why: &str) -> HttpError {
    HttpError::bad_request(format!("This is no GraphQL request: {why}."))
}

/// Returns the bearer token, if there is one.
pub(super) fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>, HttpError> {
    let Some(sent) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = sent.to_str().ok().and_then(|sent| sent.split_once(' '));
    match token {
        // The scheme is case-insensitive (RFC 9110, section 11.1).
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(HttpError::unauthenticated("The Authorization header must read `Bearer <token>`.")),
    }
}
