//! One pass through a step.

use sea_orm::entity::prelude::*;

/// One pass through a step.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "visits")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The request.
    pub request_id: Uuid,
    /// Its place among the request's visits, from 1.
    pub position: i32,
    /// The step's key.
    pub step: String,
    /// The pass through this step, from 1.
    pub visit: i32,
    /// When it began.
    pub arrived_at: DateTimeUtc,
    /// When it should end.
    pub due_at: Option<DateTimeUtc>,
    /// When it ended.
    pub completed_at: Option<DateTimeUtc>,
    /// The person at its end.
    pub actor_user: Option<Uuid>,
    /// The role acted in.
    pub actor_role: Option<String>,
    /// The capacity in the role.
    pub actor_capacity: Option<String>,
    /// The official stood in for, if any.
    pub actor_for: Option<Uuid>,
    /// How it ended.
    pub outcome: Option<String>,
    /// The performer's note.
    pub note: Option<String>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
