//! Checks of arrows: targets, guards, and a path from every step to an end.

use std::collections::BTreeSet;

use super::{OutcomePlace, ProcedureCheck, index_key};
use crate::procedure::{Arrow, Ending, Requirement};

impl ProcedureCheck<'_> {
    pub(super) fn arrow(&mut self, at: &OutcomePlace<'_>) {
        let outcome = at.outcome;
        match (&outcome.to, outcome.ends) {
            (Some(_), Some(_)) => {
                let message = format!("`{}` has both `to` and `ends`", at.name());
                self.fault(&at.to(&["ends"]), message, "keep one: an outcome leads to a step or ends the request");
            }
            (None, None) => {
                let message = format!("`{}` leads nowhere", at.name());
                self.fault(&at.to(&[]), message, "give it `to = \"<step>\"` or `ends = \"completed\"`");
            }
            (Some(to), None) if self.located.procedure.step(to).is_none() => {
                self.fault(&at.to(&["to"]), format!("there is no step `{to}`"), "write the key of a step");
            }
            _ => {}
        }
        let needs_note = self.located.procedure.gives_reason(outcome);
        if needs_note && outcome.note != Requirement::Required {
            let message = format!("`{}` tells the applicant no reason", at.name());
            self.fault(&at.to(&["note"]), message, "write `note = \"required\"`: the applicant must read why");
        }
    }

    pub(super) fn conditions(&mut self, at: &OutcomePlace<'_>) {
        let procedure = &self.located.procedure;
        for (field, arrow) in [("came_by", &at.outcome.came_by), ("last", &at.outcome.last)] {
            let Some(Arrow { step, outcome }) = arrow else { continue };
            let path = at.to(&[field]);
            let Some(from) = procedure.step(step) else {
                self.fault(&path, format!("there is no step `{step}`"), "write a step and its outcome, like `5:no`");
                continue;
            };
            let Some(found) = from.outcome(outcome) else {
                let message = format!("step `{step}` has no outcome `{outcome}`");
                self.fault(&path, message, "write a step and its outcome, like `5:no`");
                continue;
            };
            if field == "came_by" && found.to.as_ref() != Some(&at.step.key) {
                let message = format!("`{step}:{outcome}` does not lead to step `{}`", at.step.key);
                self.fault(&path, message, "name an arrow that leads to this step, or use `last`");
            }
        }
        for (field, record) in [("signed", &at.outcome.signed), ("refused", &at.outcome.refused)] {
            let Some(record) = record else { continue };
            let path = at.to(&[field]);
            if !self.expect_record(&path, record, Some(field)) {
                continue;
            }
            let by_signer = procedure.steps.iter().any(|step| step.signs.as_ref() == Some(record));
            // An act never refuses a document of its own.
            let by_act = field == "signed" && self.outcomes().any(|(_, outcome)| outcome.signs.contains(record));
            if !by_signer && !by_act {
                let message = format!("nobody signs or refuses `{record}`, so this outcome never opens");
                self.fault(&path, message, format!("give the step at which it is signed `signs = \"{record}\"`"));
            }
        }
    }

    /// Following arrows only: every step is reached, and every step reaches an end.
    pub(super) fn arrows(&mut self) {
        let steps = &self.located.procedure.steps;
        let Some(first) = steps.first() else { return };
        if self
            .outcomes()
            .any(|(_, outcome)| outcome.to.as_deref().is_some_and(|to| self.located.procedure.step(to).is_none()))
        {
            // A missing target explains the rest.
            return;
        }
        let mut reached = BTreeSet::from([first.key.as_str()]);
        let mut ending: BTreeSet<&str> = BTreeSet::new();
        // As many rounds as steps are enough: each round with a change adds a step.
        for _ in steps {
            for (step, outcome) in self.outcomes() {
                if let Some(to) = outcome.to.as_deref()
                    && reached.contains(step.key.as_str())
                {
                    reached.insert(to);
                }
                let ends = outcome.ends.is_some();
                if ends || outcome.to.as_deref().is_some_and(|to| ending.contains(to)) {
                    ending.insert(&step.key);
                }
            }
        }
        for (index, step) in steps.iter().enumerate() {
            let at = index_key(index);
            if !reached.contains(step.key.as_str()) {
                let message = format!("no arrows lead from the first step to step `{}`", step.key);
                self.fault(&["steps", &at], message, "let an outcome lead to it, or remove it");
            }
            if !ending.contains(step.key.as_str()) {
                let message = format!("no arrows lead from step `{}` to an end", step.key);
                self.fault(&["steps", &at], message, "let an outcome on the way have `ends`");
            }
        }
        if !self.outcomes().any(|(_, outcome)| outcome.ends == Some(Ending::Completed)) {
            let message = "no outcome completes the request";
            self.fault(&["steps"], message, "give the last step's outcome `ends = \"completed\"`");
        }
    }
}
