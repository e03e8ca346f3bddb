//! `disposisi check`.

use super::{Outcome, Settings, files, say, start};

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
    let files = files::read(settings, stored.as_ref()).await;
    let warnings = files.judge()?;
    if !warnings.is_empty() {
        say(&files::list(warnings));
    }
    let (offices, procedures) = (files.shelf.offices.len(), files.shelf.procedures.len());
    let lines = files.policy.lines().len();
    let found = match warnings.len() {
        0 => "no fault".to_owned(),
        warnings => format!("nothing to mend, {warnings} to look at"),
    };
    say(&format!("{offices} offices, {procedures} procedures, {lines} policy lines: {found}"));
    Ok(())
}
