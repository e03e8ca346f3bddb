//! `Procedure`: a version of an SOP, public. Its steps, outcomes and records, and the query `procedure`.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use super::grant::{Role, role};
use super::office::Office;
use super::request::RequestStatus;
use super::scalars::date::Date;
use super::scalars::id;
use super::scalars::json::Json;
use crate::access::Action;
use crate::graphql::context::session::{language, service, session};
use crate::procedure as model;
use crate::service::ProcedureEntry;

/// One version of one SOP.
#[derive(Clone)]
pub(crate) struct Procedure(pub(crate) Arc<ProcedureEntry>);

impl Procedure {
    fn model(&self) -> &model::Procedure {
        &self.0.procedure
    }

    fn step_at(&self, index: usize) -> Step {
        Step { entry: self.0.clone(), index }
    }
}

/// One version of one SOP: its printed form, and its reading by the machine.
#[Object]
impl Procedure {
    /// Its opaque id.
    pub(crate) async fn id(&self, context: &Context<'_>) -> Result<ID> {
        let model = self.model();
        id::encode(context, "Procedure", format!("{}/{}/{}", model.office, model.key, model.version))
    }

    /// Its key, unique in its office (`permohonan-subdomain`).
    async fn key(&self) -> &str {
        &self.model().key
    }

    /// The version, from 1. Running requests keep the one they began with.
    async fn version(&self) -> i32 {
        i32::try_from(self.model().version).unwrap_or(i32::MAX)
    }

    /// True for the version of new requests now.
    async fn in_force(&self, context: &Context<'_>) -> Result<bool> {
        let service = service(context)?;
        let model = self.model();
        let Some(office) = service.catalog().office(&model.office) else { return Ok(false) };
        let today = service.now().with_timezone(&office.office.time_zone).date_naive();
        let current = service.catalog().in_force(&model.office, &model.key, today);
        Ok(current.is_some_and(|entry| entry.procedure.version == model.version))
    }

    /// The owning office.
    async fn office(&self) -> Office {
        Office(self.model().office.clone())
    }

    /// The SOP's number as printed (`000.8.3.3/13/AI-A/2023`).
    async fn number(&self) -> &str {
        &self.model().number
    }

    /// Its title as printed; translated where English is wanted.
    async fn title<'a>(&'a self, context: &Context<'a>) -> Result<&'a str> {
        label(context, &self.model().office, &self.model().title)
    }

    /// Bidang; null where none is printed.
    async fn division(&self) -> Option<&str> {
        self.model().division.as_deref()
    }

    /// Seksi; null where none is printed.
    async fn section(&self) -> Option<&str> {
        self.model().section.as_deref()
    }

    /// Tanggal pembuatan; null where none is printed.
    async fn created_on(&self) -> Option<Date> {
        self.model().created_on.map(Date)
    }

    /// Tanggal revisi; null where none is printed.
    async fn revised_on(&self) -> Option<Date> {
        self.model().revised_on.map(Date)
    }

    /// Tanggal efektif; null where none is printed: then it is in force from the date of making.
    async fn effective_on(&self) -> Option<Date> {
        self.model().effective_on.map(Date)
    }

    /// Disahkan oleh.
    async fn approved_by(&self) -> &str {
        &self.model().approved_by
    }

    /// Dasar hukum.
    async fn legal_basis(&self) -> &[String] {
        &self.model().legal_basis
    }

    /// Kualifikasi pelaksana.
    async fn qualifications(&self) -> &[String] {
        &self.model().qualifications
    }

    /// Peralatan dan perlengkapan.
    async fn equipment(&self) -> &[String] {
        &self.model().equipment
    }

    /// Keterkaitan: related SOPs.
    async fn related(&self) -> &[String] {
        &self.model().related
    }

    /// Peringatan.
    async fn warnings(&self) -> &[String] {
        &self.model().warnings
    }

    /// Pencatatan dan pendataan.
    async fn record_keeping(&self) -> &[String] {
        &self.model().record_keeping
    }

