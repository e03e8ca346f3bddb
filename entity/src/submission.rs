//! The letter and form of a submission or resubmission.

use sea_orm::entity::prelude::*;

/// The letter and form of a submission or resubmission.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "submissions")]
pub struct Model {
    /// The request.
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: Uuid,
    /// From 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i32,
    /// When.
    pub at: DateTimeUtc,
    /// The letter's number.
    pub letter_number: String,
    /// The letter's date.
    pub letter_date: Date,
    /// The letter's subject.
    pub subject: String,
    /// Its reference in Srikandi.
    pub srikandi_reference: Option<String>,
    /// Its confidentiality.
    pub confidentiality: String,
    /// Data Admin, as JSON.
    pub contact: String,
    /// The procedure's form, as JSON.
    pub details: String,
    /// The actor.
    pub actor_user: Uuid,
    /// The role acted in.
    pub actor_role: String,
    /// The capacity in the role.
    pub actor_capacity: String,
    /// The official stood in for, if any.
    pub actor_for: Option<Uuid>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
