//! Payloads of acts: what was done, or would be (`validateOnly`), or what to mend.

use async_graphql::{Context, ID, Result};

use super::prefetch;
use super::preview::ActPreview;
use super::request::{Request, find};
use super::scalars::id;
use crate::access::Pass;
use crate::graphql::context::session::{caller, service, session};
use crate::graphql::look_ahead::{PAYLOAD_REQUEST, Selections};
use crate::service as command;

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
                service: &command::Service,
                answer: command::Answer<uuid::Uuid>,
                read: impl FnOnce(uuid::Uuid) -> F,
            ) -> Result<Option<Self>> {
                let mut payload = Self { $field: None, preview: None, user_errors: Vec::new() };
                match $crate::graphql::schema::user_error::settle(answer)? {
                    Err(errors) => payload.user_errors = errors,
                    Ok(id) => {
                        payload.preview = $crate::graphql::schema::payload::tried(context, service)?;
                        if payload.preview.is_none() {
                            payload.$field = read(id).await?;
                        }
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

/// What does it, or only tries it.
pub(crate) fn performing(context: &Context<'_>, validate_only: Option<bool>) -> Result<command::Service> {
    let service = service(context)?;
    Ok(if validate_only == Some(true) { service.trial() } else { service.clone() })
}

/// What an act that was only tried would do; none where it was done.
pub(crate) fn tried(context: &Context<'_>, service: &command::Service) -> Result<Option<ActPreview>> {
    service.previewed().map(|preview| ActPreview::of(context, preview)).transpose()
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
