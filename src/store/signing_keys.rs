//! Public halves of signing keys for tokens, for servers without the key itself: a replaced one, or another server's new one.

use chrono::{DateTime, Utc};
use entity::{key_id, signing_key};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::database::insert;
use super::{Store, StoreError};

/// The public half of a key, as it is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedKey {
    /// The key (Ed25519).
    pub public: [u8; 32],
    /// When another took its place; none while it signs.
    pub retired_at: Option<DateTime<Utc>>,
}

fn mac(store: &Store, row: &signing_key::Model) -> [u8; 32] {
    let moment = |at: DateTime<Utc>| at.timestamp_micros().to_be_bytes();
    let retired = row.retired_at.map(moment);
    let retired = retired.as_ref().map_or(&[][..], |bytes| bytes);
    store.mac(&[b"signing key", row.id.as_bytes(), &row.public, &moment(row.since), retired])
}

/// Returns a public key by id, if its MAC is genuine.
pub async fn published_key(store: &Store, id: &str) -> Result<Option<PublishedKey>, StoreError> {
    let Some(row) = signing_key::Entity::find_by_id(id).one(store.reader()).await? else { return Ok(None) };
    if row.mac != mac(store, &row) {
        tracing::error!(id, "a published signing key is not believed: its row was written by somebody else");
        return Ok(None);
    }
    let public = row.public.as_slice().try_into();
    let public = public.map_err(|_| StoreError::Damaged("a published signing key has another length".to_owned()))?;
    Ok(Some(PublishedKey { public, retired_at: row.retired_at }))
}

/// One key in the place of another, each by its id and public half.
#[derive(Debug, Clone, Copy)]
pub struct Rotation<'a> {
    /// The key on record.
    pub old: (&'a str, [u8; 32]),
    /// Its replacement.
    pub new: (&'a str, [u8; 32]),
    /// When it does.
    pub now: DateTime<Utc>,
    /// The old one is retired, to be checked by for a while; else it is forgotten.
    pub retires: bool,
    /// Keys retired before this time are deleted.
    pub forgotten: DateTime<Utc>,
}

/// Replaces a key by another. Returns false, without a change, when the old one is not on record.
pub async fn rotate_signing_key(store: &Store, rotation: Rotation<'_>) -> Result<bool, StoreError> {
    let Rotation { old, new, now, retires, forgotten } = rotation;
    let transaction = store.begin().await?;
    let replaced = key_id::Entity::update_many()
        .col_expr(key_id::Column::Id, Expr::val(new.0))
        .filter(key_id::Column::Purpose.eq("signing"))
        .filter(key_id::Column::Id.eq(old.0))
        .exec(&transaction)
        .await?;
    if replaced.rows_affected != 1 {
        return Ok(false);
    }
    let known = signing_key::Entity::find_by_id(old.0).one(&transaction).await?;
    let deleted = sea_orm::Condition::any()
        .add(signing_key::Column::RetiredAt.lt(forgotten))
        .add(signing_key::Column::Id.eq(old.0));
    signing_key::Entity::delete_many().filter(deleted).exec(&transaction).await?;
    let mut rows = vec![(new, now, None)];
    if retires {
        rows.push((old, known.map_or(now, |row| row.since), Some(now)));
    }
    for ((id, public), since, retired_at) in rows {
        let (id, public) = (id.to_owned(), public.to_vec());
        let mut row = signing_key::Model { id, public, since, retired_at, mac: Vec::new() };
        row.mac = mac(store, &row).to_vec();
        insert(&transaction, row).await?;
    }
    transaction.commit().await?;
    Ok(true)
}
