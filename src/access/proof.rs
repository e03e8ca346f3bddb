//! Proofs of visibility (`Seen`) and authorization (`Authorized`).

use uuid::Uuid;

use super::{Action, Actor};

/// The object of an authorization decision.
pub trait Subject {
    /// The office's key.
    fn office(&self) -> &str;
    /// The procedure's key; none for an office-wide object.
    fn procedure(&self) -> Option<&str>;
    /// The applicant agency, if any.
    fn agency(&self) -> Option<Uuid>;
}

/// An office as a whole: its people, its agencies, its roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeOffice(
    /// The office's key.
    pub String,
);

impl Subject for WholeOffice {
    fn office(&self) -> &str {
        &self.0
    }

    fn procedure(&self) -> Option<&str> {
        None
    }

    fn agency(&self) -> Option<Uuid> {
        None
    }
}

/// The performers of a request's completed steps, for separation of duties.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Performed(Vec<(String, Uuid)>);

impl Performed {
    /// Creates it from pairs of step and performer.
    pub fn new(ended: impl IntoIterator<Item = (String, Uuid)>) -> Self {
        Self(ended.into_iter().collect())
    }

    /// Returns true if the person has completed that step in any visit.
    pub fn by(&self, user: Uuid, step: &str) -> bool {
        self.0.iter().any(|(ended, by)| ended == step && *by == user)
    }
}

/// The viewer's side of a request: office or applicant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// An official: sees everything about it but secrets.
    Office,
    /// The applicant agency: a restricted view.
    Applicant,
}

/// Something visible to the caller. Made by `store` alone, from a query that held the caller's scopes.
#[derive(Debug, Clone)]
pub struct Seen<T> {
    value: T,
    side: Side,
}

impl<T> Seen<T> {
    /// Creates the proof from a query with the caller's scopes. For `store` only.
    pub fn by_query(value: T, side: Side) -> Self {
        Self { value, side }
    }

    /// The viewer's side.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Returns the value without the proof.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> std::ops::Deref for Seen<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The object of an authorized action, with its actor. Made by `policy` alone.
#[derive(Debug, Clone)]
pub struct Authorized<T> {
    value: T,
    actor: Actor,
    action: Action,
}

impl<T> Authorized<T> {
    /// Creates the proof from a policy decision. For `policy` only.
    pub fn by_policy(value: T, actor: Actor, action: Action) -> Self {
        Self { value, actor, action }
    }

    /// The actor.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The authorized action.
    pub fn action(&self) -> Action {
        self.action
    }
}

impl<T> std::ops::Deref for Authorized<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Subject> Subject for &T {
    fn office(&self) -> &str {
        (**self).office()
    }

    fn procedure(&self) -> Option<&str> {
        (**self).procedure()
    }

    fn agency(&self) -> Option<Uuid> {
        (**self).agency()
    }
}
