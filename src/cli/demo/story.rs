//! The demo's story: every SOP, and every known end of a request.

use serde_json::{Value, json};

use super::stage::Stage;
use crate::cli::{clock, say};

/// Plays it to its end. Fails at the first thing that does not go as it should.
pub(super) async fn tell(base: &str) -> Result<(), String> {
    let mut stage = Stage::new(base);
    cloud(&mut stage).await?;
    subdomain(&mut stage).await?;
    data_center(&mut stage).await?;
    say("\nEvery request ended as it should.");
    Ok(())
}

/// Leaves something of every SOP under way, for whoever looks around. Returns what waits for whom.
pub(super) async fn leave(base: &str) -> Result<Vec<String>, String> {
    let mut stage = Stage::quiet(base);
    let mut left = Vec::new();
    let office = "singkawang";
    let cloud = "permohonan-cloud-service";
    let details = json!({ "purpose": "Arsip sekolah", "quotaGib": 50, "users": 3 });

    let letter = papers("005/104/DINKES", "Permohonan akun cloud kedua", "Siti Contoh");
    let number = stage.submit("siti", submission(office, cloud, letter, details.clone())).await?;
    let sheet = json!({ "documents": documents(&[("lembar-disposisi", "Lembar disposisi", Some("105"))]) });
    stage.execute("tono", &number, ("2", "forward"), sheet).await?;
    left.push(format!("{number}: kadri disposes it (step 3)"));

    let letter = papers("005/32/DISDIK", "Permohonan akun cloud sekolah", "Rina Contoh");
    let number = stage.submit("rina", submission(office, cloud, letter, details)).await?;
    down_the_line(&mut stage, &number, "106").await?;
    stage.execute("lia", &number, ("5", "yes"), json!({})).await?;
    let account = json!({ "asset": {
        "attributes": { "username": "disdik", "quotaGib": 50, "serviceAddress": "https://cloud.example" },
        "secret": "sandi-contoh-kedua",
    } });
    stage.execute("cahyo", &number, ("6", "provision"), account).await?;
    stage.execute("lia", &number, ("7", "yes"), json!({})).await?;
    let report = json!({ "documents": documents(&[("laporan", "Laporan pembuatan akun cloud", None)]) });
    stage.execute("lia", &number, ("8", "confirm"), report).await?;
    left.push(format!("{number}: rina reads its credential, once"));

    let details = json!({ "label": "disdik", "target": "192.0.2.11", "purpose": "Situs resmi" });
    let letter = papers("005/33/DISDIK", "Permohonan subdomain", "Rina Contoh");
    let number = stage.submit("rina", submission(office, "permohonan-subdomain", letter, details)).await?;
    down_the_line(&mut stage, &number, "107").await?;
    stage.execute("lia", &number, ("5", "yes"), json!({})).await?;
    let name = json!({ "asset": { "attributes": {
        "fqdn": "disdik.singkawangkota.go.id", "recordType": "A", "target": "192.0.2.11",
    } } });
    stage.execute("surya", &number, ("6", "provision"), name).await?;
    let draft = documents(&[("draft-surat-balasan", "Balasan permohonan subdomain", None)]);
    stage.execute("lia", &number, ("7", "draft"), json!({ "documents": draft })).await?;
    left.push(format!("{number}: kadri signs or refuses the draft, then tono sends it (step 8)"));

    let details = json!({
        "kind": "SERVER", "rackUnits": 4, "powerWatts": 600, "operatingSystem": "Debian 13", "ports": [443],
        "publicAddress": false, "applications": ["Arsip (contoh)"], "maintenanceContact": "Made Contoh",
    });
    let letter = papers("005/13/BAPENDA", "Permohonan penitipan server ketiga", "Made Contoh");
    let number = stage.submit("made", submission("denpasar", "layanan-data-center", letter, details)).await?;
    coordinate(&mut stage, &number).await?;
    left.push(format!("{number}: kadek tells whether it can be placed (step 3)"));
    Ok(left)
}

/// Ends a request by its last act, and holds its end against what it should be.
async fn end(
    stage: &mut Stage,
    who: &str,
    number: &str,
    last: (&str, &str),
    more: Value,
    expected: &str,
) -> Result<(), String> {
    let status = stage.execute(who, number, last, more).await?;
    if status == expected { Ok(()) } else { Err(format!("{number} ended {status}, and should have ended {expected}")) }
}

