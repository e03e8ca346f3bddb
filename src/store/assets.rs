//! Documents with their signatures, assets, the units they hold, and their sealed credentials.

use chrono::{DateTime, Utc};
use entity::{asset, credential, document, held_unit, request, signature};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::change::insert;
use super::requests::agency_named;
use super::{Page, Paging, Store, StoreError, Transaction, Viewing};

/// Which assets are wanted. Every field narrows.
#[derive(Debug, Clone, Default)]
pub struct AssetFilter {
    /// The office's key.
    pub office: Option<String>,
    /// The agency's key.
    pub agency: Option<String>,
    /// The kind.
    pub kind: Option<String>,
    /// One of these states.
    pub status: Option<Vec<String>>,
    /// Its name.
    pub name: Option<String>,
}

/// A page of the assets of the requests that the caller sees, newest first; an applicant's once delivered.
pub async fn assets_page(
    store: &Store,
    viewing: &Viewing,
    filter: &AssetFilter,
    paging: &Paging,
    count: bool,
) -> Result<(Page<asset::Model>, Option<u64>), StoreError> {
    let delivered = Expr::col((asset::Entity, asset::Column::DeliveredAt)).is_not_null();
    let mut query = asset::Entity::find()
        .join(
            sea_orm::JoinType::InnerJoin,
            asset::Entity::belongs_to(request::Entity).from(asset::Column::RequestId).to(request::Column::Id).into(),
        )
        .filter(viewing.office_side().sql(viewing.now).or(viewing.applicant_side().sql(viewing.now).and(delivered)));
    if let Some(office) = &filter.office {
        query = query.filter(asset::Column::Office.eq(office.as_str()));
    }
    if let Some(agency) = &filter.agency {
        query = query.filter(asset::Column::AgencyId.in_subquery(agency_named(agency)));
    }
    if let Some(kind) = &filter.kind {
        query = query.filter(asset::Column::Kind.eq(kind.as_str()));
    }
    if let Some(status) = &filter.status {
        query = query.filter(asset::Column::Status.is_in(status.iter().map(String::as_str)));
    }
    if let Some(name) = &filter.name {
        query = query.filter(asset::Column::Name.eq(name.as_str()));
    }
    let total = if count { Some(query.clone().count(store.reader()).await?) } else { None };
    let key = Expr::col((asset::Entity, asset::Column::CreatedAt));
    let id = Expr::col((asset::Entity, asset::Column::Id));
    let rows = paging.apply(query, key, id, true).all(store.reader()).await?;
    Ok((paging.finish(rows), total))
}

/// The assets of those requests.
pub async fn assets_of<C: ConnectionTrait>(connection: &C, requests: &[Uuid]) -> Result<Vec<asset::Model>, StoreError> {
    let query = asset::Entity::find().filter(asset::Column::RequestId.is_in(requests.iter().copied()));
    Ok(query.all(connection).await?)
}

/// The asset of that id; whether the caller may see it follows from its request.
pub async fn asset_by_id<C: ConnectionTrait>(connection: &C, id: Uuid) -> Result<Option<asset::Model>, StoreError> {
    Ok(asset::Entity::find_by_id(id).one(connection).await?)
}

/// The credentials of those assets.
pub async fn credentials_of<C: ConnectionTrait>(
    connection: &C,
    assets: &[Uuid],
) -> Result<Vec<credential::Model>, StoreError> {
    let query = credential::Entity::find().filter(credential::Column::AssetId.is_in(assets.iter().copied()));
    Ok(query.all(connection).await?)
}

/// The documents of those requests, in order.
pub async fn documents_of<C: ConnectionTrait>(
    connection: &C,
    requests: &[Uuid],
) -> Result<Vec<document::Model>, StoreError> {
    let query = document::Entity::find().filter(document::Column::RequestId.is_in(requests.iter().copied()));
    Ok(query.order_by_asc(document::Column::AddedAt).order_by_asc(document::Column::Id).all(connection).await?)
}

/// The document of that id; whether the caller may see it follows from its request.
pub async fn document_by_id<C: ConnectionTrait>(
    connection: &C,
    id: Uuid,
) -> Result<Option<document::Model>, StoreError> {
    Ok(document::Entity::find_by_id(id).one(connection).await?)
}

/// The signatures on those documents, in order.
pub async fn signatures_of<C: ConnectionTrait>(
    connection: &C,
    documents: &[Uuid],
) -> Result<Vec<signature::Model>, StoreError> {
    let query = signature::Entity::find().filter(signature::Column::DocumentId.is_in(documents.iter().copied()));
    Ok(query.order_by_asc(signature::Column::At).order_by_asc(signature::Column::Id).all(connection).await?)
}

/// Writes an asset's row, new or changed. [`StoreError::NameTaken`] when a living one of its kind has its name.
pub async fn save_asset(transaction: &Transaction, asset: asset::Model, new: bool) -> Result<(), StoreError> {
    if new {
        return insert(transaction, asset).await;
    }
    let changed = asset::Entity::update_many()
        .filter(asset::Column::Id.eq(asset.id))
        .set(asset.into_active_model().reset_all())
        .exec(transaction)
        .await?;
    if changed.rows_affected == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// A stretch of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The place.
    pub place: String,
    /// The first unit.
    pub from: i32,
    /// The last unit, not below the first.
    pub to: i32,
}

/// Makes an asset hold a stretch of a place, and nothing else. [`StoreError::PlaceTaken`] when a living one of its kind holds
/// any of it.
pub async fn hold_units(transaction: &Transaction, asset: &asset::Model, held: &Held) -> Result<(), StoreError> {
    release_units(transaction, asset.id).await?;
    let units = (held.from..=held.to).map(|unit| held_unit::Model {
        office: asset.office.clone(),
        kind: asset.kind.clone(),
        place: held.place.clone(),
        unit,
        asset_id: asset.id,
    });
    let rows: Vec<held_unit::ActiveModel> = units.map(IntoActiveModel::into_active_model).collect();
    if !rows.is_empty() {
        held_unit::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// Frees whatever units an asset holds.
pub async fn release_units(transaction: &Transaction, asset: Uuid) -> Result<(), StoreError> {
    held_unit::Entity::delete_many().filter(held_unit::Column::AssetId.eq(asset)).exec(transaction).await?;
    Ok(())
}

/// Writes a credential in place of the one before.
pub async fn save_credential(transaction: &Transaction, credential: credential::Model) -> Result<(), StoreError> {
    credential::Entity::delete_by_id(credential.asset_id).exec(transaction).await?;
    insert(transaction, credential).await
}

/// Forgets the secrets that were revealed at that moment or before. Returns how many.
pub async fn forget_revealed(store: &Store, until: DateTime<Utc>) -> Result<u64, StoreError> {
    let transaction = store.begin().await?;
    let gone = credential::Entity::update_many()
        .col_expr(credential::Column::Sealed, Expr::value(None::<Vec<u8>>))
        .col_expr(credential::Column::RevealKey, Expr::value(None::<Vec<u8>>))
        .filter(credential::Column::State.eq("REVEALED"))
        .filter(credential::Column::RevealedAt.lte(until))
        .filter(credential::Column::Sealed.is_not_null())
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(gone.rows_affected)
}
