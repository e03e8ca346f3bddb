//! Whether the policy and the SOPs fit each other: every line names something, every step has its people.

use std::collections::HashMap;

use crate::access::{Action, Scope};
use crate::procedure::{Fault, Office, Procedure, Requirement, Severity, Step};

use super::lines::{Line, Object, csv_line};
use super::table::Policy;

/// Holds the policy against the offices and their procedures.
///
/// `procedures` are those of the files. `known_elsewhere` are the stored versions, which running requests are pinned to:
/// a line may name what only they have. Without a database they are not known, and such a line is worth a warning only.
pub fn check(
    policy: &Policy,
    offices: &[Office],
    procedures: &[&Procedure],
    known_elsewhere: Option<&[Procedure]>,
) -> Vec<Fault> {
    let stored = known_elsewhere.unwrap_or_default();
    let checked = Check {
        policy,
        offices: offices.iter().map(|office| (office.key.as_str(), office)).collect(),
        versions: procedures.iter().copied().chain(stored).collect(),
        unknown: if known_elsewhere.is_some() { Severity::Error } else { Severity::Warning },
    };
    let mut faults = checked.files();
    for line in policy.lines() {
        faults.extend(checked.line(line));
    }
    for procedure in procedures {
        faults.extend(checked.procedure(procedure));
    }
    faults
}

/// What a check looks things up in.
struct Check<'a> {
    policy: &'a Policy,
    offices: HashMap<&'a str, &'a Office>,
    /// Every known version, of the files and stored.
    versions: Vec<&'a Procedure>,
    /// How much it weighs that no known version has what a line names.
    unknown: Severity,
}

impl<'a> Check<'a> {
    /// Every office has a file, every file an office.
    fn files(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut offices: Vec<&str> = self.offices.keys().copied().collect();
        offices.sort_unstable();
        for office in &offices {
            if self.file(office).is_none() {
                faults.push(Fault::error(
                    &format!("policies/{office}.csv"),
                    1,
                    format!("the office `{office}` has no policy file: nobody may do anything there"),
                    format!("write the file, with lines like `p, <role>, {office}, <procedure>/<step>, execute`"),
                ));
            }
        }
        for (office, file) in self.policy.files() {
            if !self.offices.contains_key(office) {
                faults.push(Fault::error(
                    file,
                    1,
                    format!("there is no office `{office}`"),
                    format!(
                        "write `procedures/{office}/office.toml`, or name the file after one of: {}",
                        offices.join(", ")
                    ),
                ));
            }
        }
        faults
    }

    /// A line names a role of its office, and what some version has; and says nothing that cannot be meant.
    fn line(&self, line: &Line) -> Vec<Fault> {
        // Said once, for the file.
        let Some(office) = self.offices.get(line.office.as_str()) else { return Vec::new() };
        let mut faults = Vec::new();
        match office.roles.get(&line.role) {
            None => {
                let known: Vec<&str> = office.roles.keys().map(String::as_str).collect();
                faults.push(at(
                    line,
                    Severity::Error,
                    format!("`{}` has no role `{}`", line.office, line.role),
                    format!("use one of {}, or add it to `procedures/{}/office.toml`", known.join(", "), line.office),
                ));
            }
            Some(role) => faults.extend(self.meaning(line, role.of_agency)),
        }
        faults.extend(self.names(line));
        faults
    }

    /// What a line says of an agency's people that only the office's can be meant by, or the other way round.
    fn meaning(&self, line: &Line, of_agency: bool) -> Option<Fault> {
        let Line { role, office, action, .. } = line;
        match (action, of_agency) {
            (Action::Execute, false) if self.is_first(line) => {
                let submitters: Vec<&str> = self.agency_roles(office).collect();
                let mend = match submitters.first() {
                    Some(submitter) => format!("write `{}`", csv_line(submitter, office, line.object(), *action)),
                    None => format!("give a role of `procedures/{office}/office.toml` the line `of_agency = true`"),
                };
                let message =
                    format!("`{role}` is no role of an agency's people, and an agency submits at `{}`", line.object());
                Some(at(line, Severity::Error, message, mend))
            }
            (Action::See(Scope::Reached | Scope::Office | Scope::All), true) => {
                let message =
                    format!("`{role}` is a role of an agency's people, and `{action}` shows other agencies' requests");
                let mend = csv_line(role, office, line.object(), Action::See(Scope::Agency));
                Some(at(line, Severity::Error, message, format!("write `{mend}`")))
            }
            (Action::See(Scope::Agency), false) => {
                let message = format!("`{role}` is no role of an agency's people: `{action}` shows it nothing");
                let mend = csv_line(role, office, line.object(), Action::See(Scope::Reached));
                Some(at(line, Severity::Warning, message, format!("write `{mend}`, or remove the line")))
            }
            (Action::Receive, false) => {
                let message =
                    format!("`{role}` is no role of an agency's people, and what a step hands over is an agency's");
                Some(at(line, Severity::Warning, message, "name the agency's role, or remove the line".to_owned()))
            }
            _ => None,
        }
    }

