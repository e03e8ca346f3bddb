//! What people type: trimmed, bounded, without control characters.

use super::{UserError, UserErrorCode};

/// The longest line: titles, names, numbers.
const LINE: usize = 300;
/// The longest prose: notes, instructions, reasons.
const PROSE: usize = 5_000;

/// Collects everything wrong with an input, so that a person can mend all of it at once.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<UserError>);

impl Faults {
    /// A line of text: not empty, no line breaks.
    pub(super) fn line(&mut self, path: &[&str], text: &str) -> String {
        self.text(path, text, LINE, false)
    }

    /// A line of text that may be absent; blank is absent.
    pub(super) fn optional_line(&mut self, path: &[&str], text: Option<&str>) -> Option<String> {
        text.filter(|text| !text.trim().is_empty()).map(|text| self.line(path, text))
    }

    /// Prose: not empty, line breaks allowed.
    pub(super) fn prose(&mut self, path: &[&str], text: &str) -> String {
        self.text(path, text, PROSE, true)
    }

    /// Adds an error of the input.
    pub(super) fn invalid(&mut self, path: &[&str], message: impl Into<String>) {
        self.0.push(UserError::at(UserErrorCode::InvalidInput, path, message));
    }

    /// Fails when anything was found.
    pub(super) fn settle(self) -> super::Answer<()> {
        if self.0.is_empty() { Ok(()) } else { Err(super::Refused::User(self.0)) }
    }

    fn text(&mut self, path: &[&str], text: &str, longest: usize, breaks: bool) -> String {
        let text = text.trim();
        let length = text.chars().count();
        let control = |c: char| (c.is_control() && !(breaks && matches!(c, '\n' | '\r' | '\t'))) || is_bidi_control(c);
        if text.is_empty() {
            self.invalid(path, "This must not be empty.");
        } else if length > longest {
            self.invalid(path, format!("This is {length} characters long; at most {longest} are taken."));
        } else if text.chars().any(control) {
            self.invalid(path, "This holds control characters, which are not taken.");
        }
        text.to_owned()
    }
}

/// Characters that make text read in another order than it is stored (Unicode bidirectional controls).
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
}
