//! Reachability analysis (model checking) of a procedure: explores every reachable state with the state machine itself
//! and reports dead ends, unreachable steps and endless loops.
//!
//! The rules stay in the machine: this calls [`opening`](super::opening), [`signable`](super::signable) and
//! [`decide`](super::decide()), so the two cannot disagree. States alike to every rule are explored as one (`space`),
//! so their number is finite and small.

mod ahead;
mod inspection;
mod report;
mod space;
mod words;

#[cfg(test)]
mod tests;

use crate::procedure::Procedure;

use super::{Act, State};
pub use ahead::{Upcoming, UpcomingWait};
use inspection::Inspection;
pub use report::ReachFault;
use report::Report;
pub use space::normalised;
use space::{Abstraction, LIMITS, StateSpace, WalkLimits, WalkResult, proposals};

/// Returns one of each kind of states, [`normalised`], after submissions, resubmissions, executions and signatures,
/// nearest first. Without withdrawal and revocation, possible by themselves under any procedure. Of a procedure too
/// large to explore, the states up to the limit.
pub fn reachable(procedure: &Procedure) -> Vec<State> {
    StateSpace::walk(procedure, LIMITS).states
}

/// Returns acts accepted by [`decide`](super::decide()) in this state: for each open outcome its smallest act, then
/// those with optional inputs relevant to the state; both decisions of a signer; the resubmission. Neither withdrawal
/// nor revocation.
pub fn acts(procedure: &Procedure, state: &State) -> Vec<Act> {
    proposals(procedure, &Abstraction::everything(procedure), state).collect()
}

/// Returns a procedure's faults found in its reachable states: one per cause, in the order of the steps.
pub fn faults(procedure: &Procedure) -> Vec<ReachFault> {
    faults_within(procedure, LIMITS)
}

/// As [`faults`], within limits.
fn faults_within(procedure: &Procedure, limits: WalkLimits) -> Vec<ReachFault> {
    let space = StateSpace::walk(procedure, limits);
    let whole =
        |message: String, mend: &str| vec![ReachFault { step: None, outcome: None, message, mend: mend.to_owned() }];
    if space.states.is_empty() {
        let message = "no request can be submitted: there is no first step, or it has no outcome".to_owned();
        return whole(message, "give the procedure a first step with one outcome");
    }
    let too_many = match space.walked {
        WalkResult::Whole => return Report::new(Inspection::new(procedure, &space)).faults(),
        WalkResult::TooManyStates => format!("a request can come to more than {} states", limits.states),
        WalkResult::TooManyActs => format!("a request can be acted on in more than {} ways", limits.acts),
    };
    let mend = "let fewer documents that later steps ask for be optional (`may_add`), or divide the procedure in two";
    whole(format!("{too_many}: too many to walk, so nothing was checked"), mend)
}
