//! Checks of steps: keys, printed words, standard times, and the first step.

use super::{OutcomePlace, ProcedureCheck, index_key, is_wanted};
use crate::procedure::source::{KEY_MEND, is_key};
use crate::procedure::{Origin, Requirement, Step, TimeUnit};

/// More units than this is no standard time of one step.
const LONGEST: u32 = 1000;

impl ProcedureCheck<'_> {
    pub(super) fn step(&mut self, index: usize, step: &Step) {
        let procedure = &self.located.procedure;
        let at = index_key(index);
        if !is_key(&step.key) {
            self.fault(&["steps", &at, "key"], format!("`{}` is no key for a step", step.key), KEY_MEND);
        }
        if procedure.steps.iter().take(index).any(|other| other.key == step.key) {
            let message = format!("two steps have the key `{}`", step.key);
            self.fault(&["steps", &at, "key"], message, "give each step a key of its own");
        }
        if step.outcomes.is_empty() {
            let message = format!("step `{}` has no outcome: nothing can end it", step.key);
            self.fault(&["steps", &at], message, "give it at least one [[steps.outcomes]]");
        }
        self.refuse_blank(&["steps", &at, "activity"], &step.activity, &format!("activity of step `{}`", step.key));
        if let Some(number) = &step.number {
            self.refuse_blank(&["steps", &at, "number"], number, &format!("number of step `{}`", step.key));
        }
        self.outcome_keys(&at, step);
        self.time(&at, step);
        if let Some(record) = &step.signs {
            self.expect_needed(&["steps", &at, "signs"], record, Some("signed"));
        }
        let lists = [("requires", &step.requires), ("brings", &step.brings), ("produces", &step.produces)];
        for (list, records) in lists {
            self.refuse_repeats(&["steps", &at, list], records);
            for record in records {
                self.expect_record(&["steps", &at, list, record], record, (list == "brings").then_some("brought"));
            }
        }
    }

    fn outcome_keys(&mut self, at: &str, step: &Step) {
        for (place, outcome) in step.outcomes.iter().enumerate() {
            let here = index_key(place);
            let path = ["steps", at, "outcomes", &here, "key"];
            if !is_key(&outcome.key) {
                self.fault(&path, format!("`{}` is no key for an outcome", outcome.key), KEY_MEND);
            }
            if step.outcomes.iter().take(place).any(|other| other.key == outcome.key) {
                let message = format!("two outcomes of step `{}` have the key `{}`", step.key, outcome.key);
                self.fault(&path, message, "give each outcome of a step a key of its own");
            }
            let label = ["steps", at, "outcomes", &here, "label"];
            self.refuse_blank(&label, &outcome.label, &format!("label of `{}:{}`", step.key, outcome.key));
        }
    }

    fn time(&mut self, at: &str, step: &Step) {
        let Some(time) = &step.time else { return };
        let path = ["steps", at, "time"];
        if time.amount == 0 {
            let message = format!("step `{}` has no time at all", step.key);
            self.fault(&path, message, "give an amount of at least 1, or leave `time` out");
        }
        if time.amount > LONGEST {
            let message =
                format!("step `{}` may take {} units of time, and no step takes so long", step.key, time.amount);
            self.fault(&path, message, format!("give an amount of at most {LONGEST}, in another unit if need be"));
        }
        let printed = time.printed.to_lowercase();
        let words = [("menit", TimeUnit::Minute), ("jam", TimeUnit::Hour), ("hari", TimeUnit::Day)];
        let says = |word: &str| printed.split(|c: char| !c.is_alphabetic()).any(|part| part == word);
        let said: Vec<&(&str, TimeUnit)> = words.iter().filter(|(word, _)| says(word)).collect();
        if let [(word, unit)] = said.as_slice()
            && *unit != time.unit
        {
            let message = format!("step `{}` prints `{}`, and its unit is another", step.key, time.printed);
            let unit = format!("{unit:?}").to_lowercase();
            self.warning(&path, message, format!("write `unit = \"{unit}\"` for `{word}`, or correct what is printed"));
        }
    }

    pub(super) fn disposition(&mut self, at: &OutcomePlace<'_>) {
        let (step, outcome) = (at.step, at.outcome);
        let procedure = &self.located.procedure;
        if is_wanted(outcome.disposition) && (outcome.to.is_none() || procedure.returns(outcome)) {
            let message = format!("the disposition of `{}` is to nobody", at.name());
            self.fault(&at.to(&["disposition"]), message, "let it lead to an official's step, or ask for none");
        }
        if outcome.disposition == Requirement::Required {
            return;
        }
        for record in step.produces(outcome) {
            if procedure.origin(record) == Some(Origin::Disposition) {
                let path = at.to_record(outcome.produces.is_some(), "produces", record);
                let message = format!("`{}` produces `{record}` without a disposition", at.name());
                let mend = "write `disposition = \"required\"`, or let the outcome's `produces` leave it out";
                self.fault(&path, message, mend);
            }
        }
    }

    /// Checks the first step: it is done by submitting, with a letter and a form and nothing else.
    pub(super) fn first_step(&mut self) {
        let procedure = &self.located.procedure;
        let Some(step) = procedure.first_step() else { return };
        if step.outcomes.len() > 1 {
            let message = "the first step has more than one outcome, and submitting chooses none";
            self.fault(&["steps", "#0", "outcomes", "#1"], message, "keep one");
        }
        if step.signs.is_some() {
            let message = "the first step waits for a signature, and submitting ends it at once";
            self.fault(&["steps", "#0", "signs"], message, "let a later step be signed at");
        }
        let Some(outcome) = step.outcomes.first() else { return };
        let path = ["steps", "#0", "outcomes", "#0"];
        let conditional = outcome.came_by.is_some()
            || outcome.last.is_some()
            || outcome.signed.is_some()
            || outcome.refused.is_some();
        if conditional {
            self.fault(&path, "the first step's outcome has a condition", "remove it: submitting is always possible");
        }
        let asks = [outcome.note, outcome.disposition, outcome.asset, outcome.secret, outcome.recipient];
        let documents = !step.documents_wanted(procedure, outcome).is_empty() || !outcome.may_add.is_empty();
        if asks.into_iter().any(is_wanted) || documents || outcome.effect.is_some() || outcome.carries.is_some() {
            let message = "the first step's outcome wants more than the letter and the form";
            self.fault(&path, message, "let a later step want it: submitting brings a letter and a form");
        }
        for record in step.requires(outcome) {
            if !matches!(procedure.origin(record), None | Some(Origin::Letter | Origin::Form)) {
                let message = format!("the first step requires `{record}`, which no submission brings");
                self.fault(&["steps", "#0", "requires", record], message, "require only the letter and the form");
            }
        }
        if outcome.to.is_none() || outcome.to.as_ref() == Some(&step.key) {
            let message = "submitting hands the request to nobody";
            self.fault(&path, message, "let the first step's outcome lead to another step");
        }
    }
}
