//! What a caller may see, as SQL: the one front door to requests and to all that hangs on them.

use chrono::{DateTime, Utc};
use entity::{asset, credential, grant, request, visit};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{DbErr, FromQueryResult, QueryResult};
use uuid::Uuid;

use super::people::is_active;
use crate::access::{Scope, Seen, Side, Subject};

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

/// For what a request may wait, for the inbox: the steps that each grant's role executes and signs.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The office's key.
    pub office: String,
    /// The grant's agency.
    pub agency: Option<Uuid>,
    /// Procedure and step that the role executes.
    pub executes: Vec<(String, String)>,
    /// Procedure and step whose document the role signs.
    pub signs: Vec<(String, String)>,
    /// The procedures whose credentials the role may read.
    pub reveals: Vec<String>,
}

/// A request's row, and what the query that found it knows of the caller's relation to it.
#[derive(Debug, Clone)]
pub struct SeenRequest {
    /// The row.
    pub row: request::Model,
    /// Its submitter holds a grant in its agency now.
    pub submitter_active: bool,
}

impl Subject for SeenRequest {
    fn office(&self) -> &str {
        &self.row.office
    }

    fn procedure(&self) -> &str {
        &self.row.procedure
    }

    fn agency(&self) -> Uuid {
        self.row.agency_id
    }
}

/// A row of [`SeenRequest`] with the caller's side.
pub(super) struct Found(pub(super) Seen<SeenRequest>);

impl FromQueryResult for Found {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let row = request::Model::from_query_result(result, prefix)?;
        let side = if result.try_get(prefix, "office_side")? { Side::Office } else { Side::Applicant };
        let submitter_active = result.try_get(prefix, "submitter_active")?;
        Ok(Self(Seen::by_query(SeenRequest { row, submitter_active }, side)))
    }
}

/// True where any is; false where there are none: deny is the default.
pub(super) fn any(conditions: impl IntoIterator<Item = SimpleExpr>) -> SimpleExpr {
    conditions.into_iter().reduce(|left, right| left.or(right)).unwrap_or_else(|| Expr::val(1).eq(0))
}

fn column(column: request::Column) -> SimpleExpr {
    Expr::col((request::Entity, column))
}

/// `procedure` and `step` are one of the pairs.
fn is_one_of(pairs: &[(String, String)], step: &SimpleExpr) -> SimpleExpr {
    let mut procedures: Vec<&String> = pairs.iter().map(|(procedure, _)| procedure).collect();
    procedures.sort();
    procedures.dedup();
    any(procedures.into_iter().map(|procedure| {
        let steps = pairs.iter().filter(|(of, _)| of == procedure).map(|(_, step)| step.clone());
        column(request::Column::Procedure).eq(procedure.clone()).and(step.clone().is_in(steps))
    }))
}

/// The request's submitter holds a grant in its agency at the moment.
pub(super) fn submitter_active(now: DateTime<Utc>) -> SimpleExpr {
    let of = |column| Expr::col((grant::Entity, column));
    Expr::exists(
        Query::select()
            .expr(Expr::val(1))
            .from(grant::Entity)
            .and_where(of(grant::Column::UserId).eq(column(request::Column::SubmittedBy)))
            .and_where(of(grant::Column::AgencyId).eq(column(request::Column::AgencyId)))
            .and_where(of(grant::Column::Office).eq(column(request::Column::Office)))
            .and_where(of(grant::Column::ValidFrom).lte(now))
            .and_where(of(grant::Column::ValidUntil).is_null().or(of(grant::Column::ValidUntil).gt(now)))
            .and_where(is_active(of(grant::Column::UserId)))
            .to_owned(),
    )
}

/// The caller is the recipient of the credential of the request's asset, once that is delivered. `state`: and it is in that
/// state.
fn is_recipient(user: Uuid, state: Option<&str>) -> SimpleExpr {
    let mut theirs = Query::select();
    theirs
        .column((asset::Entity, asset::Column::RequestId))
        .from(asset::Entity)
        .inner_join(
            credential::Entity,
            Expr::col((credential::Entity, credential::Column::AssetId))
                .eq(Expr::col((asset::Entity, asset::Column::Id))),
        )
        .and_where(Expr::col((asset::Entity, asset::Column::DeliveredAt)).is_not_null())
        .and_where(Expr::col((credential::Entity, credential::Column::RecipientId)).eq(user));
    if let Some(state) = state {
        theirs.and_where(Expr::col((credential::Entity, credential::Column::State)).eq(state));
    }
    column(request::Column::Id).in_subquery(theirs)
}

