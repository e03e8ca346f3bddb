//! Conditions on a request (visibility, inbox), each with two evaluations: in SQL for lists, on loaded facts for streams. A
//! property test compares the two.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::{agency, asset, credential, grant, request, user, visit};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, Value,
};
use uuid::Uuid;

use crate::access::{Capacity, Confidentiality};
use crate::store::database::one_of;
use crate::store::validity::is_active;
use crate::store::{CredentialState, Store, StoreError};
use crate::workflow::Status;

/// The submitters of agencies: holders of a role with the right to submit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Submitters(
    /// Each by itself suffices.
    pub Vec<Submits>,
);

/// The right of one role to submit in one office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submits {
    /// The office's key.
    pub office: String,
    /// The role's key.
    pub role: String,
    /// Only definitive holders.
    pub definitively: bool,
    /// The keys of the procedures.
    pub procedures: Vec<String>,
}

/// Requests that wait at a step: of an office, or of one of its agencies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    /// The office's key.
    pub office: String,
    /// The procedure's key.
    pub procedure: String,
    /// The step's key.
    pub step: String,
    /// The agency; none for all agencies.
    pub agency: Option<Uuid>,
}

/// A condition on a request.
#[derive(Debug, Clone)]
pub enum RequestCondition {
    /// Both hold.
    And(Box<RequestCondition>, Box<RequestCondition>),
    /// One of the two holds, or both.
    Or(Box<RequestCondition>, Box<RequestCondition>),
    /// It holds for none.
    Never,
    /// It holds for all.
    Always,
    /// One of these requests.
    OneOf(Arc<Vec<Uuid>>),
    /// Of the office of this key.
    Office(String),
    /// Asked by this agency.
    Agency(Uuid),
    /// Submitted by this person.
    SubmittedBy(Uuid),
    /// Its submitter may no longer submit it for its agency.
    SubmitterGone(Arc<Submitters>),
    /// By one of the procedures of these keys.
    Procedures(Vec<String>),
    /// In this phase of its life.
    Status(Status),
    /// It has not ended.
    Unfinished,
    /// The step under way can be executed.
    Executable,
    /// A document waits for its signer.
    Signable,
    /// Neither secret nor top secret.
    Open,
    /// It stands at one of these steps, each with its procedure.
    AtStep(Vec<(String, String)>),
    /// One of these steps was visited, each with its procedure.
    Reached(Vec<(String, String)>),
    /// This person has ended none of these steps, in any pass.
    NotEndedBy {
        /// The person.
        user: Uuid,
        /// The steps.
        steps: Vec<String>,
    },
    /// This person is the recipient of the credential of its delivered asset.
    Recipient {
        /// The person.
        user: Uuid,
        /// And it is in this state.
        state: Option<CredentialState>,
    },
}

/// The facts of a request for the evaluation of conditions.
#[derive(Debug, Clone)]
pub struct RequestFacts {
    /// Its row.
    pub row: request::Model,
    /// Its submitter may still submit it for its agency.
    pub submitter_active: bool,
    /// The visited steps, each with the performer at its end.
    visited: Vec<(String, Option<Uuid>)>,
    /// The recipient and the state of its delivered asset's credential.
    recipient: Option<(Uuid, String)>,
}

#[cfg(test)]
impl RequestFacts {
    /// Facts of a request without content, for tests.
    pub(crate) fn for_tests(id: Uuid) -> Self {
        let at = DateTime::UNIX_EPOCH;
        let row = request::Model {
            id,
            number: String::new(),
            office: String::new(),
            procedure: String::new(),
            procedure_version: 1,
            agency_id: id,
            submitted_by: id,
            letter_number: String::new(),
            letter_date: at.date_naive(),
            confidentiality: String::new(),
            search: String::new(),
            status: String::new(),
            reason: None,
            step: None,
            executable: false,
            signable: false,
            waiting_since: None,
            due_at: None,
            version: 1,
            submitted_at: at,
            updated_at: at,
            finished_at: None,
            state: "{}".to_owned(),
            last_sequence: 0,
            last_mac: Vec::new(),
            row_mac: Vec::new(),
        };
        Self { row, submitter_active: true, visited: Vec::new(), recipient: None }
    }
}

