//! `disposisi demo`.

mod cast;
mod stage;
mod story;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use entity::{event, request};

use super::serve::{Server, told_to_end};
use super::{DatabaseUrl, Flags, Outcome, Settings, say, startup};
use crate::service::replay;
use crate::store;

/// Play all SOPs from request to delivered asset, then keep serving
///
/// A server on an embedded database in a temporary folder, two offices, and invented people for every role. They sign in
/// and act over HTTP as any client would, and what they do is told as it happens. Then the server stays to look around in,
/// until Ctrl-C, and the folder goes with it, unless `--data` names another. It takes the settings of `serve` from the environment
/// (`DISPOSISI_CORS_ORIGINS`, `DISPOSISI_REGISTERED_DOCUMENTS`), all but where its data lies. Who is there, everybody's password,
/// what is asked for, what waits for whom and the numbers of all requests are the same in every demo; only the year in the numbers
/// is today's.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  disposisi demo\n  disposisi demo --exit\n  disposisi demo --data demo --port 8080"
)]
pub(super) struct Demo {
    /// The port to listen on, at 127.0.0.1 [default: 8080 where it is free, or any]
    #[arg(long)]
    port: Option<u16>,
    /// End when the story has been told: with 0 only if every request ended as it should.
    #[arg(long)]
    exit: bool,
}

/// Where the guides and the examples look for it.
const USUAL: u16 = 8080;

impl Demo {
    /// What a demo does otherwise than a server: it listens to this machine only, is quiet, and keeps its data nowhere unless
    /// a flag says where.
    pub(super) fn adjust(&self, settings: &mut Settings, flags: &Flags) {
        // Its data is invented: it goes into no database that is in use.
        settings.database = DatabaseUrl::default();
        settings.keys = PathBuf::new();
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let usual = || if TcpListener::bind(at(USUAL)).is_ok() { USUAL } else { 0 };
        settings.listen = at(self.port.unwrap_or_else(usual));
        settings.data = flags.data().map_or_else(PathBuf::new, PathBuf::from);
        if !flags.names_log() {
            settings.log = "warn".to_owned();
        }
    }

    pub(super) async fn run(self, mut settings: Settings) -> Outcome {
        // Removed as this ends.
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
        let server = Server::bind(&settings).await?;
        let (base, service) = (server.base(), server.service().clone());
        if new {
            cast::enter(&service).await?;
        } else if service.store().person_by_username(cast::CAST[0].username).await.ok().flatten().is_none() {
            return Err(format!("{} holds data that is no demo's; mend: name a new folder", settings.data.display()));
        }
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let interrupted = told_to_end()?;
        let serving = tokio::spawn(server.run(async move {
            tokio::select! {
                () = interrupted => {}
                _ = ended => {}
            }
        }));
        let told = if new { story::tell(&base).await } else { Ok(()) };
        if told.is_ok() && new {
            let follows = |row: &request::Model, events: &[event::Model]| {
                let entry = service.entry_of(row).map_err(|error| format!("{error:?}"))?;
                replay::follows(&entry.procedure, row, events)
            };
            match store::verify(service.store(), &follows).await.map_err(|error| error.to_string())? {
                Ok(events) => say(&format!("\nThe record holds {events} events, and nothing was touched.")),
                Err(defect) => return Err(format!("{}: {}", defect.at, defect.what)),
            }
        }
        let left = match told {
            Ok(()) if new && !self.exit => story::leave(&base).await,
            told => told.map(|()| Vec::new()),
        };
        match &left {
            Ok(left) if !self.exit => farewell(&base, temporary.is_none().then_some(&settings.data), left),
            _ => drop(end.send(())),
        }
        let served = serving.await.map_err(|error| error.to_string())?;
        left.and(served)
    }
}

/// Where to look around, and as whom.
fn farewell(base: &str, kept: Option<&PathBuf>, left: &[String]) {
    say(&format!("\nThe explorer: {base}/graphiql    the endpoint: {base}/graphql"));
    say("A first question, to be asked in another terminal:");
    let query = r#"{"query": "{ offices { name procedures { title } } }"}"#;
    say(&format!("  curl -s {base}/graphql -H 'content-type: application/json' -d '{query}'"));
    say(&format!("Sign in as any of these, with the password “{}”:", cast::PASSWORD));
    for person in cast::CAST {
        say(&format!("  {:<8} {:<16} {}", person.username, person.name, person.part()));
    }
    if !left.is_empty() {
        say("Under way, to be tried:");
        left.iter().for_each(|what| say(&format!("  {what}")));
    }
    match kept {
        None => say("Ctrl-C ends it, and nothing is kept."),
        Some(folder) => say(&format!("Ctrl-C ends it; {} keeps what happened.", folder.display())),
    }
}
