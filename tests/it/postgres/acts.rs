//! Acts of the tests of this folder.

use crate::acts::Cloud;
use crate::cast::{Cast, OPD, TU};
use serde_json::{Value, json};

/// The people.
pub(crate) const CAST: Cast<'static> = &[OPD, TU];

/// A submission, with its answer's fields.
pub(crate) const SUBMIT: &str = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { \
    request { id number version events(first: 9) { nodes { kind } } } userErrors { code } } }";

/// A submission for a cloud account by this letter, also its idempotency key.
pub(crate) fn submission(letter: &str) -> Value {
    Cloud::letter(letter).key(letter).variables()
}

/// The same for a subdomain, with numbers counted apart.
pub(crate) fn subdomain(letter: &str) -> Value {
    let mut input = submission(letter);
    input["input"]["procedure"] = json!("permohonan-subdomain");
    input["input"]["details"] = json!({ "label": "dinkes", "target": "192.0.2.7", "purpose": "Situs dinas" });
    input
}
