//! `disposisi audit`.

use clap::Subcommand;

use entity::{event, request};

use super::output::{CommandResult, print_line};
use super::{Settings, startup};
use crate::service::{StoredProcedures, replay};
use crate::store;

/// Verify the audit log
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Verify the hash chain of every request, its rows and its state, and the log
    ///
    /// Every event carries a MAC over itself and its predecessor, with a key outside the database. The first changed,
    /// removed, inserted or moved event or row is reported, with exit code 1. Reads only, and may run beside the
    /// server.
    #[command(after_help = "Example:\n  disposisi --data /srv/disposisi audit verify")]
    Verify,
}

impl AuditCommand {
    pub(super) async fn run(self, settings: &Settings) -> CommandResult {
        let (_, store) = startup::open_to_read(settings).await?;
        let versions = store::stored_versions(store.reader()).await.map_err(|error| error.to_string())?;
        let stored = StoredProcedures::from_rows(&versions, &[]);
        let follows = |row: &request::Model, events: &[event::Model]| match stored.version_of(row) {
            Some(procedure) => replay::follows(procedure, row, events),
            // Every request starts with a stored version; without one there is nothing to replay.
            None => Ok(()),
        };
        match store::verify(&store, &follows).await.map_err(|error| error.to_string())? {
            Ok(events) => {
                print_line(&format!("{events} events: nothing was touched"));
                Ok(())
            }
            Err(defect) => Err(format!("{}: {}", defect.at, defect.what)),
        }
    }
}
