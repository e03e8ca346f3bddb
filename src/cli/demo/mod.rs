//! `disposisi demo`.

mod clients;
mod scenarios;
mod users;

use std::net::SocketAddr;
use std::path::PathBuf;

use entity::{event, request};

use super::output::{CommandResult, print_line};
use super::serve::{Server, shutdown_signal};
use super::{DatabaseUrl, Flags, Settings, startup};
use crate::service::replay;
use crate::store;

/// Play all SOPs from request to delivered asset, then keep serving
///
/// Starts a server on SQLite in a temporary folder, with two offices and invented people for every role. They sign in
/// and act over HTTP like any client, and each act is printed. The server then runs until Ctrl-C and removes the
/// folder, unless `--data` names another. Settings of `serve` are read from the environment (`DISPOSISI_CORS_ORIGINS`,
/// `DISPOSISI_REGISTERED_DOCUMENTS`), except for the location of the data. People, passwords, requests and their
/// numbers are the same in every demo, apart from the year in the numbers.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  disposisi demo\n  disposisi demo --exit\n  disposisi demo --data demo --port 8080"
)]
pub(super) struct DemoCommand {
    /// Port at 127.0.0.1 [default: 8080 if free, else any]
    #[arg(long)]
    port: Option<u16>,
    /// Exit after the last request, with 0 only if every request ended as expected.
    #[arg(long)]
    exit: bool,
}

/// Default port, used in the guides and examples.
const DEFAULT_PORT: u16 = 8080;

impl DemoCommand {
    /// Adapts the settings: loopback only, quiet log, and no data folder unless set by a flag.
    pub(super) fn adjust(&self, settings: &mut Settings, flags: &Flags) {
        // Invented data never goes into a real database.
        settings.database = DatabaseUrl::default();
        settings.keys = PathBuf::new();
        settings.data = flags.data().map_or_else(PathBuf::new, PathBuf::from);
        if !flags.sets_log() {
            settings.log = "warn".to_owned();
        }
    }

    pub(super) async fn run(self, mut settings: Settings) -> CommandResult {
        // Removed at the end.
        let mut temporary = None;
        if settings.data.as_os_str().is_empty() {
            let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
            settings.data = folder.path().to_owned();
            temporary = Some(folder);
        }
        let new = startup::expect_database(&settings).is_err();
        if !new && self.exit {
            return Err(format!("{} holds data already; mend: name a new folder", settings.data.display()));
        }
        let ports = self.port.map_or_else(|| vec![DEFAULT_PORT, 0], |port| vec![port]);
        let addresses: Vec<_> = ports.into_iter().map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect();
        let server = Server::bind(&settings, &addresses).await?;
        let (base, service) = (server.base_url(), server.service().clone());
        if new {
            users::create(&service).await?;
        } else if service.store().person_by_username(users::USERS[0].username).await.ok().flatten().is_none() {
            return Err(format!("{} holds data that is no demo's; mend: name a new folder", settings.data.display()));
        }
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let interrupted = shutdown_signal()?;
        let serving = tokio::spawn(server.run(async move {
            tokio::select! {
                () = interrupted => {}
                _ = ended => {}
            }
        }));
        let played = if new { scenarios::run(&base).await } else { Ok(()) };
        if played.is_ok() && new {
            let follows = |row: &request::Model, events: &[event::Model]| {
                let entry = service.entry_of(row).map_err(|error| format!("{error:?}"))?;
                replay::follows(&entry.procedure, row, events)
            };
            match store::verify(service.store(), &follows).await.map_err(|error| error.to_string())? {
                Ok(events) => print_line(&format!("\nThe record holds {events} events, and nothing was touched.")),
                Err(defect) => return Err(format!("{}: {}", defect.at, defect.what)),
            }
        }
        let left = match played {
            Ok(()) if new && !self.exit => scenarios::leave_open_requests(&base).await,
            played => played.map(|()| Vec::new()),
        };
        match &left {
            Ok(left) if !self.exit => print_farewell(&base, temporary.is_none().then_some(&settings.data), left),
            _ => drop(end.send(())),
        }
        let served = serving.await.map_err(|error| error.to_string())?;
        left.and(served)
    }
}

/// Prints the URLs, the people and the open requests.
fn print_farewell(base: &str, kept: Option<&PathBuf>, left: &[String]) {
    print_line(&format!("\nThe explorer: {base}/graphiql    the endpoint: {base}/graphql"));
    print_line("A first question, to be asked in another terminal:");
    let query = r#"{"query": "{ offices { name procedures { title } } }"}"#;
    print_line(&format!("  curl -s {base}/graphql -H 'content-type: application/json' -d '{query}'"));
    print_line(&format!("Sign in as any of these, with the password “{}”:", users::PASSWORD));
    for person in users::USERS {
        print_line(&format!("  {:<8} {:<16} {}", person.username, person.name, person.description()));
    }
    if !left.is_empty() {
        print_line("Under way, to be tried:");
        left.iter().for_each(|what| print_line(&format!("  {what}")));
    }
    match kept {
        None => print_line("Ctrl-C ends it, and nothing is kept."),
        Some(folder) => print_line(&format!("Ctrl-C ends it; {} keeps what happened.", folder.display())),
    }
}
