//! The first reading of a disposition by a person.

use sea_orm::entity::prelude::*;

/// The first reading of a disposition by a person.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "disposition_reads")]
pub struct Model {
    /// The disposition.
    #[sea_orm(primary_key, auto_increment = false)]
    pub disposition_id: Uuid,
    /// When.
    pub at: DateTimeUtc,
    /// The actor.
    #[sea_orm(primary_key, auto_increment = false)]
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
