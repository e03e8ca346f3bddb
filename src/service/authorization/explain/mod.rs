//! Explanations of permissions: the same decisions, run for another person, with the policy lines behind them.

mod closed;
mod obstacles;
mod permission;

use uuid::Uuid;

use obstacles::{Obstacle, VisibleRequest};

use crate::access::{Action, Caller, Condition, Field, Grant, Login, Pass, Performed, Scope, Seen, Side, WholeOffice};
use crate::language::Text;
use crate::policy::{GrantDecision, Line, Object, Policy};
use crate::procedure::Step;
use crate::say;
use crate::service::{
    AvailableAct, CallerWithPolicy, PolicySnapshot, Service, ServiceError, ServiceResult, UserErrorCode,
};
use crate::store::{self, Person, RequestFacts, SeenRequest, Submitters, Viewing, ViewingScope};
use crate::workflow::State;

pub use closed::{Awaited, ClosedAct, ClosedReason, Prerequisites};
pub use permission::Permission;

/// A question about a person's permission on a request.
#[derive(Debug, Clone)]
pub struct ExplainQuery {
    /// The person's username.
    pub username: String,
    /// The request's number.
    pub request: String,
    /// The permission.
    pub permission: Permission,
    /// The step; by default the current one.
    pub step: Option<String>,
}

/// The answer, as of now.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// They have the permission.
    pub allowed: bool,
    /// The obstacles, a sentence each; empty if allowed.
    pub obstacles: Vec<Text>,
    /// The step of the permission.
    pub step: Option<String>,
    /// The line by which they see the request, if any.
    pub seen_by: Option<Line>,
    /// The policy's verdict on each of their grants in the request's office: past, current and future.
    pub grants: Vec<(Grant, Verdict)>,
}

/// The policy's verdict on one grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This line allows it.
    Allows(Line),
    /// This line would allow it; its condition is unmet.
    Unmet(Line, Condition),
    /// No line lets the grant's role do it.
    NoLine,
    /// The role sees requests, but no line shows this one.
    ShowsOthers,
    /// The grant is of another agency than the request.
    OtherAgency,
    /// It is not in force yet.
    NotYet,
    /// It has ended.
    Ended,
}

impl From<GrantDecision<'_>> for Verdict {
    fn from(decision: GrantDecision<'_>) -> Self {
        match decision {
            GrantDecision::Allowed(line) => Self::Allows(line.clone()),
            GrantDecision::Unmet(line, condition) => Self::Unmet(line.clone(), condition.clone()),
            GrantDecision::NoLine => Self::NoLine,
            // The subject is always of this office and this procedure.
            GrantDecision::OtherAgency | GrantDecision::Elsewhere => Self::OtherAgency,
        }
    }
}

/// A request with everything that decisions read.
struct ExplainedRequest {
    about: RequestFacts,
    state: State,
    performed: Performed,
    documents: Vec<entity::document::Model>,
    asset: Option<entity::asset::Model>,
    credential: Option<entity::credential::Model>,
}

impl ExplainedRequest {
    fn visible(&self) -> VisibleRequest<'_> {
        VisibleRequest {
            row: &self.about.row,
            submitter_active: self.about.submitter_active,
            state: &self.state,
            asset: self.asset.as_ref(),
            credential: self.credential.as_ref(),
        }
    }
}

