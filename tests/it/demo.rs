//! The demo, to its end; what it keeps, and what it leaves to look around in.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::harness::{Folders, command, output, signal};

#[test]
fn the_story_is_told_to_its_end_and_nothing_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = Command::new(env!("CARGO_BIN_EXE_disposisi"))
        .arg("--procedures")
        .arg(Folders::shipped().procedures)
        .arg("--policies")
        .arg(Folders::shipped().policies)
        .args(["demo", "--exit"])
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success(), "{text}\n{}", String::from_utf8_lossy(&told.stderr));
    for says in [
        "SKW/CLOUD/",
        "Lia Contoh, Subkor ILE: 5. Tidak, “NIP penanggung jawab tidak sesuai”",
        "RETURNED to OPD/Pengguna at step 1",
        "COMPLETED; dinkes is ACTIVE",
        "reads the credential",
        "7. Tidak, “Kuota seharusnya 100 GiB”",
        "Kadri Contoh, Kepala Dinas: refuses the Draft Surat Balasan",
        "COMPLETED; dinkes.singkawangkota.go.id is ACTIVE",
        "COMPLETED; srv-pajak is ACTIVE",
        "Nyoman Contoh, Kepala Dinas: 7. Tolak penetapan",
        "Every request ended as it should.",
        "nothing was touched",
    ] {
        assert!(text.contains(says), "“{says}” in:\n{text}");
    }
    assert_eq!(text.matches("→ REJECTED").count(), 2, "{text}");
    assert!(!text.contains("sandi-contoh"), "a secret is not printed");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0, "nothing is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_is_kept_goes_on_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("demo");
    let folders = Folders::shipped();
    let told = output(&data, &folders, &["demo", "--exit"], "");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let again = output(&data, &folders, &["demo", "--exit"], "");
    assert!(String::from_utf8_lossy(&again.stderr).contains("holds data already"), "a story is told once");

    let mut child = command(&data, &folders).arg("demo").stdout(Stdio::piped()).spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
    let lines: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.starts_with("Ctrl-C")).collect();
    let text = lines.join("\n");
    let explorer = text.split_whitespace().find(|word| word.ends_with("/graphiql")).expect("the explorer").to_owned();
    for name in ["siti", "kadri", "nyoman", "komang", "password “contoh belaka”"] {
        assert!(text.contains(name), "{name} in:\n{text}");
    }
    let page = reqwest::get(&explorer).await.expect("an answer");
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.contains("script-src 'self'"), "{policy}");
    let page = page.text().await.expect("the page");
    assert!(!page.contains("://"), "nothing from elsewhere: {page}");
    for file in page.split('"').filter(|part| part.starts_with("/graphiql/")) {
        let base = explorer.trim_end_matches("/graphiql");
        let got = reqwest::get(format!("{base}{file}")).await.expect("an answer");
        assert!(got.status().is_success(), "{file}");
        let tag = got.headers()["etag"].clone();
        let known = reqwest::Client::new().get(format!("{base}{file}")).header("if-none-match", tag);
        assert_eq!(known.send().await.expect("an answer").status().as_u16(), 304, "{file}");
    }
    signal(child.id(), "TERM");
    assert!(child.wait().expect("it ends").success());
}
