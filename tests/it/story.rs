//! A story with something of every kind: two offices, an asset of each sort, returned and refused requests, read dispositions,
//! a revealed and a revoked credential, an acting official, an office's own events; and a SECRET request beside. Texts with
//! restricted readers have a mark.

use std::ops::Deref;
use std::path::PathBuf;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::acts::{StepAct, play};
use crate::branches::example;
use crate::cast::{AUDITOR, CLOUD, Cast, KABID, KADEK, KADIS, KETUT, MADE, OPD, SUBKOR, SYSTEM, TU, WAYAN};
use crate::database;
use crate::harness::{Folders, People, Person, READ, Server, UNLIMITED};
use crate::prepared;

/// Everybody in it.
pub(crate) const CAST: Cast<'static> = &[
    OPD,
    ("stranger", "singkawang", "opd", Some("dinsos")),
    TU,
    KADIS,
    KABID,
    SUBKOR,
    CLOUD,
    SYSTEM,
    AUDITOR,
    MADE,
    ("nyoman", "denpasar", "opd", Some("disdik")),
    WAYAN,
    KADEK,
    KETUT,
    ("gede", "denpasar", "sekretaris-dinas", None),
    ("putu", "denpasar", "auditor", None),
    // Audits and administers both offices.
    ("overseer", "singkawang", "auditor", None),
    // Audited once, and stands in for the head now.
    ("plh", "singkawang", "auditor", None),
];

/// Marks in texts, named by their readers.
pub(crate) mod mark {
    pub(crate) const LETTER: &str = "tandasurat";
    pub(crate) const DISPOSITION: &str = "tandadisposisi";
    pub(crate) const NOTE: &str = "tandacatatan";
    pub(crate) const PHONE: &str = "0562777001";
    pub(crate) const NIP: &str = "199001012015011001";
    pub(crate) const ADDRESS: &str = "tandaalamat.example";
    pub(crate) const HIDDEN_LETTER: &str = "tandarahasiasurat";
    pub(crate) const HIDDEN_DISPOSITION: &str = "tandarahasiadisposisi";
    pub(crate) const CREDENTIAL: &str = "tandasandi9f3c7e";
    pub(crate) const ELSEWHERE: &str = "tandadenpasar";
}

/// A server with the story's data.
pub(crate) struct Story {
    pub(crate) server: Server,
    numbers: Numbers,
    _folder: tempfile::TempDir,
}

/// Numbers of requests of the story.
#[derive(Clone)]
pub(crate) struct Numbers {
    pub(crate) cloud: String,
    pub(crate) mailbox: String,
    pub(crate) returned: String,
    pub(crate) secret: String,
}

impl Deref for Story {
    type Target = Numbers;

    fn deref(&self) -> &Numbers {
        &self.numbers
    }
}

/// The data folder after the story.
static TOLD: OnceCell<(PathBuf, Numbers)> = OnceCell::const_new();

/// A new request's input.
pub(crate) fn submission(office: &str, procedure: &str, letter: &str, marks: (&str, &str)) -> Value {
    let details = match procedure {
        "permohonan-subdomain" => json!({ "label": "dinkes", "target": "192.0.2.7", "purpose": "Situs" }),
        "permohonan-surel" => json!({ "unit": "Sekretariat" }),
        "layanan-data-center" => json!({
            "kind": "SERVER", "rackUnits": 2, "powerWatts": 500, "operatingSystem": "Debian", "ports": [443],
            "publicAddress": true, "applications": ["Rapor"], "maintenanceContact": "Contoh",
        }),
        _ => json!({ "purpose": "Arsip", "quotaGib": 50, "users": 3 }),
    };
    json!({
        "office": office, "procedure": procedure, "details": details,
        "letter": { "number": letter, "date": "2026-01-05", "subject": format!("Permohonan {}", marks.0),
            "srikandiReference": format!("SRIKANDI-{letter}"), "confidentiality": marks.1 },
        "contact": { "name": "Warga Contoh", "nip": mark::NIP, "position": "Pranata", "phone": mark::PHONE,
            "email": "contoh@opd.example" },
    })
}

