//! Cursors: encrypted positions in the log, so that they do not reveal its length.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::service::{Service, ServiceError, ServiceResult};
use crate::store::LogPosition;

const CONTEXT: &[u8] = b"log cursor";

impl Service {
    /// The cursor of a place in the log. It outlives restarts and holds under any filter.
    pub fn cursor(&self, place: LogPosition) -> ServiceResult<String> {
        let bytes = [place.position.to_be_bytes(), place.mark.to_be_bytes()].concat();
        let hidden = self
            .keys
            .seal_deterministic(CONTEXT, &bytes)
            .ok_or_else(|| ServiceError::Internal("no cursor".to_owned()))?;
        Ok(URL_SAFE_NO_PAD.encode(hidden))
    }

    /// The place of a cursor. None for any other text.
    pub fn place(&self, cursor: &str) -> Option<LogPosition> {
        let bytes = self.keys.unseal_deterministic(CONTEXT, &URL_SAFE_NO_PAD.decode(cursor).ok()?)?;
        let (position, mark) = bytes.split_at_checked(8)?;
        let position = i64::from_be_bytes(position.try_into().ok()?);
        Some(LogPosition { position, mark: u64::from_be_bytes(mark.try_into().ok()?) })
    }
}
