//! Lists of an office's people and grants, for administrators.

use uuid::Uuid;

use crate::access::Grant;
use crate::service::{Answer, CallerWithPolicy, Service};
use crate::store::{self, Person};

impl Service {
    /// The people that an office knows, by name; none for whoever does not manage them.
    pub async fn people_of(&self, caller: &CallerWithPolicy, office: &str) -> Answer<Option<Vec<Person>>> {
        if !self.manages_people(caller, office) {
            return Ok(None);
        }
        Ok(Some(store::office_people(self.store.reader(), office, None).await?))
    }

    /// A grant, for who has just changed it.
    pub async fn grant(&self, id: Uuid) -> Answer<Option<Grant>> {
        Ok(store::grant(self.store.reader(), id).await?)
    }

    /// The grants in an office, those that have ended and those to come too, each with whose it is; none for whoever does not
    /// manage its people.
    pub async fn grants_of(&self, caller: &CallerWithPolicy, office: &str) -> Answer<Option<Vec<(Uuid, Grant)>>> {
        if !self.manages_people(caller, office) {
            return Ok(None);
        }
        Ok(Some(store::office_grants(self.store.reader(), office).await?))
    }
}
