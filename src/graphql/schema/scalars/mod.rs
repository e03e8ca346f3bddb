//! Scalars.

pub(crate) mod date;
pub(crate) mod id;
pub(crate) mod json;
pub(crate) mod moment;
