//! Payloads of mutations, and the options common to the inputs of acts.

use async_graphql::{Context, ID, InputObject, Result};

use super::prefetch;
use super::request::Request;
use super::scalars::id;
use crate::access::Pass;
use crate::graphql::context::session::{caller, session};
use crate::graphql::look_ahead::{PAYLOAD_REQUEST, Selections};
use crate::service::ActMode;

/// Makes the payload of an act: the changed object, the preview of a dry run, or user errors.
macro_rules! payload {
    ($name:ident, $field:ident: $type:ty) => {
        /// The result of the act, or the errors in its input.
        #[derive(async_graphql::SimpleObject)]
        struct $name {
            /// It, as it is now. Null when refused, or only tried.
            $field: Option<$type>,
            /// The preview of a dry run (`validateOnly`). Null otherwise, or when refused.
            preview: Option<$crate::graphql::schema::preview::ActPreview>,
            /// Errors in the input; empty when it was done, or would be.
            user_errors: Vec<$crate::graphql::schema::user_error::UserError>,
        }

        impl $name {
            /// Builds the payload of an answer; reads the changed object unless it was a dry run.
            async fn from_answer<F: Future<Output = Result<Option<$type>>>>(
                context: &Context<'_>,
                answer: $crate::service::ServiceResult<$crate::service::ActResult>,
                read: impl FnOnce(uuid::Uuid) -> F,
            ) -> Result<Option<Self>> {
                let mut payload = Self { $field: None, preview: None, user_errors: Vec::new() };
                match $crate::graphql::schema::user_error::split_user_errors(answer)? {
                    Err(errors) => payload.user_errors = errors,
                    Ok($crate::service::ActResult::Committed(id)) => payload.$field = read(id).await?,
                    Ok($crate::service::ActResult::Previewed(preview)) => {
                        let preview = $crate::graphql::schema::preview::ActPreview::from_service(context, *preview)?;
                        payload.preview = Some(preview);
                    }
                }
                Ok(Some(payload))
            }
        }
    };
}

pub(crate) use payload;

/// Makes the payload of a mutation without dry run: the changed object, or user errors.
macro_rules! changed_payload {
    ($(#[$doc:meta])* $name:ident, $(#[$field_doc:meta])* $field:ident: $type:ty) => {
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        struct $name {
            $(#[$field_doc])*
            $field: Option<$type>,
            /// Errors in the input; empty when it was done.
            user_errors: Vec<$crate::graphql::schema::user_error::UserError>,
        }

        impl $name {
            /// Builds the payload of an answer; `read` returns the changed object.
            async fn from_answer<T, F: Future<Output = Result<Option<$type>>>>(
                answer: $crate::service::ServiceResult<T>,
                read: impl FnOnce(T) -> F,
            ) -> Result<Option<Self>> {
                Ok(Some(match $crate::graphql::schema::user_error::split_user_errors(answer)? {
                    Err(user_errors) => Self { $field: None, user_errors },
                    Ok(value) => Self { $field: read(value).await?, user_errors: Vec::new() },
                }))
            }
        }
    };
}

pub(crate) use changed_payload;

/// The last fields of every input of an act, flattened into it.
#[derive(InputObject)]
pub(crate) struct ActOptions {
    /// Makes a retry harmless: the same key acts once. Kept seven days. A new UUID for each act does well.
    pub(crate) idempotency_key: Option<String>,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
    /// Dry run: answers the errors or the preview, and writes nothing. The idempotency key is only validated. Null is as false.
    #[graphql(default_with = "Some(false)")]
    validate_only: Option<bool>,
}

impl ActOptions {
    /// Returns the pass to act by, and the mode of the act.
    pub(crate) fn pass_and_mode(&self, context: &Context<'_>) -> Result<(Pass, ActMode)> {
        Ok((acting_pass(context, self.acting_as.as_ref())?, ActMode::from_validate_only(self.validate_only)))
    }
}

/// Returns the pass of the caller, restricted to the grant of `actingAs` where given.
pub(crate) fn acting_pass(context: &Context<'_>, grant: Option<&ID>) -> Result<Pass> {
    let pass = caller(context)?.pass;
    Ok(pass.acting_as(id::optional_uuid(context, "RoleGrant", "input.actingAs", grant)?))
}

/// Reads a request after an act, prefetching the selection of the payload's field.
pub(crate) async fn reread(context: &Context<'_>, id: uuid::Uuid) -> Result<Option<Request>> {
    session(context)?.clear_caches();
    let found = Request::find(context, id).await?;
    prefetch::requests(context, found.as_slice(), &Selections::of_field(context).field(PAYLOAD_REQUEST)).await?;
    Ok(found)
}
