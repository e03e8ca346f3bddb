//! A story that has something of every kind: two offices, an asset of each sort, what was sent back, refused, read, revealed and
//! revoked, an acting official, an office's own events; and a SECRET request beside. What only some may read bears a mark.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::branches::example;
use crate::cast::{AUDITOR, CLOUD, Cast, KABID, KADEK, KADIS, KETUT, MADE, OPD, SUBKOR, SYSTEM, TU, WAYAN};
use crate::database;
use crate::harness::{Folders, Person, READ, Server, UNLIMITED};

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

/// What stands in texts, with who is meant to read it.
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

/// The server, what happened on it, and who may be asked.
pub(crate) struct Story {
    pub(crate) server: Server,
    /// Numbers of requests.
    pub(crate) cloud: String,
    pub(crate) subdomain: String,
    pub(crate) mailbox: String,
    pub(crate) returned: String,
    pub(crate) secret: String,
    pub(crate) placement: String,
    _folder: tempfile::TempDir,
}

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

/// Submits it; its number.
pub(crate) async fn submit(person: &Person<'_>, input: Value) -> String {
    let done = person.act("submitRequest", "request { number }", input).await;
    done["request"]["number"].as_str().expect("a number").to_owned()
}

pub(crate) fn paper(kind: &str, title: &str) -> Value {
    json!({ "kind": kind, "title": title, "number": "5", "date": "2026-01-06" })
}

fn dispose(instruction: &str) -> Value {
    json!({ "disposition": { "instruction": format!("Tindak lanjuti {instruction}") } })
}

/// Everybody, signed in.
pub(crate) async fn everybody(server: &Server) -> BTreeMap<&'static str, Person<'_>> {
    let mut people = BTreeMap::new();
    for (name, ..) in CAST {
        people.insert(*name, server.person(name).await);
    }
    people
}

/// Executes steps, each by somebody.
pub(crate) async fn execute(people: &BTreeMap<&str, Person<'_>>, number: &str, acts: Vec<(&str, &str, &str, Value)>) {
    for (who, step, outcome, more) in acts {
        let done = people[who].execute(number, step, outcome, more).await;
        done.unwrap_or_else(|codes| panic!("{who} at {step} of {number}: {codes:?}"));
    }
}

/// The first of a request's documents of a kind that is current.
pub(crate) async fn document(person: &Person<'_>, number: &str, kind: &str) -> Value {
    let seen = person.ask(READ, json!({ "number": number })).await;
    let documents = seen["request"]["documents"].as_array().expect("documents").clone();
    let found = documents.into_iter().find(|found| found["kind"]["key"] == kind && found["current"] == true);
    found.unwrap_or_else(|| panic!("{number} has no {kind}"))["id"].clone()
}

/// Singkawang's way to step 6, over one sending back.
pub(crate) fn down(hidden: bool, again: bool) -> Vec<(&'static str, &'static str, &'static str, Value)> {
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
    /// Tells it to a server of its own, which answers operations of any size.
    pub(crate) async fn tell() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let folders = Folders::with_example(folder.path());
        let mut server = Server::of(CAST, folders);
        server.restart_with(&UNLIMITED);
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
        let mut story = Self {
            server,
            cloud: String::new(),
            subdomain: String::new(),
            mailbox: String::new(),
            returned: String::new(),
            secret: String::new(),
            placement: String::new(),
            _folder: folder,
        };
        story.happen().await;
        story
    }

    async fn happen(&mut self) {
        let people = everybody(&self.server).await;
        administer(&people["overseer"]).await;
        let sent = |procedure, letter, mark| submission("singkawang", procedure, letter, mark);
        let (open, hidden) = ((mark::LETTER, "ORDINARY"), (mark::HIDDEN_LETTER, "SECRET"));
        let cloud = submit(&people["opd"], sent("permohonan-cloud-service", "005/1", open)).await;
        execute(&people, &cloud, down(false, true)).await;
        self::cloud(&people, &cloud).await;
        let subdomain = submit(&people["opd"], sent("permohonan-subdomain", "005/2", open)).await;
        execute(&people, &subdomain, down(false, true)).await;
        self::subdomain(&people, &subdomain).await;
        let mailbox = submit(&people["opd"], sent("permohonan-surel", "005/3", open)).await;
        self::mailbox(&people, &mailbox).await;
        let returned = submit(&people["opd"], sent("permohonan-cloud-service", "005/4", open)).await;
        execute(&people, &returned, down(false, false)).await;
        let note = json!({ "note": "Lengkapi berkas" });
        execute(&people, &returned, vec![("subkor", "5", "no", note.clone()), ("kabid", "4", "return", note)]).await;
        let secret = submit(&people["opd"], sent("permohonan-cloud-service", "005/5", hidden)).await;
        execute(&people, &secret, down(true, false)).await;
        let placement = submission("denpasar", "layanan-data-center", "005/6", (mark::ELSEWHERE, "ORDINARY"));
        let placement = submit(&people["made"], placement).await;
        self::placement(&people, &placement).await;
        drop(people);
        (self.cloud, self.subdomain, self.mailbox) = (cloud, subdomain, mailbox);
        (self.returned, self.secret, self.placement) = (returned, secret, placement);
    }
}

