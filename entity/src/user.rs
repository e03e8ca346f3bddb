//! A user: a person with a sign-in.

use sea_orm::entity::prelude::*;

/// A user: a person with a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// Their id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The name for sign-in, in lower case.
    pub username: String,
    /// Their name.
    pub name: String,
    /// Their civil servant number, 18 digits.
    pub nip: Option<String>,
    /// Their agency, for an agency's people.
    pub agency_id: Option<Uuid>,
    /// Argon2id, PHC string.
    pub password_hash: String,
    /// Since when they are known.
    pub created_at: DateTimeUtc,
    /// Since when they may not sign in.
    pub deactivated_at: Option<DateTimeUtc>,
    /// The key of the office of origin; none for people added by the operator without one.
    pub office: Option<String>,
    /// The tag of the chosen language.
    pub language: Option<String>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
