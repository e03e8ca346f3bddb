//! An API key: a script acts for a person by it, within its scopes.

use sea_orm::entity::prelude::*;

/// An API key: a script acts for a person by it, within its scopes.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The owner.
    pub user_id: Uuid,
    /// The name given by the owner.
    pub name: String,
    /// Its SHA-256: the key itself is kept by its owner only.
    pub hash: Vec<u8>,
    /// The words of its scopes, with spaces between.
    pub scopes: String,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// Until when it lets in.
    pub expires_at: DateTimeUtc,
    /// When it was used last, give or take a minute; none until then.
    pub last_used_at: Option<DateTimeUtc>,
    /// When it was revoked; none until then.
    pub revoked_at: Option<DateTimeUtc>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
