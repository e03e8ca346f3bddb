//! `disposisi policy`.

mod explain;
mod matrix;

use clap::Subcommand;

use super::operator_name::operator_name;
use super::output::{CommandResult, print_line, short_hash};
use super::program_clock::clock;
use super::{Settings, definitions, startup};
use crate::policy::PolicyText;
use crate::rfc3339::format_date_time;
use crate::service::{format_changes, record_policy};
use crate::store::{RecordedPolicy, Replaceable};

/// The policy: apply it, explain it, print it
#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Make the policy files the active policy, for all servers on the database
    ///
    /// Checked first, as by `disposisi check`; an error changes nothing. Servers apply the whole policy within about a
    /// second. A server with SOPs that do not fit it logs an error and keeps its policy.
    #[command(after_help = "Example:\n  disposisi policy apply --policies /srv/policies")]
    Apply,
    Explain(explain::ExplainCommand),
    Matrix(matrix::MatrixCommand),
}

impl PolicyCommand {
    pub(super) async fn run(self, settings: &Settings) -> CommandResult {
        match self {
            Self::Apply => apply(settings).await,
            Self::Explain(explain) => explain.run(settings).await,
            Self::Matrix(matrix) => matrix.run(settings).await,
        }
    }
}

async fn apply(settings: &Settings) -> CommandResult {
    startup::expect_database(settings)?;
    let stored = startup::stored_procedures(settings).await?;
    let files = definitions::read(settings, stored.as_ref()).await;
    let warnings = files.validate()?;
    if !warnings.is_empty() {
        print_line(&definitions::format_faults(warnings));
    }
    let text = files.text.as_ref().ok_or("the policies make no text; mend: see the faults of `disposisi check`")?;
    let (_, store) = startup::open(settings).await?;
    let recorded = record_policy(&store, text, operator_name(), clock().now(), Replaceable::Any).await;
    let RecordedPolicy { active, is_new, before } = recorded.map_err(|error| error.to_string())?;
    let (number, hash) = (active.number, short_hash(&active.hash));
    if !is_new {
        let (since, by_whom) = (format_date_time(active.since), active.by_whom);
        print_line(&format!("policy {number} ({hash}) is these files, and already active since {since}, by {by_whom}"));
        return Ok(());
    }
    let changed = match before {
        Some(before) => format_changes(&text.changes(&PolicyText::from_record(&before.text)?)),
        None => "all of it is new".to_owned(),
    };
    print_line(&format!("policy {number} ({hash}) is active; {changed}"));
    Ok(())
}
