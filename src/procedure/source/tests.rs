//! Faults in files with one thing broken, each at its line.

use std::fs;
use std::path::Path;

use super::*;

const OFFICE: &str = include_str!("../../../procedures/denpasar/office.toml");
const CLOUD: &str = include_str!("../../../procedures/singkawang/permohonan-cloud-service.toml");

/// The lines and messages of an office's faults, with one text replaced.
fn office_with(from: &str, to: &str) -> Vec<(usize, String)> {
    assert!(OFFICE.contains(from), "`{from}` stands in the office");
    let faults = read_office("office.toml", "denpasar", &OFFICE.replacen(from, to, 1)).expect_err("it is broken");
    assert!(faults.iter().all(|fault| fault.file == "office.toml" && !fault.mend.is_empty()));
    faults.into_iter().map(|fault| (fault.line, fault.message)).collect()
}

/// The first line of the shipped office with a text.
fn at(text: &str, needle: &str) -> usize {
    text.lines().position(|line| line.contains(needle)).expect("the text stands there") + 1
}

#[track_caller]
fn tells(faults: &[(usize, String)], line: usize, says: &str) {
    assert!(faults.iter().any(|(at, message)| *at == line && message.contains(says)), "{line} {says}: {faults:?}");
}

#[test]
fn a_line_is_found_by_keys_names_and_indices() {
    let located = read_procedure("a.toml", "singkawang", CLOUD).expect("it reads");
    let line = |path: &[&str]| CLOUD.lines().nth(located.line(path) - 1).unwrap_or_default().to_owned();
    assert_eq!(line(&["code"]), "code = \"CLOUD\"");
    assert_eq!(line(&["records", "laporan"]), line(&["records", "laporan", "no-such-thing", "deeper"]));
    assert!(line(&["records", "laporan"]).starts_with("laporan ="));
    assert_eq!(line(&["details", "properties", "users", "type"]), "type = \"integer\"");
    assert_eq!(line(&["steps", "8", "outcomes", "confirm", "ends"]), "ends = \"completed\"");
    assert_eq!(line(&["steps", "#7", "activity"]), line(&["steps", "8", "activity"]));
    assert_eq!(line(&["steps", "8"]), "[[steps]]");
    assert_eq!(located.line(&["steps", "8"]) + 1, located.line(&["steps", "8", "key"]));
    assert_eq!(line(&["legal_basis", "2"]).trim(), "\"Undang-undang Nomor 25 tahun 2009 tentang Pelayanan Publik;\",");
    assert_eq!(line(&["steps", "5", "requires", "data-admin"]), "requires = [\"surat-permohonan\", \"data-admin\"]");
    assert_eq!(located.line(&["no-such-thing"]), 1);
    assert_eq!(located.line(&[]), 1);
}

#[test]
fn parser_errors_have_lines() {
    for (from, to, needle, says, mend) in [
        ("version = 1", "version = 1\nverzion = 2", "verzion", "unknown field `verzion`", "correct the name"),
        ("version = 1", "version = \"x\"", "version", "invalid type", "type expected"),
        ("came_by = \"5:no\"", "came_by = \"5-no\"", "5-no", "written like `5:no`", "correct the line"),
        ("origin = \"asset\"", "origin = \"thing\"", "\"thing\"", "unknown variant", "words listed"),
        ("2023-09-01", "2023-13-01", "2023-13-01", "", "correct the line"),
        ("code = \"CLOUD\"", "code = CLOUD", "code = CLOUD", "", "correct the line"),
        ("label = \"Ajukan\"", "label = \"Ajukan\"\nwish = 1", "wish", "unknown field `wish`", "correct the name"),
        (
            "label = \"Ajukan\"",
            "label = \"Ajukan\"\nlabel = \"x\"",
            "label = \"x\"",
            "duplicate key",
            "remove or rename",
        ),
    ] {
        let text = CLOUD.replacen(from, to, 1);
        let faults = read_procedure("procedures/a/b.toml", "a", &text).expect_err(says);
        let found = faults
            .iter()
            .any(|fault| fault.line == at(&text, needle) && fault.message.contains(says) && fault.mend.contains(mend));
        assert!(found, "{needle}: {faults:#?}");
    }
    let faults = read_procedure("a.toml", "a", &CLOUD.replacen("title = ", "#", 1)).expect_err("no title");
    assert!(faults.iter().any(|fault| fault.message.contains("missing field `title`") && fault.mend == "add it"));
}