impl RequestCondition {
    /// Both.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, one) | (one, Self::Always) => one,
            (one, other) if one.is_never() || other.is_never() => Self::Never,
            (one, other) => {
                let (first, second) = cheap_first(one, other);
                Self::And(Box::new(first), Box::new(second))
            }
        }
    }

    /// Either.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, _) | (_, Self::Always) => Self::Always,
            (never, one) | (one, never) if never.is_never() => one,
            (one, other) => {
                let (first, second) = cheap_first(one, other);
                Self::Or(Box::new(first), Box::new(second))
            }
        }
    }

    /// Returns true for a condition that holds for no request at all. Folded away: a planner that meets it as a parameter scans.
    pub(in crate::store) fn is_never(&self) -> bool {
        match self {
            Self::Never => true,
            Self::AtStep(pairs) | Self::Reached(pairs) => pairs.is_empty(),
            Self::Procedures(procedures) => procedures.is_empty(),
            Self::OneOf(requests) => requests.is_empty(),
            _ => false,
        }
    }

    /// Returns true for a condition on other tables than the request's own row, or on a part of a text in it.
    fn is_costly(&self) -> bool {
        match self {
            Self::And(one, other) | Self::Or(one, other) => one.is_costly() || other.is_costly(),
            Self::SubmitterGone(_) | Self::Reached(_) | Self::NotEndedBy { .. } | Self::Recipient { .. } => true,
            _ => false,
        }
    }

    /// Returns true for a condition on the counted columns alone ([`request_counts`](crate::store::request_counts)): those of the
    /// request's own row that many requests share.
    pub(in crate::store) fn is_counted(&self) -> bool {
        match self {
            Self::And(one, other) | Self::Or(one, other) => one.is_counted() && other.is_counted(),
            Self::OneOf(_) | Self::NotEndedBy { .. } | Self::Recipient { .. } => false,
            _ => true,
        }
    }

    /// What is left of the condition for requests that wait at a step.
    pub(in crate::store) fn at(&self, turn: &Turn) -> Self {
        let known = |holds: bool| if holds { Self::Always } else { Self::Never };
        let is_one_of = |pairs: &[(String, String)]| {
            pairs.iter().any(|(procedure, step)| *procedure == turn.procedure && *step == turn.step)
        };
        match self {
            Self::And(one, other) => one.at(turn).and(other.at(turn)),
            Self::Or(one, other) => one.at(turn).or(other.at(turn)),
            Self::Office(office) => known(*office == turn.office),
            Self::Agency(agency) if turn.agency.is_some() => known(turn.agency == Some(*agency)),
            Self::Procedures(procedures) => known(procedures.contains(&turn.procedure)),
            Self::Unfinished => Self::Always,
            Self::AtStep(pairs) => known(is_one_of(pairs)),
            // A request has visited the step at which it stands.
            Self::Reached(pairs) if is_one_of(pairs) => Self::Always,
            other => other.clone(),
        }
    }

    /// Any of them; without any, none: deny is the default.
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        conditions.into_iter().reduce(Self::or).unwrap_or(Self::Never)
    }

    /// Evaluates the condition for a request.
    pub fn holds(&self, about: &RequestFacts) -> bool {
        let row = &about.row;
        let is_one_of = |pairs: &[(String, String)], is_at: &dyn Fn(&str) -> bool| {
            pairs.iter().any(|(procedure, step)| *procedure == row.procedure && is_at(step))
        };
        match self {
            Self::And(one, other) => one.holds(about) && other.holds(about),
            Self::Or(one, other) => one.holds(about) || other.holds(about),
            Self::Never => false,
            Self::Always => true,
            Self::OneOf(requests) => requests.contains(&row.id),
            Self::Office(office) => row.office == *office,
            Self::Agency(agency) => row.agency_id == *agency,
            Self::SubmittedBy(user) => row.submitted_by == *user,
            Self::SubmitterGone(_) => !about.submitter_active,
            Self::Procedures(procedures) => procedures.contains(&row.procedure),
            Self::Status(status) => row.status == status.word(),
            Self::Unfinished => row.finished_at.is_none(),
            Self::Executable => row.executable,
            Self::Signable => row.signable,
            Self::Open => !closed().contains(&row.confidentiality.as_str()),
            Self::AtStep(pairs) => is_one_of(pairs, &|step| row.step.as_deref() == Some(step)),
            Self::Reached(pairs) => is_one_of(pairs, &|step| about.visited.iter().any(|(visited, _)| visited == step)),
            Self::NotEndedBy { user, steps } => {
                !about.visited.iter().any(|(step, by)| *by == Some(*user) && steps.contains(step))
            }
            Self::Recipient { user, state } => about.recipient.as_ref().is_some_and(|(recipient, current)| {
                recipient == user && state.is_none_or(|state| current == state.word())
            }),
        }
    }

    /// Builds the SQL condition on a row of `requests`. `now`: the time for grants in force.
    pub(in crate::store) fn sql<C: ConnectionTrait>(&self, connection: &C, now: DateTime<Utc>) -> SimpleExpr {
        match self {
            Self::And(one, other) => one.sql(connection, now).and(other.sql(connection, now)),
            Self::Or(one, other) => one.sql(connection, now).or(other.sql(connection, now)),
            Self::Never => never(),
            Self::Always => constant(true),
            Self::OneOf(requests) => one_of(connection, request::Column::Id, requests.iter().copied()),
            Self::Office(office) => column(request::Column::Office).eq(office.as_str()),
            Self::Agency(agency) => column(request::Column::AgencyId).eq(*agency),
            Self::SubmittedBy(user) => column(request::Column::SubmittedBy).eq(*user),
            Self::SubmitterGone(submitters) => submitter_active(submitters, now).not(),
            Self::Procedures(procedures) => {
                column(request::Column::Procedure).is_in(procedures.iter().map(String::as_str))
            }
            Self::Status(status) => column(request::Column::Status).eq(constant(status.word())),
            Self::Unfinished => column(request::Column::FinishedAt).is_null(),
            Self::Executable => column(request::Column::Executable).eq(constant(true)),
            Self::Signable => column(request::Column::Signable).eq(constant(true)),
            Self::Open => column(request::Column::Confidentiality).is_not_in(closed().map(constant)),
            Self::AtStep(pairs) => is_one_of(pairs),
            Self::Reached(pairs) => has_visited(pairs),
            Self::NotEndedBy { user, steps } => has_ended(*user, steps).not(),
            Self::Recipient { user, state } => is_recipient(*user, *state),
        }
    }
}

