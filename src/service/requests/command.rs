//! What the edges ask of the use cases: inputs already of the right shape, not yet judged.

use chrono::NaiveDate;
use serde::Serialize;
use uuid::Uuid;

use crate::auth::Secret;
use crate::workflow::Decision;

/// The request letter.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct SubmittedLetter {
    pub number: String,
    pub date: NaiveDate,
    pub subject: String,
    pub srikandi_reference: Option<String>,
    pub confidentiality: String,
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
    pub idempotency_key: Option<String>,
}

/// A returned request, completed.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct ResubmitRequest {
    pub request: Uuid,
    pub letter: SubmittedLetter,
    pub contact: SubmittedContact,
    pub details: serde_json::Value,
    pub expected_version: i32,
    pub idempotency_key: Option<String>,
}

/// An instruction to the next step's performer.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct NewDisposition {
    pub instruction: String,
    pub urgency: String,
}

/// A document that comes with an act.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct NewDocument {
    pub kind: String,
    pub title: String,
    pub number: Option<String>,
    pub date: Option<NaiveDate>,
}

/// What is provisioned.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct AssetValues {
    pub attributes: serde_json::Value,
    pub secret: Option<Secret>,
}

/// A step, ended.
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

/// A request, taken back.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct WithdrawRequest {
    pub request: Uuid,
    pub reason: String,
    pub expected_version: i32,
    pub idempotency_key: Option<String>,
}

/// A credential, read by its recipient.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct RevealCredential {
    pub asset: Uuid,
    pub idempotency_key: String,
}

/// A credential, replaced.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct ReissueCredential {
    pub asset: Uuid,
    pub secret: Secret,
    pub recipient: Option<Uuid>,
    pub idempotency_key: Option<String>,
}

/// An asset, taken out of service.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct RevokeAsset {
    pub asset: Uuid,
    pub reason: String,
    pub idempotency_key: Option<String>,
}
