//! An idempotency key with a mutation's result: a retry has no second effect.

use sea_orm::entity::prelude::*;

/// An idempotency key with a mutation's result: a retry has no second effect.
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

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
