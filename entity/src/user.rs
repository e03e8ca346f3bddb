//! A person who may sign in.

use sea_orm::entity::prelude::*;

/// A person who may sign in.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// Their id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// What they sign in with, in lower case.
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
    /// The office that added them, by its key; none where the operator did without saying.
    pub office: Option<String>,
    /// The language that they have chosen, by its tag.
    pub language: Option<String>,
}

/// None are declared: what belongs together is read by one statement for a whole page.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