/// Orders two conditions: databases test them from left to right, and a column of `requests` costs less than a subquery.
fn cheap_first(one: RequestCondition, other: RequestCondition) -> (RequestCondition, RequestCondition) {
    if one.is_costly() && !other.is_costly() { (other, one) } else { (one, other) }
}

/// A word of the program's own, written into the statement: as a parameter it would hide from the planner how many rows have it.
pub(in crate::store) fn constant(value: impl Into<Value>) -> SimpleExpr {
    SimpleExpr::Constant(value.into())
}

/// The condition of no row.
fn never() -> SimpleExpr {
    Expr::cust("1 = 0")
}

/// The stored words of confidentialities hidden from the office and the agency at large.
fn closed() -> [&'static str; 2] {
    Confidentiality::CLOSED.map(Confidentiality::word)
}

fn column(column: request::Column) -> SimpleExpr {
    Expr::col((request::Entity, column))
}

/// The row's procedure is that of some of the pairs, under a condition on their steps.
fn by_procedure(pairs: &[(String, String)], at: impl Fn(Vec<&str>) -> SimpleExpr) -> SimpleExpr {
    let mut procedures: Vec<&String> = pairs.iter().map(|(procedure, _)| procedure).collect();
    procedures.sort();
    procedures.dedup();
    let at_procedure = |procedure: &String| {
        let steps = pairs.iter().filter(|(other, _)| other == procedure).map(|(_, step)| step.as_str());
        column(request::Column::Procedure).eq(procedure.as_str()).and(at(steps.collect()))
    };
    procedures.into_iter().map(at_procedure).reduce(SimpleExpr::or).unwrap_or_else(never)
}

