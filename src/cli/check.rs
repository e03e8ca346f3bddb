//! `disposisi check`.

use super::output::{CommandResult, print_line};
use super::{Settings, definitions, startup};
use crate::policy::{self, PolicyText};

/// Check procedures and policies: every fault with its file, line and remedy
///
/// Finds every fault that would stop the start of a server: arrows to missing steps, states without a path to an end,
/// impossible records, steps without a role to execute them, policy lines without a subject. With a database it also
/// checks the versions pinned by running requests, and warns of steps with waiting requests and nobody to take them.
/// Without one it warns of policy lines that no file accounts for.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  disposisi check\n  disposisi check --procedures /srv/sop --policies /srv/policies"
)]
pub(super) struct CheckCommand {}

/// Checks the files, and the database if it exists.
pub(super) async fn run(settings: &Settings) -> CommandResult {
    let stored = startup::stored_procedures(settings).await?;
    let files = definitions::read(settings, stored.as_ref()).await;
    let mut warnings = files.validate()?.to_vec();
    let summary = startup::summary(settings).await?;
    if let Some(summary) = &summary {
        let kept = stored.as_ref().map(|stored| stored.kept.as_slice()).unwrap_or_default();
        warnings.extend(policy::check_people(&files.policy, &files.shelf, kept, &summary.people));
    }
    if !warnings.is_empty() {
        print_line(&definitions::format_faults(&warnings));
    }
    let active = summary.as_ref().and_then(|summary| summary.active_policy.as_deref());
    let ours = files.text.as_ref().map(PolicyText::hash);
    if active.is_some() && active != ours.as_deref() {
        print_line("the active policy is another than these files; run `disposisi policy apply` to make them active");
    }
    let (offices, procedures) = (files.shelf.offices.len(), files.shelf.procedures.len());
    let lines = files.policy.lines().len();
    let found = match warnings.len() {
        0 => "no fault".to_owned(),
        warnings => format!("nothing to mend, {warnings} to look at"),
    };
    let grants = summary.map(|summary| format!(", {} grants in force", summary.people.holders.len()));
    let grants = grants.unwrap_or_default();
    print_line(&format!("{offices} offices, {procedures} procedures, {lines} policy lines{grants}: {found}"));
    Ok(())
}
