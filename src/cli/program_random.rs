//! The random generator of this process, chosen once at the start.

use std::ffi::OsString;
use std::sync::OnceLock;

use crate::random::{self, Random};

static RANDOM: OnceLock<Random> = OnceLock::new();

/// Chooses the generator: a seeded one if a test's environment variable is set, else the system's.
pub(super) fn choose(test_seed: Option<OsString>) -> Result<(), String> {
    let _ = RANDOM.set(random::from_environment(test_seed)?);
    Ok(())
}

/// The random generator of this process.
pub(super) fn random() -> Random {
    RANDOM.get_or_init(Random::system).clone()
}
