//! What can be done. What a person can mend comes back as `userErrors`, and then nothing has changed.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::error::{self, UserError, settle};
use super::id;
use super::prefetch::{self, Selected};
use super::session::{caller, service, session};
use super::types::asset::Asset;
use super::types::date::Date;
use super::types::json::Json;
use super::types::preview::ActPreview;
use super::types::request::{Confidentiality, Disposition, Document, Request, SignDecision, Urgency, find, stored};
use crate::access::Pass;
use crate::auth::Secret;
use crate::service as command;
use crate::store;
use crate::workflow::Decision;

/// What can be done.
#[derive(Default)]
pub(super) struct RequestMutation;

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

impl From<LetterInput> for command::LetterGiven {
    fn from(input: LetterInput) -> Self {
        Self {
            number: input.number,
            date: input.date.0,
            subject: input.subject,
            srikandi_reference: input.srikandi_reference,
            confidentiality: stored(input.confidentiality.unwrap_or_default()),
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

impl From<ContactInput> for command::ContactGiven {
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
    /// The version that the form was drawn from; refused when another is in force.
    procedure_version: Option<i32>,
    /// The request letter.
    letter: LetterInput,
    /// The agency's person in charge (Data Admin).
    contact: ContactInput,
    /// The procedure's form: fits `procedure.detailsSchema`.
    details: Json,
    /// Makes a retry harmless: the same key acts once. Kept seven days. A new UUID for each act does well.
    idempotency_key: Option<String>,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
    /// Only try it: what it would be refused for, or what it would do, is answered, and nothing is written. The idempotency key
    /// is not looked at. Null is as false.
    #[graphql(default_with = "Some(false)")]
    validate_only: Option<bool>,
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
    /// The version that you read; refused when the request has moved on.
    expected_version: i32,
    /// Makes a retry harmless: the same key acts once. Kept seven days. A new UUID for each act does well.
    idempotency_key: Option<String>,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
    /// Only try it: what it would be refused for, or what it would do, is answered, and nothing is written. The idempotency key
    /// is not looked at. Null is as false.
    #[graphql(default_with = "Some(false)")]
    validate_only: Option<bool>,
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
    /// The documents that come with the act.
    documents: Option<Vec<DocumentInput>>,
    /// What is provisioned, where the outcome takes it.
    asset: Option<AssetInput>,
    /// Whom the credential is for; the submitter when not given.
    recipient_id: Option<ID>,
    /// The version that you read; refused when the request has moved on.
    expected_version: i32,
    /// Makes a retry harmless: the same key acts once. Kept seven days. A new UUID for each act does well.
    idempotency_key: Option<String>,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
    /// Only try it: what it would be refused for, or what it would do, is answered, and nothing is written. The idempotency key
    /// is not looked at. Null is as false.
    #[graphql(default_with = "Some(false)")]
    validate_only: Option<bool>,
}

/// An instruction to the next step's performer.
#[derive(InputObject)]
struct DispositionInput {
    /// What to do.
    instruction: String,
    /// How urgent it is; NORMAL when not given.
    urgency: Option<Urgency>,
}

/// A document that comes with an act.
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

/// What is provisioned.
#[derive(InputObject)]
struct AssetInput {
    /// Its attributes: fit the outcome's `assetSchema`.
    attributes: Json,
    /// The credential's secret, where the outcome takes one.
    secret: Option<String>,
}

/// A signer's decision.
#[derive(InputObject)]
struct SignDocumentInput {
    /// The document.
    document_id: ID,
    /// The decision.
    decision: SignDecision,
    /// A note; needed to refuse.
    note: Option<String>,
    /// Makes a retry harmless: the same key acts once. Kept seven days. A new UUID for each act does well.
    idempotency_key: Option<String>,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
    /// Only try it: what it would be refused for, or what it would do, is answered, and nothing is written. The idempotency key
    /// is not looked at. Null is as false.
    #[graphql(default_with = "Some(false)")]
    validate_only: Option<bool>,
}

/// A request, taken back.
#[derive(InputObject)]
struct WithdrawRequestInput {
    /// The request.
    request_id: ID,
    /// Why.
    reason: String,
    /// The version that you read; refused when the request has moved on.
    expected_version: i32,
    /// Makes a retry harmless: the same key acts once. Kept seven days. A new UUID for each act does well.
    idempotency_key: Option<String>,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
    /// Only try it: what it would be refused for, or what it would do, is answered, and nothing is written. The idempotency key
    /// is not looked at. Null is as false.
    #[graphql(default_with = "Some(false)")]
    validate_only: Option<bool>,
}

/// A disposition that you have read.
#[derive(InputObject)]
struct ReadDispositionInput {
    /// The disposition.
    disposition_id: ID,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
}

/// A credential to be read.
#[derive(InputObject)]
struct RevealCredentialInput {
    /// The asset.
    asset_id: ID,
    /// The same key shows it again for ten minutes, so that a lost answer loses nothing.
    idempotency_key: String,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
    /// Only try whether it would be shown: no secret is, and none is used up. The idempotency key is not looked at: one that was
    /// read is told as such. Null is as false.
    #[graphql(default_with = "Some(false)")]
    validate_only: Option<bool>,
}

/// A credential, replaced.
#[derive(InputObject)]
struct ReissueCredentialInput {
    /// The asset.
    asset_id: ID,
    /// The new secret.
    secret: String,
    /// Whom it is for; the one before when not given.
    recipient_id: Option<ID>,
    /// Makes a retry harmless: the same key acts once. Kept seven days. A new UUID for each act does well.
    idempotency_key: Option<String>,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
    /// Only try it: what it would be refused for, or what it would do, is answered, and nothing is written. The idempotency key
    /// is not looked at. Null is as false.
    #[graphql(default_with = "Some(false)")]
    validate_only: Option<bool>,
}

/// An asset, taken out of service.
#[derive(InputObject)]
struct RevokeAssetInput {
    /// The asset.
    asset_id: ID,
    /// Why.
    reason: String,
    /// Makes a retry harmless: the same key acts once. Kept seven days. A new UUID for each act does well.
    idempotency_key: Option<String>,
    /// The grant to act by, by its id: needed when several of yours allow this and differ.
    acting_as: Option<ID>,
    /// Only try it: what it would be refused for, or what it would do, is answered, and nothing is written. The idempotency key
    /// is not looked at. Null is as false.
    #[graphql(default_with = "Some(false)")]
    validate_only: Option<bool>,
}

macro_rules! payload {
    ($name:ident, $field:ident: $type:ty) => {
        /// What was done, or what to mend.
        #[derive(SimpleObject)]
        struct $name {
            /// It, as it is now. Null when refused, or only tried.
            $field: Option<$type>,
            /// What it would do, when it was only tried (`validateOnly`). Null otherwise, or when refused.
            preview: Option<ActPreview>,
            /// What to mend; empty when it was done, or would be.
            user_errors: Vec<UserError>,
        }

        impl $name {
            /// What an act came to; what it did is read once it is done.
            async fn of<F: Future<Output = Result<Option<$type>>>>(
                context: &Context<'_>,
                service: &command::Service,
                answer: command::Answer<uuid::Uuid>,
                read: impl FnOnce(uuid::Uuid) -> F,
            ) -> Result<Option<Self>> {
                let mut payload = Self { $field: None, preview: None, user_errors: Vec::new() };
                match settle(answer)? {
                    Err(errors) => payload.user_errors = errors,
                    Ok(id) => {
                        payload.preview = tried(context, service)?;
                        if payload.preview.is_none() {
                            payload.$field = read(id).await?;
                        }
                    }
                }
                Ok(Some(payload))
            }
        }
    };
}

payload!(SubmitRequestPayload, request: Request);
payload!(ResubmitRequestPayload, request: Request);
payload!(ExecuteStepPayload, request: Request);
payload!(WithdrawRequestPayload, request: Request);
payload!(SignDocumentPayload, document: Document);
payload!(ReissueCredentialPayload, asset: Asset);
payload!(RevokeAssetPayload, asset: Asset);

/// What was done, or what to mend.
#[derive(SimpleObject)]
struct ReadDispositionPayload {
    /// It, as it is now. Null when refused.
    disposition: Option<Disposition>,
    /// What to mend; empty when it was done.
    user_errors: Vec<UserError>,
}

/// A credential, or why it is not shown.
#[derive(SimpleObject)]
struct RevealCredentialPayload {
    /// What to sign in with. Null when refused or only tried, or where there is none.
    username: Option<String>,
    /// The secret: not shown again. Null when refused, or only tried.
    secret: Option<String>,
    /// The asset. Null when refused, or only tried.
    asset: Option<Asset>,
    /// What it would do, when it was only tried (`validateOnly`). Null otherwise, or when refused.
    preview: Option<ActPreview>,
    /// What to mend; empty when it is shown, or would be.
    user_errors: Vec<UserError>,
}

/// The caller, to act by the grant of that id where one is given.
pub(super) fn acting(context: &Context<'_>, grant: Option<&ID>) -> Result<Pass> {
    Ok(caller(context)?.pass.acting_as(grant.map(|id| id::uuid("RoleGrant", id))))
}

/// What does it, or only tries it.
fn performing(context: &Context<'_>, validate_only: Option<bool>) -> Result<command::Service> {
    let service = service(context)?;
    Ok(if validate_only == Some(true) { service.trial() } else { service.clone() })
}

/// What an act that was only tried would do; none where it was done.
fn tried(context: &Context<'_>, service: &command::Service) -> Result<Option<ActPreview>> {
    service.previewed().map(|preview| ActPreview::of(context, preview)).transpose()
}

/// Forgets what the operation has read so far: what a mutation answers is as it is now.
async fn fresh(context: &Context<'_>) -> Result<()> {
    session(context)?.forget();
    Ok(())
}

/// A request as it is now, with what the payload's field selects of it.
async fn request(context: &Context<'_>, id: uuid::Uuid) -> Result<Option<Request>> {
    fresh(context).await?;
    let found = find(context, id).await?;
    prefetch::requests(context, found.as_slice(), &Selected::of_field(context).field("request")).await?;
    Ok(found)
}

async fn document(context: &Context<'_>, id: uuid::Uuid) -> Result<Option<Document>> {
    let row = store::document_by_id(service(context)?.store().reader(), id).await.map_err(error::store)?;
    let Some(row) = row else { return Ok(None) };
    Ok(request(context, row.request_id).await?.map(|request| Document { request, row }))
}

async fn asset(context: &Context<'_>, id: uuid::Uuid) -> Result<Option<Asset>> {
    fresh(context).await?;
    let row = store::asset_by_id(service(context)?.store().reader(), id).await.map_err(error::store)?;
    Ok(row.map(Asset::of))
}

/// What can be done.
#[Object]
impl RequestMutation {
    /// Submits a request: executes the procedure's first step. Null only beside an error.
    async fn submit_request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The request.")] input: SubmitRequestInput,
    ) -> Result<Option<SubmitRequestPayload>> {
        let pass = acting(context, input.acting_as.as_ref())?;
        let submit = command::SubmitRequest {
            office: input.office,
            agency: input.agency,
            procedure: input.procedure,
            procedure_version: input.procedure_version,
            letter: input.letter.into(),
            contact: input.contact.into(),
            details: input.details.0,
            idempotency_key: input.idempotency_key,
        };
        let service = performing(context, input.validate_only)?;
        let answer = service.submit_request(pass, submit).await;
        SubmitRequestPayload::of(context, &service, answer, |id| request(context, id)).await
    }

    /// Completes a request that was returned to you. Null only beside an error.
    async fn resubmit_request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The request, completed.")] input: ResubmitRequestInput,
    ) -> Result<Option<ResubmitRequestPayload>> {
        let pass = acting(context, input.acting_as.as_ref())?;
        let resubmit = command::ResubmitRequest {
            request: id::uuid("Request", &input.request_id),
            letter: input.letter.into(),
            contact: input.contact.into(),
            details: input.details.0,
            expected_version: input.expected_version,
            idempotency_key: input.idempotency_key,
        };
        let service = performing(context, input.validate_only)?;
        let answer = service.resubmit_request(pass, resubmit).await;
        ResubmitRequestPayload::of(context, &service, answer, |id| request(context, id)).await
    }

    /// Ends the step under way by one of its outcomes. Null only beside an error.
    async fn execute_step(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The step, ended.")] input: ExecuteStepInput,
    ) -> Result<Option<ExecuteStepPayload>> {
        let pass = acting(context, input.acting_as.as_ref())?;
        let document = |given: DocumentInput| command::DocumentGiven {
            kind: given.kind,
            title: given.title,
            number: given.number,
            date: given.date.map(|date| date.0),
        };
        let execute = command::ExecuteStep {
            request: id::uuid("Request", &input.request_id),
            step: input.step,
            outcome: input.outcome,
            note: input.note,
            disposition: input.disposition.map(|given| command::DispositionGiven {
                instruction: given.instruction,
                urgency: stored(given.urgency.unwrap_or_default()),
            }),
            documents: input.documents.unwrap_or_default().into_iter().map(document).collect(),
            asset: input.asset.map(|given| command::AssetGiven {
                attributes: given.attributes.0,
                secret: given.secret.map(Secret::new),
            }),
            recipient: input.recipient_id.as_ref().map(|id| id::uuid("User", id)),
            expected_version: input.expected_version,
            idempotency_key: input.idempotency_key,
        };
        let service = performing(context, input.validate_only)?;
        let answer = service.execute_step(pass, execute).await;
        ExecuteStepPayload::of(context, &service, answer, |id| request(context, id)).await
    }

    /// Signs or refuses a document that waits for your signature. Null only beside an error.
    async fn sign_document(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The decision.")] input: SignDocumentInput,
    ) -> Result<Option<SignDocumentPayload>> {
        let pass = acting(context, input.acting_as.as_ref())?;
        let sign = command::SignDocument {
            document: id::uuid("Document", &input.document_id),
            decision: match input.decision {
                SignDecision::Sign => Decision::Sign,
                SignDecision::Refuse => Decision::Refuse,
            },
            note: input.note,
            idempotency_key: input.idempotency_key,
        };
        let service = performing(context, input.validate_only)?;
        let answer = service.sign_document(pass, sign).await;
        SignDocumentPayload::of(context, &service, answer, |id| document(context, id)).await
    }

    /// Takes a request back, while nothing has been provisioned for it. Null only beside an error.
    async fn withdraw_request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The request.")] input: WithdrawRequestInput,
    ) -> Result<Option<WithdrawRequestPayload>> {
        let pass = acting(context, input.acting_as.as_ref())?;
        let withdraw = command::WithdrawRequest {
            request: id::uuid("Request", &input.request_id),
            reason: input.reason,
            expected_version: input.expected_version,
            idempotency_key: input.idempotency_key,
        };
        let service = performing(context, input.validate_only)?;
        let answer = service.withdraw_request(pass, withdraw).await;
        WithdrawRequestPayload::of(context, &service, answer, |id| request(context, id)).await
    }

