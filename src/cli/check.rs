//! `disposisi check`.

use super::{Outcome, Places, say, start};
use crate::procedure::Severity;

/// Checks the files of procedures and policies, without a database.
pub(super) async fn run(places: &Places) -> Outcome {
    let (shelf, policy, faults) = start::read(places, None).await.map_err(|faults| start::list(&faults))?;
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        return Err(start::list(&faults));
    }
    if !faults.is_empty() {
        say(&start::list(&faults));
    }
    let (offices, procedures, lines) = (shelf.offices.len(), shelf.procedures.len(), policy.lines().len());
    say(&format!("{offices} offices, {procedures} procedures, {lines} policy lines: no fault"));
    Ok(())
}
