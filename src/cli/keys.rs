//! `disposisi keys`.

use clap::Subcommand;

use super::start::{self, Missing};
use super::{Outcome, Settings, say};

/// The keys that a database is kept by
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Begin a database: make its keys, bring its schema up to date, and put the keys on record
    ///
    /// For PostgreSQL, once before the first server starts: a server makes no keys there, and one with other keys than those
    /// on record is refused. Keys that are in the folder already are taken. A second time it changes nothing. Every instance
    /// needs the same keys: copy the folder, readable by its owner only, and keep it apart from backups of the database.
    #[command(
        after_help = "Example:\n  DISPOSISI_DATABASE=postgres://… disposisi --keys /srv/disposisi/keys keys init"
    )]
    Init,
}

impl Keys {
    pub(super) async fn run(self, settings: &Settings) -> Outcome {
        let Self::Init = self;
        let (keys, _, before) = start::begin(settings, Missing::Made).await?;
        let ids: Vec<String> = keys.ids().into_iter().map(|(purpose, id)| format!("{purpose} {id}")).collect();
        let kept = if before { "was begun before, and is kept" } else { "is begun, and kept" };
        say(&format!("the database {kept} by the keys in {}: {}", settings.keys_folder().display(), ids.join(", ")));
        Ok(())
    }
}
