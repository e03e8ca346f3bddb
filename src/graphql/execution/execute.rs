//! Execution of a query or a mutation.

use std::net::IpAddr;

use async_graphql::{Response, ServerError, Value};

use super::response::{finish, has_run, translate_errors};
use crate::graphql::api_schema::ApiSchema;
use crate::graphql::context::session::Session;
use crate::graphql::error_code::with_codes;
use crate::graphql::operation::admitted::{Operation, ReportedCost};
use crate::graphql::operation::compile::{RunnableOperation, introspection};
use crate::language::Language;
use crate::service::{Pass, Service, ServiceResult};

/// The response to a query or a mutation.
#[derive(Debug)]
pub struct SingleResponse {
    /// The response.
    pub response: Response,
    /// The response is the same for every caller.
    pub is_public: bool,
}

/// Number of times that a query is run by cached rights before they are read for it: more often they change too fast.
const CACHED_RUNS: usize = 2;

/// Executes a query or a mutation of a caller. Every error gets a code, and every failed field is null.
pub async fn execute(
    schema: &ApiSchema,
    service: &Service,
    operation: Operation,
    pass: Option<Pass>,
    address: IpAddr,
) -> ServiceResult<SingleResponse> {
    let run = match pass.filter(|_| operation.is_query()) {
        Some(pass) => run_by_cached_rights(schema, service, &operation, pass, address).await?,
        None => None,
    };
    let run = match run {
        Some(run) => run,
        None => {
            let session = Session::open(service, &operation, pass, Some(address)).await?;
            run_in(schema, &operation, session).await
        }
    };
    let Run { result, language, depends_on_viewer } = run;
    let Operation { runnable, reported_cost, registration, .. } = operation;
    let mut response = match result {
        Ok(response) => response,
        Err(error) => {
            let refused = with_codes(Response::from_errors(vec![error]));
            return Ok(SingleResponse { response: translate_errors(refused, language), is_public: false });
        }
    };
    response.extensions.extend(reported_cost.map(ReportedCost::extension));
    if let Some(registration) = registration.filter(|_| pass.is_some())
        && has_run(&response)
    {
        registration.register(&runnable.document);
    }
    let response = finish(runnable.compiled.merged(), response, language);
    let is_public = pass.is_none() && !depends_on_viewer && response.errors.is_empty();
    Ok(SingleResponse { response, is_public })
}

/// An operation that has run, or was refused for the scopes of its API key.
struct Run {
    result: Result<Response, ServerError>,
    language: Option<Language>,
    depends_on_viewer: bool,
}

/// Runs a query by cached rights, again if they had changed. None without cached rights, or if they change too fast.
async fn run_by_cached_rights(
    schema: &ApiSchema,
    service: &Service,
    operation: &Operation,
    pass: Pass,
    address: IpAddr,
) -> ServiceResult<Option<Run>> {
    for _ in 0..CACHED_RUNS {
        let Some((view, check)) = service.cached_rights(pass).await? else { return Ok(None) };
        let session = Session::by_cached_rights(service, operation, (&view, check.clone()), address).await?;
        let run = run_in(schema, operation, session).await;
        if service.confirm_rights(&check).await? {
            return Ok(Some(run));
        }
    }
    Ok(None)
}

/// Runs an operation in its session.
async fn run_in(schema: &ApiSchema, operation: &Operation, session: Session) -> Run {
    let session = session.with_requested_language(operation.requested_language);
    let (language, dependence) = (session.language(), session.viewer_dependence());
    let result = match operation.runnable.document.required_scopes().check(session.pass()) {
        Ok(()) => Ok(run(schema, &operation.runnable, session).await),
        Err(error) => Err(error),
    };
    Run { result, language, depends_on_viewer: dependence.is_noted() }
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