impl Waiting {
    /// The request waits at a step for what the role executes or signs. `returned`: whom a returned one waits for.
    pub(super) fn at_step(&self, returned: SimpleExpr) -> SimpleExpr {
        let step = column(request::Column::Step);
        let status = |word: &str| column(request::Column::Status).eq(word);
        let executes = is_one_of(&self.executes, &step);
        let running = status("IN_PROGRESS").and(column(request::Column::Executable).eq(true));
        let signs = column(request::Column::Signable).eq(true).and(is_one_of(&self.signs, &step));
        let open = executes.and(running.or(status("RETURNED").and(returned))).or(signs);
        self.here(column(request::Column::FinishedAt).is_null().and(open))
    }

    /// The request stands at a step that the role executes.
    pub(super) fn stands_at_step(&self) -> SimpleExpr {
        let executes = is_one_of(&self.executes, &column(request::Column::Step));
        self.here(column(request::Column::FinishedAt).is_null().and(executes))
    }

    /// A credential waits for the caller, who may read it.
    pub(super) fn to_reveal(&self, user: Uuid) -> SimpleExpr {
        let reveals = column(request::Column::Procedure).is_in(self.reveals.iter().map(String::as_str));
        self.here(is_recipient(user, Some("AVAILABLE")).and(reveals))
    }

    /// In the grant's office, and of its agency where it names one.
    fn here(&self, what: SimpleExpr) -> SimpleExpr {
        let office = column(request::Column::Office).eq(self.office.clone());
        match self.agency {
            None => office.and(what),
            Some(agency) => office.and(column(request::Column::AgencyId).eq(agency)).and(what),
        }
    }
}

impl Viewing {
    /// The requests that the caller sees as an official.
    pub(super) fn office_side(&self) -> SimpleExpr {
        any(self.scopes.iter().filter_map(|scope| {
            let open = column(request::Column::Confidentiality).is_not_in(["SECRET", "TOP_SECRET"]);
            let which = match scope.scope {
                Scope::Own | Scope::Agency => return None,
                Scope::All => None,
                Scope::Office => Some(open),
                Scope::Reached => Some(reached(&scope.steps)),
            };
            let office = column(request::Column::Office).eq(scope.office.clone());
            Some(match which {
                None => office,
                Some(which) => office.and(which),
            })
        }))
    }

    /// The requests that the caller sees as one of the agency that asked.
    pub(super) fn applicant_side(&self) -> SimpleExpr {
        any(self.scopes.iter().filter_map(|scope| {
            let office = column(request::Column::Office).eq(scope.office.clone());
            let agency = scope.agency.map(|agency| column(request::Column::AgencyId).eq(agency));
            let which = match (scope.scope, agency) {
                (Scope::Own, agency) => {
                    let mine = column(request::Column::SubmittedBy).eq(self.user);
                    // A request whose submitter has left its agency is anybody's there who may submit.
                    let orphaned = agency.map(|agency| agency.and(submitter_active(self.now).not()));
                    any([Some(mine), Some(is_recipient(self.user, None)), orphaned].into_iter().flatten())
                }
                (Scope::Agency, Some(agency)) => agency,
                _ => return None,
            };
            Some(office.and(which))
        }))
    }

    /// The requests that the caller sees.
    pub(super) fn visible(&self) -> SimpleExpr {
        self.office_side().or(self.applicant_side())
    }
}

/// A visit to one of the steps was made.
fn reached(steps: &[(String, String)]) -> SimpleExpr {
    let of = |column| Expr::col((visit::Entity, column));
    Expr::exists(
        Query::select()
            .expr(Expr::val(1))
            .from(visit::Entity)
            .and_where(of(visit::Column::RequestId).eq(column(request::Column::Id)))
            .and_where(is_one_of(steps, &of(visit::Column::Step)))
            .to_owned(),
    )
}
