//! A changed SOP is a new version: running requests keep their own, even without its file.

use serde_json::{Value, json};

use crate::cast::Cast;
use crate::harness::{Folders, Server, output};

const CAST: Cast<'static> = &[
    ("opd", "denpasar", "opd", Some("bapenda")),
    ("kabid", "denpasar", "kabid-egovernment", None),
    ("kasi", "denpasar", "kasi-psk", None),
    ("kadis", "denpasar", "kepala-dinas", None),
];

const SUBMIT: &str = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { \
    request { number procedure { version } } userErrors { code message } } }";
const VERSIONS: &str = "{ now: procedure(office: \"denpasar\", key: \"layanan-data-center\") { version inForce } \
    old: procedure(office: \"denpasar\", key: \"layanan-data-center\", version: 1) { version inForce title } }";

fn submission(letter: &str) -> Value {
    json!({ "input": {
        "office": "denpasar", "procedure": "layanan-data-center",
        "letter": { "number": letter, "date": "2026-01-05", "subject": "Penitipan" },
        "contact": { "name": "Warga Contoh", "phone": "0361 000000", "email": "contoh@opd.example" },
        "details": { "kind": "APPLICATION", "operatingSystem": "Debian", "ports": [443], "publicAddress": false,
            "applications": ["Rapor"], "maintenanceContact": "Contoh" },
    } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_keeps_its_procedure_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let folders = Folders::copied(folder.path());
    let mut server = Server::of(CAST, folders.clone());
    let submitted = server.person("opd").await.ask(SUBMIT, submission("005/1")).await;
    let number =
        submitted["submitRequest"]["request"]["number"].as_str().unwrap_or_else(|| panic!("{submitted}")).to_owned();
    let number = number.as_str();

    let file = folders.procedures.join("denpasar/layanan-data-center.toml");
    let first = std::fs::read_to_string(&file).expect("the SOP");
    let changed = first.replace("label = \"Setuju\"", "label = \"Disetujui\"");
    assert_ne!(first, changed);
    std::fs::write(&file, &changed).expect("written");
    for command in ["check", "serve"] {
        let output = output(&server.path(), &folders, &[command], "");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("version 1 was stored with another content"), "{said}");
        assert!(said.contains("layanan-data-center.toml:3: error:"), "{said}");
    }

    // A future version waits for its day.
    let second = changed.replace("version = 1", "version = 2");
    let second = second.replace("effective_on = \"2018-01-02\"", "effective_on = \"2999-01-01\"");
    std::fs::write(&file, &second).expect("written");
    server.restart(folders.clone());
    let versions = server.send(None, VERSIONS, json!({})).await["data"].clone();
    assert_eq!(versions["now"], json!({ "version": 1, "inForce": true }));
    let by_number = server.person("opd").await.ask(SUBMIT, submission("005/2")).await;
    assert_eq!(by_number["submitRequest"]["request"]["procedure"]["version"], 1);

    // A version is in force from its day; running requests keep the one before.
    let third = second.replace("version = 2", "version = 3").replace("2999-01-01", "2026-01-02");
    std::fs::write(&file, &third).expect("written");
    server.restart(folders.clone());
    let versions = server.send(None, VERSIONS, json!({})).await["data"].clone();
    assert_eq!(versions["now"], json!({ "version": 3, "inForce": true }));
    assert_eq!(versions["old"]["inForce"], false);
    let mut stale = submission("005/3");
    stale["input"]["procedureVersion"] = json!(1);
    let refused = server.person("opd").await.ask(SUBMIT, stale).await;
    assert_eq!(refused["submitRequest"]["userErrors"][0]["code"], "PROCEDURE_CHANGED");

    // Without its file, no request begins by it any more, and running ones go on.
    std::fs::remove_file(&file).expect("removed");
    server.restart(folders);
    let gone = server.person("opd").await.ask(SUBMIT, submission("005/4")).await;
    assert_eq!(gone["submitRequest"]["userErrors"][0]["code"], "NOT_FOUND");
    let versions = server.send(None, VERSIONS, json!({})).await["data"].clone();
    assert_eq!(versions["now"], Value::Null);
    let notes = json!({
        "documents": [{ "kind": "catatan-hasil-koordinasi", "title": "Catatan" }],
        "disposition": { "instruction": "Analisa" },
    });
    let kabid = server.person("kabid").await;
    assert_eq!(kabid.execute(number, "2", "coordinate", notes).await.as_deref(), Ok("IN_PROGRESS"));
    let (kasi, kadis) = (server.person("kasi").await, server.person("kadis").await);
    let document = |kind: &str| json!({ "documents": [{ "kind": kind, "title": kind, "number": "1" }] });
    let mut placed = document("bentuk-sistem");
    placed["asset"] = json!({ "attributes": { "placementKind": "APPLICATION", "name": "rapor" } });
    kasi.execute(number, "3", "placeable", placed).await.expect("placeable");
    kasi.execute(number, "4", "draft", document("rancangan-penitipan-server")).await.expect("drafted");
    let label = "query($number: String!) { request(number: $number) { availableActions { outcomes { key label } } } }";
    let open =
        kabid.ask(label, json!({ "number": number })).await["request"]["availableActions"][0]["outcomes"].clone();
    assert_eq!(open[0], json!({ "key": "agree", "label": "Setuju" }), "as it was when the request began");
    kabid.execute(number, "5", "agree", json!({})).await.expect("agreed");
    kabid.execute(number, "6", "sign", document("surat-balasan")).await.expect("signed");
    let both = json!({ "documents": [
        { "kind": "surat-pengantar", "title": "Pengantar" }, { "kind": "penetapan", "title": "Penetapan", "number": "1" },
    ] });
    kadis.execute(number, "7", "establish", both).await.expect("established");
    assert_eq!(kasi.execute(number, "8", "send", document("arsip")).await.as_deref(), Ok("COMPLETED"));
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}
