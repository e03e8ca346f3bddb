//! Proofs that a caller may see something, and may do something to it.

use uuid::Uuid;

use super::{Action, Actor};

/// What a decision needs to know of the thing it is about.
pub trait Subject {
    /// The office's key.
    fn office(&self) -> &str;
    /// The procedure's key; none for what is the office's as a whole.
    fn procedure(&self) -> Option<&str>;
    /// The agency that asks; none where none does.
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

/// Who has ended which steps of a request, in any pass: what some decisions depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Performed(Vec<(String, Uuid)>);

impl Performed {
    /// Of steps, each with the person who ended it.
    pub fn new(ended: impl IntoIterator<Item = (String, Uuid)>) -> Self {
        Self(ended.into_iter().collect())
    }

    /// Whether the person ended that step in some pass.
    pub fn by(&self, user: Uuid, step: &str) -> bool {
        self.0.iter().any(|(ended, by)| ended == step && *by == user)
    }
}

/// From which side a caller sees a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// An official: sees everything about it but secrets.
    Office,
    /// The agency that asked: sees what the design says it may.
    Applicant,
}

/// Something that the caller may see. Made by `store` alone, from a query that held the caller's scopes.
#[derive(Debug, Clone)]
pub struct Seen<T> {
    value: T,
    side: Side,
}

impl<T> Seen<T> {
    /// States that a query with the caller's scopes found this. For `store` only.
    pub fn by_query(value: T, side: Side) -> Self {
        Self { value, side }
    }

    /// From which side the caller sees it.
    pub fn side(&self) -> Side {
        self.side
    }

    /// What was seen, without the proof.
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

/// Something that the caller may do this to, now, as this actor. Made by `policy` alone.
#[derive(Debug, Clone)]
pub struct Authorized<T> {
    value: T,
    actor: Actor,
    action: Action,
}

impl<T> Authorized<T> {
    /// States that a policy line lets this actor do this. For `policy` only.
    pub fn by_policy(value: T, actor: Actor, action: Action) -> Self {
        Self { value, actor, action }
    }

    /// Who acts, as what.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What they may do.
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
