//! Separation of duties: `other-than:<step>` names a step of the same procedure, and no role has both duties.

use super::super::lines::{Line, Object};
use super::{PolicyCheck, line_fault};
use crate::access::{Action, Condition};
use crate::procedure::{Fault, Severity};

impl PolicyCheck<'_> {
    /// Returns the faults of a line's `other-than` conditions.
    pub(super) fn separation_of_duties(&self, line: &Line) -> Vec<Fault> {
        let Some(procedure) = line.object().procedure() else { return Vec::new() };
        let separate = line.conditions.iter().filter_map(|condition| match condition {
            Condition::OtherThan(step) => Some(step.as_str()),
            Condition::Definitive => None,
        });
        separate.filter_map(|step| self.separated_duty(line, procedure, step)).collect()
    }

    fn separated_duty(&self, line: &Line, procedure: &str, step: &str) -> Option<Fault> {
        let Line { role, office, action, .. } = line;
        let object = Object::Step(procedure, step);
        if line.object() == object {
            let message = format!("`{object}` cannot be left to another person than its own");
            return Some(line_fault(line, Severity::Error, message, "name the step of which another was".to_owned()));
        }
        let versions = self.versions_of(office, procedure);
        if !versions.is_empty() && versions.iter().all(|version| version.step(step).is_none()) {
            let message = format!("`{procedure}` has no step `{step}`");
            let mend = format!("name one of its steps in `other-than:{step}`, or remove the condition");
            return Some(line_fault(line, self.unknown_name, message, mend));
        }
        // One person of such a role could never do both.
        if self.policy.allows(role, office, object, Action::Execute) {
            let message = format!(
                "`{role}` executes `{object}` and may {action} `{}`, which is reserved for another person",
                line.object()
            );
            let mend = "give the two to two roles, or remove the condition".to_owned();
            return Some(line_fault(line, Severity::Error, message, mend));
        }
        None
    }
}
