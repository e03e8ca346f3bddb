//! Checks of a procedure by itself, independent of policy and people. That every state can reach an end is proven by
//! the step machine (`workflow::reach`).

mod arrows;
mod asset;
mod effect;
mod head;
mod records;
mod schema;
mod steps;

use super::{Effect, Fault, Located, Office, Origin, Outcome, Requirement, Step};

pub use schema::check_forms;

/// Returns all faults of a procedure, each at its line.
pub fn check(located: &Located, office: &Office) -> Vec<Fault> {
    let mut checker = ProcedureCheck { located, office, faults: Vec::new() };
    checker.head();
    checker.records();
    checker.details();
    checker.asset();
    checker.forms();
    if located.procedure.steps.is_empty() {
        checker.fault(&["steps"], "the procedure has no step", "write at least a first and a last step");
    }
    for (index, step) in located.procedure.steps.iter().enumerate() {
        checker.step(index, step);
        for (place, outcome) in step.outcomes.iter().enumerate() {
            let at = OutcomePlace {
                step,
                outcome,
                path: ["steps".into(), index_key(index), "outcomes".into(), index_key(place)],
            };
            checker.arrow(&at);
            checker.conditions(&at);
            checker.outcome_records(&at);
            checker.carries(&at);
            checker.effect(&at);
            checker.disposition(&at);
        }
    }
    checker.first_step();
    checker.arrows();
    let mut faults = checker.faults;
    faults.sort_by_key(|fault| fault.line);
    faults
}

/// A check in progress, with its faults so far.
struct ProcedureCheck<'a> {
    located: &'a Located,
    office: &'a Office,
    faults: Vec<Fault>,
}

/// An outcome and its place.
struct OutcomePlace<'a> {
    step: &'a Step,
    outcome: &'a Outcome,
    path: [String; 4],
}

impl OutcomePlace<'_> {
    /// The path to a field of the outcome, and on.
    fn to<'s>(&'s self, fields: &[&'s str]) -> Vec<&'s str> {
        self.path.iter().map(String::as_str).chain(fields.iter().copied()).collect()
    }

    /// The path to a record in a list of the outcome, or of its step if it has none.
    fn to_record<'s>(&'s self, own: bool, list: &'s str, record: &'s str) -> Vec<&'s str> {
        if own { self.to(&[list, record]) } else { vec!["steps", &self.path[1], list, record] }
    }

    /// The outcome as conditions write it.
    fn name(&self) -> String {
        format!("{}:{}", self.step.key, self.outcome.key)
    }
}

/// A path component for an index, even among keys.
fn index_key(index: usize) -> String {
    format!("#{index}")
}

/// True if an act may or must bring something.
fn is_wanted(requirement: Requirement) -> bool {
    requirement != Requirement::None
}

impl<'a> ProcedureCheck<'a> {
    fn fault(&mut self, path: &[&str], message: impl Into<String>, mend: impl Into<String>) {
        self.push(Fault::error(&self.located.file, self.located.line(path), message, mend));
    }

    fn warning(&mut self, path: &[&str], message: impl Into<String>, mend: impl Into<String>) {
        self.push(Fault::warning(&self.located.file, self.located.line(path), message, mend));
    }

    fn push(&mut self, fault: Fault) {
        // Lists inherited from the step are checked once for each outcome.
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// Refuses a blank text.
    fn refuse_blank(&mut self, path: &[&str], text: &str, what: &str) {
        if text.trim().is_empty() {
            self.fault(path, format!("the {what} is blank"), "write it as it is printed");
        }
    }

    /// Every outcome with its step.
    fn outcomes(&self) -> impl Iterator<Item = (&'a Step, &'a Outcome)> + use<'a> {
        self.located.procedure.steps.iter().flat_map(|step| step.outcomes.iter().map(move |outcome| (step, outcome)))
    }

    /// True if some outcome has an effect.
    fn has_effect(&self, effect: Effect) -> bool {
        self.outcomes().any(|(_, outcome)| outcome.effect == Some(effect))
    }

    /// True if some act can produce a record.
    fn is_made(&self, record: &str) -> bool {
        let names = |list: &[String]| list.iter().any(|name| name == record);
        match self.located.procedure.origin(record) {
            None | Some(Origin::Letter | Origin::Form) => true,
            Some(Origin::Asset) => self.has_effect(Effect::Provision),
            Some(Origin::Disposition | Origin::State) => {
                self.outcomes().any(|(step, outcome)| names(step.produces(outcome)))
            }
            Some(Origin::Document) => self.outcomes().any(|(step, outcome)| {
                names(step.produces(outcome)) || names(step.brings(outcome)) || names(&outcome.may_add)
            }),
        }
    }

    /// Refuses an unknown record, or one of another origin than `document` in such a role.
    fn expect_record(&mut self, path: &[&str], record: &str, role: Option<&str>) -> bool {
        match (self.located.procedure.origin(record), role) {
            (None, _) => {
                let message = format!("there is no record `{record}`");
                self.fault(path, message, "correct the name, or describe the record under [records]");
                false
            }
            (Some(Origin::Document), _) | (Some(_), None) => true,
            (Some(_), Some(role)) => {
                let message = format!("`{record}` is {role} and is not a document");
                self.fault(path, message, "name a record of origin \"document\"");
                false
            }
        }
    }

    /// Refuses a needed record that is unknown or never produced.
    fn expect_needed(&mut self, path: &[&str], record: &str, role: Option<&str>) {
        if self.expect_record(path, record, role) && !self.is_made(record) {
            let message = format!("`{record}` is needed here and nothing produces it");
            self.fault(path, message, "let a step produce it, or do not ask for it");
        }
    }

    /// Refuses records named twice in a list.
    fn refuse_repeats(&mut self, path: &[&str], list: &[String]) {
        for (index, record) in list.iter().enumerate() {
            if list.iter().take(index).any(|other| other == record) {
                let at = index_key(index);
                let path: Vec<&str> = path.iter().copied().chain([at.as_str()]).collect();
                self.fault(&path, format!("`{record}` stands twice in this list"), "remove one of the two");
            }
        }
    }
}

#[cfg(test)]
mod tests;
