//! Events as types: kinds, audience, and the stored body covered by the hash chain. Pure: knows no database.
//!
//! A stored body is JSON under a MAC for as long as the record is kept: words, fields and their order never change. A new field is
//! left out if absent: older bodies keep their bytes.

mod body;
mod kind;

pub use body::{
    Audience, Body, Columns, LogLink, OfficeEventBody, OfficeEventSubject, RequestEventBody, RequestEventSubject,
    RowMacs,
};
pub use kind::{OfficeEventKind, RequestEventKind};
