//! Inserting rows: one, or several by one statement.

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use super::{StoreError, Transaction};

/// Inserts a row.
pub(in crate::store) async fn insert<M, A>(transaction: &Transaction, model: M) -> Result<(), StoreError>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    A::Entity::insert(model.into_active_model()).exec_without_returning(transaction).await?;
    Ok(())
}

/// Inserts rows by one statement.
pub(in crate::store) async fn insert_all<M, A>(transaction: &Transaction, models: Vec<M>) -> Result<(), StoreError>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    if models.is_empty() {
        return Ok(());
    }
    let rows = models.into_iter().map(IntoActiveModel::into_active_model);
    A::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    Ok(())
}
