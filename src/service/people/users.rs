//! Creation and deactivation of people.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::agencies::find_in_service;
use super::{is_known, nobody};
use crate::access::{Action, Pass};
use crate::auth::Secret;
use crate::event::{OfficeEventKind, OfficeEventSubject};
use crate::policy::Object;
use crate::service::validation::Faults;
use crate::service::{Answer, Refused, Service, UserErrorCode, retry::with_retry};
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

/// A person to be added, as their data was entered.
#[derive(Debug, Clone, Copy)]
pub struct NewPerson<'a> {
    /// The name to sign in with.
    pub username: &'a str,
    /// Their name.
    pub name: &'a str,
    /// Their civil servant number.
    pub nip: Option<&'a str>,
    /// Their agency: the office that serves it, and its key.
    pub agency: Option<(&'a str, &'a str)>,
}

impl NewPerson<'_> {
    /// Refuses data that no person may have, without the database. Returns the username, the name and the NIP as they are stored.
    pub fn validate(&self) -> Answer<(String, String, Option<String>)> {
        let mut faults = Faults::default();
        let username = normalize_username(self.username);
        faults.key(&["username"], &username, "._-");
        let name = faults.line(&["name"], self.name);
        let nip = self.nip.map(|nip| nip.trim().to_owned()).filter(|nip| !nip.is_empty());
        if nip.as_ref().is_some_and(|nip| nip.len() != 18 || !nip.bytes().all(|byte| byte.is_ascii_digit())) {
            faults.invalid(&["nip"], "A NIP has 18 digits and nothing else.");
        }
        faults.settle()?;
        Ok((username, name, nip))
    }
}

/// A username as it is stored.
pub(super) fn normalize_username(typed: &str) -> String {
    typed.trim().to_lowercase()
}

/// Refuses a password that is too short or too long.
pub(super) fn expect_password(path: &[&str], password: &Secret) -> Answer<()> {
    let mut faults = Faults::default();
    faults.password(path, password);
    faults.settle()
}

/// Refuses somebody who does not exist or was deactivated. Whoever may sign in may be granted a role: an office takes on people
/// whom another one added.
pub(super) async fn expect_active(transaction: &Transaction, user: Uuid, path: &[&str]) -> Answer<()> {
    let person = store::person_by_id(transaction, user).await?;
    person.filter(|person| person.deactivated_at.is_none()).map(drop).ok_or_else(|| nobody(path))
}

/// Adds a person, by whoever may: an office, or the operator for none. Returns their id.
pub(super) async fn add(
    transaction: &Transaction,
    new: &NewPerson<'_>,
    office: Option<&str>,
    password_hash: String,
    now: DateTime<Utc>,
) -> Answer<Uuid> {
    let (username, name, nip) = new.validate()?;
    let agency_id = match new.agency {
        None => None,
        Some((office, key)) => Some(find_in_service(transaction, office, key).await?),
    };
    if store::is_username_taken(transaction, &username).await? {
        let message = "Somebody signs in by this name already.";
        return Err(Refused::user(UserErrorCode::NameTaken, &["username"], message));
    }
    let id = store::new_id(now);
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
    store::save_new_person(transaction, row).await?;
    Ok(id)
}

impl Service {
    /// Adds a person, who may do nothing yet. Returns their id.
    pub async fn create_user(&self, pass: Pass, new: CreateUser) -> Answer<Uuid> {
        // Before the writer's place is taken: hashing is slow.
        let may = self.administers(&self.caller(pass).await?, &new.office, Object::People, Action::Manage);
        may?;
        expect_password(&["password"], &new.password)?;
        let hash = self.passwords.hash_in_background(new.password.clone()).await.map_err(Refused::Internal)?;
        with_retry(|| self.create_user_once(pass, new.clone(), hash.clone())).await
    }

    async fn create_user_once(&self, pass: Pass, new: CreateUser, password_hash: String) -> Answer<Uuid> {
        let (transaction, _, allowed) = self.begin_for(pass, &new.office, Object::People, Action::Manage).await?;
        self.office_entry(&new.office)?;
        let identity =
            serde_json::json!([new.office, new.username, new.name, new.nip, new.agency, new.password.expose()]);
        let key = self.key(pass, "createUser", new.idempotency_key.as_deref(), &identity)?;
        if let Some(done) = self.recall(&transaction, pass.user, &key).await? {
            return Ok(done);
        }
        let mut change = self.change_office(&transaction, &allowed).await?;
        let agency = new.agency.as_deref().map(|key| (new.office.as_str(), key));
        let person = NewPerson { username: &new.username, name: &new.name, nip: new.nip.as_deref(), agency };
        let id = add(&transaction, &person, Some(&new.office), password_hash, change.now()).await?;
        change.append(OfficeEventKind::UserAdded, OfficeEventSubject { user: Some(id), ..Default::default() }).await?;
        change.save().await?;
        self.remember(&transaction, pass.user, &key, id).await?;
        self.commit(transaction).await?;
        Ok(id)
    }

    /// Puts a person out of service: they are out at once, everywhere. Only somebody who holds nothing in other offices; a
    /// second time changes nothing.
    pub async fn deactivate_user(&self, pass: Pass, office: &str, user: Uuid) -> Answer<Uuid> {
        with_retry(|| self.deactivate_user_once(pass, office, user)).await
    }

    async fn deactivate_user_once(&self, pass: Pass, office: &str, user: Uuid) -> Answer<Uuid> {
        let path = ["userId"];
        let (transaction, caller, allowed) = self.begin_for(pass, office, Object::People, Action::Manage).await?;
        let mut change = self.change_office(&transaction, &allowed).await?;
        let person = is_known(&transaction, office, user).await?.ok_or_else(|| nobody(&path))?;
        if user == caller.pass.user {
            let message = "Nobody puts themselves out of service: ask another administrator.";
            return Err(Refused::user(UserErrorCode::NotForYourself, &path, message));
        }
        if person.office.as_ref().is_some_and(|added_by| added_by != office) {
            let message = "Another office added them: revoke what they hold in yours instead.";
            return Err(Refused::user(UserErrorCode::InvalidInput, &path, message));
        }
        if store::holds_elsewhere(&transaction, user, office, change.now()).await? {
            let message = "They hold a role in another office: revoke what they hold in yours instead.";
            return Err(Refused::user(UserErrorCode::InvalidInput, &path, message));
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
