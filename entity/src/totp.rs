//! What somebody's authenticator and the server share.

use sea_orm::entity::prelude::*;

/// What somebody's authenticator and the server share.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "totps")]
pub struct Model {
    /// The person.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// The secret, sealed for them.
    pub sealed: Vec<u8>,
    /// When they proved that their authenticator has it; none until then, and then it asks for nothing.
    pub confirmed_at: Option<DateTimeUtc>,
    /// The step of time of the last code that was taken: a code is good once.
    pub last_step: i64,
}

/// None are declared: what belongs together is read by one statement for a whole page.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
