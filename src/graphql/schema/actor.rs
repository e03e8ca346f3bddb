//! `Actor`: a person in the role and capacity of an act.

use async_graphql::{Context, Object, Result};

use super::grant::{Capacity, Role, role};
use super::user::User;
use crate::access;

/// The person behind an act, with their role and capacity at the time.
pub(crate) struct Actor {
    office: String,
    actor: access::Actor,
}

impl Actor {
    /// Returns an actor in an office: an event's, or a row's.
    pub(crate) fn new(office: &str, actor: impl Into<access::Actor>) -> Self {
        Self { office: office.to_owned(), actor: actor.into() }
    }
}

/// The person behind an act, with their role and capacity at the time.
#[Object]
impl Actor {
    /// The person.
    async fn user(&self, context: &Context<'_>) -> Result<User> {
        User::load(context, self.actor.user, Some(&self.office)).await
    }

    /// The role they acted as.
    async fn role(&self, context: &Context<'_>) -> Result<Role> {
        role(context, &self.office, &self.actor.role)
    }

    /// The capacity they held it in.
    async fn capacity(&self) -> Capacity {
        self.actor.capacity.into()
    }

    /// The person they stood in for; null for none.
    async fn on_behalf_of(&self, context: &Context<'_>) -> Result<Option<User>> {
        User::load_optional(context, self.actor.on_behalf_of, &self.office).await
    }
}
