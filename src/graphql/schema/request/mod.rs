//! `Request`: one run of a procedure. Its fields; the queries, the mutations and the types beside it are in the files of this folder.

pub(crate) mod action;
pub(crate) mod mutation;
pub(crate) mod order;
pub(crate) mod query;
pub(crate) mod step_visit;
pub(crate) mod submission;

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result};
use chrono::Utc;
use entity::{document, visit};

use self::action::{Action, DecisionInputs, Recipients};
use self::step_visit::StepVisit;
use self::submission::{Contact, Letter, Submission, form};
use super::agency::Agency;
use super::asset::Asset;
use super::closed_action::ClosedAction;
use super::disposition::Disposition;
use super::document::Document;
use super::grant::RoleGrant;
use super::pagination::{PageArguments, connection};
use super::procedure::{Procedure, Step};
use super::request_event::RequestEventConnection;
use super::scalars::date_time::DateTime;
use super::scalars::id;
use super::scalars::json::Json;
use super::stored_enum::from_word;
use super::user::User;
use crate::access::{Field, Seen, Side};
use crate::graphql::context::loaders::{
    AssetsOf, CredentialOf, CurrentVisitOf, DispositionsOf, DocumentsOf, SeenRequestById, SubmissionsOf, VisitsOf,
};
use crate::graphql::context::session::{caller, event_cursor, load, load_row, service};
use crate::graphql::error;
use crate::service::{AvailableAct, ProcedureEntry};
use crate::store::{SeenRequest, performed};
use crate::workflow::Status;

/// The phase of a request.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Status")]
pub(crate) enum RequestStatus {
    /// It waits for an official.
    InProgress,
    /// It was sent back, and waits for its submitter.
    Returned,
    /// It ended with the service given.
    Completed,
    /// It ended with the service refused.
    Rejected,
    /// It ended by its submitter.
    Withdrawn,
}

/// One run of a procedure.
#[derive(Clone)]
pub(crate) struct Request(pub(crate) Arc<Seen<SeenRequest>>);

connection!(
    /// A page of requests.
    RequestConnection, RequestEdge, Request
);

impl Request {
    /// Finds the request of an id; none if the caller may not see it.
    pub(crate) async fn find(context: &Context<'_>, id: uuid::Uuid) -> Result<Option<Self>> {
        Ok(load(context, SeenRequestById(id)).await?.map(Self))
    }

    pub(crate) fn row(&self) -> &entity::request::Model {
        &self.0.row
    }

    /// Returns true if a policy line lets the caller read a restricted field.
    pub(crate) fn reads(&self, context: &Context<'_>, field: Field) -> bool {
        let (Ok(service), Ok(caller)) = (service(context), caller(context)) else { return false };
        service.reads(caller, &**self.0, field)
    }

    pub(crate) fn is_office(&self) -> bool {
        self.0.side() == Side::Office
    }

