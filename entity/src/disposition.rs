//! An official's instruction handing a request on.

use sea_orm::entity::prelude::*;

/// An official's instruction handing a request on.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dispositions")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The request.
    pub request_id: Uuid,
    /// The office's key.
    pub office: String,
    /// The step it was given at.
    pub step: String,
    /// The pass through that step.
    pub visit: i32,
    /// The role it is for.
    pub to_role: String,
    /// The instruction.
    pub instruction: String,
    /// How urgent.
    pub urgency: String,
    /// When.
    pub created_at: DateTimeUtc,
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
