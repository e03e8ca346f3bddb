//! Execution of a query or a mutation.

use async_graphql::Response;

use super::response::{finish, has_run, translate_errors};
use crate::graphql::api_schema::ApiSchema;
use crate::graphql::context::session::Session;
use crate::graphql::error_code::with_codes;
use crate::graphql::operation::admitted::Operation;
use crate::graphql::operation::api_key_access;

/// Executes a query or a mutation for its session. Every error gets a code, and every failed field is null.
pub async fn execute(schema: &ApiSchema, operation: Operation, session: Session) -> Response {
    let Operation { document, request, registration, requested_language } = operation;
    let session = session.with_requested_language(requested_language);
    let language = session.language();
    let registration = registration.filter(|_| session.pass().is_some());
    if let Err(error) = api_key_access::check(schema.index(), &document, session.pass()) {
        return translate_errors(with_codes(Response::from_errors(vec![error])), language);
    }
    let name = request.operation_name.clone();
    let text = registration.is_some().then(|| request.query.clone());
    let mut request = request.data(session);
    request.set_parsed_query(document.clone());
    let response = schema.executable().execute(request).await;
    if let (Some(registration), Some(text)) = (registration, text)
        && has_run(&response)
    {
        registration.register(&text, &document);
    }
    finish(schema.index(), &document, name.as_deref(), response, language)
}
