//! Staffing check: every step of the procedures has an active person with the role for it.

use std::collections::BTreeSet;

use super::super::lines::{Line, Object};
use super::super::table::Policy;
use super::{KnownVersion, PolicyCheck, hands_over};
use crate::access::{Action, Capacity, Condition};
use crate::procedure::{Fault, Procedure, Shelf, Step};

/// A grant in force of an active person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The user name.
    pub user: String,
    /// The office's key.
    pub office: String,
    /// The role's key.
    pub role: String,
    /// The agency's key, for a grant of an agency.
    pub agency: Option<String>,
    /// The capacity.
    pub capacity: Capacity,
}

/// The people there are.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    /// The active people, by grant.
    pub holders: Vec<Holder>,
    /// The agencies with an unfinished request, each by the keys of the office and its own.
    pub waiting: Vec<(String, String)>,
    /// The returned requests visible to their submitter alone.
    pub returned: Vec<ReturnedRequest>,
}

/// A returned request, visible to its submitter and to no one else of its agency.
#[derive(Debug, Clone)]
pub struct ReturnedRequest {
    /// Its number.
    pub number: String,
    /// The keys of office and procedure.
    pub procedure: (String, String),
    /// The agency's key.
    pub agency: String,
    /// The submitter's user name.
    pub submitter: String,
}

/// Checks the staffing: each gap is a fault at the policy line for it.
pub fn check_people(policy: &Policy, shelf: &Shelf, kept: &[KnownVersion], people: &Roster) -> Vec<Fault> {
    let checked = PolicyCheck::new(policy, shelf, Some(kept));
    let mut faults: Vec<Fault> = Vec::new();
    for office in &shelf.offices {
        let Some(file) = checked.file(&office.key) else { continue };
        if people.holders.iter().all(|holder| holder.office != office.key) {
            let message = format!("nobody holds a role in `{}`: none of its procedures can run", office.key);
            faults.push(Fault::warning(file, 1, message, "add people and grant them roles: `disposisi grant --help`"));
            continue;
        }
        faults.extend(unmanaged(policy, &office.key, people));
        let needed = checked.relevant_versions(kept).map(|version| version.procedure);
        for procedure in needed.filter(|procedure| procedure.office == office.key) {
            let staff = Staffing { check: &checked, people, procedure };
            let gaps = staff.gaps(file).into_iter().chain(staff.stranded(file));
            // The same step of several versions has the same gap.
            faults.extend(gaps.filter(|gap| !faults.contains(gap)).collect::<Vec<_>>());
        }
    }
    faults
}

/// Returns a fault when a line lets a role manage the office's people and no one holds the role.
fn unmanaged(policy: &Policy, office: &str, people: &Roster) -> Option<Fault> {
    let manages =
        |line: &&Line| line.office == office && (line.object(), line.action) == (Object::People, Action::Manage);
    let lines: Vec<&Line> = policy.lines().iter().filter(manages).collect();
    if people.holders.iter().any(|holder| lines.iter().any(|line| applies_to(line, holder))) {
        return None;
    }
    let first = lines.first()?;
    let message = format!("nobody manages the people of `{office}`: no active person holds {} now", role_list(&lines));
    Some(Fault::warning(&first.file, first.line, message, grant_mend(office, &lines, false)))
}

/// A procedure and its people.
struct Staffing<'a> {
    check: &'a PolicyCheck<'a>,
    people: &'a Roster,
    procedure: &'a Procedure,
}

impl<'a> Staffing<'a> {
    /// Returns the steps without people, and for which agencies.
    fn gaps(&self, file: &str) -> Vec<Fault> {
        let Some(first) = self.procedure.first_step() else { return Vec::new() };
        let agencies = self.agencies(first);
        let mut faults = Vec::new();
        if agencies.is_empty() {
            let message = format!("nobody submits by `{}`: no agency has anybody who may", self.procedure.key);
            let lines = self.lines(first, Action::Execute);
            let place = lines.first().map_or(1, |line| line.line);
            faults.push(Fault::warning(file, place, message, grant_mend(&self.procedure.office, &lines, true)));
        }
        for step in &self.procedure.steps {
            let needed = [
                Some((Action::Execute, "executes")),
                step.signs.as_ref().map(|_| (Action::Sign, "signs at")),
                hands_over(self.procedure, step).then_some((Action::Receive, "receives at")),
            ];
            for (action, does) in needed.into_iter().flatten() {
                faults.extend(self.gap(file, step, (action, does), &agencies));
            }
        }
        faults
    }

    /// Returns the returned requests without anyone left to complete them.
    fn stranded(&self, file: &str) -> Vec<Fault> {
        let Some(first) = self.procedure.first_step() else { return Vec::new() };
        let lines = self.lines(first, Action::Execute);
        let (office, key) = (&self.procedure.office, &self.procedure.key);
        let completes = |returned: &ReturnedRequest, holder: &Holder| {
            (&holder.user, holder.agency.as_ref()) == (&returned.submitter, Some(&returned.agency))
                && lines.iter().any(|line| applies_to(line, holder))
        };
        let here = self
            .people
            .returned
            .iter()
            .filter(|returned| (&returned.procedure.0, &returned.procedure.1) == (office, key));
        let stranded = here.filter(|returned| !self.people.holders.iter().any(|holder| completes(returned, holder)));
        let fault = |ReturnedRequest { number, agency, submitter, .. }: &ReturnedRequest| {
            let role = lines.first().map_or("<role>", |line| line.role.as_str());
            let message = format!(
                "request `{number}` was returned to `{submitter}`, who may not submit for `{agency}` now; as it is secret, \
                 nobody else there completes it"
            );
            let mend = format!(
                "grant it to them again: `disposisi grant {submitter} --office {office} --role {role} --agency {agency}`; or \
                 let the agency submit the letter anew"
            );
            Fault::warning(file, lines.first().map_or(1, |line| line.line), message, mend)
        };
        stranded.map(fault).collect()
    }

