//! The TOTP secret of a person's authenticator.

use sea_orm::entity::prelude::*;

/// The TOTP secret of a person's authenticator.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "totps")]
pub struct Model {
    /// The person.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// The secret, sealed for them.
    pub sealed: Vec<u8>,
    /// The time of confirmation by a first code; none before, and sign-in needs no code then.
    pub confirmed_at: Option<DateTimeUtc>,
    /// The time step of the last accepted code: a code is good once.
    pub last_step: i64,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