/// What comes with a submission, but for the form.
fn papers(letter: &str, subject: &str, person: &str) -> Value {
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

/// The papers with the form, as a submission to an office by a procedure.
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

/// Singkawang's steps 2 to 4: received, and disposed down the line.
async fn down_the_line(stage: &mut Stage, number: &str, agenda: &str) -> Result<(), String> {
    let sheet = json!({ "documents": documents(&[("lembar-disposisi", "Lembar disposisi", Some(agenda))]) });
    stage.execute("tono", number, ("2", "forward"), sheet).await?;
    stage.execute("kadri", number, ("3", "dispose"), disposition("Mohon ditindaklanjuti")).await?;
    stage.execute("andi", number, ("4", "dispose"), disposition("Proses sesuai SOP")).await?;
    Ok(())
}

async fn cloud(stage: &mut Stage) -> Result<(), String> {
    let (office, procedure) = ("singkawang", "permohonan-cloud-service");
    stage.open(office, procedure).await?;
    let details = |quota: i32| json!({ "purpose": "Arsip digital puskesmas", "quotaGib": quota, "users": 5 });
    let first = papers("005/101/DINKES", "Permohonan akun cloud", "Siti Contoh");
    let number = stage.submit("siti", submission(office, procedure, first, details(100))).await?;
    down_the_line(stage, &number, "101").await?;
    let note = json!({ "note": "NIP penanggung jawab tidak sesuai" });
    stage.execute("lia", &number, ("5", "no"), note).await?;
    let note = json!({ "note": "Lengkapi data penanggung jawab" });
    stage.execute("andi", &number, ("4", "return"), note).await?;
    let mut completed = papers("005/102/DINKES", "Permohonan akun cloud, dilengkapi", "Sari Contoh");
    completed["details"] = details(100);
    stage.resubmit("siti", &number, completed).await?;
    down_the_line(stage, &number, "102").await?;
    stage.execute("lia", &number, ("5", "yes"), json!({})).await?;
    let account = |quota: i32| {
        json!({ "asset": {
            "attributes": { "username": "dinkes", "quotaGib": quota, "serviceAddress": "https://cloud.example" },
            "secret": "sandi-contoh-saja",
        } })
    };
    stage.execute("cahyo", &number, ("6", "provision"), account(10)).await?;
    stage.execute("lia", &number, ("7", "no"), json!({ "note": "Kuota seharusnya 100 GiB" })).await?;
    stage.execute("cahyo", &number, ("6", "provision"), account(100)).await?;
    stage.execute("lia", &number, ("7", "yes"), json!({})).await?;
    let report = json!({ "documents": documents(&[("laporan", "Laporan pembuatan akun cloud", None)]) });
    end(stage, "lia", &number, ("8", "confirm"), report, "COMPLETED").await?;
    stage.reveal("siti", &number).await?;

    let second = papers("005/31/DISDIK", "Permohonan akun cloud", "Rina Contoh");
    let number = stage.submit("rina", submission(office, procedure, second, details(5000))).await?;
    down_the_line(stage, &number, "103").await?;
    stage.execute("lia", &number, ("5", "no"), json!({ "note": "Kapasitas melebihi kebutuhan" })).await?;
    let refusal = json!({
        "note": "Kapasitas tidak sesuai kebutuhan",
        "documents": documents(&[("surat-balasan", "Surat balasan penolakan", Some("005/201/KOMINFO"))]),
    });
    end(stage, "andi", &number, ("4", "reject"), refusal, "REJECTED").await
}

async fn subdomain(stage: &mut Stage) -> Result<(), String> {
    let (office, procedure) = ("singkawang", "permohonan-subdomain");
    stage.open(office, procedure).await?;
    let details = json!({ "label": "dinkes", "target": "192.0.2.10", "purpose": "Situs resmi" });
    let letter = papers("005/103/DINKES", "Permohonan subdomain", "Siti Contoh");
    let number = stage.submit("siti", submission(office, procedure, letter, details)).await?;
    down_the_line(stage, &number, "104").await?;
    stage.execute("lia", &number, ("5", "yes"), json!({})).await?;
    let name = json!({ "asset": { "attributes": {
        "fqdn": "dinkes.singkawangkota.go.id", "recordType": "A", "target": "192.0.2.10",
    } } });
    stage.execute("surya", &number, ("6", "provision"), name).await?;
    let draft = |title| json!({ "documents": documents(&[("draft-surat-balasan", title, None)]) });
    stage.execute("lia", &number, ("7", "draft"), draft("Balasan permohonan sub domain")).await?;
    stage.sign("kadri", &number, "draft-surat-balasan", Some("Sebutkan alamatnya")).await?;
    stage.execute("tono", &number, ("8", "revise"), json!({ "note": "Sebutkan alamatnya" })).await?;
    let title = "Balasan permohonan subdomain dinkes.singkawangkota.go.id";
    stage.execute("lia", &number, ("7", "draft"), draft(title)).await?;
    stage.sign("kadri", &number, "draft-surat-balasan", None).await?;
    let send = json!({ "documents": documents(&[("surat-balasan", title, Some("005/202/KOMINFO"))]) });
    end(stage, "tono", &number, ("8", "send"), send, "COMPLETED").await
}

async fn data_center(stage: &mut Stage) -> Result<(), String> {
    let (office, procedure) = ("denpasar", "layanan-data-center");
    stage.open(office, procedure).await?;
    let details = |units: i32| {
        json!({
            "kind": "SERVER", "rackUnits": units, "powerWatts": 450, "operatingSystem": "Debian 13", "ports": [443],
            "publicAddress": true, "applications": ["Pajak daerah (contoh)"], "maintenanceContact": "Made Contoh",
        })
    };
    let letter = papers("005/11/BAPENDA", "Permohonan penitipan server", "Made Contoh");
    let number = stage.submit("made", submission(office, procedure, letter, details(2))).await?;
    coordinate(stage, &number).await?;
    let place = json!({
        "documents": documents(&[("bentuk-sistem", "Analisa spesifikasi", None)]),
        "asset": { "attributes": {
            "placementKind": "SERVER", "name": "srv-pajak", "rack": "A1", "unitFrom": 10, "unitTo": 11,
        } },
    });
    stage.execute("kadek", &number, ("3", "placeable"), place).await?;
    draft(stage, &number).await?;
    stage.execute("wayan", &number, ("5", "disagree"), json!({ "note": "Cantumkan nomor rak" })).await?;
    draft(stage, &number).await?;
    agree_and_sign(stage, &number).await?;
    let determination = json!({ "documents": documents(&[
        ("surat-pengantar", "Surat pengantar", Some("555/21/DKIS")),
        ("penetapan", "Penetapan layanan penitipan server", Some("188.45/7/DKIS")),
    ]) });
    stage.execute("nyoman", &number, ("7", "establish"), determination).await?;
    let send = json!({
        "documents": documents(&[("arsip", "Arsip", None)]),
        "asset": { "attributes": { "addresses": ["203.0.113.20"] } },
    });
    end(stage, "kadek", &number, ("8", "send"), send, "COMPLETED").await?;

    let letter = papers("005/12/BAPENDA", "Permohonan penitipan server kedua", "Made Contoh");
    let number = stage.submit("made", submission(office, procedure, letter, details(40))).await?;
    coordinate(stage, &number).await?;
    let no = json!({
        "note": "Tidak ada rak yang kosong setinggi itu",
        "documents": documents(&[("bentuk-sistem", "Analisa spesifikasi", None)]),
    });
    stage.execute("kadek", &number, ("3", "not-placeable"), no).await?;
    draft(stage, &number).await?;
    agree_and_sign(stage, &number).await?;
    let cover = json!({
        "note": "Ruang server penuh",
        "documents": documents(&[("surat-pengantar", "Surat pengantar", Some("555/22/DKIS"))]),
    });
    stage.execute("nyoman", &number, ("7", "decline"), cover).await?;
    let refusal = json!({ "note": "Ruang server penuh", "documents": documents(&[("arsip", "Arsip", None)]) });
    end(stage, "kadek", &number, ("8", "send-refusal"), refusal, "REJECTED").await
}

async fn coordinate(stage: &mut Stage, number: &str) -> Result<(), String> {
    let notes = json!({
        "documents": documents(&[("catatan-hasil-koordinasi", "Catatan hasil koordinasi", None)]),
        "disposition": { "instruction": "Analisa spesifikasi server" },
    });
    stage.execute("wayan", number, ("2", "coordinate"), notes).await.map(|_| ())
}

async fn draft(stage: &mut Stage, number: &str) -> Result<(), String> {
    let draft = documents(&[("rancangan-penitipan-server", "Rancangan surat balasan", None)]);
    stage.execute("kadek", number, ("4", "draft"), json!({ "documents": draft })).await.map(|_| ())
}

async fn agree_and_sign(stage: &mut Stage, number: &str) -> Result<(), String> {
    stage.execute("wayan", number, ("5", "agree"), json!({})).await?;
    let reply = documents(&[("surat-balasan", "Surat balasan", Some("555/20/DKIS"))]);
    stage.execute("wayan", number, ("6", "sign"), json!({ "documents": reply })).await.map(|_| ())
}
