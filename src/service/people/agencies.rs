//! Agencies: added, and put out of service.

use entity::agency;
use uuid::Uuid;

use super::super::text::Faults;
use super::super::{Answer, Refused, Service, UserErrorCode, again::again};
use crate::access::{Action, Pass};
use crate::policy::Object;
use crate::store::{self, OfficeAppend};

impl Service {
    /// Adds an agency that an office serves. Its id.
    pub async fn create_agency(&self, pass: Pass, office: &str, key: &str, name: &str) -> Answer<Uuid> {
        again(|| self.create_agency_once(pass, office, key, name)).await
    }

    async fn create_agency_once(&self, pass: Pass, office: &str, key: &str, name: &str) -> Answer<Uuid> {
        let (transaction, _, allowed) = self.begin_for(pass, office, Object::Agencies, Action::Manage).await?;
        self.office_entry(office)?;
        let mut faults = Faults::default();
        faults.key(&["key"], key, "-");
        let name = faults.line(&["name"], name);
        faults.settle()?;
        let mut change = self.change_office(&transaction, &allowed).await?;
        if store::agencies_in(&transaction, office).await?.iter().any(|agency| agency.key == key) {
            let message = "The office serves an agency of this key already.";
            return Err(Refused::user(UserErrorCode::NameTaken, &["key"], message));
        }
        let id = store::new_id(self.now());
        let (office, key) = (office.to_owned(), key.to_owned());
        change.add_agency(agency::Model { id, office, key, name, deactivated_at: None }).await?;
        change.append(OfficeAppend { kind: "AGENCY_ADDED", agency: Some(id), ..Default::default() }).await?;
        change.save().await?;
        self.commit(transaction).await?;
        Ok(id)
    }

    /// Puts an agency out of service: it submits nothing more, and no role is granted for it. What runs goes on. A second time
    /// changes nothing.
    pub async fn deactivate_agency(&self, pass: Pass, agency: Uuid) -> Answer<Uuid> {
        again(|| self.deactivate_agency_once(pass, agency)).await
    }

    async fn deactivate_agency_once(&self, pass: Pass, agency: Uuid) -> Answer<Uuid> {
        let (transaction, caller) = self.begin(pass).await?;
        let path = ["agencyId"];
        let row = store::agencies(&transaction, &[agency]).await?.pop().ok_or_else(|| Refused::not_found(&path))?;
        // An agency of an office in which they hold nothing is one that they do not know of.
        if caller.grants_in(&row.office).next().is_none() {
            return Err(Refused::not_found(&path));
        }
        let allowed = self.administers(&caller, &row.office, Object::Agencies, Action::Manage)?;
        let mut change = self.change_office(&transaction, &allowed).await?;
        let row = store::agencies(&transaction, &[agency]).await?.pop().ok_or_else(|| Refused::not_found(&path))?;
        if row.deactivated_at.is_none() {
            change.save_agency(agency::Model { deactivated_at: Some(change.now()), ..row }).await?;
            let told = OfficeAppend { kind: "AGENCY_DEACTIVATED", agency: Some(agency), ..Default::default() };
            change.append(told).await?;
        }
        change.save().await?;
        self.commit(transaction).await?;
        Ok(agency)
    }
}
