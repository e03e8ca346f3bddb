//! A policy, past or active; the newest is active.

use sea_orm::entity::prelude::*;

/// A policy, past or active; the newest is active.
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
    /// The person or operator responsible for the change.
    pub by_whom: String,
    /// A MAC over every other column.
    pub mac: Vec<u8>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
