//! Deletion of rows past their retention.

use chrono::{DateTime, Utc};
use entity::{api_key, credential, idempotency_key, refresh_token, registered_document, session};
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};

use super::{CredentialState, Store, StoreError, Transaction};

/// A kind of rows with a retention.
#[derive(Debug, Clone, Copy)]
pub enum RetainedRows {
    /// Idempotency keys, since their first call.
    IdempotencyKeys,
    /// Secrets of credentials, since their reveal.
    RevealedSecrets,
    /// Refresh tokens since their expiry, and sessions without one.
    Sessions,
    /// API keys, since their end.
    ApiKeys,
    /// Registered documents, since their last use.
    RegisteredDocuments,
}

impl RetainedRows {
    /// Whether a row is past its retention: a read, so that a job without work takes no writer's lock.
    pub async fn is_due(self, store: &Store, before: DateTime<Utc>) -> Result<bool, StoreError> {
        match self {
            Self::IdempotencyKeys => exists::<idempotency_key::Entity>(store, old_keys(before)).await,
            Self::RevealedSecrets => exists::<credential::Entity>(store, revealed_secrets(before)).await,
            Self::Sessions => Ok(exists::<refresh_token::Entity>(store, old_tokens(before)).await?
                || exists::<session::Entity>(store, sessions_without_tokens(before)).await?),
            Self::ApiKeys => exists::<api_key::Entity>(store, ended_api_keys(before)).await,
            Self::RegisteredDocuments => exists::<registered_document::Entity>(store, unused_documents(before)).await,
        }
    }

    /// Deletes rows past their retention. Returns their number.
    pub async fn delete(self, transaction: &Transaction, before: DateTime<Utc>) -> Result<u64, StoreError> {
        match self {
            Self::IdempotencyKeys => delete::<idempotency_key::Entity>(transaction, old_keys(before)).await,
            Self::RevealedSecrets => {
                let emptied = credential::Entity::update_many()
                    .col_expr(credential::Column::Sealed, Expr::value(None::<Vec<u8>>))
                    .col_expr(credential::Column::RevealKey, Expr::value(None::<Vec<u8>>))
                    .filter(revealed_secrets(before))
                    .exec(transaction)
                    .await?;
                Ok(emptied.rows_affected)
            }
            Self::Sessions => {
                let tokens = delete::<refresh_token::Entity>(transaction, old_tokens(before)).await?;
                Ok(tokens + delete::<session::Entity>(transaction, sessions_without_tokens(before)).await?)
            }
            Self::ApiKeys => delete::<api_key::Entity>(transaction, ended_api_keys(before)).await,
            Self::RegisteredDocuments => {
                delete::<registered_document::Entity>(transaction, unused_documents(before)).await
            }
        }
    }
}

fn old_keys(before: DateTime<Utc>) -> Condition {
    idempotency_key::Column::CreatedAt.lt(before).into_condition()
}

fn revealed_secrets(before: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(credential::Column::State.eq(CredentialState::Revealed.word()))
        .add(credential::Column::RevealedAt.lte(before))
        .add(credential::Column::Sealed.is_not_null())
}

fn old_tokens(before: DateTime<Utc>) -> Condition {
    let ended = Query::select()
        .column(session::Column::Id)
        .from(session::Entity)
        .and_where(Expr::col(session::Column::EndedAt).lt(before))
        .to_owned();
    Condition::any()
        .add(refresh_token::Column::ExpiresAt.lt(before))
        .add(refresh_token::Column::SessionId.in_subquery(ended))
}

fn sessions_without_tokens(before: DateTime<Utc>) -> Condition {
    let any = Query::select().column(refresh_token::Column::SessionId).from(refresh_token::Entity).to_owned();
    Condition::all().add(session::Column::CreatedAt.lt(before)).add(session::Column::Id.not_in_subquery(any))
}

fn ended_api_keys(before: DateTime<Utc>) -> Condition {
    Condition::any().add(api_key::Column::RevokedAt.lt(before)).add(api_key::Column::ExpiresAt.lt(before))
}

fn unused_documents(before: DateTime<Utc>) -> Condition {
    registered_document::Column::UsedAt.lt(before).into_condition()
}

async fn exists<E: EntityTrait>(store: &Store, condition: Condition) -> Result<bool, StoreError> {
    // No column: a sealed secret is not read to know of it.
    let found = E::find().select_only().expr(Expr::val(1)).filter(condition).into_tuple::<i32>().one(store.reader());
    Ok(found.await?.is_some())
}

async fn delete<E: EntityTrait>(transaction: &Transaction, condition: Condition) -> Result<u64, StoreError> {
    Ok(E::delete_many().filter(condition).exec(transaction).await?.rows_affected)
}
