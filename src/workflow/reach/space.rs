//! The state space of a procedure: reachable states and transitions.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::procedure::{Origin, Outcome, Procedure, Requirement, Step};
use crate::workflow::{Act, Decision, Execution, Opening, SignatureStatus, State, Status};
use crate::workflow::{asset_wanted, decide, opening, signable, submit};

/// Limits of an exploration.
#[derive(Debug, Clone, Copy)]
pub(super) struct WalkLimits {
    pub(super) states: usize,
    pub(super) acts: usize,
}

/// The limits for a procedure: some seconds at most. The largest SOP at hand has some hundreds of states.
pub(super) const LIMITS: WalkLimits = WalkLimits { states: 50_000, acts: 250_000 };

/// The result of an exploration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum WalkResult {
    #[default]
    Whole,
    TooManyStates,
    TooManyActs,
}

/// The state abstraction: the parts of a state read by a rule of the procedure.
pub(super) struct Abstraction<'a> {
    /// Records read by presence.
    there: BTreeSet<&'a str>,
    /// Documents read with their signature status.
    marked: BTreeSet<&'a str>,
    /// Steps read with their latest outcome.
    ended: BTreeSet<&'a str>,
}

impl<'a> Abstraction<'a> {
    pub(super) fn from_procedure(procedure: &'a Procedure) -> Self {
        let (mut there, mut marked, mut ended) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for step in &procedure.steps {
            marked.extend(step.signs.as_deref());
            for outcome in &step.outcomes {
                there.extend(step.requires(outcome).iter().map(String::as_str));
                marked.extend([&outcome.signed, &outcome.refused].into_iter().flatten().map(String::as_str));
                marked.extend(outcome.carries.iter().map(|carry| carry.from.as_str()));
                ended.extend(outcome.last.iter().map(|arrow| arrow.step.as_str()));
            }
        }
        there.extend(&marked);
        // A record of origin `state` is there as long as its step ended so.
        let makes = |step: &Step, outcome: &Outcome| {
            let mut produced = step.produces(outcome).iter();
            produced.any(|it| procedure.origin(it) == Some(Origin::State) && there.contains(it.as_str()))
        };
        let makers = procedure.steps.iter().filter(|step| step.outcomes.iter().any(|outcome| makes(step, outcome)));
        ended.extend(makers.map(|step| step.key.as_str()));
        Self { there, marked, ended }
    }

    /// The abstraction of rules that read every record and every step.
    pub(super) fn everything(procedure: &'a Procedure) -> Self {
        let records: BTreeSet<&str> = procedure.records.keys().map(String::as_str).collect();
        let ended = procedure.steps.iter().map(|step| step.key.as_str()).collect();
        Self { there: records.clone(), marked: records, ended }
    }

    /// Removes the parts of a state read by no rule: states alike in the rest have the same future.
    pub(super) fn apply(&self, state: &State) -> State {
        let mut state = normalised(state.clone());
        state.documents.retain(|record, _| self.there.contains(record.as_str()));
        for (record, mark) in &mut state.documents {
            if !self.marked.contains(record.as_str()) {
                *mark = SignatureStatus::Unsigned;
            }
        }
        state.dispositions.retain(|record| self.there.contains(record.as_str()));
        // Ends are told apart by their outcome.
        if state.at.is_some() {
            state.last.retain(|step, _| self.ended.contains(step.as_str()));
        }
        state
    }

    /// Whether a new document makes a difference: an undecided copy may replace one like it without any.
    fn matters(&self, state: &State, record: &str) -> bool {
        let again = match self.marked.contains(record) {
            true => state.signature_status(record) == Some(SignatureStatus::Unsigned),
            false => state.signature_status(record).is_some(),
        };
        self.there.contains(record) && !again
    }
}

/// An optional input of an act.
enum OptionalInput<'a> {
    Disposition,
    Asset,
    Document(&'a str),
}

/// Iterates over the acts allowed in a state, lazily: optional documents make for many combinations.
pub(super) fn proposals<'a>(
    procedure: &'a Procedure,
    read: &'a Abstraction<'a>,
    state: &'a State,
) -> impl Iterator<Item = Act> + 'a {
    let step = state.at.as_ref().and_then(|current| procedure.step(&current.step));
    let returned = state.status == Status::Returned;
    let resubmit = (returned && step.is_some_and(|step| !step.outcomes.is_empty())).then_some(Act::Resubmit);
    let outcomes =
        step.filter(|_| !returned).into_iter().flat_map(|step| step.outcomes.iter().map(move |it| (step, it)));
    let open = outcomes.filter(move |(step, outcome)| opening(procedure, state, step, outcome) == Opening::Open);
    let executions = open.flat_map(move |(step, outcome)| executions(procedure, read, state, step, outcome));
    let sign = |record: &str, decision| Act::Sign { record: record.to_owned(), decision };
    let signs = signable(procedure, state).into_iter();
    let signs = signs.flat_map(move |record| [sign(record, Decision::Sign), sign(record, Decision::Refuse)]);
    resubmit.into_iter().chain(executions.map(Act::Execute)).chain(signs)
}

