//! Stored SOP versions of the database, for checks of policies and files against them.

use crate::policy::KnownVersion;
use crate::procedure::{self, Fault, Procedure};
use crate::store::{self, Store, StoreError, StoredVersion};

/// The stored SOP versions.
#[derive(Debug, Default)]
pub struct StoredProcedures {
    /// The readable versions.
    pub kept: Vec<KnownVersion>,
    /// The faults of the others.
    pub faults: Vec<Fault>,
}

impl StoredProcedures {
    /// Reads the stored versions of a database.
    pub async fn read(store: &Store) -> Result<Self, StoreError> {
        let rows = store::stored_versions(store.reader()).await?;
        Ok(Self::from_rows(&rows, &store::versions_in_use(store.reader()).await?))
    }

    /// Parses stored versions; `in_use`: the versions of unfinished requests.
    pub fn from_rows(rows: &[StoredVersion], in_use: &[(String, String, i32)]) -> Self {
        let mut stored = Self::default();
        for row in rows {
            let file = format!("stored version {} of {}/{}", row.version, row.office, row.procedure);
            let is_it = |(office, procedure, version): &(String, String, i32)| {
                (office, procedure, *version) == (&row.office, &row.procedure, row.version)
            };
            match procedure::read_procedure(&file, &row.office, &row.source) {
                Ok(located) => stored.kept.push(KnownVersion { located, in_use: in_use.iter().any(is_it) }),
                Err(faults) => stored.faults.extend(faults),
            }
        }
        stored
    }

    /// The procedure version of a request.
    pub fn version_of(&self, row: &entity::request::Model) -> Option<&Procedure> {
        let is_it = |procedure: &&Procedure| {
            (&procedure.office, &procedure.key) == (&row.office, &row.procedure)
                && i32::try_from(procedure.version) == Ok(row.procedure_version)
        };
        self.kept.iter().map(|kept| &kept.located.procedure).find(is_it)
    }

    /// Whether a version is stored.
    pub fn holds(&self, procedure: &Procedure) -> bool {
        self.kept.iter().any(|kept| kept.located.procedure.is_same_version(procedure))
    }
}
