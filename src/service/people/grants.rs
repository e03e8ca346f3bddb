//! Role grants to people for a period, and their revocation.

use chrono::{DateTime, Utc};
use entity::grant;
use uuid::Uuid;

use super::agencies::find_in_service;
use super::known_person;
use super::users::expect_active;
use crate::access::{Action, Capacity, Pass};
use crate::event::{OfficeEventKind, OfficeEventSubject};
use crate::policy::Object;
use crate::procedure::RoleSpec;
use crate::service::idempotency::{idempotent, serialize_as_array};
use crate::service::validation::InputErrors;
use crate::service::{Service, ServiceError, ServiceResult, UserErrorCode, retry::with_retry};
use crate::store::{self, OfficeChange};

/// A new grant.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct GrantRole {
    pub office: String,
    pub user: Uuid,
    pub role: String,
    pub agency: Option<String>,
    pub capacity: Capacity,
    pub decree_number: Option<String>,
    pub on_behalf_of: Option<Uuid>,
    pub valid_from: Option<DateTime<Utc>>,
    pub valid_until: Option<DateTime<Utc>>,
    pub idempotency_key: Option<String>,
}

idempotent! { GrantRole: "grantRole" }
serialize_as_array! {
    GrantRole {
        office: office,
        user: user,
        role: role,
        agency: agency,
        capacity: capacity,
        decree_number: decree_number,
        on_behalf_of: on_behalf_of,
        valid_from: valid_from,
        valid_until: valid_until,
    }
}

/// The end of a grant.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct RevokeGrant {
    pub grant: Uuid,
}

/// Grants a role in a locked office. Returns the grant's id.
pub(super) async fn add(change: &mut OfficeChange<'_>, spec: &RoleSpec, given: &GrantRole) -> ServiceResult<Uuid> {
    // An office may grant roles to people added by another office.
    expect_active(change.transaction(), given.user, &["userId"]).await?;
    let mut errors = InputErrors::default();
    let decree_number = errors.optional_line(&["decreeNumber"], given.decree_number.as_deref());
    let now = change.now();
    let valid_from = given.valid_from.unwrap_or(now);
    errors.moment(&["validFrom"], given.valid_from);
    errors.moment(&["validUntil"], given.valid_until);
    if given.valid_until.is_some_and(|until| until <= valid_from || until <= now) {
        errors.invalid(&["validUntil"], "A grant ends after it begins, and not in the past.");
    }
    if given.capacity != Capacity::Definitive && decree_number.is_none() {
        errors.invalid(&["decreeNumber"], "Who acts for another does so by a decree: give its number.");
    }
    if given.capacity == Capacity::Definitive && given.on_behalf_of.is_some() {
        errors.invalid(&["onBehalfOf"], "A definitive official stands in for nobody.");
    }
    if given.capacity == Capacity::DailyActing {
        if given.on_behalf_of.is_none() {
            errors.invalid(&["onBehalfOf"], "A daily acting official (Plh.) stands in for somebody: say for whom.");
        }
        if given.valid_until.is_none() {
            errors.invalid(&["validUntil"], "A daily acting official (Plh.) stands in until a day: say which.");
        }
    }
    if given.on_behalf_of == Some(given.user) {
        errors.invalid(&["onBehalfOf"], "Nobody stands in for themselves.");
    }
    errors.into_result()?;
    if let Some(other) = given.on_behalf_of {
        known_person(change.transaction(), &given.office, other)
            .await?
            .ok_or_else(|| ServiceError::not_found(&["onBehalfOf"]))?;
    }
    let agency_id = match (&given.agency, spec.of_agency) {
        (None, false) => None,
        (Some(key), true) => Some(find_in_service(change.transaction(), &given.office, key).await?),
        (None, true) => {
            let message = "This is a role of an agency's people: say of which agency.";
            return Err(ServiceError::user(UserErrorCode::InvalidInput, &["agency"], message));
        }
        (Some(_), false) => {
            let message = "This is no role of an agency's people: leave the agency out.";
            return Err(ServiceError::user(UserErrorCode::InvalidInput, &["agency"], message));
        }
    };
    let id = change.new_id();
    let row = grant::Model {
        id,
        user_id: given.user,
        office: given.office.clone(),
        role: given.role.clone(),
        agency_id,
        capacity: given.capacity.word().to_owned(),
        decree_number,
        on_behalf_of: given.on_behalf_of,
        valid_from,
        valid_until: given.valid_until,
    };
    change.add_grant(row).await?;
    let (user, grant) = (Some(given.user), Some(id));
    let subject = OfficeEventSubject { user, grant, agency: agency_id, ..Default::default() };
    change.append(OfficeEventKind::RoleGranted, subject).await?;
    Ok(id)
}

