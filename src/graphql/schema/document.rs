//! `Document`: a document of a request with its signatures, and the mutation `signDocument`.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use entity::{document, signature};

use super::actor::Actor;
use super::payload::{ActOptions, payload, reread};
use super::procedure::{RecordKind, Step};
use super::request::Request;
use super::scalars::date::Date;
use super::scalars::date_time::DateTime;
use super::scalars::id;
use super::stored_enum::from_word;
use crate::access::Field;
use crate::graphql::context::loaders::SignaturesOf;
use crate::graphql::context::session::{load, service};
use crate::graphql::error;
use crate::service as command;
use crate::store;
use crate::workflow::Decision;

/// A signer's decision.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Decision")]
pub(crate) enum SignDecision {
    /// Signed.
    Sign,
    /// Refused, with a note.
    Refuse,
}

/// A document of a request: its kind, title, number and date.
#[derive(Clone)]
pub(crate) struct Document {
    pub(crate) request: Request,
    pub(crate) row: document::Model,
}

/// A document of a request: its kind, title, number and date.
#[Object]
impl Document {
    /// Its opaque id.
    pub(crate) async fn id(&self, context: &Context<'_>) -> Result<ID> {
        id::encode(context, "Document", self.row.id)
    }

    /// The request.
    async fn request(&self) -> Request {
        self.request.clone()
    }

    /// Its kind.
    async fn kind(&self, context: &Context<'_>) -> Result<RecordKind> {
        Ok(RecordKind::from_key(&self.request.entry(context)?.procedure, &self.row.kind))
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

    /// The step it came with.
    async fn step(&self, context: &Context<'_>) -> Result<Step> {
        self.request.step(context, &self.row.step)
    }

    /// The pass through the step.
    async fn visit(&self) -> i32 {
        self.row.visit
    }

    /// False once a later act brought a newer one of its kind.
    async fn current(&self) -> bool {
        self.row.current
    }

    /// The person behind it, in their role.
    async fn added_by(&self) -> Actor {
        Actor::new(&self.request.row().office, &self.row)
    }

    /// When.
    async fn added_at(&self) -> DateTime {
        DateTime(self.row.added_at)
    }

    /// The decisions of its signers, in order.
    async fn signatures(&self, context: &Context<'_>) -> Result<Vec<Signature>> {
        let rows = load(context, SignaturesOf(self.row.id)).await?.unwrap_or_default();
        Ok(rows.into_iter().map(|row| Signature { request: self.request.clone(), row }).collect())
    }
}

/// A signer's decision on a document.
pub(crate) struct Signature {
    request: Request,
    row: signature::Model,
}

/// A signer's decision on a document.
#[Object]
impl Signature {
    /// The signer.
    async fn by(&self) -> Actor {
        Actor::new(&self.request.row().office, &self.row)
    }

    /// When.
    async fn at(&self) -> DateTime {
        DateTime(self.row.at)
    }

    /// The decision.
    async fn decision(&self) -> Result<SignDecision> {
        from_word(&self.row.decision)
    }

    /// Their note, internal to the office; null where there is none, for an agency, and where the office's policy does
    /// not let you read it (`field:note`).
    async fn note(&self, context: &Context<'_>) -> Option<&str> {
        self.row.note.as_deref().filter(|_| self.request.is_office() && self.request.reads(context, Field::Note))
    }

    /// Digest of the signed content: its version and SHA-256 in hex, `v2:9f86…`; older ones have no version.
    async fn digest(&self) -> &str {
        &self.row.digest
    }
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
    #[graphql(flatten)]
    options: ActOptions,
}

payload!(SignDocumentPayload, document: Document);

/// Reads a document after an act.
async fn reread_document(context: &Context<'_>, id: uuid::Uuid) -> Result<Option<Document>> {
    let row = store::document_by_id(service(context)?.store().reader(), id).await.map_err(error::from_store)?;
    let Some(row) = row else { return Ok(None) };
    Ok(reread(context, row.request_id).await?.map(|request| Document { request, row }))
}

/// Acts on documents.
#[derive(Default)]
pub(crate) struct DocumentMutation;

/// Acts on documents.
#[Object]
impl DocumentMutation {
    /// Signs or refuses a document waiting for your signature. Null only beside an error.
    async fn sign_document(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The decision.")] input: SignDocumentInput,
    ) -> Result<Option<SignDocumentPayload>> {
        let (pass, mode) = input.options.pass_and_mode(context)?;
        let sign = command::SignDocument {
            document: id::uuid(context, "Document", "input.documentId", &input.document_id)?,
            decision: input.decision.into(),
            note: input.note,
            idempotency_key: input.options.idempotency_key,
        };
        let answer = service(context)?.sign_document(pass, sign, mode).await;
        SignDocumentPayload::from_answer(context, answer, |id| reread_document(context, id)).await
    }
}
