//! A document that a client registered: a GraphQL text, known by its digest.

use sea_orm::entity::prelude::*;

/// A document that a client registered: a GraphQL text, known by its digest.
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

/// None are declared: what belongs together is read by one statement for a whole page.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
