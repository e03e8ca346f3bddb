//! The command line: its subcommands and settings, the log, and the program's clock and randomness.

mod audit;
mod check;
mod definitions;
mod demo;
mod keys;
mod logging;
mod operator_name;
mod output;
mod people;
mod policy;
mod policy_reload;
mod program_clock;
mod program_random;
mod schema;
mod serve;
mod settings;
mod startup;

use clap::{Parser, Subcommand};

pub use output::CommandResult;
pub use settings::{DatabaseTls, DatabaseUrl, Flags, LogFormat, ServeFlags, Settings};

use crate::clock::TEST_CLOCK;
use crate::random::TEST_SEED;

/// disposisi runs city governments' IT service procedures (SOPs) exactly as signed, behind one GraphQL endpoint.
///
/// Start with `disposisi demo`: it plays the SOPs from request to delivered asset, and leaves a server to explore.
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
    Demo(demo::DemoCommand),
    Serve(Box<serve::ServeCommand>),
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    #[command(subcommand)]
    User(people::UserCommand),
    #[command(subcommand)]
    Agency(people::AgencyCommand),
    Grant(people::GrantCommand),
    Check(check::CheckCommand),
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    Schema(schema::SchemaCommand),
    #[command(subcommand)]
    Audit(audit::AuditCommand),
}

/// Runs the command line.
pub async fn run(cli: Cli) -> CommandResult {
    let test_clock = std::env::var_os(TEST_CLOCK);
    program_clock::choose(test_clock.clone())?;
    let test_seed = std::env::var_os(TEST_SEED);
    program_random::choose(test_seed.clone())?;
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
            output::print_line(crate::graphql::sdl().trim_end());
            Ok(())
        }
        Command::Audit(audit) => audit.run(&settings).await,
    }
}
