//! Reachability analysis (model checking) of a procedure: explores every reachable state with the state machine itself and reports
//! dead ends, unreachable steps and endless loops.
//!
//! Nothing here knows the machine's rules: it asks [`opening`](super::opening), [`signable`](super::signable) and
//! [`decide`](super::decide()), so the two cannot disagree. States that no rule can tell apart are walked as one
//! (`space`), so that they are finitely many and few.

mod ahead;
mod inspection;
mod space;
mod words;

#[cfg(test)]
mod tests;

use crate::procedure::Procedure;

use super::{Act, State};
pub use ahead::{Upcoming, UpcomingWait};
use inspection::Inspection;
pub use inspection::ReachFault;
pub use space::normalised;
use space::{Abstraction, LIMITS, Space, WalkLimits, Walked, proposals};

/// One of each kind of states, [`normalised`], that submissions, resubmissions, executions and signatures lead to, nearest
/// first. Withdrawal and revocation are left out: they are possible by themselves, whatever the procedure says. Of a
/// procedure too large to walk, those met until then.
pub fn reachable(procedure: &Procedure) -> Vec<State> {
    Space::walk(procedure, LIMITS).states
}

/// Acts that [`decide`](super::decide()) accepts in this state: for each open outcome the least act of it, then those with what
/// may come with it and makes a difference to the state, whether a rule reads it or not; both decisions of a signer; the
/// resubmission. Neither withdrawal nor revocation.
pub fn acts(procedure: &Procedure, state: &State) -> Vec<Act> {
    proposals(procedure, &Abstraction::everything(procedure), state).collect()
}

/// Everything wrong with a procedure that its reachable states show: one fault per cause, in the order of the steps. What
/// only follows from another fault is not told.
pub fn faults(procedure: &Procedure) -> Vec<ReachFault> {
    faults_within(procedure, LIMITS)
}

/// As [`faults`], walking no more than so much.
fn faults_within(procedure: &Procedure, limits: WalkLimits) -> Vec<ReachFault> {
    let space = Space::walk(procedure, limits);
    let whole =
        |message: String, mend: &str| vec![ReachFault { step: None, outcome: None, message, mend: mend.to_owned() }];
    if space.states.is_empty() {
        let message = "no request can be submitted: there is no first step, or it has no outcome".to_owned();
        return whole(message, "give the procedure a first step with one outcome");
    }
    let too_many = match space.walked {
        Walked::Whole => return Inspection::new(procedure, &space).faults(),
        Walked::TooManyStates => format!("a request can come to more than {} states", limits.states),
        Walked::TooManyActs => format!("a request can be acted on in more than {} ways", limits.acts),
    };
    let mend = "let fewer documents that later steps ask for be optional (`may_add`), or divide the procedure in two";
    whole(format!("{too_many}: too many to walk, so nothing was checked"), mend)
}
