//! Performer check: every step of a version in use has roles to execute, sign and receive.

use std::collections::BTreeSet;

use super::super::lines::{Line, Object, csv_line};
use super::{KnownVersion, PolicyCheck, hands_over, takes_secret};
use crate::access::Action;
use crate::procedure::{Fault, Located, Procedure, Requirement, Step};

/// A version that needs performers.
pub(super) struct RelevantVersion<'a> {
    pub(super) procedure: &'a Procedure,
    /// The stored version; none for a file's version, with its faults in the policy file.
    stored: Option<&'a Located>,
}

/// A performer fault, before its place is known.
struct PerformerFault<'a> {
    step: Option<&'a Step>,
    message: String,
    /// The line to add or to remove.
    line: String,
    /// The place of the line to remove; none for a line to add.
    removed_line: Option<usize>,
}

impl PolicyCheck<'_> {
    /// The versions that need performers: the files', and the stored ones in use.
    pub(super) fn relevant_versions<'v>(
        &'v self,
        stored: &'v [KnownVersion],
    ) -> impl Iterator<Item = RelevantVersion<'v>> {
        let files = self.shelf.procedures.iter().map(|located| &located.procedure);
        let files = files.filter(|procedure| !self.shelf.lacks_procedure(&procedure.office, &procedure.key));
        let files = files.map(|procedure| RelevantVersion { procedure, stored: None });
        let of_file = |kept: &&KnownVersion| {
            self.shelf.procedures.iter().any(|file| is_same(&file.procedure, &kept.located.procedure))
        };
        let in_use = stored.iter().filter(move |kept| kept.in_use && !of_file(kept)).map(|kept| &kept.located);
        files.chain(in_use.map(|located| RelevantVersion { procedure: &located.procedure, stored: Some(located) }))
    }

    pub(super) fn performers(&self, stored: &[KnownVersion]) -> Vec<Fault> {
        let mut faults = Vec::new();
        // One line fixes the same step of several versions.
        let mut reported: BTreeSet<String> = BTreeSet::new();
        for version in self.relevant_versions(stored) {
            let office = version.procedure.office.as_str();
            // Little is known without the office or its file; in a file with faults a seemingly missing line may be an
            // unreadable one.
            let Some(file) =
                self.file(office).filter(|_| self.offices.contains_key(office) && self.policy.is_complete(office))
            else {
                continue;
            };
            for found in self.performer_faults(version.procedure) {
                if reported.insert(found.line.clone()) {
                    faults.push(self.to_fault(&version, file, found));
                }
            }
        }
        faults
    }

    fn to_fault(&self, version: &RelevantVersion<'_>, file: &str, found: PerformerFault<'_>) -> Fault {
        let PerformerFault { step, message, line, removed_line } = found;
        let does = if removed_line.is_some() { "remove" } else { "add the line" };
        match version.stored {
            None => {
                let place = removed_line.unwrap_or_else(|| self.line_to_follow(version.procedure));
                Fault::error(file, place, message, format!("{does} `{line}`"))
            }
            Some(located) => {
                let path: Vec<&str> = step.iter().flat_map(|step| ["steps", step.key.as_str()]).collect();
                let message = format!("{message}, and requests still run by this version");
                let whence = if removed_line.is_some() { "from" } else { "to" };
                let mend = format!("{does} `{line}` {whence} `{file}`, until they have ended");
                Fault::error(&located.file, located.line(&path), message, mend)
            }
        }
    }

    /// Returns the performer faults of a version.
    fn performer_faults<'p>(&self, procedure: &'p Procedure) -> Vec<PerformerFault<'p>> {
        let mut found = Vec::new();
        for (index, step) in procedure.steps.iter().enumerate() {
            found.extend(self.missing_lines(procedure, index, step));
            let disposing = step.outcomes.iter().filter(|outcome| outcome.disposition != Requirement::None);
            for outcome in disposing {
                let name = format!("the outcome `{}` of `{}/{}`", outcome.key, procedure.key, step.key);
                found.extend(
                    outcome.to.as_deref().and_then(|to| self.ambiguous_disposition(procedure, step, to, &name)),
                );
            }
        }
        let may_reveal =
            |role| self.policy.allows(role, &procedure.office, Object::Procedure(&procedure.key), Action::Reveal);
        if takes_secret(procedure) && !self.agency_roles(&procedure.office).any(may_reveal) {
            let message =
                format!("`{}` hands over a secret, and no role of an agency's people may reveal it", procedure.key);
            let object = Object::Procedure(&procedure.key);
            let line = csv_line(self.submitter(procedure), &procedure.office, object, Action::Reveal);
            found.push(PerformerFault { step: None, message, line, removed_line: None });
        }
        found
    }

    /// Returns the actions of a step without a line.
    fn missing_lines<'p>(&self, procedure: &'p Procedure, index: usize, step: &'p Step) -> Vec<PerformerFault<'p>> {
        let object = Object::Step(&procedure.key, &step.key);
        let lacks = |action| self.policy.roles(&procedure.office, &procedure.key, &step.key, action).is_empty();
        let fault = |message, role, action| PerformerFault {
            step: Some(step),
            message,
            line: csv_line(role, &procedure.office, object, action),
            removed_line: None,
        };
        let mut found = Vec::new();
        if lacks(Action::Execute) {
            let role = if index == 0 { self.submitter(procedure) } else { "<role>" };
            found.push(fault(format!("no line lets anyone execute `{object}`"), role, Action::Execute));
        }
        if let Some(record) = step.signs.as_ref().filter(|_| lacks(Action::Sign)) {
            found.push(fault(format!("no line lets anyone sign `{record}` at `{object}`"), "<role>", Action::Sign));
        }
        if hands_over(procedure, step) && lacks(Action::Receive) {
            let takes = step.outcomes.iter().find(|outcome| outcome.recipient != Requirement::None);
            let message = match takes {
                Some(outcome) => {
                    format!("the outcome `{}` of `{object}` takes a recipient, and nobody receives there", outcome.key)
                }
                None => format!("`{object}` hands over a credential, and nobody receives there"),
            };
            found.push(fault(message, self.submitter(procedure), Action::Receive));
        }
        found
    }

    /// Returns the fault of a disposition addressed to several roles. A step without a role has a fault of its own.
    fn ambiguous_disposition<'p>(
        &self,
        procedure: &Procedure,
        step: &'p Step,
        to: &str,
        name: &str,
    ) -> Option<PerformerFault<'p>> {
        let to = procedure.step(to)?;
        let object = Object::Step(&procedure.key, &to.key);
        let office = procedure.office.as_str();
        let performers = self.policy.roles(office, &procedure.key, &to.key, Action::Execute);
        let [_, second, ..] = performers else { return None };
        let lines = self.policy.lines().iter();
        let extra = lines
            .filter(|line| (line.office.as_str(), line.object(), line.action) == (office, object, Action::Execute));
        let removed_line = extra.filter(|line| line.role == *second).map(|line| line.line).next();
        let message = format!(
            "{name} disposes to `{object}`, which {} execute: a disposition is to one role",
            performers.join(" and ")
        );
        let line = csv_line(second, office, object, Action::Execute);
        Some(PerformerFault { step: Some(step), message, line, removed_line: Some(removed_line.unwrap_or(1)) })
    }

    /// The submitter's role, for a line to add; a blank to fill when unknown.
    fn submitter(&self, procedure: &Procedure) -> &str {
        let submits = procedure.first_step().and_then(|first| {
            self.policy.roles(&procedure.office, &procedure.key, &first.key, Action::Execute).first()
        });
        let mut agency_roles = self.agency_roles(&procedure.office);
        match (submits, agency_roles.next(), agency_roles.next()) {
            (Some(role), ..) => role,
            (None, Some(only), None) => only,
            _ => "<role>",
        }
    }

    /// The place for a new line about the procedure: after the last one, else the top.
    fn line_to_follow(&self, procedure: &Procedure) -> usize {
        let about = |line: &&Line| line.office == procedure.office && line.object().procedure() == Some(&procedure.key);
        self.policy.lines().iter().filter(about).map(|line| line.line).max().unwrap_or(1)
    }
}

fn is_same(one: &Procedure, other: &Procedure) -> bool {
    (&one.office, &one.key, one.version) == (&other.office, &other.key, other.version)
}
