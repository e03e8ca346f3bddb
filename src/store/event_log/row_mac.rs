//! MACs for tamper evidence: over every column of a row, over events (the hash chain), over the log and its end.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use entity::{asset, credential, held_unit, office_chain, request};
use sea_orm::sea_query::Value;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityName, EntityTrait, IdenStatic, Iterable, ModelTrait, PrimaryKeyToColumn,
    QueryFilter,
};
use uuid::Uuid;

use crate::event::RowMacs;
use crate::store::{CredentialState, Store, StoreError};

/// Returns a row's parts: its table, then every column's name and value, but for exceptions. Nulls are left out: a column added
/// later, null in old rows, leaves their MACs unchanged.
fn row_parts<M: ModelTrait>(row: &M, except: &[&str]) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut parts = vec![table::<M>().into_bytes()];
    for column in <M::Entity as EntityTrait>::Column::iter() {
        let name = column.as_str();
        if except.contains(&name) {
            continue;
        }
        if let Some(value) = bytes(row.get(column))? {
            parts.push(name.as_bytes().to_vec());
            parts.push(value);
        }
    }
    Ok(parts)
}

/// A row's name: its table and its primary key.
pub(in crate::store) fn row_name<M: ModelTrait>(row: &M) -> String {
    let mut name = table::<M>();
    for key in <M::Entity as EntityTrait>::PrimaryKey::iter() {
        name.push('/');
        match row.get(key.into_column()) {
            Value::Uuid(Some(id)) => name.push_str(&id.to_string()),
            Value::Int(Some(number)) => name.push_str(&number.to_string()),
            _ => {}
        }
    }
    name
}

fn table<M: ModelTrait>() -> String {
    M::Entity::default().table_name().to_owned()
}

/// Returns a value's bytes; none for null. Fixed for as long as the record is kept, independent of any library's printing.
fn bytes(value: Value) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(match value {
        Value::Bool(value) => value.map(|value| vec![u8::from(value)]),
        Value::SmallInt(value) => value.map(|value| value.to_be_bytes().to_vec()),
        Value::Int(value) => value.map(|value| value.to_be_bytes().to_vec()),
        Value::BigInt(value) => value.map(|value| value.to_be_bytes().to_vec()),
        Value::String(value) => value.map(String::into_bytes),
        Value::Bytes(value) => value,
        Value::Uuid(value) => value.map(|value| value.as_bytes().to_vec()),
        Value::ChronoDate(value) => value.map(|value| value.to_string().into_bytes()),
        Value::ChronoDateTimeUtc(value) => value.map(|value| value.timestamp_micros().to_be_bytes().to_vec()),
        other => return Err(StoreError::Damaged(format!("a column of a kind that no MAC covers: {other:?}"))),
    })
}

/// Returns a MAC over parts, for a purpose.
fn parts_mac(store: &Store, purpose: &[u8], parts: &[Vec<u8>]) -> [u8; 32] {
    let parts: Vec<&[u8]> = std::iter::once(purpose).chain(parts.iter().map(Vec::as_slice)).collect();
    store.mac(&parts)
}

/// Returns a MAC over parts, in base64, as an event's body holds it.
fn encoded_mac(store: &Store, parts: &[Vec<u8>]) -> String {
    STANDARD_NO_PAD.encode(parts_mac(store, b"row", parts))
}

/// Returns the MAC of a row with a MAC column: over every other column.
pub(in crate::store) fn own_mac<M: ModelTrait>(
    store: &Store,
    purpose: &[u8],
    row: &M,
    column: &str,
) -> Result<Vec<u8>, StoreError> {
    Ok(parts_mac(store, purpose, &row_parts(row, &[column])?).to_vec())
}

/// Returns the MAC of a row.
pub(in crate::store) fn row_mac<M: ModelTrait>(store: &Store, row: &M) -> Result<String, StoreError> {
    Ok(encoded_mac(store, &row_parts(row, &[])?))
}

