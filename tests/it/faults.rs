//! Faults in SOPs, offices and policies: each is reported with file, line and remedy, and stops the server's start.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde_json::json;

use crate::cast::Cast;
use crate::harness::{Folders, Server, bare, output};

/// Texts of one file replaced by others, and the resulting fault.
struct Broken {
    file: &'static str,
    edits: &'static [(&'static str, &'static str)],
    /// The text of the reported line in the changed file; its first such line.
    at: &'static str,
    /// The message.
    says: &'static str,
}

const CLOUD: &str = "procedures/singkawang/permohonan-cloud-service.toml";
const SUBDOMAIN: &str = "procedures/singkawang/permohonan-subdomain.toml";
const CENTER: &str = "procedures/denpasar/layanan-data-center.toml";
const OFFICE: &str = "procedures/denpasar/office.toml";
const POLICY: &str = "policies/singkawang.csv";
const MODEL: &str = "policies/model.conf";

const fn broken(
    file: &'static str,
    edits: &'static [(&'static str, &'static str)],
    at: &'static str,
    says: &'static str,
) -> Broken {
    Broken { file, edits, at, says }
}

#[rustfmt::skip]
const BROKEN: &[Broken] = &[
    // SOPs.
    broken(CLOUD, &[("version = 1", "version = ")], "version =", "string values must be quoted"),
    broken(CLOUD, &[("version = 1", "version = 1\nverzion = 2")], "verzion", "unknown field `verzion`"),
    broken(CLOUD, &[("title = \"Permohonan Cloud", "titel = \"Permohonan Cloud")], "titel", "unknown field `titel`"),
    broken(CLOUD, &[("key = \"permohonan-cloud-service\"", "key = \"requests\"")], "key = \"requests\"", "mean all requests"),
    broken(CLOUD, &[("key = \"permohonan-cloud-service\"", "key = \"other\"")], "key = \"other\"", "says its key is `other`"),
    broken(CLOUD, &[("code = \"CLOUD\"", "code = \"SUBDOMAIN\"")], "", "request numbers would be given twice"),
    broken(CLOUD, &[("to = \"3\"", "to = \"33\"")], "to = \"33\"", "no step `33`"),
    broken(CLOUD, &[("label = \"Ajukan\"", "label = \" \"")], "label = \" \"", "label of `1:submit` is blank"),
    broken(CLOUD, &[("activity = \"TU menerima permohonan pembuatan akun Cloud dari OPD\"", "activity = \"\"")], "activity = \"\"", "activity of step `2` is blank"),
    broken(CLOUD, &[("{ amount = 45, ", "{ amount = 4500, ")], "amount = 4500", "no step takes so long"),
    broken(CLOUD, &[("required = [\"purpose\", ", "required = [\"purposes\", ")], "\"purposes\"", "require `purposes`"),
    broken(CLOUD, &[("maximum = 100000", "maximum = 0")], "maximum = 0", "nothing fits"),
    broken(CLOUD, &[("effect = \"verify\"", "effect = \"deliver\"")], "effect = \"deliver\"", "does not complete the request"),
    broken(CLOUD, &[("asset = \"required\"\nsecret", "secret")], "secret = ", "without an asset to come with"),
    broken(CLOUD, &[("secret = \"required\"", "secret = \"required\"\nrecipient = \"required\"")], "recipient = \"required\"", "hands none over"),
    broken(CLOUD, &[("came_by = \"5:no\"", "came_by = \"5:yes\"")], "came_by = \"5:yes\"", "does not lead to step `4`"),
    broken(CLOUD, &[("requires = [\"akun-cloud\"]", "requires = [\"akun-cloud-valid\"]")], "[[steps.outcomes]]\nkey = \"yes\"\nlabel = \"Ya\"\nto = \"8\"", "can never be taken"),
    broken(SUBDOMAIN, &[("produces = [\"lembar-disposisi\"]", "")], "requires = [\"surat-permohonan\", \"lembar-disposisi\"]", "nothing produces it"),
    broken(SUBDOMAIN, &[("signed = \"draft-surat-balasan\"\n", "")], "carries =", "whether it is signed or not"),
    broken(SUBDOMAIN, &[("to = \"surat-balasan\" }", "to = \"draft-surat-balasan\" }")], "carries =", "over to itself"),
    broken(SUBDOMAIN, &[("carries = {", "signs = [\"surat-balasan\"]\ncarries = {")], "signs = [", "takes over other signatures"),
    broken(SUBDOMAIN, &[("ends = \"completed\"", "to = \"7\"")], "[[steps]]", "no outcome completes the request"),
    broken(CENTER, &[("[\"placementKind\", \"name\"]", "[\"placementKind\", \"name\", \"determinationNumber\"]")], "\"name\", \"determinationNumber\"", "not known before `penetapan`"),
    broken(CENTER, &[("name = \"{name}\"", "name = \"{determinationNumber}\"")], "name = \"{det", "not known before `penetapan`"),
    broken(CENTER, &[("[\"rack\", \"unitFrom\", \"unitTo\"]", "[\"rack\", \"unitFrom\"]")], "interval =", "`unitTo` may be missing"),
    broken(CENTER, &[("type = \"integer\"\nminimum = 1\nexamples = [10]", "type = \"number\"")], "interval =", "something else than an integer"),
    broken(CENTER, &[("asset_changes = [\"addresses\"]", "asset_changes = [\"determinationNumber\"]")], "asset_changes", "no act may change it"),
    broken(CENTER, &[("effect = \"provision\"", "effect = \"provision\"\nasset = \"optional\"\nasset_changes = [\"addresses\"]")], "asset_changes", "it does not deliver"),
    broken(CENTER, &[("asset_changes = [\"addresses\"]", "asset_changes = [\"unitTo\"]"), ("type = \"integer\"\nminimum = 1\nexamples = [11]", "\"$ref\" = \"#/properties/unitFrom\"")], "asset_changes", "makes no form"),
    // Offices.
    broken(OFFICE, &[("units = 42", "units = 420")], "units = 420", "none is so high"),
    broken(OFFICE, &[("{procedure}/{year}", "{procedure}{year}")], "number_format", "nothing separates"),
    broken(OFFICE, &[("{office}/", "{office}\\u0007/")], "number_format", "control character"),
    broken(OFFICE, &[("city = \"Denpasar\"", "city = \"\"")], "city =", "city is blank"),
    broken(OFFICE, &[("{ name = \"OPD\"", "{ name = \"\"")], "opd =", "role `opd` is blank"),
    broken(OFFICE, &[("time_zone = \"Asia/Makassar\"", "time_zone = \"Asia/Denpasar\"")], "time_zone", ""),
    // Policies.
    broken(POLICY, &[("permohonan-cloud-service/2, execute", "permohonan-cloud-service/2, exec")], "/2, exec", "`exec` is no action"),
    broken(POLICY, &[("p, tu,           singkawang, requests", "p, lurah,        singkawang, requests")], "lurah", "no role `lurah`"),
    broken(POLICY, &[("p, tu,           singkawang, requests", "p, \u{1b}[31mtu, singkawang, requests")], "[31mtu", "holds a space or a quote"),
    broken(POLICY, &[("p, tu,           singkawang, requests, see-reached\n", "")], "permohonan-cloud-service/2, execute", "`tu` executes `permohonan-cloud-service/2` and does not see"),
    broken(POLICY, &[("p, kepala-dinas, singkawang, requests, see-reached\n", "")], "permohonan-cloud-service/3, execute", "SECRET: `see-office` leaves them out"),
    broken(POLICY, &[("p, opd,          singkawang, requests, see-own\n", "")], "permohonan-cloud-service/1, execute", "does not see"),
    broken(POLICY, &[("p, admin-cloud,  singkawang, permohonan-cloud-service/6, execute\n", "")], "permohonan-cloud-service, revoke", "execute `permohonan-cloud-service/6`"),
    broken(POLICY, &[("p, kepala-dinas, singkawang, permohonan-subdomain/8, sign\n", "")], "permohonan-subdomain, revoke", "sign `draft-surat-balasan`"),
    broken(POLICY, &[("p, opd,          singkawang, permohonan-cloud-service/8, receive", "p, tu, singkawang, permohonan-cloud-service/8, receive")], "service/8, receive", "nobody could receive it"),
    broken(POLICY, &[("p, opd,          singkawang, permohonan-cloud-service, reveal\n", "")], "permohonan-cloud-service, revoke", "may reveal it"),
    broken(POLICY, &[("permohonan-cloud-service/5, execute", "permohonan-cloud-service/5, execute\np, tu, singkawang, permohonan-cloud-service/5, execute")], "p, tu, singkawang, permohonan-cloud-service/5", "a disposition is to one role"),
    broken(MODEL, &[("r.role == p.role &&", "r.role == p.role ||")], "m = ", "the matcher must compare"),
];

