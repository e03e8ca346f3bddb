//! The query `explainPolicy`: why somebody may do something to a request, or may not.

use async_graphql::{Context, Enum, Object, Result, SimpleObject};

use super::grant::RoleGrant;
use crate::access::{Action, Field};
use crate::graphql::context::session::{caller, language, service};
use crate::graphql::error;
use crate::language::Language;
use crate::service::{ExplainQuery, Explanation, Line, Permission, Verdict};

/// What asks the policy itself.
#[derive(Default)]
pub(crate) struct PolicyQuery;

/// What somebody may want to do to a request.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
enum ExplainedAction {
    /// See it.
    See,
    /// End a step, or complete a returned request.
    Execute,
    /// Sign or refuse the document that a step has signed.
    Sign,
    /// Be the recipient of what a step hands over.
    Receive,
    /// Take it back.
    Withdraw,
    /// Read its credential.
    Reveal,
    /// Replace its credential.
    Reissue,
    /// Take its asset out of service.
    Revoke,
    /// Read civil servant numbers (NIP) in it.
    ReadNip,
    /// Read telephone numbers in it.
    ReadPhone,
    /// Read e-mail addresses in it.
    ReadEmail,
    /// Read the notes that the office keeps to itself.
    ReadNote,
    /// Read where its asset is reached.
    ReadAddress,
}

impl From<ExplainedAction> for Permission {
    fn from(action: ExplainedAction) -> Self {
        match action {
            ExplainedAction::See => Self::See,
            ExplainedAction::Execute => Self::AtStep(Action::Execute),
            ExplainedAction::Sign => Self::AtStep(Action::Sign),
            ExplainedAction::Receive => Self::AtStep(Action::Receive),
            ExplainedAction::Withdraw => Self::Whole(Action::Withdraw),
            ExplainedAction::Reveal => Self::Whole(Action::Reveal),
            ExplainedAction::Reissue => Self::Whole(Action::Reissue),
            ExplainedAction::Revoke => Self::Whole(Action::Revoke),
            ExplainedAction::ReadNip => Self::Read(Field::Nip),
            ExplainedAction::ReadPhone => Self::Read(Field::Phone),
            ExplainedAction::ReadEmail => Self::Read(Field::Email),
            ExplainedAction::ReadNote => Self::Read(Field::Note),
            ExplainedAction::ReadAddress => Self::Read(Field::Address),
        }
    }
}

/// What the policy says of a grant.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
enum GrantVerdict {
    /// A line lets the role do it.
    Allows,
    /// A line would, but for its condition.
    ConditionUnmet,
    /// No line lets the role do it.
    NoLine,
    /// The role's lines let it see requests, and none of them shows this one.
    ShowsOthers,
    /// The grant is of another agency than the one that asked.
    OtherAgency,
    /// The grant is not in force yet.
    NotYet,
    /// The grant has ended.
    Ended,
}

/// A line of a policy file.
#[derive(SimpleObject)]
struct PolicyLine {
    /// The file.
    file: String,
    /// Where in the file, from 1.
    line: i32,
    /// What it says.
    text: String,
}

impl From<Line> for PolicyLine {
    fn from(line: Line) -> Self {
        Self { text: line.to_string(), line: i32::try_from(line.line).unwrap_or(i32::MAX), file: line.file }
    }
}

/// What the policy says of one grant of a person.
#[derive(SimpleObject)]
struct GrantExplanation {
    /// The grant.
    #[graphql(complexity = "2 * child_complexity + 1")]
    grant: RoleGrant,
    /// What the policy says of it.
    verdict: GrantVerdict,
    /// The line that allows it, or would; null where there is none.
    line: Option<PolicyLine>,
    /// The condition that does not hold, as the line has it; null where none stands in the way.
    condition: Option<String>,
}

impl GrantExplanation {
    fn of((grant, verdict): (crate::access::Grant, Verdict)) -> Self {
        let plain = |verdict| Self { grant: RoleGrant(grant), verdict, line: None, condition: None };
        match verdict {
            Verdict::Allows(line) => Self { line: Some(line.into()), ..plain(GrantVerdict::Allows) },
            Verdict::Unmet(line, condition) => Self {
                line: Some(line.into()),
                condition: Some(condition.to_string()),
                ..plain(GrantVerdict::ConditionUnmet)
            },
            Verdict::NoLine => plain(GrantVerdict::NoLine),
            Verdict::ShowsOthers => plain(GrantVerdict::ShowsOthers),
            Verdict::OtherAgency => plain(GrantVerdict::OtherAgency),
            Verdict::NotYet => plain(GrantVerdict::NotYet),
            Verdict::Ended => plain(GrantVerdict::Ended),
        }
    }
}

/// Why somebody may do something to a request now, or may not.
#[derive(SimpleObject)]
struct PolicyExplanation {
    /// They may: the server would let them, now.
    allowed: bool,
    /// What stands in their way, a sentence each; empty when they may.
    obstacles: Vec<String>,
    /// The key of the step that was asked about; null for what is done to the whole request.
    step: Option<String>,
    /// The line by which they see the request; null where they do not.
    seen_by: Option<PolicyLine>,
    /// What the policy says of each of their grants in the request's office, those that have ended and those to come too.
    #[graphql(complexity = "5 * child_complexity + 1")]
    grants: Vec<GrantExplanation>,
}

impl PolicyExplanation {
    fn of(explanation: Explanation, language: Option<Language>) -> Self {
        let Explanation { allowed, obstacles, step, seen_by, grants } = explanation;
        let grants = grants.into_iter().map(GrantExplanation::of).collect();
        let obstacles = obstacles.iter().map(|obstacle| obstacle.in_language(language)).collect();
        Self { allowed, obstacles, step, seen_by: seen_by.map(PolicyLine::from), grants }
    }
}

/// What asks the policy itself.
#[Object]
impl PolicyQuery {
    /// Why somebody may do something to a request now, or may not: for whoever's policy lets them ask (`explain`) in the
    /// request's office. Null for anybody else, for a request that is SECRET or TOP_SECRET and not yours to see, and for a person
    /// whom the office does not know.
    #[graphql(complexity = "child_complexity + 10")]
    async fn explain_policy(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What the person signs in with.")] username: String,
        #[graphql(desc = "The request's number.")] request: String,
        #[graphql(desc = "What they want to do.")] action: ExplainedAction,
        #[graphql(desc = "The step's key, for EXECUTE, SIGN and RECEIVE; the step under way when not given.")]
        step: Option<String>,
    ) -> Result<Option<PolicyExplanation>> {
        let asked = Permission::from(action);
        let question = ExplainQuery { username: username.trim().to_lowercase(), request, asked, step };
        let found = service(context)?.explain(caller(context)?, &question).await.map_err(error::of)?;
        let spoken = language(context)?;
        Ok(found.map(|found| PolicyExplanation::of(found, spoken)))
    }
}
