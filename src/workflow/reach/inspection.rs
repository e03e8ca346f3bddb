//! Inspection of the state space: never visited steps, never open outcomes, dead ends, and their root causes.

use std::collections::BTreeSet;

use super::space::StateSpace;
use crate::procedure::{Arrow, Effect, Origin, Outcome, Procedure, Step};
use crate::workflow::{Opening, Refusal, State, opening};

/// The refusals of an outcome over several states.
pub(super) struct ClosedReasons {
    /// The refusals in all of the states.
    shared: Vec<Refusal>,
    /// The refusals in the nearest state.
    first: Vec<Refusal>,
    /// The arrow to that state's step.
    pub(super) came_by: Option<Arrow>,
}

impl ClosedReasons {
    fn add(into: &mut Option<Self>, refusals: Vec<Refusal>, came_by: Option<&Arrow>) {
        match into {
            Some(known) => known.shared.retain(|refusal| refusals.contains(refusal)),
            None => *into = Some(Self { shared: refusals.clone(), first: refusals, came_by: came_by.cloned() }),
        }
    }

    pub(super) fn why(&self) -> &[Refusal] {
        if self.shared.is_empty() { &self.first } else { &self.shared }
    }
}

/// An outcome over all reachable states of its step.
#[derive(Default)]
pub(super) struct OutcomeSummary {
    pub(super) is_open: bool,
    /// In states with its conditions met, and its needs unmet.
    pub(super) in_need: Option<ClosedReasons>,
    /// In states with unmet conditions.
    shut: Option<ClosedReasons>,
}

/// An impossible event; one may be the cause of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Impossible {
    /// The step is never visited.
    Visited(usize),
    /// The step's signers never find the document.
    Signable(usize),
    /// The outcome of the step is never open.
    Open(usize, usize),
}

/// The reachable states of a procedure, summarised by outcome.
pub(super) struct Inspection<'a> {
    pub(super) procedure: &'a Procedure,
    pub(super) space: &'a StateSpace,
    visited: Vec<bool>,
    pub(super) summaries: Vec<Vec<OutcomeSummary>>,
    /// For each state, whether it is a dead end: no act is possible, and the request has not ended.
    pub(super) stuck: Vec<bool>,
    impossible: Vec<Impossible>,
}

impl<'a> Inspection<'a> {
    pub(super) fn new(procedure: &'a Procedure, space: &'a StateSpace) -> Self {
        let mut inspection = Self {
            procedure,
            space,
            visited: (0..procedure.steps.len()).map(|index| index == 0).collect(),
            summaries: procedure
                .steps
                .iter()
                .map(|step| step.outcomes.iter().map(|_| OutcomeSummary::default()).collect())
                .collect(),
            stuck: Vec::new(),
            impossible: Vec::new(),
        };
        // Submitting takes the first step's first outcome; it has no other way to end.
        if let Some(summary) = inspection.summaries.first_mut().and_then(|outcomes| outcomes.first_mut()) {
            summary.is_open = true;
        }
        for (place, state) in space.states.iter().enumerate() {
            inspection.note_state(state);
            let has_way = space.after.get(place).is_some_and(|after| !after.is_empty());
            inspection.stuck.push(!has_way && !state.status.is_end());
        }
        inspection.impossible = inspection.find_impossible();
        inspection
    }

    /// Adds a state to the summaries of its step's outcomes.
    fn note_state(&mut self, state: &State) {
        let Some(current) = &state.at else { return };
        let Some(index) = self.index(&current.step) else { return };
        let (Some(step), Some(visited), Some(summaries)) =
            (self.procedure.steps.get(index), self.visited.get_mut(index), self.summaries.get_mut(index))
        else {
            return;
        };
        *visited = true;
        if index == 0 {
            return;
        }
        for (outcome, summary) in step.outcomes.iter().zip(summaries) {
            match opening(self.procedure, state, step, outcome) {
                Opening::Open => summary.is_open = true,
                Opening::Closed(refusals) => {
                    let into = if refusals.iter().any(is_condition) { &mut summary.shut } else { &mut summary.in_need };
                    ClosedReasons::add(into, refusals, current.came_by.as_ref());
                }
            }
        }
    }

    pub(super) fn index(&self, step: &str) -> Option<usize> {
        self.procedure.steps.iter().position(|known| known.key == step)
    }

    fn find_impossible(&self) -> Vec<Impossible> {
        let mut impossible = Vec::new();
        for (index, step) in self.procedure.steps.iter().enumerate() {
            if self.visited.get(index) != Some(&true) {
                impossible.push(Impossible::Visited(index));
                continue;
            }
            if let Some(record) = &step.signs {
                let mut here = self.space.states.iter().filter(|state| is_at(state, &step.key));
                if !here.any(|state| state.documents.contains_key(record)) {
                    impossible.push(Impossible::Signable(index));
                }
            }
            let summaries = self.summaries.get(index).into_iter().flatten().enumerate();
            impossible.extend(
                summaries.filter(|(_, summary)| !summary.is_open).map(|(outcome, _)| Impossible::Open(index, outcome)),
            );
        }
        impossible
    }

    /// Returns the reasons why an outcome is never open: unmet needs, else unmet conditions.
    pub(super) fn why(&self, step: usize, outcome: usize) -> Vec<Refusal> {
        let summary = self.summaries.get(step).and_then(|outcomes| outcomes.get(outcome));
        match summary.and_then(|summary| summary.in_need.as_ref().or(summary.shut.as_ref())) {
            Some(reasons) => reasons.why().to_vec(),
            None => vec![Refusal::FirstStep(self.key(step))],
        }
    }

