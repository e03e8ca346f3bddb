//! Payloads of acts: the changed object, the preview of a dry run (`validateOnly`), or user errors.

use async_graphql::{Context, ID, Result};

use super::prefetch;
use super::request::{Request, find};
use super::scalars::id;
use crate::access::Pass;
use crate::graphql::context::session::{caller, session};
use crate::graphql::look_ahead::{PAYLOAD_REQUEST, Selections};

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
                answer: command::Answer<command::ActResult>,
                read: impl FnOnce(uuid::Uuid) -> F,
            ) -> Result<Option<Self>> {
                let mut payload = Self { $field: None, preview: None, user_errors: Vec::new() };
                match $crate::graphql::schema::user_error::settle(answer)? {
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

/// Returns the pass of the caller, restricted to the grant of `actingAs` where given.
pub(crate) fn acting(context: &Context<'_>, grant: Option<&ID>) -> Result<Pass> {
    Ok(caller(context)?.pass.acting_as(grant.map(|id| id::uuid("RoleGrant", id))))
}

/// Clears the loaders: a mutation answers with the state after it.
pub(crate) async fn forget_reads(context: &Context<'_>) -> Result<()> {
    session(context)?.forget();
    Ok(())
}

/// Reads a request after an act, prefetching the selection of the payload's field.
pub(crate) async fn reread(context: &Context<'_>, id: uuid::Uuid) -> Result<Option<Request>> {
    forget_reads(context).await?;
    let found = find(context, id).await?;
    prefetch::requests(context, found.as_slice(), &Selections::of_field(context).field(PAYLOAD_REQUEST)).await?;
    Ok(found)
}
