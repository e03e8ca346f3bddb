//! Faults found in the state space: unreachable steps and outcomes, missing records, deadlocks, endless loops.

use std::collections::{BTreeSet, VecDeque};

use super::space::Space;
use super::words::{how_to_mend, in_words};
use crate::procedure::{Arrow, Effect, Origin, Outcome, Procedure, Step};
use crate::workflow::{Opening, Refusal, Stage, State, Status, opening};

/// What is wrong with a procedure, as its reachable states show. The caller knows file and line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachFault {
    /// The step's key, where the fault lies in a step.
    pub step: Option<String>,
    /// The outcome's key, where the fault lies in one outcome of that step.
    pub outcome: Option<String>,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub mend: String,
}

/// The refusals of an outcome over several states.
struct Closings {
    /// Those of every one of the states.
    shared: Vec<Refusal>,
    /// Those of the nearest state.
    first: Vec<Refusal>,
    /// How that state's step was reached.
    came_by: Option<Arrow>,
}

impl Closings {
    fn add(into: &mut Option<Self>, refusals: Vec<Refusal>, came_by: Option<&Arrow>) {
        match into {
            Some(known) => known.shared.retain(|refusal| refusals.contains(refusal)),
            None => *into = Some(Self { shared: refusals.clone(), first: refusals, came_by: came_by.cloned() }),
        }
    }

    fn why(&self) -> &[Refusal] {
        if self.shared.is_empty() { &self.first } else { &self.shared }
    }
}

/// What became of an outcome in all reachable states of its step.
#[derive(Default)]
struct Tally {
    is_open: bool,
    /// Where its conditions hold and its needs are not met.
    in_need: Option<Closings>,
    /// Where its conditions do not hold.
    shut: Option<Closings>,
}

/// Something that never happens; one may be the cause of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Never {
    /// The step is never visited.
    Visited(usize),
    /// The step's signers never find the document.
    Signable(usize),
    /// The outcome of the step is never open.
    Open(usize, usize),
}

/// Where a fault goes: steps in their order, those of no known step last, then outcomes, the step itself before them.
type FaultOrder = (usize, usize);

pub(super) struct Inspection<'a> {
    procedure: &'a Procedure,
    space: &'a Space,
    visited: Vec<bool>,
    tallies: Vec<Vec<Tally>>,
    /// For each state, whether no act is possible though the request has not ended.
    stuck: Vec<bool>,
    nevers: Vec<Never>,
    found: Vec<(FaultOrder, ReachFault)>,
}

impl<'a> Inspection<'a> {
    pub(super) fn new(procedure: &'a Procedure, space: &'a Space) -> Self {
        let mut inspection = Self {
            procedure,
            space,
            visited: (0..procedure.steps.len()).map(|index| index == 0).collect(),
            tallies: procedure
                .steps
                .iter()
                .map(|step| step.outcomes.iter().map(|_| Tally::default()).collect())
                .collect(),
            stuck: Vec::new(),
            nevers: Vec::new(),
            found: Vec::new(),
        };
        // Submitting takes the first step's first outcome; it has no other way to end.
        if let Some(tally) = inspection.tallies.first_mut().and_then(|outcomes| outcomes.first_mut()) {
            tally.is_open = true;
        }
        for (place, state) in space.states.iter().enumerate() {
            inspection.see(state);
            let has_way = space.after.get(place).is_some_and(|after| !after.is_empty());
            inspection.stuck.push(!has_way && !state.status.is_end());
        }
        inspection.nevers = inspection.find_nevers();
        inspection
    }

