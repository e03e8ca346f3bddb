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
