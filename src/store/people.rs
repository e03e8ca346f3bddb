//! People, agencies and grants.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entity::{agency, grant, people_version, request, user};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect,
};
use uuid::Uuid;

use super::database::insert;
use super::sessions::{lasting, lets_in};
use super::{Store, StoreError, Transaction, Viewing};
use crate::access::{Caller, Capacity, Grant, Pass};
use crate::language::Language;

/// A person's row.
pub type Person = user::Model;

/// Returns a person with their grants in force, definitive ones first, then the oldest. None for an unknown or deactivated person,
/// and after the end of their login.
pub async fn caller<C: ConnectionTrait>(
    connection: &C,
    pass: Pass,
    now: DateTime<Utc>,
) -> Result<Option<Caller>, StoreError> {
    let user = pass.user;
    let language = Query::select()
        .column((user::Entity, user::Column::Language))
        .from(user::Entity)
        .and_where(Expr::col((user::Entity, user::Column::Id)).eq(user))
        .to_owned();
    let rows = grant::Entity::find()
        .expr_as(SimpleExpr::SubQuery(None, Box::new(language.into())), "language")
        .filter(grant::Column::UserId.eq(user))
        .filter(is_active(Expr::val(user)))
        .filter(lets_in(pass, now))
        .filter(in_force(now))
        .order_by_asc(grant::Column::ValidFrom)
        .order_by_asc(grant::Column::Id)
        .into_model::<Held>()
        .all(connection)
        .await?;
    let language = rows.first().and_then(|held| spoken(held.language.as_deref()));
    let mut grants: Vec<Grant> = rows.into_iter().map(|held| grant_of(held.grant)).collect::<Result<_, _>>()?;
    grants.sort_by_key(|grant| grant.capacity);
    if grants.is_empty() {
        // Without a grant, a second query distinguishes known people from unknown ones.
        let known =
            user::Entity::find_by_id(user).filter(user::Column::DeactivatedAt.is_null()).filter(lets_in(pass, now));
        let known = known.one(connection).await?;
        return Ok(known.map(|row| Caller { pass, grants, language: spoken(row.language.as_deref()) }));
    }
    Ok(Some(Caller { pass, grants, language }))
}

/// A grant with the chosen language of its person.
struct Held {
    grant: grant::Model,
    language: Option<String>,
}

impl FromQueryResult for Held {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let grant = grant::Model::from_query_result(result, prefix)?;
        Ok(Self { grant, language: result.try_get(prefix, "language")? })
    }
}

/// The language of a stored tag.
fn spoken(tag: Option<&str>) -> Option<Language> {
    tag.and_then(Language::from_tag)
}

/// A person with all their grants: past, present and future.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Known and not deactivated, with a valid login.
    pub active: bool,
    /// Definitive ones first, then the oldest.
    pub grants: Vec<Grant>,
    /// The chosen language.
    pub language: Option<Language>,
}

impl Standing {
    /// Returns the person with their grants in force; none after deactivation.
    pub fn caller(&self, pass: Pass, now: DateTime<Utc>) -> Option<Caller> {
        let in_force = self.grants.iter().filter(|grant| grant.in_force(now)).cloned();
        self.active.then(|| Caller { pass, grants: in_force.collect(), language: self.language })
    }

    /// Returns the next time of a beginning or ending grant.
    pub fn until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let moments = self.grants.iter().flat_map(|grant| [Some(grant.valid_from), grant.valid_until]);
        moments.flatten().filter(|moment| *moment > now).min()
    }
}

/// How many people one statement asks for.
const AT_ONCE: usize = 500;

impl Store {
    /// Returns the version of people and grants: a number raised by every change.
    pub async fn people_version(&self) -> Result<i64, StoreError> {
        let row = people_version::Entity::find_by_id(1_i16).one(self.reader()).await?;
        row.map(|row| row.version).ok_or_else(|| StoreError::Damaged("the people's version is missing".to_owned()))
    }

