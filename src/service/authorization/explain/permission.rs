//! Permissions on a request, as a person may ask about them.

use crate::access::{Action, Field};
use crate::policy::Object;
use crate::procedure::Step;

/// A permission on a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Seeing the request.
    See,
    /// Reading a field with a policy line of its own.
    Read(Field),
    /// An action at a step.
    AtStep(Action),
    /// An action on the request as a whole.
    Whole(Action),
}

impl Permission {
    /// All permissions, in the order of the documentation.
    pub const ALL: [Self; 13] = [
        Self::See,
        Self::AtStep(Action::Execute),
        Self::AtStep(Action::Sign),
        Self::AtStep(Action::Receive),
        Self::Whole(Action::Withdraw),
        Self::Whole(Action::Reveal),
        Self::Whole(Action::Reissue),
        Self::Whole(Action::Revoke),
        Self::Read(Field::Nip),
        Self::Read(Field::Phone),
        Self::Read(Field::Email),
        Self::Read(Field::Note),
        Self::Read(Field::Address),
    ];

    /// The policy's object and action; none for `See`, a matter of several lines.
    pub(super) fn decided<'a>(self, procedure: &'a str, step: Option<&'a Step>) -> Option<(Object<'a>, Action)> {
        match self {
            Self::See => None,
            Self::Read(field) => Some((Object::Field(field), Action::Read)),
            Self::AtStep(action) => Some((Object::Step(procedure, step.map_or("", |step| &step.key)), action)),
            Self::Whole(action) => Some((Object::Procedure(procedure), action)),
        }
    }

    /// The word at the command line.
    pub fn word(self) -> String {
        match self {
            Self::See => "see".to_owned(),
            Self::Read(field) => format!("read-{field}"),
            Self::AtStep(action) | Self::Whole(action) => action.word().to_owned(),
        }
    }

    /// The permission of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.word() == word)
    }
}