    /// A line names a procedure and a step that some version has.
    fn names(&self, line: &Line) -> Option<Fault> {
        let key = line.object().procedure()?;
        let versions: Vec<&Procedure> = self.versions_of(&line.office, key).collect();
        if versions.is_empty() {
            let mut known: Vec<&str> = self
                .versions
                .iter()
                .filter(|known| known.office == line.office)
                .map(|known| known.key.as_str())
                .collect();
            known.sort_unstable();
            known.dedup();
            let mend = format!("use one of {}, or remove the line", known.join(", "));
            return Some(at(line, self.unknown, format!("`{}` has no procedure `{key}`", line.office), mend));
        }
        let Object::Step(_, step) = line.object() else { return None };
        let found: Vec<&Step> = versions.iter().filter_map(|version| version.step(step)).collect();
        if found.is_empty() {
            let mut known: Vec<&str> =
                versions.iter().flat_map(|version| &version.steps).map(|step| step.key.as_str()).collect();
            known.dedup();
            let mend = format!("use one of the steps {}, or remove the line", known.join(", "));
            return Some(at(line, self.unknown, format!("`{key}` has no step `{step}`"), mend));
        }
        if line.action == Action::Sign && found.iter().all(|step| step.signs.is_none()) {
            let message = format!("nothing is signed at `{key}/{step}`");
            return Some(at(
                line,
                self.unknown,
                message,
                "remove the line, or give the step `signs = \"<record>\"`".to_owned(),
            ));
        }
        None
    }

    /// Every step of a procedure has its people.
    fn procedure(&self, procedure: &Procedure) -> Vec<Fault> {
        let mut faults = Vec::new();
        let office = procedure.office.as_str();
        // Said once, for the office.
        let Some(file) = self.file(office) else { return faults };
        let missing = |step: &Step, action: Action, role: &str, message: String| {
            let object = Object::Step(&procedure.key, &step.key);
            let mend = format!("add the line `{}`", csv_line(role, office, object, action));
            Fault::error(file, self.place(procedure), message, mend)
        };
        for (index, step) in procedure.steps.iter().enumerate() {
            let roles = |action| self.policy.roles(office, &procedure.key, &step.key, action);
            let name = format!("`{}/{}`", procedure.key, step.key);
            if roles(Action::Execute).is_empty() {
                let role = if index == 0 { self.submitter(procedure) } else { "<role>" };
                faults.push(missing(step, Action::Execute, role, format!("no line lets anyone execute {name}")));
            }
            if let Some(record) = step.signs.as_ref().filter(|_| roles(Action::Sign).is_empty()) {
                let message = format!("no line lets anyone sign `{record}` at {name}");
                faults.push(missing(step, Action::Sign, "<role>", message));
            }
            let handing = step.outcomes.iter().find(|outcome| outcome.recipient != Requirement::None);
            if let Some(outcome) = handing.filter(|_| roles(Action::Receive).is_empty()) {
                let message =
                    format!("the outcome `{}` of {name} takes a recipient, and nobody receives there", outcome.key);
                faults.push(missing(step, Action::Receive, self.submitter(procedure), message));
            }
            for outcome in step.outcomes.iter().filter(|outcome| outcome.disposition != Requirement::None) {
                let Some(to) = outcome.to.as_deref().filter(|to| procedure.step(to).is_some()) else { continue };
                let performers = self.policy.roles(office, &procedure.key, to, Action::Execute);
                // A step without performers is told where it stands.
                if let [_, second, ..] = performers {
                    let message = format!(
                        "the outcome `{}` of {name} disposes to `{}/{to}`, which {} execute: a disposition is to one role",
                        outcome.key,
                        procedure.key,
                        performers.join(" and ")
                    );
                    let object = Object::Step(&procedure.key, to);
                    let extra = self.policy.lines().iter().find(|line| {
                        (line.office.as_str(), line.object(), line.action) == (office, object, Action::Execute)
                            && line.role == *second
                    });
                    let mend = format!("remove `{}`", csv_line(second, office, object, Action::Execute));
                    faults.push(Fault::error(file, extra.map_or(1, |line| line.line), message, mend));
                }
            }
        }
        faults
    }

    fn file(&self, office: &str) -> Option<&'a str> {
        self.policy.files().find(|(of, _)| *of == office).map(|(_, file)| file)
    }

    fn versions_of(&self, office: &str, key: &str) -> impl Iterator<Item = &'a Procedure> {
        self.versions.iter().copied().filter(move |version| version.office == office && version.key == key)
    }

    /// Whether the line's step is the submitter's in some version.
    fn is_first(&self, line: &Line) -> bool {
        let Object::Step(procedure, step) = line.object() else { return false };
        self.versions_of(&line.office, procedure)
            .any(|version| version.first_step().is_some_and(|first| first.key == step))
    }

    fn agency_roles(&self, office: &str) -> impl Iterator<Item = &'a str> {
        let roles = self.offices.get(office).map(|office| &office.roles);
        roles.into_iter().flatten().filter(|(_, role)| role.of_agency).map(|(key, _)| key.as_str())
    }

    /// The role that submits, to write into a line that is to be added; a blank to fill where it cannot be told.
    fn submitter(&self, procedure: &Procedure) -> &'a str {
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

    /// Where a line about this procedure would be added: after the last one, else at the top.
    fn place(&self, procedure: &Procedure) -> usize {
        let about = |line: &&Line| line.office == procedure.office && line.object().procedure() == Some(&procedure.key);
        self.policy.lines().iter().filter(about).map(|line| line.line).max().unwrap_or(1)
    }
}

/// A fault of a line.
fn at(line: &Line, severity: Severity, message: String, mend: String) -> Fault {
    Fault { severity, ..Fault::error(&line.file, line.line, message, mend) }
}
