//! Input validation: trimmed, bounded, in one normal form (NFC), without control characters.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::access::is_sortable;
use crate::auth::{Passwords, Secret};
use crate::language::Text;
use crate::say;
use crate::service::{ServiceError, ServiceResult, UserError, UserErrorCode};

/// The longest line: titles, names, numbers.
const LINE: usize = 300;
/// The longest prose: notes, instructions, reasons.
const PROSE: usize = 5_000;

/// The earliest year of a document: the republic's first.
const EARLIEST: i32 = 1945;
const CONTROL: &str = "This holds control characters, which are not taken.";

/// Errors of an input, collected so that the user can correct all at once.
#[derive(Debug, Default)]
pub(super) struct InputErrors(pub(super) Vec<UserError>);

impl InputErrors {
    /// A line of text: not empty, no line breaks.
    pub(super) fn line(&mut self, path: &[&str], text: &str) -> String {
        self.text(path, text, LINE, false)
    }

    /// An optional line of text; blank is absent.
    pub(super) fn optional_line(&mut self, path: &[&str], text: Option<&str>) -> Option<String> {
        text.filter(|text| !text.trim().is_empty()).map(|text| self.line(path, text))
    }

    /// Optional prose; blank is absent.
    pub(super) fn optional_prose(&mut self, path: &[&str], text: Option<&str>) -> Option<String> {
        text.filter(|text| !text.trim().is_empty()).map(|text| self.prose(path, text))
    }

    /// Prose: not empty, line breaks allowed.
    pub(super) fn prose(&mut self, path: &[&str], text: &str) -> String {
        self.text(path, text, PROSE, true)
    }

    /// A secret: long enough to be one, and not blank. Its own characters stay as they are.
    pub(super) fn secret(&mut self, path: &[&str], secret: &Secret) {
        let length = secret.expose().chars().count();
        if !(8..=1024).contains(&length) {
            self.invalid(path, "A secret has 8 to 1024 characters.");
        } else if secret.expose().chars().all(char::is_whitespace) {
            self.invalid(path, "This is blank, which is no secret.");
        }
    }

    /// A document's date: not in the future, and not before the earliest year.
    pub(super) fn day(&mut self, path: &[&str], day: NaiveDate, today: NaiveDate) {
        if day > today {
            self.invalid(path, "This is in the future.");
        } else if day.year() < EARLIEST {
            self.invalid(path, say!("This is before the year {earliest}.", earliest = EARLIEST));
        }
    }

    /// Texts within a form's values: as prose, but possibly empty.
    pub(super) fn texts(&mut self, code: UserErrorCode, path: &mut Vec<String>, value: &Value) {
        match value {
            Value::String(text) if text.chars().any(|c| is_control(c, true)) => {
                self.0.push(UserError { code, message: CONTROL.into(), path: path.clone() });
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push(index.to_string());
                    self.texts(code, path, item);
                    path.pop();
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    path.push(name.clone());
                    if name.chars().any(|c| is_control(c, false)) {
                        self.0.push(UserError { code, message: CONTROL.into(), path: path.clone() });
                    }
                    self.texts(code, path, field);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    /// A key: small letters, digits, and the characters of `also`.
    pub(super) fn key(&mut self, path: &[&str], text: &str, also: &str) {
        let taken = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || also.contains(c);
        if !(1..=64).contains(&text.len()) || !text.chars().all(taken) {
            let also: Vec<String> = also.chars().map(String::from).collect();
            self.invalid(path, say!("This has 1 to 64 small letters, digits and {also}.", also = also.join(" ")));
        }
    }

    /// A civil servant number (NIP): 18 digits.
    pub(super) fn nip(&mut self, path: &[&str], nip: &str) {
        if nip.len() != 18 || !nip.bytes().all(|byte| byte.is_ascii_digit()) {
            self.invalid(path, "A NIP has 18 digits and nothing else.");
        }
    }

    /// A time sortable in every database.
    pub(super) fn moment(&mut self, path: &[&str], moment: Option<DateTime<Utc>>) {
        if moment.is_some_and(|moment| !is_sortable(moment)) {
            self.invalid(path, "A moment is of the years 1900 to 9999.");
        }
    }

    /// Adds an error of the input.
    pub(super) fn invalid(&mut self, path: &[&str], message: impl Into<Text>) {
        self.0.push(UserError::at(UserErrorCode::InvalidInput, path, message));
    }

    /// Returns the collected errors, if any.
    pub(super) fn into_result(self) -> ServiceResult<()> {
        if self.0.is_empty() { Ok(()) } else { Err(ServiceError::User(self.0)) }
    }

    fn text(&mut self, path: &[&str], text: &str, longest: usize, breaks: bool) -> String {
        let text: String = text.trim().nfc().collect();
        let length = text.chars().count();
        if text.is_empty() {
            self.invalid(path, "This must not be empty.");
        } else if length > longest {
            self.invalid(path, say!("This is {length} characters long; at most {longest} are taken.", length, longest));
        } else if text.chars().any(|c| is_control(c, breaks)) {
            self.invalid(path, CONTROL);
        }
        text
    }
}

/// Refuses a password of a wrong length.
pub(super) fn expect_password(path: &[&str], password: &Secret) -> ServiceResult<()> {
    Passwords::validate(password).map_err(|message| ServiceError::user(UserErrorCode::InvalidInput, path, message))
}

/// Whether a character is a control character. `breaks`: line breaks and tabs are allowed.
fn is_control(c: char, breaks: bool) -> bool {
    (c.is_control() && !(breaks && matches!(c, '\n' | '\r' | '\t'))) || is_bidi_control(c)
}

/// Whether a character changes the reading order of text (Unicode bidirectional controls).
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
}
