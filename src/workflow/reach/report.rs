//! Faults of a procedure: unreachable steps and outcomes, missing records, dead ends, endless loops.

use std::collections::{BTreeSet, VecDeque};

use super::inspection::{Impossible, Inspection, is_condition};
use super::words::{how_to_mend, in_words};
use crate::workflow::{Opening, Refusal, Stage, Status, opening};

/// A fault of a procedure, found in its reachable states. The caller knows file and line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachFault {
    /// The step's key, if the fault is in a step.
    pub step: Option<String>,
    /// The outcome's key, if the fault is in one outcome.
    pub outcome: Option<String>,
    /// The fault.
    pub message: String,
    /// The correction.
    pub mend: String,
}

/// The order of faults: by step, unknown steps last; the step itself before its outcomes.
type FaultOrder = (usize, usize);

/// A report on an inspected procedure.
pub(super) struct Report<'a> {
    inspection: Inspection<'a>,
    found: Vec<(FaultOrder, ReachFault)>,
}

impl<'a> Report<'a> {
    pub(super) fn new(inspection: Inspection<'a>) -> Self {
        Self { inspection, found: Vec::new() }
    }

    /// Returns all faults, in the order of the steps.
    pub(super) fn faults(mut self) -> Vec<ReachFault> {
        self.report_impossible();
        self.report_needs();
        self.report_stuck();
        self.report_left_assets();
        self.report_endless();
        self.found.sort_by_key(|(place, _)| *place);
        self.found.into_iter().map(|(_, fault)| fault).collect()
    }

    fn report(&mut self, step: usize, outcome: Option<usize>, message: String, mend: String) {
        let key = self.inspection.procedure.steps.get(step);
        let named = outcome.and_then(|outcome| key?.outcomes.get(outcome)).map(|outcome| outcome.key.clone());
        let place = (step, outcome.map_or(0, |outcome| outcome + 1));
        self.found.push((place, ReachFault { step: key.map(|step| step.key.clone()), outcome: named, message, mend }));
    }

    /// Reports outcomes of one step with the same reasons as one fault.
    fn report_grouped(
        &mut self,
        mut closed: Vec<(usize, usize, Vec<Refusal>)>,
        say: impl Fn(usize, &str, &[Refusal]) -> String,
    ) {
        while !closed.is_empty() {
            let (step, outcome, why) = closed.remove(0);
            let (same, others) = closed.into_iter().partition(|(other, _, reasons)| *other == step && *reasons == why);
            closed = others;
            let mut names = vec![outcome];
            names.extend(same.into_iter().map(|(_, outcome, _): (_, _, Vec<Refusal>)| outcome));
            let keys = names.iter().filter_map(|name| self.inspection.procedure.steps.get(step)?.outcomes.get(*name));
            let named: Vec<String> = keys.map(|outcome| format!("`{}`", outcome.key)).collect();
            let message = format!("step `{}`: {}", self.inspection.key(step), say(step, &named.join(", "), &why));
            let only = (names.len() == 1).then_some(outcome);
            self.report(step, only, message, how_to_mend(&why));
        }
    }

    fn report_impossible(&mut self) {
        let mut closed = Vec::new();
        for item in self.inspection.root_causes() {
            match item {
                Impossible::Visited(step) => {
                    let message =
                        format!("step `{}` is never visited: no arrow leads to it", self.inspection.key(step));
                    self.report(step, None, message, "let an outcome's `to` name it, or take it out".to_owned());
                }
                Impossible::Signable(step) => {
                    let record = self
                        .inspection
                        .procedure
                        .steps
                        .get(step)
                        .and_then(|step| step.signs.clone())
                        .unwrap_or_default();
                    let message = format!(
                        "step `{}` signs `{record}`, which is never there on any visit of the step",
                        self.inspection.key(step)
                    );
                    let mend = format!("let an outcome of an earlier step bring or produce the document `{record}`");
                    self.report(step, None, message, mend);
                }
                Impossible::Open(step, outcome) => closed.push((step, outcome, self.inspection.why(step, outcome))),
            }
        }
        self.report_grouped(closed, |_, names, why| format!("{names} can never be taken: {}", in_words(why)));
    }

    /// Reports outcomes with unmet needs in a state that fulfils their conditions.
    fn report_needs(&mut self) {
        let mut closed = Vec::new();
        let mut ways = Vec::new();
        for (step, summaries) in self.inspection.summaries.iter().enumerate() {
            for (outcome, summary) in summaries.iter().enumerate() {
                if let (true, Some(reasons)) = (summary.is_open, &summary.in_need) {
                    closed.push((step, outcome, reasons.why().to_vec()));
                    ways.push((step, reasons.why().to_vec(), reasons.came_by.clone()));
                }
            }
        }
        self.report_grouped(closed, |step, names, why| {
            // Another step may lack the same record, reached by another arrow.
            let way = ways.iter().find(|(its, known, _)| *its == step && known == why);
            let way = way.and_then(|(_, _, way)| way.clone());
            let way = way.map(|way| format!(" after `{}`", String::from(way))).unwrap_or_default();
            format!("{names} may be due{way} though it cannot be taken: {}", in_words(why))
        });
    }

