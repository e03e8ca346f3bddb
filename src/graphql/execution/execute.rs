//! Execution of a query or a mutation.

use async_graphql::Response;

use super::response::{finish, has_run, told};
use crate::graphql::context::session::Session;
use crate::graphql::error_code::coded;
use crate::graphql::operation::admitted::Operation;
use crate::graphql::operation::api_key_access;
use crate::graphql::schema::roots::ApiSchema;

/// Executes a query or a mutation for its session. Every error gets a code, and every failed field is null.
pub async fn execute(schema: &ApiSchema, operation: Operation, session: Session) -> Response {
    let Operation { document, request, registers, wanted } = operation;
    let session = session.wanting(wanted);
    let language = session.language();
    let registers = registers.filter(|_| session.pass().is_some());
    if let Err(error) = api_key_access::judge(schema.index(), &document, session.pass()) {
        return told(coded(Response::from_errors(vec![error])), language);
    }
    let name = request.operation_name.clone();
    let text = registers.is_some().then(|| request.query.clone());
    let mut request = request.data(session);
    request.set_parsed_query(document.clone());
    let response = schema.executable().execute(request).await;
    if let (Some(registers), Some(text)) = (registers, text)
        && has_run(&response)
    {
        registers.register(&text, &document);
    }
    finish(schema.index(), &document, name.as_deref(), response, language)
}
