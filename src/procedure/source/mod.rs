//! Reads procedure files into the model. All faults are reported at once, each with file, line and fix.

mod files;
mod folder;
mod office;
mod text;

#[cfg(test)]
mod tests;

pub use files::{Entry, entries, read_text, report_nested};
pub use folder::{Shelf, read_folder, scan_folder};
pub use office::read_office;

use super::{Fault, Procedure};

/// A procedure with its source text, so that faults have lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// The file, as a person would name it.
    pub file: String,
    /// The text.
    pub text: String,
    /// The parsed procedure.
    pub procedure: Procedure,
}

impl Located {
    /// The line, from 1, of a path of TOML keys; the longest existing prefix of the path wins.
    ///
    /// In an array a component is the item's `key`, the item itself if it is a string, or its index; `#2` is always an
    /// index.
    pub fn line(&self, path: &[&str]) -> usize {
        text::line_at(&self.text, path)
    }
}

/// Reads one procedure of an office.
///
/// Refuses only the indispensable: stored versions are read by this too, and an accepted version must stay readable.
/// All else is for `check`.
pub fn read_procedure(file: &str, office: &str, text: &str) -> Result<Located, Vec<Fault>> {
    let mut procedure: Procedure = text::parse(file, text)?;
    procedure.office = office.to_owned();
    let mut faults = Vec::new();
    let mut fault = |key: &str, message: String, mend: &str| {
        faults.push(Fault::error(file, text::line_at(text, &[key]), message, mend));
    };
    if !is_key(&procedure.key) {
        fault("key", format!("`{}` is no key", procedure.key), KEY_MEND);
    }
    if !is_code(&procedure.code) {
        fault("code", format!("the code `{}` is not upper-case", procedure.code), CODE_MEND);
    }
    if procedure.version == 0 || i32::try_from(procedure.version).is_err() {
        fault("version", format!("{} is no version", procedure.version), "count versions from 1");
    }
    if faults.is_empty() {
        Ok(Located { file: file.to_owned(), text: text.to_owned(), procedure })
    } else {
        Err(faults)
    }
}

/// Fix of a key.
pub(super) const KEY_MEND: &str = "write lower-case letters, digits and hyphens, beginning with a letter or digit";

/// Fix of a code.
const CODE_MEND: &str = "write upper-case letters and digits, beginning with a letter, like `CLOUD`";

/// True if a text is fit as a key in acts, policies and addresses.
pub(super) fn is_key(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// True if a text is fit for request numbers.
fn is_code(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase()) && text.chars().all(stands_in_codes)
}

/// True if a character is allowed in a code.
fn stands_in_codes(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit()
}
