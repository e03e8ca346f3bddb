//! Writing rows: inserts of one or several, updates of every column.

use sea_orm::{ActiveModelTrait, EntityTrait, FromQueryResult, IntoActiveModel, ModelTrait};

use super::{StoreError, Transaction};

/// Inserts a row.
pub(in crate::store) async fn insert<M, A>(transaction: &Transaction, row: M) -> Result<(), StoreError>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    A::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
    Ok(())
}

/// Inserts rows by one statement.
pub(in crate::store) async fn insert_all<M, A>(transaction: &Transaction, rows: Vec<M>) -> Result<(), StoreError>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    A::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    Ok(())
}

/// Updates every column of a row.
pub(in crate::store) async fn update<M, A>(transaction: &Transaction, row: M) -> Result<(), StoreError>
where
    M: ModelTrait + IntoActiveModel<A> + FromQueryResult,
    A: ActiveModelTrait<Entity = M::Entity> + Send,
    M::Entity: EntityTrait<Model = M>,
{
    M::Entity::update(row.into_active_model().reset_all()).exec(transaction).await?;
    Ok(())
}
