//! The workflow state machine of requests. Pure: from a procedure, a state and a proposed act to
//! the new state, or the reasons why not. No clock, no database, and no idea who acts.

mod act;
mod decide;
pub mod reach;
mod refusal;
mod state;

#[cfg(test)]
mod tests;

pub use act::{Act, Decision, Execution, Urgency};
pub use decide::{Opening, asset_wanted, decide, needs, opening, replay, signable, submit, withdrawable};
pub use refusal::{ActInput, Refusal, WhenNeeded};
pub use state::{CurrentVisit, Mark, Stage, State, Status};
