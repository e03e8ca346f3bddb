//! Acts of people, and what they send: `opd.submit(Cloud::default())`, `tu.forward(&request.number)`.

use std::fmt::Display;

use serde_json::{Value, json};

use crate::harness::Person;

/// Submits a request.
pub(crate) const SUBMIT: &str = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { \
    request { id number version } userErrors { code message path } } }";

/// A submission for a cloud account in Singkawang.
pub(crate) struct Cloud(Value);

impl Default for Cloud {
    fn default() -> Self {
        Self::letter("005/1")
    }
}

impl Cloud {
    /// By a letter of this number.
    pub(crate) fn letter(number: impl Display) -> Self {
        Self(json!({
            "office": "singkawang", "procedure": "permohonan-cloud-service",
            "letter": { "number": number.to_string(), "date": "2026-01-05", "subject": "Permohonan" },
            "contact": { "name": "Warga Contoh", "phone": "0562 000000", "email": "contoh@opd.example" },
            "details": { "purpose": "Arsip", "quotaGib": 50, "users": 3 },
        }))
    }

    /// By a letter of this confidentiality.
    pub(crate) fn confidentiality(mut self, confidentiality: impl Display) -> Self {
        self.0["letter"]["confidentiality"] = json!(confidentiality.to_string());
        self
    }

    /// With an idempotency key.
    pub(crate) fn key(mut self, key: impl Display) -> Self {
        self.0["idempotencyKey"] = json!(key.to_string());
        self
    }

    /// The input of the mutation.
    pub(crate) fn input(self) -> Value {
        self.0
    }

    /// The variables of [`SUBMIT`].
    pub(crate) fn variables(self) -> Value {
        json!({ "input": self.0 })
    }
}

/// A submission for a place in Denpasar's data center.
pub(crate) struct Placement(Value);

impl Placement {
    /// By a letter of this number.
    pub(crate) fn letter(number: impl Display) -> Self {
        Self(json!({
            "office": "denpasar", "procedure": "layanan-data-center",
            "letter": { "number": number.to_string(), "date": "2026-01-05", "subject": "Penitipan server" },
            "contact": { "name": "Warga Contoh", "phone": "0361 000000", "email": "contoh@disdik.example" },
            "details": { "kind": "SERVER", "rackUnits": 2, "powerWatts": 500, "operatingSystem": "Debian", "ports": [443],
                "publicAddress": true, "applications": ["Rapor"], "maintenanceContact": "Contoh" },
        }))
    }
}

impl From<Cloud> for Value {
    fn from(submission: Cloud) -> Self {
        submission.0
    }
}

impl From<Placement> for Value {
    fn from(submission: Placement) -> Self {
        submission.0
    }
}

/// A request as its submission answered it.
pub(crate) struct Request {
    pub(crate) id: String,
    pub(crate) number: String,
}

impl Person<'_> {
    /// Submits a request, which must be accepted.
    pub(crate) async fn submit(&self, submission: impl Into<Value>) -> Request {
        let answer = self.ask(SUBMIT, json!({ "input": submission.into() })).await["submitRequest"].clone();
        let text = |field: &str| answer["request"][field].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Request { id: text("id"), number: text("number") }
    }

    /// Forwards a request from TU to the head of the office.
    pub(crate) async fn forward(&self, number: &str) {
        self.execute(number, "2", "forward", sheet()).await.expect("forwarded");
    }

    /// Carries out a mutation that must be accepted; its payload.
    pub(crate) async fn act(&self, mutation: &str, selected: &str, input: Value) -> Value {
        let answer = self.ask(&self::mutation(mutation, selected), json!({ "input": input })).await[mutation].clone();
        assert_eq!(answer["userErrors"], json!([]), "{mutation}: {answer}");
        answer
    }
}

/// The text of a mutation, with what its payload is asked for beside its errors.
pub(crate) fn mutation(name: &str, selected: &str) -> String {
    let mut kind = name.to_owned();
    kind[..1].make_ascii_uppercase();
    format!(
        "mutation($input: {kind}Input!) {{ {name}(input: $input) {{ {selected} userErrors {{ code message path }} }} }}"
    )
}

/// The disposition sheet, which TU adds when a request is forwarded.
pub(crate) fn sheet() -> Value {
    json!({ "documents": [{ "kind": "lembar-disposisi", "title": "Lembar", "number": "1" }] })
}

/// The code of an answer's first top-level error; empty without one.
pub(crate) fn error_code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

/// The code of a payload's first user error; empty without one.
pub(crate) fn user_error_code(payload: &Value) -> &str {
    payload["userErrors"][0]["code"].as_str().unwrap_or_default()
}
