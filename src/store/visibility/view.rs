//! Visibility and inbox as conditions: the only way to requests and their dependent rows.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::{asset, request};
use sea_orm::{DbErr, FromQueryResult, QueryResult};
use uuid::Uuid;

use super::condition::{RequestCondition, RequestFacts, Submitters};
use crate::access::{Scope, Seen, Side, Subject};
use crate::store::CredentialState;
use crate::workflow::Status;

/// A caller's scopes at a moment, as the policy gives them.
#[derive(Debug, Clone)]
pub struct Viewing {
    /// The caller.
    pub user: Uuid,
    /// The moment that grants are judged at.
    pub now: DateTime<Utc>,
    /// The keys of the offices in which they hold a grant.
    pub offices: Vec<String>,
    /// What each grant lets them see.
    pub scopes: Vec<ViewingScope>,
    /// Who asks for an agency, the caller or not.
    pub submitters: Arc<Submitters>,
}

/// One scope of one grant.
#[derive(Debug, Clone)]
pub struct ViewingScope {
    /// The office's key.
    pub office: String,
    /// The grant's agency.
    pub agency: Option<Uuid>,
    /// Which requests.
    pub scope: Scope,
    /// For [`Scope::Reached`]: procedure and step that the role executes or signs.
    pub steps: Vec<(String, String)>,
}

/// Steps executed and signed by a grant's role, for the inbox.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The office's key.
    pub office: String,
    /// The grant's agency.
    pub agency: Option<Uuid>,
    /// The steps that the role executes.
    pub executes: Vec<RoleStep>,
    /// The steps whose document the role signs.
    pub signs: Vec<RoleStep>,
    /// The procedures whose credentials the role may read.
    pub reveals: Vec<String>,
}

/// A step waiting for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleStep {
    /// The procedure's key.
    pub procedure: String,
    /// The step's key.
    pub step: String,
    /// Steps of which the person must not have ended one.
    pub other_than: Vec<String>,
}

/// A request's row with its relation to the caller, from the query.
#[derive(Debug, Clone)]
pub struct SeenRequest {
    /// The row.
    pub row: request::Model,
    /// Its submitter is one of those who may submit it for its agency now.
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

/// A row of [`SeenRequest`] with the caller's side.
pub(in crate::store) struct Found(pub(in crate::store) Seen<SeenRequest>);

impl FromQueryResult for Found {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let row = request::Model::from_query_result(result, prefix)?;
        let side = if result.try_get(prefix, "office_side")? { Side::Office } else { Side::Applicant };
        let submitter_active = result.try_get(prefix, "submitter_active")?;
        Ok(Self(Seen::by_query(SeenRequest { row, submitter_active }, side)))
    }
}

/// Conditions of visibility on a request: lists put them into SQL, streams evaluate them for each event's request.
#[derive(Debug, Clone)]
pub struct Visibility {
    /// Seen as an official.
    office: RequestCondition,
    /// Seen as one of the agency that asked.
    applicant: RequestCondition,
}

impl Visibility {
    /// A request as the caller sees it; none when they do not.
    pub fn see(&self, about: &RequestFacts) -> Option<Seen<SeenRequest>> {
        let side = self.side(about)?;
        let request = SeenRequest { row: about.row.clone(), submitter_active: about.submitter_active };
        Some(Seen::by_query(request, side))
    }

    /// From which side the caller sees a request; none when they do not.
    pub fn side(&self, about: &RequestFacts) -> Option<Side> {
        if self.office.holds(about) {
            Some(Side::Office)
        } else {
            self.applicant.holds(about).then_some(Side::Applicant)
        }
    }
}

impl Waiting {
    /// The request waits at a step for what the role executes or signs. `user`: only where it
    /// may be their turn. `returned`: whom a returned one waits for.
    pub(in crate::store) fn at_step(&self, user: Option<Uuid>, returned: RequestCondition) -> RequestCondition {
        let executes = at_steps(&self.executes, user);
        let running = RequestCondition::Status(Status::InProgress).and(RequestCondition::Executable);
        let signs = RequestCondition::Signable.and(at_steps(&self.signs, user));
        let open = executes.and(running.or(RequestCondition::Status(Status::Returned).and(returned))).or(signs);
        self.here(RequestCondition::Unfinished.and(open))
    }

