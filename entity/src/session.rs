//! A session, begun by signing in.

use sea_orm::entity::prelude::*;

/// A session, begun by signing in.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// Its id, carried by access tokens.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The owner.
    pub user_id: Uuid,
    /// When it began.
    pub created_at: DateTimeUtc,
    /// When tokens were given for it last.
    pub last_used_at: DateTimeUtc,
    /// When it was ended; none while it lasts.
    pub ended_at: Option<DateTimeUtc>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