    pub(super) fn key(&self, step: usize) -> String {
        self.procedure.steps.get(step).map(|step| step.key.clone()).unwrap_or_default()
    }

    /// Returns the causes if all of these outcomes are impossible; otherwise nothing.
    fn causes_if_all_impossible(&self, outcomes: impl Iterator<Item = (usize, usize)>) -> Vec<Impossible> {
        let mut causes = Vec::new();
        for (step, outcome) in outcomes {
            let cause = [Impossible::Visited(step), Impossible::Open(step, outcome)];
            match cause.iter().find(|cause| self.impossible.contains(cause)) {
                Some(cause) => causes.push(*cause),
                None => return Vec::new(),
            }
        }
        causes
    }

    /// Returns the matching outcomes.
    fn outcomes(&self, is_meant: impl Fn(&Step, &Outcome) -> bool + Copy) -> impl Iterator<Item = (usize, usize)> {
        self.procedure.steps.iter().enumerate().flat_map(move |(index, step)| {
            let outcomes = step.outcomes.iter().enumerate();
            outcomes.filter(move |(_, outcome)| is_meant(step, outcome)).map(move |(outcome, _)| (index, outcome))
        })
    }

    /// Returns the impossible events behind a refusal; empty if one of them is possible.
    fn causes_of(&self, refusal: &Refusal) -> Vec<Impossible> {
        match refusal {
            Refusal::CameOtherwise(arrow) | Refusal::EndedOtherwise(arrow) => self.causes_if_all_impossible(
                self.outcomes(|step, outcome| step.key == arrow.step && outcome.key == arrow.outcome),
            ),
            Refusal::Missing { record, .. } => self.causes_of_missing(record),
            Refusal::AssetNotReady => self.causes_if_all_impossible(
                self.outcomes(|_, outcome| matches!(outcome.effect, Some(Effect::Reserve | Effect::Provision))),
            ),
            Refusal::NotSigned(record) | Refusal::NotRefused(record) => {
                let mut causes = Vec::new();
                for (index, step) in self.procedure.steps.iter().enumerate() {
                    if step.signs.as_ref() == Some(record) {
                        let cause = [Impossible::Visited(index), Impossible::Signable(index)];
                        match cause.iter().find(|cause| self.impossible.contains(cause)) {
                            Some(cause) => causes.push(*cause),
                            None => return Vec::new(),
                        }
                    }
                }
                if causes.is_empty() {
                    let signs = |_: &Step, outcome: &Outcome| outcome.signs.contains(record);
                    causes = self.causes_if_all_impossible(self.outcomes(signs));
                }
                causes
            }
            _ => Vec::new(),
        }
    }

    fn causes_of_missing(&self, record: &str) -> Vec<Impossible> {
        let is_asset = self.procedure.origin(record) == Some(Origin::Asset);
        self.causes_if_all_impossible(self.outcomes(|step, outcome| {
            let lists = [step.brings(outcome), step.produces(outcome), &outcome.may_add];
            (is_asset && outcome.effect == Some(Effect::Provision))
                || lists.iter().any(|list| list.iter().any(|known| known == record))
        }))
    }

    /// Returns the other impossible events behind this one. Empty: it is a cause itself.
    fn causes(&self, item: Impossible) -> Vec<Impossible> {
        let mut causes = match item {
            Impossible::Visited(index) => {
                let key = self.key(index);
                let leads = |_: &Step, outcome: &Outcome| outcome.to.as_ref() == Some(&key);
                let mut causes = Vec::new();
                for (step, outcome) in self.outcomes(leads) {
                    let cause = [Impossible::Visited(step), Impossible::Open(step, outcome)];
                    causes.extend(cause.into_iter().filter(|cause| self.impossible.contains(cause)));
                }
                causes
            }
            Impossible::Signable(index) => {
                let record = self.procedure.steps.get(index).and_then(|step| step.signs.as_deref());
                record.map(|record| self.causes_of_missing(record)).unwrap_or_default()
            }
            Impossible::Open(step, outcome) => {
                let mut causes = Vec::new();
                for refusal in self.why(step, outcome) {
                    let mut more = self.causes_of(&refusal);
                    more.retain(|cause| *cause != item);
                    // A reason of its own makes it a fault of its own.
                    if more.is_empty() {
                        return Vec::new();
                    }
                    causes.append(&mut more);
                }
                causes
            }
        };
        causes.retain(|cause| *cause != item);
        causes
    }

    /// Returns the root causes. Of events waiting for each other, the first.
    pub(super) fn root_causes(&self) -> Vec<Impossible> {
        let causes: Vec<(Impossible, Vec<Impossible>)> =
            self.impossible.iter().map(|item| (*item, self.causes(*item))).collect();
        let mut roots = Vec::new();
        let mut settled: BTreeSet<Impossible> = BTreeSet::new();
        loop {
            let mut open = causes.iter().filter(|(item, _)| !settled.contains(item));
            let next = open.clone().find(|(_, causes)| causes.is_empty()).or_else(|| open.next());
            let Some((next, _)) = next else { return roots };
            roots.push(*next);
            settled.insert(*next);
            loop {
                let before = settled.len();
                for (item, causes) in &causes {
                    if causes.iter().any(|cause| settled.contains(cause)) {
                        settled.insert(*item);
                    }
                }
                if settled.len() == before {
                    break;
                }
            }
        }
    }
}

fn is_at(state: &State, step: &str) -> bool {
    state.at.as_ref().is_some_and(|current| current.step == step)
}

/// Whether a refusal is an unmet condition, not an unmet need.
pub(super) fn is_condition(refusal: &Refusal) -> bool {
    !matches!(refusal, Refusal::Missing { .. } | Refusal::AssetNotReady)
}
