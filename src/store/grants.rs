//! Grants: roles of people in offices.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entity::{agency, grant, user};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::agencies::with_unfinished_requests;
use super::validity::{in_force, is_active};
use super::{Store, StoreError};
use crate::access::{Capacity, Grant};

/// A grant.
pub async fn grant<C: ConnectionTrait>(connection: &C, id: Uuid) -> Result<Option<Grant>, StoreError> {
    grant_by_id(connection, id).await?.map(grant_from_row).transpose()
}

/// A grant's row.
pub async fn grant_by_id<C: ConnectionTrait>(connection: &C, id: Uuid) -> Result<Option<grant::Model>, StoreError> {
    Ok(grant::Entity::find_by_id(id).one(connection).await?)
}

/// Every grant of a person, definitive ones first, then the oldest.
pub async fn person_grants<C: ConnectionTrait>(connection: &C, user: Uuid) -> Result<Vec<Grant>, StoreError> {
    let query = grant::Entity::find().filter(grant::Column::UserId.eq(user));
    let rows = query.order_by_asc(grant::Column::ValidFrom).order_by_asc(grant::Column::Id).all(connection).await?;
    let mut grants: Vec<Grant> = rows.into_iter().map(grant_from_row).collect::<Result<_, _>>()?;
    grants.sort_by_key(|grant| grant.capacity);
    Ok(grants)
}

/// Returns every grant in an office with its holder, the oldest first.
pub async fn office_grants<C: ConnectionTrait>(connection: &C, office: &str) -> Result<Vec<(Uuid, Grant)>, StoreError> {
    let query = grant::Entity::find().filter(grant::Column::Office.eq(office));
    let rows = query.order_by_asc(grant::Column::ValidFrom).order_by_asc(grant::Column::Id).all(connection).await?;
    rows.into_iter().map(|row| Ok((row.user_id, grant_from_row(row)?))).collect()
}

/// Returns every grant in force with its holder's username and its agency's key. Without deactivated people, and without
/// deactivated agencies without a waiting request.
pub async fn grants_in_force<C: ConnectionTrait>(
    connection: &C,
    now: DateTime<Utc>,
) -> Result<Vec<(Grant, String, Option<String>)>, StoreError> {
    let rows = grant::Entity::find().filter(in_force(now)).order_by_asc(grant::Column::Id).all(connection).await?;
    let people = user::Entity::find().filter(user::Column::DeactivatedAt.is_null());
    let people = people.select_only().columns([user::Column::Id, user::Column::Username]).into_tuple();
    let people: HashMap<Uuid, String> = people.all(connection).await?.into_iter().collect();
    let counts = Condition::any()
        .add(agency::Column::DeactivatedAt.is_null())
        .add(agency::Column::Id.in_subquery(with_unfinished_requests()));
    let agencies = agency::Entity::find().filter(counts);
    let agencies = agencies.select_only().columns([agency::Column::Id, agency::Column::Key]).into_tuple();
    let agencies: HashMap<Uuid, String> = agencies.all(connection).await?.into_iter().collect();
    let with_holder = |row: grant::Model| {
        let user = people.get(&row.user_id)?.clone();
        let agency = match row.agency_id {
            None => None,
            Some(id) => Some(agencies.get(&id)?.clone()),
        };
        Some(grant_from_row(row).map(|grant| (grant, user, agency)))
    };
    rows.into_iter().filter_map(with_holder).collect()
}

/// Returns the people with a grant in an office, present or past, in any order. A grant without a beginning yet does not count.
pub async fn holders_in<C: ConnectionTrait>(
    connection: &C,
    office: &str,
    people: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, StoreError> {
    let query = grant::Entity::find()
        .select_only()
        .column(grant::Column::UserId)
        .distinct()
        .filter(grant::Column::Office.eq(office))
        .filter(grant::Column::UserId.is_in(people.iter().copied()))
        .filter(grant::Column::ValidFrom.lte(now))
        .filter(has_period());
    Ok(query.into_tuple().all(connection).await?)
}

/// Checks for a grant of a person in another office, present or future.
pub async fn holds_elsewhere<C: ConnectionTrait>(
    connection: &C,
    user: Uuid,
    office: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let to_come = Condition::any().add(grant::Column::ValidUntil.is_null()).add(grant::Column::ValidUntil.gt(now));
    let elsewhere = grant::Entity::find()
        .filter(grant::Column::UserId.eq(user))
        .filter(grant::Column::Office.ne(office))
        .filter(to_come)
        .filter(has_period());
    Ok(elsewhere.count(connection).await? > 0)
}

/// Checks for an active holder of one of the roles in an office, without an end.
pub async fn is_held_without_end<C: ConnectionTrait>(
    connection: &C,
    office: &str,
    roles: BTreeSet<&str>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let grants = grant::Entity::find()
        .filter(grant::Column::Office.eq(office))
        .filter(grant::Column::Role.is_in(roles))
        .filter(in_force(now))
        .filter(grant::Column::ValidUntil.is_null())
        .filter(is_active(Expr::col((grant::Entity, grant::Column::UserId))));
    Ok(grants.count(connection).await? > 0)
}

/// Condition: the grant's period is not empty. A grant revoked before its beginning has an empty one.
fn has_period() -> SimpleExpr {
    let until = Expr::col(grant::Column::ValidUntil);
    until.gt(Expr::col(grant::Column::ValidFrom)).or(grant::Column::ValidUntil.is_null())
}

impl Store {
    /// Returns the next time of a beginning or ending grant of any person.
    pub async fn next_grant_moment(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
        let first = async |column: grant::Column| {
            let after = grant::Entity::find().select_only().column_as(column.min(), "moment").filter(column.gt(now));
            Ok::<_, StoreError>(after.into_tuple::<Option<DateTime<Utc>>>().one(self.reader()).await?.flatten())
        };
        let (begins, ends) = tokio::try_join!(first(grant::Column::ValidFrom), first(grant::Column::ValidUntil))?;
        Ok(begins.into_iter().chain(ends).min())
    }
}

/// Returns the grant of a row.
pub(super) fn grant_from_row(row: grant::Model) -> Result<Grant, StoreError> {
    Ok(Grant {
        id: row.id,
        office: row.office,
        role: row.role,
        agency: row.agency_id,
        capacity: Capacity::from_word(&row.capacity)
            .ok_or_else(|| StoreError::Damaged(format!("`{}` is no capacity", row.capacity)))?,
        decree_number: row.decree_number,
        on_behalf_of: row.on_behalf_of,
        valid_from: row.valid_from,
        valid_until: row.valid_until,
    })
}
