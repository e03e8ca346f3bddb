//! The acts on a whole request: `submitRequest`, `resubmitRequest`, `executeStep`, `withdrawRequest`.

use async_graphql::{Context, ID, InputObject, Object, Result};

use super::Request;
use super::submission::Confidentiality;
use crate::auth::Secret;
use crate::graphql::context::session::service;
use crate::graphql::schema::disposition::Urgency;
use crate::graphql::schema::payload::{ActOptions, payload, reread};
use crate::graphql::schema::scalars::date::Date;
use crate::graphql::schema::scalars::id;
use crate::graphql::schema::scalars::json::Json;
use crate::service as command;

/// The request letter.
#[derive(InputObject)]
struct LetterInput {
    /// Its number, as it stands in its head: `005/123/Dinkes`.
    number: String,
    /// Its date, not in the future: `2026-01-05`.
    date: Date,
    /// Its subject: `Permohonan akun Cloud`.
    subject: String,
    /// Its reference in Srikandi, if any.
    srikandi_reference: Option<String>,
    /// How confidential it is; ORDINARY when not given.
    confidentiality: Option<Confidentiality>,
}

impl From<LetterInput> for command::SubmittedLetter {
    fn from(input: LetterInput) -> Self {
        Self {
            number: input.number,
            date: input.date.0,
            subject: input.subject,
            srikandi_reference: input.srikandi_reference,
            confidentiality: input.confidentiality.unwrap_or_default().into(),
        }
    }
}

/// The agency's person in charge (Data Admin).
#[derive(InputObject)]
struct ContactInput {
    /// Their name.
    name: String,
    /// Their civil servant number (NIP), 18 digits: `198001012005011001`.
    nip: Option<String>,
    /// Their position.
    position: Option<String>,
    /// Their telephone number: `0562-631-000`.
    phone: String,
    /// Their e-mail address: `siti@dinkes.example`.
    email: String,
}

impl From<ContactInput> for command::SubmittedContact {
    fn from(input: ContactInput) -> Self {
        let ContactInput { name, nip, position, phone, email } = input;
        Self { name, nip, position, phone, email }
    }
}

/// A new request.
#[derive(InputObject)]
struct SubmitRequestInput {
    /// The office's key: `singkawang`.
    office: String,
    /// Your agency's key, as `dinkes`: needed when you may submit for several.
    agency: Option<String>,
    /// The procedure's key: `permohonan-subdomain`.
    procedure: String,
    /// The version the form was drawn from; refused when another is in force.
    procedure_version: Option<i32>,
    /// The request letter.
    letter: LetterInput,
    /// The agency's person in charge (Data Admin).
    contact: ContactInput,
    /// The procedure's form: fits `procedure.detailsSchema`.
    details: Json,
    #[graphql(flatten)]
    options: ActOptions,
}

/// A returned request, completed.
#[derive(InputObject)]
struct ResubmitRequestInput {
    /// The request.
    request_id: ID,
    /// The request letter.
    letter: LetterInput,
    /// The agency's person in charge (Data Admin).
    contact: ContactInput,
    /// The procedure's form: fits `procedure.detailsSchema`.
    details: Json,
    /// The version you read; refused when the request has moved on.
    expected_version: i32,
    #[graphql(flatten)]
    options: ActOptions,
}

/// A step, ended.
#[derive(InputObject)]
struct ExecuteStepInput {
    /// The request.
    request_id: ID,
    /// The step's key, as in `procedure.steps`: `4`.
    step: String,
    /// The outcome's key, as in the step's `outcomes`: `dispose`.
    outcome: String,
    /// A note, where the outcome takes one.
    note: Option<String>,
    /// A disposition to the next step's performer, where the outcome takes one.
    disposition: Option<DispositionInput>,
    /// The documents brought with the act.
    documents: Option<Vec<DocumentInput>>,
    /// The provisioned asset, where the outcome takes one.
    asset: Option<AssetInput>,
    /// The recipient of the credential; the submitter when not given.
    recipient_id: Option<ID>,
    /// The version you read; refused when the request has moved on.
    expected_version: i32,
    #[graphql(flatten)]
    options: ActOptions,
}

/// An instruction to the next step's performer.
#[derive(InputObject)]
struct DispositionInput {
    /// The instruction.
    instruction: String,
    /// How urgent it is; NORMAL when not given.
    urgency: Option<Urgency>,
}

/// A document brought with an act.
#[derive(InputObject)]
struct DocumentInput {
    /// The record's key, as in `outcomes.documents`: `lembar-disposisi`.
    kind: String,
    /// Its title.
    title: String,
    /// Its number, if any.
    number: Option<String>,
    /// Its date, if any.
    date: Option<Date>,
}

