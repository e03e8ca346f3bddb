//! Visibility and inbox as conditions: the only way to requests and their dependent rows.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::{asset, request};
use sea_orm::{DbErr, FromQueryResult, QueryResult};
use uuid::Uuid;

use super::condition::{RequestCondition, RequestFacts, Submitters, Turn};
use super::rights_check::RightsCheck;
use crate::access::{Scope, Seen, Side, Subject};
use crate::store::CredentialState;
use crate::workflow::Status;

/// A caller's scopes at a moment, as the policy gives them.
#[derive(Debug, Clone)]
pub struct Viewing {
    /// The caller.
    pub user: Uuid,
    /// The time for grants in force.
    pub now: DateTime<Utc>,
    /// The keys of the offices of their grants.
    pub offices: Vec<String>,
    /// The scopes of their grants.
    pub scopes: Vec<ViewingScope>,
    /// The submitters of agencies.
    pub submitters: Arc<Submitters>,
    /// For scopes from memory: a check that each statement with them confirms.
    pub check: Option<Arc<RightsCheck>>,
}

/// One scope of one grant.
#[derive(Debug, Clone)]
pub struct ViewingScope {
    /// The office's key.
    pub office: String,
    /// The grant's agency.
    pub agency: Option<Uuid>,
    /// The visible requests.
    pub scope: Scope,
    /// For [`Scope::Reached`]: procedure and step, executed or signed by the role.
    pub steps: Vec<(String, String)>,
    /// The requests that have reached the steps, if they are few and were read ahead.
    pub few: Option<Arc<Vec<Uuid>>>,
}

/// Steps executed and signed by a grant's role, for the inbox.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The office's key.
    pub office: String,
    /// The grant's agency.
    pub agency: Option<Uuid>,
    /// The steps executed by the role.
    pub executes: Vec<RoleStep>,
    /// The steps with a document signed by the role.
    pub signs: Vec<RoleStep>,
    /// The procedures with credentials readable by the role.
    pub reveals: Vec<String>,
}

/// A step waiting for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleStep {
    /// The procedure's key.
    pub procedure: String,
    /// The step's key.
    pub step: String,
    /// Separation of duties: steps not to be ended by the same person.
    pub other_than: Vec<String>,
}

/// A request's row with its relation to the caller, from the query.
#[derive(Debug, Clone)]
pub struct SeenRequest {
    /// The row.
    pub row: request::Model,
    /// Its submitter may still submit it for its agency.
    pub submitter_active: bool,
}

impl Subject for SeenRequest {
    fn office(&self) -> &str {
        &self.row.office
    }

    fn procedure(&self) -> Option<&str> {
        Some(&self.row.procedure)
    }

    fn agency(&self) -> Option<Uuid> {
        Some(self.row.agency_id)
    }
}

/// An asset as the subject of a decision.
#[derive(Debug, Clone, Copy)]
pub struct AssetRow<'a>(
    /// Its row.
    pub &'a asset::Model,
);

impl Subject for AssetRow<'_> {
    fn office(&self) -> &str {
        &self.0.office
    }

    fn procedure(&self) -> Option<&str> {
        Some(&self.0.procedure)
    }

    fn agency(&self) -> Option<Uuid> {
        Some(self.0.agency_id)
    }
}

/// A row of [`SeenRequest`] with the caller's side, and the version of people and grants as of the statement.
pub(in crate::store) struct Found {
    seen: Seen<SeenRequest>,
    people_version: i64,
}

impl Found {
    /// The row.
    pub(in crate::store) fn seen(self) -> Seen<SeenRequest> {
        self.seen
    }

    /// The row, once the check of the scopes has noted the version.
    pub(in crate::store) fn noted(self, viewing: &Viewing) -> Seen<SeenRequest> {
        if let Some(check) = &viewing.check {
            check.note(self.people_version);
        }
        self.seen
    }
}

impl FromQueryResult for Found {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let row = request::Model::from_query_result(result, prefix)?;
        let side = if result.try_get(prefix, "office_side")? { Side::Office } else { Side::Applicant };
        let submitter_active = result.try_get(prefix, "submitter_active")?;
        let seen = Seen::by_query(SeenRequest { row, submitter_active }, side);
        Ok(Self { seen, people_version: result.try_get(prefix, "people_version")? })
    }
}

/// Conditions of visibility on a request: lists put them into SQL, streams evaluate them for each event's request.
#[derive(Debug, Clone)]
pub struct Visibility {
    /// Seen as an official.
    office: RequestCondition,
    /// Seen as the applicant agency.
    applicant: RequestCondition,
}

impl Visibility {
    /// Returns a request with the caller's side; none for an invisible one.
    pub fn see(&self, about: &RequestFacts) -> Option<Seen<SeenRequest>> {
        let side = self.side(about)?;
        let request = SeenRequest { row: about.row.clone(), submitter_active: about.submitter_active };
        Some(Seen::by_query(request, side))
    }

    /// The caller's side of a request; none for an invisible one.
    pub fn side(&self, about: &RequestFacts) -> Option<Side> {
        if self.office.holds(about) {
            Some(Side::Office)
        } else {
            self.applicant.holds(about).then_some(Side::Applicant)
        }
    }
}

impl Waiting {
    /// Condition: the request waits at a step executed or signed by the role. `user`: with separation of duties for this
    /// person. `returned`: the condition on a returned request.
    pub(in crate::store) fn at_step(&self, user: Option<Uuid>, returned: RequestCondition) -> RequestCondition {
        let executes = at_steps(&self.executes, user);
        let running = RequestCondition::Status(Status::InProgress).and(RequestCondition::Executable);
        let signs = RequestCondition::Signable.and(at_steps(&self.signs, user));
        let open = executes.and(running.or(RequestCondition::Status(Status::Returned).and(returned))).or(signs);
        self.here(RequestCondition::Unfinished.and(open))
    }