    /// Notes what a state says of its step and of the step's outcomes.
    fn see(&mut self, state: &State) {
        let Some(standing) = &state.at else { return };
        let Some(index) = self.index(&standing.step) else { return };
        let (Some(step), Some(visited), Some(tallies)) =
            (self.procedure.steps.get(index), self.visited.get_mut(index), self.tallies.get_mut(index))
        else {
            return;
        };
        *visited = true;
        if index == 0 {
            return;
        }
        for (outcome, tally) in step.outcomes.iter().zip(tallies) {
            match opening(self.procedure, state, step, outcome) {
                Opening::Open => tally.is_open = true,
                Opening::Closed(refusals) => {
                    let into = if refusals.iter().any(is_condition) { &mut tally.shut } else { &mut tally.in_need };
                    Closings::add(into, refusals, standing.came_by.as_ref());
                }
            }
        }
    }

    fn index(&self, step: &str) -> Option<usize> {
        self.procedure.steps.iter().position(|known| known.key == step)
    }

    fn find_nevers(&self) -> Vec<Never> {
        let mut nevers = Vec::new();
        for (index, step) in self.procedure.steps.iter().enumerate() {
            if self.visited.get(index) != Some(&true) {
                nevers.push(Never::Visited(index));
                continue;
            }
            if let Some(record) = &step.signs {
                let mut here = self.space.states.iter().filter(|state| is_at(state, &step.key));
                if !here.any(|state| state.documents.contains_key(record)) {
                    nevers.push(Never::Signable(index));
                }
            }
            let tallies = self.tallies.get(index).into_iter().flatten().enumerate();
            nevers.extend(tallies.filter(|(_, tally)| !tally.is_open).map(|(outcome, _)| Never::Open(index, outcome)));
        }
        nevers
    }

    /// Why an outcome is never open: what is lacking where its conditions hold, else the conditions.
    fn why(&self, step: usize, outcome: usize) -> Vec<Refusal> {
        let tally = self.tallies.get(step).and_then(|outcomes| outcomes.get(outcome));
        match tally.and_then(|tally| tally.in_need.as_ref().or(tally.shut.as_ref())) {
            Some(closings) => closings.why().to_vec(),
            None => vec![Refusal::FirstStep(self.key(step))],
        }
    }

    fn key(&self, step: usize) -> String {
        self.procedure.steps.get(step).map(|step| step.key.clone()).unwrap_or_default()
    }

    /// What keeps these outcomes from happening, when nothing lets one of them happen; otherwise nothing.
    fn all_never(&self, outcomes: impl Iterator<Item = (usize, usize)>) -> Vec<Never> {
        let mut causes = Vec::new();
        for (step, outcome) in outcomes {
            let cause = [Never::Visited(step), Never::Open(step, outcome)];
            match cause.iter().find(|cause| self.nevers.contains(cause)) {
                Some(cause) => causes.push(*cause),
                None => return Vec::new(),
            }
        }
        causes
    }

    /// The outcomes of which this is true.
    fn outcomes(&self, is_meant: impl Fn(&Step, &Outcome) -> bool + Copy) -> impl Iterator<Item = (usize, usize)> {
        self.procedure.steps.iter().enumerate().flat_map(move |(index, step)| {
            let outcomes = step.outcomes.iter().enumerate();
            outcomes.filter(move |(_, outcome)| is_meant(step, outcome)).map(move |(outcome, _)| (index, outcome))
        })
    }

    /// What else would have to happen for a refusal to fall away, when none of it ever does.
    fn causes_of(&self, refusal: &Refusal) -> Vec<Never> {
        match refusal {
            Refusal::CameOtherwise(arrow) | Refusal::EndedOtherwise(arrow) => {
                self.all_never(self.outcomes(|step, outcome| step.key == arrow.step && outcome.key == arrow.outcome))
            }
            Refusal::Missing { record, .. } => self.causes_of_missing(record),
            Refusal::AssetNotReady => self.all_never(
                self.outcomes(|_, outcome| matches!(outcome.effect, Some(Effect::Reserve | Effect::Provision))),
            ),
            Refusal::NotSigned(record) | Refusal::NotRefused(record) => {
                let mut causes = Vec::new();
                for (index, step) in self.procedure.steps.iter().enumerate() {
                    if step.signs.as_ref() == Some(record) {
                        let cause = [Never::Visited(index), Never::Signable(index)];
                        match cause.iter().find(|cause| self.nevers.contains(cause)) {
                            Some(cause) => causes.push(*cause),
                            None => return Vec::new(),
                        }
                    }
                }
                if causes.is_empty() {
                    let signs = |_: &Step, outcome: &Outcome| outcome.signs.contains(record);
                    causes = self.all_never(self.outcomes(signs));
                }
                causes
            }
            _ => Vec::new(),
        }
    }

