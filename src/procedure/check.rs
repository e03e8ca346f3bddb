//! What a procedure must satisfy by itself, whoever performs it. Whether every state can reach an end is the step
//! machine's to prove (`workflow::reach`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::form::properties;
use super::source::{KEY_MEND, is_key};
use super::{Arrow, AssetSpec, Effect, Ending, Fault, Form, Located, Office, Origin, Outcome, Requirement, Step};

/// Everything that is wrong with a procedure, each at its line.
pub fn check(located: &Located, office: &Office) -> Vec<Fault> {
    let mut checker = Checker { located, office, faults: Vec::new() };
    checker.records();
    checker.details();
    checker.asset();
    if located.procedure.steps.is_empty() {
        checker.fault(&["steps"], "the procedure has no step", "Write at least a first and a last step.");
    }
    for (index, step) in located.procedure.steps.iter().enumerate() {
        checker.step(index, step);
        for (place, outcome) in step.outcomes.iter().enumerate() {
            let at = At { step, outcome, path: ["steps".into(), nth(index), "outcomes".into(), nth(place)] };
            checker.arrow(&at);
            checker.conditions(&at);
            checker.outcome_records(&at);
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

/// What is being checked, and what was found.
struct Checker<'a> {
    located: &'a Located,
    office: &'a Office,
    faults: Vec<Fault>,
}

/// An outcome and where it stands.
struct At<'a> {
    step: &'a Step,
    outcome: &'a Outcome,
    path: [String; 4],
}

impl At<'_> {
    /// The path to a field of the outcome, and on.
    fn to<'s>(&'s self, fields: &[&'s str]) -> Vec<&'s str> {
        self.path.iter().map(String::as_str).chain(fields.iter().copied()).collect()
    }

    /// The path to a record in a list that the outcome may leave to its step.
    fn to_record<'s>(&'s self, own: bool, list: &'s str, record: &'s str) -> Vec<&'s str> {
        if own { self.to(&[list, record]) } else { vec!["steps", &self.path[1], list, record] }
    }

    /// The outcome as conditions write it.
    fn name(&self) -> String {
        format!("{}:{}", self.step.key, self.outcome.key)
    }
}

/// A component of a path that is an index, whatever the keys are.
fn nth(index: usize) -> String {
    format!("#{index}")
}

/// Whether an act may or must bring something.
fn wanted(requirement: Requirement) -> bool {
    requirement != Requirement::None
}

impl<'a> Checker<'a> {
    fn fault(&mut self, path: &[&str], message: impl Into<String>, mend: impl Into<String>) {
        let fault = Fault::error(&self.located.file, self.located.line(path), message, mend);
        // A list that outcomes take from their step is looked at once for each of them.
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn warning(&mut self, path: &[&str], message: impl Into<String>, mend: impl Into<String>) {
        self.faults.push(Fault::warning(&self.located.file, self.located.line(path), message, mend));
    }

    /// Every outcome with its step.
    fn outcomes(&self) -> impl Iterator<Item = (&'a Step, &'a Outcome)> + use<'a> {
        self.located.procedure.steps.iter().flat_map(|step| step.outcomes.iter().map(move |outcome| (step, outcome)))
    }

    /// Whether some outcome has an effect.
    fn somewhere(&self, effect: Effect) -> bool {
        self.outcomes().any(|(_, outcome)| outcome.effect == Some(effect))
    }

    /// Whether any act can make a record be there.
    fn is_made(&self, record: &str) -> bool {
        let names = |list: &[String]| list.iter().any(|name| name == record);
        match self.located.procedure.origin(record) {
            None | Some(Origin::Letter | Origin::Form) => true,
            Some(Origin::Asset) => self.somewhere(Effect::Provision),
            Some(Origin::Disposition | Origin::State) => {
                self.outcomes().any(|(step, outcome)| names(step.produces(outcome)))
            }
            Some(Origin::Document) => self.outcomes().any(|(step, outcome)| {
                names(step.produces(outcome)) || names(step.brings(outcome)) || names(&outcome.may_add)
            }),
        }
    }

