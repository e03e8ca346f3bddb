//! One version of an SOP, stored whole and never changed.

use sea_orm::entity::prelude::*;

/// One version of an SOP, stored whole and never changed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "procedure_versions")]
pub struct Model {
    /// The office's key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub office: String,
    /// The procedure's key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub procedure: String,
    /// The version, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    /// The file's text.
    pub source: String,
    /// When it was first seen.
    pub stored_at: DateTimeUtc,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
