//! Scenarios of the demo: every SOP, and every kind of end of a request.

use serde_json::{Value, json};

use super::clients::DemoClients;
use crate::cli::output::print_line;
use crate::cli::program_clock::clock;

/// Plays all scenarios. Fails at the first unexpected result.
pub(super) async fn run(base: &str) -> Result<(), String> {
    let mut clients = DemoClients::new(base);
    cloud(&mut clients).await?;
    subdomain(&mut clients).await?;
    data_center(&mut clients).await?;
    print_line("\nEvery request ended as it should.");
    Ok(())
}

/// Leaves open requests of every SOP. Returns a description of each.
pub(super) async fn leave_open_requests(base: &str) -> Result<Vec<String>, String> {
    let mut clients = DemoClients::quiet(base);
    let mut left = Vec::new();
    let office = "singkawang";
    let cloud = "permohonan-cloud-service";
    let details = json!({ "purpose": "Arsip sekolah", "quotaGib": 50, "users": 3 });

    let letter = letter_and_contact("005/104/DINKES", "Permohonan akun cloud kedua", "Siti Contoh");
    let number = clients.submit("siti", submission(office, cloud, letter, details.clone())).await?;
    let sheet = json!({ "documents": documents(&[("lembar-disposisi", "Lembar disposisi", Some("105"))]) });
    clients.execute("tono", &number, ("2", "forward"), sheet).await?;
    left.push(format!("{number}: kadri disposes it (step 3)"));

    let letter = letter_and_contact("005/32/DISDIK", "Permohonan akun cloud sekolah", "Rina Contoh");
    let number = clients.submit("rina", submission(office, cloud, letter, details)).await?;
    down_the_line(&mut clients, &number, "106").await?;
    clients.execute("lia", &number, ("5", "yes"), json!({})).await?;
    let account = json!({ "asset": {
        "attributes": { "username": "disdik", "quotaGib": 50, "serviceAddress": "https://cloud.example" },
        "secret": "sandi-contoh-kedua",
    } });
    clients.execute("cahyo", &number, ("6", "provision"), account).await?;
    clients.execute("lia", &number, ("7", "yes"), json!({})).await?;
    let report = json!({ "documents": documents(&[("laporan", "Laporan pembuatan akun cloud", None)]) });
    clients.execute("lia", &number, ("8", "confirm"), report).await?;
    left.push(format!("{number}: rina reads its credential, once"));

    let details = json!({ "label": "disdik", "target": "192.0.2.11", "purpose": "Situs resmi" });
    let letter = letter_and_contact("005/33/DISDIK", "Permohonan subdomain", "Rina Contoh");
    let number = clients.submit("rina", submission(office, "permohonan-subdomain", letter, details)).await?;
    down_the_line(&mut clients, &number, "107").await?;
    clients.execute("lia", &number, ("5", "yes"), json!({})).await?;
    let name = json!({ "asset": { "attributes": {
        "fqdn": "disdik.singkawangkota.go.id", "recordType": "A", "target": "192.0.2.11",
    } } });
    clients.execute("surya", &number, ("6", "provision"), name).await?;
    let draft = documents(&[("draft-surat-balasan", "Balasan permohonan subdomain", None)]);
    clients.execute("lia", &number, ("7", "draft"), json!({ "documents": draft })).await?;
    left.push(format!("{number}: kadri signs or refuses the draft, then tono sends it (step 8)"));

    let details = json!({
        "kind": "SERVER", "rackUnits": 4, "powerWatts": 600, "operatingSystem": "Debian 13", "ports": [443],
        "publicAddress": false, "applications": ["Arsip (contoh)"], "maintenanceContact": "Made Contoh",
    });
    let letter = letter_and_contact("005/13/BAPENDA", "Permohonan penitipan server ketiga", "Made Contoh");
    let number = clients.submit("made", submission("denpasar", "layanan-data-center", letter, details)).await?;
    coordinate(&mut clients, &number).await?;
    left.push(format!("{number}: kadek tells whether it can be placed (step 3)"));
    Ok(left)
}

/// Ends a request by its last act, and checks its status.
async fn end(
    clients: &mut DemoClients,
    who: &str,
    number: &str,
    last: (&str, &str),
    more: Value,
    expected: &str,
) -> Result<(), String> {
    let status = clients.execute(who, number, last, more).await?;
    if status == expected { Ok(()) } else { Err(format!("{number} ended {status}, and should have ended {expected}")) }
}

/// Letter and contact of a submission.
fn letter_and_contact(letter: &str, subject: &str, person: &str) -> Value {
    json!({
        "letter": {
            "number": letter, "date": clock().now().date_naive().pred_opt(), "subject": subject,
            "srikandiReference": format!("SRIKANDI-{letter}"),
        },
        "contact": {
            "name": person, "nip": "199001012015011001", "position": "Pranata Komputer (contoh)",
            "phone": "0562-000-000", "email": "contoh@opd.example",
        },
    })
}

