//! What an SOP is: the model of its printed form and of the machine's reading of it, how files become that model, and
//! what a file must satisfy by itself. Pure: no clock, no database, no policy.
//!
//! Whether a procedure can run to an end is the step machine's business (`workflow::reach`); who may run it is the
//! policy's (`policy::check`).

mod check;
mod fault;
mod form;
mod label;
mod model;
mod office;
mod source;

#[cfg(test)]
mod shipped;

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
