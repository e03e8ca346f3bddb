//! Acts of people, and their inputs: `opd.submit(Cloud::default())`, `tu.forward(&request.number)`,
//! `play(&people, &request.number, &cloud_way("dinkes")[..3])`.

use std::fmt::Display;

use serde_json::{Value, json};

use crate::harness::{People, Person, with};

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

    /// With the NIP of its contact.
    pub(crate) fn nip(mut self, nip: &str) -> Self {
        self.0["contact"]["nip"] = json!(nip);
        self
    }

    /// With an idempotency key.
    pub(crate) fn key(mut self, key: impl Display) -> Self {
        self.0["idempotencyKey"] = json!(key.to_string());
        self
    }

    /// As the completion of a returned request.
    pub(crate) fn completing(self, seen: &Value) -> Value {
        let Self(mut input) = self;
        for field in ["office", "procedure"] {
            input.as_object_mut().expect("an object").remove(field);
        }
        with(input, json!({ "requestId": seen["id"], "expectedVersion": seen["version"] }))
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

/// A submission for a subdomain in Singkawang.
pub(crate) struct Subdomain(Value);

impl Subdomain {
    /// By a letter of this number.
    pub(crate) fn letter(number: impl Display) -> Self {
        let details = json!({ "label": "dinkes", "target": "192.0.2.7", "purpose": "Situs dinas" });
        let other = json!({ "procedure": "permohonan-subdomain", "details": details });
        Self(with(Cloud::letter(number).input(), other))
    }

    /// With an idempotency key.
    pub(crate) fn key(self, key: impl Display) -> Self {
        Self(with(self.0, json!({ "idempotencyKey": key.to_string() })))
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

impl From<Subdomain> for Value {
    fn from(submission: Subdomain) -> Self {
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
    /// Submits a request and expects success.
    pub(crate) async fn submit(&self, submission: impl Into<Value>) -> Request {
        let answer = self.try_submit(submission).await;
        let text = |field: &str| answer["request"][field].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Request { id: text("id"), number: text("number") }
    }

    /// Submits a request. Returns the payload.
    pub(crate) async fn try_submit(&self, submission: impl Into<Value>) -> Value {
        self.ask(SUBMIT, json!({ "input": submission.into() })).await["submitRequest"].take()
    }

    /// Forwards a request from TU to the head of the office.
    pub(crate) async fn forward(&self, number: &str) {
        self.execute(number, "2", "forward", sheet()).await.expect("forwarded");
    }

    /// A person of an office with their grants, as its administrator sees them.
    pub(crate) async fn person_of(&self, office: &str, username: &str) -> Value {
        let query = "query($office: String!) { office(key: $office) { people { user { id username name nip } active \
            grants { id role { key } validUntil } } } }";
        let people = self.ask(query, json!({ "office": office })).await["office"]["people"].take();
        let found = people.as_array().expect("people").iter().find(|person| person["user"]["username"] == username);
        found.unwrap_or_else(|| panic!("{username}: {people:#}")).clone()
    }

    /// The id of a request's current document of a kind.
    pub(crate) async fn document(&self, number: &str, kind: &str) -> Value {
        let seen = self.see(number).await;
        let mut documents = seen["documents"].as_array().expect("documents").iter();
        let found = documents.find(|found| found["kind"]["key"] == kind && found["current"] == true);
        found.unwrap_or_else(|| panic!("{number} has no {kind}"))["id"].clone()
    }

    /// Signs the current document of a kind, or refuses to. Returns the code of the refusal of the act, empty when accepted.
    pub(crate) async fn sign(&self, number: &str, kind: &str, decision: Value) -> String {
        let document = self.document(number, kind).await;
        self.refused("signDocument", with(json!({ "documentId": document }), decision)).await
    }

    /// Carries out a mutation and expects success. Returns its payload.
    pub(crate) async fn act(&self, mutation: &str, selected: &str, input: Value) -> Value {
        let payload = self.try_act(mutation, selected, input).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation}: {payload}");
        payload
    }

    /// Carries out a mutation. Returns its payload.
    pub(crate) async fn try_act(&self, mutation: &str, selected: &str, input: Value) -> Value {
        self.ask(&self::mutation(mutation, selected), json!({ "input": input })).await[mutation].take()
    }

    /// The code of a mutation's refusal: of its first user error, or of the first top-level error; empty when accepted.
    pub(crate) async fn refused(&self, mutation: &str, input: Value) -> String {
        let answer = self.answer(&self::mutation(mutation, ""), json!({ "input": input })).await;
        let code = [error_code(&answer), user_error_code(&answer["data"][mutation])].concat();
        assert!(!code.is_empty() || answer["data"][mutation]["userErrors"] == json!([]), "{mutation}: {answer}");
        code
    }
}

/// An act at a step: person, step, outcome, and the rest of its input.
pub(crate) type StepAct = (&'static str, &'static str, &'static str, Value);

/// The acts on a cloud request from TU to its delivery, by the people of Singkawang's cast.
pub(crate) fn cloud_way(username: &str) -> [StepAct; 7] {
    [
        ("tu", "2", "forward", sheet()),
        ("kadis", "3", "dispose", dispose()),
        ("kabid", "4", "dispose", dispose()),
        ("subkor", "5", "yes", json!({})),
        ("cloud", "6", "provision", account(username, 50)),
        ("subkor", "7", "yes", json!({})),
        ("subkor", "8", "confirm", report()),
    ]
}

/// Carries out acts on a request and expects success.
pub(crate) async fn play(people: &People<'_>, number: &str, acts: &[StepAct]) {
    for (who, step, outcome, more) in acts {
        let done = people[who].execute(number, step, outcome, more.clone()).await;
        done.unwrap_or_else(|codes| panic!("{who} at {step} of {number}: {codes:?}"));
    }
}

/// The text of a mutation, with a selection of its payload beside its errors.
pub(crate) fn mutation(name: &str, selected: &str) -> String {
    let mut kind = name.to_owned();
    kind[..1].make_ascii_uppercase();
    format!(
        "mutation($input: {kind}Input!) {{ {name}(input: $input) {{ {selected} userErrors {{ code message path }} }} }}"
    )
}

/// The disposition sheet, added by TU when a request is forwarded.
pub(crate) fn sheet() -> Value {
    json!({ "documents": [{ "kind": "lembar-disposisi", "title": "Lembar", "number": "1" }] })
}

/// An official's disposition.
pub(crate) fn dispose() -> Value {
    json!({ "disposition": { "instruction": "Tindak lanjuti" } })
}

/// The secret of a new cloud account.
pub(crate) const SECRET: &str = "rahasia-contoh";

/// A new cloud account.
pub(crate) fn account(username: &str, quota: i32) -> Value {
    json!({ "asset": { "secret": SECRET, "attributes": {
        "username": username, "quotaGib": quota, "serviceAddress": "https://cloud.example",
    } } })
}

/// A new name of a subdomain.
pub(crate) fn subdomain(fqdn: &str) -> Value {
    json!({ "asset": { "attributes": { "fqdn": fqdn, "recordType": "A", "target": "192.0.2.7" } } })
}

/// The report at the end of a cloud request.
pub(crate) fn report() -> Value {
    json!({ "documents": [{ "kind": "laporan", "title": "Laporan" }] })
}

/// The code of an answer's first top-level error; empty without one.
pub(crate) fn error_code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

/// The code of a payload's first user error; empty without one.
pub(crate) fn user_error_code(payload: &Value) -> &str {
    payload["userErrors"][0]["code"].as_str().unwrap_or_default()
}
