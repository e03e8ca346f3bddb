//! TOTP secrets and recovery codes. Decisions read them after the person is locked.

use chrono::{DateTime, Utc};
use entity::{recovery_code, totp};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use uuid::Uuid;

use super::database::insert;
use super::{StoreError, Transaction};

/// Returns a person's TOTP secret, confirmed or not.
pub async fn totp_of<C: ConnectionTrait>(connection: &C, user: Uuid) -> Result<Option<totp::Model>, StoreError> {
    Ok(totp::Entity::find_by_id(user).one(connection).await?)
}

/// Keeps another secret for a person's authenticator, not confirmed yet.
pub async fn begin_totp(transaction: &Transaction, user: Uuid, sealed: Vec<u8>) -> Result<(), StoreError> {
    end_totp(transaction, user).await?;
    insert(transaction, totp::Model { user_id: user, sealed, confirmed_at: None, last_step: 0 }).await
}

/// Records the time step of an accepted code, against replay. `confirmed`: the time, for a code confirming the secret.
pub async fn record_totp_step(
    transaction: &Transaction,
    user: Uuid,
    step: i64,
    confirmed: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    let mut update = totp::Entity::update_many().col_expr(totp::Column::LastStep, Expr::val(step));
    if confirmed.is_some() {
        update = update.col_expr(totp::Column::ConfirmedAt, Expr::val(confirmed));
    }
    update.filter(totp::Column::UserId.eq(user)).exec(transaction).await?;
    Ok(())
}

/// Keeps codes for a person.
pub async fn add_recovery_codes(
    transaction: &Transaction,
    user: Uuid,
    hashes: Vec<[u8; 32]>,
) -> Result<(), StoreError> {
    for hash in hashes {
        insert(transaction, recovery_code::Model { hash: hash.to_vec(), user_id: user }).await?;
    }
    Ok(())
}

/// Checks that a person has all of these recovery codes, none of them used.
pub async fn has_recovery_codes(
    transaction: &Transaction,
    user: Uuid,
    hashes: &[[u8; 32]],
) -> Result<bool, StoreError> {
    let codes = recovery_code::Entity::find()
        .filter(recovery_code::Column::UserId.eq(user))
        .filter(recovery_code::Column::Hash.is_in(hashes.iter().map(|hash| hash.to_vec())));
    Ok(codes.count(transaction).await? == hashes.len() as u64)
}

/// Deletes a person's recovery code by its hash. Returns false without such a code.
pub async fn use_recovery_code(transaction: &Transaction, user: Uuid, hash: &[u8; 32]) -> Result<bool, StoreError> {
    let code = recovery_code::Entity::delete_many()
        .filter(recovery_code::Column::UserId.eq(user))
        .filter(recovery_code::Column::Hash.eq(hash.to_vec()));
    Ok(code.exec(transaction).await?.rows_affected == 1)
}

/// Deletes a person's TOTP secret and recovery codes.
pub async fn end_totp(transaction: &Transaction, user: Uuid) -> Result<(), StoreError> {
    totp::Entity::delete_by_id(user).exec(transaction).await?;
    recovery_code::Entity::delete_many().filter(recovery_code::Column::UserId.eq(user)).exec(transaction).await?;
    Ok(())
}
