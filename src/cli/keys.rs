//! `disposisi keys`.

use clap::Subcommand;

use super::Settings;
use super::output::{CommandResult, print_line};
use super::program_clock::clock;
use super::program_random::random;
use super::startup::{self, MissingKeys};
use crate::auth::{self, SigningKeyPair};
use crate::service::RETIRED_KEY_LIFETIME;
use crate::store::{self, Rotation};

/// The keys of a database
#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Initialize a database: create its keys, migrate its schema, record the key ids
    ///
    /// For PostgreSQL, once before the first server starts: servers create no keys there, and refuse to start with
    /// other keys than the recorded ones. Existing keys in the folder are kept. A second run changes nothing. Every
    /// instance needs the same keys: copy the folder, readable by its owner only, and keep it apart from backups of the
    /// database.
    #[command(
        after_help = "Example:\n  DISPOSISI_DATABASE=postgres://… disposisi --keys /srv/disposisi/keys keys init"
    )]
    Init,
    /// Replace the key that signs tokens, without signing anybody out
    ///
    /// Tokens of the old key stay valid: its public half remains in the database until the longest of them has expired,
    /// its private half is deleted. Running servers load the new key on SIGHUP. With several servers, copy
    /// `signing.key` to each within a day, then send SIGHUP there; meanwhile each accepts the tokens of all.
    #[command(after_help = "Example:\n  disposisi --data /srv/disposisi keys rotate && systemctl reload disposisi")]
    Rotate {
        /// Refuse tokens of the old key, for a key that may have leaked. Sessions continue with their next refresh.
        #[arg(long)]
        revoke: bool,
    },
}

impl KeysCommand {
    pub(super) async fn run(self, settings: &Settings) -> CommandResult {
        match self {
            Self::Init => init(settings).await,
            Self::Rotate { revoke } => rotate(settings, revoke).await,
        }
    }
}

async fn init(settings: &Settings) -> CommandResult {
    let (keys, _, before) = startup::initialize(settings, MissingKeys::Create).await?;
    let ids: Vec<String> = keys.ids().into_iter().map(|(purpose, id)| format!("{purpose} {id}")).collect();
    let kept = if before { "was begun before, and is kept" } else { "is begun, and kept" };
    print_line(&format!("the database {kept} by the keys in {}: {}", settings.keys_folder().display(), ids.join(", ")));
    Ok(())
}

async fn rotate(settings: &Settings, revoke: bool) -> CommandResult {
    startup::expect_database(settings)?;
    let folder = settings.keys_folder();
    let to_text = |error: auth::KeyError| error.to_string();
    let waiting = SigningKeyPair::open_next(&folder).map_err(to_text)?;
    let recorded = startup::recorded_signing_key_id(settings).await?;
    // An interrupted rotation has recorded its key already, and only moves the file.
    if waiting.is_none_or(|next| recorded.as_ref() != Some(&next.public().id)) {
        let (keys, store) = startup::open(settings).await?;
        let (old, next) = (keys.signing(), SigningKeyPair::create_next(&folder, &random()).map_err(to_text)?);
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
    SigningKeyPair::activate_next(&folder).map_err(to_text)?;
    let id = SigningKeyPair::open(&folder).map_err(to_text)?.public().id.clone();
    print_line(&format!(
        "tokens are signed by {id} once servers take it up: send SIGHUP to each, with this signing.key in its folder"
    ));
    Ok(())
}
