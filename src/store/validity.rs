//! Conditions of validity: of logins, of people, of grants in force.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entity::{api_key, grant, session, user};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::access::{KeyScopes, Login, Pass};

/// Condition: the person exists and is not deactivated.
pub(super) fn is_active(id: SimpleExpr) -> SimpleExpr {
    let column = |column| Expr::col((user::Entity, column));
    Expr::exists(
        Query::select()
            .expr(Expr::cust("1"))
            .from(user::Entity)
            .and_where(column(user::Column::Id).eq(id))
            .and_where(column(user::Column::DeactivatedAt).is_null())
            .to_owned(),
    )
}

/// Condition: the grant is in force at a time.
pub(super) fn in_force(now: DateTime<Utc>) -> Condition {
    Condition::all().add(grant::Column::ValidFrom.lte(now)).add(not_ended(now))
}

/// Condition: the grant is in force at a time, or begins later.
pub(super) fn not_ended(now: DateTime<Utc>) -> Condition {
    Condition::any().add(grant::Column::ValidUntil.is_null()).add(grant::Column::ValidUntil.gt(now))
}

/// Condition: the login of a pass is still valid at a time.
pub(super) fn login_is_valid(pass: Pass, now: DateTime<Utc>) -> SimpleExpr {
    let mut query = Query::select();
    query.expr(Expr::cust("1"));
    match pass.login {
        Login::Session(id) => {
            let column = |column| Expr::col((session::Entity, column));
            query
                .from(session::Entity)
                .and_where(column(session::Column::Id).eq(id))
                .and_where(column(session::Column::UserId).eq(pass.user))
                .and_where(column(session::Column::EndedAt).is_null());
        }
        Login::Key(id, scopes) => {
            let column = |column| Expr::col((api_key::Entity, column));
            query
                .from(api_key::Entity)
                .and_where(column(api_key::Column::Id).eq(id))
                .and_where(column(api_key::Column::UserId).eq(pass.user))
                .and_where(column(api_key::Column::Scopes).eq(scopes.words()))
                .and_where(column(api_key::Column::RevokedAt).is_null())
                .and_where(column(api_key::Column::ExpiresAt).gt(now));
        }
        // Nothing of it is kept here: it ends by its time, and with the person.
        Login::Provider => {}
    }
    Expr::exists(query)
}

/// Returns the logins still valid. The expiry of a key, or of an identity provider's token, is known to its holder.
pub(super) async fn valid_logins<C: ConnectionTrait>(connection: &C, passes: &[Pass]) -> Result<HashSet<Login>, DbErr> {
    let sessions = passes.iter().filter_map(|pass| pass.session());
    let sessions = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::Id.is_in(sessions))
        .filter(session::Column::EndedAt.is_null())
        .into_tuple::<Uuid>();
    let mut valid: HashSet<Login> = sessions.all(connection).await?.into_iter().map(Login::Session).collect();
    let keys: Vec<Uuid> = passes.iter().filter_map(|pass| pass.key()).collect();
    if !keys.is_empty() {
        let keys = api_key::Entity::find()
            .filter(api_key::Column::Id.is_in(keys))
            .filter(api_key::Column::RevokedAt.is_null())
            .all(connection)
            .await?;
        valid.extend(keys.into_iter().map(|key| Login::Key(key.id, KeyScopes::from_words(&key.scopes))));
    }
    valid.insert(Login::Provider);
    Ok(valid)
}
