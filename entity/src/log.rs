//! The events of all requests in one order without gaps.

use sea_orm::entity::prelude::*;

/// The events of all requests in one order without gaps.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log")]
pub struct Model {
    /// From 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// The event.
    pub event_id: Uuid,
    /// A MAC over the row before, the position and the event.
    pub mac: Vec<u8>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
