//! Visibility (who may see a request, and which parts of it) and inbox of a caller, from the policy lines of their grants.

use entity::{asset, document};

use crate::access::{Action, Capacity, Condition, Field, Grant, Scope, Seen, Side, Subject, WholeOffice};
use crate::policy::{Object, Policy};
use crate::procedure::{Outcome, Step};
use crate::service::requests::transition::is_outcome_for_applicant;
use crate::service::{CallerWithPolicy, OfficeEntry, ProcedureEntry, Service};
use crate::store::{RoleStep, SeenRequest, Viewing, ViewingScope, Waiting};

impl Service {
    /// The caller's visibility: their scopes by office and agency.
    pub fn viewing(&self, caller: &CallerWithPolicy) -> Viewing {
        let scopes = caller.grants.iter().flat_map(|grant| {
            caller.policy().scopes(&grant.office, &grant.role).iter().map(|scope| ViewingScope {
                office: grant.office.clone(),
                agency: grant.agency,
                scope: *scope,
                steps: if *scope == Scope::Reached { steps_of(caller.policy(), grant) } else { Vec::new() },
                few: None,
            })
        });
        let mut offices: Vec<String> = caller.grants.iter().map(|grant| grant.office.clone()).collect();
        offices.sort();
        offices.dedup();
        let submitters = caller.policy().submitters(&self.catalog);
        Viewing { user: caller.pass.user, now: self.now(), offices, scopes: scopes.collect(), submitters, check: None }
    }

    /// The caller's inbox: the steps, signatures and credentials of their turn.
    pub fn waiting(&self, caller: &CallerWithPolicy) -> Vec<Waiting> {
        let policy = caller.policy();
        let turns = |grant: &Grant, action| turns(policy, &grant.office, &grant.role, action, Some(grant.capacity));
        let waiting = |grant: &Grant| Waiting {
            office: grant.office.clone(),
            agency: grant.agency,
            executes: turns(grant, Action::Execute),
            signs: turns(grant, Action::Sign),
            reveals: policy.procedures(&grant.office, &grant.role, Action::Reveal).to_vec(),
        };
        caller.grants.iter().map(waiting).collect()
    }

    /// The inbox of a role in every office, without credentials.
    pub fn awaiting(&self, policy: &Policy, role: &str) -> Vec<Waiting> {
        let waiting = |office: &OfficeEntry| Waiting {
            office: office.office.key.clone(),
            agency: None,
            executes: turns(policy, &office.office.key, role, Action::Execute, None),
            signs: turns(policy, &office.office.key, role, Action::Sign, None),
            reveals: Vec::new(),
        };
        self.catalog.offices().map(waiting).collect()
    }

    /// Whether the caller may read a field with a policy line of its own.
    pub fn reads(&self, caller: &CallerWithPolicy, subject: &impl Subject, field: Field) -> bool {
        caller.policy().grants(caller, subject, Object::Field(field), Action::Read, None).is_ok()
    }

    /// Whether the caller manages an office's people.
    pub fn manages_people(&self, caller: &CallerWithPolicy, office: &str) -> bool {
        let office = WholeOffice(office.to_owned());
        caller.policy().grants(caller, &office, Object::People, Action::Manage, None).is_ok()
    }

    /// Whether the caller sees the events of an office's own record.
    pub fn sees_office_events(&self, caller: &CallerWithPolicy, office: &str) -> bool {
        let subject = WholeOffice(office.to_owned());
        caller.policy().grants(caller, &subject, Object::Office, Action::SeeEvents, None).is_ok()
    }

    /// The names of an asset's attributes with addresses, as its office lists them.
    pub fn addresses_of(&self, asset: &asset::Model) -> &[String] {
        let office = self.catalog.office(&asset.office);
        office.and_then(|entry| entry.office.addresses.get(&asset.kind)).map_or(&[], Vec::as_slice)
    }

    /// Whether the caller sees this document of a request.
    pub fn sees_document(&self, seen: &Seen<SeenRequest>, document: &document::Model) -> bool {
        let for_applicant =
            || self.entry_of(&seen.row).is_ok_and(|entry| entry.procedure.is_for_applicant(&document.kind));
        seen.side() == Side::Office || (seen.row.finished_at.is_some() && for_applicant())
    }

    /// Whether the caller sees this asset of a request.
    pub fn sees_asset(&self, seen: &Seen<SeenRequest>, asset: &asset::Model) -> bool {
        seen.side() == Side::Office || asset.delivered_at.is_some()
    }

    /// Whether the caller sees the outcome of a visit.
    pub fn sees_outcome(
        &self,
        seen: &Seen<SeenRequest>,
        entry: &ProcedureEntry,
        step: &Step,
        outcome: &Outcome,
    ) -> bool {
        seen.side() == Side::Office || is_outcome_for_applicant(&entry.procedure, step, outcome)
    }
}

/// The steps executed or signed by a grant's role.
fn steps_of(policy: &Policy, grant: &Grant) -> Vec<(String, String)> {
    let steps = |action| policy.steps(&grant.office, &grant.role, action).iter().cloned();
    steps(Action::Execute).chain(steps(Action::Sign)).collect()
}

/// The steps of a role for an action, without those closed to a given capacity.
fn turns(policy: &Policy, office: &str, role: &str, action: Action, capacity: Option<Capacity>) -> Vec<RoleStep> {
    let turn = |(procedure, step): &(String, String)| {
        let line = policy.line(role, office, Object::Step(procedure, step), action)?;
        let mut other_than = Vec::new();
        for condition in &line.conditions {
            match condition {
                Condition::OtherThan(step) => other_than.push(step.clone()),
                Condition::Definitive if capacity.is_none_or(|capacity| capacity == Capacity::Definitive) => {}
                Condition::Definitive => return None,
            }
        }
        Some(RoleStep { procedure: procedure.clone(), step: step.clone(), other_than })
    };
    policy.steps(office, role, action).iter().filter_map(turn).collect()
}
