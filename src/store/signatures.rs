//! Signatures: signers' decisions on documents.

use entity::signature;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::StoreError;
use super::database::one_of;

/// The signatures on those documents, in order.
pub async fn signatures_of<C: ConnectionTrait>(
    connection: &C,
    documents: &[Uuid],
) -> Result<Vec<signature::Model>, StoreError> {
    let query =
        signature::Entity::find().filter(one_of(connection, signature::Column::DocumentId, documents.iter().copied()));
    Ok(query.order_by_asc(signature::Column::At).order_by_asc(signature::Column::Id).all(connection).await?)
}
