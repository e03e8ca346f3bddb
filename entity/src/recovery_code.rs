//! A recovery code in place of a lost authenticator; deleted when used.

use sea_orm::entity::prelude::*;

/// A recovery code in place of a lost authenticator; deleted when used.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recovery_codes")]
pub struct Model {
    /// Its SHA-256: the code itself is kept by its owner only.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// The owner.
    pub user_id: Uuid,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
