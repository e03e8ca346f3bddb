//! The clock of this process, chosen once at the start.

use std::ffi::OsString;
use std::sync::{Arc, OnceLock};

use crate::clock::{self, Clock, SystemClock};

static CLOCK: OnceLock<Arc<dyn Clock>> = OnceLock::new();

/// Chooses the clock: a test clock if its environment variable is set, else the system's.
pub(super) fn choose(test_clock: Option<OsString>) -> Result<(), String> {
    let _ = CLOCK.set(clock::from_environment(test_clock)?);
    Ok(())
}

/// The clock of this process.
pub(super) fn clock() -> Arc<dyn Clock> {
    CLOCK.get_or_init(|| Arc::new(SystemClock)).clone()
}