/// Returns the smallest execution of an open outcome, then each combination with its optional inputs.
fn executions<'a>(
    procedure: &'a Procedure,
    read: &Abstraction<'_>,
    state: &State,
    step: &'a Step,
    outcome: &'a Outcome,
) -> impl Iterator<Item = Execution> + use<'a> {
    let wanted = step.documents_wanted(procedure, outcome);
    let is_required = |requirement| requirement == Requirement::Required;
    let asset = asset_wanted(state, outcome);
    let least = Execution {
        step: step.key.clone(),
        outcome: outcome.key.clone(),
        documents: wanted.iter().map(|record| (*record).to_owned()).collect(),
        note: is_required(outcome.note),
        disposition: is_required(outcome.disposition),
        asset: is_required(asset),
        secret: is_required(outcome.secret),
        recipient: is_required(outcome.recipient),
    };
    let mut choices = Vec::new();
    choices.extend((outcome.disposition == Requirement::Optional).then_some(OptionalInput::Disposition));
    choices.extend((asset == Requirement::Optional).then_some(OptionalInput::Asset));
    let extra = outcome.may_add.iter().map(String::as_str);
    let extra = extra.filter(|record| !wanted.contains(record) && read.matters(state, record));
    choices.extend(extra.map(OptionalInput::Document));
    // More choices than bits are more acts than any limit.
    let combinations = 1_u64.checked_shl(u32::try_from(choices.len()).unwrap_or(u32::MAX)).unwrap_or(u64::MAX);
    (0..combinations).map(move |chosen| {
        let mut execution = least.clone();
        for (_, choice) in choices.iter().enumerate().take(64).filter(|(bit, _)| (chosen >> bit) & 1 == 1) {
            match choice {
                OptionalInput::Disposition => execution.disposition = true,
                OptionalInput::Asset => execution.asset = true,
                OptionalInput::Document(record) => {
                    execution.documents.insert((*record).to_owned());
                }
            }
        }
        execution
    })
}

/// Removes the counters of a state: nothing later depends on them.
pub fn normalised(mut state: State) -> State {
    state.version = 0;
    state.visits.clear();
    if let Some(current) = &mut state.at {
        current.visit = 0;
    }
    state
}

/// All reachable states with their transitions.
#[derive(Default)]
pub(super) struct StateSpace {
    /// One state of each kind.
    pub(super) states: Vec<State>,
    /// For each state, its predecessors.
    pub(super) before: Vec<Vec<usize>>,
    /// For each state, its successors.
    pub(super) after: Vec<Vec<usize>>,
    pub(super) walked: WalkResult,
}

impl StateSpace {
    pub(super) fn walk(procedure: &Procedure, limits: WalkLimits) -> Self {
        let read = Abstraction::from_procedure(procedure);
        let mut space = Self::default();
        let mut known: HashMap<State, usize> = HashMap::new();
        let mut acts = 0;
        if let Some(first) = submit(procedure) {
            known.insert(read.apply(&first), 0);
            space.states.push(normalised(first));
        }
        while let Some(state) = space.states.get(space.after.len()).cloned() {
            let mut followers = Vec::new();
            for act in proposals(procedure, &read, &state) {
                acts += 1;
                if acts > limits.acts {
                    space.walked = WalkResult::TooManyActs;
                    return space;
                }
                let Ok(next) = decide(procedure, &state, &act) else { continue };
                let kind = read.apply(&next);
                let place = match known.get(&kind) {
                    Some(place) => *place,
                    None if space.states.len() >= limits.states => {
                        space.walked = WalkResult::TooManyStates;
                        return space;
                    }
                    None => {
                        known.insert(kind, space.states.len());
                        space.states.push(normalised(next));
                        space.states.len() - 1
                    }
                };
                followers.push(place);
            }
            followers.sort_unstable();
            followers.dedup();
            space.after.push(followers);
        }
        space.before = vec![Vec::new(); space.states.len()];
        for (place, followers) in space.after.iter().enumerate() {
            for follower in followers {
                if let Some(before) = space.before.get_mut(*follower) {
                    before.push(place);
                }
            }
        }
        space
    }

    /// For each state, whether a path leads from it to one of the goals.
    pub(super) fn leads_to(&self, goals: impl Iterator<Item = usize>) -> Vec<bool> {
        let mut leads = vec![false; self.states.len()];
        let mut queue: VecDeque<usize> = goals.collect();
        while let Some(place) = queue.pop_front() {
            match leads.get_mut(place) {
                Some(known) if !*known => *known = true,
                _ => continue,
            }
            queue.extend(self.before.get(place).into_iter().flatten());
        }
        leads
    }
}
