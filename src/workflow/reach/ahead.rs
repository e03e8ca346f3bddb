//! Upcoming steps and signatures of a request, by reachable state.

use std::collections::{BTreeSet, HashMap};

use super::space::{Abstraction, LIMITS, StateSpace};
use crate::procedure::Procedure;
use crate::workflow::{State, Status, has_open_outcome, signable};

/// A step or signature to come.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum UpcomingWait {
    /// The end of this step; of the first step, its completion after a return.
    Step(String),
    /// The decision on this step's document.
    Signature(String),
}

/// The steps and signatures to come, for each state of a procedure.
#[derive(Debug, Default)]
pub struct Upcoming {
    /// By the abstracted state.
    from: HashMap<State, BTreeSet<UpcomingWait>>,
    /// By the current step alone.
    from_step: HashMap<String, BTreeSet<UpcomingWait>>,
}

impl Upcoming {
    /// Computes the steps and signatures to come in every reachable state.
    pub fn from_procedure(procedure: &Procedure) -> Self {
        let (space, read) = (StateSpace::walk(procedure, LIMITS), Abstraction::from_procedure(procedure));
        let waits: Vec<Vec<UpcomingWait>> = space.states.iter().map(|state| waits_for(procedure, state)).collect();
        let mut ahead = vec![BTreeSet::new(); space.states.len()];
        for coming in waits.iter().flatten().collect::<BTreeSet<_>>() {
            let here = waits.iter().enumerate().filter(|(_, waits)| waits.contains(coming)).map(|(place, _)| place);
            for (_, ahead) in space.leads_to(here).into_iter().zip(&mut ahead).filter(|(leads, _)| *leads) {
                ahead.insert(coming.clone());
            }
        }
        let mut found = Self::default();
        for (state, ahead) in space.states.iter().zip(ahead) {
            if let Some(at) = &state.at {
                found.from_step.entry(at.step.clone()).or_default().extend(ahead.iter().cloned());
            }
            found.from.insert(read.apply(state), ahead);
        }
        found
    }

    /// Returns the steps and signatures to come from a state.
    pub fn from_state(&self, procedure: &Procedure, state: &State) -> BTreeSet<UpcomingWait> {
        self.from.get(&Abstraction::from_procedure(procedure).apply(state)).cloned().unwrap_or_default()
    }

    /// Returns the steps and signatures to come by the current step alone.
    pub fn from_step(&self, step: &str) -> BTreeSet<UpcomingWait> {
        self.from_step.get(step).cloned().unwrap_or_default()
    }
}

/// Returns the steps and signatures that a request in this state waits for.
fn waits_for(procedure: &Procedure, state: &State) -> Vec<UpcomingWait> {
    let Some(step) = state.at.as_ref().and_then(|at| procedure.step(&at.step)) else { return Vec::new() };
    let may_end = state.status == Status::Returned || has_open_outcome(procedure, state, step);
    let ends = may_end.then(|| UpcomingWait::Step(step.key.clone()));
    ends.into_iter().chain(signable(procedure, state).map(|_| UpcomingWait::Signature(step.key.clone()))).collect()
}
