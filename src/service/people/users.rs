//! People: added, put out of service, and given a new password.

use uuid::Uuid;

use super::{is_known, nobody};
use crate::access::{Action, Pass};
use crate::auth::Secret;
use crate::policy::Object;
use crate::service::validation::Faults;
use crate::service::{Answer, Refused, Service, UserErrorCode, retry::again};
use crate::store::{self, Ending, OfficeAppend, Person};

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

impl Service {
    /// Adds a person, who may do nothing yet. Their id.
    pub async fn create_user(&self, pass: Pass, new: CreateUser) -> Answer<Uuid> {
        // Before the writer's place is taken: hashing is slow.
        let may = self.administers(&self.caller(pass).await?, &new.office, Object::People, Action::Manage);
        may?;
        let mut faults = Faults::default();
        faults.password(&["password"], &new.password);
        faults.settle()?;
        let hash = self.passwords.hash_apart(new.password.clone()).await.map_err(Refused::Internal)?;
        again(|| self.create_user_once(pass, new.clone(), hash.clone())).await
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
        let mut faults = Faults::default();
        let username = new.username.trim().to_lowercase();
        faults.key(&["username"], &username, "._-");
        let name = faults.line(&["name"], &new.name);
        let nip = new.nip.map(|nip| nip.trim().to_owned()).filter(|nip| !nip.is_empty());
        if nip.as_ref().is_some_and(|nip| nip.len() != 18 || !nip.bytes().all(|byte| byte.is_ascii_digit())) {
            faults.invalid(&["nip"], "A NIP has 18 digits and nothing else.");
        }
        faults.settle()?;
        let mut change = self.change_office(&transaction, &allowed).await?;
        let agency_id = match &new.agency {
            None => None,
            Some(key) => {
                let known = store::agencies_in(&transaction, &new.office).await?;
                let found = known.into_iter().find(|agency| agency.key == *key && agency.deactivated_at.is_none());
                Some(found.ok_or_else(|| Refused::not_found(&["agency"]))?.id)
            }
        };
        if store::is_username_taken(&transaction, &username).await? {
            let message = "Somebody signs in by this name already.";
            return Err(Refused::user(UserErrorCode::NameTaken, &["username"], message));
        }
        let now = change.now();
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
            office: Some(new.office),
            language: None,
        };
        store::save_new_person(&transaction, row).await?;
        change.append(OfficeAppend { kind: "USER_ADDED", user: Some(id), ..Default::default() }).await?;
        change.save().await?;
        self.remember(&transaction, pass.user, &key, id).await?;
        self.commit(transaction).await?;
        Ok(id)
    }

    /// Puts a person out of service: they are out at once, everywhere. Only somebody who holds nothing in other offices; a
    /// second time changes nothing.
    pub async fn deactivate_user(&self, pass: Pass, office: &str, user: Uuid) -> Answer<Uuid> {
        again(|| self.deactivate_user_once(pass, office, user)).await
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
            store::end_rights(&transaction, user).await?;
            store::end_sessions(&transaction, Ending::All(user), change.now()).await?;
            store::save_person(&transaction, Person { deactivated_at: Some(change.now()), ..person }).await?;
            change.append(OfficeAppend { kind: "USER_DEACTIVATED", user: Some(user), ..Default::default() }).await?;
            self.expect_administrator(&change, &caller, office, &path).await?;
        }
        change.save().await?;
        self.commit(transaction).await?;
        Ok(user)
    }
}
