//! Time as a parameter: the present moment, and waiting for a later one.
//!
//! Stored, shown, signed and decisive moments come from a [`Clock`], and so do the intervals of jobs. Patience with a
//! peer (timeouts, heartbeats, backoff, rate limits) is measured by the runtime's monotonic timer instead: setting the
//! clock must not cut a connection.

use std::ffi::OsString;
#[cfg(debug_assertions)]
use std::path::{Path, PathBuf};
use std::sync::Arc;
#[cfg(debug_assertions)]
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// The environment variable with the file of a [`TestClock`].
pub const TEST_CLOCK: &str = "DISPOSISI_TEST_CLOCK";

/// After so long the machine's clock is asked again: an operator may have set it.
const STEP: Duration = Duration::from_secs(3_600);

/// A source of the present moment.
pub trait Clock: std::fmt::Debug + Send + Sync + 'static {
    /// The present moment, cut to microseconds, the precision of stored and hashed times.
    fn now(&self) -> DateTime<Utc>;

    /// Waits until a moment has come, however the clock is set meanwhile.
    fn sleep_until(self: Arc<Self>, moment: DateTime<Utc>) -> BoxFuture<'static, ()>;
}

/// Waits by the runtime's timer for a clock to reach a moment; the clock is asked again after each step.
async fn poll_until(clock: Arc<impl Clock>, moment: DateTime<Utc>, step: Duration) {
    while let Ok(left) = (moment - clock.now()).to_std()
        && !left.is_zero()
    {
        tokio::time::sleep(left.min(step)).await;
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }

    fn sleep_until(self: Arc<Self>, moment: DateTime<Utc>) -> BoxFuture<'static, ()> {
        poll_until(self, moment, STEP).boxed()
    }
}

/// A clock with an offset to the machine's, in seconds, read from a file that a test rewrites while the program runs.
/// Only in builds with debug assertions.
#[cfg(debug_assertions)]
#[derive(Debug)]
pub struct TestClock {
    file: PathBuf,
    /// The last offset: it stays while the file is being replaced.
    offset: AtomicI64,
}

#[cfg(debug_assertions)]
impl TestClock {
    /// How soon a change of the file ends a wait.
    const STEP: Duration = Duration::from_millis(20);

    /// Opens the clock of a file with a number of seconds.
    pub fn open(file: PathBuf) -> Result<Self, String> {
        let offset = read_offset(&file)
            .ok_or_else(|| format!("{TEST_CLOCK}: {} holds no whole number of seconds", file.display()))?;
        Ok(Self { file, offset: AtomicI64::new(offset) })
    }
}

#[cfg(debug_assertions)]
fn read_offset(file: &Path) -> Option<i64> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(debug_assertions)]
impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        if let Some(offset) = read_offset(&self.file) {
            self.offset.store(offset, Ordering::Relaxed);
        }
        SystemClock.now() + chrono::TimeDelta::seconds(self.offset.load(Ordering::Relaxed))
    }

    fn sleep_until(self: Arc<Self>, moment: DateTime<Utc>) -> BoxFuture<'static, ()> {
        poll_until(self, moment, Self::STEP).boxed()
    }
}

/// The program's clock: the machine's, or a test's by the value of [`TEST_CLOCK`]. Refuses such a value in a release
/// build.
pub fn from_environment(test_clock: Option<OsString>) -> Result<Arc<dyn Clock>, String> {
    match test_clock {
        None => Ok(Arc::new(SystemClock)),
        #[cfg(debug_assertions)]
        Some(file) => Ok(Arc::new(TestClock::open(file.into())?)),
        #[cfg(not(debug_assertions))]
        Some(_) => Err(format!(
            "{TEST_CLOCK} sets the clock of builds for tests only, and this is a release build; mend: unset it"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_test_moves_the_clock_and_ends_waits() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(TestClock::open(file.path().to_owned()).is_err(), "an empty file");
        let set = |seconds: &str| std::fs::write(file.path(), seconds).unwrap();
        set("0\n");
        let clock = Arc::new(TestClock::open(file.path().to_owned()).unwrap());
        let begun = clock.now();
        let hour = begun + chrono::TimeDelta::hours(1);
        let mut until = clock.clone().sleep_until(hour);
        assert!((&mut until).now_or_never().is_none());
        set("60");
        assert!((60..70).contains(&(clock.now() - begun).num_seconds()), "{:?}", clock.now());
        assert!((&mut until).now_or_never().is_none(), "a minute is no hour");
        set("3600");
        until.await;
        set("");
        assert!(clock.now() >= hour, "what was read last stays");
    }
}
