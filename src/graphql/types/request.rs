//! Requests and what hangs on them.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use entity::{disposition, disposition_read, document, signature, submission, visit};

use super::asset::Asset;
use super::closed::ClosedAction;
use super::date::Date;
use super::event::RequestEventConnection;
use super::json::Json;
use super::moment::Moment;
use super::page::{Arguments, connection, page};
use super::procedure::{Outcome, Procedure, RecordKind, Step};
use super::who::{Actor, Agency, Contact, Role, RoleGrant, User, agency, person, role};
use crate::access::{Field, Performed, Seen, Side};
use crate::graphql::loaders::{
    AssetsOf, CredentialOf, DispositionsOf, DocumentsOf, PeopleOf, ReadsOf, RequestOf, SignaturesOf, SubmissionsOf,
    VisitsOf,
};
use crate::graphql::session::{caller, event_cursor, service, session};
use crate::graphql::{error, id};
use crate::service::{Available, AvailableKind, ProcedureEntry};
use crate::store::{SeenRequest, performed};

/// The enum value of a stored word.
pub(in crate::graphql) fn word<T: async_graphql::resolver_utils::EnumType>(word: &str) -> Result<T> {
    let found = T::items().iter().find(|item| item.name == word).map(|item| item.value);
    found.ok_or_else(|| error::damaged("a stored word is unknown"))
}

/// The word that stores an enum value.
pub(in crate::graphql) fn stored<T: async_graphql::resolver_utils::EnumType>(value: T) -> String {
    T::items().iter().find(|item| item.value == value).map(|item| item.name.to_owned()).unwrap_or_default()
}

/// In which phase of its life a request is.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum RequestStatus {
    /// It waits for an official.
    InProgress,
    /// It waits for its submitter, to whom it was sent back.
    Returned,
    /// It ended with the service given.
    Completed,
    /// It ended with the service refused.
    Rejected,
    /// It ended by its submitter.
    Withdrawn,
}

/// How confidential a letter is (sifat).
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::graphql) enum Confidentiality {
    /// Biasa.
    #[default]
    Ordinary,
    /// Terbatas.
    Restricted,
    /// Rahasia.
    Secret,
    /// Sangat rahasia.
    TopSecret,
}

/// How urgent a disposition is.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::graphql) enum Urgency {
    /// Biasa.
    #[default]
    Normal,
    /// Segera.
    Urgent,
    /// Sangat segera.
    VeryUrgent,
}

/// A signer's decision.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum SignDecision {
    /// Signed.
    Sign,
    /// Refused, with a note.
    Refuse,
}

/// What may be done to a request or its asset.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "AvailableKind")]
pub(in crate::graphql) enum ActionKind {
    /// `executeStep`.
    ExecuteStep,
    /// `resubmitRequest`.
    Resubmit,
    /// `signDocument`.
    SignDocument,
    /// `withdrawRequest`.
    Withdraw,
    /// `revealCredential`.
    RevealCredential,
    /// `reissueCredential`.
    ReissueCredential,
    /// `revokeAsset`.
    RevokeAsset,
}

/// What is decided on when it is asked what somebody may do to a request.
struct Basis {
    documents: Vec<document::Model>,
    asset: Option<entity::asset::Model>,
    credential: Option<entity::credential::Model>,
    performed: Option<Performed>,
}

impl Basis {
    fn held(&self) -> Option<(&entity::asset::Model, Option<&entity::credential::Model>)> {
        self.asset.as_ref().map(|asset| (asset, self.credential.as_ref()))
    }
}

/// One run of a procedure.
#[derive(Clone)]
pub(in crate::graphql) struct Request(pub(in crate::graphql) Arc<Seen<SeenRequest>>);

connection!(
    /// A page of requests.
    RequestConnection, RequestEdge, Request
);

impl Request {
    fn row(&self) -> &entity::request::Model {
        &self.0.row
    }

