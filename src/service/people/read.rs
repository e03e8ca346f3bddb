//! Lists of an office's people and grants, for administrators.

use uuid::Uuid;

use crate::access::Grant;
use crate::service::{CallerWithPolicy, Service, ServiceResult};
use crate::store::{self, Person};

impl Service {
    /// The people known to an office, by name; none for a caller without the right to manage them.
    pub async fn people_of(&self, caller: &CallerWithPolicy, office: &str) -> ServiceResult<Option<Vec<Person>>> {
        if !self.manages_people(caller, office) {
            return Ok(None);
        }
        Ok(Some(store::office_people(self.store.reader(), office, None).await?))
    }

    /// A grant, for the answer to its change.
    pub async fn grant(&self, id: Uuid) -> ServiceResult<Option<Grant>> {
        Ok(store::grant(self.store.reader(), id).await?)
    }

    /// All grants in an office, past and future ones too, with their holders; none for a caller without the right to
    /// manage people.
    pub async fn grants_of(
        &self,
        caller: &CallerWithPolicy,
        office: &str,
    ) -> ServiceResult<Option<Vec<(Uuid, Grant)>>> {
        if !self.manages_people(caller, office) {
            return Ok(None);
        }
        Ok(Some(store::office_grants(self.store.reader(), office).await?))
    }
}
