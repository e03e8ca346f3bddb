//! Consistency checks of policy and SOPs: valid names, performers for every step, visibility for performers.

mod line;
mod performers;
mod separation_of_duties;
mod staffing;
mod visibility;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use crate::procedure::{Effect, Fault, Located, Office, Procedure, Requirement, Severity, Shelf, Step};

use super::lines::{Line, Object};
use super::table::Policy;

pub use staffing::{Holder, ReturnedRequest, Roster, check_people};

/// A stored version of a procedure.
#[derive(Debug, Clone)]
pub struct KnownVersion {
    /// The version, named as a file would be.
    pub located: Located,
    /// Unfinished requests run by it.
    pub in_use: bool,
}

/// Checks the policy against the offices and their procedures.
///
/// `kept` are the stored versions. A line may name a step that only they have, and the versions in use need performers
/// as the files do. Without a database the versions are unknown, and an unknown name is a warning only.
pub fn check(policy: &Policy, shelf: &Shelf, kept: Option<&[KnownVersion]>) -> Vec<Fault> {
    let checked = PolicyCheck::new(policy, shelf, kept);
    let mut faults = checked.files();
    for line in policy.lines() {
        faults.extend(checked.line(line));
    }
    faults.extend(checked.performers(kept.unwrap_or_default()));
    faults.extend(checked.visibility());
    faults
}

/// The policy and the SOPs, indexed for the checks.
struct PolicyCheck<'a> {
    policy: &'a Policy,
    shelf: &'a Shelf,
    offices: HashMap<&'a str, &'a Office>,
    /// Every known version, of the files and stored, by office and key.
    versions: BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a Procedure>>>,
    /// The severity of a line that names an unknown procedure or step.
    unknown_name: Severity,
}

impl<'a> PolicyCheck<'a> {
    fn new(policy: &'a Policy, shelf: &'a Shelf, kept: Option<&'a [KnownVersion]>) -> Self {
        let stored = kept.unwrap_or_default();
        let mut versions: BTreeMap<&str, BTreeMap<&str, Vec<&Procedure>>> = BTreeMap::new();
        for located in shelf.procedures.iter().chain(stored.iter().map(|kept| &kept.located)) {
            let procedure = &located.procedure;
            versions.entry(&procedure.office).or_default().entry(&procedure.key).or_default().push(procedure);
        }
        Self {
            policy,
            shelf,
            offices: shelf.offices.iter().map(|office| (office.key.as_str(), office)).collect(),
            versions,
            unknown_name: if kept.is_some() { Severity::Error } else { Severity::Warning },
        }
    }

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
            if !self.offices.contains_key(office) && !self.shelf.lacks_office(office) {
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

    fn file(&self, office: &str) -> Option<&'a str> {
        self.policy.files().find(|(of, _)| *of == office).map(|(_, file)| file)
    }

    fn versions_of(&self, office: &str, key: &str) -> &[&'a Procedure] {
        self.versions.get(office).and_then(|keys| keys.get(key)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The step of a line, in every version with such a step.
    fn steps_of(&self, line: &Line) -> Vec<(&'a Procedure, &'a Step)> {
        let Object::Step(procedure, step) = line.object() else { return Vec::new() };
        let versions = self.versions_of(&line.office, procedure).iter();
        versions.filter_map(|version| version.step(step).map(|step| (*version, step))).collect()
    }

    fn agency_roles(&self, office: &str) -> impl Iterator<Item = &'a str> {
        let roles = self.offices.get(office).map(|office| &office.roles);
        roles.into_iter().flatten().filter(|(_, role)| role.of_agency).map(|(key, _)| key.as_str())
    }

    fn is_of_agency(&self, office: &str, role: &str) -> bool {
        self.agency_roles(office).any(|known| known == role)
    }
}

/// True if an outcome of the step takes a recipient, or delivers an asset with a credential.
fn hands_over(procedure: &Procedure, step: &Step) -> bool {
    let secret = takes_secret(procedure);
    let delivers = |effect| secret && effect == Some(Effect::Deliver);
    step.outcomes.iter().any(|outcome| outcome.recipient != Requirement::None || delivers(outcome.effect))
}

/// True if some outcome takes a secret.
fn takes_secret(procedure: &Procedure) -> bool {
    let mut outcomes = procedure.steps.iter().flat_map(|step| &step.outcomes);
    outcomes.any(|outcome| outcome.secret != Requirement::None)
}

/// A fault of a line.
fn line_fault(line: &Line, severity: Severity, message: String, mend: String) -> Fault {
    Fault { severity, ..Fault::error(&line.file, line.line, message, mend) }
}
