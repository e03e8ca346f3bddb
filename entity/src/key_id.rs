//! By which keys the database is kept.

use sea_orm::entity::prelude::*;

/// The id of a key.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_ids")]
pub struct Model {
    /// What the key is for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: String,
    /// Its id, from which nothing of the key follows.
    pub id: String,
}

/// None are declared: a key belongs to the whole database.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