    /// The rows in their order.
    async fn steps(&self) -> Vec<Step> {
        (0..self.model().steps.len()).map(|index| self.step_at(index)).collect()
    }

    /// JSON Schema (2020-12) of `SubmitRequestInput.details`.
    async fn details_schema(&self, context: &Context<'_>) -> Result<Json> {
        Ok(Json(self.0.details.schema(language(context)?).clone()))
    }
}

/// Returns a text of an SOP in the language of the session.
fn label<'a>(context: &Context<'a>, office: &str, written: &'a str) -> Result<&'a str> {
    let office = service(context)?.catalog().office(office).map(|entry| &entry.office);
    let language = language(context)?;
    Ok(office.map_or(written, |office| office.label(written, language)))
}

/// One row of an SOP.
#[derive(Clone)]
pub(crate) struct Step {
    entry: Arc<ProcedureEntry>,
    index: usize,
}

impl Step {
    /// Finds the step of a key.
    pub(crate) fn find(entry: &Arc<ProcedureEntry>, key: &str) -> Option<Self> {
        let index = entry.procedure.steps.iter().position(|step| step.key == key)?;
        Some(Self { entry: entry.clone(), index })
    }

    fn model(&self) -> &model::Step {
        &self.entry.procedure.steps[self.index]
    }

    fn roles(&self, context: &Context<'_>, action: Action) -> Result<Vec<Role>> {
        let procedure = &self.entry.procedure;
        let policy = session(context)?.policy();
        let keys = policy.roles(&procedure.office, &procedure.key, &self.model().key, action);
        keys.iter().map(|key| role(context, &procedure.office, key)).collect()
    }

    fn records(&self, keys: &[String]) -> Vec<RecordKind> {
        keys.iter().map(|key| RecordKind::from_key(&self.entry.procedure, key)).collect()
    }

    /// Finds the outcome of a key.
    pub(crate) fn outcome(&self, key: &str) -> Option<Outcome> {
        let index = self.model().outcomes.iter().position(|outcome| outcome.key == key)?;
        Some(Outcome { step: self.clone(), index })
    }
}

/// One row of an SOP.
#[Object]
impl Step {
    /// Its key, used by acts and policies.
    async fn key(&self) -> &str {
        &self.model().key
    }

    /// Its place among the rows, from 1.
    async fn position(&self) -> i32 {
        i32::try_from(self.index + 1).unwrap_or(i32::MAX)
    }

    /// Its number as printed; null where the source prints none.
    async fn number(&self) -> Option<&str> {
        self.model().number.as_deref()
    }

    /// The activity as printed; translated where English is wanted.
    async fn activity<'a>(&'a self, context: &Context<'a>) -> Result<&'a str> {
        label(context, &self.entry.procedure.office, &self.model().activity)
    }

    /// Its performers: the roles allowed to execute it by today's policy.
    async fn performers(&self, context: &Context<'_>) -> Result<Vec<Role>> {
        self.roles(context, Action::Execute)
    }

    /// The recipients of its credentials.
    async fn recipients(&self, context: &Context<'_>) -> Result<Vec<Role>> {
        self.roles(context, Action::Receive)
    }

    /// The signers of its document, outside the numbered rows.
    async fn signers(&self, context: &Context<'_>) -> Result<Vec<Role>> {
        self.roles(context, Action::Sign)
    }

    /// Records needed before.
    async fn requires(&self) -> Vec<RecordKind> {
        self.records(&self.model().requires)
    }

    /// Records brought with the act.
    async fn brings(&self) -> Vec<RecordKind> {
        self.records(&self.model().brings)
    }

    /// Records it leaves.
    async fn produces(&self) -> Vec<RecordKind> {
        self.records(&self.model().produces)
    }

    /// Kelengkapan as printed; null where none is printed.
    async fn printed_requires(&self) -> Option<&str> {
        self.model().printed_requires.as_deref()
    }