    /// Whether the caller reads a field of it that needs a line of its own.
    pub(in crate::graphql) fn reads(&self, context: &Context<'_>, field: Field) -> bool {
        let (Ok(service), Ok(caller)) = (service(context), caller(context)) else { return false };
        service.reads(caller, &**self.0, field)
    }

    fn is_office(&self) -> bool {
        self.0.side() == Side::Office
    }

    pub(in crate::graphql) fn entry<'a>(&self, context: &Context<'a>) -> Result<&'a Arc<ProcedureEntry>> {
        service(context)?.entry_of(self.row()).map_err(error::of)
    }

    async fn submissions_loaded(&self, context: &Context<'_>) -> Result<Vec<submission::Model>> {
        let loaded = session(context)?.loader().load_one(SubmissionsOf(self.row().id)).await;
        Ok(loaded.map_err(error::load)?.unwrap_or_default())
    }

    async fn latest_submission(&self, context: &Context<'_>) -> Result<submission::Model> {
        let latest = self.submissions_loaded(context).await?.pop();
        latest.ok_or_else(|| error::damaged("a request has no submission"))
    }

    async fn visits_loaded(&self, context: &Context<'_>) -> Result<Vec<visit::Model>> {
        let loaded = session(context)?.loader().load_one(VisitsOf(self.row().id)).await;
        Ok(loaded.map_err(error::load)?.unwrap_or_default())
    }

    async fn documents_loaded(&self, context: &Context<'_>) -> Result<Vec<document::Model>> {
        let loaded = session(context)?.loader().load_one(DocumentsOf(self.row().id)).await;
        Ok(loaded.map_err(error::load)?.unwrap_or_default())
    }

    async fn assets_loaded(&self, context: &Context<'_>) -> Result<Vec<entity::asset::Model>> {
        let loaded = session(context)?.loader().load_one(AssetsOf(self.row().id)).await;
        Ok(loaded.map_err(error::load)?.unwrap_or_default())
    }

    async fn credential(&self, context: &Context<'_>, asset: uuid::Uuid) -> Result<Option<entity::credential::Model>> {
        let loaded = session(context)?.loader().load_one(CredentialOf(asset)).await;
        Ok(loaded.map_err(error::load)?.and_then(|mut rows| rows.pop()))
    }

    /// Since when its credential is as it is; none where there is none.
    pub(in crate::graphql) async fn credential_since(&self, context: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        match self.assets_loaded(context).await?.pop() {
            None => Ok(None),
            Some(asset) => Ok(self.credential(context, asset.id).await?.map(|held| held.changed_at)),
        }
    }

    /// What is decided on when it is asked what the caller may do to it.
    async fn basis(&self, context: &Context<'_>) -> Result<Basis> {
        let documents = self.documents_loaded(context).await?;
        let asset = self.assets_loaded(context).await?.pop();
        let credential = match &asset {
            None => None,
            Some(asset) => self.credential(context, asset.id).await?,
        };
        let performed = match caller(context)?.policy().separates(&self.0.row.office) {
            true => Some(performed(&self.visits_loaded(context).await?)),
            false => None,
        };
        Ok(Basis { documents, asset, credential, performed })
    }

    fn available(&self, context: &Context<'_>, basis: &Basis) -> Result<Vec<Available>> {
        let Basis { documents, performed, .. } = basis;
        let found = service(context)?.available(caller(context)?, &self.0, documents, basis.held(), performed.as_ref());
        found.map_err(error::of)
    }

    /// What the caller may do to it now.
    pub(in crate::graphql) async fn actions(&self, context: &Context<'_>) -> Result<Vec<Action>> {
        let available = self.available(context, &self.basis(context).await?)?;
        let entry = self.entry(context)?;
        Ok(available.into_iter().map(|available| self.action(entry, available)).collect())
    }

    fn action(&self, entry: &Arc<ProcedureEntry>, available: Available) -> Action {
        let step = available.step.as_ref().and_then(|key| Step::of(entry, key));
        let outcomes =
            available.outcomes.iter().filter_map(|key| step.as_ref().and_then(|step| step.outcome(key))).collect();
        Action {
            kind: available.kind.into(),
            step,
            outcomes,
            document: available.document.map(|row| Document { request: self.clone(), row }),
            asset: available.asset.map(Asset::of),
            acting_as: available.grants.into_iter().map(RoleGrant).collect(),
            recipients: Recipients { request: self.clone(), kind: available.kind, step: available.step },
        }
    }
}

