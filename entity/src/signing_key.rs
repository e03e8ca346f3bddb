//! The public half of a key that signs or signed tokens.

use sea_orm::entity::prelude::*;

/// The public half of a key that signs or signed tokens.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub struct Model {
    /// Its id, by which tokens name it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The key (Ed25519).
    pub public: Vec<u8>,
    /// Since when it is known here.
    pub since: DateTimeUtc,
    /// When another took its place; none while it signs.
    pub retired_at: Option<DateTimeUtc>,
    /// A MAC over the others: a row that was written by hand is not believed.
    pub mac: Vec<u8>,
}

/// None are declared: what belongs together is read by one statement for a whole page.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