pub(crate) fn paper(kind: &str, title: &str) -> Value {
    json!({ "kind": kind, "title": title, "number": "5", "date": "2026-01-06" })
}

fn dispose(instruction: &str) -> Value {
    json!({ "disposition": { "instruction": format!("Tindak lanjuti {instruction}") } })
}

/// Singkawang's way to step 6, over one sending back.
pub(crate) fn down(hidden: bool, again: bool) -> Vec<StepAct> {
    let instruction = if hidden { mark::HIDDEN_DISPOSITION } else { mark::DISPOSITION };
    let sheet = json!({ "documents": [paper("lembar-disposisi", "Lembar")] });
    let mut acts = vec![
        ("tu", "2", "forward", sheet),
        ("plh", "3", "dispose", dispose(instruction)),
        ("kabid", "4", "dispose", dispose(instruction)),
    ];
    if again {
        acts.push(("subkor", "5", "no", json!({ "note": format!("Kurang {}", mark::NOTE) })));
        acts.push(("kabid", "4", "dispose", dispose(instruction)));
        acts.push(("subkor", "5", "yes", json!({})));
    }
    acts
}

impl Story {
    /// The story on a server of its own, without limits on operations. It happens once for all tests.
    pub(crate) async fn tell() -> Self {
        let (data, numbers) = TOLD.get_or_init(Self::tell_once).await;
        let folder = tempfile::tempdir().expect("a folder");
        let server = Server::on_copy(data, Folders::with_example(folder.path()), &UNLIMITED);
        Self { server, numbers: numbers.clone(), _folder: folder }
    }

    async fn tell_once() -> (PathBuf, Numbers) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut server = Server::of(CAST, Folders::with_example(folder.path()));
        for office in ["singkawang", "denpasar"] {
            server.run(&["grant", "overseer", "--office", office, "--role", "office-admin"]);
        }
        server.run(&["grant", "overseer", "--office", "denpasar", "--role", "auditor"]);
        let database = database::open(&server.path()).await;
        for edit in [
            format!("UPDATE users SET nip = '{}' WHERE username IN ('opd', 'made')", mark::NIP),
            "UPDATE users SET agency_id = (SELECT id FROM agencies WHERE key = 'dinkes') WHERE username = 'opd'"
                .to_owned(),
            "UPDATE users SET agency_id = (SELECT id FROM agencies WHERE key = 'bapenda') WHERE username = 'made'"
                .to_owned(),
        ] {
            database.execute_unprepared(&edit).await.expect("edited");
        }
        database.close().await.expect("closed");
        let numbers = happen(&server.everybody(CAST).await).await;
        assert!(server.stop().success());
        let data = prepared::folder().join("data");
        prepared::copy(&server.path(), &data);
        (data, numbers)
    }
}

async fn happen(people: &People<'_>) -> Numbers {
    administer(&people["overseer"]).await;
    let sent = |procedure, letter, mark| submission("singkawang", procedure, letter, mark);
    let (open, hidden) = ((mark::LETTER, "ORDINARY"), (mark::HIDDEN_LETTER, "SECRET"));
    let cloud = people["opd"].submit(sent("permohonan-cloud-service", "005/1", open)).await.number;
    play(people, &cloud, &down(false, true)).await;
    self::cloud(people, &cloud).await;
    let subdomain = people["opd"].submit(sent("permohonan-subdomain", "005/2", open)).await.number;
    play(people, &subdomain, &down(false, true)).await;
    self::subdomain(people, &subdomain).await;
    let mailbox = people["opd"].submit(sent("permohonan-surel", "005/3", open)).await.number;
    self::mailbox(people, &mailbox).await;
    let returned = people["opd"].submit(sent("permohonan-cloud-service", "005/4", open)).await.number;
    play(people, &returned, &down(false, false)).await;
    let note = json!({ "note": "Lengkapi berkas" });
    play(people, &returned, &[("subkor", "5", "no", note.clone()), ("kabid", "4", "return", note)]).await;
    let secret = people["opd"].submit(sent("permohonan-cloud-service", "005/5", hidden)).await.number;
    play(people, &secret, &down(true, false)).await;
    let placement = submission("denpasar", "layanan-data-center", "005/6", (mark::ELSEWHERE, "ORDINARY"));
    let placement = people["made"].submit(placement).await.number;
    self::placement(people, &placement).await;
    Numbers { cloud, mailbox, returned, secret }
}