/// One run of a procedure.
#[Object]
impl Request {
    /// Its opaque id.
    pub(in crate::graphql) async fn id(&self) -> ID {
        id::encode("Request", self.row().id)
    }

    /// Its number, unique everywhere (`SKW/CLOUD/2026/0042`).
    async fn number(&self) -> &str {
        &self.row().number
    }

    /// The version of the procedure that it began with.
    async fn procedure(&self, context: &Context<'_>) -> Result<Procedure> {
        Ok(Procedure(self.entry(context)?.clone()))
    }

    /// The agency that asks.
    async fn agency(&self, context: &Context<'_>) -> Result<Agency> {
        agency(context, self.row().agency_id).await
    }

    /// Who submitted it.
    async fn submitted_by(&self, context: &Context<'_>) -> Result<User> {
        person(context, self.row().submitted_by, Some(&self.row().office)).await
    }

    /// The first submission, and one for each time it was completed.
    #[graphql(complexity = "2 * child_complexity + 1")]
    async fn submissions(&self, context: &Context<'_>) -> Result<Vec<Submission>> {
        let rows = self.submissions_loaded(context).await?;
        Ok(rows.into_iter().map(|row| Submission { request: self.clone(), row }).collect())
    }

    /// The letter of the latest submission.
    async fn letter(&self, context: &Context<'_>) -> Result<Letter> {
        Letter::of(&self.latest_submission(context).await?)
    }

    /// The agency's person in charge (Data Admin). Null only beside an error.
    async fn contact(&self, context: &Context<'_>) -> Result<Option<Contact>> {
        Ok(Some(Contact::of(context, self, &self.latest_submission(context).await?.contact)?))
    }

    /// The procedure's form, filled in: fits `procedure.detailsSchema`. Null only beside an error.
    async fn details(&self, context: &Context<'_>) -> Result<Option<Json>> {
        Ok(Some(json(&self.latest_submission(context).await?.details)?))
    }

    /// In which phase of its life it is.
    async fn status(&self) -> Result<RequestStatus> {
        word(&self.row().status)
    }

    /// Why it is returned, rejected or withdrawn; null otherwise.
    async fn reason(&self) -> Option<&str> {
        let told = matches!(self.row().status.as_str(), "RETURNED" | "REJECTED" | "WITHDRAWN");
        self.row().reason.as_deref().filter(|_| told)
    }

    /// The visit under way; null once it has ended.
    async fn current_visit(&self, context: &Context<'_>) -> Result<Option<StepVisit>> {
        if self.row().step.is_none() {
            return Ok(None);
        }
        let latest = self.visits_loaded(context).await?.pop();
        Ok(latest.map(|row| StepVisit { request: self.clone(), row }))
    }

    /// When the step under way should end, in working time; null where it has no standard time.
    async fn due_at(&self) -> Option<Moment> {
        self.row().due_at.map(Moment)
    }

    /// Counts submit, resubmit, executeStep, signDocument and withdraw: send it as `expectedVersion`.
    async fn version(&self) -> i32 {
        self.row().version
    }

    /// When it was submitted first.
    async fn submitted_at(&self) -> Moment {
        Moment(self.row().submitted_at)
    }

    /// When it changed last.
    async fn updated_at(&self) -> Moment {
        Moment(self.row().updated_at)
    }

    /// When it ended; null while it runs.
    async fn finished_at(&self) -> Option<Moment> {
        self.row().finished_at.map(Moment)
    }

