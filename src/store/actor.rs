//! The four columns of an actor, as rows store them: their one writer and one reader.

use entity::{disposition, disposition_read, document, signature, submission, visit};

use crate::access::{Actor, Capacity};

/// Builds a row with the columns of its actor: `with_actor!(actor, signature::Model { id, … })`.
macro_rules! with_actor {
    ($actor:expr, $($model:ident)::+ { $($fields:tt)* }) => {{
        let actor: &$crate::access::Actor = $actor;
        $($model)::+ {
            actor_user: actor.user.into(),
            actor_role: actor.role.clone().into(),
            actor_capacity: actor.capacity.word().to_owned().into(),
            actor_for: actor.on_behalf_of,
            $($fields)*
        }
    }};
}
pub(crate) use with_actor;

/// Conversions of rows to their actors; a visit may have none.
macro_rules! from_rows {
    ($($entity:ident),+ $(,)?) => {
        $(impl From<&$entity::Model> for Actor {
            fn from(row: &$entity::Model) -> Self {
                Self {
                    user: row.actor_user,
                    role: row.actor_role.clone(),
                    capacity: capacity(&row.actor_capacity),
                    on_behalf_of: row.actor_for,
                }
            }
        })+
    };
}

from_rows!(disposition, disposition_read, document, signature, submission);

/// Returns the performer of an ended visit; none while it is under way.
pub fn performer(visit: &visit::Model) -> Option<Actor> {
    Some(Actor {
        user: visit.actor_user?,
        role: visit.actor_role.clone()?,
        capacity: capacity(visit.actor_capacity.as_deref()?),
        on_behalf_of: visit.actor_for,
    })
}

/// Returns the capacity of a stored word. An unknown word, as in a row edited by hand, counts as definitive.
fn capacity(word: &str) -> Capacity {
    Capacity::from_word(word).unwrap_or(Capacity::Definitive)
}
