//! Where the log ends: one row, so that its end cannot be cut unseen.

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

/// None are declared: what belongs together is read by one statement for a whole page.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