/// The row's procedure and step are one of the pairs.
fn is_one_of(pairs: &[(String, String)]) -> SimpleExpr {
    by_procedure(pairs, |steps| column(request::Column::Step).is_in(steps))
}

/// One of the steps was visited: by the row's own column, JSON of the state with each visited step as a key.
fn has_visited(pairs: &[(String, String)]) -> SimpleExpr {
    let visited = Expr::col((request::Entity, Alias::new("visited")));
    let has = |step: &str| contains(&visited, &format!("{}:", serde_json::Value::from(step)));
    by_procedure(pairs, |steps| steps.into_iter().map(has).reduce(SimpleExpr::or).unwrap_or_else(never))
}

/// A text has another in it, letter by letter, on either database. The planner takes it for a condition that most rows fulfil.
pub(in crate::store) fn contains(text: &SimpleExpr, part: &str) -> SimpleExpr {
    let without = Func::cust(Alias::new("replace")).arg(text.clone()).arg(part).arg(constant(""));
    Expr::expr(without).ne(text.clone())
}

/// A person has ended a visit to one of the steps.
fn has_ended(user: Uuid, steps: &[String]) -> SimpleExpr {
    let visit = |column| Expr::col((visit::Entity, column));
    Expr::exists(
        Query::select()
            .expr(Expr::cust("1"))
            .from(visit::Entity)
            .and_where(visit(visit::Column::RequestId).eq(column(request::Column::Id)))
            .and_where(visit(visit::Column::ActorUser).eq(user))
            .and_where(visit(visit::Column::Step).is_in(steps.iter().map(String::as_str)))
            .to_owned(),
    )
}

/// Condition: the request's submitter may still submit it for its agency.
pub(in crate::store) fn submitter_active(submitters: &Submitters, now: DateTime<Utc>) -> SimpleExpr {
    let grant = |column| Expr::col((grant::Entity, column));
    let submits = |submits: &Submits| {
        let role =
            grant(grant::Column::Office).eq(submits.office.as_str()).and(grant(grant::Column::Role).eq(&*submits.role));
        let role = match submits.definitively {
            true => role.and(grant(grant::Column::Capacity).eq(constant(Capacity::Definitive.word()))),
            false => role,
        };
        role.and(column(request::Column::Procedure).is_in(submits.procedures.iter().map(String::as_str)))
    };
    let submits = submitters.0.iter().map(submits).reduce(SimpleExpr::or).unwrap_or_else(never);
    Expr::exists(
        Query::select()
            .expr(Expr::cust("1"))
            .from(grant::Entity)
            .and_where(grant(grant::Column::UserId).eq(column(request::Column::SubmittedBy)))
            .and_where(grant(grant::Column::AgencyId).eq(column(request::Column::AgencyId)))
            .and_where(grant(grant::Column::Office).eq(column(request::Column::Office)))
            .and_where(grant(grant::Column::ValidFrom).lte(now))
            .and_where(grant(grant::Column::ValidUntil).is_null().or(grant(grant::Column::ValidUntil).gt(now)))
            .and_where(is_active(grant(grant::Column::UserId)))
            .and_where(submits)
            .to_owned(),
    )
}

/// Condition: a person is the recipient of the credential of the request's delivered asset. `state`: with the credential in
/// that state.
fn is_recipient(user: Uuid, state: Option<CredentialState>) -> SimpleExpr {
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
        theirs.and_where(Expr::col((credential::Entity, credential::Column::State)).eq(constant(state.word())));
    }
    column(request::Column::Id).in_subquery(theirs)
}

/// A row with the present right of its submitter.
struct WithSubmitter(request::Model, bool);

impl FromQueryResult for WithSubmitter {
    fn from_query_result(result: &sea_orm::QueryResult, prefix: &str) -> Result<Self, sea_orm::DbErr> {
        Ok(Self(request::Model::from_query_result(result, prefix)?, result.try_get(prefix, "submitter_active")?))
    }
}

