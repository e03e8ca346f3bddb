//! Checks of single lines: known role, procedure and step, and an action that suits the role.

use super::super::lines::{Line, Object, csv_line};
use super::{PolicyCheck, hands_over, line_fault};
use crate::access::{Action, Scope};
use crate::procedure::{Fault, Severity};

impl PolicyCheck<'_> {
    pub(super) fn line(&self, line: &Line) -> Vec<Fault> {
        // Said once, for the file.
        let Some(office) = self.offices.get(line.office.as_str()) else { return Vec::new() };
        let mut faults = Vec::new();
        match office.roles.get(&line.role) {
            None => {
                let known: Vec<&str> = office.roles.keys().map(String::as_str).collect();
                faults.push(line_fault(
                    line,
                    Severity::Error,
                    format!("`{}` has no role `{}`", line.office, line.role),
                    format!("use one of {}, or add it to `procedures/{}/office.toml`", known.join(", "), line.office),
                ));
            }
            Some(role) if role.of_agency => faults.extend(self.agency_line(line)),
            Some(_) => faults.extend(self.office_line(line)),
        }
        faults.extend(self.role_object(line));
        faults.extend(self.procedure_object(line));
        faults.extend(self.separation_of_duties(line));
        faults
    }

    /// Returns the fault of a line for an agency's role with an action of the office's people.
    fn agency_line(&self, line: &Line) -> Option<Fault> {
        let Line { role, office, action, .. } = line;
        let (severity, does, mend) = match action {
            Action::See(Scope::Reached | Scope::Office | Scope::All) => {
                let mend = csv_line(role, office, line.object(), Action::See(Scope::Agency));
                (Severity::Error, format!("`{action}` shows other agencies' requests"), format!("write `{mend}`"))
            }
            Action::Manage | Action::Grant | Action::SeeEvents | Action::Explain => {
                let message = format!("`{action}` is for the office's people");
                (Severity::Error, message, OFFICE_MEND.to_owned())
            }
            Action::Sign | Action::Reissue | Action::Revoke => {
                (Severity::Warning, format!("`{action}` is the office's to do"), OFFICE_MEND.to_owned())
            }
            Action::Execute if !self.steps_of(line).is_empty() && !self.is_first(line) => {
                let message = format!("`{}` is no step that a request begins with", line.object());
                (Severity::Warning, message, OFFICE_MEND.to_owned())
            }
            _ => return None,
        };
        Some(line_fault(line, severity, format!("`{role}` is a role of an agency's people, and {does}"), mend))
    }

    /// Returns the fault of a line for an office's role with an action of an agency's people.
    fn office_line(&self, line: &Line) -> Option<Fault> {
        let Line { role, office, action, .. } = line;
        let instead = || match self.agency_roles(office).next() {
            Some(its) => format!("write `{}`", csv_line(its, office, line.object(), *action)),
            None => format!("give a role of `procedures/{office}/office.toml` the line `of_agency = true`"),
        };
        let (severity, does, mend) = match action {
            Action::Execute if self.is_first(line) => {
                let message = format!(", and an agency submits at `{}`", line.object());
                (Severity::Error, message, instead())
            }
            Action::See(Scope::Agency) => {
                let mend = csv_line(role, office, line.object(), Action::See(Scope::Reached));
                let mend = format!("write `{mend}`, or remove the line");
                (Severity::Warning, format!(": `{action}` shows it nothing"), mend)
            }
            Action::Receive => {
                let does = ", and what a step hands over is an agency's".to_owned();
                let mend = "name the agency's role, or remove the line".to_owned();
                match self.lacks_receiver(line) {
                    true => (Severity::Error, format!("{does}: nobody could receive it"), instead()),
                    false => (Severity::Warning, does, mend),
                }
            }
            _ => return None,
        };
        Some(line_fault(line, severity, format!("`{role}` is no role of an agency's people{does}"), mend))
    }

    /// True if the line's step hands something over, and no role of an agency's people receives there.
    fn lacks_receiver(&self, line: &Line) -> bool {
        let Object::Step(procedure, step) = line.object() else { return false };
        let receivers = self.policy.roles(&line.office, procedure, step, Action::Receive);
        let handed = self.steps_of(line).into_iter().any(|(version, step)| hands_over(version, step));
        handed && !receivers.iter().any(|role| self.is_of_agency(&line.office, role))
    }

    /// True if the line's step is the submitter's in some version.
    fn is_first(&self, line: &Line) -> bool {
        let steps = self.steps_of(line);
        steps.into_iter().any(|(version, step)| version.first_step().is_some_and(|first| first.key == step.key))
    }

    /// A line about a role names one of its office's.
    fn role_object(&self, line: &Line) -> Option<Fault> {
        let Object::Role(role) = line.object() else { return None };
        let known = &self.offices.get(line.office.as_str())?.roles;
        if known.contains_key(role) {
            return None;
        }
        let known: Vec<&str> = known.keys().map(String::as_str).collect();
        let mend = format!("use one of {}, or remove the line", known.join(", "));
        Some(line_fault(line, Severity::Error, format!("`{}` has no role `{role}`", line.office), mend))
    }

    /// Returns a fault unless some version has the procedure and step of the line.
    fn procedure_object(&self, line: &Line) -> Option<Fault> {
        let key = line.object().procedure()?;
        if self.shelf.lacks_procedure(&line.office, key) {
            // An unreadable file has a fault of its own.
            return None;
        }
        let versions = self.versions_of(&line.office, key);
        if versions.is_empty() {
            let keys = self.versions.get(line.office.as_str()).into_iter().flat_map(|keys| keys.keys());
            let known: Vec<&str> = keys.copied().collect();
            let mend = format!("use one of {}, or remove the line", known.join(", "));
            return Some(line_fault(
                line,
                self.unknown_name,
                format!("`{}` has no procedure `{key}`", line.office),
                mend,
            ));
        }
        let Object::Step(_, step) = line.object() else { return None };
        let found = self.steps_of(line);
        if found.is_empty() {
            let mut known: Vec<&str> = Vec::new();
            for step in versions.iter().flat_map(|version| &version.steps) {
                if !known.contains(&step.key.as_str()) {
                    known.push(&step.key);
                }
            }
            let mend = format!("use one of the steps {}, or remove the line", known.join(", "));
            return Some(line_fault(line, self.unknown_name, format!("`{key}` has no step `{step}`"), mend));
        }
        if line.action == Action::Sign && found.iter().all(|(_, step)| step.signs.is_none()) {
            let message = format!("nothing is signed at `{key}/{step}`");
            let mend = "remove the line, or give the step `signs = \"<record>\"`".to_owned();
            return Some(line_fault(line, self.unknown_name, message, mend));
        }
        None
    }
}

/// Fix of a line for an agency's role.
const OFFICE_MEND: &str = "name a role of the office's people, or remove the line";