    /// Returns the standing of each pass with a valid login.
    pub async fn standings(&self, passes: &[Pass]) -> Result<HashMap<Pass, Standing>, StoreError> {
        let mut found: HashMap<Pass, Standing> = HashMap::new();
        for passes in passes.chunks(AT_ONCE) {
            let users: BTreeSet<Uuid> = passes.iter().map(|pass| pass.user).collect();
            let active = user::Entity::find()
                .select_only()
                .columns([user::Column::Id, user::Column::Language])
                .filter(user::Column::Id.is_in(users.iter().copied()))
                .filter(user::Column::DeactivatedAt.is_null())
                .into_tuple::<(Uuid, Option<String>)>();
            let grants = grant::Entity::find()
                .filter(grant::Column::UserId.is_in(users.iter().copied()))
                .order_by_asc(grant::Column::ValidFrom)
                .order_by_asc(grant::Column::Id);
            let reader = self.reader();
            let (active, grants, lasting) =
                tokio::try_join!(active.all(reader), grants.all(reader), lasting(reader, passes))?;
            let standing = |(user, language): (Uuid, Option<String>)| {
                (user, Standing { active: true, grants: Vec::new(), language: spoken(language.as_deref()) })
            };
            let mut people: HashMap<Uuid, Standing> = active.into_iter().map(standing).collect();
            for row in grants {
                if let Some(standing) = people.get_mut(&row.user_id) {
                    standing.grants.push(grant_of(row)?);
                }
            }
            people.values_mut().for_each(|standing| standing.grants.sort_by_key(|grant| grant.capacity));
            found.extend(
                passes
                    .iter()
                    .filter(|pass| lasting.contains(&pass.login))
                    .filter_map(|pass| Some((*pass, people.get(&pass.user)?.clone()))),
            );
        }
        Ok(found)
    }

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

/// Condition: the person exists and is not deactivated.
pub(super) fn is_active(id: SimpleExpr) -> SimpleExpr {
    let of = |column| Expr::col((user::Entity, column));
    Expr::exists(
        Query::select()
            .expr(Expr::val(1))
            .from(user::Entity)
            .and_where(of(user::Column::Id).eq(id))
            .and_where(of(user::Column::DeactivatedAt).is_null())
            .to_owned(),
    )
}

/// Those agencies, in any order.
pub async fn agencies<C: ConnectionTrait>(connection: &C, ids: &[Uuid]) -> Result<Vec<agency::Model>, StoreError> {
    Ok(agency::Entity::find().filter(agency::Column::Id.is_in(ids.iter().copied())).all(connection).await?)
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

/// An office's agencies, by key.
pub async fn agencies_in<C: ConnectionTrait>(connection: &C, office: &str) -> Result<Vec<agency::Model>, StoreError> {
    let query = agency::Entity::find().filter(agency::Column::Office.eq(office));
    Ok(query.order_by_asc(agency::Column::Key).all(connection).await?)
}

/// Returns the people of an office, by name: added by it, or holders of a grant there, past or present. `user`: only this one.
pub async fn office_people<C: ConnectionTrait>(
    connection: &C,
    office: &str,
    user: Option<Uuid>,
) -> Result<Vec<Person>, StoreError> {
    let there = Query::select()
        .column(grant::Column::UserId)
        .from(grant::Entity)
        .and_where(Expr::col(grant::Column::Office).eq(office))
        .to_owned();
    let known = Condition::any().add(user::Column::Office.eq(office)).add(user::Column::Id.in_subquery(there));
    let mut query = user::Entity::find().filter(known);
    if let Some(user) = user {
        query = query.filter(user::Column::Id.eq(user));
    }
    Ok(query.order_by_asc(user::Column::Name).order_by_asc(user::Column::Id).all(connection).await?)
}

/// Returns the people with a grant in an office, present or past, in any order. A grant without a beginning yet does not count.
pub async fn held_in<C: ConnectionTrait>(
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
        .filter(was_meant());
    Ok(query.into_tuple().all(connection).await?)
}

/// Condition: the grant was not revoked before its beginning.
fn was_meant() -> SimpleExpr {
    let until = Expr::col(grant::Column::ValidUntil);
    until.gt(Expr::col(grant::Column::ValidFrom)).or(grant::Column::ValidUntil.is_null())
}

/// Returns every grant in an office with its holder, the oldest first.
pub async fn office_grants<C: ConnectionTrait>(connection: &C, office: &str) -> Result<Vec<(Uuid, Grant)>, StoreError> {
    let query = grant::Entity::find().filter(grant::Column::Office.eq(office));
    let rows = query.order_by_asc(grant::Column::ValidFrom).order_by_asc(grant::Column::Id).all(connection).await?;
    rows.into_iter().map(|row| Ok((row.user_id, grant_of(row)?))).collect()
}

/// Every grant of a person, definitive ones first, then the oldest.
pub async fn person_grants<C: ConnectionTrait>(connection: &C, user: Uuid) -> Result<Vec<Grant>, StoreError> {
    let query = grant::Entity::find().filter(grant::Column::UserId.eq(user));
    let rows = query.order_by_asc(grant::Column::ValidFrom).order_by_asc(grant::Column::Id).all(connection).await?;
    let mut grants: Vec<Grant> = rows.into_iter().map(grant_of).collect::<Result<_, _>>()?;
    grants.sort_by_key(|grant| grant.capacity);
    Ok(grants)
}

/// A grant.
pub async fn grant<C: ConnectionTrait>(connection: &C, id: Uuid) -> Result<Option<Grant>, StoreError> {
    grant_by_id(connection, id).await?.map(grant_of).transpose()
}

/// A grant's row.
pub async fn grant_by_id<C: ConnectionTrait>(connection: &C, id: Uuid) -> Result<Option<grant::Model>, StoreError> {
    Ok(grant::Entity::find_by_id(id).one(connection).await?)
}

/// A person's row.
pub async fn person_by_id<C: ConnectionTrait>(connection: &C, id: Uuid) -> Result<Option<Person>, StoreError> {
    Ok(user::Entity::find_by_id(id).one(connection).await?)
}

/// Saves a person's chosen language.
pub async fn set_language(transaction: &Transaction, user: Uuid, language: Option<Language>) -> Result<(), StoreError> {
    let chosen = Expr::value(language.map(|language| language.tag().to_owned()));
    let update = user::Entity::update_many().col_expr(user::Column::Language, chosen);
    update.filter(user::Column::Id.eq(user)).exec(transaction).await?;
    Ok(())
}

/// Checks for a person with the username.
pub async fn is_username_taken<C: ConnectionTrait>(connection: &C, username: &str) -> Result<bool, StoreError> {
    Ok(user::Entity::find().filter(user::Column::Username.eq(username)).count(connection).await? > 0)
}

/// Checks for an active holder of one of the roles in an office, without an end.
pub async fn is_held_without_end<C: ConnectionTrait>(
    connection: &C,
    office: &str,
    roles: BTreeSet<&str>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let held = grant::Entity::find()
        .filter(grant::Column::Office.eq(office))
        .filter(grant::Column::Role.is_in(roles))
        .filter(in_force(now))
        .filter(grant::Column::ValidUntil.is_null())
        .filter(is_active(Expr::col((grant::Entity, grant::Column::UserId))));
    Ok(held.count(connection).await? > 0)
}

/// Returns every grant in force with its holder's username and its agency's key. Without deactivated people, and without
/// deactivated agencies that have no waiting request.
pub async fn grants_in_force<C: ConnectionTrait>(
    connection: &C,
    now: DateTime<Utc>,
) -> Result<Vec<(Grant, String, Option<String>)>, StoreError> {
    let rows = grant::Entity::find().filter(in_force(now)).order_by_asc(grant::Column::Id).all(connection).await?;
    let people = user::Entity::find().filter(user::Column::DeactivatedAt.is_null());
    let people = people.select_only().columns([user::Column::Id, user::Column::Username]).into_tuple();
    let people: HashMap<Uuid, String> = people.all(connection).await?.into_iter().collect();
    let counts =
        Condition::any().add(agency::Column::DeactivatedAt.is_null()).add(agency::Column::Id.in_subquery(asking()));
    let agencies = agency::Entity::find().filter(counts);
    let agencies = agencies.select_only().columns([agency::Column::Id, agency::Column::Key]).into_tuple();
    let agencies: HashMap<Uuid, String> = agencies.all(connection).await?.into_iter().collect();
    let of = |row: grant::Model| {
        let user = people.get(&row.user_id)?.clone();
        let agency = match row.agency_id {
            None => None,
            Some(id) => Some(agencies.get(&id)?.clone()),
        };
        Some(grant_of(row).map(|grant| (grant, user, agency)))
    };
    rows.into_iter().filter_map(of).collect()
}

/// Returns the agencies with an unfinished request, by the keys of the office and their own.
pub async fn agencies_waiting<C: ConnectionTrait>(connection: &C) -> Result<Vec<(String, String)>, StoreError> {
    let query = agency::Entity::find().filter(agency::Column::Id.in_subquery(asking()));
    let keys = query.select_only().columns([agency::Column::Office, agency::Column::Key]);
    Ok(keys.order_by_asc(agency::Column::Key).into_tuple().all(connection).await?)
}

/// Selects the agencies of unfinished requests.
fn asking() -> sea_orm::sea_query::SelectStatement {
    Query::select()
        .column(request::Column::AgencyId)
        .from(request::Entity)
        .and_where(Expr::col(request::Column::FinishedAt).is_null())
        .to_owned()
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
        .filter(was_meant());
    Ok(elsewhere.count(connection).await? > 0)
}

/// Inserts a person, in the transaction of the event.
pub async fn save_new_person(transaction: &Transaction, row: Person) -> Result<(), StoreError> {
    insert(transaction, row).await
}

/// Changes a person.
pub async fn save_person(transaction: &Transaction, row: Person) -> Result<(), StoreError> {
    user::Entity::update(row.into_active_model().reset_all()).exec(transaction).await?;
    Ok(())
}

impl Store {
    /// Returns the person with a username.
    pub async fn person_by_username(&self, username: &str) -> Result<Option<Person>, StoreError> {
        Ok(user::Entity::find().filter(user::Column::Username.eq(username)).one(self.reader()).await?)
    }

    /// Those people, in any order.
    pub async fn people(&self, ids: &[Uuid]) -> Result<Vec<Person>, StoreError> {
        Ok(user::Entity::find().filter(user::Column::Id.is_in(ids.iter().copied())).all(self.reader()).await?)
    }

    /// Those of the people whom the caller may look up: themselves, and whoever holds or held a grant in an office where they
    /// hold one.
    pub async fn colleagues(&self, viewing: &Viewing, ids: &[Uuid]) -> Result<Vec<Person>, StoreError> {
        let offices = viewing.offices.iter().map(String::as_str);
        let there = Query::select()
            .column(grant::Column::UserId)
            .from(grant::Entity)
            .and_where(Expr::col(grant::Column::Office).is_in(offices))
            .to_owned();
        let near = Condition::any().add(user::Column::Id.eq(viewing.user)).add(user::Column::Id.in_subquery(there));
        let query = user::Entity::find().filter(user::Column::Id.is_in(ids.iter().copied())).filter(near);
        Ok(query.all(self.reader()).await?)
    }

    /// Those agencies, in any order.
    pub async fn agencies(&self, ids: &[Uuid]) -> Result<Vec<agency::Model>, StoreError> {
        agencies(self.reader(), ids).await
    }

    /// An office's agencies, by key.
    pub async fn agencies_of(&self, office: &str) -> Result<Vec<agency::Model>, StoreError> {
        agencies_in(self.reader(), office).await
    }
}

fn in_force(now: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(grant::Column::ValidFrom.lte(now))
        .add(Condition::any().add(grant::Column::ValidUntil.is_null()).add(grant::Column::ValidUntil.gt(now)))
}

fn grant_of(row: grant::Model) -> Result<Grant, StoreError> {
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