/// Every fault printed by a command: the text before the remedy, and the remedy.
fn faults(said: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = said.lines().collect();
    lines
        .windows(2)
        .filter_map(|pair| Some((pair[0].to_owned(), pair[1].strip_prefix("    mend: ")?.to_owned())))
        .collect()
}

/// The message of a command that must refuse these files. A server that took them would fail at an address of no machine.
fn refused(folder: &Path, folders: &Folders, command: &str) -> String {
    let arguments: &[&str] = if command == "serve" { &["serve", "--listen", "192.0.2.1:1"] } else { &[command] };
    let output = output(&folder.join("data"), folders, arguments, "");
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.contains(" to mend"), "{said}");
    assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{said:?}");
    for (fault, mend) in faults(&said) {
        assert!(!mend.starts_with(char::is_uppercase) && !mend.ends_with('.') && !mend.is_empty(), "{fault}: {mend}");
    }
    said
}

/// Asserts that the output has this fault.
#[track_caller]
fn tells(said: &str, place: &str, says: &str) {
    let found =
        faults(said).iter().any(|(fault, _)| fault.starts_with(&format!("{place}: error: ")) && fault.contains(says));
    assert!(found, "{place}: {says}\n{said}");
}

#[test]
fn every_fault_stops_the_server_with_file_line_and_remedy() {
    for Broken { file, edits, at, says } in BROKEN {
        let folder = tempfile::tempdir().expect("a folder");
        let folders = Folders::copied(folder.path());
        let path = folder.path().join(file);
        let mut text = std::fs::read_to_string(&path).expect("a file");
        for (from, to) in *edits {
            assert!(text.contains(from), "`{from}` stands in {file}");
            text = text.replacen(from, to, 1);
        }
        std::fs::write(&path, &text).expect("written");
        // A needle may span lines: the reported line is its first. None: the line is another file's.
        let line = text.find(at).map_or(0, |offset| text[..offset].matches('\n').count() + 1);
        let said = refused(folder.path(), &folders, "check");
        let place = if at.is_empty() { "procedures/".to_owned() } else { format!("{file}:{line}") };
        let found = faults(&said).into_iter().any(|(fault, _)| {
            fault.starts_with(&place)
                && (at.is_empty() || fault[place.len()..].starts_with(": error: "))
                && fault.contains(says)
        });
        assert!(found, "{place}: {says}\n{said}");
        assert_eq!(refused(folder.path(), &folders, "serve"), said, "{file}: {says}");
    }
}

