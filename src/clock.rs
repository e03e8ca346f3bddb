//! Time as a parameter: whoever needs the moment asks a [`Clock`].

use chrono::{DateTime, SubsecRound, Utc};

/// Where the moment comes from.
pub trait Clock: Send + Sync + 'static {
    /// The moment, cut to microseconds: what is stored, hashed and shown is the same.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}
