//! Callers: people with a valid login and their grants.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entity::{grant, people_version, user};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QueryResult,
    QuerySelect,
};
use uuid::Uuid;

use super::grants::grant_from_row;
use super::validity::{is_active, login_is_valid, not_ended, valid_logins};
use super::visibility::people_version;
use super::{Store, StoreError};
use crate::access::{Caller, Grant, Pass};
use crate::language::Language;

/// Returns a person with their grants in force, definitive ones first, then the oldest. None for an unknown or deactivated person,
/// and after the end of their login.
pub async fn caller<C: ConnectionTrait>(
    connection: &C,
    pass: Pass,
    now: DateTime<Utc>,
) -> Result<Option<Caller>, StoreError> {
    Ok(caller_rights(connection, pass, now).await?.and_then(|(rights, _)| rights.caller(pass, now)))
}

/// Returns a person's rights without their past grants, with the version of people and grants as of the same statement; no
/// version for a person without such grants. None for an unknown or deactivated person, and after the end of their login.
pub async fn caller_rights<C: ConnectionTrait>(
    connection: &C,
    pass: Pass,
    now: DateTime<Utc>,
) -> Result<Option<(PersonRights, Option<i64>)>, StoreError> {
    let user = pass.user;
    let language = Query::select()
        .column((user::Entity, user::Column::Language))
        .from(user::Entity)
        .and_where(Expr::col((user::Entity, user::Column::Id)).eq(user))
        .to_owned();
    let rows = grant::Entity::find()
        .expr_as(SimpleExpr::SubQuery(None, Box::new(language.into())), "language")
        .expr_as(people_version(), "people_version")
        .filter(grant::Column::UserId.eq(user))
        .filter(is_active(Expr::val(user)))
        .filter(login_is_valid(pass, now))
        .filter(not_ended(now))
        .order_by_asc(grant::Column::ValidFrom)
        .order_by_asc(grant::Column::Id)
        .into_model::<GrantWithPerson>()
        .all(connection)
        .await?;
    let Some(first) = rows.first() else {
        // Without a grant, a second query distinguishes known people from unknown ones.
        let known = user::Entity::find_by_id(user)
            .filter(user::Column::DeactivatedAt.is_null())
            .filter(login_is_valid(pass, now));
        let known = known.one(connection).await?;
        return Ok(known.map(|row| {
            let language = language_from_tag(row.language.as_deref());
            (PersonRights { active: true, grants: Vec::new(), language }, None)
        }));
    };
    let (language, version) = (language_from_tag(first.language.as_deref()), first.people_version);
    let mut grants: Vec<Grant> = rows.into_iter().map(|row| grant_from_row(row.grant)).collect::<Result<_, _>>()?;
    grants.sort_by_key(|grant| grant.capacity);
    Ok(Some((PersonRights { active: true, grants, language }, Some(version))))
}

/// A grant with the chosen language of its person, and the version of people and grants.
struct GrantWithPerson {
    grant: grant::Model,
    language: Option<String>,
    people_version: i64,
}

impl FromQueryResult for GrantWithPerson {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let grant = grant::Model::from_query_result(result, prefix)?;
        let (language, people_version) =
            (result.try_get(prefix, "language")?, result.try_get(prefix, "people_version")?);
        Ok(Self { grant, language, people_version })
    }
}

/// The language of a stored tag.
fn language_from_tag(tag: Option<&str>) -> Option<Language> {
    tag.and_then(Language::from_tag)
}

/// A person with their grants: present, future, and those of the past that were read.
#[derive(Debug, Clone, Default)]
pub struct PersonRights {
    /// Known and not deactivated, with a valid login.
    pub active: bool,
    /// Definitive ones first, then the oldest.
    pub grants: Vec<Grant>,
    /// The chosen language.
    pub language: Option<Language>,
}

impl PersonRights {
    /// Returns the person with their grants in force; none after deactivation.
    pub fn caller(&self, pass: Pass, now: DateTime<Utc>) -> Option<Caller> {
        let in_force = self.grants.iter().filter(|grant| grant.in_force(now)).cloned();
        self.active.then(|| Caller { pass, grants: in_force.collect(), language: self.language })
    }

    /// Returns the next time of a beginning or ending grant.
    pub fn next_change(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
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

    /// Returns the rights of each pass with a valid login.
    pub async fn person_rights(&self, passes: &[Pass]) -> Result<HashMap<Pass, PersonRights>, StoreError> {
        let mut found: HashMap<Pass, PersonRights> = HashMap::new();
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
            let (active, grants, logins) =
                tokio::try_join!(active.all(reader), grants.all(reader), valid_logins(reader, passes))?;
            let rights = |(user, language): (Uuid, Option<String>)| {
                (
                    user,
                    PersonRights { active: true, grants: Vec::new(), language: language_from_tag(language.as_deref()) },
                )
            };
            let mut people: HashMap<Uuid, PersonRights> = active.into_iter().map(rights).collect();
            for row in grants {
                if let Some(rights) = people.get_mut(&row.user_id) {
                    rights.grants.push(grant_from_row(row)?);
                }
            }
            people.values_mut().for_each(|rights| rights.grants.sort_by_key(|grant| grant.capacity));
            found.extend(
                passes
                    .iter()
                    .filter(|pass| logins.contains(&pass.login))
                    .filter_map(|pass| Some((*pass, people.get(&pass.user)?.clone()))),
            );
        }
        Ok(found)
    }
}
