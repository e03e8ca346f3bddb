//! `disposisi policy`.

mod explain;
mod matrix;

use clap::Subcommand;

use super::{Outcome, Settings, clock, definitions, say, startup};
use crate::policy::PolicyText;
use crate::service::{format_changes, record_policy};
use crate::store::{RecordedPolicy, Replaceable};

/// The policy: make it active, ask it, print it
#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Make the policy files the active policy, for all servers on the database
    ///
    /// They are checked first, as `disposisi check` does; with any fault that is an error nothing changes. Servers take the
    /// policy up within about a second, whole; one that cannot, since its SOPs do not fit it, says so in its log and goes on with
    /// the policy that it has.
    #[command(after_help = "Example:\n  disposisi policy apply --policies /srv/policies")]
    Apply,
    Explain(explain::Explain),
    Matrix(matrix::Matrix),
}

impl Policy {
    pub(super) async fn run(self, settings: &Settings) -> Outcome {
        match self {
            Self::Apply => apply(settings).await,
            Self::Explain(explain) => explain.run(settings).await,
            Self::Matrix(matrix) => matrix.run(settings).await,
        }
    }
}

async fn apply(settings: &Settings) -> Outcome {
    startup::expect_database(settings)?;
    let stored = startup::stored(settings).await?;
    let files = definitions::read(settings, stored.as_ref()).await;
    let warnings = files.judge()?;
    if !warnings.is_empty() {
        say(&definitions::list(warnings));
    }
    let text = files.text.as_ref().ok_or("the policies make no text; mend: see what `disposisi check` tells")?;
    let (_, store) = startup::open(settings).await?;
    let recorded = record_policy(&store, text, operator(), clock().now(), Replaceable::Any).await;
    let RecordedPolicy { active, is_new, before } = recorded.map_err(|error| error.to_string())?;
    let (number, hash) = (active.number, short(&active.hash));
    if !is_new {
        let (since, by_whom) = (active.since.to_rfc3339(), active.by_whom);
        say(&format!("policy {number} ({hash}) is these files, and already active since {since}, by {by_whom}"));
        return Ok(());
    }
    let changed = match before {
        Some(before) => format_changes(&text.changes(&PolicyText::from_record(&before.text)?)),
        None => "all of it is new".to_owned(),
    };
    say(&format!("policy {number} ({hash}) is active; {changed}"));
    Ok(())
}

/// Who runs this program, for the record.
pub(super) fn operator() -> String {
    whoami::username().unwrap_or_else(|_| "unknown".to_owned())
}

/// Enough of a hash to tell one policy from another.
pub(super) fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
