//! Sessions and refresh tokens.

use chrono::{DateTime, Utc};
use entity::{refresh_token, session};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::database::{insert, notify_followers};
use super::{Store, StoreError, Transaction};

/// A selection of sessions to end.
#[derive(Debug, Clone, Copy)]
pub enum SessionSelection {
    /// This one.
    One(Uuid),
    /// All of a person.
    All(Uuid),
    /// All of a person but this one.
    Others(Uuid, Uuid),
}

/// Begins a session with its first token.
pub async fn begin_session(
    transaction: &Transaction,
    session: session::Model,
    token: refresh_token::Model,
) -> Result<(), StoreError> {
    insert(transaction, session).await?;
    insert(transaction, token).await
}

/// Returns a refresh token by its hash, with its session.
pub async fn refresh_token<C: ConnectionTrait>(
    connection: &C,
    hash: &[u8; 32],
) -> Result<Option<(refresh_token::Model, session::Model)>, StoreError> {
    let Some(token) = refresh_token::Entity::find_by_id(hash.to_vec()).one(connection).await? else { return Ok(None) };
    let session = session::Entity::find_by_id(token.session_id).one(connection).await?;
    Ok(session.map(|session| (token, session)))
}

/// Uses a token up. Returns false for a used one; of two callers at once, one gets true.
pub async fn use_refresh_token(
    transaction: &Transaction,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let used = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::UsedAt, Expr::val(now))
        .filter(refresh_token::Column::Hash.eq(hash.to_vec()))
        .filter(refresh_token::Column::UsedAt.is_null());
    Ok(used.exec(transaction).await?.rows_affected == 1)
}

/// Returns a person's lasting sessions begun since a moment.
pub async fn sessions_begun_since(
    transaction: &Transaction,
    user: Uuid,
    since: DateTime<Utc>,
) -> Result<Vec<session::Model>, StoreError> {
    let query = session::Entity::find()
        .filter(session::Column::UserId.eq(user))
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::CreatedAt.gt(since));
    Ok(query.all(transaction).await?)
}

/// Prolongs a session by a new token.
pub async fn extend_session(transaction: &Transaction, token: refresh_token::Model) -> Result<(), StoreError> {
    let (id, now) = (token.session_id, token.issued_at);
    insert(transaction, token).await?;
    let update = session::Entity::update_many().col_expr(session::Column::LastUsedAt, Expr::val(now));
    update.filter(session::Column::Id.eq(id)).exec(transaction).await?;
    Ok(())
}

/// Ends sessions, and wakes followers on every server on commit. Returns their number.
pub async fn end_sessions(
    transaction: &Transaction,
    which: SessionSelection,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let open = Condition::all().add(session::Column::EndedAt.is_null());
    let open = match which {
        SessionSelection::One(id) => open.add(session::Column::Id.eq(id)),
        SessionSelection::All(user) => open.add(session::Column::UserId.eq(user)),
        SessionSelection::Others(user, kept) => {
            open.add(session::Column::UserId.eq(user)).add(session::Column::Id.ne(kept))
        }
    };
    // On PostgreSQL the version of people rises by a statement that changes no row, too.
    if session::Entity::find().filter(open.clone()).count(transaction).await? == 0 {
        return Ok(0);
    }
    let end = session::Entity::update_many().col_expr(session::Column::EndedAt, Expr::val(now)).filter(open);
    let ended = end.exec(transaction).await?.rows_affected;
    notify_followers(transaction).await?;
    Ok(ended)
}

/// A token of the session can still be used.
fn can_be_prolonged(now: DateTime<Utc>) -> SimpleExpr {
    let column = |column| Expr::col((refresh_token::Entity, column));
    Expr::exists(
        Query::select()
            .expr(Expr::val(1))
            .from(refresh_token::Entity)
            .and_where(column(refresh_token::Column::SessionId).equals((session::Entity, session::Column::Id)))
            .and_where(column(refresh_token::Column::ExpiresAt).gt(now))
            .to_owned(),
    )
}

/// Returns a person's lasting sessions, the latest used first.
pub async fn sessions_of(store: &Store, user: Uuid, now: DateTime<Utc>) -> Result<Vec<session::Model>, StoreError> {
    let query = session::Entity::find()
        .filter(session::Column::UserId.eq(user))
        .filter(session::Column::EndedAt.is_null())
        .filter(can_be_prolonged(now))
        .order_by_desc(session::Column::LastUsedAt)
        .order_by_desc(session::Column::Id);
    Ok(query.all(store.reader()).await?)
}