/// A submission: letter, contact, and form.
fn submission(office: &str, procedure: &str, papers: Value, details: Value) -> Value {
    let mut input = papers;
    input["office"] = json!(office);
    input["procedure"] = json!(procedure);
    input["details"] = details;
    input
}

fn disposition(instruction: &str) -> Value {
    json!({ "disposition": { "instruction": instruction, "urgency": "NORMAL" } })
}

fn documents(documents: &[(&str, &str, Option<&str>)]) -> Value {
    let document = |(kind, title, number): &(&str, &str, Option<&str>)| json!({ "kind": kind, "title": title, "number": number, "date": clock().now().date_naive() });
    json!(documents.iter().map(document).collect::<Vec<_>>())
}

/// Singkawang's steps 2 to 4: reception and dispositions.
async fn down_the_line(clients: &mut DemoClients, number: &str, agenda: &str) -> Result<(), String> {
    let sheet = json!({ "documents": documents(&[("lembar-disposisi", "Lembar disposisi", Some(agenda))]) });
    clients.execute("tono", number, ("2", "forward"), sheet).await?;
    clients.execute("kadri", number, ("3", "dispose"), disposition("Mohon ditindaklanjuti")).await?;
    clients.execute("andi", number, ("4", "dispose"), disposition("Proses sesuai SOP")).await?;
    Ok(())
}

async fn cloud(clients: &mut DemoClients) -> Result<(), String> {
    let (office, procedure) = ("singkawang", "permohonan-cloud-service");
    clients.start_procedure(office, procedure).await?;
    let details = |quota: i32| json!({ "purpose": "Arsip digital puskesmas", "quotaGib": quota, "users": 5 });
    let first = letter_and_contact("005/101/DINKES", "Permohonan akun cloud", "Siti Contoh");
    let number = clients.submit("siti", submission(office, procedure, first, details(100))).await?;
    down_the_line(clients, &number, "101").await?;
    let note = json!({ "note": "NIP penanggung jawab tidak sesuai" });
    clients.execute("lia", &number, ("5", "no"), note).await?;
    let note = json!({ "note": "Lengkapi data penanggung jawab" });
    clients.execute("andi", &number, ("4", "return"), note).await?;
    let mut completed = letter_and_contact("005/102/DINKES", "Permohonan akun cloud, dilengkapi", "Sari Contoh");
    completed["details"] = details(100);
    clients.resubmit("siti", &number, completed).await?;
    down_the_line(clients, &number, "102").await?;
    clients.execute("lia", &number, ("5", "yes"), json!({})).await?;
    let account = |quota: i32| {
        json!({ "asset": {
            "attributes": { "username": "dinkes", "quotaGib": quota, "serviceAddress": "https://cloud.example" },
            "secret": "sandi-contoh-saja",
        } })
    };
    clients.execute("cahyo", &number, ("6", "provision"), account(10)).await?;
    clients.execute("lia", &number, ("7", "no"), json!({ "note": "Kuota seharusnya 100 GiB" })).await?;
    clients.execute("cahyo", &number, ("6", "provision"), account(100)).await?;
    clients.execute("lia", &number, ("7", "yes"), json!({})).await?;
    let report = json!({ "documents": documents(&[("laporan", "Laporan pembuatan akun cloud", None)]) });
    end(clients, "lia", &number, ("8", "confirm"), report, "COMPLETED").await?;
    clients.reveal("siti", &number).await?;

    let second = letter_and_contact("005/31/DISDIK", "Permohonan akun cloud", "Rina Contoh");
    let number = clients.submit("rina", submission(office, procedure, second, details(5000))).await?;
    down_the_line(clients, &number, "103").await?;
    clients.execute("lia", &number, ("5", "no"), json!({ "note": "Kapasitas melebihi kebutuhan" })).await?;
    let refusal = json!({
        "note": "Kapasitas tidak sesuai kebutuhan",
        "documents": documents(&[("surat-balasan", "Surat balasan penolakan", Some("005/201/KOMINFO"))]),
    });
    end(clients, "andi", &number, ("4", "reject"), refusal, "REJECTED").await
}

async fn subdomain(clients: &mut DemoClients) -> Result<(), String> {
    let (office, procedure) = ("singkawang", "permohonan-subdomain");
    clients.start_procedure(office, procedure).await?;
    let details = json!({ "label": "dinkes", "target": "192.0.2.10", "purpose": "Situs resmi" });
    let letter = letter_and_contact("005/103/DINKES", "Permohonan subdomain", "Siti Contoh");
    let number = clients.submit("siti", submission(office, procedure, letter, details)).await?;
    down_the_line(clients, &number, "104").await?;
    clients.execute("lia", &number, ("5", "yes"), json!({})).await?;
    let name = json!({ "asset": { "attributes": {
        "fqdn": "dinkes.singkawangkota.go.id", "recordType": "A", "target": "192.0.2.10",
    } } });
    clients.execute("surya", &number, ("6", "provision"), name).await?;
    let draft = |title| json!({ "documents": documents(&[("draft-surat-balasan", title, None)]) });
    clients.execute("lia", &number, ("7", "draft"), draft("Balasan permohonan sub domain")).await?;
    clients.sign("kadri", &number, "draft-surat-balasan", Some("Sebutkan alamatnya")).await?;
    clients.execute("tono", &number, ("8", "revise"), json!({ "note": "Sebutkan alamatnya" })).await?;
    let title = "Balasan permohonan subdomain dinkes.singkawangkota.go.id";
    clients.execute("lia", &number, ("7", "draft"), draft(title)).await?;
    clients.sign("kadri", &number, "draft-surat-balasan", None).await?;
    let send = json!({ "documents": documents(&[("surat-balasan", title, Some("005/202/KOMINFO"))]) });
    end(clients, "tono", &number, ("8", "send"), send, "COMPLETED").await
}

