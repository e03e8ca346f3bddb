//! Logging to standard error, separate from a command's output.

use tracing_subscriber::EnvFilter;

use super::{LogFormat, Settings};

/// Begins to log as the settings say.
pub(super) fn start(settings: &Settings) {
    let filter = EnvFilter::new(&settings.log);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A log on a full disk is lost; to tell so would be to print where nothing can be printed, which panics.
        .log_internal_errors(false);
    match settings.log_format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogFormat::Json => log.json().init(),
    }
}
