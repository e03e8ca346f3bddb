//! Parsing and validation of `office.toml`.

use std::collections::BTreeSet;

use super::text::{line_at, parse};
use super::{CODE_MEND, KEY_MEND, is_code, is_key, stands_in_codes};
use crate::procedure::{Fault, Office};

/// The highest plausible rack: real ones have 42 to 60 units.
const HIGHEST_RACK: u32 = 100;

/// The parts of a request's number.
const PARTS: [&str; 4] = ["{office}", "{procedure}", "{year}", "{number}"];

/// Reads an office.
pub fn read_office(file: &str, key: &str, text: &str) -> Result<Office, Vec<Fault>> {
    let mut office: Office = parse(file, text)?;
    office.key = key.to_owned();
    let mut check = OfficeCheck { file, text, office: &office, faults: Vec::new() };
    check.names();
    check.number_format();
    check.domain();
    check.racks();
    check.roles();
    check.hours();
    let faults = check.faults;
    if faults.is_empty() { Ok(office) } else { Err(faults) }
}

/// An office being read, with its faults.
struct OfficeCheck<'a> {
    file: &'a str,
    text: &'a str,
    office: &'a Office,
    faults: Vec<Fault>,
}

impl OfficeCheck<'_> {
    fn fault(&mut self, path: &[&str], message: impl Into<String>, mend: impl Into<String>) {
        self.faults.push(Fault::error(self.file, line_at(self.text, path), message, mend));
    }

    fn names(&mut self) {
        let office = self.office;
        if !is_key(&office.key) {
            let message = format!("`{}` is no key for an office", office.key);
            self.fault(&[], message, "rename the folder: lower-case letters, digits, hyphens");
        }
        for (field, value) in [("name", &office.name), ("city", &office.city)] {
            if value.trim().is_empty() {
                self.fault(&[field], format!("the {field} is blank"), "write it as people read it");
            }
        }
        if !is_code(&office.code) {
            self.fault(&["code"], format!("the code `{}` is not upper-case", office.code), CODE_MEND);
        }
    }

    fn number_format(&mut self) {
        let path = ["number_format"];
        let mend = "write it like `{office}/{procedure}/{year}/{number}`";
        let format = &self.office.number_format;
        for part in PARTS.into_iter().filter(|part| !format.contains(part)) {
            self.fault(&path, format!("number_format lacks {part}: two requests could get one number"), mend);
        }
        // The texts between the parts; the one before the first and the one after the last separate nothing.
        let between = PARTS.iter().fold(format.clone(), |rest, part| rest.replace(part, "\n"));
        if format.chars().any(char::is_control) {
            self.fault(&path, "number_format holds a control character", mend);
        } else if between.contains(['{', '}']) {
            let mend = "use only {office}, {procedure}, {year} and {number} in braces";
            self.fault(&path, "number_format holds a part that nothing fills", mend);
        } else if is_ambiguous(&between) {
            let message = "number_format joins two parts that nothing separates: two requests could get one number";
            self.fault(&path, message, "put a character between them that is no letter and no digit, like `/`");
        }
    }

    fn domain(&mut self) {
        let office = self.office;
        if !office.domain.contains('.') || !office.domain.split('.').all(is_label) {
            let message = format!("`{}` is no domain", office.domain);
            self.fault(&["domain"], message, "write the city's domain in lower case, like `singkawangkota.go.id`");
        }
        for label in office.reserved_labels.iter().filter(|label| !is_label(label)) {
            let message = format!("`{label}` is no label, so nobody could ask for it");
            self.fault(&["reserved_labels", label], message, "write one lower-case label, without dots, or remove it");
        }
    }

    fn racks(&mut self) {
        let mut names = BTreeSet::new();
        for (index, rack) in self.office.racks.iter().enumerate() {
            let at = format!("#{index}");
            if rack.units == 0 {
                let message = format!("the rack `{}` has no unit", rack.name);
                self.fault(&["racks", &at, "units"], message, "give its height in rack units, at least 1");
            }
            if rack.units > HIGHEST_RACK {
                let message = format!("the rack `{}` has {} units, and none is so high", rack.name, rack.units);
                self.fault(&["racks", &at, "units"], message, "give its height in rack units: most have 42 to 60");
            }
            if rack.name.trim().is_empty() || !names.insert(rack.name.as_str()) {
                let message = format!("the rack name `{}` is empty or stands twice", rack.name);
                self.fault(&["racks", &at, "name"], message, "give every rack a name of its own");
            }
        }
    }

    fn roles(&mut self) {
        for (key, role) in &self.office.roles {
            if !is_key(key) {
                self.fault(&["roles", key], format!("`{key}` is no key for a role"), KEY_MEND);
            }
            if role.name.trim().is_empty() {
                let message = format!("the name of the role `{key}` is blank");
                self.fault(&["roles", key], message, "write it as the column prints it");
            }
        }
    }

    fn hours(&mut self) {
        let office = self.office;
        if office.hours.is_empty() {
            let message = "the office never works: no step would ever be due";
            self.fault(&["hours"], message, "give at least one stretch of working hours");
        }
        for (index, hours) in office.hours.iter().enumerate() {
            let at = format!("#{index}");
            if hours.days.is_empty() {
                self.fault(&["hours", &at, "days"], "these hours are on no day", "name days, like `Mon`");
            }
            if hours.from >= hours.until {
                let message = format!("the office opens at {} and closes at {}", hours.from, hours.until);
                let mend = "let `until` be after `from`; split hours that pass midnight";
                self.fault(&["hours", &at, "until"], message, mend);
            }
            let overlaps = office.hours.iter().take(index).any(|other| {
                let same_day = other.days.iter().any(|day| hours.days.contains(day));
                same_day && other.from < hours.until && hours.from < other.until
            });
            if overlaps {
                let message = "these hours overlap others of the same day";
                self.fault(&["hours", &at], message, "join them, or let one begin where the other ends");
            }
        }
    }
}

/// True if two adjacent parts, each a line break here, have only code characters between them: then one could be read
/// as the beginning or end of the other.
fn is_ambiguous(between: &str) -> bool {
    let texts: Vec<&str> = between.split('\n').collect();
    let inner = texts.get(1..texts.len().saturating_sub(1)).unwrap_or_default();
    inner.iter().any(|text| text.chars().all(stands_in_codes))
}

/// True if a text is one label of a host name.
fn is_label(text: &str) -> bool {
    is_key(text) && text.len() <= 63 && !text.ends_with('-')
}