    /// Whether a record exists, and is a document where it must be one.
    fn known(&mut self, path: &[&str], record: &str, role: Option<&str>) -> bool {
        match (self.located.procedure.origin(record), role) {
            (None, _) => {
                let message = format!("there is no record `{record}`");
                self.fault(path, message, "Correct the name, or describe the record under [records].");
                false
            }
            (Some(Origin::Document), _) | (Some(_), None) => true,
            (Some(_), Some(role)) => {
                let message = format!("`{record}` is {role} and is not a document");
                self.fault(path, message, "Name a record of origin \"document\".");
                false
            }
        }
    }

    /// A record that must be there at some moment: known, and made by something.
    fn needed(&mut self, path: &[&str], record: &str, role: Option<&str>) {
        if self.known(path, record, role) && !self.is_made(record) {
            let message = format!("`{record}` is needed here and nothing produces it");
            self.fault(path, message, "Let a step produce it, or do not ask for it.");
        }
    }

    /// A record that no two entries of a list name.
    fn twice(&mut self, path: &[&str], list: &[String]) {
        for (index, record) in list.iter().enumerate() {
            if list.iter().take(index).any(|other| other == record) {
                let at = nth(index);
                let path: Vec<&str> = path.iter().copied().chain([at.as_str()]).collect();
                self.fault(&path, format!("`{record}` stands twice in this list"), "Remove one of the two.");
            }
        }
    }