    /// The request stands at a step that the role executes.
    pub(in crate::store) fn stands_at_step(&self) -> RequestCondition {
        self.here(RequestCondition::Unfinished.and(at_steps(&self.executes, None)))
    }

    /// A credential waits for the caller, who may read it.
    fn to_reveal(&self, user: Uuid) -> RequestCondition {
        let held = RequestCondition::Recipient { user, state: Some(CredentialState::Available) };
        self.here(held.and(RequestCondition::Procedures(self.reveals.clone())))
    }

    /// In the grant's office, and of its agency where it names one.
    fn here(&self, what: RequestCondition) -> RequestCondition {
        let office = RequestCondition::Office(self.office.clone());
        match self.agency {
            None => office.and(what),
            Some(agency) => office.and(RequestCondition::Agency(agency)).and(what),
        }
    }
}

/// The request stands at one of these steps; for a person, only where it may be their turn.
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
    /// What the caller sees.
    pub fn visibility(&self) -> Visibility {
        Visibility { office: self.office_side(), applicant: self.applicant_side() }
    }

    /// The requests that the caller sees as an official.
    pub(in crate::store) fn office_side(&self) -> RequestCondition {
        RequestCondition::any(self.scopes.iter().filter_map(|scope| {
            let which = match scope.scope {
                Scope::Own | Scope::Agency => return None,
                Scope::All => None,
                Scope::Office => Some(RequestCondition::Open),
                Scope::Reached => Some(RequestCondition::Reached(scope.steps.clone())),
            };
            let office = RequestCondition::Office(scope.office.clone());
            Some(match which {
                None => office,
                Some(which) => office.and(which),
            })
        }))
    }

    /// The requests that the caller sees as one of the agency that asked.
    pub(in crate::store) fn applicant_side(&self) -> RequestCondition {
        RequestCondition::any(self.scopes.iter().filter_map(|scope| {
            let agency = scope.agency.map(RequestCondition::Agency);
            let which = match (scope.scope, agency) {
                (Scope::Own, Some(agency)) => {
                    let mine = RequestCondition::SubmittedBy(self.user);
                    let received = RequestCondition::Recipient { user: self.user, state: None };
                    // A request whose submitter submits for its agency no more is anybody's there who does, unless it is secret.
                    let orphaned = self.submitter_gone().and(RequestCondition::Open);
                    agency.and(mine.or(received).or(orphaned))
                }
                (Scope::Agency, Some(agency)) => agency.and(RequestCondition::Open),
                _ => return None,
            };
            Some(RequestCondition::Office(scope.office.clone()).and(which))
        }))
    }

    /// The submitter asks for the agency no more.
    fn submitter_gone(&self) -> RequestCondition {
        RequestCondition::SubmitterGone(self.submitters.clone())
    }

    /// The requests that the caller sees.
    pub(in crate::store) fn visible(&self) -> RequestCondition {
        self.office_side().or(self.applicant_side())
    }

    /// The requests that wait for the caller. `office`: only those of the office of this key.
    pub fn inbox(&self, waiting: &[Waiting], office: Option<&str>) -> RequestCondition {
        // A returned request waits for its submitter; when they submit no more, for anybody in the agency who does.
        let mine = RequestCondition::SubmittedBy(self.user).or(self.submitter_gone());
        let awaits =
            |waiting: &Waiting| waiting.at_step(Some(self.user), mine.clone()).or(waiting.to_reveal(self.user));
        let waits = self.visible().and(RequestCondition::any(waiting.iter().map(awaits)));
        match office {
            None => waits,
            Some(office) => waits.and(RequestCondition::Office(office.to_owned())),
        }
    }
}