    /// Output as printed; null where none is printed.
    async fn printed_output(&self) -> Option<&str> {
        self.model().printed_output.as_deref()
    }

    /// Waktu: how long it may take; null where none is printed.
    async fn standard_time(&self) -> Option<StandardTime> {
        self.model().time.as_ref().map(|time| StandardTime {
            amount: i32::try_from(time.amount).unwrap_or(i32::MAX),
            unit: time.unit.into(),
            printed: time.printed.clone(),
        })
    }

    /// Keterangan, and how the source was read; null where there is none.
    async fn note(&self) -> Option<&str> {
        self.model().note.as_deref()
    }

    /// Not in the source document.
    async fn inferred(&self) -> bool {
        self.model().inferred
    }

    /// How it may end.
    async fn outcomes(&self) -> Vec<Outcome> {
        (0..self.model().outcomes.len()).map(|index| Outcome { step: self.clone(), index }).collect()
    }
}

/// How long a step may take, in working time.
#[derive(SimpleObject)]
pub(crate) struct StandardTime {
    /// How many units.
    amount: i32,
    /// The unit.
    unit: TimeUnit,
    /// As printed.
    printed: String,
}

/// A unit of working time.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "model::TimeUnit")]
pub(crate) enum TimeUnit {
    /// A minute of working time.
    #[graphql(name = "WORKING_MINUTE")]
    Minute,
    /// An hour of working time.
    #[graphql(name = "WORKING_HOUR")]
    Hour,
    /// Until the same time of the next working day.
    #[graphql(name = "WORKING_DAY")]
    Day,
}

/// Necessity of a part of an act.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "model::Requirement")]
pub(crate) enum Requirement {
    /// Refused when given.
    None,
    /// May be given.
    Optional,
    /// Refused when missing.
    Required,
}

/// A record needed or left by a step.
pub(crate) struct RecordKind {
    office: String,
    key: String,
    written: String,
    origin: RecordOrigin,
}

impl RecordKind {
    /// Returns the record of a key.
    pub(crate) fn from_key(procedure: &model::Procedure, key: &str) -> Self {
        let record = procedure.records.get(key);
        Self {
            office: procedure.office.clone(),
            key: key.to_owned(),
            written: record.map_or(key, |record| &record.name).to_owned(),
            origin: record.map_or(model::Origin::Document, |record| record.origin).into(),
        }
    }
}

/// A record needed or left by a step.
#[Object]
impl RecordKind {
    /// Its key.
    async fn key(&self) -> &str {
        &self.key
    }

    /// Its name, as printed; translated where English is wanted.
    async fn name<'a>(&'a self, context: &Context<'a>) -> Result<&'a str> {
        label(context, &self.office, &self.written)
    }

    /// Where it comes from.
    async fn origin(&self) -> RecordOrigin {
        self.origin
    }
}

/// Where a record comes from.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "model::Origin")]
pub(crate) enum RecordOrigin {
    /// The request letter, with every submission.
    Letter,
    /// The form, with every submission.
    Form,
    /// Made by an outcome's disposition.
    Disposition,
    /// Brought by an act.
    Document,
    /// The asset.
    Asset,
    /// Follows from an act.
    State,
}

/// A document of an act, required or optional.
#[derive(SimpleObject)]
pub(crate) struct DocumentRequirement {
    /// The kind of document.
    kind: RecordKind,
    /// Its necessity.
    requirement: Requirement,
}

/// How a step may end.
#[derive(Clone)]
pub(crate) struct Outcome {
    step: Step,
    index: usize,
}

impl Outcome {
    fn model(&self) -> &model::Outcome {
        &self.step.model().outcomes[self.index]
    }
}

/// A possible end of a step, with everything a form for it needs.
#[Object]
impl Outcome {
    /// Its key, used by acts.
    async fn key(&self) -> &str {
        &self.model().key
    }

