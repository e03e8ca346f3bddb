//! That a person read a disposition.

use sea_orm::entity::prelude::*;

/// That a person read a disposition.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "disposition_reads")]
pub struct Model {
    /// The disposition.
    #[sea_orm(primary_key, auto_increment = false)]
    pub disposition_id: Uuid,
    /// When.
    pub at: DateTimeUtc,
    /// Who did it.
    #[sea_orm(primary_key, auto_increment = false)]
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
