//! Documents of requests: kind, title, number and date.

use entity::document;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::StoreError;
use super::database::one_of;

/// The documents of those requests, in order.
pub async fn documents_of<C: ConnectionTrait>(
    connection: &C,
    requests: &[Uuid],
) -> Result<Vec<document::Model>, StoreError> {
    let query =
        document::Entity::find().filter(one_of(connection, document::Column::RequestId, requests.iter().copied()));
    Ok(query.order_by_asc(document::Column::AddedAt).order_by_asc(document::Column::Id).all(connection).await?)
}

/// Returns a document by id. Visibility follows from its request.
pub async fn document_by_id<C: ConnectionTrait>(
    connection: &C,
    id: Uuid,
) -> Result<Option<document::Model>, StoreError> {
    Ok(document::Entity::find_by_id(id).one(connection).await?)
}
