//! What is wrong with a file that a person wrote, said so that they can mend it.

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
    /// Whether it stops the start.
    pub severity: Severity,
    /// The file, as a person would name it (`procedures/singkawang/permohonan-subdomain.toml`).
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub mend: String,
}

impl Fault {
    /// A fault that stops the start.
    pub fn error(file: &str, line: usize, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { severity: Severity::Error, file: file.to_owned(), line, message: message.into(), mend: mend.into() }
    }

    /// A fault that is only told.
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
        write!(f, "{}:{}: {kind}: {}\n    mend: {}", self.file, self.line, self.message, self.mend)
    }
}
