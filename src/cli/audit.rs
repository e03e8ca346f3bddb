//! `disposisi audit`.

use clap::Subcommand;

use super::{Outcome, Places, say, start};
use crate::store;

/// The record of what happened.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Verify every request's chain of events, its row, and the log; names the first that was touched.
    Verify,
}

impl Audit {
    pub(super) async fn run(self, places: &Places) -> Outcome {
        let (_, store) = start::open(places).await?;
        match store::verify(&store).await.map_err(|error| error.to_string())? {
            Ok(events) => {
                say(&format!("{events} events: nothing was touched"));
                Ok(())
            }
            Err(defect) => Err(format!("{}: {}", defect.at, defect.what)),
        }
    }
}