/// The provisioned asset.
#[derive(InputObject)]
struct AssetInput {
    /// Its attributes: fit the outcome's `assetSchema`.
    attributes: Json,
    /// The credential's secret, where the outcome takes one.
    secret: Option<String>,
}

/// A request, taken back.
#[derive(InputObject)]
struct WithdrawRequestInput {
    /// The request.
    request_id: ID,
    /// Why.
    reason: String,
    /// The version you read; refused when the request has moved on.
    expected_version: i32,
    #[graphql(flatten)]
    options: ActOptions,
}

payload!(SubmitRequestPayload, request: Request);
payload!(ResubmitRequestPayload, request: Request);
payload!(ExecuteStepPayload, request: Request);
payload!(WithdrawRequestPayload, request: Request);

/// Acts on requests up to `executeStep`.
#[derive(Default)]
pub(crate) struct RequestMutation;

/// Acts on requests up to `executeStep`.
#[Object]
impl RequestMutation {
    /// Submits a request: executes the procedure's first step. Null only beside an error.
    async fn submit_request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The request.")] input: SubmitRequestInput,
    ) -> Result<Option<SubmitRequestPayload>> {
        let (pass, mode) = input.options.pass_and_mode(context)?;
        let submit = command::SubmitRequest {
            office: input.office,
            agency: input.agency,
            procedure: input.procedure,
            procedure_version: input.procedure_version,
            letter: input.letter.into(),
            contact: input.contact.into(),
            details: input.details.0,
            idempotency_key: input.options.idempotency_key,
        };
        let answer = service(context)?.submit_request(pass, submit, mode).await;
        SubmitRequestPayload::from_answer(context, answer, |id| reread(context, id)).await
    }

    /// Completes a request returned to you. Null only beside an error.
    async fn resubmit_request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The request, completed.")] input: ResubmitRequestInput,
    ) -> Result<Option<ResubmitRequestPayload>> {
        let (pass, mode) = input.options.pass_and_mode(context)?;
        let resubmit = command::ResubmitRequest {
            request: id::uuid(context, "Request", "input.requestId", &input.request_id)?,
            letter: input.letter.into(),
            contact: input.contact.into(),
            details: input.details.0,
            expected_version: input.expected_version,
            idempotency_key: input.options.idempotency_key,
        };
        let answer = service(context)?.resubmit_request(pass, resubmit, mode).await;
        ResubmitRequestPayload::from_answer(context, answer, |id| reread(context, id)).await
    }

    /// Ends the step under way by one of its outcomes. Null only beside an error.
    async fn execute_step(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The step, ended.")] input: ExecuteStepInput,
    ) -> Result<Option<ExecuteStepPayload>> {
        let (pass, mode) = input.options.pass_and_mode(context)?;
        let document = |given: DocumentInput| command::NewDocument {
            kind: given.kind,
            title: given.title,
            number: given.number,
            date: given.date.map(|date| date.0),
        };
        let execute = command::ExecuteStep {
            request: id::uuid(context, "Request", "input.requestId", &input.request_id)?,
            step: input.step,
            outcome: input.outcome,
            note: input.note,
            disposition: input.disposition.map(|given| command::NewDisposition {
                instruction: given.instruction,
                urgency: given.urgency.unwrap_or_default().into(),
            }),
            documents: input.documents.unwrap_or_default().into_iter().map(document).collect(),
            asset: input.asset.map(|given| command::AssetValues {
                attributes: given.attributes.0,
                secret: given.secret.map(Secret::new),
            }),
            recipient: id::optional_uuid(context, "User", "input.recipientId", input.recipient_id.as_ref())?,
            expected_version: input.expected_version,
            idempotency_key: input.options.idempotency_key,
        };
        let answer = service(context)?.execute_step(pass, execute, mode).await;
        ExecuteStepPayload::from_answer(context, answer, |id| reread(context, id)).await
    }
}

/// Withdrawal, apart from the other acts on requests: `signDocument` stands between them in the published schema.
#[derive(Default)]
pub(crate) struct WithdrawalMutation;

/// Withdrawal, apart from the other acts on requests: `signDocument` stands between them in the published schema.
#[Object]
impl WithdrawalMutation {
    /// Takes a request back, while nothing has been provisioned for it. Null only beside an error.
    async fn withdraw_request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The request.")] input: WithdrawRequestInput,
    ) -> Result<Option<WithdrawRequestPayload>> {
        let (pass, mode) = input.options.pass_and_mode(context)?;
        let withdraw = command::WithdrawRequest {
            request: id::uuid(context, "Request", "input.requestId", &input.request_id)?,
            reason: input.reason,
            expected_version: input.expected_version,
            idempotency_key: input.options.idempotency_key,
        };
        let answer = service(context)?.withdraw_request(pass, withdraw, mode).await;
        WithdrawRequestPayload::from_answer(context, answer, |id| reread(context, id)).await
    }
}
