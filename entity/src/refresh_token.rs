//! A refresh token: prolongs a session, once.

use sea_orm::entity::prelude::*;

/// A refresh token: prolongs a session, once.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub struct Model {
    /// Its SHA-256: the token itself is kept by its owner only.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// The session.
    pub session_id: Uuid,
    /// When it was given.
    pub issued_at: DateTimeUtc,
    /// Until when it may be used.
    pub expires_at: DateTimeUtc,
    /// When it was used; none until then.
    pub used_at: Option<DateTimeUtc>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
