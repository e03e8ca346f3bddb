//! Faults of SOP and policy files: file, line, message and fix.

use std::fmt;

/// How much a [`Fault`] weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; the server starts all the same.
    Warning,
    /// The server does not start with this.
    Error,
}

/// One thing wrong in one place of a file of procedures or policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// An error stops the start.
    pub severity: Severity,
    /// The file, as a person would name it (`procedures/singkawang/permohonan-subdomain.toml`).
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The message.
    pub message: String,
    /// The fix: begins with a small letter and ends without a full stop, to stand after "mend:".
    pub mend: String,
}

impl Fault {
    /// A fault that prevents the start.
    pub fn error(file: &str, line: usize, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { severity: Severity::Error, file: file.to_owned(), line, message: message.into(), mend: mend.into() }
    }

    /// A warning.
    pub fn warning(file: &str, line: usize, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(file, line, message, mend) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let [file, message, mend] = [&self.file, &self.message, &self.mend].map(|text| printable(text));
        write!(f, "{file}:{}: {kind}: {message}\n    mend: {mend}", self.line)
    }
}

/// Escapes a text for a terminal: control characters and changes of writing direction are shown as codes.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_escape_terminal_control_characters() {
        let fault = Fault::error("a\u{1b}[2J.toml", 3, "`\u{7}\n\u{202e}é` is no key", "write `b`");
        assert_eq!(
            fault.to_string(),
            "a\\u{1b}[2J.toml:3: error: `\\u{7}\\n\\u{202e}é` is no key\n    mend: write `b`"
        );
    }
}
