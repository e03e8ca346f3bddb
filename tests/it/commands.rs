//! The command line: subcommands, and their refusals.

use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use serde_json::json;

use crate::cast::SINGKAWANG;
use crate::harness::{Folders, Server, command, enter, output, run, run_at};

/// The message of a command that must fail.
fn refusal(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_answers_and_stops() {
    let mut server = Server::with(&[]);
    for (path, says) in [("healthz", "ok"), ("readyz", "ready")] {
        let answer = reqwest::get(format!("{}/{path}", server.base())).await.expect("an answer");
        assert!(answer.status().is_success());
        assert_eq!(answer.text().await.expect("text"), says);
    }
    let keys = server.path().join("keys");
    for key in ["signing.key", "encryption.key", "audit.key"] {
        let mode = std::fs::metadata(keys.join(key)).expect("a key").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key} is its owner's alone");
        let text = std::fs::read_to_string(keys.join(key)).expect("a key");
        assert!(!server.holds(text.trim()), "{key} is not in the database");
    }
    for file in ["disposisi.db", "disposisi.db-wal"] {
        let mode = std::fs::metadata(server.path().join(file)).expect("the database").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file} is its owner's alone");
    }
    assert!(server.stop().success(), "SIGTERM ends it well");
    std::fs::remove_file(keys.join("audit.key")).expect("removed");
    let said = refusal(&output(&server.path(), &Folders::shipped(), &["serve"], ""));
    assert!(said.contains("audit.key is missing beside an existing database"), "{said}");
}

#[test]
fn wrong_settings_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::write(folder.path().join("disposisi.toml"), "token_minutes = 9999\n").expect("the settings");
    let said = refusal(&output(&data, &Folders::shipped(), &["check"], ""));
    assert!(said.contains("disposisi.toml") && said.contains("token_minutes"), "{said}");
    std::fs::remove_file(folder.path().join("disposisi.toml")).expect("removed");
    let unknown = command(&data, &Folders::shipped()).arg("check").env("DISPOSISI_LISTENN", "x").output();
    let said = refusal(&unknown.expect("it runs"));
    assert!(said.contains("listenn"), "{said}");
    assert!(!data.exists(), "a refused command begins nothing");
}

#[test]
fn people_agencies_and_grants_are_validated() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let folders = Folders::shipped();
    let refused = |arguments: &[&str], input: &str| refusal(&output(&data, &folders, arguments, input));
    let add = ["agency", "add", "dinkes", "--office", "singkawang", "--name", "Dinas Kesehatan"];
    assert!(run(&data, &folders, &add, "").contains("serves the agency dinkes"));
    assert!(refused(&add, "").contains("already"));
    assert!(
        refused(&["agency", "add", "x", "--office", "nowhere", "--name", "X"], "").contains("denpasar, singkawang")
    );
    let siti = ["user", "add", "siti", "--name", "Siti", "--agency", "singkawang/dinkes", "--password-stdin"];
    assert!(refused(&siti, "short").contains("10 to 256"));
    run(&data, &folders, &siti, "long enough for all\n");
    assert!(refused(&siti, "long enough for all").contains("already"));
    let named = |name: &'static str| ["user", "add", name, "--name", "X", "--password-stdin"];
    assert!(refused(&named("a b"), "long enough for all").contains("small letters"));
    let nip = ["user", "add", "budi", "--name", "B", "--nip", "12", "--password-stdin"];
    assert!(refused(&nip, "long enough for all").contains("18 digits"));
    assert!(refused(&["user", "add", "budi", "--name", "B"], "").contains("--password-stdin"), "no terminal here");
    let grant = |role: &'static str| ["grant", "siti", "--office", "singkawang", "--role", role];
    assert!(refused(&grant("opd"), "").contains("--agency: This is a role of an agency"));
    assert!(refused(&grant("king"), "").contains("kepala-dinas"));
    let backwards = [&grant("tu")[..], &["--until", "2020-01-01T00:00:00Z"]].concat();
    assert!(refused(&backwards, "").contains("ends after it begins"));
    assert!(run(&data, &folders, &[&grant("opd")[..], &["--agency", "dinkes"]].concat(), "").contains("acts as"));
    let nobody = ["grant", "nobody", "--office", "singkawang", "--role", "tu"];
    assert!(refused(&nobody, "").contains("disposisi user add"));
    let elsewhere = refusal(&output(&folder.path().join("other"), &folders, &["audit", "verify"], ""));
    assert!(elsewhere.contains("holds no database"), "{elsewhere}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_valid_between_its_dates_only() {
    let server = Server::with(&[("tu", "singkawang", "opd", Some("dinkes"))]);
    let grants = async || {
        let viewer = server.person("tu").await.ask("{ viewer { grants { role { key } } } }", json!({})).await;
        viewer["viewer"]["grants"].as_array().expect("a list").len()
    };
    assert_eq!(grants().await, 1);
    let tu = ["grant", "tu", "--office", "singkawang", "--role", "tu"];
    let ended = [&tu[..], &["--until", "2020-02-01T00:00:00Z"]].concat();
    run_at("2020-01-01T00:00:00Z", &server.path(), server.folders(), &ended);
    server.run(&[&tu[..], &["--from", "2999-01-01T00:00:00Z"]].concat());
    assert_eq!(grants().await, 1, "neither one that ended nor one to come");
    server.run(&tu);
    assert_eq!(grants().await, 2);
}

#[test]
fn check_names_the_steps_without_a_person() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, folders) = (folder.path().join("data"), Folders::shipped());
    let check = || run(&data, &folders, &["check"], "");
    assert!(check().contains("policy lines: no fault"), "no database tells of people");
    enter(SINGKAWANG, |arguments, input| drop(run(&data, &folders, arguments, input)));
    let said = check();
    assert!(said.contains("nobody holds a role in `denpasar`"), "{said}");
    assert!(said.contains("nobody manages the people of `singkawang`"), "{said}");
    assert!(said.contains("7 grants in force: nothing to mend, 2 to look at"), "all others are there: {said}");

    let ended = ["grant", "tu", "--office", "singkawang", "--role", "auditor", "--until", "2020-01-01T00:00:00Z"];
    run_at("2019-01-01T00:00:00Z", &data, &folders, &ended);
    assert!(check().contains("7 grants in force"), "what has ended does not count");
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    enter(&SINGKAWANG[..6], |arguments, input| drop(run(&data, &folders, arguments, input)));
    let said = run(&data, &folders, &["check"], "");
    assert!(
        said.contains("warning: nobody executes `permohonan-subdomain/6`: no active person holds `admin-system`"),
        "{said}"
    );
    assert!(said.contains("disposisi grant <username> --office singkawang --role admin-system"), "{said}");
}

#[test]
fn faults_in_files_stop_the_start_with_file_line_and_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let folders = Folders::copied(folder.path());
    let policy = folders.policies.join("denpasar.csv");
    let lines = std::fs::read_to_string(&policy).expect("the policy");
    std::fs::write(&policy, format!("{lines}p, kadis, denpasar, layanan-data-center/7, execute\n")).expect("written");
    let line = lines.lines().count() + 1;
    for command in ["check", "serve"] {
        let said = refusal(&output(&folder.path().join("data"), &folders, &[command], ""));
        assert!(said.contains(&format!("policies/denpasar.csv:{line}: error:")), "{said}");
        assert!(said.contains("no role `kadis`") && said.contains("mend:"), "{said}");
    }
}
