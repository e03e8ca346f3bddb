//! SOPs: the model of the printed form and of its machine reading, the parser of files, and the checks of a file by
//! itself. Pure: no clock, no database, no policy.
//!
//! `workflow::reach` proves that a procedure can run to an end; `policy::check` finds the performers of its steps.

mod check;
mod fault;
mod form;
mod label;
mod model;
mod office;
mod source;

#[cfg(test)]
mod shipped_tests;

pub use check::{check, check_forms};
pub use fault::{Fault, Severity};
pub use form::{FieldFault, Form, canonical};
pub use model::{
    Arrow, AssetSpec, Carry, Effect, Ending, Interval, Origin, Outcome, Procedure, Record, Requirement, StandardTime,
    Step, TimeUnit,
};
pub use office::{Office, Rack, RoleSpec, WorkingHours};
pub use source::{
    Entry, Located, Shelf, entries, read_folder, read_office, read_procedure, read_text, report_nested, scan_folder,
};
