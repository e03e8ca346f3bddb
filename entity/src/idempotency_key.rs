//! What a mutation did under a key, so that a retry does it no second time.

use sea_orm::entity::prelude::*;

/// What a mutation did under a key, so that a retry does it no second time.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// The caller.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// The mutation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub mutation: String,
    /// The key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// A MAC of the input.
    pub input: Vec<u8>,
    /// The thing it made or changed.
    pub result: Uuid,
    /// When.
    pub created_at: DateTimeUtc,
}

/// None are declared: what belongs together is read by one statement for a whole page.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
