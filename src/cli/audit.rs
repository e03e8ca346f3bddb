//! `disposisi audit`.

use clap::Subcommand;

use entity::{event, request};

use super::{Outcome, Settings, say, startup};
use crate::service::{StoredProcedures, replay};
use crate::store;

/// Prove the record of what happened
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Verify every request's chain of events, what hangs on it, its state, and the log
    ///
    /// Every event carries a MAC over itself and the one before, with a key that the database does not hold. The first
    /// event or row that was changed, removed, inserted or moved is named, and the command ends with 1. It reads only, and
    /// may run beside the server.
    #[command(after_help = "Example:\n  disposisi --data /srv/disposisi audit verify")]
    Verify,
}

impl Audit {
    pub(super) async fn run(self, settings: &Settings) -> Outcome {
        let (_, store) = startup::open_to_read(settings).await?;
        let versions = store::stored_versions(store.reader()).await.map_err(|error| error.to_string())?;
        let stored = StoredProcedures::from_rows(&versions, &[]);
        let follows = |row: &request::Model, events: &[event::Model]| match stored.version_of(row) {
            Some(procedure) => replay::follows(procedure, row, events),
            // Every request begins by a version that is stored first; without it there is nothing to follow.
            None => Ok(()),
        };
        match store::verify(&store, &follows).await.map_err(|error| error.to_string())? {
            Ok(events) => {
                say(&format!("{events} events: nothing was touched"));
                Ok(())
            }
            Err(defect) => Err(format!("{}: {}", defect.at, defect.what)),
        }
    }
}