    /// Its label: in Indonesian, or in English where wanted.
    async fn label<'a>(&'a self, context: &Context<'a>) -> Result<&'a str> {
        label(context, &self.step.entry.procedure.office, &self.model().label)
    }

    /// The next step; null where the request ends.
    async fn goes_to(&self) -> Option<Step> {
        self.model().to.as_ref().and_then(|to| Step::find(&self.step.entry, to))
    }

    /// How the request ends; null where a step follows.
    async fn ends(&self) -> Option<RequestStatus> {
        self.model().ends.map(|ending| match ending {
            model::Ending::Completed => RequestStatus::Completed,
            model::Ending::Rejected => RequestStatus::Rejected,
        })
    }

    /// Not in the source document.
    async fn inferred(&self) -> bool {
        self.model().inferred
    }

    /// Records needed before: the step's, unless this outcome differs.
    async fn requires(&self) -> Vec<RecordKind> {
        self.step.records(self.step.model().requires(self.model()))
    }

    /// Records brought with the act: the step's, unless this outcome differs.
    async fn brings(&self) -> Vec<RecordKind> {
        self.step.records(self.step.model().brings(self.model()))
    }

    /// Records it leaves: the step's, unless this outcome differs.
    async fn produces(&self) -> Vec<RecordKind> {
        self.step.records(self.step.model().produces(self.model()))
    }

    /// `ExecuteStepInput.note`.
    async fn note(&self) -> Requirement {
        self.model().note.into()
    }

    /// `ExecuteStepInput.disposition`.
    async fn disposition(&self) -> Requirement {
        self.model().disposition.into()
    }

    /// `ExecuteStepInput.documents`.
    async fn documents(&self) -> Vec<DocumentRequirement> {
        let procedure = &self.step.entry.procedure;
        let wanted = self.step.model().documents_wanted(procedure, self.model());
        let must = wanted.into_iter().map(|key| (key, Requirement::Required));
        let may = self.model().may_add.iter().map(|key| (key.as_str(), Requirement::Optional));
        must.chain(may)
            .map(|(key, requirement)| DocumentRequirement { kind: RecordKind::from_key(procedure, key), requirement })
            .collect()
    }

    /// `ExecuteStepInput.asset`.
    async fn asset(&self) -> Requirement {
        self.model().asset.into()
    }

    /// `AssetInput.secret`.
    async fn secret(&self) -> Requirement {
        self.model().secret.into()
    }

    /// `ExecuteStepInput.recipientId`: the recipient of the credential; the submitter, unless named.
    async fn recipient(&self) -> Requirement {
        self.model().recipient.into()
    }

    /// JSON Schema (2020-12) of `AssetInput.attributes`; null where the outcome takes no asset.
    async fn asset_schema(&self, context: &Context<'_>) -> Result<Option<Json>> {
        let language = language(context)?;
        Ok(self.step.entry.asset_form(self.step.model(), self.model()).map(|form| Json(form.schema(language).clone())))
    }
}

/// Queries of procedures.
#[derive(Default)]
pub(crate) struct ProcedureQuery;

/// Queries of procedures.
#[Object]
impl ProcedureQuery {
    /// A version of a procedure: the one in force unless another is named; null when there is none. Public.
    async fn procedure(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The office's key, as `singkawang`.")] office: String,
        #[graphql(desc = "The procedure's key, as `permohonan-subdomain`.")] key: String,
        #[graphql(desc = "The version; the one in force when not given.")] version: Option<i32>,
    ) -> Result<Option<Procedure>> {
        let service = service(context)?;
        let catalog = service.catalog();
        let found = match version {
            Some(version) => u32::try_from(version).ok().and_then(|version| catalog.version(&office, &key, version)),
            None => catalog.office(&office).and_then(|entry| {
                let today = service.now().with_timezone(&entry.office.time_zone).date_naive();
                catalog.in_force(&office, &key, today)
            }),
        };
        Ok(found.map(|entry| Procedure(entry.clone())))
    }
}
