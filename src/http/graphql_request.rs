//! Reading of GraphQL requests: operations in a body or a query string, and the bearer token.

use async_graphql::{Request, Response};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value, json};

use super::error::Refusal;
use super::state::Shared;
use crate::graphql::{DOCUMENT_ID, ErrorCode, PERSISTED_QUERY};

/// What a body asks for.
pub(super) enum Sent {
    /// Nothing that is read: it goes beyond a limit, as this answer says.
    TooMuch(Box<Response>),
    /// An operation.
    One(Box<Request>),
    /// Several, in a list.
    Batch(Vec<Request>),
}

impl Sent {
    /// How many operations it asks for.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::TooMuch(_) | Self::One(_) => 1,
            Self::Batch(requests) => requests.len(),
        }
    }

    /// Reads a body, within the limits.
    pub(super) async fn read(headers: &HeaderMap, body: Body, shared: &Shared) -> Result<Self, Refusal> {
        if !is_json(headers) {
            let message = "Send the operation as application/json, in UTF-8.";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::InvalidOperation, message));
        }
        let body = whole(body, shared.body_limit).await?;
        if let Err(response) = shared.admission.limits.check_body(&body) {
            return Ok(Self::TooMuch(response));
        }
        let batch = shared.batch_limit;
        if body.trim_ascii().is_empty() {
            return Err(malformed("the body is empty"));
        }
        let sent = serde_json::from_slice(&body).map_err(|error| malformed(&error.to_string()))?;
        let Value::Array(sent) = sent else { return operation(sent).map(|request| Self::One(Box::new(request))) };
        if sent.is_empty() {
            return Err(malformed("there is no operation in it"));
        }
        if batch == 0 {
            return Err(Refusal::batch("This server takes no batch: send each operation by itself."));
        }
        if sent.len() > batch {
            return Err(Refusal::batch(format!(
                "A batch has {batch} operations at most; this one has {}.",
                sent.len()
            )));
        }
        sent.into_iter().map(operation).collect::<Result<_, _>>().map(Self::Batch)
    }
}

/// Whether a body is JSON in UTF-8. A form cannot send this type to another origin without asking first, nor can it send none: no
/// request is forged by another site's page.
fn is_json(headers: &HeaderMap) -> bool {
    let content = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, parameters) = content.split_once(';').unwrap_or((content, ""));
    let is_utf8 = parameters.split(';').filter_map(|parameter| parameter.split_once('=')).all(|(key, value)| {
        !key.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    kind.trim().eq_ignore_ascii_case("application/json") && is_utf8
}

fn operation(sent: Value) -> Result<Request, Refusal> {
    operation_of(sent).map_err(|why| malformed(&why))
}

/// An operation in a query string.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

impl Asked {
    /// What it asks for, within the limits.
    pub(super) fn read(self, shared: &Shared) -> Result<Sent, Refusal> {
        for text in [&self.variables, &self.extensions].into_iter().flatten() {
            if let Err(response) = shared.admission.limits.check_body(text.as_bytes()) {
                return Ok(Sent::TooMuch(response));
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
        Ok(Sent::One(Box::new(request)))
    }
}

/// The operation that an object asks for, by its text or by its document's id.
pub(super) fn operation_of(sent: Value) -> Result<Request, String> {
    // The library's type would be read from an array too, field by field, and without a query it would read an empty one.
    let Value::Object(mut sent) = sent else { return Err("an object with `query` is wanted".to_owned()) };
    // Null is as good as nothing, and a client that has no name may say an empty one.
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

/// The id that an operation has by `extensions.persistedQuery`, as Apollo's clients and urql send it.
fn persisted_query(sent: &Map<String, Value>) -> Option<String> {
    let asked = sent.get("extensions")?.get(PERSISTED_QUERY)?;
    let is_known = asked.get("version").and_then(Value::as_u64) == Some(1);
    asked.get("sha256Hash").and_then(Value::as_str).filter(|_| is_known).map(str::to_owned)
}

/// What was sent is no request.
pub(super) fn malformed(why: &str) -> Refusal {
    let message = format!("This is no GraphQL request: {why}.");
    Refusal::new(StatusCode::BAD_REQUEST, ErrorCode::InvalidOperation, message)
}

/// How many times the limit is still read, and thrown away, from a body that is too large.
const DRAINED: usize = 16;

/// The whole of a body of at most `most` bytes.
async fn whole(mut body: Body, most: usize) -> Result<Bytes, Refusal> {
    let told = axum::body::HttpBody::size_hint(&body).exact();
    let unread = match Limited::new(&mut body, most).collect().await {
        Ok(collected) => return Ok(collected.to_bytes()),
        Err(error) => error,
    };
    if !unread.is::<LengthLimitError>() {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, ErrorCode::InvalidOperation, "The body could not be read."));
    }
    // A client that is still sending when the connection closes never reads why: most are heard out first.
    let mut left = most.saturating_mul(DRAINED);
    while let Some(Ok(frame)) = body.frame().await {
        match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
            Some(rest) => left = rest,
            None => break,
        }
    }
    Err(Refusal::too_large(most, told))
}

/// The token that was sent, if any.
pub(super) fn header_token(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(sent) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = sent.to_str().ok().and_then(|sent| sent.split_once(' '));
    match token {
        // The scheme's name is read in any case (RFC 9110, section 11.1).
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(Refusal::unauthenticated("The Authorization header must read `Bearer <token>`.")),
    }
}
