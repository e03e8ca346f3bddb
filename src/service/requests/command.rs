//! Commands on requests and assets: inputs in the right shape, not yet validated, with their idempotency identity.

use chrono::NaiveDate;
use serde::{Serialize, Serializer};
use serde_json::json;
use uuid::Uuid;

use crate::access::Confidentiality;
use crate::auth::Secret;
use crate::service::idempotency::{IdempotentCommand, idempotent, serialize_as_array};
use crate::workflow::{Decision, Urgency};

idempotent! {
    SubmitRequest: "submitRequest",
    ResubmitRequest: "resubmitRequest",
    ExecuteStep: "executeStep",
    SignDocument: "signDocument",
    WithdrawRequest: "withdrawRequest",
    ReissueCredential: "reissueCredential",
    RevokeAsset: "revokeAsset",
}

impl IdempotentCommand for RevealCredential {
    const MUTATION: &'static str = "revealCredential";

    fn idempotency_key(&self) -> Option<&str> {
        Some(&self.idempotency_key)
    }
}

serialize_as_array! {
    SignDocument { document: document, decision: decision.word(), note: note }
    WithdrawRequest { request: request, reason: reason, expected_version: expected_version }
    ReissueCredential { asset: asset, secret: secret.expose(), recipient: recipient }
}

impl Serialize for ExecuteStep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            request,
            step,
            outcome,
            note,
            disposition,
            documents,
            asset,
            recipient,
            expected_version,
            idempotency_key: _,
        } = self;
        let (attributes, secret) = match asset {
            None => (None, None),
            Some(AssetValues { attributes, secret }) => (Some(attributes), secret.as_ref().map(Secret::expose)),
        };
        json!({
            "request": request,
            "step": step,
            "outcome": outcome,
            "note": note,
            "disposition": disposition,
            "documents": documents,
            "attributes": attributes,
            "secret": secret,
            "recipient": recipient,
            "expectedVersion": expected_version,
        })
        .serialize(serializer)
    }
}

/// The request letter.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct SubmittedLetter {
    pub number: String,
    pub date: NaiveDate,
    pub subject: String,
    pub srikandi_reference: Option<String>,
    pub confidentiality: Confidentiality,
}

/// Data Admin: the agency's person in charge.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct SubmittedContact {
    pub name: String,
    pub nip: Option<String>,
    pub position: Option<String>,
    pub phone: String,
    pub email: String,
}

/// A new request.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct SubmitRequest {
    pub office: String,
    pub agency: Option<String>,
    pub procedure: String,
    pub procedure_version: Option<i32>,
    pub letter: SubmittedLetter,
    pub contact: SubmittedContact,
    pub details: serde_json::Value,
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}

/// The completion of a returned request.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct ResubmitRequest {
    pub request: Uuid,
    pub letter: SubmittedLetter,
    pub contact: SubmittedContact,
    pub details: serde_json::Value,
    pub expected_version: i32,
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}

/// An instruction to the next step's performer.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct NewDisposition {
    pub instruction: String,
    pub urgency: Urgency,
}

/// A document of an act.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct NewDocument {
    pub kind: String,
    pub title: String,
    pub number: Option<String>,
    pub date: Option<NaiveDate>,
}

/// The values of a provisioned asset.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct AssetValues {
    pub attributes: serde_json::Value,
    pub secret: Option<Secret>,
}

/// The end of a step.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct ExecuteStep {
    pub request: Uuid,
    pub step: String,
    pub outcome: String,
    pub note: Option<String>,
    pub disposition: Option<NewDisposition>,
    pub documents: Vec<NewDocument>,
    pub asset: Option<AssetValues>,
    pub recipient: Option<Uuid>,
    pub expected_version: i32,
    pub idempotency_key: Option<String>,
}

/// A signer's decision.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct SignDocument {
    pub document: Uuid,
    pub decision: Decision,
    pub note: Option<String>,
    pub idempotency_key: Option<String>,
}

/// The withdrawal of a request.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct WithdrawRequest {
    pub request: Uuid,
    pub reason: String,
    pub expected_version: i32,
    pub idempotency_key: Option<String>,
}

/// The reveal of a credential to its recipient.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct RevealCredential {
    pub asset: Uuid,
    #[serde(skip)]
    pub idempotency_key: String,
}

/// The replacement of a credential.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct ReissueCredential {
    pub asset: Uuid,
    pub secret: Secret,
    pub recipient: Option<Uuid>,
    pub idempotency_key: Option<String>,
}

/// The revocation of an asset.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct RevokeAsset {
    pub asset: Uuid,
    pub reason: String,
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}