    fn causes_of_missing(&self, record: &str) -> Vec<Never> {
        let is_asset = self.procedure.origin(record) == Some(Origin::Asset);
        self.all_never(self.outcomes(|step, outcome| {
            let lists = [step.brings(outcome), step.produces(outcome), &outcome.may_add];
            (is_asset && outcome.effect == Some(Effect::Provision))
                || lists.iter().any(|list| list.iter().any(|known| known == record))
        }))
    }

    /// The other things that never happen from which this one follows. None: it is a cause itself.
    fn causes(&self, never: Never) -> Vec<Never> {
        let mut causes = match never {
            Never::Visited(index) => {
                let key = self.key(index);
                let leads = |_: &Step, outcome: &Outcome| outcome.to.as_ref() == Some(&key);
                let mut causes = Vec::new();
                for (step, outcome) in self.outcomes(leads) {
                    let cause = [Never::Visited(step), Never::Open(step, outcome)];
                    causes.extend(cause.into_iter().filter(|cause| self.nevers.contains(cause)));
                }
                causes
            }
            Never::Signable(index) => {
                let record = self.procedure.steps.get(index).and_then(|step| step.signs.as_deref());
                record.map(|record| self.causes_of_missing(record)).unwrap_or_default()
            }
            Never::Open(step, outcome) => {
                let mut causes = Vec::new();
                for refusal in self.why(step, outcome) {
                    let mut more = self.causes_of(&refusal);
                    more.retain(|cause| *cause != never);
                    // A reason of its own makes it a fault of its own.
                    if more.is_empty() {
                        return Vec::new();
                    }
                    causes.append(&mut more);
                }
                causes
            }
        };
        causes.retain(|cause| *cause != never);
        causes
    }

    /// The causes among what never happens. Of things that wait for each other the first is told.
    fn root_causes(&self) -> Vec<Never> {
        let causes: Vec<(Never, Vec<Never>)> = self.nevers.iter().map(|never| (*never, self.causes(*never))).collect();
        let mut told = Vec::new();
        let mut settled: BTreeSet<Never> = BTreeSet::new();
        loop {
            let mut open = causes.iter().filter(|(never, _)| !settled.contains(never));
            let next = open.clone().find(|(_, causes)| causes.is_empty()).or_else(|| open.next());
            let Some((next, _)) = next else { return told };
            told.push(*next);
            settled.insert(*next);
            loop {
                let before = settled.len();
                for (never, causes) in &causes {
                    if causes.iter().any(|cause| settled.contains(cause)) {
                        settled.insert(*never);
                    }
                }
                if settled.len() == before {
                    break;
                }
            }
        }
    }

    pub(super) fn faults(mut self) -> Vec<ReachFault> {
        self.report_nevers();
        self.report_needs();
        self.report_stuck();
        self.report_left_assets();
        self.report_endless();
        self.found.sort_by_key(|(place, _)| *place);
        self.found.into_iter().map(|(_, fault)| fault).collect()
    }

    fn report(&mut self, step: usize, outcome: Option<usize>, message: String, mend: String) {
        let key = self.procedure.steps.get(step);
        let named = outcome.and_then(|outcome| key?.outcomes.get(outcome)).map(|outcome| outcome.key.clone());
        let place = (step, outcome.map_or(0, |outcome| outcome + 1));
        self.found.push((place, ReachFault { step: key.map(|step| step.key.clone()), outcome: named, message, mend }));
    }

