//! Conditions on a request, each said once and asked in two ways: of the database, for lists, and of what is known of one
//! request, for streams. A test holds the two against each other.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{asset, credential, grant, request, visit};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::people::is_active;
use super::{Store, StoreError};

/// A condition on a request.
#[derive(Debug, Clone)]
pub enum Condition {
    /// Both hold.
    And(Box<Condition>, Box<Condition>),
    /// One of the two holds, or both.
    Or(Box<Condition>, Box<Condition>),
    /// It holds for none.
    Never,
    /// Of the office of this key.
    Office(String),
    /// Asked by this agency.
    Agency(Uuid),
    /// Submitted by this person.
    SubmittedBy(Uuid),
    /// Its submitter holds no grant in its agency now.
    SubmitterGone,
    /// By one of the procedures of these keys.
    Procedures(Vec<String>),
    /// In this phase of its life.
    Status(&'static str),
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
    /// This person is the recipient of the credential of its asset, once that is delivered.
    Recipient {
        /// The person.
        user: Uuid,
        /// And it is in this state.
        state: Option<&'static str>,
    },
}

/// What is known of a request: all that conditions ask.
#[derive(Debug, Clone)]
pub struct About {
    /// Its row.
    pub row: request::Model,
    /// Its submitter holds a grant in its agency.
    pub submitter_active: bool,
    /// The steps that were visited.
    visited: Vec<String>,
    /// The recipient of its delivered asset's credential, and that credential's state.
    recipient: Option<(Uuid, String)>,
}

#[cfg(test)]
impl About {
    /// What is known of a request of that id of which nothing matters.
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
            state: String::new(),
            last_sequence: 0,
            last_mac: Vec::new(),
            row_mac: Vec::new(),
        };
        Self { row, submitter_active: true, visited: Vec::new(), recipient: None }
    }
}

impl Condition {
    /// Both.
    pub fn and(self, other: Self) -> Self {
        Self::And(Box::new(self), Box::new(other))
    }

    /// Either.
    pub fn or(self, other: Self) -> Self {
        Self::Or(Box::new(self), Box::new(other))
    }

    /// Any of them; none where there are none: deny is the default.
    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        conditions.into_iter().reduce(Self::or).unwrap_or(Self::Never)
    }

    /// Whether it holds for a request.
    pub fn holds(&self, about: &About) -> bool {
        let row = &about.row;
        let is_one_of = |pairs: &[(String, String)], is_at: &dyn Fn(&str) -> bool| {
            pairs.iter().any(|(procedure, step)| *procedure == row.procedure && is_at(step))
        };
        match self {
            Self::And(one, other) => one.holds(about) && other.holds(about),
            Self::Or(one, other) => one.holds(about) || other.holds(about),
            Self::Never => false,
            Self::Office(office) => row.office == *office,
            Self::Agency(agency) => row.agency_id == *agency,
            Self::SubmittedBy(user) => row.submitted_by == *user,
            Self::SubmitterGone => !about.submitter_active,
            Self::Procedures(procedures) => procedures.contains(&row.procedure),
            Self::Status(status) => row.status == *status,
            Self::Unfinished => row.finished_at.is_none(),
            Self::Executable => row.executable,
            Self::Signable => row.signable,
            Self::Open => !CLOSED.contains(&row.confidentiality.as_str()),
            Self::AtStep(pairs) => is_one_of(pairs, &|step| row.step.as_deref() == Some(step)),
            Self::Reached(pairs) => is_one_of(pairs, &|step| about.visited.iter().any(|visited| visited == step)),
            Self::Recipient { user, state } => {
                about.recipient.as_ref().is_some_and(|(of, is)| of == user && state.is_none_or(|state| is == state))
            }
        }
    }

    /// The same of a row of `requests`. `now`: the moment that grants are judged at.
    pub(super) fn sql(&self, now: DateTime<Utc>) -> SimpleExpr {
        match self {
            Self::And(one, other) => one.sql(now).and(other.sql(now)),
            Self::Or(one, other) => one.sql(now).or(other.sql(now)),
            Self::Never => Expr::val(1).eq(0),
            Self::Office(office) => column(request::Column::Office).eq(office.as_str()),
            Self::Agency(agency) => column(request::Column::AgencyId).eq(*agency),
            Self::SubmittedBy(user) => column(request::Column::SubmittedBy).eq(*user),
            Self::SubmitterGone => submitter_active(now).not(),
            Self::Procedures(procedures) => {
                column(request::Column::Procedure).is_in(procedures.iter().map(String::as_str))
            }
            Self::Status(status) => column(request::Column::Status).eq(*status),
            Self::Unfinished => column(request::Column::FinishedAt).is_null(),
            Self::Executable => column(request::Column::Executable).eq(true),
            Self::Signable => column(request::Column::Signable).eq(true),
            Self::Open => column(request::Column::Confidentiality).is_not_in(CLOSED),
            Self::AtStep(pairs) => is_one_of(pairs, &column(request::Column::Step)),
            Self::Reached(pairs) => was_visited(pairs),
            Self::Recipient { user, state } => is_recipient(*user, *state),
        }
    }
}

