//! From files to the model. Whatever is wrong is said with its file, its line and its mend, all of it at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::de::{DeArray, DeTable, DeValue};

use super::{Fault, Office, Procedure, check};

/// The name of the file that describes an office; every other `.toml` file of its folder is a procedure.
const OFFICE_FILE: &str = "office.toml";

/// A procedure, and the text it was read from: what is wrong with it can be shown where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// The file, as a person would name it.
    pub file: String,
    /// What the file holds.
    pub text: String,
    /// What it says.
    pub procedure: Procedure,
}

impl Located {
    /// The line, from 1, of what a path of TOML keys leads to; the longest prefix of the path that exists wins.
    ///
    /// In an array a component is the item's `key`, the item itself where it is a string, or its index; `#2` is an index
    /// whatever the keys are.
    pub fn line(&self, path: &[&str]) -> usize {
        line_at(&self.text, path)
    }
}

/// Everything that a folder of procedures holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shelf {
    /// The offices, by key.
    pub offices: Vec<Office>,
    /// Their procedures, by office and key.
    pub procedures: Vec<Located>,
}

impl Shelf {
    /// The office of that key.
    pub fn office(&self, key: &str) -> Option<&Office> {
        self.offices.iter().find(|office| office.key == key)
    }

    /// What is wrong with the procedures by themselves: [`check`] for each.
    pub fn check(&self) -> Vec<Fault> {
        let of = |located: &Located| self.office(&located.procedure.office).map(|office| check(located, office));
        self.procedures.iter().filter_map(of).flatten().collect()
    }
}

/// Reads one procedure of an office.
pub fn read_procedure(file: &str, office: &str, text: &str) -> Result<Located, Vec<Fault>> {
    let mut procedure: Procedure = parse(file, text)?;
    procedure.office = office.to_owned();
    let mut faults = Vec::new();
    let mut fault = |key: &str, message: String, mend: &str| {
        faults.push(Fault::error(file, line_at(text, &[key]), message, mend));
    };
    if !is_key(&procedure.key) {
        fault("key", format!("`{}` is no key", procedure.key), KEY_MEND);
    }
    if !is_code(&procedure.code) {
        fault("code", format!("the code `{}` is not upper-case", procedure.code), CODE_MEND);
    }
    if procedure.version == 0 || i32::try_from(procedure.version).is_err() {
        fault("version", format!("{} is no version", procedure.version), "Count versions from 1.");
    }
    if faults.is_empty() {
        Ok(Located { file: file.to_owned(), text: text.to_owned(), procedure })
    } else {
        Err(faults)
    }
}

/// Reads an office.
pub fn read_office(file: &str, key: &str, text: &str) -> Result<Office, Vec<Fault>> {
    let mut office: Office = parse(file, text)?;
    office.key = key.to_owned();
    let mut faults = Vec::new();
    let mut fault = |path: &[&str], message: String, mend: &str| {
        faults.push(Fault::error(file, line_at(text, path), message, mend));
    };
    if !is_key(key) {
        fault(
            &[],
            format!("`{key}` is no key for an office"),
            "Rename the folder: lower-case letters, digits, hyphens.",
        );
    }
    if !is_code(&office.code) {
        fault(&["code"], format!("the code `{}` is not upper-case", office.code), CODE_MEND);
    }
    let mut rest = office.number_format.clone();
    for part in ["{office}", "{procedure}", "{year}", "{number}"] {
        if !rest.contains(part) {
            let message = format!("number_format lacks {part}: two requests could get one number");
            fault(&["number_format"], message, "Write it like `{office}/{procedure}/{year}/{number}`.");
        }
        rest = rest.replace(part, "");
    }
    if rest.contains(['{', '}']) {
        let message = "number_format holds a part that nothing fills".to_owned();
        fault(&["number_format"], message, "Use only {office}, {procedure}, {year} and {number} in braces.");
    }
    if !office.domain.contains('.') || !office.domain.split('.').all(is_label) {
        let message = format!("`{}` is no domain", office.domain);
        fault(&["domain"], message, "Write the city's domain in lower case, like `singkawangkota.go.id`.");
    }
    for label in office.reserved_labels.iter().filter(|label| !is_label(label)) {
        let message = format!("`{label}` is no label, so nobody could ask for it");
        fault(&["reserved_labels", label], message, "Write one lower-case label, without dots, or remove it.");
    }
    let mut names = BTreeSet::new();
    for (index, rack) in office.racks.iter().enumerate() {
        let at = format!("#{index}");
        if rack.units == 0 {
            let message = format!("the rack `{}` has no unit", rack.name);
            fault(&["racks", &at, "units"], message, "Give its height in rack units, at least 1.");
        }
        if rack.name.trim().is_empty() || !names.insert(rack.name.as_str()) {
            let message = format!("the rack name `{}` is empty or stands twice", rack.name);
            fault(&["racks", &at, "name"], message, "Give every rack a name of its own.");
        }
    }
    for role in office.roles.keys().filter(|role| !is_key(role)) {
        fault(&["roles", role], format!("`{role}` is no key for a role"), KEY_MEND);
    }
    if office.hours.is_empty() {
        let message = "the office never works: no step would ever be due".to_owned();
        fault(&["hours"], message, "Give at least one stretch of working hours.");
    }
    for (index, hours) in office.hours.iter().enumerate() {
        let at = format!("#{index}");
        if hours.days.is_empty() {
            fault(&["hours", &at, "days"], "these hours are on no day".to_owned(), "Name days, like `Mon`.");
        }
        if hours.from >= hours.until {
            let message = format!("the office opens at {} and closes at {}", hours.from, hours.until);
            fault(&["hours", &at, "until"], message, "Let `until` be after `from`; split hours that pass midnight.");
        }
        let overlaps = office.hours.iter().take(index).any(|other| {
            let same_day = other.days.iter().any(|day| hours.days.contains(day));
            same_day && other.from < hours.until && hours.from < other.until
        });
        if overlaps {
            let message = "these hours overlap others of the same day".to_owned();
            fault(&["hours", &at], message, "Join them, or let one begin where the other ends.");
        }
    }
    if faults.is_empty() { Ok(office) } else { Err(faults) }
}

