//! `disposisi policy explain`.

use crate::access::Grant;
use crate::cli::output::{CommandResult, print_line, short_hash};
use crate::cli::{Settings, startup};
use crate::policy::Line;
use crate::rfc3339::format_date_time;
use crate::service::{ExplainQuery, Explanation, Permission, ServiceError, Verdict};

/// Explain a permission: the policy line that grants it, or all reasons against it
///
/// Shows the decision of a server at this moment, with its policy line, for the request and for each past, current or
/// future grant of the person in its office. Reads only; works beside a running server. People with the permission
/// `explain` get the same from the API: `explainPolicy`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  disposisi policy explain --user siti --request SKW/CLOUD/2026/0001 --action see\n  \
    disposisi policy explain --user budi --request SKW/CLOUD/2026/0001 --action execute --step 6"
)]
pub(in crate::cli) struct ExplainCommand {
    /// Username.
    #[arg(long)]
    user: String,
    /// Number of the request.
    #[arg(long)]
    request: String,
    /// The action.
    #[arg(long, value_parser = parse_permission, help = format!("What they want to do: {}", permission_names()))]
    action: Permission,
    /// Key of the step, for execute, sign and receive [default: the current step].
    #[arg(long)]
    step: Option<String>,
}

fn permission_names() -> String {
    Permission::ALL.map(Permission::word).join(", ")
}

fn parse_permission(word: &str) -> Result<Permission, String> {
    Permission::from_word(word).ok_or_else(|| format!("use one of: {}", permission_names()))
}

impl ExplainCommand {
    pub(in crate::cli) async fn run(self, settings: &Settings) -> CommandResult {
        let service = startup::service_to_read(settings).await?;
        let Self { user, request, action, step } = self;
        let question = ExplainQuery { username: user.trim().to_lowercase(), request, permission: action, step };
        let explanation = service.explain_to_operator(&question).await.map_err(|refused| match refused {
            ServiceError::User(errors) => {
                let format =
                    |error: &crate::service::UserError| format!("--{}: {}", error.path.join("."), error.message);
                errors.iter().map(format).collect::<Vec<_>>().join("\n")
            }
            other => format!("{other:?}"),
        })?;
        let in_force = service.policy();
        let policy = match in_force.number {
            0 => "the policy files".to_owned(),
            number => format!("policy {number} ({})", short_hash(&in_force.hash)),
        };
        print_line(&format_explanation(&question, &explanation, &policy));
        Ok(())
    }
}

fn format_explanation(question: &ExplainQuery, explanation: &Explanation, policy: &str) -> String {
    let ExplainQuery { username, request, permission, .. } = question;
    let may = if explanation.allowed { "may" } else { "may not" };
    let at = explanation.step.as_ref().map(|step| format!(" at step {step} of")).unwrap_or_default();
    let mut lines = vec![format!("{username} {may} {}{at} {request}, by {policy}", permission.word())];
    lines.extend(explanation.obstacles.iter().map(|obstacle| format!("  {obstacle}")));
    lines.extend(explanation.seen_by.iter().map(|line| format!("sees it by {}", format_line(line))));
    lines.extend(
        explanation
            .grants
            .iter()
            .map(|(grant, verdict)| format!("{}: {}", describe_grant(grant), describe_verdict(verdict))),
    );
    if explanation.grants.is_empty() {
        lines.push("no grant in the request's office".to_owned());
    }
    lines.join("\n")
}

/// Describes a grant.
fn describe_grant(grant: &Grant) -> String {
    let capacity = grant.capacity.title();
    let until = grant.valid_until.map(|until| format!(" until {}", format_date_time(until))).unwrap_or_default();
    format!("{capacity}{} from {}{until}", grant.role, format_date_time(grant.valid_from))
}

fn format_line(line: &Line) -> String {
    format!("{}:{}: {line}", line.file, line.line)
}

fn describe_verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Allows(line) => format!("allowed by {}", format_line(line)),
        Verdict::Unmet(line, condition) => format!("`{condition}` does not hold in {}", format_line(line)),
        Verdict::NoLine => "no line lets this role".to_owned(),
        Verdict::ShowsOthers => "its lines show other requests".to_owned(),
        Verdict::OtherAgency => "of another agency than the one that asked".to_owned(),
        Verdict::NotYet => "not in force yet".to_owned(),
        Verdict::Ended => "ended".to_owned(),
    }
}
