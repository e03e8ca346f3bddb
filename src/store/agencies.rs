//! Agencies: applicant organisations with their people.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use entity::{agency, grant, request, user};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::database::one_of;
use super::validity::in_force;
use super::{Person, Store, StoreError};

/// Those agencies, in any order.
pub async fn agencies<C: ConnectionTrait>(connection: &C, ids: &[Uuid]) -> Result<Vec<agency::Model>, StoreError> {
    let those = one_of(connection, agency::Column::Id, ids.iter().copied());
    Ok(agency::Entity::find().filter(those).all(connection).await?)
}

/// An office's agencies, by key.
pub async fn agencies_in<C: ConnectionTrait>(connection: &C, office: &str) -> Result<Vec<agency::Model>, StoreError> {
    let query = agency::Entity::find().filter(agency::Column::Office.eq(office));
    Ok(query.order_by_asc(agency::Column::Key).all(connection).await?)
}

/// Returns the ids of the agencies of a key, one in each office at most; none without a key. Read before a list is filtered by them: as
/// a subquery, the planner does not know how few they are.
pub(super) async fn agencies_named<C: ConnectionTrait>(
    connection: &C,
    key: Option<&str>,
) -> Result<Option<Vec<Uuid>>, StoreError> {
    let Some(key) = key else { return Ok(None) };
    let query = agency::Entity::find().select_only().column(agency::Column::Id).filter(agency::Column::Key.eq(key));
    Ok(Some(query.into_tuple().all(connection).await?))
}

/// Returns the active holders of one of the roles in one of the agencies, by name; each with the agency.
pub async fn agency_people<C: ConnectionTrait>(
    connection: &C,
    office: &str,
    agencies: &[Uuid],
    roles: &[String],
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Person)>, StoreError> {
    let grants = grant::Entity::find()
        .filter(grant::Column::Office.eq(office))
        .filter(grant::Column::AgencyId.is_in(agencies.iter().copied()))
        .filter(grant::Column::Role.is_in(roles))
        .filter(in_force(now))
        .all(connection)
        .await?;
    let people = user::Entity::find()
        .filter(user::Column::Id.is_in(grants.iter().map(|grant| grant.user_id)))
        .filter(user::Column::DeactivatedAt.is_null())
        .order_by_asc(user::Column::Name)
        .order_by_asc(user::Column::Id)
        .all(connection)
        .await?;
    let mut found = Vec::new();
    for person in people {
        let theirs: BTreeSet<Uuid> =
            grants.iter().filter(|grant| grant.user_id == person.id).filter_map(|grant| grant.agency_id).collect();
        found.extend(theirs.into_iter().map(|agency| (agency, person.clone())));
    }
    Ok(found)
}

/// Returns the agencies with an unfinished request, by the keys of the office and their own.
pub async fn agencies_waiting<C: ConnectionTrait>(connection: &C) -> Result<Vec<(String, String)>, StoreError> {
    let query = agency::Entity::find().filter(agency::Column::Id.in_subquery(with_unfinished_requests()));
    let keys = query.select_only().columns([agency::Column::Office, agency::Column::Key]);
    Ok(keys.order_by_asc(agency::Column::Key).into_tuple().all(connection).await?)
}

/// Selects the agencies of unfinished requests.
pub(super) fn with_unfinished_requests() -> SelectStatement {
    Query::select()
        .column(request::Column::AgencyId)
        .from(request::Entity)
        .and_where(Expr::col(request::Column::FinishedAt).is_null())
        .to_owned()
}

impl Store {
    /// Those agencies, in any order.
    pub async fn agencies(&self, ids: &[Uuid]) -> Result<Vec<agency::Model>, StoreError> {
        agencies(self.reader(), ids).await
    }

    /// An office's agencies, by key.
    pub async fn agencies_of(&self, office: &str) -> Result<Vec<agency::Model>, StoreError> {
        agencies_in(self.reader(), office).await
    }
}
