//! Checks of records and of the lists naming them.

use std::collections::BTreeSet;

use super::{OutcomePlace, ProcedureCheck};
use crate::procedure::source::{KEY_MEND, is_key};
use crate::procedure::{Effect, Origin};

impl ProcedureCheck<'_> {
    pub(super) fn records(&mut self) {
        let procedure = &self.located.procedure;
        let mut named: BTreeSet<&str> = BTreeSet::new();
        for step in &procedure.steps {
            named.extend([&step.requires, &step.brings, &step.produces].into_iter().flatten().map(String::as_str));
            named.extend(step.signs.as_deref());
            for outcome in &step.outcomes {
                for list in [step.requires(outcome), step.brings(outcome), step.produces(outcome), &outcome.may_add] {
                    named.extend(list.iter().map(String::as_str));
                }
            }
        }
        for (key, record) in &procedure.records {
            let path = ["records", key.as_str()];
            if !is_key(key) {
                self.fault(&path, format!("`{key}` is no key for a record"), KEY_MEND);
            }
            self.refuse_blank(&path, &record.name, &format!("name of the record `{key}`"));
            if record.for_applicant && record.origin != Origin::Document {
                let message = format!("`{key}` is not a document, so it cannot become the applicant's");
                self.fault(&path, message, "remove `for_applicant`, or let its origin be \"document\"");
            }
            if !named.contains(key.as_str()) {
                self.warning(&path, format!("no step names the record `{key}`"), "name it in a step, or remove it");
            }
        }
    }

    pub(super) fn outcome_records(&mut self, at: &OutcomePlace<'_>) {
        let (step, outcome) = (at.step, at.outcome);
        let own = [("requires", &outcome.requires), ("brings", &outcome.brings), ("produces", &outcome.produces)];
        for (list, records) in own {
            if let Some(records) = records {
                self.refuse_repeats(&at.to(&[list]), records);
            }
        }
        self.refuse_repeats(&at.to(&["may_add"]), &outcome.may_add);
        self.refuse_repeats(&at.to(&["signs"]), &outcome.signs);
        for record in step.requires(outcome) {
            self.expect_needed(&at.to_record(outcome.requires.is_some(), "requires", record), record, None);
        }
        for record in step.brings(outcome) {
            self.expect_record(&at.to_record(outcome.brings.is_some(), "brings", record), record, Some("brought"));
        }
        for record in step.produces(outcome) {
            let path = at.to_record(outcome.produces.is_some(), "produces", record);
            self.expect_record(&path, record, None);
            let is_asset = self.located.procedure.origin(record) == Some(Origin::Asset);
            if is_asset && outcome.effect != Some(Effect::Provision) {
                let message = format!("`{}` produces `{record}` and provisions nothing", at.name());
                let mend = "give it `effect = \"provision\"`, or let the outcome's `produces` leave it out";
                self.fault(&path, message, mend);
            }
        }
        for record in &outcome.may_add {
            self.expect_record(&at.to(&["may_add", record]), record, Some("added"));
        }
        let comes = step.documents_wanted(&self.located.procedure, outcome);
        for record in &outcome.signs {
            let path = at.to(&["signs", record]);
            if self.expect_record(&path, record, Some("signed")) && !comes.contains(&record.as_str()) {
                let message = format!("`{}` signs `{record}` and does not bring it", at.name());
                self.fault(&path, message, "let the outcome bring or produce what it signs");
            }
        }
    }

    /// Checks a carry: a signed document of an earlier act, and the produced document that takes over its title and
    /// signatures.
    pub(super) fn carries(&mut self, at: &OutcomePlace<'_>) {
        let outcome = at.outcome;
        let Some(carry) = &outcome.carries else { return };
        let comes = at.step.documents_wanted(&self.located.procedure, outcome);
        let (from, to) = (at.to(&["carries", "from"]), at.to(&["carries", "to"]));
        self.expect_needed(&from, &carry.from, Some("carried over"));
        if self.expect_record(&to, &carry.to, Some("carried over")) && !comes.contains(&carry.to.as_str()) {
            let message = format!("`{}` does not produce `{}`, which takes over the signatures", at.name(), carry.to);
            self.fault(&to, message, "let the outcome produce it");
        }
        if carry.from == carry.to {
            let message = format!("`{}` carries `{}` over to itself", at.name(), carry.to);
            return self.fault(&to, message, "name the signed document as `from` and the one that is sent as `to`");
        }
        if comes.contains(&carry.from.as_str()) || outcome.may_add.contains(&carry.from) {
            let message =
                format!("`{}` brings a new `{}`, so the one it carries over is never signed", at.name(), carry.from);
            self.fault(&from, message, "let an earlier step bring it, where it is signed before this one");
        }
        if outcome.signed.as_ref() != Some(&carry.from) {
            let message = format!("`{}` carries over `{}` whether it is signed or not", at.name(), carry.from);
            self.fault(&from, message, format!("write `signed = \"{}\"` in this outcome", carry.from));
        }
        if outcome.signs.contains(&carry.to) {
            let message = format!("`{}` signs `{}` itself, which takes over other signatures", at.name(), carry.to);
            self.fault(&at.to(&["signs", &carry.to]), message, "keep one: `signs` or `carries`");
        }
    }
}
