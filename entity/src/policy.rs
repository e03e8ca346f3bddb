//! A policy that was or is active: the newest is.

use sea_orm::entity::prelude::*;

/// A policy that was or is active: the newest is.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "policies")]
pub struct Model {
    /// Its number, from 1, rising.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i64,
    /// Its files' texts by their names, as JSON.
    pub text: String,
    /// The SHA-256 of the text, in hexadecimal.
    pub hash: String,
    /// Since when it is or was active.
    pub since: DateTimeUtc,
    /// Who made it so.
    pub by_whom: String,
    /// A MAC over every other column.
    pub mac: Vec<u8>,
}

/// None are declared: what belongs together is read by one statement for a whole page.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
