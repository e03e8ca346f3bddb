//! A rack unit held by a living asset.

use sea_orm::entity::prelude::*;

/// A rack unit held by a living asset.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "held_units")]
pub struct Model {
    /// The office's key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub office: String,
    /// The asset's kind.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// The place (a rack).
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: String,
    /// The unit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub unit: i32,
    /// The asset.
    pub asset_id: Uuid,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
