//! Visibility check: roles with an action on requests also see them.

use std::collections::BTreeSet;

use super::super::lines::{Line, Object, csv_line};
use super::{PolicyCheck, line_fault};
use crate::access::{Action, Scope};
use crate::procedure::{Fault, Severity};

impl PolicyCheck<'_> {
    /// Returns the roles with an action at a step and without its requests' visibility: one fault each, at its first
    /// such line.
    pub(super) fn visibility(&self) -> Vec<Fault> {
        let mut reported: BTreeSet<(&str, &str)> = BTreeSet::new();
        let lines = self.policy.lines().iter().filter(|line| self.policy.is_complete(&line.office));
        lines
            .filter_map(|line| self.lacks_visibility(line).filter(|_| reported.insert((&line.office, &line.role))))
            .collect()
    }

    fn lacks_visibility(&self, line: &Line) -> Option<Fault> {
        let Line { role, office, action, .. } = line;
        let does = match action {
            Action::Execute => "executes",
            Action::Sign => "signs at",
            Action::Receive => "receives at",
            _ => return None,
        };
        // An unknown role is reported by itself.
        let of_agency = self.offices.get(office.as_str())?.roles.get(role)?.of_agency;
        let scopes = self.policy.scopes(office, role);
        let (suffice, needed) = match of_agency {
            true => ([Scope::Own, Scope::Agency], Scope::Own),
            false if *action == Action::Receive => return None,
            false => ([Scope::Reached, Scope::All], Scope::Reached),
        };
        if suffice.iter().any(|scope| scopes.contains(scope)) {
            return None;
        }
        let but = match scopes.contains(&Scope::Office) {
            true => " that are SECRET: `see-office` leaves them out",
            false => "",
        };
        let message = format!("`{role}` {does} `{}` and does not see the requests there{but}", line.object());
        let mend = format!("add the line `{}`", csv_line(role, office, Object::Requests, Action::See(needed)));
        Some(line_fault(line, Severity::Error, message, mend))
    }
}