    /// Every pass through a step, in order.
    #[graphql(complexity = "15 * child_complexity + 1")]
    async fn visits(&self, context: &Context<'_>) -> Result<Vec<StepVisit>> {
        let rows = self.visits_loaded(context).await?;
        Ok(rows.into_iter().map(|row| StepVisit { request: self.clone(), row }).collect())
    }

    /// The dispositions, in order; null for the agency that asks.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn dispositions(&self, context: &Context<'_>) -> Result<Option<Vec<Disposition>>> {
        if !self.is_office() {
            return Ok(None);
        }
        let loaded = session(context)?.loader().load_one(DispositionsOf(self.row().id)).await;
        let rows = loaded.map_err(error::load)?.unwrap_or_default();
        Ok(Some(rows.into_iter().map(|row| Disposition { request: self.clone(), row }).collect()))
    }

    /// The documents that you may see, in order: an agency sees those meant for it once the request has ended.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn documents(&self, context: &Context<'_>) -> Result<Vec<Document>> {
        let service = service(context)?;
        let rows = self.documents_loaded(context).await?.into_iter();
        let seen = rows.filter(|row| service.sees_document(&self.0, row));
        Ok(seen.map(|row| Document { request: self.clone(), row }).collect())
    }

    /// What was provisioned: an agency sees it once it was delivered.
    #[graphql(complexity = "2 * child_complexity + 1")]
    async fn assets(&self, context: &Context<'_>) -> Result<Vec<Asset>> {
        let service = service(context)?;
        let rows = self.assets_loaded(context).await?.into_iter();
        Ok(rows.filter(|row| service.sees_asset(&self.0, row)).map(Asset::of).collect())
    }

    /// What happened, in order, as far as you may see it. Null only beside an error.
    #[graphql(complexity = "page(first, last) * child_complexity + 1")]
    async fn events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start of the stretch.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end of the stretch.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Option<RequestEventConnection>> {
        let arguments = Arguments { first, after, last, before };
        RequestEventConnection::load(context, &self.0, &arguments).await.map(Some)
    }

    /// Where the log of events stood before this was read: follow what comes after it. This may be newer than its cursor,
    /// never older: an event whose `version` is not above this one's is in it already.
    async fn event_cursor(&self, context: &Context<'_>) -> Result<String> {
        event_cursor(context)
    }

    /// What you may do now; what is not listed is refused.
    #[graphql(complexity = "3 * child_complexity + 1")]
    async fn available_actions(&self, context: &Context<'_>) -> Result<Vec<Action>> {
        self.actions(context).await
    }

    /// What you may do later and not now, each with why: acts at steps that may still come, and those on the whole request for
    /// which a role of yours has a line. What neither this nor `availableActions` lists is not yours to do.
    #[graphql(complexity = "4 * child_complexity + 1")]
    async fn closed_actions(&self, context: &Context<'_>) -> Result<Vec<ClosedAction>> {
        let basis = self.basis(context).await?;
        let available = self.available(context, &basis)?;
        let (caller, performed) = (caller(context)?, basis.performed.as_ref());
        let closed = service(context)?.closed(caller, &self.0, &available, basis.held(), performed);
        closed.map_err(error::of)?.into_iter().map(|closed| ClosedAction::of(context, self, closed)).collect()
    }
}

fn json(text: &str) -> Result<Json> {
    serde_json::from_str(text).map(Json).map_err(|_| error::damaged("a stored form cannot be read"))
}

/// The request letter.
#[derive(SimpleObject)]
pub(in crate::graphql) struct Letter {
    /// Its number.
    number: String,
    /// Its date.
    date: Date,
    /// Its subject.
    subject: String,
    /// Its reference in Srikandi; null where none was given.
    srikandi_reference: Option<String>,
    /// How confidential it is.
    confidentiality: Confidentiality,
}

