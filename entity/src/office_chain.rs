//! Where the chain of an office's own events ends.

use sea_orm::entity::prelude::*;

/// Where the chain of an office's own events ends.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "office_chains")]
pub struct Model {
    /// Its id, in the place of a request in its events.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The office's key.
    #[sea_orm(unique)]
    pub office: String,
    /// The sequence of its last event.
    pub last_sequence: i64,
    /// The MAC of its last event.
    pub last_mac: Vec<u8>,
    /// A MAC over the row.
    pub row_mac: Vec<u8>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
