//! Rack units held by assets: each by one living asset of its kind.

use entity::{asset, held_unit};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use super::{StoreError, Transaction};

/// A range of units of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRange {
    /// The place.
    pub place: String,
    /// The first unit.
    pub from: i32,
    /// The last unit, not below the first.
    pub to: i32,
}

/// Makes an asset hold a stretch of a place, and nothing else. [`StoreError::PlaceTaken`] when a living one of its kind holds
/// any of it.
pub async fn hold_units(transaction: &Transaction, asset: &asset::Model, range: &UnitRange) -> Result<(), StoreError> {
    release_units(transaction, asset.id).await?;
    let units = (range.from..=range.to).map(|unit| held_unit::Model {
        office: asset.office.clone(),
        kind: asset.kind.clone(),
        place: range.place.clone(),
        unit,
        asset_id: asset.id,
    });
    let rows: Vec<held_unit::ActiveModel> = units.map(IntoActiveModel::into_active_model).collect();
    if !rows.is_empty() {
        held_unit::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// Frees the units of an asset.
pub async fn release_units(transaction: &Transaction, asset: Uuid) -> Result<(), StoreError> {
    held_unit::Entity::delete_many().filter(held_unit::Column::AssetId.eq(asset)).exec(transaction).await?;
    Ok(())
}