/// Reads every office of a folder and its procedures: `<office>/office.toml` and the other `<office>/*.toml`.
pub fn read_folder(path: &Path) -> Result<Shelf, Vec<Fault>> {
    let mut shelf = Shelf::default();
    let mut faults = Vec::new();
    let shown = "procedures";
    let offices = entries(path, shown, &mut faults);
    let mut office_codes: BTreeMap<String, String> = BTreeMap::new();
    for (key, folder) in offices.iter().filter(|(_, folder)| folder.is_dir()) {
        let shown = format!("{shown}/{key}");
        let files = entries(folder, &shown, &mut faults);
        if !files.iter().any(|(name, _)| name == OFFICE_FILE) {
            let file = format!("{shown}/{OFFICE_FILE}");
            faults.push(Fault::error(&file, 1, "the file is missing", "Describe the office, or remove the folder."));
        }
        let mut codes: BTreeMap<String, String> = BTreeMap::new();
        for (name, path) in files.iter().filter(|(name, _)| name.ends_with(".toml")) {
            let file = format!("{shown}/{name}");
            let Some(text) = text_of(path, &file, &mut faults) else { continue };
            if name == OFFICE_FILE {
                match read_office(&file, key, &text) {
                    Ok(office) => {
                        if let Some(other) = office_codes.insert(office.code.clone(), file.clone()) {
                            faults.push(twice(&file, &text, &office.code, &other));
                        }
                        shelf.offices.push(office);
                    }
                    Err(found) => faults.extend(found),
                }
                continue;
            }
            match read_procedure(&file, key, &text) {
                Ok(located) => {
                    let procedure = &located.procedure;
                    if name.strip_suffix(".toml") != Some(procedure.key.as_str()) {
                        let message = format!("the file says its key is `{}`", procedure.key);
                        let mend = format!("Name the file `{0}.toml`, or correct the key.", procedure.key);
                        faults.push(Fault::error(&file, located.line(&["key"]), message, mend));
                    }
                    if let Some(other) = codes.insert(procedure.code.clone(), file.clone()) {
                        faults.push(twice(&file, &text, &procedure.code, &other));
                    }
                    let same = |other: &&Located| {
                        other.procedure.office == procedure.office && other.procedure.key == procedure.key
                    };
                    if let Some(other) = shelf.procedures.iter().find(same) {
                        let message = format!("`{}` is in {} already", procedure.key, other.file);
                        let mend = "Keep one of the two, or give this one a key of its own.";
                        faults.push(Fault::error(&file, located.line(&["key"]), message, mend));
                    }
                    shelf.procedures.push(located);
                }
                Err(found) => faults.extend(found),
            }
        }
    }
    if faults.is_empty() && shelf.offices.is_empty() {
        faults.push(Fault::error(shown, 1, "the folder holds no office", "Make a folder with an office.toml in it."));
    }
    if faults.is_empty() { Ok(shelf) } else { Err(faults) }
}

/// The fault of a code that another file has too: request numbers would be given twice.
fn twice(file: &str, text: &str, code: &str, other: &str) -> Fault {
    let message = format!("the code `{code}` is in {other} too: request numbers would be given twice");
    Fault::error(file, line_at(text, &["code"]), message, "Give this one a code of its own.")
}

