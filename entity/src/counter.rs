//! The last request number given, without gaps.

use sea_orm::entity::prelude::*;

/// The last request number given, without gaps.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "counters")]
pub struct Model {
    /// The office's key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub office: String,
    /// The procedure's key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub procedure: String,
    /// The year in the office's zone.
    #[sea_orm(primary_key, auto_increment = false)]
    pub year: i32,
    /// The last number given.
    pub last: i64,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
