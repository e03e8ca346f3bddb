//! Execution of a query or a mutation.

use async_graphql::{Response, Value};

use super::response::{finish, has_run, translate_errors};
use crate::graphql::api_schema::ApiSchema;
use crate::graphql::context::session::Session;
use crate::graphql::error_code::with_codes;
use crate::graphql::operation::admitted::{Operation, ReportedCost};
use crate::graphql::operation::compile::{RunnableOperation, introspection};

/// Executes a query or a mutation for its session. Every error gets a code, and every failed field is null.
pub async fn execute(schema: &ApiSchema, operation: Operation, session: Session) -> Response {
    let Operation { runnable, reported_cost, registration, requested_language } = operation;
    let session = session.with_requested_language(requested_language);
    let language = session.language();
    let registration = registration.filter(|_| session.pass().is_some());
    if let Err(error) = runnable.document.required_scopes().check(session.pass()) {
        return translate_errors(with_codes(Response::from_errors(vec![error])), language);
    }
    let mut response = run(schema, &runnable, session).await;
    response.extensions.extend(reported_cost.map(ReportedCost::extension));
    if let Some(registration) = registration
        && has_run(&response)
    {
        registration.register(&runnable.document);
    }
    finish(runnable.compiled.merged(), response, language)
}

/// Runs the fields of an operation, introspection apart.
async fn run(schema: &ApiSchema, runnable: &RunnableOperation, session: Session) -> Response {
    let compiled = &runnable.compiled;
    let mut response = match compiled.has_own_fields() {
        true => schema.executable().execute(runnable.request().data(session)).await,
        false => Response::new(Value::Object(Default::default())),
    };
    if !compiled.selects_introspection() || !has_run(&response) {
        return response;
    }
    // The library replaces an object by null when all its fields failed.
    if response.data == Value::Null {
        response.data = Value::Object(Default::default());
    }
    if let Value::Object(values) = &mut response.data {
        let target = schema.compiler().target();
        let chosen = (runnable.key.number(), &runnable.variables);
        match introspection::answer(target, &runnable.document, chosen, compiled.merged()) {
            Ok(answer) => values.extend(answer),
            Err(error) => return Response::from_errors(vec![error]),
        }
    }
    response
}
