//! Dry runs: the preview matches the act, its refusals are the act's to the letter, and the database is unchanged, row for row.

use serde_json::{Value, json};

use crate::acts::mutation;
use crate::cast::SINGKAWANG;
use crate::database;
use crate::harness::{People, Server, with};
use crate::story::{paper, submission};

const PREVIEW: &str = "preview { status version awaited { step { key } roles { key } people { name } } \
    documents { key } dispositionTo { key } asset { kind name status } }";
const READ: &str = "query($number: String!) { request(number: $number) { id version status currentVisit { step { key } } \
    documents { id kind { key } current } assets { id kind name status } } }";

/// A server, its people, and a number for keys.
struct Stage<'a> {
    server: &'a Server,
    people: People<'a>,
    keys: usize,
}

impl<'a> Stage<'a> {
    async fn set(server: &'a Server) -> Self {
        Self { server, people: server.everybody(SINGKAWANG).await, keys: 0 }
    }

    async fn read(&self, name: &str, number: &str) -> Value {
        self.people[name].ask(READ, json!({ "number": number })).await["request"].clone()
    }

    /// A dry run, without any write. Returns the whole answer.
    async fn tried(&self, name: &str, act: &str, selected: &str, input: &Value) -> Value {
        let before = database::rows(&self.server.path()).await;
        let input = with(input.clone(), json!({ "validateOnly": true }));
        let answer = self.people[name].answer(&mutation(act, selected), json!({ "input": input })).await;
        assert!(before == database::rows(&self.server.path()).await, "{act} by {name} wrote something: {answer}");
        answer
    }

    /// A dry run, then the act with the same key. Returns the preview and the payload.
    async fn tried_and_done(&mut self, name: &str, act: &str, selected: &str, input: Value) -> (Value, Value) {
        self.keys += 1;
        let input = with(input, json!({ "idempotencyKey": format!("kunci-{}", self.keys) }));
        let tried = self.tried(name, act, &format!("{PREVIEW} {selected}"), &input).await["data"][act].clone();
        assert_eq!(tried["userErrors"], json!([]), "{act} by {name}: {tried}");
        let input = with(input, json!({ "validateOnly": null }));
        let answer =
            self.people[name].ask(&mutation(act, &format!("{PREVIEW} {selected}")), json!({ "input": input })).await;
        let done = answer[act].clone();
        assert_eq!((&done["userErrors"], &done["preview"]), (&json!([]), &Value::Null), "{act} by {name}: {done}");
        for (field, value) in tried.as_object().expect("a payload") {
            let told = ["preview", "userErrors"].contains(&field.as_str());
            assert!(told || value.is_null(), "{act}: what was only tried is not there: {tried}");
        }
        (tried["preview"].clone(), done)
    }

    /// The same, held against the request as its actor reads it after.
    async fn goes(&mut self, name: &str, number: &str, act: &str, more: Value) -> Value {
        let before = self.read(name, number).await;
        let about = match act {
            "signDocument" => {
                let mut documents = before["documents"].as_array().expect("a list").iter();
                json!({ "documentId": documents.rfind(|it| it["current"] == true).expect("a document")["id"] })
            }
            "revealCredential" | "reissueCredential" | "revokeAsset" => json!({ "assetId": before["assets"][0]["id"] }),
            _ => json!({ "requestId": before["id"], "expectedVersion": before["version"] }),
        };
        let (preview, _) = self.tried_and_done(name, act, "", with(about, more)).await;
        let after = self.read(name, number).await;
        assert_eq!((&preview["status"], &preview["version"]), (&after["status"], &after["version"]), "{act}");
        assert_eq!(preview["awaited"]["step"]["key"], after["currentVisit"]["step"]["key"], "{act}: {preview}");
        if let Some(asset) = preview["asset"].as_object() {
            for (field, value) in asset {
                assert_eq!(*value, after["assets"][0][field], "{act}: {preview}");
            }
        }
        let came = after["documents"]
            .as_array()
            .expect("a list")
            .iter()
            .skip(before["documents"].as_array().map_or(0, Vec::len));
        let came: Vec<Value> = came.map(|document| document["kind"].clone()).collect();
        assert_eq!(preview["documents"], json!(came), "{act}: {preview}");
        preview
    }

