//! The end of the event log, in one row: a cut end is detected.

use sea_orm::entity::prelude::*;

/// Where the log ends.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log_end")]
pub struct Model {
    /// Always 1: there is one row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i16,
    /// The last position.
    pub position: i64,
    /// The MAC of the row there.
    pub last: Vec<u8>,
    /// A MAC over both.
    pub mac: Vec<u8>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
