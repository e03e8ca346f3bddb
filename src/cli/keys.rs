//! `disposisi keys`.

use clap::Subcommand;

use super::startup::{self, Missing};
use super::{Outcome, Settings, clock, random, say};
use crate::auth::{self, SigningKeyPair};
use crate::service::RETIRED_KEY_LIFETIME;
use crate::store::{self, Rotation};

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
    /// Replace the key that signs tokens, and sign nobody out
    ///
    /// Tokens that the old key signed are checked by its public half, which stays in the database until the longest of them has
    /// ended; its private half is gone. A running server takes the new key up on SIGHUP. With several, copy `signing.key` to each
    /// within a day, then send SIGHUP there: meanwhile each takes the tokens of all.
    #[command(after_help = "Example:\n  disposisi --data /srv/disposisi keys rotate && systemctl reload disposisi")]
    Rotate {
        /// Refuse what the old key signed: for a key that somebody else may have. Sessions go on with their next refresh.
        #[arg(long)]
        revoke: bool,
    },
}

impl Keys {
    pub(super) async fn run(self, settings: &Settings) -> Outcome {
        match self {
            Self::Init => init(settings).await,
            Self::Rotate { revoke } => rotate(settings, revoke).await,
        }
    }
}

async fn init(settings: &Settings) -> Outcome {
    let (keys, _, before) = startup::begin(settings, Missing::Made).await?;
    let ids: Vec<String> = keys.ids().into_iter().map(|(purpose, id)| format!("{purpose} {id}")).collect();
    let kept = if before { "was begun before, and is kept" } else { "is begun, and kept" };
    say(&format!("the database {kept} by the keys in {}: {}", settings.keys_folder().display(), ids.join(", ")));
    Ok(())
}

async fn rotate(settings: &Settings, revoke: bool) -> Outcome {
    startup::expect_database(settings)?;
    let folder = settings.keys_folder();
    let said = |error: auth::KeyError| error.to_string();
    let waiting = SigningKeyPair::open_next(&folder).map_err(said)?;
    let recorded = startup::signing_key_on_record(settings).await?;
    // One that was on record before it was put in place, and then something went wrong.
    if waiting.is_none_or(|next| recorded.as_ref() != Some(&next.public().id)) {
        let (keys, store) = startup::open(settings).await?;
        let (old, next) = (keys.signing(), SigningKeyPair::create_next(&folder, &random()).map_err(said)?);
        let now = clock().now();
        let rotation = Rotation {
            old: (&old.public().id, old.public().bytes),
            new: (&next.public().id, next.public().bytes),
            now,
            retires: !revoke,
            forgotten: now - RETIRED_KEY_LIFETIME,
        };
        let rotated = store::rotate_signing_key(&store, rotation).await.map_err(|error| error.to_string())?;
        if !rotated {
            return Err("the signing key was replaced from elsewhere meanwhile; mend: copy it from there".to_owned());
        }
    }
    SigningKeyPair::activate_next(&folder).map_err(said)?;
    let id = SigningKeyPair::open(&folder).map_err(said)?.public().id.clone();
    say(&format!(
        "tokens are signed by {id} once servers take it up: send SIGHUP to each, with this signing.key in its folder"
    ));
    Ok(())
}