    async fn step(&mut self, name: &str, number: &str, (step, outcome): (&str, &str), more: Value) -> Value {
        self.goes(name, number, "executeStep", with(json!({ "step": step, "outcome": outcome }), more)).await
    }

    async fn submits(&mut self, input: Value) -> String {
        let (preview, done) =
            self.tried_and_done("opd", "submitRequest", "request { number version status }", input).await;
        assert_eq!((&preview["status"], &preview["version"]), (&json!("IN_PROGRESS"), &json!(1)));
        assert_eq!(preview["awaited"], json!({ "step": { "key": "2" }, "roles": [{ "key": "tu" }], "people": [] }));
        done["request"]["number"].as_str().expect("a number").to_owned()
    }
}

fn dispose() -> Value {
    json!({ "disposition": { "instruction": "Tindak lanjuti" } })
}

fn sheet() -> Value {
    json!({ "documents": [paper("lembar-disposisi", "Lembar")] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_answers_as_the_act_and_writes_nothing() {
    let server = Server::with(SINGKAWANG);
    let mut stage = Stage::set(&server).await;
    let papers = submission("singkawang", "permohonan-cloud-service", "005/1", ("biasa", "ORDINARY"));
    let number = stage.submits(papers.clone()).await;
    assert!(number.ends_with("/0001"), "no number was used up: {number}");
    let number = number.as_str();
    let forwarded = stage.step("tu", number, ("2", "forward"), sheet()).await;
    assert_eq!(forwarded["documents"], json!([{ "key": "lembar-disposisi" }]));
    let disposed = stage.step("kadis", number, ("3", "dispose"), dispose()).await;
    assert_eq!(disposed["dispositionTo"]["key"], "kabid-aptika");
    stage.step("kabid", number, ("4", "dispose"), dispose()).await;
    stage.step("subkor", number, ("5", "no"), json!({ "note": "Kurang" })).await;
    let returned = stage.step("kabid", number, ("4", "return"), json!({ "note": "Lengkapi" })).await;
    assert_eq!(
        (&returned["status"], &returned["awaited"]["people"]),
        (&json!("RETURNED"), &json!([{ "name": "opd" }]))
    );
    let mut again = papers;
    let fields = again.as_object_mut().expect("an object");
    fields.retain(|field, _| ["letter", "contact", "details"].contains(&field.as_str()));
    stage.goes("opd", number, "resubmitRequest", again).await;
    stage.step("tu", number, ("2", "forward"), sheet()).await;
    stage.step("kadis", number, ("3", "dispose"), dispose()).await;
    stage.step("kabid", number, ("4", "dispose"), dispose()).await;
    stage.step("subkor", number, ("5", "yes"), json!({})).await;
    let account = json!({ "asset": { "secret": "rahasia-contoh", "attributes": {
        "username": "dinkes", "quotaGib": 50, "serviceAddress": "https://cloud.example",
    } } });
    let made = stage.step("cloud", number, ("6", "provision"), account).await;
    assert_eq!(made["asset"], json!({ "kind": "CloudAccount", "name": "dinkes", "status": "PROVISIONED" }));
    stage.step("subkor", number, ("7", "yes"), json!({})).await;
    let ended =
        stage.step("subkor", number, ("8", "confirm"), json!({ "documents": [paper("laporan", "Laporan")] })).await;
    assert_eq!((&ended["status"], &ended["awaited"]), (&json!("COMPLETED"), &Value::Null));

    // A secret is neither shown nor used up by trying.
    let asset = stage.read("opd", number).await["assets"][0]["id"].clone();
    let reveal = json!({ "assetId": asset, "idempotencyKey": "buka" });
    let tried = stage.tried("opd", "revealCredential", "username secret asset { id }", &reveal).await;
    let nothing = json!({ "username": null, "secret": null, "asset": null, "userErrors": [] });
    assert_eq!(tried["data"]["revealCredential"], nothing);
    let (_, shown) =
        stage.tried_and_done("opd", "revealCredential", "username secret", json!({ "assetId": asset })).await;
    assert_eq!(shown["secret"], "rahasia-contoh");
    // Nor by the key of the first reveal.
    let key = json!({ "assetId": asset, "idempotencyKey": format!("kunci-{}", stage.keys) });
    let tried = stage.tried("opd", "revealCredential", "username secret", &key).await;
    assert_eq!(tried["data"]["revealCredential"]["userErrors"][0]["code"], "ALREADY_REVEALED");
    assert!(!tried.to_string().contains("rahasia-contoh"), "{tried}");
    stage.goes("cloud", number, "reissueCredential", json!({ "secret": "rahasia-baru" })).await;
    let revoked = stage.goes("cloud", number, "revokeAsset", json!({ "reason": "Tidak dipakai" })).await;
    assert_eq!(revoked["asset"]["status"], "REVOKED");

    // A signature, and a withdrawn request.
    let papers = submission("singkawang", "permohonan-subdomain", "005/2", ("biasa", "ORDINARY"));
    let number = stage.submits(papers).await;
    stage.step("tu", &number, ("2", "forward"), sheet()).await;
    stage.step("kadis", &number, ("3", "dispose"), dispose()).await;
    stage.step("kabid", &number, ("4", "dispose"), dispose()).await;
    stage.step("subkor", &number, ("5", "yes"), json!({})).await;
    let name = json!({ "asset": { "attributes": {
        "fqdn": "dinkes.singkawangkota.go.id", "recordType": "A", "target": "192.0.2.7",
    } } });
    stage.step("system", &number, ("6", "provision"), name).await;
    let draft = json!({ "documents": [paper("draft-surat-balasan", "Balasan")] });
    let drafted = stage.step("subkor", &number, ("7", "draft"), draft).await;
    assert_eq!(drafted["awaited"]["roles"], json!([{ "key": "kepala-dinas" }]), "the signer");
    let signed = stage.goes("kadis", &number, "signDocument", json!({ "decision": "SIGN" })).await;
    assert_eq!(signed["awaited"]["roles"], json!([{ "key": "tu" }]));
    let papers = submission("singkawang", "permohonan-cloud-service", "005/3", ("biasa", "ORDINARY"));
    let number = stage.submits(papers).await;
    stage.goes("opd", &number, "withdrawRequest", json!({ "reason": "Batal" })).await;
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_is_refused_as_the_act_is() {
    let server = Server::with(SINGKAWANG);
    let mut stage = Stage::set(&server).await;
    let papers = submission("singkawang", "permohonan-cloud-service", "005/1", ("biasa", "ORDINARY"));
    let number = stage.submits(papers.clone()).await;
    let id = stage.read("opd", &number).await["id"].clone();
    let step = |step: &str, outcome: &str, version: i32, more: Value| {
        with(json!({ "requestId": id, "step": step, "outcome": outcome, "expectedVersion": version }), more)
    };
    let none = |kind: &str| server.id_of(kind, uuid::Uuid::from_u128(1));
    let fields = |more: Value| with(papers.clone(), more);
    let back = json!({ "letter": papers["letter"], "contact": papers["contact"], "details": papers["details"] });
    let back = with(back, json!({ "requestId": id, "expectedVersion": 1 }));
    let withdraw = |more: Value| with(json!({ "requestId": id, "expectedVersion": 1, "reason": "Batal" }), more);
    let bad = [
        ("opd", "submitRequest", papers.clone()),
        ("opd", "submitRequest", fields(json!({ "details": { "quotaGib": "much", "more": 1 } }))),
        ("opd", "submitRequest", fields(json!({ "procedureVersion": 99 }))),
        ("opd", "submitRequest", fields(json!({ "procedure": "nothing" }))),
        ("opd", "submitRequest", fields(json!({ "agency": "dinsos" }))),
        ("opd", "submitRequest", fields(json!({ "idempotencyKey": " " }))),
        ("opd", "submitRequest", fields(json!({ "actingAs": none("RoleGrant") }))),
        ("tu", "submitRequest", papers.clone()),
        ("opd", "resubmitRequest", back.clone()),
        ("tu", "resubmitRequest", back.clone()),
        ("opd", "resubmitRequest", with(back, json!({ "requestId": none("Request") }))),
        ("tu", "executeStep", step("2", "forward", 1, json!({}))),
        ("tu", "executeStep", step("2", "forward", 7, sheet())),
        ("tu", "executeStep", step("2", "nothing", 1, sheet())),
        ("tu", "executeStep", step("99", "forward", 1, sheet())),
        ("tu", "executeStep", step("3", "dispose", 1, dispose())),
        (
            "tu",
            "executeStep",
            step("2", "forward", 1, with(sheet(), json!({ "note": "x", "recipientId": none("User") }))),
        ),
        ("kadis", "executeStep", step("3", "dispose", 1, dispose())),
        ("kabid", "executeStep", step("4", "dispose", 1, dispose())),
        ("kadis", "signDocument", json!({ "documentId": none("Document"), "decision": "SIGN" })),
        ("opd", "withdrawRequest", withdraw(json!({ "reason": " " }))),
        ("opd", "withdrawRequest", withdraw(json!({ "expectedVersion": 3 }))),
        ("tu", "withdrawRequest", withdraw(json!({}))),
        ("opd", "revealCredential", json!({ "assetId": none("Asset"), "idempotencyKey": "buka" })),
        ("cloud", "reissueCredential", json!({ "assetId": none("Asset"), "secret": "rahasia-baru" })),
        ("cloud", "revokeAsset", json!({ "assetId": none("Asset"), "reason": "Tidak dipakai" })),
    ];
    for (name, act, input) in bad {
        let tried = stage.tried(name, act, PREVIEW, &input).await;
        let done = stage.people[name].answer(&mutation(act, PREVIEW), json!({ "input": input })).await;
        assert_eq!(tried, done, "{act} by {name}");
        let refused = done["data"][act].is_null() || done["data"][act]["userErrors"] != json!([]);
        assert!(refused, "{act} by {name}: {done}");
    }
    // A taken name, known to the database alone.
    for letter in ["005/2", "005/3"] {
        let papers = submission("singkawang", "permohonan-cloud-service", letter, ("biasa", "ORDINARY"));
        let number = stage.submits(papers).await;
        stage.step("tu", &number, ("2", "forward"), sheet()).await;
        stage.step("kadis", &number, ("3", "dispose"), dispose()).await;
        stage.step("kabid", &number, ("4", "dispose"), dispose()).await;
        stage.step("subkor", &number, ("5", "yes"), json!({})).await;
        let account = json!({ "step": "6", "outcome": "provision", "asset": { "secret": "rahasia-contoh", "attributes": {
            "username": "dinkes", "quotaGib": 50, "serviceAddress": "https://cloud.example",
        } } });
        if letter == "005/2" {
            stage.goes("cloud", &number, "executeStep", account).await;
            continue;
        }
        let found = stage.read("cloud", &number).await;
        let input = with(account, json!({ "requestId": found["id"], "expectedVersion": found["version"] }));
        let tried = stage.tried("cloud", "executeStep", PREVIEW, &input).await;
        assert_eq!(tried["data"]["executeStep"]["userErrors"][0]["code"], "NAME_TAKEN", "{tried}");
        let done = stage.people["cloud"].answer(&mutation("executeStep", PREVIEW), json!({ "input": input })).await;
        assert_eq!(tried, done);
    }
}
