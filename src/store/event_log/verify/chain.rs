//! A hash chain of events: each event's MAC covers the one before it and its signed body.

use std::collections::BTreeMap;

use entity::event;

use super::defect::{Defect, Stop};
use super::progress::{RecordedEnd, Verification};
use crate::event::{Body, LogLink, RowMacs};
use crate::store::event_log::row_mac::event_mac;

/// The MACs of rows by their names, each with the sequence of the last event about it.
pub(super) type RecordedRows = BTreeMap<String, (String, i64)>;

/// The verified part of a chain.
pub(super) struct Chain {
    /// The request or the office.
    pub(super) owner: String,
    /// The sequence of the last event.
    pub(super) sequence: i64,
    /// The MAC of the last event.
    pub(super) mac: Vec<u8>,
    /// The rows recorded by its events.
    pub(super) rows: RecordedRows,
}

impl Chain {
    pub(super) fn new(owner: String) -> Self {
        Self { owner, sequence: 0, mac: Vec::new(), rows: RecordedRows::new() }
    }

    /// The defect of the event of a sequence.
    pub(super) fn defect(&self, sequence: i64, what: &str) -> Defect {
        Defect::new(format!("{}, event {sequence}", self.owner), what)
    }
}

impl Verification<'_> {
    /// Verifies the next event of a chain: its sequence, its MAC, and its columns against its signed body.
    pub(super) async fn extend<B: Body>(&mut self, chain: &mut Chain, event: &event::Model) -> Result<(), Stop> {
        chain.sequence += 1;
        let sequence = chain.sequence;
        if event.sequence != sequence {
            return Err(chain.defect(sequence, "missing").into());
        }
        chain.mac = event_mac(self.store, &chain.mac, &event.body);
        if chain.mac != event.mac {
            return Err(chain.defect(sequence, "edited, moved or inserted: its MAC does not fit").into());
        }
        let (rows, link) = signed::<B>(event).map_err(|what| chain.defect(sequence, what))?;
        chain.rows.extend(rows.into_iter().map(|(name, mac)| (name, (mac, sequence))));
        if let Some((position, last)) = link {
            let at = format!("{}, event {sequence}", chain.owner);
            self.add_end(RecordedEnd { at, position, last }).await?;
        }
        self.count += 1;
        Ok(())
    }
}

/// Returns the rows and the log's end of an event's signed body; the defect of an unreadable body, or of differing columns.
fn signed<B: Body>(event: &event::Model) -> Result<(RowMacs, Option<LogLink>), &'static str> {
    let body =
        B::read(&event.body).map_err(|_| "its signed body cannot be read: its kind or a field is unknown here")?;
    let (kind, at, version, audience) = (event.kind.as_str(), event.at, event.version, event.audience);
    if body.columns() != (event.id, event.request_id, event.sequence, kind, at, version, audience) {
        return Err("edited or moved: its columns differ from its signed body");
    }
    Ok(body.into_links())
}
