//! Commands of the use cases: inputs in the right shape, not yet validated, with their idempotency identity.

use chrono::NaiveDate;
use serde::{Serialize, Serializer};
use serde_json::json;
use uuid::Uuid;

use crate::access::Confidentiality;
use crate::auth::Secret;
use crate::workflow::{Decision, Urgency};

/// A command whose repetition is recognised by an idempotency key.
///
/// Its serialisation identifies its input: stored as a MAC beside the key, so that the same key with another input is refused.
/// The bytes stay the same from one release to the next, or keys of the last seven days would be refused.
pub(in crate::service) trait IdempotentCommand: Serialize + Sync {
    /// The mutation's name in the schema.
    const MUTATION: &'static str;

    /// The key that the client sent.
    fn idempotency_key(&self) -> Option<&str>;
}

macro_rules! idempotent {
    ($($command:ident: $mutation:literal),+ $(,)?) => {
        $(impl IdempotentCommand for $command {
            const MUTATION: &'static str = $mutation;

            fn idempotency_key(&self) -> Option<&str> {
                self.idempotency_key.as_deref()
            }
        })+
    };
}

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

/// Serialises commands as arrays of their fields without the idempotency key. A command with a field that is not named here
/// does not compile.
macro_rules! serialize_as_array {
    ($($command:ident { $($field:ident: $value:expr),+ })+) => {
        $(impl Serialize for $command {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let Self { $($field),+, idempotency_key: _ } = self;
                ($($value),+).serialize(serializer)
            }
        })+
    };
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
    pub urgency: Urgency,
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
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct RevealCredential {
    pub asset: Uuid,
    #[serde(skip)]
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
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the published schema describes each field of an input, once")]
pub struct RevokeAsset {
    pub asset: Uuid,
    pub reason: String,
    #[serde(skip)]
    pub idempotency_key: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn identity(command: &impl Serialize) -> String {
        serde_json::to_string(command).unwrap()
    }

    /// Expects that each field changes the identity. A field that is not named here does not compile.
    macro_rules! expect_each_field {
        ($base:expr, $command:ident { $($field:ident: $other:expr),+ $(,)? }) => {{
            let base = $base;
            let $command { $($field: _),+, idempotency_key: _ } = base.clone();
            let others = [$(identity(&$command { $field: $other, ..base.clone() })),+];
            let mut all = BTreeSet::from([identity(&base)]);
            all.extend(others.iter().cloned());
            assert_eq!(all.len(), others.len() + 1, "{all:#?}");
        }};
    }

    fn letter(number: &str) -> SubmittedLetter {
        SubmittedLetter {
            number: number.to_owned(),
            date: NaiveDate::default(),
            subject: "a".to_owned(),
            srikandi_reference: None,
            confidentiality: Confidentiality::Ordinary,
        }
    }

    fn contact(name: &str) -> SubmittedContact {
        SubmittedContact {
            name: name.to_owned(),
            nip: None,
            position: None,
            phone: "1".to_owned(),
            email: "e".to_owned(),
        }
    }

    fn asset(attributes: serde_json::Value, secret: Option<&str>) -> AssetValues {
        AssetValues { attributes, secret: secret.map(|secret| Secret::new(secret.to_owned())) }
    }

    fn execute() -> ExecuteStep {
        ExecuteStep {
            request: Uuid::nil(),
            step: "2".to_owned(),
            outcome: "forward".to_owned(),
            note: None,
            disposition: None,
            documents: Vec::new(),
            asset: Some(asset(json!({}), Some("secret"))),
            recipient: None,
            expected_version: 1,
            idempotency_key: None,
        }
    }

    #[test]
    fn each_field_of_a_command_is_part_of_its_idempotency_identity() {
        let base = SubmitRequest {
            office: "a".to_owned(),
            agency: None,
            procedure: "a".to_owned(),
            procedure_version: None,
            letter: letter("1"),
            contact: contact("a"),
            details: json!({}),
            idempotency_key: None,
        };
        expect_each_field!(
            base,
            SubmitRequest {
                office: "b".to_owned(),
                agency: Some("b".to_owned()),
                procedure: "b".to_owned(),
                procedure_version: Some(1),
                letter: letter("2"),
                contact: contact("b"),
                details: json!({ "a": 1 }),
            }
        );
        let base = ResubmitRequest {
            request: Uuid::nil(),
            letter: letter("1"),
            contact: contact("a"),
            details: json!({}),
            expected_version: 1,
            idempotency_key: None,
        };
        expect_each_field!(
            base,
            ResubmitRequest {
                request: Uuid::max(),
                letter: letter("2"),
                contact: contact("b"),
                details: json!({ "a": 1 }),
                expected_version: 2,
            }
        );
        let disposition = NewDisposition { instruction: "a".to_owned(), urgency: Urgency::Urgent };
        let document = NewDocument { kind: "a".to_owned(), title: "b".to_owned(), number: None, date: None };
        expect_each_field!(
            execute(),
            ExecuteStep {
                request: Uuid::max(),
                step: "3".to_owned(),
                outcome: "return".to_owned(),
                note: Some("a".to_owned()),
                disposition: Some(disposition.clone()),
                documents: vec![document.clone()],
                asset: Some(asset(json!({}), Some("another"))),
                recipient: Some(Uuid::nil()),
                expected_version: 2,
            }
        );
        let attributes = ExecuteStep { asset: Some(asset(json!({ "a": 1 }), Some("secret"))), ..execute() };
        assert_ne!(identity(&attributes), identity(&execute()));
        let base = SignDocument { document: Uuid::nil(), decision: Decision::Sign, note: None, idempotency_key: None };
        expect_each_field!(
            base,
            SignDocument { document: Uuid::max(), decision: Decision::Refuse, note: Some("a".to_owned()) }
        );
        let base = WithdrawRequest {
            request: Uuid::nil(),
            reason: "a".to_owned(),
            expected_version: 1,
            idempotency_key: None,
        };
        expect_each_field!(base, WithdrawRequest { request: Uuid::max(), reason: "b".to_owned(), expected_version: 2 });
        let base = ReissueCredential {
            asset: Uuid::nil(),
            secret: Secret::new("a".to_owned()),
            recipient: None,
            idempotency_key: None,
        };
        expect_each_field!(
            base,
            ReissueCredential { asset: Uuid::max(), secret: Secret::new("b".to_owned()), recipient: Some(Uuid::nil()) }
        );
        let base = RevokeAsset { asset: Uuid::nil(), reason: "a".to_owned(), idempotency_key: None };
        expect_each_field!(base, RevokeAsset { asset: Uuid::max(), reason: "b".to_owned() });
        let base = RevealCredential { asset: Uuid::nil(), idempotency_key: "a".to_owned() };
        expect_each_field!(base, RevealCredential { asset: Uuid::max() });
    }

    #[test]
    fn identities_stay_as_keys_of_earlier_releases_have_them() {
        let nil = Uuid::nil();
        assert_eq!(
            identity(&execute()),
            format!(
                r#"{{"attributes":{{}},"disposition":null,"documents":[],"expectedVersion":1,"note":null,"outcome":"forward","recipient":null,"request":"{nil}","secret":"secret","step":"2"}}"#
            )
        );
        let sign = SignDocument { document: nil, decision: Decision::Refuse, note: None, idempotency_key: None };
        assert_eq!(identity(&sign), format!(r#"["{nil}","REFUSE",null]"#));
        let withdraw =
            WithdrawRequest { request: nil, reason: "a".to_owned(), expected_version: 3, idempotency_key: None };
        assert_eq!(identity(&withdraw), format!(r#"["{nil}","a",3]"#));
        let secret = Secret::new("s".to_owned());
        let reissue = ReissueCredential { asset: nil, secret, recipient: Some(nil), idempotency_key: None };
        assert_eq!(identity(&reissue), format!(r#"["{nil}","s","{nil}"]"#));
        let revoke = RevokeAsset { asset: nil, reason: "a".to_owned(), idempotency_key: Some("k".to_owned()) };
        assert_eq!(identity(&revoke), format!(r#"{{"asset":"{nil}","reason":"a"}}"#));
        let reveal = RevealCredential { asset: nil, idempotency_key: "k".to_owned() };
        assert_eq!(identity(&reveal), format!(r#""{nil}""#));
    }
}
