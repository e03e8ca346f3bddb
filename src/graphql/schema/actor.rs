//! `Actor`: a person in the role and capacity of an act.

use async_graphql::{Context, Object, Result};
use uuid::Uuid;

use super::grant::{Capacity, Role, role};
use super::user::{User, person};
use crate::access;

/// The person behind an act, with their role and capacity at the time.
pub(crate) struct Actor {
    pub(crate) office: String,
    pub(crate) user: Uuid,
    pub(crate) role: String,
    pub(crate) capacity: access::Capacity,
    pub(crate) on_behalf_of: Option<Uuid>,
}

impl Actor {
    /// The actor of a row's columns.
    pub(crate) fn new(office: &str, user: Uuid, role: &str, capacity: &str, on_behalf_of: Option<Uuid>) -> Self {
        let capacity = access::Capacity::from_word(capacity).unwrap_or(access::Capacity::Definitive);
        Self { office: office.to_owned(), user, role: role.to_owned(), capacity, on_behalf_of }
    }
}

/// The person behind an act, with their role and capacity at the time.
#[Object]
impl Actor {
    /// The person.
    async fn user(&self, context: &Context<'_>) -> Result<User> {
        person(context, self.user, Some(&self.office)).await
    }

    /// The role they acted as.
    async fn role(&self, context: &Context<'_>) -> Result<Role> {
        role(context, &self.office, &self.role)
    }

    /// The capacity they held it in.
    async fn capacity(&self) -> Capacity {
        self.capacity.into()
    }

    /// The person they stood in for; null for none.
    async fn on_behalf_of(&self, context: &Context<'_>) -> Result<Option<User>> {
        match self.on_behalf_of {
            None => Ok(None),
            Some(id) => Ok(Some(person(context, id, Some(&self.office)).await?)),
        }
    }
}