    /// Notes that you have read a disposition that is for you; a second time changes nothing. Null only beside an error.
    async fn read_disposition(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The disposition.")] input: ReadDispositionInput,
    ) -> Result<Option<ReadDispositionPayload>> {
        let pass = acting(context, input.acting_as.as_ref())?;
        let service = service(context)?;
        let disposition = id::uuid("Disposition", &input.disposition_id);
        Ok(Some(match settle(service.read_disposition(pass, disposition).await)? {
            Err(user_errors) => ReadDispositionPayload { disposition: None, user_errors },
            Ok(id) => {
                let row = store::disposition_by_id(service.store().reader(), id).await.map_err(error::store)?;
                let disposition = match row {
                    None => None,
                    Some(row) => request(context, row.request_id).await?.map(|request| Disposition { request, row }),
                };
                ReadDispositionPayload { disposition, user_errors: Vec::new() }
            }
        }))
    }

    /// Shows you a credential that is for you, once. Null only beside an error.
    async fn reveal_credential(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The credential.")] input: RevealCredentialInput,
    ) -> Result<Option<RevealCredentialPayload>> {
        let pass = acting(context, input.acting_as.as_ref())?;
        let reveal = command::RevealCredential {
            asset: id::uuid("Asset", &input.asset_id),
            idempotency_key: input.idempotency_key,
        };
        let service = performing(context, input.validate_only)?;
        let nothing = RevealCredentialPayload {
            username: None,
            secret: None,
            asset: None,
            preview: None,
            user_errors: Vec::new(),
        };
        Ok(Some(match settle(service.reveal_credential(pass, reveal).await)? {
            Err(user_errors) => RevealCredentialPayload { user_errors, ..nothing },
            Ok(revealed) => match tried(context, &service)? {
                Some(preview) => RevealCredentialPayload { preview: Some(preview), ..nothing },
                None => RevealCredentialPayload {
                    username: revealed.username,
                    secret: revealed.secret.map(|secret| secret.expose().to_owned()),
                    asset: asset(context, revealed.asset).await?,
                    ..nothing
                },
            },
        }))
    }

