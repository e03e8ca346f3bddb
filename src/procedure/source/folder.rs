//! Loading of a folder: every office and every procedure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::files::{Entry, entries, read_text, report_nested};
use super::text::{line_at, parse};
use super::{Located, read_office, read_procedure};
use crate::language::Translations;
use crate::procedure::{Fault, Office, Severity, check};

/// The name of an office's own file, without its extension; every other `.toml` file of its folder but [`ENGLISH`] is a
/// procedure.
const OFFICE: &str = "office";

/// The name of the file with an office's English labels.
const ENGLISH: &str = "english";

/// How a person would name the folder.
const FOLDER: &str = "procedures";

/// The offices and procedures of a folder.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shelf {
    /// The offices, by key.
    pub offices: Vec<Office>,
    /// Their procedures, by office and key.
    pub procedures: Vec<Located>,
    /// Offices and file names (without `.toml`) of unreadable or misnamed files: references to these are not checked.
    pub unread: BTreeSet<(String, String)>,
}

impl Shelf {
    /// The office of a key.
    pub fn office(&self, key: &str) -> Option<&Office> {
        self.offices.iter().find(|office| office.key == key)
    }

    /// True if the office's file exists and could not be read.
    pub fn lacks_office(&self, key: &str) -> bool {
        self.lacks_procedure(key, OFFICE)
    }

    /// True if the procedure's file exists and could not be read, or not by its name.
    pub fn lacks_procedure(&self, office: &str, key: &str) -> bool {
        self.unread.contains(&(office.to_owned(), key.to_owned()))
    }

    /// Checks each procedure by itself ([`check`](check())).
    pub fn check(&self) -> Vec<Fault> {
        let faults = |located: &Located| self.office(&located.procedure.office).map(|office| check(located, office));
        self.procedures.iter().filter_map(faults).flatten().collect()
    }
}

/// Reads every office of a folder and its procedures; fails if one is unreadable.
pub fn read_folder(path: &Path) -> Result<Shelf, Vec<Fault>> {
    let (shelf, faults) = scan_folder(path);
    if faults.iter().any(|fault| fault.severity == Severity::Error) { Err(faults) } else { Ok(shelf) }
}

/// Reads a folder (`<office>/office.toml` and the other `<office>/*.toml`), and reports the unreadable files.
pub fn scan_folder(path: &Path) -> (Shelf, Vec<Fault>) {
    let mut scan = Scan::default();
    for entry in entries(path, FOLDER, "toml", &mut scan.faults) {
        if entry.is_folder {
            scan.office_folder(&entry);
        } else {
            let message = "the file stands in no office's folder, so it is not read";
            let mend = format!("move it to `{FOLDER}/<office>/`, or remove it");
            scan.faults.push(Fault::error(&format!("{FOLDER}/{}", entry.name), 1, message, mend));
        }
    }
    scan.refuse_ambiguous_numbers();
    scan.translate();
    if scan.faults.is_empty() && scan.shelf.offices.is_empty() {
        let mend = "write an `<office>/office.toml`, or say where the procedures are";
        scan.faults.push(Fault::error(FOLDER, 1, "there is no office", mend));
    }
    (scan.shelf, scan.faults)
}

/// A scan of a folder, with its findings.
#[derive(Default)]
struct Scan {
    shelf: Shelf,
    faults: Vec<Fault>,
    /// The file of each office's code.
    office_codes: BTreeMap<String, String>,
    /// The text of each office's file, by key.
    office_texts: BTreeMap<String, String>,
    /// Each office's file of English labels, and its content.
    english: BTreeMap<String, (String, Translations)>,
}

impl Scan {
    fn office_folder(&mut self, folder: &Entry) {
        let key = &folder.name;
        let shown = format!("{FOLDER}/{key}");
        let found = entries(&folder.path, &shown, "toml", &mut self.faults);
        let (folders, files): (Vec<Entry>, Vec<Entry>) = found.into_iter().partition(|entry| entry.is_folder);
        for deeper in folders {
            let its = format!("{shown}/{}", deeper.name);
            report_nested(&deeper.path, &its, "toml", &format!("{shown}/"), &mut self.faults);
        }
        if !files.iter().any(|file| file.name == format!("{OFFICE}.toml")) {
            self.shelf.unread.insert((key.clone(), OFFICE.to_owned()));
            let file = format!("{shown}/{OFFICE}.toml");
            let mend = "describe the office, or remove the folder";
            self.faults.push(Fault::error(&file, 1, "the file is missing", mend));
        }
        let mut codes: BTreeMap<String, String> = BTreeMap::new();
        for entry in files {
            let file = format!("{shown}/{}", entry.name);
            let name = entry.name.trim_end_matches(".toml");
            let read = read_text(&entry.path, &file).map_err(|fault| vec![fault]).and_then(|text| match name {
                OFFICE => self.office(&file, key, text),
                ENGLISH => self.english(&file, key, &text),
                _ => self.procedure(&file, key, &text, &mut codes),
            });
            if let Err(faults) = read {
                self.shelf.unread.insert((key.clone(), name.to_owned()));
                self.faults.extend(faults);
            }
        }
    }

