//! Versions of SOPs, stored whole when first seen, and the numbers given to requests.

use entity::{counter, procedure_version, request};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

use super::{Store, StoreError, Transaction};

/// A stored version's row.
pub type StoredVersion = procedure_version::Model;

/// Every stored version.
pub async fn stored_versions<C: ConnectionTrait>(connection: &C) -> Result<Vec<StoredVersion>, StoreError> {
    let query = procedure_version::Entity::find()
        .order_by_asc(procedure_version::Column::Office)
        .order_by_asc(procedure_version::Column::Procedure)
        .order_by_asc(procedure_version::Column::Version);
    Ok(query.all(connection).await?)
}

/// Returns the stored versions of unfinished requests: the keys of office and procedure, and the version. One look into an index for
/// each stored version, however many requests there are.
pub async fn versions_in_use<C: ConnectionTrait>(connection: &C) -> Result<Vec<(String, String, i32)>, StoreError> {
    use procedure_version::Column;
    let of = |ours, theirs| Expr::col((request::Entity, ours)).eq(Expr::col((procedure_version::Entity, theirs)));
    let running = Query::select()
        .expr(Expr::cust("1"))
        .from(request::Entity)
        .and_where(of(request::Column::Office, Column::Office))
        .and_where(of(request::Column::Procedure, Column::Procedure))
        .and_where(of(request::Column::ProcedureVersion, Column::Version))
        .and_where(Expr::col((request::Entity, request::Column::FinishedAt)).is_null())
        .to_owned();
    let query = procedure_version::Entity::find()
        .select_only()
        .columns([Column::Office, Column::Procedure, Column::Version])
        .filter(Expr::exists(running));
    Ok(query.into_tuple().all(connection).await?)
}

/// Inserts a version. A stored one of the same number stays.
pub async fn insert_version(store: &Store, version: StoredVersion) -> Result<(), StoreError> {
    use procedure_version::Column;
    let transaction = store.begin().await?;
    let mut keep = OnConflict::columns([Column::Office, Column::Procedure, Column::Version]);
    keep.do_nothing();
    let insert = procedure_version::Entity::insert(version.into_active_model()).on_conflict(keep);
    insert.exec_without_returning(&transaction).await?;
    transaction.commit().await
}

/// Takes the next number of an office's procedure in a year, in the transaction of its use: without gaps and duplicates.
pub async fn next_number(
    transaction: &Transaction,
    office: &str,
    procedure: &str,
    year: i32,
) -> Result<i64, StoreError> {
    let first = counter::Model { office: office.to_owned(), procedure: procedure.to_owned(), year, last: 1 };
    let last = (counter::Entity, counter::Column::Last);
    // One statement, for the first number of a year too.
    let counted = OnConflict::columns([counter::Column::Office, counter::Column::Procedure, counter::Column::Year])
        .value(counter::Column::Last, Expr::col(last).add(1))
        .to_owned();
    let insert = counter::Entity::insert(first.into_active_model()).on_conflict(counted);
    Ok(insert.exec_with_returning(transaction).await?.last)
}