    /// Reports dead ends not explained by another fault.
    fn report_stuck(&mut self) {
        let mut known = BTreeSet::new();
        for (place, state) in self.inspection.space.states.iter().enumerate() {
            if self.inspection.stuck.get(place) != Some(&true) {
                continue;
            }
            let Some(current) = &state.at else {
                self.report_leading_nowhere(place, &mut known);
                continue;
            };
            let index = self.inspection.index(&current.step);
            if let Some(step) = index.and_then(|index| self.inspection.procedure.steps.get(index)) {
                let mut outcomes = step.outcomes.iter();
                let is_in_need =
                    outcomes.any(|outcome| match opening(self.inspection.procedure, state, step, outcome) {
                        Opening::Closed(refusals) => !refusals.iter().any(is_condition),
                        Opening::Open => false,
                    });
                let summaries = index.and_then(|index| self.inspection.summaries.get(index)).into_iter().flatten();
                let is_never = !step.outcomes.is_empty() && summaries.into_iter().all(|summary| !summary.is_open);
                if is_in_need || is_never {
                    continue;
                }
            }
            let way = current.came_by.clone().map(String::from).unwrap_or_default();
            if known.insert((current.step.clone(), way.clone())) {
                let message = format!(
                    "step `{}`, reached by `{way}`: no outcome can be taken and nothing can be signed",
                    current.step
                );
                let mend = format!("give the step an outcome that is open after `{way}`, or lead that arrow elsewhere");
                self.report(index.unwrap_or(usize::MAX), None, message, mend);
            }
        }
    }

    /// Reports an outcome without `to` and `ends`.
    fn report_leading_nowhere(&mut self, place: usize, known: &mut BTreeSet<(String, String)>) {
        let before = self.inspection.space.before.get(place).into_iter().flatten();
        for state in before.filter_map(|before| self.inspection.space.states.get(*before)) {
            let Some(current) = &state.at else { continue };
            let Some(step) = self.inspection.index(&current.step) else { continue };
            let outcome = self.inspection.space.states.get(place).and_then(|state| state.last.get(&current.step));
            let Some(outcome) = outcome.cloned() else { continue };
            if known.insert((current.step.clone(), outcome.clone())) {
                let index = self
                    .inspection
                    .procedure
                    .steps
                    .get(step)
                    .and_then(|step| step.outcomes.iter().position(|known| known.key == outcome));
                let message = format!("step `{}`: `{outcome}` leads nowhere", current.step);
                self.report(step, index, message, "give the outcome a `to` or an `ends`".to_owned());
            }
        }
    }

    /// Reports successful ends with an undelivered asset: its name and units are never freed.
    fn report_left_assets(&mut self) {
        let mut known = BTreeSet::new();
        for (place, state) in self.inspection.space.states.iter().enumerate() {
            let is_left = matches!(state.asset, Some(Stage::Reserved | Stage::Provisioned | Stage::Verified));
            if state.status != Status::Completed || !is_left {
                continue;
            }
            for before in self.inspection.space.before.get(place).into_iter().flatten() {
                let Some(current) = self.inspection.space.states.get(*before).and_then(|state| state.at.as_ref())
                else {
                    continue;
                };
                let Some(step) = self.inspection.index(&current.step) else { continue };
                let outcome = state.last.get(&current.step);
                let outcomes = self.inspection.procedure.steps.get(step).map(|step| step.outcomes.iter());
                let index = outcomes.and_then(|mut outcomes| outcomes.position(|known| Some(&known.key) == outcome));
                if known.insert((step, index)) {
                    let message = format!(
                        "step `{}`: `{}` completes the request with an asset that is reserved or made and not delivered",
                        current.step,
                        outcome.cloned().unwrap_or_default()
                    );
                    self.report(step, index, message, "give the outcome `effect = \"deliver\"`".to_owned());
                }
            }
        }
    }

    /// Reports endless loops: acts are possible for ever, and none leads to an end or to a reported state.
    fn report_endless(&mut self) {
        let states = self.inspection.space.states.iter().enumerate();
        let ends = states.filter(|(_, state)| state.status.is_end()).map(|(place, _)| place);
        let ending = self.inspection.space.leads_to(ends);
        let stuck = self.inspection.stuck.iter().enumerate().filter(|(_, stuck)| **stuck).map(|(place, _)| place);
        let sticking = self.inspection.space.leads_to(stuck);
        let mut endless: Vec<bool> = ending.iter().zip(&sticking).map(|(ends, sticks)| !ends && !sticks).collect();
        let mut known = BTreeSet::new();
        for start in 0..endless.len() {
            let mut steps = BTreeSet::new();
            let mut queue = VecDeque::from([start]);
            while let Some(place) = queue.pop_front() {
                match endless.get_mut(place) {
                    Some(is_open) if *is_open => *is_open = false,
                    _ => continue,
                }
                let current = self.inspection.space.states.get(place).and_then(|state| state.at.as_ref());
                steps.extend(current.and_then(|current| self.inspection.index(&current.step)));
                let neighbours = [self.inspection.space.before.get(place), self.inspection.space.after.get(place)];
                queue.extend(neighbours.into_iter().flatten().flatten());
            }
            let Some(first) = steps.first().copied() else { continue };
            if known.insert(steps.clone()) {
                let names: Vec<String> = steps.iter().map(|step| format!("`{}`", self.inspection.key(*step))).collect();
                let message =
                    format!("no end can be reached from here; the request goes round in {}", names.join(", "));
                let mend = "give one of these steps an outcome that ends the request or leads out".to_owned();
                self.report(first, None, message, mend);
            }
        }
    }
}