/// The administrator's acts: an agency, a person with a role, and a deputy for the head.
async fn administer(overseer: &Person<'_>) {
    let id = async |name: &str| overseer.person_of("singkawang", name).await["user"]["id"].take();
    let was = overseer.person_of("singkawang", "plh").await["grants"][0]["id"].take();
    overseer.act("revokeGrant", "", json!({ "grantId": was })).await;
    let agency = json!({ "office": "singkawang", "key": "disdik", "name": "Dinas Pendidikan" });
    let agency = overseer.act("createAgency", "agency { id }", agency).await["agency"]["id"].clone();
    overseer.act("deactivateAgency", "", json!({ "agencyId": agency })).await;
    let deputy = json!({
        "office": "singkawang", "userId": id("plh").await, "role": "kepala-dinas", "capacity": "DAILY_ACTING",
        "onBehalfOf": id("kadis").await, "decreeNumber": "800/12/2026", "validUntil": "2099-01-01T00:00:00Z",
    });
    overseer.act("grantRole", "", deputy).await;
    let new = json!({
        "office": "singkawang", "username": "siti", "name": "Siti", "agency": "dinkes", "password": crate::harness::PASSWORD,
    });
    let new = overseer.act("createUser", "user { id }", new).await["user"]["id"].clone();
    let member = json!({ "office": "singkawang", "userId": new, "role": "opd", "agency": "dinkes" });
    overseer.act("grantRole", "", member).await;
    let elsewhere = json!({
        "office": "denpasar", "username": "nengah", "name": "Nengah", "password": crate::harness::PASSWORD,
    });
    overseer.act("createUser", "", elsewhere).await;
}

/// An account, handed over, and its credential read.
async fn cloud(people: &People<'_>, number: &str) {
    let account = json!({ "asset": { "secret": mark::CREDENTIAL, "attributes": {
        "username": "dinkes", "quotaGib": 50, "serviceAddress": format!("https://{}", mark::ADDRESS) } } });
    let report = json!({ "documents": [paper("laporan", "Laporan")] });
    let acts =
        [("cloud", "6", "provision", account), ("subkor", "7", "yes", json!({})), ("subkor", "8", "confirm", report)];
    play(people, number, &acts).await;
    let seen = people["kabid"].ask(READ, json!({ "number": number })).await["request"].clone();
    people["kabid"].act("readDisposition", "", json!({ "dispositionId": seen["dispositions"][0]["id"] })).await;
    let reveal = json!({ "assetId": seen["assets"][0]["id"], "idempotencyKey": "once" });
    people["opd"].act("revealCredential", "", reveal).await;
}