#[test]
fn a_fault_in_one_file_hides_none_in_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let folders = Folders::copied(folder.path());
    let edit = |file: &str, from: &str, to: &str| {
        let path = folder.path().join(file);
        let text = std::fs::read_to_string(&path).expect("a file");
        assert!(text.contains(from), "{from}");
        std::fs::write(path, text.replacen(from, to, 1)).expect("written");
    };
    edit(SUBDOMAIN, "version = 1", "version = ");
    edit(CLOUD, "to = \"3\"", "to = \"33\"");
    edit(POLICY, "permohonan-cloud-service/2, execute", "permohonan-cloud-service/2, exec");
    edit(OFFICE, "units = 42", "units = 0");
    edit(MODEL, "r.role == p.role &&", "");
    let said = refused(folder.path(), &folders, "check");
    assert_eq!(faults(&said).len(), 5, "{said}");
    assert!(said.contains("5 to mend"), "{said}");
    assert_eq!(refused(folder.path(), &folders, "serve"), said);
}

#[test]
fn ignored_files_are_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let folders = Folders::copied(folder.path());
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("written");
    };
    // Editors' backups are ignored, as are files with other names.
    for name in ["denpasar/.#a.toml", "denpasar/#a.toml#", "denpasar/#a.toml", "denpasar/a.toml~", "denpasar/README.md"]
    {
        write(&format!("procedures/{name}"), b"nonsense");
    }
    for name in [".#denpasar.csv", "#denpasar.csv#", "#denpasar.csv", "denpasar.csv~", ".hidden.csv", "README.md"] {
        write(&format!("policies/{name}"), b"nonsense");
    }
    // Without a database, so without people.
    let quiet = bare(&folder.path().join("data"), &folders).arg("check").output().expect("it runs");
    let said = String::from_utf8_lossy(&quiet.stdout).into_owned();
    assert!(quiet.status.success() && said.ends_with("no fault\n") && said.lines().count() == 1, "{said}");

    write("procedures/loose.toml", b"");
    write("procedures/denpasar/x.TOML", b"");
    write("procedures/denpasar/old/y.toml", b"");
    write("procedures/denpasar/large.toml", &vec![b'#'; 1024 * 1024 + 1]);
    write("procedures/denpasar/latin.toml", b"key = \"latin\"\n# caf\xe9\n");
    write("policies/x.CSV", b"");
    write("policies/old/denpasar.csv", b"");
    write("policies/latin.csv", b"# who\n\n# caf\xe9\n");
    let in_office = folder.path().join("procedures/denpasar");
    std::os::unix::fs::symlink("nowhere", in_office.join("gone.toml")).expect("a link");
    std::os::unix::fs::symlink("nowhere", folder.path().join("policies/gone.csv")).expect("a link");
    std::fs::write(in_office.join(std::ffi::OsStr::from_bytes(b"\xff.toml")), "").expect("written");
    for pipe in ["procedures/denpasar/pipe.toml", "policies/pipe.csv"] {
        let made = std::process::Command::new("mkfifo").arg(folder.path().join(pipe)).status();
        assert!(made.expect("mkfifo runs").success());
    }
    let said = refused(folder.path(), &folders, "check");
    for (place, says) in [
        ("procedures/loose.toml:1", "no office's folder"),
        ("procedures/denpasar/x.TOML:1", "does not end with `.toml`"),
        ("procedures/denpasar/old/y.toml:1", "too deep"),
        ("procedures/denpasar/large.toml:1", "larger than 1 MiB"),
        ("procedures/denpasar/latin.toml:2", "not UTF-8"),
        ("procedures/denpasar/gone.toml:1", "leads nowhere"),
        ("procedures/denpasar/\u{fffd}.toml:1", "not UTF-8"),
        ("procedures/denpasar/pipe.toml:1", "no file of text"),
        ("policies/x.CSV:1", "does not end with `.csv`"),
        ("policies/old/denpasar.csv:1", "too deep"),
        ("policies/latin.csv:3", "not UTF-8"),
        ("policies/gone.csv:1", "leads nowhere"),
        ("policies/pipe.csv:1", "no file of text"),
    ] {
        tells(&said, place, says);
    }
    assert_eq!(refused(folder.path(), &folders, "serve"), said);
}