    /// Replaces a credential that was lost; the new one waits for its recipient. Null only beside an error.
    async fn reissue_credential(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The new credential.")] input: ReissueCredentialInput,
    ) -> Result<Option<ReissueCredentialPayload>> {
        let pass = acting(context, input.acting_as.as_ref())?;
        let reissue = command::ReissueCredential {
            asset: id::uuid("Asset", &input.asset_id),
            secret: Secret::new(input.secret),
            recipient: input.recipient_id.as_ref().map(|id| id::uuid("User", id)),
            idempotency_key: input.idempotency_key,
        };
        let service = performing(context, input.validate_only)?;
        let answer = service.reissue_credential(pass, reissue).await;
        ReissueCredentialPayload::of(context, &service, answer, |id| asset(context, id)).await
    }

    /// Takes a delivered asset out of service, and frees its name or place. Null only beside an error.
    async fn revoke_asset(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The asset.")] input: RevokeAssetInput,
    ) -> Result<Option<RevokeAssetPayload>> {
        let pass = acting(context, input.acting_as.as_ref())?;
        let revoke = command::RevokeAsset {
            asset: id::uuid("Asset", &input.asset_id),
            reason: input.reason,
            idempotency_key: input.idempotency_key,
        };
        let service = performing(context, input.validate_only)?;
        let answer = service.revoke_asset(pass, revoke).await;
        RevokeAssetPayload::of(context, &service, answer, |id| asset(context, id)).await
    }
}