    /// Returns the agencies that use the procedure: those with a submitter or an unfinished request.
    fn agencies(&self, first: &Step) -> BTreeSet<&'a str> {
        let lines = self.lines(first, Action::Execute);
        let submit = |holder: &&Holder| lines.iter().any(|line| applies_to(line, holder));
        let submitters = self.people.holders.iter().filter(submit).filter_map(|holder| holder.agency.as_deref());
        let waiting = self.people.waiting.iter().filter(|(office, _)| *office == self.procedure.office);
        submitters.chain(waiting.map(|(_, agency)| agency.as_str())).collect()
    }

    /// The lines for an action at a step.
    fn lines(&self, step: &Step, action: Action) -> Vec<&'a Line> {
        let object = Object::Step(&self.procedure.key, &step.key);
        let is_it =
            |line: &&Line| line.office == self.procedure.office && line.action == action && line.object() == object;
        self.check.policy.lines().iter().filter(is_it).collect()
    }

    /// Returns the fault of a step without people for some agencies, or with only those excluded by `other-than`.
    fn gap(&self, file: &str, step: &Step, (action, does): (Action, &str), agencies: &BTreeSet<&str>) -> Option<Fault> {
        let lines = self.lines(step, action);
        let first = lines.first()?;
        let of_agency = lines.iter().all(|line| self.check.is_of_agency(&line.office, &line.role));
        // Without any agency, one is assumed.
        let asking: Vec<Option<&str>> = match agencies.is_empty() {
            true if of_agency => Vec::new(),
            true => vec![None],
            false => agencies.iter().map(|agency| Some(*agency)).collect(),
        };
        let able = |agency: Option<&str>| -> Vec<(&Line, &Holder)> {
            let counts = |holder: &Holder| holder.agency.is_none() || holder.agency.as_deref() == agency;
            let pairs = lines.iter().flat_map(|line| self.people.holders.iter().map(move |holder| (*line, holder)));
            pairs.filter(|(line, holder)| counts(holder) && applies_to(line, holder)).collect()
        };
        let without = |lacks: &dyn Fn(Option<&str>) -> bool| -> Vec<Option<&str>> {
            asking.iter().copied().filter(|agency| lacks(*agency)).collect()
        };
        let object = Object::Step(&self.procedure.key, &step.key);
        let report = |lacking: &[Option<&str>], why: String| {
            let named: Vec<String> = lacking.iter().flatten().map(|agency| format!("`{agency}`")).collect();
            let for_whom = match lacking.len() == asking.len() {
                true => String::new(),
                false => format!(" for {}", named.join(", ")),
            };
            let message = format!("nobody {does} `{object}`{for_whom}{why}; requests wait there");
            Some(Fault::warning(file, first.line, message, grant_mend(&self.procedure.office, &lines, of_agency)))
        };
        let lacking = without(&|agency| able(agency).is_empty());
        if !lacking.is_empty() {
            return report(&lacking, format!(": no active person holds {} now", role_list(&lines)));
        }
        let lacking =
            without(&|agency| !able(agency).iter().any(|(line, holder)| self.has_other_performer(line, holder)));
        if lacking.is_empty() {
            return None;
        }
        report(&lacking, format!(" except the only performer of an earlier step, excluded by {}", role_list(&lines)))
    }

    /// True if somebody else can have done the step named by `other-than`.
    fn has_other_performer(&self, line: &Line, holder: &Holder) -> bool {
        line.conditions.iter().all(|condition| match condition {
            Condition::Definitive => true,
            Condition::OtherThan(step) => {
                let Some(step) = self.procedure.step(step) else { return true };
                let lines = self.lines(step, Action::Execute);
                let mut others = self.people.holders.iter().filter(|other| other.user != holder.user);
                others.any(|other| lines.iter().any(|line| applies_to(line, other)))
            }
        })
    }
}

/// How to grant a role of the lines.
fn grant_mend(office: &str, lines: &[&Line], of_agency: bool) -> String {
    let role = lines.first().map_or("<role>", |line| line.role.as_str());
    let agency = if of_agency { " --agency <key>" } else { "" };
    format!("grant it to somebody: `disposisi grant <username> --office {office} --role {role}{agency}`")
}

/// True if a line applies to a grant.
fn applies_to(line: &Line, holder: &Holder) -> bool {
    let definitive = || !line.conditions.contains(&Condition::Definitive) || holder.capacity == Capacity::Definitive;
    line.office == holder.office && line.role == holder.role && definitive()
}

/// The lines' roles, in words.
fn role_list(lines: &[&Line]) -> String {
    let named = |line: &&Line| {
        let beside: Vec<String> = line.conditions.iter().map(|condition| format!(" {condition}")).collect();
        format!("`{}{}`", line.role, beside.concat())
    };
    lines.iter().map(named).collect::<Vec<_>>().join(" or ")
}
