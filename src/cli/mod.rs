//! The command line: one file per subcommand.

mod audit;
mod check;
mod people;
mod serve;
mod start;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// disposisi runs city governments' IT service procedures exactly as signed, behind one GraphQL endpoint.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    #[command(flatten)]
    places: Places,
    #[command(subcommand)]
    command: Command,
}

/// Where things are.
#[derive(Debug, Clone, clap::Args)]
pub struct Places {
    /// The data folder: the database and the keys beside it.
    #[arg(long, global = true, default_value = "data")]
    data: PathBuf,
    /// The folder of the offices and their SOPs.
    #[arg(long, global = true, default_value = "procedures")]
    procedures: PathBuf,
    /// The folder of the policies: model.conf, and a CSV file for each office.
    #[arg(long, global = true, default_value = "policies")]
    policies: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API until SIGTERM or Ctrl-C.
    Serve(serve::Serve),
    /// People who may sign in.
    #[command(subcommand)]
    User(people::User),
    /// Agencies that ask.
    #[command(subcommand)]
    Agency(people::Agency),
    /// Let a person act as a role in an office.
    Grant(people::Grant),
    /// Check procedures and policies: every fault with its file, line and mend.
    Check,
    /// Print the published GraphQL schema.
    Schema,
    /// Prove that nobody touched the record of what happened.
    #[command(subcommand)]
    Audit(audit::Audit),
}

/// What a subcommand ends with: the text says what went wrong and how to mend it.
pub type Outcome = Result<(), String>;

/// Runs the command line.
pub async fn run(cli: Cli) -> Outcome {
    match cli.command {
        Command::Serve(serve) => serve.run(&cli.places).await,
        Command::User(user) => user.run(&cli.places).await,
        Command::Agency(agency) => agency.run(&cli.places).await,
        Command::Grant(grant) => grant.run(&cli.places).await,
        Command::Check => check::run(&cli.places).await,
        Command::Schema => {
            say(crate::graphql::sdl().trim_end());
            Ok(())
        }
        Command::Audit(audit) => audit.run(&cli.places).await,
    }
}

/// Tells the person at the terminal.
#[expect(clippy::print_stdout, reason = "a command's answer goes to standard output")]
fn say(text: &str) {
    println!("{text}");
}