    /// Tells of several outcomes of one step with the same reasons as of one fault.
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
            let keys = names.iter().filter_map(|name| self.procedure.steps.get(step)?.outcomes.get(*name));
            let named: Vec<String> = keys.map(|outcome| format!("`{}`", outcome.key)).collect();
            let message = format!("step `{}`: {}", self.key(step), say(step, &named.join(", "), &why));
            let only = (names.len() == 1).then_some(outcome);
            self.report(step, only, message, how_to_mend(&why));
        }
    }

    fn report_nevers(&mut self) {
        let mut closed = Vec::new();
        for never in self.root_causes() {
            match never {
                Never::Visited(step) => {
                    let message = format!("step `{}` is never visited: no arrow leads to it", self.key(step));
                    self.report(step, None, message, "let an outcome's `to` name it, or take it out".to_owned());
                }
                Never::Signable(step) => {
                    let record = self.procedure.steps.get(step).and_then(|step| step.signs.clone()).unwrap_or_default();
                    let message = format!(
                        "step `{}` signs `{record}`, which is never there on any visit of the step",
                        self.key(step)
                    );
                    let mend = format!("let an outcome of an earlier step bring or produce the document `{record}`");
                    self.report(step, None, message, mend);
                }
                Never::Open(step, outcome) => closed.push((step, outcome, self.why(step, outcome))),
            }
        }
        self.report_grouped(closed, |_, names, why| format!("{names} can never be taken: {}", in_words(why)));
    }

    /// Outcomes whose conditions hold in a state in which their needs are not met, though they are elsewhere.
    fn report_needs(&mut self) {
        let mut closed = Vec::new();
        let mut ways = Vec::new();
        for (step, tallies) in self.tallies.iter().enumerate() {
            for (outcome, tally) in tallies.iter().enumerate() {
                if let (true, Some(closings)) = (tally.is_open, &tally.in_need) {
                    closed.push((step, outcome, closings.why().to_vec()));
                    ways.push((step, closings.why().to_vec(), closings.came_by.clone()));
                }
            }
        }
        self.report_grouped(closed, |step, names, why| {
            // Another step may lack the same, reached by another arrow.
            let way = ways.iter().find(|(its, known, _)| *its == step && known == why);
            let way = way.and_then(|(_, _, way)| way.clone());
            let way = way.map(|way| format!(" after `{}`", String::from(way))).unwrap_or_default();
            format!("{names} may be due{way} though it cannot be taken: {}", in_words(why))
        });
    }

    /// States in which nobody can do anything, for no lack that is told already.
    fn report_stuck(&mut self) {
        let mut known = BTreeSet::new();
        for (place, state) in self.space.states.iter().enumerate() {
            if self.stuck.get(place) != Some(&true) {
                continue;
            }
            let Some(standing) = &state.at else {
                self.report_leading_nowhere(place, &mut known);
                continue;
            };
            let index = self.index(&standing.step);
            if let Some(step) = index.and_then(|index| self.procedure.steps.get(index)) {
                let mut outcomes = step.outcomes.iter();
                let is_in_need = outcomes.any(|outcome| match opening(self.procedure, state, step, outcome) {
                    Opening::Closed(refusals) => !refusals.iter().any(is_condition),
                    Opening::Open => false,
                });
                let tallies = index.and_then(|index| self.tallies.get(index)).into_iter().flatten();
                let is_never = !step.outcomes.is_empty() && tallies.into_iter().all(|tally| !tally.is_open);
                if is_in_need || is_never {
                    continue;
                }
            }
            let way = standing.came_by.clone().map(String::from).unwrap_or_default();
            if known.insert((standing.step.clone(), way.clone())) {
                let message = format!(
                    "step `{}`, reached by `{way}`: no outcome can be taken and nothing can be signed",
                    standing.step
                );
                let mend = format!("give the step an outcome that is open after `{way}`, or lead that arrow elsewhere");
                self.report(index.unwrap_or(usize::MAX), None, message, mend);
            }
        }
    }

    /// An outcome with neither `to` nor `ends`.
    fn report_leading_nowhere(&mut self, place: usize, known: &mut BTreeSet<(String, String)>) {
        let before = self.space.before.get(place).into_iter().flatten();
        for state in before.filter_map(|before| self.space.states.get(*before)) {
            let Some(standing) = &state.at else { continue };
            let Some(step) = self.index(&standing.step) else { continue };
            let outcome = self.space.states.get(place).and_then(|state| state.last.get(&standing.step));
            let Some(outcome) = outcome.cloned() else { continue };
            if known.insert((standing.step.clone(), outcome.clone())) {
                let index = self
                    .procedure
                    .steps
                    .get(step)
                    .and_then(|step| step.outcomes.iter().position(|known| known.key == outcome));
                let message = format!("step `{}`: `{outcome}` leads nowhere", standing.step);
                self.report(step, index, message, "give the outcome a `to` or an `ends`".to_owned());
            }
        }
    }

    /// Ends with success that leave an asset which nobody was given: nothing frees its name or place any more.
    fn report_left_assets(&mut self) {
        let mut known = BTreeSet::new();
        for (place, state) in self.space.states.iter().enumerate() {
            let is_left = matches!(state.asset, Some(Stage::Reserved | Stage::Provisioned | Stage::Verified));
            if state.status != Status::Completed || !is_left {
                continue;
            }
            for before in self.space.before.get(place).into_iter().flatten() {
                let Some(standing) = self.space.states.get(*before).and_then(|state| state.at.as_ref()) else {
                    continue;
                };
                let Some(step) = self.index(&standing.step) else { continue };
                let outcome = state.last.get(&standing.step);
                let outcomes = self.procedure.steps.get(step).map(|step| step.outcomes.iter());
                let index = outcomes.and_then(|mut outcomes| outcomes.position(|known| Some(&known.key) == outcome));
                if known.insert((step, index)) {
                    let message = format!(
                        "step `{}`: `{}` completes the request with an asset that is reserved or made and not delivered",
                        standing.step,
                        outcome.cloned().unwrap_or_default()
                    );
                    self.report(step, index, message, "give the outcome `effect = \"deliver\"`".to_owned());
                }
            }
        }
    }

    /// States that go round and round: acts are possible for ever, and none leads to an end or to a state told already.
    fn report_endless(&mut self) {
        let states = self.space.states.iter().enumerate();
        let ends = states.filter(|(_, state)| state.status.is_end()).map(|(place, _)| place);
        let ending = self.space.leads_to(ends);
        let stuck = self.stuck.iter().enumerate().filter(|(_, stuck)| **stuck).map(|(place, _)| place);
        let sticking = self.space.leads_to(stuck);
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
                let standing = self.space.states.get(place).and_then(|state| state.at.as_ref());
                steps.extend(standing.and_then(|standing| self.index(&standing.step)));
                let neighbours = [self.space.before.get(place), self.space.after.get(place)];
                queue.extend(neighbours.into_iter().flatten().flatten());
            }
            let Some(first) = steps.first().copied() else { continue };
            if known.insert(steps.clone()) {
                let names: Vec<String> = steps.iter().map(|step| format!("`{}`", self.key(*step))).collect();
                let message =
                    format!("no end can be reached from here; the request goes round in {}", names.join(", "));
                let mend = "give one of these steps an outcome that ends the request or leads out".to_owned();
                self.report(first, None, message, mend);
            }
        }
    }
}

fn is_at(state: &State, step: &str) -> bool {
    state.at.as_ref().is_some_and(|standing| standing.step == step)
}

/// Whether a refusal says that an outcome is not meant to be open, rather than that something lacks.
fn is_condition(refusal: &Refusal) -> bool {
    !matches!(refusal, Refusal::Missing { .. } | Refusal::AssetNotReady)
}
