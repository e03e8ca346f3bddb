//! Logging to standard error, separate from a command's output.

use tracing_subscriber::EnvFilter;

use super::{LogFormat, Settings};

/// Starts logging.
pub(super) fn start(settings: &Settings) {
    let filter = EnvFilter::new(&settings.log);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Reporting a failed write to a full disk would write again, and panic.
        .log_internal_errors(false);
    match settings.log_format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogFormat::Json => log.json().init(),
    }
}