async fn data_center(clients: &mut DemoClients) -> Result<(), String> {
    let (office, procedure) = ("denpasar", "layanan-data-center");
    clients.start_procedure(office, procedure).await?;
    let details = |units: i32| {
        json!({
            "kind": "SERVER", "rackUnits": units, "powerWatts": 450, "operatingSystem": "Debian 13", "ports": [443],
            "publicAddress": true, "applications": ["Pajak daerah (contoh)"], "maintenanceContact": "Made Contoh",
        })
    };
    let letter = letter_and_contact("005/11/BAPENDA", "Permohonan penitipan server", "Made Contoh");
    let number = clients.submit("made", submission(office, procedure, letter, details(2))).await?;
    coordinate(clients, &number).await?;
    let place = json!({
        "documents": documents(&[("bentuk-sistem", "Analisa spesifikasi", None)]),
        "asset": { "attributes": {
            "placementKind": "SERVER", "name": "srv-pajak", "rack": "A1", "unitFrom": 10, "unitTo": 11,
        } },
    });
    clients.execute("kadek", &number, ("3", "placeable"), place).await?;
    draft(clients, &number).await?;
    clients.execute("wayan", &number, ("5", "disagree"), json!({ "note": "Cantumkan nomor rak" })).await?;
    draft(clients, &number).await?;
    agree_and_sign(clients, &number).await?;
    let determination = json!({ "documents": documents(&[
        ("surat-pengantar", "Surat pengantar", Some("555/21/DKIS")),
        ("penetapan", "Penetapan layanan penitipan server", Some("188.45/7/DKIS")),
    ]) });
    clients.execute("nyoman", &number, ("7", "establish"), determination).await?;
    let send = json!({
        "documents": documents(&[("arsip", "Arsip", None)]),
        "asset": { "attributes": { "addresses": ["203.0.113.20"] } },
    });
    end(clients, "kadek", &number, ("8", "send"), send, "COMPLETED").await?;

    let letter = letter_and_contact("005/12/BAPENDA", "Permohonan penitipan server kedua", "Made Contoh");
    let number = clients.submit("made", submission(office, procedure, letter, details(40))).await?;
    coordinate(clients, &number).await?;
    let no = json!({
        "note": "Tidak ada rak yang kosong setinggi itu",
        "documents": documents(&[("bentuk-sistem", "Analisa spesifikasi", None)]),
    });
    clients.execute("kadek", &number, ("3", "not-placeable"), no).await?;
    draft(clients, &number).await?;
    agree_and_sign(clients, &number).await?;
    let cover = json!({
        "note": "Ruang server penuh",
        "documents": documents(&[("surat-pengantar", "Surat pengantar", Some("555/22/DKIS"))]),
    });
    clients.execute("nyoman", &number, ("7", "decline"), cover).await?;
    let refusal = json!({ "note": "Ruang server penuh", "documents": documents(&[("arsip", "Arsip", None)]) });
    end(clients, "kadek", &number, ("8", "send-refusal"), refusal, "REJECTED").await
}

async fn coordinate(clients: &mut DemoClients, number: &str) -> Result<(), String> {
    let notes = json!({
        "documents": documents(&[("catatan-hasil-koordinasi", "Catatan hasil koordinasi", None)]),
        "disposition": { "instruction": "Analisa spesifikasi server" },
    });
    clients.execute("wayan", number, ("2", "coordinate"), notes).await.map(|_| ())
}

async fn draft(clients: &mut DemoClients, number: &str) -> Result<(), String> {
    let draft = documents(&[("rancangan-penitipan-server", "Rancangan surat balasan", None)]);
    clients.execute("kadek", number, ("4", "draft"), json!({ "documents": draft })).await.map(|_| ())
}

async fn agree_and_sign(clients: &mut DemoClients, number: &str) -> Result<(), String> {
    clients.execute("wayan", number, ("5", "agree"), json!({})).await?;
    let reply = documents(&[("surat-balasan", "Surat balasan", Some("555/20/DKIS"))]);
    clients.execute("wayan", number, ("6", "sign"), json!({ "documents": reply })).await.map(|_| ())
}