/// How confidential a request is that the office at large does not see.
const CLOSED: [&str; 2] = ["SECRET", "TOP_SECRET"];

fn column(column: request::Column) -> SimpleExpr {
    Expr::col((request::Entity, column))
}

/// The row's procedure and `step` are one of the pairs.
fn is_one_of(pairs: &[(String, String)], step: &SimpleExpr) -> SimpleExpr {
    let mut procedures: Vec<&String> = pairs.iter().map(|(procedure, _)| procedure).collect();
    procedures.sort();
    procedures.dedup();
    let of = |procedure: &String| {
        let steps = pairs.iter().filter(|(of, _)| of == procedure).map(|(_, step)| step.clone());
        column(request::Column::Procedure).eq(procedure.clone()).and(step.clone().is_in(steps))
    };
    procedures.into_iter().map(of).reduce(|one, other| one.or(other)).unwrap_or_else(|| Expr::val(1).eq(0))
}

/// A visit to one of the steps was made.
fn was_visited(pairs: &[(String, String)]) -> SimpleExpr {
    let of = |column| Expr::col((visit::Entity, column));
    Expr::exists(
        Query::select()
            .expr(Expr::val(1))
            .from(visit::Entity)
            .and_where(of(visit::Column::RequestId).eq(column(request::Column::Id)))
            .and_where(is_one_of(pairs, &of(visit::Column::Step)))
            .to_owned(),
    )
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

/// A person is the recipient of the credential of the request's asset, once that is delivered. `state`: and it is in that
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

/// A row with whether its submitter holds a grant in its agency.
struct WithSubmitter(request::Model, bool);

impl FromQueryResult for WithSubmitter {
    fn from_query_result(result: &sea_orm::QueryResult, prefix: &str) -> Result<Self, sea_orm::DbErr> {
        Ok(Self(request::Model::from_query_result(result, prefix)?, result.try_get(prefix, "submitter_active")?))
    }
}

/// The requests for which a condition holds.
pub async fn requests_that(store: &Store, condition: &Condition, now: DateTime<Utc>) -> Result<Vec<Uuid>, StoreError> {
    let query = request::Entity::find().select_only().column(request::Column::Id).filter(condition.sql(now));
    Ok(query.into_tuple().all(store.reader()).await?)
}

/// What conditions ask of those requests, whoever may see them.
pub async fn about_requests(
    store: &Store,
    ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<HashMap<Uuid, About>, StoreError> {
    let reader = store.reader();
    let rows = request::Entity::find()
        .expr_as(submitter_active(now), "submitter_active")
        .filter(request::Column::Id.is_in(ids.iter().copied()))
        .into_model::<WithSubmitter>()
        .all(reader);
    let visits = visit::Entity::find()
        .select_only()
        .columns([visit::Column::RequestId, visit::Column::Step])
        .filter(visit::Column::RequestId.is_in(ids.iter().copied()))
        .distinct()
        .into_tuple::<(Uuid, String)>()
        .all(reader);
    let recipients = asset::Entity::find()
        .select_only()
        .column(asset::Column::RequestId)
        .columns([credential::Column::RecipientId, credential::Column::State])
        .join(
            sea_orm::JoinType::InnerJoin,
            asset::Entity::belongs_to(credential::Entity)
                .from(asset::Column::Id)
                .to(credential::Column::AssetId)
                .into(),
        )
        .filter(asset::Column::RequestId.is_in(ids.iter().copied()))
        .filter(asset::Column::DeliveredAt.is_not_null())
        .into_tuple::<(Uuid, Uuid, String)>()
        .all(reader);
    let (rows, visits, recipients) = tokio::try_join!(rows, visits, recipients)?;
    let mut found: HashMap<Uuid, About> = rows
        .into_iter()
        .map(|WithSubmitter(row, submitter_active)| {
            (row.id, About { row, submitter_active, visited: Vec::new(), recipient: None })
        })
        .collect();
    for (request, step) in visits {
        if let Some(about) = found.get_mut(&request) {
            about.visited.push(step);
        }
    }
    for (request, user, state) in recipients {
        if let Some(about) = found.get_mut(&request) {
            about.recipient = Some((user, state));
        }
    }
    Ok(found)
}
