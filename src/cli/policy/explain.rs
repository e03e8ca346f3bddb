//! `disposisi policy explain`.

use crate::access::Grant;
use crate::cli::{Outcome, Settings, say, startup};
use crate::policy::Line;
use crate::service::{ExplainQuery, Explanation, Permission, Refused, Verdict};

use super::short;

/// Say which line lets somebody do something to a request now, or why none does
///
/// What a server would decide at this moment, with the policy line that it rests on: of the request, and of each grant that the
/// person holds, held or will hold in its office. Reads only; works beside a running server. Whoever's policy lets them `explain`
/// asks the same through the API: `explainPolicy`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  disposisi policy explain --user siti --request SKW/CLOUD/2026/0001 --action see\n  \
    disposisi policy explain --user budi --request SKW/CLOUD/2026/0001 --action execute --step 6"
)]
pub(in crate::cli) struct Explain {
    /// What the person signs in with.
    #[arg(long)]
    user: String,
    /// The request's number.
    #[arg(long)]
    request: String,
    /// What they want to do.
    #[arg(long, value_parser = asked, help = format!("What they want to do: {}", words()))]
    action: Permission,
    /// The step's key, for execute, sign and receive; the step under way when not given.
    #[arg(long)]
    step: Option<String>,
}

fn words() -> String {
    Permission::ALL.map(Permission::word).join(", ")
}

fn asked(word: &str) -> Result<Permission, String> {
    Permission::from_word(word).ok_or_else(|| format!("use one of: {}", words()))
}

impl Explain {
    pub(in crate::cli) async fn run(self, settings: &Settings) -> Outcome {
        let service = startup::service_to_read(settings).await?;
        let Self { user, request, action, step } = self;
        let question = ExplainQuery { username: user.trim().to_lowercase(), request, permission: action, step };
        let explanation = service.explain_to_operator(&question).await.map_err(|refused| match refused {
            Refused::User(errors) => {
                let told = |error: &crate::service::UserError| format!("--{}: {}", error.path.join("."), error.message);
                errors.iter().map(told).collect::<Vec<_>>().join("\n")
            }
            other => format!("{other:?}"),
        })?;
        let in_force = service.policy();
        let policy = match in_force.number {
            0 => "the policy files".to_owned(),
            number => format!("policy {number} ({})", short(&in_force.hash)),
        };
        say(&told(&question, &explanation, &policy));
        Ok(())
    }
}

fn told(question: &ExplainQuery, explanation: &Explanation, policy: &str) -> String {
    let ExplainQuery { username, request, permission: asked, .. } = question;
    let may = if explanation.allowed { "may" } else { "may not" };
    let at = explanation.step.as_ref().map(|step| format!(" at step {step} of")).unwrap_or_default();
    let mut lines = vec![format!("{username} {may} {}{at} {request}, by {policy}", asked.word())];
    lines.extend(explanation.obstacles.iter().map(|obstacle| format!("  {obstacle}")));
    lines.extend(explanation.seen_by.iter().map(|line| format!("sees it by {}", written(line))));
    lines.extend(explanation.grants.iter().map(|(grant, verdict)| format!("{}: {}", named(grant), says(verdict))));
    if explanation.grants.is_empty() {
        lines.push("no grant in the request's office".to_owned());
    }
    lines.join("\n")
}

/// A grant, in the words of officials.
fn named(grant: &Grant) -> String {
    let capacity = grant.capacity.title();
    let until = grant.valid_until.map(|until| format!(" until {}", until.to_rfc3339())).unwrap_or_default();
    format!("{capacity}{} from {}{until}", grant.role, grant.valid_from.to_rfc3339())
}

fn written(line: &Line) -> String {
    format!("{}:{}: {line}", line.file, line.line)
}

fn says(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Allows(line) => format!("allowed by {}", written(line)),
        Verdict::Unmet(line, condition) => format!("`{condition}` does not hold in {}", written(line)),
        Verdict::NoLine => "no line lets this role".to_owned(),
        Verdict::ShowsOthers => "its lines show other requests".to_owned(),
        Verdict::OtherAgency => "of another agency than the one that asked".to_owned(),
        Verdict::NotYet => "not in force yet".to_owned(),
        Verdict::Ended => "ended".to_owned(),
    }
}
