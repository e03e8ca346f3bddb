//! Creation and deactivation of people.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::agencies::find_in_service;
use super::known_person;
use crate::access::{Action, Pass};
use crate::auth::Secret;
use crate::event::{OfficeEventKind, OfficeEventSubject};
use crate::policy::Object;
use crate::service::idempotency::{idempotent, serialize_as_array};
use crate::service::validation::{InputErrors, expect_password};
use crate::service::{Service, ServiceError, ServiceResult, UserErrorCode, retry::with_retry};
use crate::store::{self, Person, SessionSelection, Transaction};

/// A new person.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct CreateUser {
    pub office: String,
    pub username: String,
    pub name: String,
    pub nip: Option<String>,
    pub agency: Option<String>,
    pub password: Secret,
    pub idempotency_key: Option<String>,
}

idempotent! { CreateUser: "createUser" }
serialize_as_array! {
    CreateUser { office: office, username: username, name: name, nip: nip, agency: agency, password: password.expose() }
}

/// A new person's data, as entered.
#[derive(Debug, Clone, Copy)]
pub struct NewPerson<'a> {
    /// The username.
    pub username: &'a str,
    /// Their name.
    pub name: &'a str,
    /// Their civil servant number.
    pub nip: Option<&'a str>,
    /// Their agency: its office and key.
    pub agency: Option<(&'a str, &'a str)>,
}

impl NewPerson<'_> {
    /// Validates the data without the database. Returns the stored username, name and NIP.
    pub fn validate(&self) -> ServiceResult<(String, String, Option<String>)> {
        let mut errors = InputErrors::default();
        let username = normalize_username(self.username);
        errors.key(&["username"], &username, "._-");
        let name = errors.line(&["name"], self.name);
        let nip = self.nip.map(|nip| nip.trim().to_owned()).filter(|nip| !nip.is_empty());
        if let Some(nip) = &nip {
            errors.nip(&["nip"], nip);
        }
        errors.into_result()?;
        Ok((username, name, nip))
    }
}

/// Returns the stored form of a username.
pub(super) fn normalize_username(typed: &str) -> String {
    typed.trim().to_lowercase()
}

/// Refuses an unknown or deactivated person. People added by another office are fine.
pub(super) async fn expect_active(transaction: &Transaction, user: Uuid, path: &[&str]) -> ServiceResult<()> {
    let person = store::person_by_id(transaction, user).await?;
    person.filter(|person| person.deactivated_at.is_none()).map(drop).ok_or_else(|| ServiceError::not_found(path))
}

/// Adds a person under a new id, for an office or the operator.
pub(super) async fn add(
    transaction: &Transaction,
    id: Uuid,
    new: &NewPerson<'_>,
    office: Option<&str>,
    password_hash: String,
    now: DateTime<Utc>,
) -> ServiceResult<()> {
    let (username, name, nip) = new.validate()?;
    let agency_id = match new.agency {
        None => None,
        Some((office, key)) => Some(find_in_service(transaction, office, key).await?),
    };
    if store::is_username_taken(transaction, &username).await? {
        let message = "Somebody signs in by this name already.";
        return Err(ServiceError::user(UserErrorCode::NameTaken, &["username"], message));
    }
    let row = Person {
        id,
        username,
        name,
        nip,
        agency_id,
        password_hash,
        created_at: now,
        deactivated_at: None,
        office: office.map(str::to_owned),
        language: None,
    };
    Ok(store::save_new_person(transaction, row).await?)
}

impl Service {
    /// Adds a person without grants. Returns their id.
    pub async fn create_user(&self, pass: Pass, new: CreateUser) -> ServiceResult<Uuid> {
        // Before the write transaction: hashing is slow.
        let may = self.authorize_for_office(&self.caller(pass).await?, &new.office, Object::People, Action::Manage);
        may?;
        expect_password(&["password"], &new.password)?;
        let hash = self.passwords.hash_in_background(new.password.clone()).await.map_err(ServiceError::Internal)?;
        with_retry(&self.store, || self.create_user_once(pass, new.clone(), hash.clone())).await
    }

    async fn create_user_once(&self, pass: Pass, new: CreateUser, password_hash: String) -> ServiceResult<Uuid> {
        let (transaction, _, allowed) =
            self.begin_for_office(pass, &new.office, Object::People, Action::Manage).await?;
        self.office_entry(&new.office)?;
        let key = self.idempotency_key(pass, &new)?;
        if let Some(done) = self.recall(&transaction, pass.user, &key).await? {
            return Ok(done);
        }
        let mut change = self.change_office(&transaction, &allowed).await?;
        let agency = new.agency.as_deref().map(|key| (new.office.as_str(), key));
        let person = NewPerson { username: &new.username, name: &new.name, nip: new.nip.as_deref(), agency };
        let id = change.new_id();
        add(&transaction, id, &person, Some(&new.office), password_hash, change.now()).await?;
        change.append(OfficeEventKind::UserAdded, OfficeEventSubject { user: Some(id), ..Default::default() }).await?;
        change.save().await?;
        self.remember(&transaction, pass.user, &key, id).await?;
        self.commit(transaction).await?;
        Ok(id)
    }

    /// Deactivates a person: signed out at once, everywhere. Refuses a person with grants in other offices. A second
    /// time changes nothing.
    pub async fn deactivate_user(&self, pass: Pass, office: &str, user: Uuid) -> ServiceResult<Uuid> {
        with_retry(&self.store, || self.deactivate_user_once(pass, office, user)).await
    }

    async fn deactivate_user_once(&self, pass: Pass, office: &str, user: Uuid) -> ServiceResult<Uuid> {
        let path = ["userId"];
        let (transaction, caller, allowed) =
            self.begin_for_office(pass, office, Object::People, Action::Manage).await?;
        let mut change = self.change_office(&transaction, &allowed).await?;
        let person = known_person(&transaction, office, user).await?.ok_or_else(|| ServiceError::not_found(&path))?;
        if user == caller.pass.user {
            let message = "Nobody puts themselves out of service: ask another administrator.";
            return Err(ServiceError::user(UserErrorCode::NotForYourself, &path, message));
        }
        if person.office.as_ref().is_some_and(|added_by| added_by != office) {
            let message = "Another office added them: revoke what they hold in yours instead.";
            return Err(ServiceError::user(UserErrorCode::InvalidInput, &path, message));
        }
        if store::holds_elsewhere(&transaction, user, office, change.now()).await? {
            let message = "They hold a role in another office: revoke what they hold in yours instead.";
            return Err(ServiceError::user(UserErrorCode::InvalidInput, &path, message));
        }
        if person.deactivated_at.is_none() {
            store::lock_rights(&transaction, user).await?;
            store::end_sessions(&transaction, SessionSelection::All(user), change.now()).await?;
            store::save_person(&transaction, Person { deactivated_at: Some(change.now()), ..person }).await?;
            change
                .append(OfficeEventKind::UserDeactivated, OfficeEventSubject { user: Some(user), ..Default::default() })
                .await?;
            self.expect_administrator(&change, &caller, office, &path).await?;
        }
        change.save().await?;
        self.commit(transaction).await?;
        Ok(user)
    }
}
