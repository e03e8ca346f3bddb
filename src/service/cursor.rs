//! Cursors: places in the log, as texts that tell nothing of how much happens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Answer, Refused, Service};

const CONTEXT: &[u8] = b"log cursor";

impl Service {
    /// The cursor of a place in the log. It outlives restarts and holds under any filter.
    pub fn cursor(&self, position: i64) -> Answer<String> {
        let hidden = self.keys.hide(CONTEXT, position).ok_or_else(|| Refused::Internal("no cursor".to_owned()))?;
        Ok(URL_SAFE_NO_PAD.encode(hidden))
    }

    /// The place of a cursor. None for a text that was never one.
    pub fn position(&self, cursor: &str) -> Option<i64> {
        self.keys.find(CONTEXT, &URL_SAFE_NO_PAD.decode(cursor).ok()?)
    }
}
