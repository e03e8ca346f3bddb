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
    /// What to do.
    pub instruction: String,
    /// How urgent.
    pub urgency: String,
    /// When.
    pub created_at: DateTimeUtc,
    /// Who did it.
    pub actor_user: Uuid,
    /// The role they acted as.
    pub actor_role: String,
    /// The capacity they held it in.
    pub actor_capacity: String,
    /// For whom they stood in.
    pub actor_for: Option<Uuid>,
}

/// None are declared: what belongs together is read by one statement for a whole page.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
