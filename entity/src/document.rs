//! A document of a request: kind, title, number and date.

use sea_orm::entity::prelude::*;

/// A document of a request: kind, title, number and date.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "documents")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The request.
    pub request_id: Uuid,
    /// The record's key.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Its number.
    pub number: Option<String>,
    /// Its date.
    pub date: Option<Date>,
    /// The step of its addition.
    pub step: String,
    /// The pass through that step.
    pub visit: i32,
    /// No newer one of its kind.
    pub current: bool,
    /// When.
    pub added_at: DateTimeUtc,
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
