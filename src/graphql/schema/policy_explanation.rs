//! The query `explainPolicy`: why a person is allowed or refused an action on a request.

use async_graphql::{Context, Enum, Object, Result, SimpleObject};

use super::grant::RoleGrant;
use crate::access::{Action, Field};
use crate::graphql::context::session::{caller, language, service};
use crate::graphql::error;
use crate::language::Language;
use crate::service::{ExplainQuery, Explanation, Line, Permission, Verdict};

/// Queries of the policy.
#[derive(Default)]
pub(crate) struct PolicyQuery;

/// An action on a request, to be explained.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
enum ExplainedAction {
    /// See it.
    See,
    /// End a step, or complete a returned request.
    Execute,
    /// Sign or refuse the document of a step.
    Sign,
    /// Be the recipient of a credential handed over by a step.
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
    /// Read the internal notes of the office.
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

/// The verdict of the policy on a grant.
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
    /// The grant is of another agency than the requesting one.
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
    /// Its text.
    text: String,
}

impl From<Line> for PolicyLine {
    fn from(line: Line) -> Self {
        Self { text: line.to_string(), line: i32::try_from(line.line).unwrap_or(i32::MAX), file: line.file }
    }
}

/// The verdict of the policy on one grant of a person, with its line.
#[derive(SimpleObject)]
struct GrantExplanation {
    /// The grant.
    grant: RoleGrant,
    /// The verdict.
    verdict: GrantVerdict,
    /// The allowing line, met or not; null where there is none.
    line: Option<PolicyLine>,
    /// The unmet condition, as in the line; null where none stands in the way.
    condition: Option<String>,
}

impl GrantExplanation {
    fn from_verdict((grant, verdict): (crate::access::Grant, Verdict)) -> Self {
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
    /// The obstacles, a sentence each; empty when they may.
    obstacles: Vec<String>,
    /// The key of the step in question; null for acts on the whole request.
    step: Option<String>,
    /// The line making the request visible to them; null where it is not.
    seen_by: Option<PolicyLine>,
    /// The verdict on each of their grants in the request's office, past and future ones too.
    grants: Vec<GrantExplanation>,
}

impl PolicyExplanation {
    fn from_service(explanation: Explanation, language: Option<Language>) -> Self {
        let Explanation { allowed, obstacles, step, seen_by, grants } = explanation;
        let grants = grants.into_iter().map(GrantExplanation::from_verdict).collect();
        let obstacles = obstacles.iter().map(|obstacle| obstacle.in_language(language)).collect();
        Self { allowed, obstacles, step, seen_by: seen_by.map(PolicyLine::from), grants }
    }
}

/// Queries of the policy.
#[Object]
impl PolicyQuery {
    /// Why a person may do something to a request now, or may not. Needs the action `explain` in the request's office. Null
    /// without it, for a SECRET or TOP_SECRET request not visible to you, and for a person unknown to the office.
    async fn explain_policy(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The user name of the person.")] username: String,
        #[graphql(desc = "The request's number.")] request: String,
        #[graphql(desc = "The action.")] action: ExplainedAction,
        #[graphql(desc = "The step's key, for EXECUTE, SIGN and RECEIVE; the step under way when not given.")]
        step: Option<String>,
    ) -> Result<Option<PolicyExplanation>> {
        let permission = Permission::from(action);
        let question = ExplainQuery { username: username.trim().to_lowercase(), request, permission, step };
        let found = service(context)?.explain(caller(context)?, &question).await.map_err(error::from_refused)?;
        let spoken = language(context)?;
        Ok(found.map(|found| PolicyExplanation::from_service(found, spoken)))
    }
}
