//! What the tests of this folder act out.

use serde_json::{Value, json};

use crate::harness::Cast;

/// Who acts.
pub(crate) const CAST: Cast<'static> =
    &[("opd", "singkawang", "opd", Some("dinkes")), ("tu", "singkawang", "tu", None)];

/// A submission, with what its answer tells.
pub(crate) const SUBMIT: &str = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { \
    request { id number version events(first: 9) { nodes { kind } } } userErrors { code } } }";

/// A cloud account is asked for by this letter, which is the idempotency key too.
pub(crate) fn submission(letter: &str) -> Value {
    json!({ "input": {
        "office": "singkawang", "procedure": "permohonan-cloud-service", "idempotencyKey": letter,
        "letter": { "number": letter, "date": "2026-01-05", "subject": "Permohonan" },
        "contact": { "name": "Warga Contoh", "phone": "0562 000000", "email": "contoh@opd.example" },
        "details": { "purpose": "Arsip", "quotaGib": 50, "users": 3 },
    } })
}

/// The same for a subdomain, whose numbers are counted apart.
pub(crate) fn subdomain(letter: &str) -> Value {
    let mut input = submission(letter);
    input["input"]["procedure"] = json!("permohonan-subdomain");
    input["input"]["details"] = json!({ "label": "dinkes", "target": "192.0.2.7", "purpose": "Situs dinas" });
    input
}
