//! Ids of the database's keys.

use sea_orm::entity::prelude::*;

/// The id of a key.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "key_ids")]
pub struct Model {
    /// The purpose of the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: String,
    /// Its id; reveals nothing of the key.
    pub id: String,
}

/// None are declared: a key belongs to the whole database.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