/// What a folder holds, in a stable order; hidden files are nobody's procedures.
fn entries(path: &Path, shown: &str, faults: &mut Vec<Fault>) -> Vec<(String, std::path::PathBuf)> {
    let read = fs::read_dir(path).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| (entry.file_name(), entry.path()))).collect::<Result<Vec<_>, _>>()
    });
    let mut entries: Vec<_> = match read {
        Ok(entries) => entries.into_iter().filter_map(|(name, path)| Some((name.into_string().ok()?, path))).collect(),
        Err(error) => {
            let message = format!("the folder cannot be read: {error}");
            faults.push(Fault::error(shown, 1, message, "Check that it exists and may be read by the server."));
            Vec::new()
        }
    };
    entries.retain(|(name, _)| !name.starts_with('.'));
    entries.sort();
    entries
}

/// The text of a file.
fn text_of(path: &Path, file: &str, faults: &mut Vec<Fault>) -> Option<String> {
    fs::read_to_string(path)
        .map_err(|error| {
            let message = format!("the file cannot be read: {error}");
            faults.push(Fault::error(file, 1, message, "Check that it may be read by the server and is UTF-8 text."));
        })
        .ok()
}

/// Parses TOML into a type. Every syntax error is told; of wrong types and names only the first is known.
fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Vec<Fault>> {
    let fault = |error: &toml::de::Error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        // What the parser shows of the text spans lines; a fault is one.
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        let mend = mend(&message);
        Fault::error(file, line, message, mend)
    };
    let (_, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mut faults: Vec<Fault> = errors.iter().map(fault).collect();
        // After a syntax error the rest of its line means nothing.
        faults.dedup_by_key(|fault| fault.line);
        return Err(faults);
    }
    toml::from_str(text).map_err(|error| vec![fault(&error)])
}

/// How to mend what the parser complains of.
fn mend(message: &str) -> &'static str {
    if message.starts_with("unknown field") {
        "Correct the name, or remove the line."
    } else if message.starts_with("missing field") {
        "Add it."
    } else if message.starts_with("unknown variant") {
        "Write one of the words listed."
    } else if message.starts_with("duplicate key") {
        "Remove or rename one of the two."
    } else if message.starts_with("invalid type") {
        "Write a value of the type expected; texts, dates and times stand in quotes."
    } else {
        "Correct the line."
    }
}

/// The line of what a path of keys leads to.
fn line_at(text: &str, path: &[&str]) -> usize {
    let Ok(root) = DeTable::parse(text) else { return 1 };
    let root = DeValue::Table(root.into_inner());
    let (mut here, mut offset) = (&root, 0);
    for component in path {
        let next = match here {
            DeValue::Table(table) => {
                let mut items = table.iter();
                items
                    .find(|(key, _)| key.get_ref() == component)
                    .map(|(key, value)| (value.get_ref(), key.span().start))
            }
            DeValue::Array(array) => item(array, component),
            _ => None,
        };
        let Some(found) = next else { break };
        (here, offset) = found;
    }
    line_of(text, offset)
}

/// The item of an array that a component names, and where it begins.
fn item<'a, 'i>(array: &'a DeArray<'i>, component: &str) -> Option<(&'a DeValue<'i>, usize)> {
    let by_name = || {
        array.iter().find(|item| match item.get_ref() {
            DeValue::String(text) => text == component,
            DeValue::Table(table) => {
                let key = table.iter().find(|(key, _)| key.get_ref() == "key").map(|(_, value)| value.get_ref());
                matches!(key, Some(DeValue::String(text)) if text == component)
            }
            _ => false,
        })
    };
    let by_index = |index: &str| index.parse::<usize>().ok().and_then(|index| array.get(index));
    let found = match component.strip_prefix('#') {
        Some(index) => by_index(index),
        None => by_name().or_else(|| by_index(component)),
    };
    found.map(|item| (item.get_ref(), item.span().start))
}

/// The line, from 1, of an offset.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// How to mend a key.
pub(super) const KEY_MEND: &str = "Write lower-case letters, digits and hyphens, beginning with a letter or digit.";

/// How to mend a code.
const CODE_MEND: &str = "Write upper-case letters and digits, beginning with a letter, like `CLOUD`.";

