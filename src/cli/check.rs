//! `disposisi check`.

use super::{Outcome, Settings, say, start};
use crate::procedure::Severity;

/// Check procedures and policies: every fault with its file, line and mend
///
/// What stops a server's start is found here without starting one: arrows to no step, states that no end can be reached
/// from, records that cannot be there, steps that nobody may execute, policy lines for nothing. Where the data folder
/// has a database, what running requests are pinned to is known too; without one, a policy line that no file accounts for
/// is a warning only.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  disposisi check\n  disposisi check --procedures /srv/sop --policies /srv/policies"
)]
pub(super) struct Check {}

/// Checks the files, with what the database holds where there is one.
pub(super) async fn run(settings: &Settings) -> Outcome {
    let stored = start::stored(settings).await?;
    let (shelf, policy, mut faults) =
        start::read(settings, stored.as_deref()).await.map_err(|faults| start::list(&faults))?;
    faults.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    let errors = faults.iter().filter(|fault| fault.severity == Severity::Error).count();
    if errors > 0 {
        return Err(format!("{}\n{errors} to mend", start::list(&faults)));
    }
    if !faults.is_empty() {
        say(&start::list(&faults));
    }
    let (offices, procedures, lines) = (shelf.offices.len(), shelf.procedures.len(), policy.lines().len());
    say(&format!("{offices} offices, {procedures} procedures, {lines} policy lines: no fault"));
    Ok(())
}