#[test]
fn missing_fields_are_reported_at_their_table() {
    let text = CLOUD.replacen("activity = \"TU menerima", "# \"TU menerima", 1);
    let faults = read_procedure("a.toml", "a", &text).expect_err("no activity");
    let found: Vec<_> = faults.iter().map(|fault| (fault.line, fault.message.as_str())).collect();
    assert_eq!(found, [(at(&text, "key = \"2\"") - 1, "missing field `activity`")]);
}

#[test]
fn every_syntax_error_is_reported() {
    let text = CLOUD.replacen("version = 1", "version = = 1", 1).replacen("code = \"CLOUD\"", "code = \"CLOUD", 1);
    let lines: Vec<usize> =
        read_procedure("a.toml", "a", &text).expect_err("broken").iter().map(|fault| fault.line).collect();
    assert!(lines.contains(&at(&text, "version = =")) && lines.contains(&at(&text, "code = ")), "{lines:?}");
}

#[test]
fn a_procedure_has_a_key_a_code_and_a_version() {
    let text = CLOUD
        .replacen("key = \"permohonan-cloud-service\"", "key = \"Cloud Service\"", 1)
        .replacen("code = \"CLOUD\"", "code = \"cloud\"", 1)
        .replacen("version = 1", "version = 0", 1);
    let faults = read_procedure("a.toml", "a", &text).expect_err("it is broken");
    let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [at(&text, "key ="), at(&text, "code ="), at(&text, "version =")]);
}

#[test]
fn an_office_is_checked_line_by_line() {
    let line = |needle| at(OFFICE, needle);
    tells(&office_with("code = \"DPS\"", "code = \"dps\""), line("code ="), "upper-case");
    for part in ["{office}", "{procedure}", "{year}", "{number}"] {
        tells(&office_with(part, "x"), line("number_format"), part);
    }
    tells(&office_with("{number}", "{number}{month}"), line("number_format"), "nothing fills");
    tells(&office_with("denpasarkota.go.id", "Denpasar"), line("domain ="), "no domain");
    tells(&office_with("\"vpn\"", "\"v.pn\""), line("\"vpn\""), "`v.pn`");
    tells(&office_with("units = 42", "units = 0"), line("units = 42"), "no unit");
    tells(&office_with("units = 42", "units = 101"), line("units = 42"), "none is so high");
    for (from, to) in [("{office}/", "{office}"), ("}/{year}", "}X9{year}"), ("{year}/{number}", "{number}{year}")] {
        tells(&office_with(from, to), line("number_format"), "nothing separates");
    }
    tells(&office_with("{office}/", "{office}/\\u0007"), line("number_format"), "control character");
    tells(&office_with("city = \"Denpasar\"", "city = \" \""), line("city ="), "city is blank");
    tells(&office_with("name = \"Dinas K", "name = \"\" # \"Dinas K"), line("name = \"Dinas"), "name is blank");
    tells(&office_with("name = \"Auditor\"", "name = \"\""), line("auditor ="), "role `auditor` is blank");
    tells(&office_with("name = \"A2\"", "name = \"A1\""), line("name = \"A2\""), "stands twice");
    tells(&office_with("auditor =", "Auditor ="), line("auditor ="), "no key for a role");
    tells(&office_with("until = \"12:00:00\"", "until = \"07:30:00\""), line("until = \"12:00:00\""), "closes");
    tells(&office_with("days = [\"Mon\", \"Tue\", \"Wed\", \"Thu\"]", "days = []"), line("days = [\"Mon\""), "no day");
    tells(&office_with("until = \"12:00:00\"", "until = \"14:00:00\""), line("from = \"13:00:00\"") - 2, "overlap");
    tells(&office_with("Asia/Makassar", "Asia/Denpasar"), line("time_zone"), "");
    tells(&office_with("\"2026-02-17\"", "\"2026-02-31\""), line("2026-02-17"), "");
    tells(&office_with("units = 42", "unit = 42"), line("units = 42"), "unknown field");
}

#[test]
fn all_faults_of_a_folder_are_reported_at_once() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder is made");
        fs::write(path, text).expect("the file is written");
    };
    write("a/office.toml", OFFICE);
    write("a/permohonan-cloud-service.toml", CLOUD);
    write("a/other.toml", CLOUD);
    write("a/broken.toml", "key = \n");
    write("a/notes.md", "not a procedure");
    write("b/office.toml", OFFICE);
    write("c/permohonan-cloud-service.toml", CLOUD);
    write(".hidden/office.toml", "not read");
    let faults = read_folder(folder.path()).expect_err("it is broken");
    let found: Vec<(&str, usize)> = faults.iter().map(|fault| (fault.file.as_str(), fault.line)).collect();
    let code = at(OFFICE, "code =");
    assert_eq!(
        found,
        [
            ("procedures/a/broken.toml", 1),
            ("procedures/a/other.toml", at(CLOUD, "key =")),
            ("procedures/a/permohonan-cloud-service.toml", at(CLOUD, "code =")),
            ("procedures/a/permohonan-cloud-service.toml", at(CLOUD, "key =")),
            ("procedures/b/office.toml", code),
            ("procedures/c/office.toml", 1),
        ],
        "{faults:#?}"
    );
}