/// Whether a text can stand for something in acts, policies and addresses.
pub(super) fn is_key(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a text can stand in a request's number.
fn is_code(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// Whether a text is one label of a host name.
fn is_label(text: &str) -> bool {
    is_key(text) && text.len() <= 63 && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICE: &str = include_str!("../../procedures/denpasar/office.toml");
    const CLOUD: &str = include_str!("../../procedures/singkawang/permohonan-cloud-service.toml");

    /// The lines and messages of what is wrong with an office in which one text is put for another.
    fn office_with(from: &str, to: &str) -> Vec<(usize, String)> {
        assert!(OFFICE.contains(from), "`{from}` stands in the office");
        let faults = read_office("office.toml", "denpasar", &OFFICE.replacen(from, to, 1)).expect_err("it is broken");
        assert!(faults.iter().all(|fault| fault.file == "office.toml" && !fault.mend.is_empty()));
        faults.into_iter().map(|fault| (fault.line, fault.message)).collect()
    }

    /// The line of the shipped office on which a text first stands.
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
        assert_eq!(
            line(&["legal_basis", "2"]).trim(),
            "\"Undang-undang Nomor 25 tahun 2009 tentang Pelayanan Publik;\","
        );
        assert_eq!(
            line(&["steps", "5", "requires", "data-admin"]),
            "requires = [\"surat-permohonan\", \"data-admin\"]"
        );
        assert_eq!(located.line(&["no-such-thing"]), 1);
        assert_eq!(located.line(&[]), 1);
    }

    #[test]
    fn what_the_parser_finds_carries_its_line() {
        for (from, to, needle, says, mend) in [
            ("version = 1", "version = 1\nverzion = 2", "verzion", "unknown field `verzion`", "Correct the name"),
            ("version = 1", "version = \"x\"", "version", "invalid type", "type expected"),
            ("came_by = \"5:no\"", "came_by = \"5-no\"", "5-no", "written like `5:no`", "Correct the line"),
            ("origin = \"asset\"", "origin = \"thing\"", "\"thing\"", "unknown variant", "words listed"),
            ("2023-09-01", "2023-13-01", "2023-13-01", "", "Correct the line"),
            ("code = \"CLOUD\"", "code = CLOUD", "code = CLOUD", "", "Correct the line"),
            ("label = \"Ajukan\"", "label = \"Ajukan\"\nwish = 1", "wish", "unknown field `wish`", "Correct the name"),
            (
                "label = \"Ajukan\"",
                "label = \"Ajukan\"\nlabel = \"x\"",
                "label = \"x\"",
                "duplicate key",
                "Remove or rename",
            ),
        ] {
            let text = CLOUD.replacen(from, to, 1);
            let faults = read_procedure("procedures/a/b.toml", "a", &text).expect_err(says);
            let found = faults.iter().any(|fault| {
                fault.line == at(&text, needle) && fault.message.contains(says) && fault.mend.contains(mend)
            });
            assert!(found, "{needle}: {faults:#?}");
        }
        let faults = read_procedure("a.toml", "a", &CLOUD.replacen("title = ", "#", 1)).expect_err("no title");
        assert!(faults.iter().any(|fault| fault.message.contains("missing field `title`") && fault.mend == "Add it."));
    }

    #[test]
    fn what_is_missing_is_told_where_it_belongs() {
        let text = CLOUD.replacen("activity = \"TU menerima", "# \"TU menerima", 1);
        let faults = read_procedure("a.toml", "a", &text).expect_err("no activity");
        let told: Vec<_> = faults.iter().map(|fault| (fault.line, fault.message.as_str())).collect();
        assert_eq!(told, [(at(&text, "key = \"2\"") - 1, "missing field `activity`")]);
    }

    #[test]
    fn every_syntax_error_is_told() {
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
        tells(&office_with("name = \"A2\"", "name = \"A1\""), line("name = \"A2\""), "stands twice");
        tells(&office_with("auditor =", "Auditor ="), line("auditor ="), "no key for a role");
        tells(&office_with("until = \"12:00:00\"", "until = \"07:30:00\""), line("until = \"12:00:00\""), "closes");
        tells(
            &office_with("days = [\"Mon\", \"Tue\", \"Wed\", \"Thu\"]", "days = []"),
            line("days = [\"Mon\""),
            "no day",
        );
        tells(&office_with("until = \"12:00:00\"", "until = \"14:00:00\""), line("from = \"13:00:00\"") - 2, "overlap");
        tells(&office_with("Asia/Makassar", "Asia/Denpasar"), line("time_zone"), "");
        tells(&office_with("\"2026-02-17\"", "\"2026-02-31\""), line("2026-02-17"), "");
        tells(&office_with("units = 42", "unit = 42"), line("units = 42"), "unknown field");
    }

    #[test]
    fn a_folder_tells_all_its_faults_at_once() {
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
        let told: Vec<(&str, usize)> = faults.iter().map(|fault| (fault.file.as_str(), fault.line)).collect();
        let code = at(OFFICE, "code =");
        assert_eq!(
            told,
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
    fn a_folder_that_is_not_there_or_empty_is_told() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let message = |path: &Path| read_folder(path).expect_err("nothing there").remove(0).message;
        assert!(message(folder.path()).contains("no office"));
        assert!(message(&folder.path().join("none")).contains("cannot be read"));
    }
}
