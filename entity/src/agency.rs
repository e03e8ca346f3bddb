//! An agency (OPD): an applicant organisation.

use sea_orm::entity::prelude::*;

/// An agency (OPD): an applicant organisation.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agencies")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The key of its office.
    pub office: String,
    /// Its key, unique in the office.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Since when it asks for nothing more.
    pub deactivated_at: Option<DateTimeUtc>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