#[test]
fn a_missing_or_empty_folder_is_reported() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let message = |path: &Path| read_folder(path).expect_err("nothing there").remove(0).message;
    assert!(message(folder.path()).contains("no office"));
    assert!(message(&folder.path().join("none")).contains("cannot be read"));
}

/// A folder with the shipped office as `a`, and a way to write into it.
fn folder_with_office() -> (tempfile::TempDir, impl Fn(&str, &[u8])) {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let root = folder.path().to_owned();
    let write = move |path: &str, bytes: &[u8]| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder is made");
        fs::write(path, bytes).expect("the file is written");
    };
    write("a/office.toml", OFFICE.as_bytes());
    (folder, write)
}

/// File, line and message of a folder's faults.
fn folder_faults(folder: &Path) -> Vec<String> {
    let (_, faults) = scan_folder(folder);
    assert!(faults.iter().all(|fault| !fault.mend.is_empty()));
    faults.into_iter().map(|fault| format!("{}:{}: {}", fault.file, fault.line, fault.message)).collect()
}

#[test]
fn misnamed_and_misplaced_procedure_files_are_reported() {
    use std::os::unix::ffi::OsStrExt;
    let (folder, write) = folder_with_office();
    write("a/x.TOML", b"");
    write("loose.toml", b"");
    write("a/deep/er/y.toml", b"");
    write("a/folder.toml/z", b"");
    write("a/large.toml", &vec![b'#'; 1024 * 1024 + 1]);
    write("a/latin.toml", b"key = \"a\"\ntitle = \"caf\xe9\"\n");
    std::os::unix::fs::symlink("nowhere", folder.path().join("a/gone.toml")).expect("a link");
    let odd = std::ffi::OsStr::from_bytes(b"\xff.toml");
    fs::write(folder.path().join("a").join(odd), "").expect("written");
    let pipe = folder.path().join("a/pipe.toml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    // Editors' leftovers are ignored.
    for name in ["a/.#lock.toml", "a/#saved.toml#", "a/#saved.toml", "a/old.toml~", "a/.hidden.toml", "a/README"] {
        write(name, b"nonsense");
    }
    let expected = [
        "procedures/a/folder.toml:1: this is no file of text",
        "procedures/a/gone.toml:1: the link leads nowhere",
        "procedures/a/pipe.toml:1: this is no file of text",
        "procedures/a/x.TOML:1: the name does not end with `.toml`, so the file is not read",
        "procedures/a/\u{fffd}.toml:1: the name is not UTF-8, so this is not read",
        "procedures/a/deep/er/y.toml:1: the file stands too deep, so it is not read",
        "procedures/a/large.toml:1: the file is larger than 1 MiB",
        "procedures/a/latin.toml:2: the line holds what is not UTF-8",
        "procedures/loose.toml:1: the file stands in no office's folder, so it is not read",
    ];
    assert_eq!(folder_faults(folder.path()), expected);
}

#[test]
fn an_unreadable_file_is_noted_and_hides_nothing_else() {
    let (folder, write) = folder_with_office();
    write("a/broken.toml", b"key = \n");
    write("a/permohonan-cloud-service.toml", CLOUD.as_bytes());
    let (shelf, faults) = scan_folder(folder.path());
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!((shelf.offices.len(), shelf.procedures.len()), (1, 1));
    assert!(shelf.lacks_procedure("a", "broken") && !shelf.lacks_office("a"));
    assert!(read_folder(folder.path()).is_err());
}

#[test]
fn two_offices_cannot_share_request_numbers() {
    let (folder, write) = folder_with_office();
    let swapped =
        OFFICE.replace("code = \"DPS\"", "code = \"CLOUD\"").replace("{office}/{procedure}", "{procedure}/{office}");
    write("b/office.toml", swapped.as_bytes());
    write("a/permohonan-cloud-service.toml", CLOUD.as_bytes());
    write("b/permohonan-cloud-service.toml", CLOUD.replace("code = \"CLOUD\"", "code = \"DPS\"").as_bytes());
    let line = at(OFFICE, "number_format");
    let expected = "a request of `permohonan-cloud-service` could get the number of one of the office `a`";
    assert_eq!(folder_faults(folder.path()), [format!("procedures/b/office.toml:{line}: {expected}")]);
}
