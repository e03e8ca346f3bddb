//! Credentials of assets, sealed; their secrets are deleted some time after they were revealed.

use entity::credential;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::database::{insert, one_of};
use super::{StoreError, Transaction};

/// The state of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialState {
    /// Held back until its asset is delivered.
    Held,
    /// Readable once by its recipient.
    Available,
    /// Read by its recipient.
    Revealed,
}

impl CredentialState {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Held => "HELD",
            Self::Available => "AVAILABLE",
            Self::Revealed => "REVEALED",
        }
    }

    /// Returns the state of a stored word; none for an unknown word, as in a row edited by hand.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Held, Self::Available, Self::Revealed].into_iter().find(|state| state.word() == word)
    }
}

/// The credentials of those assets.
pub async fn credentials_of<C: ConnectionTrait>(
    connection: &C,
    assets: &[Uuid],
) -> Result<Vec<credential::Model>, StoreError> {
    let query =
        credential::Entity::find().filter(one_of(connection, credential::Column::AssetId, assets.iter().copied()));
    Ok(query.all(connection).await?)
}

/// Writes a credential in place of the one before.
pub async fn save_credential(transaction: &Transaction, credential: credential::Model) -> Result<(), StoreError> {
    credential::Entity::delete_by_id(credential.asset_id).exec(transaction).await?;
    insert(transaction, credential).await
}