/// Returns the secret requests in status returned, by number: number, the keys of office, procedure and agency, and the
/// submitter's username.
pub async fn returned_in_secret<C: ConnectionTrait>(
    connection: &C,
) -> Result<Vec<(String, String, String, String, String)>, StoreError> {
    let agency = request::Entity::belongs_to(agency::Entity).from(request::Column::AgencyId).to(agency::Column::Id);
    let submitter = request::Entity::belongs_to(user::Entity).from(request::Column::SubmittedBy).to(user::Column::Id);
    let query = request::Entity::find()
        .select_only()
        .columns([request::Column::Number, request::Column::Office, request::Column::Procedure])
        .column(agency::Column::Key)
        .column(user::Column::Username)
        .join(JoinType::InnerJoin, agency.into())
        .join(JoinType::InnerJoin, submitter.into())
        .filter(request::Column::Status.eq(Status::Returned.word()))
        .filter(request::Column::Confidentiality.is_in(closed()))
        .order_by_asc(request::Column::Number);
    Ok(query.into_tuple().all(connection).await?)
}

/// Returns the facts of requests for the evaluation of conditions. Does not check visibility.
pub async fn request_facts(
    store: &Store,
    ids: &[Uuid],
    submitters: &Submitters,
    now: DateTime<Utc>,
) -> Result<HashMap<Uuid, RequestFacts>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let reader = store.reader();
    let rows = request::Entity::find()
        .expr_as(submitter_active(submitters, now), "submitter_active")
        .filter(one_of(reader, request::Column::Id, ids.iter().copied()))
        .into_model::<WithSubmitter>()
        .all(reader);
    let visits = visit::Entity::find()
        .select_only()
        .columns([visit::Column::RequestId, visit::Column::Step, visit::Column::ActorUser])
        .filter(one_of(reader, visit::Column::RequestId, ids.iter().copied()))
        .distinct()
        .into_tuple::<(Uuid, String, Option<Uuid>)>()
        .all(reader);
    let recipients = asset::Entity::find()
        .select_only()
        .column(asset::Column::RequestId)
        .columns([credential::Column::RecipientId, credential::Column::State])
        .join(
            JoinType::InnerJoin,
            asset::Entity::belongs_to(credential::Entity)
                .from(asset::Column::Id)
                .to(credential::Column::AssetId)
                .into(),
        )
        .filter(one_of(reader, asset::Column::RequestId, ids.iter().copied()))
        .filter(asset::Column::DeliveredAt.is_not_null())
        .into_tuple::<(Uuid, Uuid, String)>()
        .all(reader);
    let (rows, visits, recipients) = tokio::try_join!(rows, visits, recipients)?;
    let mut found: HashMap<Uuid, RequestFacts> = rows
        .into_iter()
        .map(|WithSubmitter(row, submitter_active)| {
            (row.id, RequestFacts { row, submitter_active, visited: Vec::new(), recipient: None })
        })
        .collect();
    for (request, step, by) in visits {
        if let Some(about) = found.get_mut(&request) {
            about.visited.push((step, by));
        }
    }
    for (request, user, state) in recipients {
        if let Some(about) = found.get_mut(&request) {
            about.recipient = Some((user, state));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sea_orm::IntoActiveModel;

    use super::*;
    use crate::access::Seen;
    use crate::store::{
        self, Order, OrderField, Page, Paging, RequestFilter, RoleStep, SeenRequest, Viewing, ViewingScope, Waiting,
    };

    /// Few ids, for frequent matches.
    fn id(number: u8) -> Uuid {
        Uuid::from_u128(u128::from(number))
    }

    fn moment() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::TimeDelta::days(100)
    }

    const OFFICES: [&str; 2] = ["one", "two"];
    const PROCEDURES: [&str; 2] = ["a", "b"];
    const STEPS: [&str; 3] = ["1", "2", "3"];
    const STATUSES: [Status; 3] = [Status::InProgress, Status::Returned, Status::Completed];
    const LEVELS: [Confidentiality; 3] =
        [Confidentiality::Ordinary, Confidentiality::Secret, Confidentiality::TopSecret];

    /// The parts of a generated request.
    #[derive(Debug, Clone)]
    struct Made {
        office: usize,
        procedure: usize,
        agency: u8,
        submitter: u8,
        confidentiality: usize,
        status: usize,
        step: Option<usize>,
        flags: (bool, bool),
        visited: Vec<(usize, Option<u8>)>,
        /// Recipient; delivered; not read yet.
        credential: Option<(u8, bool, bool)>,
    }

    fn made() -> impl Strategy<Value = Made> {
        let place = (0..2_usize, 0..2_usize, 0..3_u8, 0..4_u8, 0..3_usize, 0..3_usize);
        let flags = (any::<bool>(), any::<bool>());
        let visited = prop::collection::vec((0..3_usize, prop::option::of(0..4_u8)), 0..3);
        let credential = prop::option::of((0..4_u8, any::<bool>(), any::<bool>()));
        (place, prop::option::of(0..3_usize), flags, visited, credential).prop_map(
            |(
                (office, procedure, agency, submitter, confidentiality, status),
                step,
                flags,
                mut visited,
                credential,
            )| {
                // A request has visited the step at which it stands.
                visited.extend(step.map(|step| (step, None)));
                Made { office, procedure, agency, submitter, confidentiality, status, step, flags, visited, credential }
            },
        )
    }

    fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
        let pair = (0..2_usize, 0..3_usize);
        prop::collection::vec(pair.prop_map(|(a, b)| (PROCEDURES[a].to_owned(), STEPS[b].to_owned())), 0..4)
    }

    fn turns() -> impl Strategy<Value = Vec<RoleStep>> {
        let other_than = prop::sample::subsequence(STEPS.to_vec(), 0..=2);
        let turn = ((0..2_usize, 0..3_usize), other_than).prop_map(|((procedure, step), other_than)| RoleStep {
            procedure: PROCEDURES[procedure].to_owned(),
            step: STEPS[step].to_owned(),
            other_than: other_than.into_iter().map(str::to_owned).collect(),
        });
        prop::collection::vec(turn, 0..4)
    }

    fn scope() -> impl Strategy<Value = ViewingScope> {
        use crate::access::Scope;
        let scopes = prop::sample::select(vec![Scope::Own, Scope::Agency, Scope::Reached, Scope::Office, Scope::All]);
        (0..2_usize, prop::option::of(0..3_u8), scopes, pairs()).prop_map(|(office, agency, scope, steps)| {
            ViewingScope { office: OFFICES[office].to_owned(), agency: agency.map(id), scope, steps, few: None }
        })
    }

    fn waiting() -> impl Strategy<Value = Waiting> {
        (0..2_usize, prop::option::of(0..3_u8), turns(), turns(), prop::sample::subsequence(PROCEDURES.to_vec(), 0..=2))
            .prop_map(|(office, agency, executes, signs, reveals)| Waiting {
                office: OFFICES[office].to_owned(),
                agency: agency.map(id),
                executes,
                signs,
                reveals: reveals.into_iter().map(str::to_owned).collect(),
            })
    }

    /// Grants: person, agency, office, in force, definitive.
    fn grants() -> impl Strategy<Value = Vec<(u8, u8, usize, bool, bool)>> {
        prop::collection::vec((0..4_u8, 0..3_u8, 0..2_usize, any::<bool>(), any::<bool>()), 0..6)
    }

    fn submitters() -> impl Strategy<Value = Submitters> {
        let procedures = prop::sample::subsequence(PROCEDURES.to_vec(), 0..=2);
        let submits = (0..2_usize, any::<bool>(), procedures).prop_map(|(office, definitively, procedures)| Submits {
            office: OFFICES[office].to_owned(),
            role: "r".to_owned(),
            definitively,
            procedures: procedures.into_iter().map(str::to_owned).collect(),
        });
        prop::collection::vec(submits, 0..3).prop_map(Submitters)
    }

    async fn fill(store: &Store, requests: &[Made], grants: &[(u8, u8, usize, bool, bool)]) {
        let transaction = store.begin().await.unwrap();
        for person in 0..4 {
            let row = entity::user::Model {
                id: id(person),
                username: format!("p{person}"),
                name: String::new(),
                nip: None,
                agency_id: None,
                password_hash: String::new(),
                created_at: moment(),
                // One has left altogether.
                deactivated_at: (person == 3).then(moment),
                office: None,
                language: None,
            };
            entity::user::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await.unwrap();
        }
        for (number, (person, agency, office, in_force, definitive)) in grants.iter().enumerate() {
            let day = chrono::TimeDelta::days(1);
            let row = grant::Model {
                id: id(u8::try_from(number).unwrap()),
                user_id: id(*person),
                office: OFFICES[*office].to_owned(),
                role: "r".to_owned(),
                agency_id: Some(id(*agency)),
                capacity: if *definitive { Capacity::Definitive } else { Capacity::Acting }.word().to_owned(),
                decree_number: None,
                on_behalf_of: None,
                valid_from: moment() - day,
                valid_until: if *in_force { Some(moment() + day) } else { Some(moment()) },
            };
            grant::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await.unwrap();
        }
        for (number, made) in requests.iter().enumerate() {
            let request = id(u8::try_from(number).unwrap());
            let visits: HashMap<&str, u8> = made.visited.iter().map(|(step, _)| (STEPS[*step], 1)).collect();
            let row = request::Model {
                number: number.to_string(),
                letter_number: number.to_string(),
                office: OFFICES[made.office].to_owned(),
                procedure: PROCEDURES[made.procedure].to_owned(),
                agency_id: id(made.agency),
                submitted_by: id(made.submitter),
                confidentiality: LEVELS[made.confidentiality].word().to_owned(),
                status: STATUSES[made.status].word().to_owned(),
                step: made.step.map(|step| STEPS[step].to_owned()),
                executable: made.flags.0,
                signable: made.flags.1,
                finished_at: STATUSES[made.status].is_end().then(moment),
                due_at: (number % 4 > 0).then(|| moment() + chrono::TimeDelta::hours(number as i64 % 3)),
                state: serde_json::json!({ "visits": visits }).to_string(),
                ..RequestFacts::for_tests(request).row
            };
            request::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await.unwrap();
            for (position, (step, by)) in made.visited.iter().enumerate() {
                let row = visit::Model {
                    id: Uuid::from_u128(1000 + (number * 10 + position) as u128),
                    request_id: request,
                    position: i32::try_from(position).unwrap(),
                    step: STEPS[*step].to_owned(),
                    visit: i32::try_from(position).unwrap(),
                    arrived_at: moment(),
                    due_at: None,
                    completed_at: None,
                    actor_user: by.map(id),
                    actor_role: None,
                    actor_capacity: None,
                    actor_for: None,
                    outcome: None,
                    note: None,
                };
                visit::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await.unwrap();
            }
            if let Some((recipient, delivered, available)) = made.credential {
                let row = asset::Model {
                    id: request,
                    request_id: request,
                    office: String::new(),
                    procedure: String::new(),
                    agency_id: request,
                    kind: String::new(),
                    name: number.to_string(),
                    unique_name: None,
                    status: String::new(),
                    attributes: String::new(),
                    created_at: moment(),
                    verified_at: None,
                    delivered_at: delivered.then(moment),
                    revoked_at: None,
                    revocation_reason: None,
                };
                asset::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await.unwrap();
                let row = credential::Model {
                    asset_id: request,
                    recipient_id: id(recipient),
                    state: if available { CredentialState::Available } else { CredentialState::Revealed }
                        .word()
                        .to_owned(),
                    sealed: None,
                    reveal_key: None,
                    revealed_at: None,
                    changed_at: moment(),
                };
                credential::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await.unwrap();
            }
        }
        transaction.commit().await.unwrap();
    }

    /// Returns the requests under a condition.
    async fn requests_matching(
        store: &Store,
        condition: &RequestCondition,
        now: DateTime<Utc>,
    ) -> Result<Vec<Uuid>, StoreError> {
        let query = request::Entity::find()
            .select_only()
            .column(request::Column::Id)
            .filter(condition.sql(store.reader(), now));
        Ok(query.into_tuple().all(store.reader()).await?)
    }

    /// All pages of a list.
    async fn pages<F: AsyncFn(Paging) -> (Page<Seen<SeenRequest>>, Option<u64>)>(
        order: Order,
        read: F,
    ) -> (Vec<Uuid>, u64) {
        let (mut all, mut paging) = (Vec::new(), Paging { limit: 3, ..Paging::default() });
        loop {
            let (page, total) = read(paging.clone()).await;
            all.extend(page.rows.iter().map(|seen| seen.row.id));
            match page.rows.last() {
                Some(last) if page.more => paging.after = Some(order.place(&last.row)),
                _ => return (all, total.unwrap()),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

        #[test]
        fn a_stream_sees_what_a_list_shows(
            requests in prop::collection::vec(made(), 20),
            grants in grants(),
            scopes in prop::collection::vec(scope(), 0..4),
            waiting in prop::collection::vec(waiting(), 0..3),
            submitters in submitters(),
            user in 0..4_u8,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let folder = tempfile::tempdir().unwrap();
                let place = crate::store::DatabaseLocation::Sqlite(folder.path().join("test.db"));
                let store = Store::open(&place, std::sync::Arc::new(|_| [0; 32]), crate::random::Random::system()).await.unwrap();
                fill(&store, &requests, &grants).await;
                let viewing = Viewing { user: id(user), now: moment(), offices: Vec::new(), scopes, submitters: Arc::new(submitters), check: None };
                let ids: Vec<Uuid> = (0..requests.len()).map(|number| id(u8::try_from(number).unwrap())).collect();
                let about = request_facts(&store, &ids, &viewing.submitters, moment()).await.unwrap();
                for condition in [
                    viewing.office_side(),
                    viewing.applicant_side(),
                    viewing.inbox(&waiting, None),
                    viewing.inbox(&waiting, Some("one")),
                    RequestCondition::any(waiting.iter().map(Waiting::stands_at_step)),
                ] {
                    let mut listed = requests_matching(&store, &condition, moment()).await.unwrap();
                    listed.sort();
                    let seen: Vec<Uuid> = ids.iter().filter(|id| condition.holds(&about[*id])).copied().collect();
                    assert_eq!(listed, seen, "{condition:?}");
                }
                // The inbox is read in parts, and counted from kept counts.
                let order = Order { field: OrderField::DueAt, descending: false };
                for office in [None, Some("one")] {
                    let condition = viewing.inbox(&waiting, office);
                    let mut expected: Vec<&RequestFacts> = about.values().filter(|about| condition.holds(about)).collect();
                    expected.sort_by_key(|about| (about.row.due_at.is_none(), about.row.due_at, about.row.id));
                    let expected: Vec<Uuid> = expected.into_iter().map(|about| about.row.id).collect();
                    let page = async |paging| store::inbox_page(&store, &viewing, &waiting, office, &paging, true).await.unwrap();
                    let (listed, total) = pages(order, page).await;
                    assert_eq!((total, listed), (expected.len() as u64, expected.clone()), "{condition:?}");
                    let all = store::inbox_requests(&store, &viewing, &waiting, office).await.unwrap();
                    assert_eq!(all, expected.into_iter().collect());
                }
                // So are lists, under filters.
                let some = |text: &str| Some(text.to_owned());
                for filter in [
                    RequestFilter::default(),
                    RequestFilter { office: some("two"), ..RequestFilter::default() },
                    RequestFilter { step: some("2"), ..RequestFilter::default() },
                    RequestFilter { step: some(""), ..RequestFilter::default() },
                    RequestFilter { status: Some([Status::Returned].into()), ..RequestFilter::default() },
                    RequestFilter { awaiting: Some(waiting.clone()), ..RequestFilter::default() },
                ] {
                    let page = async |paging| {
                        store::requests_page(&store, &viewing, &filter, order, &paging, true).await.unwrap()
                    };
                    let (listed, total) = pages(order, page).await;
                    assert_eq!(total, listed.len() as u64, "{filter:?}");
                    let visible = viewing.visible();
                    let holds = |about: &RequestFacts| visible.holds(about)
                        && filter.office.as_ref().is_none_or(|office| about.row.office == *office)
                        && filter.step.as_ref().is_none_or(|step| about.row.step.as_ref() == Some(step))
                        && filter.status.as_ref().is_none_or(|_| about.row.status == Status::Returned.word());
                    if filter.awaiting.is_none() {
                        assert_eq!(listed.len(), about.values().filter(|about| holds(about)).count(), "{filter:?}");
                    }
                }
            });
        }
    }
}
