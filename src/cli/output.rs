//! Output of the subcommands.

/// Result of a subcommand. The error text names the fault and its remedy.
pub type CommandResult = Result<(), String>;

/// Prints a line to standard output.
#[expect(clippy::print_stdout, reason = "a command's answer goes to standard output")]
pub(super) fn print_line(text: &str) {
    println!("{text}");
}

/// Returns the first 12 digits of a policy's hash.
pub(super) fn short_hash(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