    /// Condition: the request stands at a step executed by the role.
    pub(in crate::store) fn stands_at_step(&self) -> RequestCondition {
        self.here(RequestCondition::Unfinished.and(at_steps(&self.executes, None)))
    }

    /// The steps at which requests may wait for the role.
    pub(in crate::store) fn turns(&self) -> impl Iterator<Item = Turn> {
        self.executes.iter().chain(&self.signs).map(|step| Turn {
            office: self.office.clone(),
            procedure: step.procedure.clone(),
            step: step.step.clone(),
            agency: self.agency,
        })
    }

    /// Condition: a credential waits for the caller, with the right to read it.
    fn to_reveal(&self, user: Uuid) -> RequestCondition {
        let available = RequestCondition::Recipient { user, state: Some(CredentialState::Available) };
        self.here(available.and(RequestCondition::Procedures(self.reveals.clone())))
    }

    /// Restricts a condition to the grant's office and agency.
    fn here(&self, condition: RequestCondition) -> RequestCondition {
        let office = RequestCondition::Office(self.office.clone());
        match self.agency {
            None => office.and(condition),
            Some(agency) => office.and(RequestCondition::Agency(agency)).and(condition),
        }
    }
}

/// Condition: the request stands at one of these steps. `user`: with separation of duties for this person.
fn at_steps(steps: &[RoleStep], user: Option<Uuid>) -> RequestCondition {
    let (bound, free): (Vec<&RoleStep>, Vec<&RoleStep>) = steps.iter().partition(|step| !step.other_than.is_empty());
    let at = |step: &RoleStep| (step.procedure.clone(), step.step.clone());
    let free = RequestCondition::AtStep(free.into_iter().map(at).collect());
    bound.into_iter().fold(free, |any, step| {
        let here = RequestCondition::AtStep(vec![at(step)]);
        any.or(match user {
            None => here,
            Some(user) => here.and(RequestCondition::NotEndedBy { user, steps: step.other_than.clone() }),
        })
    })
}

impl Viewing {
    /// The conditions of both sides.
    pub fn visibility(&self) -> Visibility {
        Visibility { office: self.office_side(), applicant: self.applicant_side() }
    }

    /// The requests visible to the caller as an official.
    pub(in crate::store) fn office_side(&self) -> RequestCondition {
        RequestCondition::any(self.scopes.iter().filter_map(|scope| {
            let which = match scope.scope {
                Scope::Own | Scope::Agency => return None,
                Scope::All => None,
                Scope::Office => Some(RequestCondition::Open),
                Scope::Reached => {
                    let reached = RequestCondition::Reached(scope.steps.clone());
                    Some(match &scope.few {
                        Some(few) => RequestCondition::OneOf(few.clone()).and(reached),
                        None => reached,
                    })
                }
            };
            let office = RequestCondition::Office(scope.office.clone());
            Some(match which {
                None => office,
                Some(which) => office.and(which),
            })
        }))
    }

    /// The requests visible to the caller as the applicant agency.
    pub(in crate::store) fn applicant_side(&self) -> RequestCondition {
        RequestCondition::any(self.scopes.iter().filter_map(|scope| {
            let agency = scope.agency.map(RequestCondition::Agency);
            let which = match (scope.scope, agency) {
                (Scope::Own, Some(agency)) => {
                    let mine = RequestCondition::SubmittedBy(self.user);
                    let received = RequestCondition::Recipient { user: self.user, state: None };
                    // An orphaned request (its submitter submits no more) is visible to the agency's other submitters, unless secret.
                    let orphaned = self.submitter_gone().and(RequestCondition::Open);
                    agency.and(mine.or(received).or(orphaned))
                }
                (Scope::Agency, Some(agency)) => agency.and(RequestCondition::Open),
                _ => return None,
            };
            Some(RequestCondition::Office(scope.office.clone()).and(which))
        }))
    }

    /// Condition: the submitter may no longer submit for the agency.
    fn submitter_gone(&self) -> RequestCondition {
        RequestCondition::SubmitterGone(self.submitters.clone())
    }

    /// The requests visible to the caller.
    pub(in crate::store) fn visible(&self) -> RequestCondition {
        self.office_side().or(self.applicant_side())
    }

    /// The inbox: requests waiting for the caller. `office`: only those of the office of this key.
    pub fn inbox(&self, waiting: &[Waiting], office: Option<&str>) -> RequestCondition {
        let waits = self.at_steps(waiting).or(self.to_reveal(waiting));
        match office {
            None => waits,
            Some(office) => waits.and(RequestCondition::Office(office.to_owned())),
        }
    }

    /// The requests at steps that wait for the caller.
    pub(in crate::store) fn at_steps(&self, waiting: &[Waiting]) -> RequestCondition {
        // A returned request waits for its submitter; an orphaned one for any submitter of the agency.
        let mine = RequestCondition::SubmittedBy(self.user).or(self.submitter_gone());
        let awaits = waiting.iter().map(|waiting| waiting.at_step(Some(self.user), mine.clone()));
        self.visible().and(RequestCondition::any(awaits))
    }

    /// The requests with a credential for the caller.
    pub(in crate::store) fn to_reveal(&self, waiting: &[Waiting]) -> RequestCondition {
        self.visible().and(RequestCondition::any(waiting.iter().map(|waiting| waiting.to_reveal(self.user))))
    }
}