impl Service {
    /// Answers a caller with the permission to explain in the request's office. None without it, for an invisible
    /// request, and for a person unknown to the office. Asking reveals no SECRET request.
    pub async fn explain(
        &self,
        asker: &CallerWithPolicy,
        question: &ExplainQuery,
    ) -> ServiceResult<Option<Explanation>> {
        let offices: Vec<&str> = self.catalog.offices().map(|entry| entry.office.key.as_str()).collect();
        let may = |office: &&str| {
            let subject = WholeOffice((*office).to_owned());
            asker.policy().grants(asker, &subject, Object::Office, Action::Explain, None).is_ok()
        };
        let explained: Vec<&str> = offices.into_iter().filter(may).collect();
        if explained.is_empty() {
            return Ok(None);
        }
        let mut viewing = self.viewing(asker);
        viewing.scopes.extend(explained.iter().map(|office| whole(office, Scope::Office)));
        let seen = store::see_request_by_number(&self.store, &viewing, &question.request).await?;
        let Some(seen) = seen.filter(|seen| explained.contains(&seen.row.office.as_str())) else { return Ok(None) };
        let Some(person) = self.store.person_by_username(&question.username).await? else { return Ok(None) };
        if store::office_people(self.store.reader(), &seen.row.office, Some(person.id)).await?.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.explanation(asker.policy(), &person, &seen, question).await?))
    }

    /// Answers the operator, of any request. Refuses an unknown request or person.
    pub async fn explain_to_operator(&self, question: &ExplainQuery) -> ServiceResult<Explanation> {
        let scopes = self.catalog.offices().map(|entry| whole(&entry.office.key, Scope::All)).collect();
        let (policy, user) = (self.policy(), Uuid::nil());
        let submitters = policy.submitters(&self.catalog);
        let viewing = Viewing { user, now: self.now(), offices: Vec::new(), scopes, submitters, check: None };
        let seen = store::see_request_by_number(&self.store, &viewing, &question.request).await?;
        let seen = seen.ok_or_else(|| missing(&["request"], "There is no request of this number."))?;
        let person = self.store.person_by_username(&question.username).await?;
        let person = person.ok_or_else(|| missing(&["user"], "Nobody signs in by this name."))?;
        self.explanation(&policy, &person, &seen, question).await
    }

    async fn explanation(
        &self,
        policy: &PolicySnapshot,
        person: &Person,
        request: &Seen<SeenRequest>,
        question: &ExplainQuery,
    ) -> ServiceResult<Explanation> {
        let now = self.now();
        let facts = self.facts(request, &policy.submitters(&self.catalog)).await?;
        let row = &facts.about.row;
        let entry = self.entry_of(row)?;
        let step = step_of(&entry.procedure.steps, &facts, question)?;
        let mut held = store::person_grants(self.store.reader(), person.id).await?;
        held.retain(|grant| grant.office == row.office);
        let in_force = held.iter().filter(|grant| grant.in_force(now)).cloned().collect();
        // The login does not matter: this pass never acts.
        let pass = Pass::new(person.id, Login::Session(Uuid::nil()));
        let theirs = CallerWithPolicy::new(Caller { pass, grants: in_force, language: None }, policy.clone());

        let seen = self.viewing(&theirs).visibility().see(&facts.about);
        let shows = |grant: &Grant| self.line_that_shows(&theirs, grant, &facts.about);
        let seen_by = seen.as_ref().and_then(|_| theirs.grants.iter().find_map(shows));
        let verdict = |grant: &Grant| match question.permission.decided(&row.procedure, step) {
            _ if now < grant.valid_from => Verdict::NotYet,
            _ if !grant.in_force(now) => Verdict::Ended,
            None => see_verdict(policy, grant, shows(grant)),
            Some((object, action)) => {
                policy.decide(&theirs, grant, (&**request, object, action), Some(&facts.performed)).into()
            }
        };
        let grants: Vec<(Grant, Verdict)> = held.iter().map(|grant| (grant.clone(), verdict(grant))).collect();
        let lets = grants.iter().any(|(_, verdict)| matches!(verdict, Verdict::Allows(_)));
        let may = match (question.permission, &seen) {
            (Permission::See, seen) => seen.is_some(),
            // A recipient may get a credential before seeing the request.
            (Permission::AtStep(Action::Receive), _) => lets,
            (_, None) => false,
            (Permission::Read(field), Some(seen)) => lets && self.has_shown(field, seen, &facts),
            (Permission::AtStep(action) | Permission::Whole(action), Some(seen)) => {
                let held = facts.asset.as_ref().map(|asset| (asset, facts.credential.as_ref()));
                let available = self.available(&theirs, seen, &facts.documents, held, Some(&facts.performed))?;
                available.iter().any(|available| matches_act(available, action, step))
            }
        };
        let allowed = may && person.deactivated_at.is_none();
        let mut obstacles = Vec::new();
        if !allowed {
            if person.deactivated_at.is_some() {
                obstacles.push("They were put out of service, and cannot sign in.".into());
            }
            if seen.is_none() && question.permission != Permission::AtStep(Action::Receive) {
                obstacles.push("They do not see the request: no line of a grant in force shows it.".into());
            }
            if !lets && question.permission != Permission::See {
                obstacles.push("None of their grants in this office allows it now.".into());
            }
            match (question.permission, &seen) {
                (Permission::Read(Field::Note), Some(seen)) if seen.side() == Side::Applicant => {
                    obstacles.push("The office keeps its notes from the agency that asked.".into());
                }
                (Permission::Read(Field::Address), Some(_)) if lets => {
                    obstacles.push("They see no asset of the request.".into());
                }
                _ => {}
            }
            let found = facts.visible().obstacles(&entry.procedure, person.id, question.permission, step);
            obstacles.extend(found.iter().map(Obstacle::sentence));
        }
        Ok(Explanation { allowed, obstacles, step: step.map(|step| step.key.clone()), seen_by, grants })
    }

    /// Whether a field has a visible value.
    fn has_shown(&self, field: Field, seen: &Seen<SeenRequest>, facts: &ExplainedRequest) -> bool {
        match field {
            Field::Note => seen.side() == Side::Office,
            Field::Address => facts.asset.as_ref().is_some_and(|asset| self.sees_asset(seen, asset)),
            Field::Nip | Field::Phone | Field::Email => true,
        }
    }

    async fn facts(&self, request: &Seen<SeenRequest>, submitters: &Submitters) -> ServiceResult<ExplainedRequest> {
        let (reader, ids) = (self.store.reader(), [request.row.id]);
        let about = store::request_facts(&self.store, &ids, submitters, self.now()).await?.remove(&request.row.id);
        let about = about.ok_or_else(|| missing(&["request"], "The request is gone."))?;
        let visits = store::visits_of(reader, &ids).await?;
        let documents = store::documents_of(reader, &ids).await?;
        let asset = store::assets_of(reader, &ids).await?.pop();
        let credential = match &asset {
            None => None,
            Some(asset) => store::credentials_of(reader, &[asset.id]).await?.pop(),
        };
        let (state, performed) = (self.state_of(&about.row)?, store::performed(&visits));
        Ok(ExplainedRequest { about, state, performed, documents, asset, credential })
    }

    /// Returns the first policy line by which a grant shows a request.
    fn line_that_shows(&self, person: &CallerWithPolicy, grant: &Grant, about: &RequestFacts) -> Option<Line> {
        let alone = Caller { grants: vec![grant.clone()], ..Caller::clone(person) };
        let viewing = self.viewing(&CallerWithPolicy::new(alone, person.policy().clone()));
        let shown = viewing.scopes.iter().find(|scope| {
            let only = Viewing { scopes: vec![(*scope).clone()], ..viewing.clone() };
            only.visibility().side(about).is_some()
        });
        let see = Action::See(shown?.scope);
        person.policy().line(&grant.role, &grant.office, Object::Requests, see).cloned()
    }
}

