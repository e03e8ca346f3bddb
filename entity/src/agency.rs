//! An organisation that asks (OPD).

use sea_orm::entity::prelude::*;

/// An organisation that asks (OPD).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agencies")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The office that serves it.
    pub office: String,
    /// Its key, unique in the office.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Since when it asks for nothing more.
    pub deactivated_at: Option<DateTimeUtc>,
}

/// None are declared: what belongs together is read by one statement for a whole page.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
