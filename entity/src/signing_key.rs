//! The public half of a signing key for tokens, present or past.

use sea_orm::entity::prelude::*;

/// The public half of a signing key for tokens, present or past.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub struct Model {
    /// Its id (`kid` of tokens).
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The key (Ed25519).
    pub public: Vec<u8>,
    /// Since when it is known here.
    pub since: DateTimeUtc,
    /// When another took its place; none while it signs.
    pub retired_at: Option<DateTimeUtc>,
    /// A MAC over the other columns: detects a row written by hand.
    pub mac: Vec<u8>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
