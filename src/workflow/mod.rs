//! The workflow state machine of requests. Pure: from a procedure, a state and a proposed act to the new state, or the
//! reasons against it. No clock, no database, no actors.

mod act;
mod decide;
pub mod reach;
mod refusal;
mod state;

#[cfg(test)]
mod tests;

pub use act::{Act, Decision, Execution, Urgency};
pub use decide::{
    Opening, asset_wanted, decide, has_open_outcome, missing_requirements, opening, replay, signable, submit,
    withdrawable,
};
pub use refusal::{ActInput, Refusal, WhenNeeded};
pub use state::{CurrentVisit, SignatureStatus, Stage, State, Status};