/// A name whose reply was refused once, then signed and sent; taken out of service.
async fn subdomain(people: &People<'_>, number: &str) {
    let name = json!({ "asset": { "attributes": {
        "fqdn": "dinkes.singkawangkota.go.id", "recordType": "CNAME", "target": mark::ADDRESS } } });
    let draft = json!({ "documents": [paper("draft-surat-balasan", "Balasan")] });
    let acts = [("system", "6", "provision", name), ("subkor", "7", "draft", draft.clone())];
    play(people, number, &acts).await;
    let sign = async |decision: &str, note: Value| {
        let id = people["kadis"].document(number, "draft-surat-balasan").await;
        people["kadis"].act("signDocument", "", json!({ "documentId": id, "decision": decision, "note": note })).await;
    };
    sign("REFUSE", json!(format!("Salah {}", mark::NOTE))).await;
    let revise = json!({ "note": format!("Perbaiki {}", mark::NOTE) });
    play(people, number, &[("tu", "8", "revise", revise), ("subkor", "7", "draft", draft)]).await;
    sign("SIGN", json!(format!("Baik {}", mark::NOTE))).await;
    let reply = json!({ "documents": [paper("surat-balasan", "Balasan")] });
    play(people, number, &[("tu", "8", "send", reply)]).await;
    let asset = people["system"].ask(READ, json!({ "number": number })).await["request"]["assets"][0]["id"].clone();
    people["system"].act("revokeAsset", "", json!({ "assetId": asset, "reason": "Tidak dipakai" })).await;
}

/// A mailbox's request, up to the draft before its signature.
pub(crate) async fn drafted(people: &People<'_>, number: &str) {
    let query =
        "{ procedure(office: \"singkawang\", key: \"permohonan-surel\") { steps { outcomes { key assetSchema } } } }";
    let found = people["tu"].ask(query, json!({})).await;
    let outcomes = found["procedure"]["steps"].as_array().expect("steps").iter();
    let mut outcomes = outcomes.flat_map(|step| step["outcomes"].as_array().expect("outcomes"));
    let schema = outcomes.find(|outcome| outcome["key"] == "provision").expect("an outcome")["assetSchema"].clone();
    let unique = number.bytes().map(usize::from).sum();
    let address = json!({ "asset": { "secret": mark::CREDENTIAL, "attributes": example(&schema, unique) } });
    let draft = json!({ "documents": [paper("draft-balasan", "Balasan")] });
    let acts = [
        ("subkor", "2", "complete", json!({})),
        ("system", "3", "provision", address),
        ("subkor", "4", "works", json!({})),
        ("subkor", "5", "draft", draft),
    ];
    play(people, number, &acts).await;
}

/// An asset of a kind without a type of its own.
async fn mailbox(people: &People<'_>, number: &str) {
    drafted(people, number).await;
    let id = people["kadis"].document(number, "draft-balasan").await;
    people["kadis"].act("signDocument", "", json!({ "documentId": id, "decision": "SIGN" })).await;
    let reply = json!({ "documents": [paper("surat-balasan", "Balasan")] });
    play(people, number, &[("tu", "6", "send", reply)]).await;
}

/// A place in the data center, established.
async fn placement(people: &People<'_>, number: &str) {
    let both = json!({ "documents": [paper("catatan-hasil-koordinasi", "Catatan")],
        "disposition": { "instruction": format!("Analisa {}", mark::ELSEWHERE) } });
    let place = json!({ "documents": [paper("bentuk-sistem", "Bentuk")], "asset": { "attributes": {
        "placementKind": "SERVER", "name": "rapor", "rack": "A1", "unitFrom": 5, "unitTo": 6 } } });
    let sent = json!({ "documents": [paper("arsip", "Arsip")],
        "asset": { "attributes": { "addresses": ["192.0.2.9"] } } });
    let acts = [
        ("wayan", "2", "coordinate", both),
        ("kadek", "3", "placeable", place),
        ("kadek", "4", "draft", json!({ "documents": [paper("rancangan-penitipan-server", "Rancangan")] })),
        ("wayan", "5", "agree", json!({})),
        ("wayan", "6", "sign", json!({ "documents": [paper("surat-balasan", "Balasan")] })),
        (
            "ketut",
            "7",
            "establish",
            json!({ "documents": [paper("surat-pengantar", "Pengantar"), paper("penetapan", "P")] }),
        ),
        ("kadek", "8", "send", sent),
    ];
    play(people, number, &acts).await;
}
