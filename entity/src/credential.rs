//! The secret part of an asset, sealed.

use sea_orm::entity::prelude::*;

/// The secret part of an asset, sealed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credentials")]
pub struct Model {
    /// The asset.
    #[sea_orm(primary_key, auto_increment = false)]
    pub asset_id: Uuid,
    /// The recipient.
    pub recipient_id: Uuid,
    /// Held, available or revealed.
    pub state: String,
    /// The secret, sealed with the asset's id; none once it is gone.
    pub sealed: Option<Vec<u8>>,
    /// A MAC of the idempotency key of the reveal.
    pub reveal_key: Option<Vec<u8>>,
    /// When it was revealed.
    pub revealed_at: Option<DateTimeUtc>,
    /// When the secret was set.
    pub changed_at: DateTimeUtc,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
