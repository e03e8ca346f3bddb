//! Assets: by id, by request, and a page under visibility.

use std::collections::BTreeSet;

use entity::{asset, request};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::agencies::agencies_named;
use super::database::{insert, one_of, update};
use super::{Page, Paging, RequestCondition, Store, StoreError, Transaction, Viewing};
use crate::workflow::Stage;

/// A filter of assets. Every field narrows.
#[derive(Debug, Clone, Default)]
pub struct AssetFilter {
    /// The office's key.
    pub office: Option<String>,
    /// The agency's key.
    pub agency: Option<String>,
    /// The kind.
    pub kind: Option<String>,
    /// One of these states.
    pub status: Option<BTreeSet<Stage>>,
    /// Its name.
    pub name: Option<String>,
}

/// Returns a page of assets of visible requests, newest first; for applicants once delivered.
pub async fn assets_page(
    store: &Store,
    viewing: &Viewing,
    filter: &AssetFilter,
    paging: &Paging,
    count: bool,
) -> Result<(Page<asset::Model>, Option<u64>), StoreError> {
    let delivered = Expr::col((asset::Entity, asset::Column::DeliveredAt)).is_not_null();
    let side = |condition: RequestCondition| condition.sql(store.reader(), viewing.now);
    let mut query = asset::Entity::find()
        .join(
            sea_orm::JoinType::InnerJoin,
            asset::Entity::belongs_to(request::Entity).from(asset::Column::RequestId).to(request::Column::Id).into(),
        )
        .filter(side(viewing.office_side()).or(side(viewing.applicant_side()).and(delivered)));
    if let Some(office) = &filter.office {
        query = query.filter(asset::Column::Office.eq(office.as_str()));
    }
    if let Some(agencies) = agencies_named(store.reader(), filter.agency.as_deref()).await? {
        query = query.filter(asset::Column::AgencyId.is_in(agencies));
    }
    if let Some(kind) = &filter.kind {
        query = query.filter(asset::Column::Kind.eq(kind.as_str()));
    }
    if let Some(status) = &filter.status {
        query = query.filter(asset::Column::Status.is_in(status.iter().map(|status| status.word())));
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
    let query = asset::Entity::find().filter(one_of(connection, asset::Column::RequestId, requests.iter().copied()));
    Ok(query.all(connection).await?)
}

/// Returns an asset by id. Visibility follows from its request.
pub async fn asset_by_id<C: ConnectionTrait>(connection: &C, id: Uuid) -> Result<Option<asset::Model>, StoreError> {
    Ok(asset::Entity::find_by_id(id).one(connection).await?)
}

/// Writes an asset's row, new or changed, at once. [`StoreError::NameTaken`] when a living one of its kind has its name.
pub async fn save_asset(transaction: &Transaction, asset: asset::Model, new: bool) -> Result<(), StoreError> {
    match new {
        true => insert(transaction, asset).await?,
        false => update(transaction, asset).await?,
    }
    // The caller says which attribute has the name.
    transaction.flush().await
}