    pub(crate) fn entry<'a>(&self, context: &Context<'a>) -> Result<&'a Arc<ProcedureEntry>> {
        service(context)?.entry_of(self.row()).map_err(error::from_refused)
    }

    /// Returns a step of the request's procedure.
    pub(crate) fn step(&self, context: &Context<'_>, key: &str) -> Result<Step> {
        Step::find(self.entry(context)?, key).ok_or_else(|| error::inconsistent_data("a step is missing"))
    }

    async fn submissions_loaded(&self, context: &Context<'_>) -> Result<Vec<entity::submission::Model>> {
        Ok(load(context, SubmissionsOf(self.row().id)).await?.unwrap_or_default())
    }

    async fn latest_submission(&self, context: &Context<'_>) -> Result<entity::submission::Model> {
        let latest = self.submissions_loaded(context).await?.pop();
        latest.ok_or_else(|| error::inconsistent_data("a request has no submission"))
    }

    async fn visits_loaded(&self, context: &Context<'_>) -> Result<Vec<visit::Model>> {
        Ok(load(context, VisitsOf(self.row().id)).await?.unwrap_or_default())
    }

    async fn documents_loaded(&self, context: &Context<'_>) -> Result<Vec<document::Model>> {
        Ok(load(context, DocumentsOf(self.row().id)).await?.unwrap_or_default())
    }

    async fn assets_loaded(&self, context: &Context<'_>) -> Result<Vec<entity::asset::Model>> {
        Ok(load(context, AssetsOf(self.row().id)).await?.unwrap_or_default())
    }

    /// Since when its credential is as it is; none where there is none.
    pub(crate) async fn credential_since(&self, context: &Context<'_>) -> Result<Option<chrono::DateTime<Utc>>> {
        match self.assets_loaded(context).await?.pop() {
            None => Ok(None),
            Some(asset) => Ok(load_row(context, CredentialOf(asset.id)).await?.map(|held| held.changed_at)),
        }
    }

    /// Loads the rows behind the decision on actions.
    async fn inputs(&self, context: &Context<'_>) -> Result<DecisionInputs> {
        let documents = self.documents_loaded(context).await?;
        let asset = self.assets_loaded(context).await?.pop();
        let credential = match &asset {
            None => None,
            Some(asset) => load_row(context, CredentialOf(asset.id)).await?,
        };
        let performed = match caller(context)?.policy().separates_duties(&self.0.row.office) {
            true => Some(performed(&self.visits_loaded(context).await?)),
            false => None,
        };
        Ok(DecisionInputs { documents, asset, credential, performed })
    }

    fn available(&self, context: &Context<'_>, inputs: &DecisionInputs) -> Result<Vec<AvailableAct>> {
        let DecisionInputs { documents, performed, .. } = inputs;
        let found = service(context)?.available(
            caller(context)?,
            &self.0,
            documents,
            inputs.asset_and_credential(),
            performed.as_ref(),
        );
        found.map_err(error::from_refused)
    }

    /// Returns the acts open to the caller now.
    pub(crate) async fn actions(&self, context: &Context<'_>) -> Result<Vec<Action>> {
        let available = self.available(context, &self.inputs(context).await?)?;
        let entry = self.entry(context)?;
        Ok(available.into_iter().map(|available| self.action(entry, available)).collect())
    }

    fn action(&self, entry: &Arc<ProcedureEntry>, available: AvailableAct) -> Action {
        let step = available.step.as_ref().and_then(|key| Step::find(entry, key));
        let outcomes =
            available.outcomes.iter().filter_map(|key| step.as_ref().and_then(|step| step.outcome(key))).collect();
        Action {
            kind: available.kind.into(),
            step,
            outcomes,
            document: available.document.map(|row| Document { request: self.clone(), row }),
            asset: available.asset.map(Asset::from_row),
            acting_as: available.grants.into_iter().map(RoleGrant).collect(),
            recipients: Recipients { request: self.clone(), kind: available.kind, step: available.step },
        }
    }
}

/// One run of a procedure.
#[Object]
impl Request {
    /// Its opaque id.
    pub(crate) async fn id(&self, context: &Context<'_>) -> Result<ID> {
        id::encode(context, "Request", self.row().id)
    }

    /// Its number, unique everywhere (`SKW/CLOUD/2026/0042`).
    async fn number(&self) -> &str {
        &self.row().number
    }

    /// The version of the procedure it began with.
    async fn procedure(&self, context: &Context<'_>) -> Result<Procedure> {
        Ok(Procedure(self.entry(context)?.clone()))
    }

    /// The requesting agency.
    async fn agency(&self, context: &Context<'_>) -> Result<Agency> {
        Agency::load(context, self.row().agency_id).await
    }

    /// Its submitter.
    async fn submitted_by(&self, context: &Context<'_>) -> Result<User> {
        User::load(context, self.row().submitted_by, Some(&self.row().office)).await
    }

    /// The first submission, and one for each time it was completed.
    async fn submissions(&self, context: &Context<'_>) -> Result<Vec<Submission>> {
        let rows = self.submissions_loaded(context).await?;
        Ok(rows.into_iter().map(|row| Submission { request: self.clone(), row }).collect())
    }

    /// The letter of the latest submission.
    async fn letter(&self, context: &Context<'_>) -> Result<Letter> {
        Letter::from_row(&self.latest_submission(context).await?)
    }

    /// The agency's person in charge (Data Admin). Null only beside an error.
    async fn contact(&self, context: &Context<'_>) -> Result<Option<Contact>> {
        Ok(Some(Contact::for_caller(context, self, &self.latest_submission(context).await?.contact)?))
    }

    /// The procedure's form, filled in: fits `procedure.detailsSchema`. Null only beside an error.
    async fn details(&self, context: &Context<'_>) -> Result<Option<Json>> {
        Ok(Some(form(&self.latest_submission(context).await?.details)?))
    }

    /// Its phase.
    async fn status(&self) -> Result<RequestStatus> {
        from_word(&self.row().status)
    }

