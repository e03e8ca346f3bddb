//! Writing rows: inserts of one or several, updates of every column. They wait in their transaction.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityName, EntityTrait, IntoActiveModel, Iterable, ModelTrait,
    PrimaryKeyToColumn, QueryFilter, QueryTrait,
};

use super::transaction::Write;
use super::{StoreError, Transaction};

/// Inserts a row.
pub(in crate::store) async fn insert<M, A>(transaction: &Transaction, row: M) -> Result<(), StoreError>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    insert_all(transaction, vec![row]).await
}

/// Inserts rows by one statement. A row that takes a unique value from one that is changed by a waiting write needs
/// [`Transaction::flush`] before it: PostgreSQL runs writes sent together in any order.
pub(in crate::store) async fn insert_all<M, A>(transaction: &Transaction, rows: Vec<M>) -> Result<(), StoreError>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    if rows.is_empty() {
        return Ok(());
    }
    let count = rows.len() as u64;
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    let insert = A::Entity::insert_many(rows).into_query();
    transaction.defer(A::Entity::default().table_name(), Write::Insert(insert), count).await
}

/// Updates every column of a row.
pub(in crate::store) async fn update<M, A>(transaction: &Transaction, row: M) -> Result<(), StoreError>
where
    M: ModelTrait + IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = M::Entity>,
{
    update_if(transaction, row, Condition::all()).await
}

/// Updates every column of a row under a condition. [`StoreError::Lost`], when the write is sent, for a row without it.
pub(in crate::store) async fn update_if<M, A>(
    transaction: &Transaction,
    row: M,
    condition: Condition,
) -> Result<(), StoreError>
where
    M: ModelTrait + IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = M::Entity>,
{
    let mut update = M::Entity::update_many().filter(condition);
    for key in <M::Entity as EntityTrait>::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column) {
        update = update.filter(key.eq(row.get(key)));
    }
    let mut changed = row.into_active_model().reset_all();
    for key in <M::Entity as EntityTrait>::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column) {
        // Its index stays as it is.
        changed.not_set(key);
    }
    let update = update.set(changed).into_query();
    transaction.defer(M::Entity::default().table_name(), Write::Update(update), 1).await
}
