//! People: rows of users, their passwords and languages.

use entity::{grant, user};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use super::database::{insert, one_of, update};
use super::{Store, StoreError, Transaction, Viewing};
use crate::language::Language;

/// A person's row.
pub type Person = user::Model;

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

/// Inserts a person, in the transaction of the event.
pub async fn save_new_person(transaction: &Transaction, row: Person) -> Result<(), StoreError> {
    insert(transaction, row).await
}

/// Changes a person.
pub async fn save_person(transaction: &Transaction, row: Person) -> Result<(), StoreError> {
    update(transaction, row).await
}

/// Locks and returns a person until the transaction ends, for password checks and for limits on the number of their keys and
/// sessions.
pub async fn lock_person(transaction: &Transaction, id: Uuid) -> Result<Option<Person>, StoreError> {
    let mut query = user::Entity::find_by_id(id);
    if transaction.get_database_backend() == DbBackend::Postgres {
        query = query.lock_exclusive();
    }
    Ok(query.one(transaction).await?)
}

/// Replaces a person's password.
pub async fn set_password(transaction: &Transaction, id: Uuid, hash: String) -> Result<(), StoreError> {
    let update = user::Entity::update_many().col_expr(user::Column::PasswordHash, Expr::val(hash));
    update.filter(user::Column::Id.eq(id)).exec(transaction).await?;
    Ok(())
}

impl Store {
    /// Returns the person with a username.
    pub async fn person_by_username(&self, username: &str) -> Result<Option<Person>, StoreError> {
        Ok(user::Entity::find().filter(user::Column::Username.eq(username)).one(self.reader()).await?)
    }

    /// Those people, in any order.
    pub async fn people(&self, ids: &[Uuid]) -> Result<Vec<Person>, StoreError> {
        let those = one_of(self.reader(), user::Column::Id, ids.iter().copied());
        Ok(user::Entity::find().filter(those).all(self.reader()).await?)
    }

    /// Returns the people visible to the caller: themselves, and present or past holders of a grant in one of their offices.
    pub async fn colleagues(&self, viewing: &Viewing, ids: &[Uuid]) -> Result<Vec<Person>, StoreError> {
        let offices = viewing.offices.iter().map(String::as_str);
        let there = Query::select()
            .column(grant::Column::UserId)
            .from(grant::Entity)
            .and_where(Expr::col(grant::Column::Office).is_in(offices))
            .to_owned();
        let near = Condition::any().add(user::Column::Id.eq(viewing.user)).add(user::Column::Id.in_subquery(there));
        let those = one_of(self.reader(), user::Column::Id, ids.iter().copied());
        let query = user::Entity::find().filter(those).filter(near);
        Ok(query.all(self.reader()).await?)
    }
}
