//! The command line: one file per subcommand.

mod audit;
mod check;
mod database;
mod definitions;
mod demo;
mod identity;
mod keys;
mod logging;
mod people;
mod policy;
mod policy_reload;
mod schema;
mod serve;
mod settings;
mod startup;

use std::sync::{Arc, OnceLock};

use clap::{Parser, Subcommand};

pub use database::{DatabaseTls, DatabaseUrl};
pub use settings::{Flags, LogFormat, ServeFlags, Settings};

use crate::clock::{self, Clock, SystemClock, TEST_CLOCK};
use crate::random::{self, Random, TEST_SEED};

/// disposisi runs city governments' IT service procedures (SOPs) exactly as signed, behind one GraphQL endpoint.
///
/// Begin with `disposisi demo`: it plays the SOPs from request to delivered asset and leaves a server to look around in.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Serve(Box<serve::Serve>),
    #[command(subcommand)]
    Keys(keys::Keys),
    #[command(subcommand)]
    User(people::User),
    #[command(subcommand)]
    Agency(people::Agency),
    Grant(people::Grant),
    Check(check::Check),
    #[command(subcommand)]
    Policy(policy::Policy),
    Schema(schema::Schema),
    #[command(subcommand)]
    Audit(audit::Audit),
}

/// What a subcommand ends with: the text says what went wrong and how to mend it.
pub type Outcome = Result<(), String>;

/// The program's clock, chosen once as the program starts.
static CLOCK: OnceLock<Arc<dyn Clock>> = OnceLock::new();

/// The program's clock.
fn clock() -> Arc<dyn Clock> {
    CLOCK.get_or_init(|| Arc::new(SystemClock)).clone()
}

/// The program's generator of random numbers, chosen once as the program starts.
static RANDOM: OnceLock<Random> = OnceLock::new();

/// The program's generator of random numbers.
fn random() -> Random {
    RANDOM.get_or_init(Random::system).clone()
}

/// Runs the command line.
pub async fn run(cli: Cli) -> Outcome {
    let test_clock = std::env::var_os(TEST_CLOCK);
    let _ = CLOCK.set(clock::from_environment(test_clock.clone())?);
    let test_seed = std::env::var_os(TEST_SEED);
    let _ = RANDOM.set(random::from_environment(test_seed.clone())?);
    let mut settings = match &cli.command {
        Command::Serve(serve) => Settings::read(&cli.flags, &serve.flags)?,
        _ => Settings::read(&cli.flags, &ServeFlags::default())?,
    };
    if let Command::Demo(demo) = &cli.command {
        demo.adjust(&mut settings, &cli.flags);
    }
    logging::start(&settings);
    if let Some(file) = test_clock {
        tracing::warn!(
            ?file,
            "the clock is set by a test ({TEST_CLOCK}): times in this log and in the data are not real"
        );
    }
    if let Some(seed) = test_seed {
        tracing::warn!(
            ?seed,
            "random numbers follow from the seed of a test ({TEST_SEED}): keys and tokens are no secrets"
        );
    }
    match cli.command {
        Command::Demo(demo) => demo.run(settings).await,
        Command::Serve(_) => serve::run(&settings).await,
        Command::Keys(keys) => keys.run(&settings).await,
        Command::User(user) => user.run(&settings).await,
        Command::Agency(agency) => agency.run(&settings).await,
        Command::Grant(grant) => grant.run(&settings).await,
        Command::Check(_) => check::run(&settings).await,
        Command::Policy(policy) => policy.run(&settings).await,
        Command::Schema(_) => {
            say(crate::graphql::sdl().trim_end());
            Ok(())
        }
        Command::Audit(audit) => audit.run(&settings).await,
    }
}

/// Tells the person at the terminal.
#[expect(clippy::print_stdout, reason = "a command's answer goes to standard output")]
fn say(text: &str) {
    println!("{text}");
}