    fn office(&mut self, file: &str, key: &str, text: String) -> Result<(), Vec<Fault>> {
        let office = read_office(file, key, &text)?;
        if let Some(other) = self.office_codes.insert(office.code.clone(), file.to_owned()) {
            self.faults.push(duplicate_code(file, &text, &office.code, &other));
        }
        self.office_texts.insert(key.to_owned(), text);
        self.shelf.offices.push(office);
        Ok(())
    }

    fn english(&mut self, file: &str, key: &str, text: &str) -> Result<(), Vec<Fault>> {
        self.english.insert(key.to_owned(), (file.to_owned(), parse(file, text)?));
        Ok(())
    }

    /// Gives each office its English labels, and reports the missing ones.
    fn translate(&mut self) {
        for office in &mut self.shelf.offices {
            let Some((file, english)) = self.english.remove(&office.key) else { continue };
            office.english = english;
            let procedures = self.shelf.procedures.iter().map(|located| &located.procedure);
            let its = procedures.filter(|procedure| procedure.office == office.key);
            let labels: BTreeSet<&str> = its.flat_map(|procedure| procedure.labels()).chain(office.labels()).collect();
            let missing = |label: &&str| !office.english.has(label);
            let fault = |label: &str| {
                let mend = "add a line with it and its English, which may be the same";
                Fault::warning(&file, 1, format!("`{label}` has no English"), mend)
            };
            self.faults.extend(labels.into_iter().filter(missing).map(fault));
        }
    }

    fn procedure(
        &mut self,
        file: &str,
        office: &str,
        text: &str,
        codes: &mut BTreeMap<String, String>,
    ) -> Result<(), Vec<Fault>> {
        let located = read_procedure(file, office, text)?;
        let procedure = &located.procedure;
        if !file.ends_with(&format!("/{}.toml", procedure.key)) {
            let message = format!("the file says its key is `{}`", procedure.key);
            let mend = format!("name the file `{}.toml`, or correct the key", procedure.key);
            self.faults.push(Fault::error(file, located.line(&["key"]), message, mend));
            // The intended key is unknown: policy lines for either may be right.
            self.shelf.unread.insert((office.to_owned(), procedure.key.clone()));
            let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".toml");
            self.shelf.unread.insert((office.to_owned(), stem.to_owned()));
        }
        if let Some(other) = codes.insert(procedure.code.clone(), file.to_owned()) {
            self.faults.push(duplicate_code(file, text, &procedure.code, &other));
        }
        let same =
            |other: &&Located| other.procedure.office == procedure.office && other.procedure.key == procedure.key;
        if let Some(other) = self.shelf.procedures.iter().find(same) {
            let message = format!("`{}` is in {} already", procedure.key, other.file);
            let mend = "keep one of the two, or give this one a key of its own";
            self.faults.push(Fault::error(file, located.line(&["key"]), message, mend));
        }
        self.shelf.procedures.push(located);
        Ok(())
    }

    /// Refuses two offices with possibly equal request numbers: numbers are looked up without their office.
    fn refuse_ambiguous_numbers(&mut self) {
        let mut known: BTreeMap<String, &str> = BTreeMap::new();
        for office in &self.shelf.offices {
            let of_office = self.shelf.procedures.iter().filter(|located| located.procedure.office == office.key);
            let clash = of_office
                .filter_map(|located| {
                    // Year and number may be any digits.
                    let shape = office.number_format.replace("{year}", "#").replace("{number}", "#");
                    let shape = shape.replace("{office}", &office.code).replace("{procedure}", &located.procedure.code);
                    let other = known.insert(shape, &office.key).filter(|other| *other != office.key)?;
                    Some((other, &located.procedure.key))
                })
                .next();
            if let Some((other, procedure)) = clash {
                let file = format!("{FOLDER}/{}/{OFFICE}.toml", office.key);
                let text = self.office_texts.get(&office.key).map(String::as_str).unwrap_or_default();
                let message = format!("a request of `{procedure}` could get the number of one of the office `{other}`");
                let mend = format!("write number_format as that of `{other}`, or give the procedure another code");
                self.faults.push(Fault::error(&file, line_at(text, &["number_format"]), message, mend));
            }
        }
    }
}

/// The fault of a code in two files.
fn duplicate_code(file: &str, text: &str, code: &str, other: &str) -> Fault {
    let message = format!("the code `{code}` is in {other} too: request numbers would be given twice");
    Fault::error(file, line_at(text, &["code"]), message, "give this one a code of its own")
}