/// All of an office's requests within a scope.
fn whole(office: &str, scope: Scope) -> ViewingScope {
    ViewingScope { office: office.to_owned(), agency: None, scope, steps: Vec::new(), few: None }
}

fn missing(path: &[&str], message: &'static str) -> ServiceError {
    ServiceError::user(UserErrorCode::NotFound, path, message)
}

/// Returns the step of the question; none for permissions without a step.
fn step_of<'a>(
    steps: &'a [Step],
    facts: &ExplainedRequest,
    question: &ExplainQuery,
) -> ServiceResult<Option<&'a Step>> {
    if !matches!(question.permission, Permission::AtStep(_)) {
        return Ok(None);
    }
    let under_way = facts.state.at.as_ref().map(|at| at.step.as_str());
    let key = question.step.as_deref().or(under_way);
    let found = key.and_then(|key| steps.iter().find(|step| step.key == key));
    if let Some(step) = found {
        return Ok(Some(step));
    }
    let keys: Vec<&str> = steps.iter().map(|step| step.key.as_str()).collect();
    let steps = keys.join(", ");
    let message = match key {
        Some(_) => say!("The procedure has no such step; its steps are {steps}.", steps),
        None => say!("The request has ended: say which step; its steps are {steps}.", steps),
    };
    Err(ServiceError::user(UserErrorCode::InvalidInput, &["step"], message))
}

/// Returns the verdict on seeing the request.
fn see_verdict(policy: &Policy, grant: &Grant, line: Option<Line>) -> Verdict {
    match line {
        Some(line) => Verdict::Allows(line),
        None if policy.scopes(&grant.office, &grant.role).is_empty() => Verdict::NoLine,
        None => Verdict::ShowsOthers,
    }
}

/// Whether an available act is the action asked about.
fn matches_act(available: &AvailableAct, action: Action, step: Option<&Step>) -> bool {
    available.kind.action() == action && available.step.as_deref() == step.map(|step| step.key.as_str())
}
