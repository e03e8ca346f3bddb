//! Payloads of acts: what was done, or would be (`validateOnly`), or what to mend.

use async_graphql::{Context, ID, Result};

use super::prefetch;
use super::request::{Request, find};
use super::scalars::id;
use crate::access::Pass;
use crate::graphql::context::session::{caller, session};
use crate::graphql::look_ahead::{PAYLOAD_REQUEST, Selections};

macro_rules! payload {
    ($name:ident, $field:ident: $type:ty) => {
        /// What was done, or what to mend.
        #[derive(async_graphql::SimpleObject)]
        struct $name {
            /// It, as it is now. Null when refused, or only tried.
            $field: Option<$type>,
            /// What it would do, when it was only tried (`validateOnly`). Null otherwise, or when refused.
            preview: Option<$crate::graphql::schema::preview::ActPreview>,
            /// What to mend; empty when it was done, or would be.
            user_errors: Vec<$crate::graphql::schema::user_error::UserError>,
        }

        impl $name {
            /// What an act came to; what it did is read once it is done.
            async fn of<F: Future<Output = Result<Option<$type>>>>(
                context: &Context<'_>,
                answer: command::Answer<command::ActResult>,
                read: impl FnOnce(uuid::Uuid) -> F,
            ) -> Result<Option<Self>> {
                let mut payload = Self { $field: None, preview: None, user_errors: Vec::new() };
                match $crate::graphql::schema::user_error::settle(answer)? {
                    Err(errors) => payload.user_errors = errors,
                    Ok($crate::service::ActResult::Committed(id)) => payload.$field = read(id).await?,
                    Ok($crate::service::ActResult::Previewed(preview)) => {
                        let preview = $crate::graphql::schema::preview::ActPreview::of(context, *preview)?;
                        payload.preview = Some(preview);
                    }
                }
                Ok(Some(payload))
            }
        }
    };
}

pub(crate) use payload;

/// The caller, to act by the grant of that id where one is given.
pub(crate) fn acting(context: &Context<'_>, grant: Option<&ID>) -> Result<Pass> {
    Ok(caller(context)?.pass.acting_as(grant.map(|id| id::uuid("RoleGrant", id))))
}

/// Forgets what the operation has read so far: what a mutation answers is as it is now.
pub(crate) async fn fresh(context: &Context<'_>) -> Result<()> {
    session(context)?.forget();
    Ok(())
}

/// A request as it is now, with what the payload's field selects of it.
pub(crate) async fn reread(context: &Context<'_>, id: uuid::Uuid) -> Result<Option<Request>> {
    fresh(context).await?;
    let found = find(context, id).await?;
    prefetch::requests(context, found.as_slice(), &Selections::of_field(context).field(PAYLOAD_REQUEST)).await?;
    Ok(found)
}