/// What the administrator does: an agency, a person with a role, and a deputy for the head.
async fn administer(overseer: &Person<'_>) {
    let found = overseer
        .ask("{ office(key: \"singkawang\") { people { user { id username } grants { id } } } }", json!({}))
        .await;
    let people = found["office"]["people"].as_array().expect("people").clone();
    let id = |name: &str| {
        let found = people.iter().find(|person| person["user"]["username"] == name);
        found.unwrap_or_else(|| panic!("{name}"))["user"]["id"].clone()
    };
    let was = people.iter().find(|person| person["user"]["username"] == "plh").expect("plh")["grants"][0]["id"].clone();
    overseer.act("revokeGrant", "", json!({ "grantId": was })).await;
    let agency = json!({ "office": "singkawang", "key": "disdik", "name": "Dinas Pendidikan" });
    let agency = overseer.act("createAgency", "agency { id }", agency).await["agency"]["id"].clone();
    overseer.act("deactivateAgency", "", json!({ "agencyId": agency })).await;
    let deputy = json!({
        "office": "singkawang", "userId": id("plh"), "role": "kepala-dinas", "capacity": "DAILY_ACTING",
        "onBehalfOf": id("kadis"), "decreeNumber": "800/12/2026", "validUntil": "2099-01-01T00:00:00Z",
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
async fn cloud(people: &BTreeMap<&str, Person<'_>>, number: &str) {
    let account = json!({ "asset": { "secret": mark::CREDENTIAL, "attributes": {
        "username": "dinkes", "quotaGib": 50, "serviceAddress": format!("https://{}", mark::ADDRESS) } } });
    let report = json!({ "documents": [paper("laporan", "Laporan")] });
    let acts = vec![
        ("cloud", "6", "provision", account),
        ("subkor", "7", "yes", json!({})),
        ("subkor", "8", "confirm", report),
    ];
    execute(people, number, acts).await;
    let seen = people["kabid"].ask(READ, json!({ "number": number })).await["request"].clone();
    people["kabid"].act("readDisposition", "", json!({ "dispositionId": seen["dispositions"][0]["id"] })).await;
    let reveal = json!({ "assetId": seen["assets"][0]["id"], "idempotencyKey": "once" });
    people["opd"].act("revealCredential", "", reveal).await;
}

/// A name whose reply was refused once, then signed and sent; taken out of service.
async fn subdomain(people: &BTreeMap<&str, Person<'_>>, number: &str) {
    let name = json!({ "asset": { "attributes": {
        "fqdn": "dinkes.singkawangkota.go.id", "recordType": "CNAME", "target": mark::ADDRESS } } });
    let draft = json!({ "documents": [paper("draft-surat-balasan", "Balasan")] });
    let acts = vec![("system", "6", "provision", name), ("subkor", "7", "draft", draft.clone())];
    execute(people, number, acts).await;
    let sign = async |decision: &str, note: Value| {
        let id = document(&people["kadis"], number, "draft-surat-balasan").await;
        people["kadis"].act("signDocument", "", json!({ "documentId": id, "decision": decision, "note": note })).await;
    };
    sign("REFUSE", json!(format!("Salah {}", mark::NOTE))).await;
    let revise = json!({ "note": format!("Perbaiki {}", mark::NOTE) });
    execute(people, number, vec![("tu", "8", "revise", revise), ("subkor", "7", "draft", draft)]).await;
    sign("SIGN", json!(format!("Baik {}", mark::NOTE))).await;
    let reply = json!({ "documents": [paper("surat-balasan", "Balasan")] });
    execute(people, number, vec![("tu", "8", "send", reply)]).await;
    let asset = people["system"].ask(READ, json!({ "number": number })).await["request"]["assets"][0]["id"].clone();
    people["system"].act("revokeAsset", "", json!({ "assetId": asset, "reason": "Tidak dipakai" })).await;
}

/// A mailbox's request, up to the draft that waits for its signer.
pub(crate) async fn drafted(people: &BTreeMap<&str, Person<'_>>, number: &str) {
    let query =
        "{ procedure(office: \"singkawang\", key: \"permohonan-surel\") { steps { outcomes { key assetSchema } } } }";
    let found = people["tu"].ask(query, json!({})).await;
    let outcomes = found["procedure"]["steps"].as_array().expect("steps").iter();
    let mut outcomes = outcomes.flat_map(|step| step["outcomes"].as_array().expect("outcomes"));
    let schema = outcomes.find(|outcome| outcome["key"] == "provision").expect("an outcome")["assetSchema"].clone();
    let unique = number.bytes().map(usize::from).sum();
    let address = json!({ "asset": { "secret": mark::CREDENTIAL, "attributes": example(&schema, unique) } });
    let draft = json!({ "documents": [paper("draft-balasan", "Balasan")] });
    let acts = vec![
        ("subkor", "2", "complete", json!({})),
        ("system", "3", "provision", address),
        ("subkor", "4", "works", json!({})),
        ("subkor", "5", "draft", draft),
    ];
    execute(people, number, acts).await;
}

/// An asset of a kind that has no type of its own.
async fn mailbox(people: &BTreeMap<&str, Person<'_>>, number: &str) {
    drafted(people, number).await;
    let id = document(&people["kadis"], number, "draft-balasan").await;
    people["kadis"].act("signDocument", "", json!({ "documentId": id, "decision": "SIGN" })).await;
    let reply = json!({ "documents": [paper("surat-balasan", "Balasan")] });
    execute(people, number, vec![("tu", "6", "send", reply)]).await;
}

/// A place in the data center, established.
async fn placement(people: &BTreeMap<&str, Person<'_>>, number: &str) {
    let both = json!({ "documents": [paper("catatan-hasil-koordinasi", "Catatan")],
        "disposition": { "instruction": format!("Analisa {}", mark::ELSEWHERE) } });
    let place = json!({ "documents": [paper("bentuk-sistem", "Bentuk")], "asset": { "attributes": {
        "placementKind": "SERVER", "name": "rapor", "rack": "A1", "unitFrom": 5, "unitTo": 6 } } });
    let sent = json!({ "documents": [paper("arsip", "Arsip")],
        "asset": { "attributes": { "addresses": ["192.0.2.9"] } } });
    let acts = vec![
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
    execute(people, number, acts).await;
}