impl Letter {
    fn of(row: &submission::Model) -> Result<Self> {
        Ok(Self {
            number: row.letter_number.clone(),
            date: Date(row.letter_date),
            subject: row.subject.clone(),
            srikandi_reference: row.srikandi_reference.clone(),
            confidentiality: word(&row.confidentiality)?,
        })
    }
}

/// What came with a submission.
pub(in crate::graphql) struct Submission {
    request: Request,
    row: submission::Model,
}

/// What came with a submission.
#[Object]
impl Submission {
    /// Which submission, from 1.
    async fn sequence(&self) -> i32 {
        self.row.sequence
    }

    /// When.
    async fn at(&self) -> Moment {
        Moment(self.row.at)
    }

    /// By whom.
    async fn by(&self) -> Actor {
        let row = &self.row;
        Actor::new(&self.request.row().office, row.actor_user, &row.actor_role, &row.actor_capacity, row.actor_for)
    }

    /// The letter.
    async fn letter(&self) -> Result<Letter> {
        Letter::of(&self.row)
    }

    /// The agency's person in charge (Data Admin). Null only beside an error.
    async fn contact(&self, context: &Context<'_>) -> Result<Option<Contact>> {
        Ok(Some(Contact::of(context, &self.request, &self.row.contact)?))
    }

    /// The procedure's form, filled in. Null only beside an error.
    async fn details(&self) -> Result<Option<Json>> {
        Ok(Some(json(&self.row.details)?))
    }
}

/// One pass through a step.
pub(in crate::graphql) struct StepVisit {
    request: Request,
    row: visit::Model,
}

/// One pass through a step.
#[Object]
impl StepVisit {
    /// The step.
    async fn step(&self, context: &Context<'_>) -> Result<Step> {
        let entry = self.request.entry(context)?;
        Step::of(entry, &self.row.step).ok_or_else(|| error::damaged("a step is missing"))
    }

    /// Which pass: 1 for the first, 2 when it came back once.
    async fn visit(&self) -> i32 {
        self.row.visit
    }

    /// When it began.
    async fn arrived_at(&self) -> Moment {
        Moment(self.row.arrived_at)
    }

    /// When it should end, in working time; null where the step has no standard time.
    async fn due_at(&self) -> Option<Moment> {
        self.row.due_at.map(Moment)
    }

    /// When it ended; null while it is under way.
    async fn completed_at(&self) -> Option<Moment> {
        self.row.completed_at.map(Moment)
    }

    /// Who ended it; null while it is under way.
    async fn performed_by(&self) -> Option<Actor> {
        let row = &self.row;
        let (role, capacity) = (row.actor_role.as_deref()?, row.actor_capacity.as_deref()?);
        Some(Actor::new(&self.request.row().office, row.actor_user?, role, capacity, row.actor_for))
    }

    /// How it ended; null while it is under way, and for an agency where the outcome is the office's own business.
    async fn outcome(&self, context: &Context<'_>) -> Result<Option<Outcome>> {
        let entry = self.request.entry(context)?;
        let Some(key) = &self.row.outcome else { return Ok(None) };
        let Some(step) = entry.procedure.step(&self.row.step) else { return Ok(None) };
        let Some(outcome) = step.outcome(key) else { return Ok(None) };
        let seen = service(context)?.sees_outcome(&self.request.0, entry, step, outcome);
        Ok(Step::of(entry, &self.row.step).filter(|_| seen).and_then(|step| step.outcome(key)))
    }

    /// The performer's note, internal to the office; null where there is none, for an agency, and for you whom the office's
    /// policy does not let read it (`field:note`).
    async fn note(&self, context: &Context<'_>) -> Option<&str> {
        self.row.note.as_deref().filter(|_| self.request.is_office() && self.request.reads(context, Field::Note))
    }
}

/// An official's instruction handing a request on.
#[derive(Clone)]
pub(in crate::graphql) struct Disposition {
    pub(in crate::graphql) request: Request,
    pub(in crate::graphql) row: disposition::Model,
}

