//! Scalars.

pub(crate) mod date;
pub(crate) mod date_time;
pub(crate) mod id;
pub(crate) mod json;
