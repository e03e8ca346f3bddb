//! Penetapan Tata Cara Layanan Data Center (205/004/DKIS/2018): established, and declined.

use serde_json::{Value, json};

use crate::acts::Placement;
use crate::cast::DENPASAR;
use crate::harness::{Person, READ, Server};

fn document(kind: &str, number: &str) -> Value {
    json!({ "kind": kind, "title": kind, "number": number })
}

async fn coordinate(kabid: &Person<'_>, number: &str) {
    let more = json!({
        "documents": [document("catatan-hasil-koordinasi", "1")], "disposition": { "instruction": "Analisa" },
    });
    kabid.execute(number, "2", "coordinate", more).await.expect("coordinated");
}

fn placement(from: i32, to: i32) -> Value {
    json!({
        "documents": [document("bentuk-sistem", "2")],
        "asset": { "attributes": {
            "placementKind": "SERVER", "name": "rapor", "rack": "A1", "unitFrom": from, "unitTo": to,
        } },
    })
}

/// From the analysis to the Kabid's signature, with a draft sent back once.
async fn draft_and_sign(kabid: &Person<'_>, kasi: &Person<'_>, number: &str) {
    let draft = json!({ "documents": [document("rancangan-penitipan-server", "3")] });
    kasi.execute(number, "4", "draft", draft.clone()).await.expect("drafted");
    kabid.execute(number, "5", "disagree", json!({ "note": "Perbaiki" })).await.expect("sent back");
    kasi.execute(number, "4", "draft", draft).await.expect("drafted again");
    kabid.execute(number, "5", "agree", json!({})).await.expect("agreed");
    let reply = json!({ "documents": [document("surat-balasan", "4")] });
    kabid.execute(number, "6", "sign", reply).await.expect("signed");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_established_one_overlapping_one_declined() {
    let server = Server::with(DENPASAR);
    let (opd, kabid) = (server.person("made").await, server.person("wayan").await);
    let (kasi, kadis) = (server.person("kadek").await, server.person("ketut").await);
    let number = opd.submit(Placement::letter("005/1")).await.number;
    coordinate(&kabid, &number).await;
    assert_eq!(kasi.execute(&number, "3", "placeable", placement(9, 8)).await, Err(vec!["INVALID_INPUT".to_owned()]));
    assert_eq!(kasi.execute(&number, "3", "placeable", placement(42, 43)).await, Err(vec!["INVALID_INPUT".to_owned()]));
    kasi.execute(&number, "3", "placeable", placement(5, 6)).await.expect("reserved");
    draft_and_sign(&kabid, &kasi, &number).await;
    let both = json!({ "documents": [document("surat-pengantar", "5"), document("penetapan", "DKIS/6")] });
    kadis.execute(&number, "7", "establish", both).await.expect("established");
    assert_eq!(
        kasi.execute(&number, "8", "send-refusal", json!({ "note": "x", "documents": [document("arsip", "7")] })).await,
        Err(vec!["OUTCOME_NOT_AVAILABLE".to_owned()])
    );
    let send = json!({
        "documents": [document("arsip", "7")], "asset": { "attributes": { "addresses": ["192.0.2.9"] } },
    });
    assert_eq!(kasi.execute(&number, "8", "send", send).await.as_deref(), Ok("COMPLETED"));
    let query = "{ assets { totalCount nodes { __typename name status ... on ServerPlacement { rack unitFrom unitTo \
        determinationNumber attributes } } } }";
    let assets = opd.ask(query, json!({})).await["assets"].clone();
    assert_eq!(assets["totalCount"], 1);
    assert_eq!(assets["nodes"][0]["determinationNumber"], "DKIS/6");
    assert_eq!(assets["nodes"][0]["attributes"]["addresses"], json!(["192.0.2.9"]));
    assert_eq!(assets["nodes"][0]["unitFrom"], 5);

    let number = opd.submit(Placement::letter("005/2")).await.number;
    coordinate(&kabid, &number).await;
    assert_eq!(
        kasi.execute(&number, "3", "placeable", placement(6, 7)).await,
        Err(vec!["PLACEMENT_OVERLAP".to_owned()])
    );
    let no = json!({ "note": "Penuh", "documents": [document("bentuk-sistem", "2")] });
    kasi.execute(&number, "3", "not-placeable", no).await.expect("not placeable");
    draft_and_sign(&kabid, &kasi, &number).await;
    let both = json!({ "documents": [document("surat-pengantar", "5"), document("penetapan", "6")] });
    assert_eq!(kadis.execute(&number, "7", "establish", both).await, Err(vec!["OUTCOME_NOT_AVAILABLE".to_owned()]));
    let decline = json!({ "note": "Ruang penuh", "documents": [document("surat-pengantar", "5")] });
    kadis.execute(&number, "7", "decline", decline).await.expect("declined");
    let seen = opd.ask(READ, json!({ "number": number })).await["request"].clone();
    assert_eq!(seen["reason"], Value::Null, "told once it has ended");
    let refusal = json!({ "note": "Ruang server penuh", "documents": [document("arsip", "7")] });
    assert_eq!(kasi.execute(&number, "8", "send-refusal", refusal).await.as_deref(), Ok("REJECTED"));
    let seen = opd.ask(READ, json!({ "number": number })).await["request"].clone();
    assert_eq!(seen["reason"], "Ruang server penuh");
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}
