//! What stands in the way of an act in the request itself, whatever the policy says.

use uuid::Uuid;

use super::{Asked, Facts};
use crate::access::Action;
use crate::language::Text;
use crate::procedure::{Procedure, Step};
use crate::say;
use crate::workflow::{self, Opening, State, Status};

/// What in the request itself stands in the way of an act, a sentence each.
pub(super) fn in_the_way(
    facts: &Facts,
    procedure: &Procedure,
    person: Uuid,
    asked: Asked,
    step: Option<&Step>,
) -> Vec<Text> {
    let (row, state) = (&facts.about.row, &facts.state);
    let when = |holds: bool, message: &'static str| holds.then(|| Text::from(message));
    let ended = || when(state.at.is_none(), "The request has ended.");
    let elsewhere = || {
        let here = state.at.as_ref().filter(|at| step.is_some_and(|step| step.key != at.step));
        here.map(|at| say!("The request stands at step {step}.", step = &at.step))
    };
    let others = row.submitted_by != person && facts.about.submitter_active;
    let others = || when(others, "It is for whoever submitted the request, while they may submit for its agency.");
    let inactive = || {
        let active = facts.asset.as_ref().is_some_and(|asset| asset.status == "ACTIVE");
        when(!active, "The request has no asset in service.")
    };
    let credential = facts.credential.as_ref();
    let unsecured = || when(credential.is_none(), "There is no credential.");
    let found = match asked {
        Asked::AtStep(Action::Execute) => {
            let returned = if state.status == Status::Returned { others() } else { None };
            let closed =
                state.status == Status::InProgress && step.is_some_and(|step| !is_open(procedure, state, step));
            let closed = when(closed, "No outcome of the step is open: its document waits for its signature.");
            vec![ended(), elsewhere().or(closed), returned]
        }
        Asked::AtStep(Action::Sign) => {
            let nothing = when(workflow::signable(procedure, state).is_none(), "No document waits there to be signed.");
            vec![ended().or_else(elsewhere).or(nothing)]
        }
        Asked::Whole(Action::Withdraw) => {
            let late = "A request is withdrawn before it ends and before anything is provisioned.";
            vec![when(!workflow::withdrawable(state), late), others()]
        }
        Asked::Whole(Action::Reveal) => {
            let other = credential.is_some_and(|held| held.recipient_id != person);
            let other = when(other, "Another person is the credential's recipient.");
            let read = credential.is_some_and(|held| held.state != "AVAILABLE");
            vec![inactive(), unsecured(), other, when(read, "The credential was read already.")]
        }
        Asked::Whole(Action::Reissue) => vec![inactive(), unsecured()],
        Asked::Whole(_) => vec![inactive()],
        Asked::See | Asked::Read(_) | Asked::AtStep(_) => Vec::new(),
    };
    found.into_iter().flatten().collect()
}

/// Whether an act of some outcome is accepted at a step that is under way.
fn is_open(procedure: &Procedure, state: &State, step: &Step) -> bool {
    step.outcomes.iter().any(|outcome| workflow::opening(procedure, state, step, outcome) == Opening::Open)
}
