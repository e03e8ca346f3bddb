//! The caller: login, chosen grant, and grants in force.

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::KeyScopes;
use crate::language::Language;

/// A person's login with their chosen grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pass {
    /// The person.
    pub user: Uuid,
    /// The login; the pass ends with it.
    pub login: Login,
    /// The grant to act by; none without a choice.
    pub acting_as: Option<Uuid>,
}

/// The way of authentication: session, API key or identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Login {
    /// A session.
    Session(Uuid),
    /// An API key with its scopes.
    Key(Uuid, KeyScopes),
    /// An access token of their organisation's identity provider.
    Provider,
}

/// A signed-in person with their grants in force.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The person and their login.
    pub pass: Pass,
    /// Their grants in force, definitive ones first, then the oldest.
    pub grants: Vec<Grant>,
    /// Their chosen language.
    pub language: Option<Language>,
}

/// A person's role in an office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The grant.
    pub id: Uuid,
    /// The office's key.
    pub office: String,
    /// The role's key.
    pub role: String,
    /// The agency, for a role of an agency's people.
    pub agency: Option<Uuid>,
    /// The capacity.
    pub capacity: Capacity,
    /// The decree's number (SK).
    pub decree_number: Option<String>,
    /// The official represented by an acting one.
    pub on_behalf_of: Option<Uuid>,
    /// In force from this moment.
    pub valid_from: DateTime<Utc>,
    /// In force until just before this moment; without end when none.
    pub valid_until: Option<DateTime<Utc>>,
}

/// The capacity of a role's holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Capacity {
    /// Definitif.
    Definitive,
    /// Pelaksana tugas (Plt.).
    Acting,
    /// Pelaksana harian (Plh.).
    DailyActing,
}

/// The actor of an event: person, role and capacity at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The person.
    pub user: Uuid,
    /// The role they acted as.
    pub role: String,
    /// The capacity they held it in.
    pub capacity: Capacity,
    /// The represented official.
    pub on_behalf_of: Option<Uuid>,
}

impl Pass {
    /// Creates a person's pass, without a chosen grant.
    pub fn new(user: Uuid, login: Login) -> Self {
        Self { user, login, acting_as: None }
    }

    /// The session's id; none for another login.
    pub fn session(self) -> Option<Uuid> {
        match self.login {
            Login::Session(id) => Some(id),
            Login::Key(..) | Login::Provider => None,
        }
    }

    /// The API key's id; none for another login.
    pub fn key(self) -> Option<Uuid> {
        match self.login {
            Login::Session(_) | Login::Provider => None,
            Login::Key(id, _) => Some(id),
        }
    }

    /// The same pass with a chosen grant.
    pub fn acting_as(self, grant: Option<Uuid>) -> Self {
        Self { acting_as: grant, ..self }
    }
}

impl Caller {
    /// The grants of one office.
    pub fn grants_in<'a>(&'a self, office: &'a str) -> impl Iterator<Item = &'a Grant> {
        self.grants.iter().filter(move |grant| grant.office == office)
    }
}

/// Returns true for years 1900 to 9999: the stored text of other times does not sort.
pub fn is_sortable(moment: DateTime<Utc>) -> bool {
    (1900..=9999).contains(&moment.year())
}

impl Grant {
    /// Returns true if it is in force at a moment.
    pub fn in_force(&self, now: DateTime<Utc>) -> bool {
        self.valid_from <= now && self.valid_until.is_none_or(|until| now < until)
    }

    /// The person of this grant, acting by it.
    pub fn actor(&self, user: Uuid) -> Actor {
        Actor { user, role: self.role.clone(), capacity: self.capacity, on_behalf_of: self.on_behalf_of }
    }
}

impl Capacity {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Definitive => "DEFINITIVE",
            Self::Acting => "ACTING",
            Self::DailyActing => "DAILY_ACTING",
        }
    }

    /// The abbreviation before the role's name (Plt., Plh.).
    pub fn title(self) -> &'static str {
        match self {
            Self::Definitive => "",
            Self::Acting => "Plt. ",
            Self::DailyActing => "Plh. ",
        }
    }

    /// Returns the capacity of a stored word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Definitive, Self::Acting, Self::DailyActing].into_iter().find(|capacity| capacity.word() == word)
    }
}