connection!(
    /// A page of dispositions.
    DispositionConnection, DispositionEdge, Disposition
);

/// An official's instruction handing a request on.
#[Object]
impl Disposition {
    /// Its opaque id.
    pub(in crate::graphql) async fn id(&self) -> ID {
        id::encode("Disposition", self.row.id)
    }

    /// The request.
    async fn request(&self) -> Request {
        self.request.clone()
    }

    /// The step at which it was given.
    async fn step(&self, context: &Context<'_>) -> Result<Step> {
        let entry = self.request.entry(context)?;
        Step::of(entry, &self.row.step).ok_or_else(|| error::damaged("a step is missing"))
    }

    /// Who gave it.
    async fn from(&self) -> Actor {
        let row = &self.row;
        Actor::new(&row.office, row.actor_user, &row.actor_role, &row.actor_capacity, row.actor_for)
    }

    /// The role that it is for.
    async fn to_role(&self, context: &Context<'_>) -> Result<Role> {
        role(context, &self.row.office, &self.row.to_role)
    }

    /// What to do.
    async fn instruction(&self) -> &str {
        &self.row.instruction
    }

    /// How urgent it is.
    async fn urgency(&self) -> Result<Urgency> {
        word(&self.row.urgency)
    }

    /// When it was given.
    async fn created_at(&self) -> Moment {
        Moment(self.row.created_at)
    }

    /// Who has read it, in order.
    #[graphql(complexity = "3 * child_complexity + 1")]
    async fn reads(&self, context: &Context<'_>) -> Result<Vec<DispositionRead>> {
        let loaded = session(context)?.loader().load_one(ReadsOf(self.row.id)).await;
        let rows = loaded.map_err(error::load)?.unwrap_or_default();
        Ok(rows.into_iter().map(|row| DispositionRead { office: self.row.office.clone(), row }).collect())
    }
}

/// That a person has read a disposition.
pub(in crate::graphql) struct DispositionRead {
    office: String,
    row: disposition_read::Model,
}

/// That a person has read a disposition.
#[Object]
impl DispositionRead {
    /// Who.
    async fn by(&self) -> Actor {
        let row = &self.row;
        Actor::new(&self.office, row.actor_user, &row.actor_role, &row.actor_capacity, row.actor_for)
    }

    /// When.
    async fn at(&self) -> Moment {
        Moment(self.row.at)
    }
}

/// A document of a request: its kind, title, number and date.
#[derive(Clone)]
pub(in crate::graphql) struct Document {
    pub(in crate::graphql) request: Request,
    pub(in crate::graphql) row: document::Model,
}

/// A document of a request: its kind, title, number and date.
#[Object]
impl Document {
    /// Its opaque id.
    pub(in crate::graphql) async fn id(&self) -> ID {
        id::encode("Document", self.row.id)
    }

    /// The request.
    async fn request(&self) -> Request {
        self.request.clone()
    }

    /// Its kind.
    async fn kind(&self, context: &Context<'_>) -> Result<RecordKind> {
        Ok(RecordKind::of(&self.request.entry(context)?.procedure, &self.row.kind))
    }

    /// Its title.
    async fn title(&self) -> &str {
        &self.row.title
    }

    /// Its number; null where none was given.
    async fn number(&self) -> Option<&str> {
        self.row.number.as_deref()
    }

    /// Its date; null where none was given.
    async fn date(&self) -> Option<Date> {
        self.row.date.map(Date)
    }

    /// The step that brought it.
    async fn step(&self, context: &Context<'_>) -> Result<Step> {
        let entry = self.request.entry(context)?;
        Step::of(entry, &self.row.step).ok_or_else(|| error::damaged("a step is missing"))
    }

    /// The pass through that step.
    async fn visit(&self) -> i32 {
        self.row.visit
    }

    /// False once a later act brought a newer one of its kind.
    async fn current(&self) -> bool {
        self.row.current
    }