    /// Why it is returned, rejected or withdrawn; null otherwise.
    async fn reason(&self) -> Option<&str> {
        let ended_early = [Status::Returned, Status::Rejected, Status::Withdrawn].map(Status::word);
        self.row().reason.as_deref().filter(|_| ended_early.contains(&self.row().status.as_str()))
    }

    /// The visit under way; null once it has ended.
    async fn current_visit(&self, context: &Context<'_>) -> Result<Option<StepVisit>> {
        if self.row().step.is_none() {
            return Ok(None);
        }
        let under_way = load_row(context, CurrentVisitOf(self.row().id)).await?;
        Ok(under_way.map(|row| StepVisit { request: self.clone(), row }))
    }

    /// When the step under way should end, in working time; null where it has no standard time.
    async fn due_at(&self) -> Option<DateTime> {
        self.row().due_at.map(DateTime)
    }

    /// Counts submit, resubmit, executeStep, signDocument and withdraw: send it as `expectedVersion`.
    async fn version(&self) -> i32 {
        self.row().version
    }

    /// When it was submitted first.
    async fn submitted_at(&self) -> DateTime {
        DateTime(self.row().submitted_at)
    }

    /// When it changed last.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.row().updated_at)
    }

    /// When it ended; null while it runs.
    async fn finished_at(&self) -> Option<DateTime> {
        self.row().finished_at.map(DateTime)
    }

    /// Every pass through a step, in order.
    async fn visits(&self, context: &Context<'_>) -> Result<Vec<StepVisit>> {
        let rows = self.visits_loaded(context).await?;
        Ok(rows.into_iter().map(|row| StepVisit { request: self.clone(), row }).collect())
    }

    /// The dispositions, in order; null for the requesting agency.
    async fn dispositions(&self, context: &Context<'_>) -> Result<Option<Vec<Disposition>>> {
        if !self.is_office() {
            return Ok(None);
        }
        let rows = load(context, DispositionsOf(self.row().id)).await?.unwrap_or_default();
        Ok(Some(rows.into_iter().map(|row| Disposition { request: self.clone(), row }).collect()))
    }

    /// The documents visible to you, in order: an agency sees those meant for it once the request has ended.
    async fn documents(&self, context: &Context<'_>) -> Result<Vec<Document>> {
        let service = service(context)?;
        let rows = self.documents_loaded(context).await?.into_iter();
        let seen = rows.filter(|row| service.sees_document(&self.0, row));
        Ok(seen.map(|row| Document { request: self.clone(), row }).collect())
    }

    /// The provisioned asset: an agency sees it once it was delivered.
    async fn assets(&self, context: &Context<'_>) -> Result<Vec<Asset>> {
        let service = service(context)?;
        let rows = self.assets_loaded(context).await?.into_iter();
        Ok(rows.filter(|row| service.sees_asset(&self.0, row)).map(Asset::from_row).collect())
    }

    /// The events visible to you, in order. Null only beside an error.
    async fn events(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How many from the start of the stretch.")] first: Option<i32>,
        #[graphql(desc = "Only entries after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end of the stretch.")] last: Option<i32>,
        #[graphql(desc = "Only entries before this cursor.")] before: Option<String>,
    ) -> Result<Option<RequestEventConnection>> {
        let arguments = PageArguments { first, after, last, before };
        RequestEventConnection::load(context, &self.0, &arguments).await.map(Some)
    }

    /// The end of the event log before this was read: follow from there. This may be newer than its cursor, never older: skip
    /// events with a `version` not above this one's.
    async fn event_cursor(&self, context: &Context<'_>) -> Result<String> {
        event_cursor(context)
    }

    /// The acts open to you now; any other is refused.
    async fn available_actions(&self, context: &Context<'_>) -> Result<Vec<Action>> {
        self.actions(context).await
    }

    /// The acts not open to you now but later, each with its reasons: acts at steps still to come, and acts on the whole request
    /// allowed by a policy line of your roles. Acts in neither list, this or `availableActions`, are not yours.
    async fn closed_actions(&self, context: &Context<'_>) -> Result<Vec<ClosedAction>> {
        let inputs = self.inputs(context).await?;
        let available = self.available(context, &inputs)?;
        let (caller, performed) = (caller(context)?, inputs.performed.as_ref());
        let closed = service(context)?.closed(caller, &self.0, &available, inputs.asset_and_credential(), performed);
        closed
            .map_err(error::from_refused)?
            .into_iter()
            .map(|closed| ClosedAction::from_service(context, self, closed))
            .collect()
    }
}