/// Adds the MAC of a row, under the row's name.
pub(in crate::store) fn add_row_mac<M: ModelTrait>(
    macs: &mut RowMacs,
    store: &Store,
    row: &M,
) -> Result<(), StoreError> {
    macs.insert(row_name(row), row_mac(store, row)?);
    Ok(())
}

/// Returns the MAC of an asset with its rack units, in order, and its credential.
pub(in crate::store) fn asset_mac(
    store: &Store,
    asset: &asset::Model,
    units: &[&held_unit::Model],
    credential: Option<&credential::Model>,
) -> Result<String, StoreError> {
    let mut all = row_parts(asset, &[])?;
    for unit in units {
        all.extend(row_parts(*unit, &[])?);
    }
    if let Some(credential) = credential {
        // A revealed secret is deleted later, without an event.
        let revealed = credential.state == CredentialState::Revealed.word();
        let deleted: &[&str] = if revealed { &["sealed", "reveal_key"] } else { &[] };
        all.extend(row_parts(credential, deleted)?);
    }
    Ok(encoded_mac(store, &all))
}

/// Returns the assets of requests, each with its request, row name and present MAC.
pub(in crate::store) async fn asset_macs<C: ConnectionTrait>(
    store: &Store,
    connection: &C,
    requests: &[Uuid],
) -> Result<Vec<(Uuid, String, String)>, StoreError> {
    let by_request = asset::Column::RequestId.is_in(requests.iter().copied());
    let assets = asset::Entity::find().filter(by_request).all(connection).await?;
    if assets.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = assets.iter().map(|asset| asset.id).collect();
    let of_asset = held_unit::Column::AssetId.is_in(ids.iter().copied());
    let mut units = held_unit::Entity::find().filter(of_asset).all(connection).await?;
    units.sort_by(|a, b| (&a.office, &a.kind, &a.place, a.unit).cmp(&(&b.office, &b.kind, &b.place, b.unit)));
    let of_asset = credential::Column::AssetId.is_in(ids);
    let credentials = credential::Entity::find().filter(of_asset).all(connection).await?;
    let macs = assets.iter().map(|asset| {
        let units: Vec<&held_unit::Model> = units.iter().filter(|unit| unit.asset_id == asset.id).collect();
        let credential = credentials.iter().find(|credential| credential.asset_id == asset.id);
        Ok((asset.request_id, row_name(asset), asset_mac(store, asset, &units, credential)?))
    });
    macs.collect()
}

/// The MAC of an event: over the one before it in its request, and its stored bytes.
pub(in crate::store) fn event_mac(store: &Store, before: &[u8], body: &str) -> Vec<u8> {
    store.mac(&[b"event", before, body.as_bytes()]).to_vec()
}

/// The MAC of a request's row: over every column but itself.
pub(in crate::store) fn request_mac(store: &Store, row: &request::Model) -> Result<Vec<u8>, StoreError> {
    own_mac(store, b"request", row, "row_mac")
}

/// The MAC of the end of an office's chain: over every column but itself.
pub(in crate::store) fn chain_mac(store: &Store, row: &office_chain::Model) -> Result<Vec<u8>, StoreError> {
    own_mac(store, b"office", row, "row_mac")
}

/// The MAC of a row of the log: over the row before, its position and its event.
pub(in crate::store) fn log_mac(store: &Store, before: &[u8], position: i64, event: Uuid, event_mac: &[u8]) -> Vec<u8> {
    store.mac(&[b"log", before, &position.to_be_bytes(), event.as_bytes(), event_mac]).to_vec()
}

/// The MAC of the end of the log: over the position and the MAC of the row there.
pub(in crate::store) fn end_mac(store: &Store, position: i64, last: &[u8]) -> Vec<u8> {
    store.mac(&[b"log end", &position.to_be_bytes(), last]).to_vec()
}