#[test]
fn the_example_fits_in_as_the_guide_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let folders = Folders::with_example(folder.path());
    for folders in [folders, Folders::shipped()] {
        let output = bare(&folder.path().join("data"), &folders).arg("check").output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && said.ends_with("no fault\n") && said.lines().count() == 1, "{said}");
    }
}

const CAST: Cast<'static> = &[("opd", "denpasar", "opd", Some("bapenda"))];

const SUBMIT: &str = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { \
    request { number } userErrors { code message } } }";

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_checked_against_the_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let folders = Folders::copied(folder.path());
    let mut server = Server::of(CAST, folders.clone());
    let input = json!({ "input": {
        "office": "denpasar", "procedure": "layanan-data-center",
        "letter": { "number": "005/1", "date": "2026-01-05", "subject": "Penitipan" },
        "contact": { "name": "Warga Contoh", "phone": "0361 000000", "email": "contoh@opd.example" },
        "details": { "kind": "APPLICATION", "operatingSystem": "Debian", "ports": [443], "publicAddress": false,
            "applications": ["Rapor"], "maintenanceContact": "Contoh" },
    } });
    let submitted = server.person("opd").await.ask(SUBMIT, input).await;
    assert!(submitted["submitRequest"]["request"]["number"].is_string(), "{submitted}");
    server.stop();
    let says = |command: &str| refused(server.path().parent().expect("a folder"), &folders, command);
    let both = |place: &str, what: &str| {
        let said = says("check");
        tells(&said, place, what);
        assert_eq!(says("serve"), said);
        said
    };

    // A new key with the old code: its numbers would start again.
    let old = folders.procedures.join("denpasar/layanan-data-center.toml");
    let text = std::fs::read_to_string(&old).expect("the SOP");
    let renamed = folders.procedures.join("denpasar/penitipan.toml");
    std::fs::rename(&old, &renamed).expect("renamed");
    std::fs::write(&renamed, text.replace("key = \"layanan-data-center\"", "key = \"penitipan\"")).expect("written");
    both("procedures/denpasar/penitipan.toml:4", "stands in the numbers of `layanan-data-center`");
    std::fs::remove_file(&renamed).expect("removed");

    // The file is gone and its lines with it, but a request still runs by it.
    let policy = folders.policies.join("denpasar.csv");
    let lines = std::fs::read_to_string(&policy).expect("the policy");
    std::fs::write(&policy, lines.replace("p, kasi-psk,          denpasar, layanan-data-center/3, execute\n", ""))
        .expect("written");
    let step = text.lines().position(|line| line == "key = \"3\"").expect("the step");
    let stored = format!("stored version 1 of denpasar/layanan-data-center:{step}");
    let said =
        both(&stored, "no line lets anyone execute `layanan-data-center/3`, and requests still run by this version");
    assert!(
        said.contains("add the line `p, <role>, denpasar, layanan-data-center/3, execute` to `policies/denpasar.csv`"),
        "{said}"
    );

    // The whole office is gone.
    std::fs::remove_dir_all(folders.procedures.join("denpasar")).expect("removed");
    std::fs::remove_file(&policy).expect("removed");
    both("procedures/denpasar/office.toml:1", "no file describes this office");
}
