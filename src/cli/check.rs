//! `disposisi check`.

use super::{Outcome, Settings, definitions, say, startup};
use crate::policy::{self, PolicyText};

/// Check procedures and policies: every fault with its file, line and mend
///
/// What stops a server's start is found here without starting one: arrows to no step, states that no end can be reached
/// from, records that cannot be there, steps that nobody may execute, policy lines for nothing. Where there is a database, what
/// running requests are pinned to is known too, and the people: a step that none of them may take now, so that requests wait
/// there, is a warning. Without one, so is a policy line that no file accounts for.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  disposisi check\n  disposisi check --procedures /srv/sop --policies /srv/policies"
)]
pub(super) struct Check {}

/// Checks the files, with what the database holds where there is one.
pub(super) async fn run(settings: &Settings) -> Outcome {
    let stored = startup::stored(settings).await?;
    let files = definitions::read(settings, stored.as_ref()).await;
    let mut warnings = files.judge()?.to_vec();
    let on_record = startup::on_record(settings).await?;
    if let Some(on_record) = &on_record {
        let kept = stored.as_ref().map(|stored| stored.kept.as_slice()).unwrap_or_default();
        warnings.extend(policy::check_people(&files.policy, &files.shelf, kept, &on_record.people));
    }
    if !warnings.is_empty() {
        say(&definitions::list(&warnings));
    }
    let active = on_record.as_ref().and_then(|on_record| on_record.active_policy.as_deref());
    let ours = files.text.as_ref().map(PolicyText::hash);
    if active.is_some() && active != ours.as_deref() {
        say("the active policy is another than these files; run `disposisi policy apply` to make them active");
    }
    let (offices, procedures) = (files.shelf.offices.len(), files.shelf.procedures.len());
    let lines = files.policy.lines().len();
    let found = match warnings.len() {
        0 => "no fault".to_owned(),
        warnings => format!("nothing to mend, {warnings} to look at"),
    };
    let grants = on_record.map(|on_record| format!(", {} grants in force", on_record.people.holders.len()));
    let grants = grants.unwrap_or_default();
    say(&format!("{offices} offices, {procedures} procedures, {lines} policy lines{grants}: {found}"));
    Ok(())
}
