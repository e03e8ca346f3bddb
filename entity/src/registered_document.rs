//! A persisted GraphQL document registered by a client, by its digest.

use sea_orm::entity::prelude::*;

/// A persisted GraphQL document registered by a client, by its digest.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "registered_documents")]
pub struct Model {
    /// SHA-256 of the text, in hex.
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: String,
    /// The text.
    pub text: String,
    /// When it was used last, within ten minutes.
    pub used_at: DateTimeUtc,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
