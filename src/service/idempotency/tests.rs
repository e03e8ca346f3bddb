//! The idempotency identity of every command.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::access::{Capacity, Confidentiality};
use crate::auth::Secret;
use crate::service::{
    AssetValues, CreateAgency, CreateUser, ExecuteStep, GrantRole, NewDisposition, NewDocument, ReissueCredential,
    ResubmitRequest, RevealCredential, RevokeAsset, SignDocument, SubmitRequest, SubmittedContact, SubmittedLetter,
    WithdrawRequest,
};
use crate::workflow::{Decision, Urgency};

fn identity(command: &impl Serialize) -> String {
    serde_json::to_string(command).unwrap()
}

/// Expects a change of the identity with each field, and none with another key. A field missing here does not compile.
macro_rules! expect_each_field {
    ($base:expr, $command:ident { $($field:ident: $other:expr),+ $(,)? }) => {{
        let base = $base;
        let $command { $($field: _),+, idempotency_key: _ } = base.clone();
        let others = [$(identity(&$command { $field: $other, ..base.clone() })),+];
        let mut all = BTreeSet::from([identity(&base)]);
        all.extend(others.iter().cloned());
        assert_eq!(all.len(), others.len() + 1, "{all:#?}");
        let another_key = $command { idempotency_key: "another".to_owned().into(), ..base.clone() };
        assert_eq!(identity(&another_key), identity(&base));
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
    SubmittedContact { name: name.to_owned(), nip: None, position: None, phone: "1".to_owned(), email: "e".to_owned() }
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
    let base =
        WithdrawRequest { request: Uuid::nil(), reason: "a".to_owned(), expected_version: 1, idempotency_key: None };
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
fn each_field_of_a_change_of_an_office_is_part_of_its_idempotency_identity() {
    let base =
        CreateAgency { office: "a".to_owned(), key: "a".to_owned(), name: "a".to_owned(), idempotency_key: None };
    expect_each_field!(base, CreateAgency { office: "b".to_owned(), key: "b".to_owned(), name: "b".to_owned() });
    let base = CreateUser {
        office: "a".to_owned(),
        username: "a".to_owned(),
        name: "a".to_owned(),
        nip: None,
        agency: None,
        password: Secret::new("a".to_owned()),
        idempotency_key: None,
    };
    expect_each_field!(
        base,
        CreateUser {
            office: "b".to_owned(),
            username: "b".to_owned(),
            name: "b".to_owned(),
            nip: Some("b".to_owned()),
            agency: Some("b".to_owned()),
            password: Secret::new("b".to_owned()),
        }
    );
    let base = GrantRole {
        office: "a".to_owned(),
        user: Uuid::nil(),
        role: "a".to_owned(),
        agency: None,
        capacity: Capacity::Definitive,
        decree_number: None,
        on_behalf_of: None,
        valid_from: None,
        valid_until: None,
        idempotency_key: None,
    };
    let moment = Some(DateTime::UNIX_EPOCH);
    expect_each_field!(
        base,
        GrantRole {
            office: "b".to_owned(),
            user: Uuid::max(),
            role: "b".to_owned(),
            agency: Some("b".to_owned()),
            capacity: Capacity::Acting,
            decree_number: Some("b".to_owned()),
            on_behalf_of: Some(Uuid::nil()),
            valid_from: moment,
            valid_until: moment,
        }
    );
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
    let withdraw = WithdrawRequest { request: nil, reason: "a".to_owned(), expected_version: 3, idempotency_key: None };
    assert_eq!(identity(&withdraw), format!(r#"["{nil}","a",3]"#));
    let secret = Secret::new("s".to_owned());
    let reissue = ReissueCredential { asset: nil, secret, recipient: Some(nil), idempotency_key: None };
    assert_eq!(identity(&reissue), format!(r#"["{nil}","s","{nil}"]"#));
    let revoke = RevokeAsset { asset: nil, reason: "a".to_owned(), idempotency_key: Some("k".to_owned()) };
    assert_eq!(identity(&revoke), format!(r#"{{"asset":"{nil}","reason":"a"}}"#));
    let reveal = RevealCredential { asset: nil, idempotency_key: "k".to_owned() };
    assert_eq!(identity(&reveal), format!(r#""{nil}""#));
}