    /// Who added it.
    async fn added_by(&self) -> Actor {
        let row = &self.row;
        let office = &self.request.row().office;
        Actor::new(office, row.actor_user, &row.actor_role, &row.actor_capacity, row.actor_for)
    }

    /// When.
    async fn added_at(&self) -> Moment {
        Moment(self.row.added_at)
    }

    /// What its signers decided, in order.
    #[graphql(complexity = "2 * child_complexity + 1")]
    async fn signatures(&self, context: &Context<'_>) -> Result<Vec<Signature>> {
        let loaded = session(context)?.loader().load_one(SignaturesOf(self.row.id)).await;
        let rows = loaded.map_err(error::load)?.unwrap_or_default();
        Ok(rows.into_iter().map(|row| Signature { request: self.request.clone(), row }).collect())
    }
}

/// A signer's decision on a document.
pub(in crate::graphql) struct Signature {
    request: Request,
    row: signature::Model,
}

/// A signer's decision on a document.
#[Object]
impl Signature {
    /// Who decided.
    async fn by(&self) -> Actor {
        let row = &self.row;
        let office = &self.request.row().office;
        Actor::new(office, row.actor_user, &row.actor_role, &row.actor_capacity, row.actor_for)
    }

    /// When.
    async fn at(&self) -> Moment {
        Moment(self.row.at)
    }

    /// What they decided.
    async fn decision(&self) -> Result<SignDecision> {
        word(&self.row.decision)
    }

    /// Their note, internal to the office; null where there is none, for an agency, and for you whom the office's policy does
    /// not let read it (`field:note`).
    async fn note(&self, context: &Context<'_>) -> Option<&str> {
        self.row.note.as_deref().filter(|_| self.request.is_office() && self.request.reads(context, Field::Note))
    }

    /// SHA-256 of what was decided on, in hex.
    async fn digest(&self) -> &str {
        &self.row.digest
    }
}

/// Something that you may do now: its outcomes are accepted now.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(in crate::graphql) struct Action {
    /// What.
    kind: ActionKind,
    /// At which step; null where it is about none.
    step: Option<Step>,
    /// The outcomes that are open.
    #[graphql(complexity = "3 * child_complexity + 1")]
    outcomes: Vec<Outcome>,
    /// The document that it is about; null where it is about none.
    document: Option<Document>,
    /// The asset that it is about; null where it is about none.
    asset: Option<Asset>,
    /// Your grants that allow it: with several that differ, name one in `actingAs`.
    #[graphql(complexity = "2 * child_complexity + 1")]
    acting_as: Vec<RoleGrant>,
    #[graphql(skip)]
    recipients: Recipients,
}

struct Recipients {
    request: Request,
    kind: AvailableKind,
    step: Option<String>,
}

#[async_graphql::ComplexObject]
impl Action {
    /// Who may be named for a credential; empty where nobody may.
    #[graphql(complexity = "10 * child_complexity + 1")]
    async fn recipients(&self, context: &Context<'_>) -> Result<Vec<User>> {
        let of = &self.recipients;
        let row = of.request.row();
        let (service, policy) = (service(context)?, session(context)?.policy());
        let roles = service.recipient_roles(policy, row, of.kind, of.step.as_deref()).map_err(error::of)?;
        if roles.is_empty() {
            return Ok(Vec::new());
        }
        let key = PeopleOf { agency: row.agency_id, office: row.office.clone(), roles };
        let people = session(context)?.loader().load_one(key).await.map_err(error::load)?;
        Ok(people.unwrap_or_default().into_iter().map(|person| User::met(person, Some(&row.office))).collect())
    }
}

/// The request of that id, if the caller may see it.
pub(in crate::graphql) async fn find(context: &Context<'_>, id: uuid::Uuid) -> Result<Option<Request>> {
    Ok(session(context)?.loader().load_one(RequestOf(id)).await.map_err(error::load)?.map(Request))
}
