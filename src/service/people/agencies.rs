//! Creation and deactivation of agencies.

use entity::agency;
use uuid::Uuid;

use crate::access::{Action, Pass};
use crate::event::{OfficeEventKind, OfficeEventSubject};
use crate::policy::Object;
use crate::service::idempotency::{idempotent, serialize_as_array};
use crate::service::validation::InputErrors;
use crate::service::{Service, ServiceError, ServiceResult, UserErrorCode, retry::with_retry};
use crate::store::{self, OfficeChange, Transaction};

/// A new agency.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct CreateAgency {
    pub office: String,
    pub key: String,
    pub name: String,
    pub idempotency_key: Option<String>,
}

idempotent! { CreateAgency: "createAgency" }
serialize_as_array! { CreateAgency { office: office, key: key, name: name } }

/// Adds an agency to a locked office. Returns its id.
pub(super) async fn add(change: &mut OfficeChange<'_>, new: &CreateAgency) -> ServiceResult<Uuid> {
    let mut errors = InputErrors::default();
    errors.key(&["key"], &new.key, "-");
    let name = errors.line(&["name"], &new.name);
    errors.into_result()?;
    let (office, key) = (new.office.clone(), new.key.clone());
    if store::agencies_in(change.transaction(), &office).await?.iter().any(|agency| agency.key == key) {
        let message = "The office serves an agency of this key already.";
        return Err(ServiceError::user(UserErrorCode::NameTaken, &["key"], message));
    }
    let id = change.new_id();
    change.add_agency(agency::Model { id, office, key, name, deactivated_at: None }).await?;
    change.append(OfficeEventKind::AgencyAdded, OfficeEventSubject { agency: Some(id), ..Default::default() }).await?;
    Ok(id)
}

/// Returns the id of an active agency by its key.
pub(super) async fn find_in_service(transaction: &Transaction, office: &str, key: &str) -> ServiceResult<Uuid> {
    let known = store::agencies_in(transaction, office).await?;
    let found = known.into_iter().find(|agency| agency.key == key && agency.deactivated_at.is_none());
    Ok(found.ok_or_else(|| ServiceError::not_found(&["agency"]))?.id)
}

impl Service {
    /// Adds an agency to an office. Returns its id.
    pub async fn create_agency(&self, pass: Pass, new: CreateAgency) -> ServiceResult<Uuid> {
        with_retry(&self.store, || self.create_agency_once(pass, new.clone())).await
    }

    async fn create_agency_once(&self, pass: Pass, new: CreateAgency) -> ServiceResult<Uuid> {
        let (transaction, _, allowed) =
            self.begin_for_office(pass, &new.office, Object::Agencies, Action::Manage).await?;
        self.office_entry(&new.office)?;
        let key = self.idempotency_key(pass, &new)?;
        if let Some(done) = self.recall(&transaction, pass.user, &key).await? {
            return Ok(done);
        }
        let mut change = self.change_office(&transaction, &allowed).await?;
        let id = add(&mut change, &new).await?;
        change.save().await?;
        self.remember(&transaction, pass.user, &key, id).await?;
        self.commit(transaction).await?;
        Ok(id)
    }

    /// Deactivates an agency: no new submissions, no new grants. Its running requests go on. A second time changes
    /// nothing.
    pub async fn deactivate_agency(&self, pass: Pass, agency: Uuid) -> ServiceResult<Uuid> {
        with_retry(&self.store, || self.deactivate_agency_once(pass, agency)).await
    }

    async fn deactivate_agency_once(&self, pass: Pass, agency: Uuid) -> ServiceResult<Uuid> {
        let path = ["agencyId"];
        // An agency's office never changes.
        let office = store::agencies(self.store.reader(), &[agency]).await?.pop().map(|row| row.office);
        let (transaction, caller) = self.begin_in(pass, Some(office.as_deref().unwrap_or_default())).await?;
        let row =
            store::agencies(&transaction, &[agency]).await?.pop().ok_or_else(|| ServiceError::not_found(&path))?;
        // An agency of another office is unknown to the caller.
        if caller.grants_in(&row.office).next().is_none() {
            return Err(ServiceError::not_found(&path));
        }
        let allowed = self.authorize_for_office(&caller, &row.office, Object::Agencies, Action::Manage)?;
        let mut change = self.change_office(&transaction, &allowed).await?;
        if row.deactivated_at.is_none() {
            change.save_agency(agency::Model { deactivated_at: Some(change.now()), ..row }).await?;
            let subject = OfficeEventSubject { agency: Some(agency), ..Default::default() };
            change.append(OfficeEventKind::AgencyDeactivated, subject).await?;
        }
        change.save().await?;
        self.commit(transaction).await?;
        Ok(agency)
    }
}