impl Service {
    /// Grants a role. Returns the grant's id.
    pub async fn grant_role(&self, pass: Pass, given: GrantRole) -> ServiceResult<Uuid> {
        with_retry(&self.store, || self.grant_role_once(pass, given.clone())).await
    }

    async fn grant_role_once(&self, pass: Pass, given: GrantRole) -> ServiceResult<Uuid> {
        let (role, action) = (Object::Role(&given.role), Action::Grant);
        let (transaction, caller, allowed) = self.begin_for_office(pass, &given.office, role, action).await?;
        let spec = self.office_entry(&given.office)?.office.roles.get(&given.role);
        let spec = spec.ok_or_else(|| ServiceError::not_found(&["role"]))?;
        let key = self.idempotency_key(pass, &given)?;
        if let Some(done) = self.recall(&transaction, pass.user, &key).await? {
            return Ok(done);
        }
        let mut change = self.change_office(&transaction, &allowed).await?;
        if given.user == caller.pass.user {
            let message = "Nobody grants themselves a role: ask another administrator.";
            return Err(ServiceError::user(UserErrorCode::NotForYourself, &["userId"], message));
        }
        if self.depends_on_grants_from(&transaction, &caller, (&given.office, role), given.user).await? {
            let message = "Your own right to grant this comes from them: ask an administrator who was granted theirs by somebody \
                else.";
            return Err(ServiceError::user(UserErrorCode::NotForYourself, &["userId"], message));
        }
        let id = add(&mut change, spec, &given).await?;
        change.save().await?;
        self.remember(&transaction, pass.user, &key, id).await?;
        self.commit(transaction).await?;
        Ok(id)
    }

    /// Ends a grant now, or before its beginning. A second time changes nothing.
    pub async fn revoke_grant(&self, pass: Pass, given: RevokeGrant) -> ServiceResult<Uuid> {
        with_retry(&self.store, || self.revoke_grant_once(pass, given)).await
    }

    async fn revoke_grant_once(&self, pass: Pass, given: RevokeGrant) -> ServiceResult<Uuid> {
        let path = ["grantId"];
        let not_found = || ServiceError::not_found(&path);
        // A grant's office never changes.
        let office = store::grant_by_id(self.store.reader(), given.grant).await?.map(|row| row.office);
        let (transaction, caller) = self.begin_in(pass, Some(office.as_deref().unwrap_or_default())).await?;
        let row = store::grant_by_id(&transaction, given.grant).await?.ok_or_else(not_found)?;
        let allowed = self.authorize_for_office(&caller, &row.office, Object::Role(&row.role), Action::Grant);
        if allowed.is_err() && !self.manages_people(&caller, &row.office) && row.user_id != caller.pass.user {
            return Err(not_found());
        }
        let mut change = self.change_office(&transaction, &allowed?).await?;
        store::lock_rights(&transaction, row.user_id).await?;
        let now = change.now();
        if row.valid_until.is_none_or(|until| until > now && until > row.valid_from) {
            let (office, user, grant, agency) = (row.office.clone(), Some(row.user_id), Some(row.id), row.agency_id);
            // A future grant ends as it begins.
            let until = now.max(row.valid_from);
            change.save_grant(grant::Model { valid_until: Some(until), ..row }).await?;
            change
                .append(OfficeEventKind::GrantRevoked, OfficeEventSubject { user, grant, agency, ..Default::default() })
                .await?;
            self.expect_administrator(&change, &caller, &office, &path).await?;
        }
        change.save().await?;
        self.commit(transaction).await?;
        Ok(given.grant)
    }
}