    fn records(&mut self) {
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
            if record.for_applicant && record.origin != Origin::Document {
                let message = format!("`{key}` is not a document, so it cannot become the applicant's");
                self.fault(&path, message, "Remove `for_applicant`, or let its origin be \"document\".");
            }
            if !named.contains(key.as_str()) {
                self.warning(&path, format!("no step names the record `{key}`"), "Name it in a step, or remove it.");
            }
        }
    }

    fn details(&mut self) {
        let details = &self.located.procedure.details;
        if let Err(error) = Form::compile(details, self.office) {
            self.fault(&["details"], format!("the details are no JSON Schema: {error}"), SCHEMA_MEND);
        } else if !describes_an_object(details) {
            self.fault(&["details"], "the details do not describe an object", OBJECT_MEND);
        }
    }

    fn asset(&mut self) {
        let Some(asset) = &self.located.procedure.asset else { return };
        let schema = ["asset", "attributes"];
        if let Err(error) = Form::compile(&asset.attributes, self.office) {
            self.fault(&schema, format!("the attributes are no JSON Schema: {error}"), SCHEMA_MEND);
        } else if !describes_an_object(&asset.attributes) {
            self.fault(&schema, "the attributes do not describe an object", OBJECT_MEND);
        }
        if asset.kind.is_empty() || !asset.kind.chars().all(|c| c.is_ascii_alphanumeric()) {
            let message = format!("`{}` is no kind of asset", asset.kind);
            self.fault(&["asset", "kind"], message, "Write letters and digits, like `CloudAccount`.");
        }
        self.template(asset, "name", &asset.name);
        if let Some(unique) = &asset.unique {
            self.template(asset, "unique", unique);
        }
        if let Some(interval) = &asset.interval {
            for (field, name) in [("place", &interval.place), ("from", &interval.from), ("to", &interval.to)] {
                self.attribute(asset, &["asset", "interval", field], name);
            }
        }
        if let Some(login) = &asset.login {
            self.attribute(asset, &["asset", "login"], login);
        }
        for (name, record) in &asset.numbers {
            let path = ["asset", "numbers", name.as_str()];
            self.attribute(asset, &path, name);
            self.needed(&path, record, Some("what an attribute takes its number from"));
        }
        if !self.somewhere(Effect::Provision) {
            self.fault(&["asset"], "no outcome provisions the asset", "Give an outcome `effect = \"provision\"`.");
        }
    }

    /// A template that names attributes in braces.
    fn template(&mut self, asset: &AssetSpec, field: &str, template: &str) {
        let path = ["asset", field];
        let mend = "Name attributes in braces, like `{username}`.";
        let mut rest = template;
        let mut names = Vec::new();
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}').filter(|(name, _)| !name.contains('{')) else {
                return self.fault(&path, format!("`{template}` has a brace that is not closed"), mend);
            };
            if before.contains('}') {
                break;
            }
            names.push(name);
            rest = after;
        }
        if rest.contains('}') {
            return self.fault(&path, format!("`{template}` has a brace that is not opened"), mend);
        }
        if names.is_empty() {
            return self.fault(&path, format!("`{template}` names no attribute: all assets would be alike"), mend);
        }
        for name in names {
            let required = asset.attributes.get("required").and_then(Value::as_array);
            let required = required.is_some_and(|required| required.iter().any(|one| one.as_str() == Some(name)));
            if self.attribute(asset, &path, name) && !required {
                let message = format!("`{template}` needs the attribute `{name}`, which may be missing");
                self.fault(&path, message, format!("Put `{name}` in the attributes' `required`."));
            }
        }
    }

    /// An attribute that the asset's schema must have.
    fn attribute(&mut self, asset: &AssetSpec, path: &[&str], name: &str) -> bool {
        let known = properties(&asset.attributes).is_some_and(|properties| properties.contains_key(name));
        if !known {
            let message = format!("`{name}` is none of the asset's attributes");
            self.fault(path, message, "Correct the name, or add it under [asset.attributes.properties].");
        }
        known
    }

    fn step(&mut self, index: usize, step: &Step) {
        let procedure = &self.located.procedure;
        let at = nth(index);
        if !is_key(&step.key) {
            self.fault(&["steps", &at, "key"], format!("`{}` is no key for a step", step.key), KEY_MEND);
        }
        if procedure.steps.iter().take(index).any(|other| other.key == step.key) {
            let message = format!("two steps have the key `{}`", step.key);
            self.fault(&["steps", &at, "key"], message, "Give each step a key of its own.");
        }
        if step.outcomes.is_empty() {
            let message = format!("step `{}` has no outcome: nothing can end it", step.key);
            self.fault(&["steps", &at], message, "Give it at least one [[steps.outcomes]].");
        }
        for (place, outcome) in step.outcomes.iter().enumerate() {
            let here = nth(place);
            let path = ["steps", &at, "outcomes", &here, "key"];
            if !is_key(&outcome.key) {
                self.fault(&path, format!("`{}` is no key for an outcome", outcome.key), KEY_MEND);
            }
            if step.outcomes.iter().take(place).any(|other| other.key == outcome.key) {
                let message = format!("two outcomes of step `{}` have the key `{}`", step.key, outcome.key);
                self.fault(&path, message, "Give each outcome of a step a key of its own.");
            }
        }
        if step.time.as_ref().is_some_and(|time| time.amount == 0) {
            let message = format!("step `{}` has no time at all", step.key);
            self.fault(&["steps", &at, "time"], message, "Give an amount of at least 1, or leave `time` out.");
        }
        if let Some(record) = &step.signs {
            self.needed(&["steps", &at, "signs"], record, Some("signed"));
        }
        let lists = [("requires", &step.requires), ("brings", &step.brings), ("produces", &step.produces)];
        for (list, records) in lists {
            self.twice(&["steps", &at, list], records);
            for record in records {
                self.known(&["steps", &at, list, record], record, (list == "brings").then_some("brought"));
            }
        }
    }

    fn arrow(&mut self, at: &At<'_>) {
        let outcome = at.outcome;
        match (&outcome.to, outcome.ends) {
            (Some(_), Some(_)) => {
                let message = format!("`{}` has both `to` and `ends`", at.name());
                self.fault(&at.to(&["ends"]), message, "Keep one: an outcome leads to a step or ends the request.");
            }
            (None, None) => {
                let message = format!("`{}` leads nowhere", at.name());
                self.fault(&at.to(&[]), message, "Give it `to = \"<step>\"` or `ends = \"completed\"`.");
            }
            (Some(to), None) if self.located.procedure.step(to).is_none() => {
                self.fault(&at.to(&["to"]), format!("there is no step `{to}`"), "Write the key of a step.");
            }
            _ => {}
        }
        let needs_note = self.located.procedure.tells_reason(outcome);
        if needs_note && outcome.note != Requirement::Required {
            let message = format!("`{}` tells the applicant no reason", at.name());
            self.fault(&at.to(&["note"]), message, "Write `note = \"required\"`: the applicant must read why.");
        }
    }

    fn conditions(&mut self, at: &At<'_>) {
        let procedure = &self.located.procedure;
        for (field, arrow) in [("came_by", &at.outcome.came_by), ("last", &at.outcome.last)] {
            let Some(Arrow { step, outcome }) = arrow else { continue };
            let path = at.to(&[field]);
            let Some(from) = procedure.step(step) else {
                self.fault(&path, format!("there is no step `{step}`"), "Write a step and its outcome, like `5:no`.");
                continue;
            };
            let Some(found) = from.outcome(outcome) else {
                let message = format!("step `{step}` has no outcome `{outcome}`");
                self.fault(&path, message, "Write a step and its outcome, like `5:no`.");
                continue;
            };
            if field == "came_by" && found.to.as_ref() != Some(&at.step.key) {
                let message = format!("`{step}:{outcome}` does not lead to step `{}`", at.step.key);
                self.fault(&path, message, "Name an arrow that leads to this step, or use `last`.");
            }
        }
        for (field, record) in [("signed", &at.outcome.signed), ("refused", &at.outcome.refused)] {
            let Some(record) = record else { continue };
            let path = at.to(&[field]);
            if !self.known(&path, record, Some(field)) {
                continue;
            }
            let by_signer = procedure.steps.iter().any(|step| step.signs.as_ref() == Some(record));
            // An act that signs what it brings never refuses it.
            let by_act = field == "signed" && self.outcomes().any(|(_, outcome)| outcome.signs.contains(record));
            if !by_signer && !by_act {
                let message = format!("nobody signs or refuses `{record}`, so this outcome never opens");
                self.fault(&path, message, format!("Give the step at which it is signed `signs = \"{record}\"`."));
            }
        }
    }

    fn outcome_records(&mut self, at: &At<'_>) {
        let (step, outcome) = (at.step, at.outcome);
        let own = [("requires", &outcome.requires), ("brings", &outcome.brings), ("produces", &outcome.produces)];
        for (list, records) in own {
            if let Some(records) = records {
                self.twice(&at.to(&[list]), records);
            }
        }
        self.twice(&at.to(&["may_add"]), &outcome.may_add);
        self.twice(&at.to(&["signs"]), &outcome.signs);
        for record in step.requires(outcome) {
            self.needed(&at.to_record(outcome.requires.is_some(), "requires", record), record, None);
        }
        for record in step.brings(outcome) {
            self.known(&at.to_record(outcome.brings.is_some(), "brings", record), record, Some("brought"));
        }
        for record in step.produces(outcome) {
            self.known(&at.to_record(outcome.produces.is_some(), "produces", record), record, None);
        }
        for record in step.produces(outcome) {
            let is_asset = self.located.procedure.origin(record) == Some(Origin::Asset);
            if is_asset && outcome.effect != Some(Effect::Provision) {
                let path = at.to_record(outcome.produces.is_some(), "produces", record);
                let message = format!("`{}` produces `{record}` and provisions nothing", at.name());
                let mend = "Give it `effect = \"provision\"`, or let the outcome's `produces` leave it out.";
                self.fault(&path, message, mend);
            }
        }
        for record in &outcome.may_add {
            self.known(&at.to(&["may_add", record]), record, Some("added"));
        }
        let procedure = &self.located.procedure;
        let comes = step.documents_wanted(procedure, outcome);
        for record in &outcome.signs {
            let path = at.to(&["signs", record]);
            if self.known(&path, record, Some("signed")) && !comes.contains(&record.as_str()) {
                let message = format!("`{}` signs `{record}` and does not bring it", at.name());
                self.fault(&path, message, "Let the outcome bring or produce what it signs.");
            }
        }
        if let Some(carry) = &outcome.carries {
            self.needed(&at.to(&["carries", "from"]), &carry.from, Some("carried over"));
            let path = at.to(&["carries", "to"]);
            if self.known(&path, &carry.to, Some("carried over")) && !comes.contains(&carry.to.as_str()) {
                let message =
                    format!("`{}` does not produce `{}`, which takes over the signatures", at.name(), carry.to);
                self.fault(&path, message, "Let the outcome produce it.");
            }
        }
    }

    fn effect(&mut self, at: &At<'_>) {
        let outcome = at.outcome;
        let asset = self.located.procedure.asset.as_ref();
        if outcome.effect.is_some() && asset.is_none() {
            let message = format!("`{}` has an effect on an asset and the procedure has none", at.name());
            self.fault(&at.to(&["effect"]), message, "Describe the asset under [asset], or remove the effect.");
        }
        let effect = outcome.effect;
        let fits = match effect {
            Some(Effect::Reserve | Effect::Provision) => true,
            Some(Effect::Deliver) => !outcome.asset_changes.is_empty(),
            Some(Effect::Verify) | None => false,
        };
        if wanted(outcome.asset) && !fits {
            let mend = "Give it `effect = \"reserve\"` or `\"provision\"`, or `\"deliver\"` with `asset_changes`.";
            self.fault(&at.to(&["asset"]), format!("`{}` wants an asset it does nothing to", at.name()), mend);
        }
        if wanted(outcome.secret) && effect != Some(Effect::Provision) {
            let message = format!("`{}` wants a secret and provisions nothing", at.name());
            self.fault(&at.to(&["secret"]), message, "Give it `effect = \"provision\"`, or do not ask for a secret.");
        }
        if wanted(outcome.recipient) {
            let secret = self.outcomes().any(|(_, other)| wanted(other.secret));
            if !matches!(effect, Some(Effect::Provision | Effect::Deliver)) || !secret {
                let message = format!("`{}` asks who receives a credential and hands none over", at.name());
                let mend = "Ask where the asset is provisioned or delivered, and for a secret where it is provisioned.";
                self.fault(&at.to(&["recipient"]), message, mend);
            }
        }
        let reserved = self.somewhere(Effect::Reserve);
        let lacks = match effect {
            Some(Effect::Reserve) if outcome.asset != Requirement::Required => {
                Some(("reserves and wants no asset", "Write `asset = \"required\"`."))
            }
            Some(Effect::Provision) if outcome.asset != Requirement::Required && !reserved => {
                Some(("provisions what was neither brought nor reserved", "Write `asset = \"required\"`."))
            }
            Some(Effect::Verify | Effect::Deliver) if !self.somewhere(Effect::Provision) => {
                Some(("needs an asset that nothing provisions", "Give an earlier outcome `effect = \"provision\"`."))
            }
            _ => None,
        };
        if let Some((what, mend)) = lacks {
            self.fault(&at.to(&["effect"]), format!("`{}` {what}", at.name()), mend);
        }
        if outcome.asset_changes.is_empty() {
            return;
        }
        if !wanted(outcome.asset) {
            let message = format!("`{}` says what of the asset it changes and wants no asset", at.name());
            self.fault(&at.to(&["asset_changes"]), message, "Write `asset = \"optional\"` or `\"required\"`.");
        }
        self.twice(&at.to(&["asset_changes"]), &outcome.asset_changes);
        if let Some(asset) = asset {
            for name in &outcome.asset_changes {
                self.attribute(asset, &at.to(&["asset_changes", name]), name);
            }
        }
    }

    fn disposition(&mut self, at: &At<'_>) {
        let (step, outcome) = (at.step, at.outcome);
        let procedure = &self.located.procedure;
        if wanted(outcome.disposition) && (outcome.to.is_none() || procedure.returns(outcome)) {
            let message = format!("the disposition of `{}` is to nobody", at.name());
            self.fault(&at.to(&["disposition"]), message, "Let it lead to an official's step, or ask for none.");
        }
        if outcome.disposition == Requirement::Required {
            return;
        }
        for record in step.produces(outcome) {
            if procedure.origin(record) == Some(Origin::Disposition) {
                let path = at.to_record(outcome.produces.is_some(), "produces", record);
                let message = format!("`{}` produces `{record}` without a disposition", at.name());
                let mend = "Write `disposition = \"required\"`, or let the outcome's `produces` leave it out.";
                self.fault(&path, message, mend);
            }
        }
    }

    /// The first step is done by submitting, which brings a letter and a form and nothing else.
    fn first_step(&mut self) {
        let procedure = &self.located.procedure;
        let Some(step) = procedure.first_step() else { return };
        if step.outcomes.len() > 1 {
            let message = "the first step has more than one outcome, and submitting chooses none";
            self.fault(&["steps", "#0", "outcomes", "#1"], message, "Keep one.");
        }
        if step.signs.is_some() {
            let message = "the first step waits for a signature, and submitting ends it at once";
            self.fault(&["steps", "#0", "signs"], message, "Let a later step be signed at.");
        }
        let Some(outcome) = step.outcomes.first() else { return };
        let path = ["steps", "#0", "outcomes", "#0"];
        let conditional = outcome.came_by.is_some()
            || outcome.last.is_some()
            || outcome.signed.is_some()
            || outcome.refused.is_some();
        if conditional {
            self.fault(&path, "the first step's outcome has a condition", "Remove it: submitting is always possible.");
        }
        let asks = [outcome.note, outcome.disposition, outcome.asset, outcome.secret, outcome.recipient];
        let documents = !step.documents_wanted(procedure, outcome).is_empty() || !outcome.may_add.is_empty();
        if asks.into_iter().any(wanted) || documents || outcome.effect.is_some() || outcome.carries.is_some() {
            let message = "the first step's outcome wants more than the letter and the form";
            self.fault(&path, message, "Let a later step want it: submitting brings a letter and a form.");
        }
        for record in step.requires(outcome) {
            if !matches!(procedure.origin(record), None | Some(Origin::Letter | Origin::Form)) {
                let message = format!("the first step requires `{record}`, which no submission brings");
                self.fault(&["steps", "#0", "requires", record], message, "Require only the letter and the form.");
            }
        }
        if outcome.to.is_none() || outcome.to.as_ref() == Some(&step.key) {
            let message = "submitting hands the request to nobody";
            self.fault(&path, message, "Let the first step's outcome lead to another step.");
        }
    }

    /// Following arrows only: every step is reached, and every step reaches an end.
    fn arrows(&mut self) {
        let steps = &self.located.procedure.steps;
        let Some(first) = steps.first() else { return };
        let mut reached = BTreeSet::from([first.key.as_str()]);
        let mut ending: BTreeSet<&str> = BTreeSet::new();
        // As many rounds as steps are enough: each that changes anything adds a step.
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
            let at = nth(index);
            if !reached.contains(step.key.as_str()) {
                let message = format!("no arrows lead from the first step to step `{}`", step.key);
                self.fault(&["steps", &at], message, "Let an outcome lead to it, or remove it.");
            }
            if !ending.contains(step.key.as_str()) {
                let message = format!("no arrows lead from step `{}` to an end", step.key);
                self.fault(&["steps", &at], message, "Let an outcome on the way have `ends`.");
            }
        }
        if !self.outcomes().any(|(_, outcome)| outcome.ends == Some(Ending::Completed)) {
            let message = "no outcome completes the request";
            self.fault(&["steps"], message, "Give the last step's outcome `ends = \"completed\"`.");
        }
    }
}

/// How to mend a schema.
const SCHEMA_MEND: &str = "Correct the schema: JSON Schema 2020-12, patterns without look-around.";

/// How to mend a schema of something else than an object.
const OBJECT_MEND: &str = "Write `type = \"object\"` and its properties.";

/// Whether a schema describes an object with named properties.
fn describes_an_object(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object") && properties(schema).is_some()
}

#[cfg(test)]
mod tests;
