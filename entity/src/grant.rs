//! A grant: a role of a person in an office, from a date to a date.

use sea_orm::entity::prelude::*;

/// A grant: a role of a person in an office, from a date to a date.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "grants")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The person.
    pub user_id: Uuid,
    /// The office's key.
    pub office: String,
    /// The role's key.
    pub role: String,
    /// The agency, for a role of an agency's people.
    pub agency_id: Option<Uuid>,
    /// Definitive or acting.
    pub capacity: String,
    /// The decree's number.
    pub decree_number: Option<String>,
    /// The official stood in for by an acting one.
    pub on_behalf_of: Option<Uuid>,
    /// In force from here.
    pub valid_from: DateTimeUtc,
    /// In force until just before here.
    pub valid_until: Option<DateTimeUtc>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
