//! The compiled policy table and its look-ups.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::access::{Action, Authorized, Caller, Capacity, Condition, Field, Grant, Performed, Scope, Subject};

use super::decision::{Denied, GrantDecision};
use super::lines::{Line, Object};

/// The compiled policy. Empty, it allows nothing.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Each office's policy file, with or without lines in it.
    files: BTreeMap<String, String>,
    /// Offices with unreadable or undecided lines.
    incomplete: BTreeSet<String>,
    /// Offices with an `other-than` condition.
    separated_offices: BTreeSet<String>,
    /// All allowing lines, by file and then as written.
    lines: Vec<Line>,
    /// By office and role.
    permissions: HashMap<String, HashMap<String, RolePermissions>>,
    /// By office and procedure.
    performers: HashMap<String, HashMap<String, Performers>>,
}

/// A procedure's steps: the roles of each action on them.
type Performers = HashMap<String, BTreeMap<Action, Vec<String>>>;

/// The permissions of one role in one office.
#[derive(Debug, Clone, Default)]
struct RolePermissions {
    /// Actions on the office as a whole: its requests, people, agencies, and itself.
    requests: ObjectActions,
    people: ObjectActions,
    agencies: ObjectActions,
    office: ObjectActions,
    roles: HashMap<String, ObjectActions>,
    fields: BTreeMap<Field, ObjectActions>,
    /// By procedure: actions on itself, and on its steps.
    procedures: HashMap<String, (ObjectActions, HashMap<String, ObjectActions>)>,
    /// The same once more, in the lines' order, to be handed out.
    scopes: Vec<Scope>,
    steps_of: BTreeMap<Action, Vec<(String, String)>>,
    procedures_of: BTreeMap<Action, Vec<String>>,
}

/// The actions allowed on one object, each with the index of its line. A handful at most.
#[derive(Debug, Clone, Default)]
struct ObjectActions(Vec<(Action, usize)>);

impl ObjectActions {
    fn line(&self, action: Action) -> Option<usize> {
        self.0.iter().find(|(allowed, _)| *allowed == action).map(|(_, line)| *line)
    }
}

impl RolePermissions {
    fn actions_on(&self, object: Object<'_>) -> Option<&ObjectActions> {
        match object {
            Object::Requests => Some(&self.requests),
            Object::People => Some(&self.people),
            Object::Agencies => Some(&self.agencies),
            Object::Office => Some(&self.office),
            Object::Role(role) => self.roles.get(role),
            Object::Field(field) => self.fields.get(&field),
            Object::Procedure(procedure) => self.procedures.get(procedure).map(|(itself, _)| itself),
            Object::Step(procedure, step) => self.procedures.get(procedure).and_then(|(_, steps)| steps.get(step)),
        }
    }

    fn actions_on_mut(&mut self, object: Object<'_>) -> &mut ObjectActions {
        match object {
            Object::Requests => &mut self.requests,
            Object::People => &mut self.people,
            Object::Agencies => &mut self.agencies,
            Object::Office => &mut self.office,
            Object::Role(role) => self.roles.entry(role.to_owned()).or_default(),
            Object::Field(field) => self.fields.entry(field).or_default(),
            Object::Procedure(procedure) => &mut self.procedures.entry(procedure.to_owned()).or_default().0,
            Object::Step(procedure, step) => {
                let (_, steps) = self.procedures.entry(procedure.to_owned()).or_default();
                steps.entry(step.to_owned()).or_default()
            }
        }
    }
}

impl Policy {
    /// Takes note of an office's file.
    pub(super) fn add_office(&mut self, office: &str, file: &str) {
        self.files.insert(office.to_owned(), file.to_owned());
    }

    /// Notes that an office's file has unreadable or undecided lines.
    pub(super) fn mark_incomplete(&mut self, office: &str) {
        self.incomplete.insert(office.to_owned());
    }

    /// True if every line of an office's file was read and decided.
    pub fn is_complete(&self, office: &str) -> bool {
        !self.incomplete.contains(office)
    }

    /// Adds an allowing line.
    pub(super) fn add(&mut self, line: Line) {
        let role = self.permissions.entry(line.office.clone()).or_default().entry(line.role.clone()).or_default();
        role.actions_on_mut(line.object()).0.push((line.action, self.lines.len()));
        match (line.object(), line.action) {
            (Object::Requests, Action::See(scope)) => role.scopes.push(scope),
            (Object::Procedure(procedure), action) => {
                role.procedures_of.entry(action).or_default().push(procedure.to_owned());
            }
            (Object::Step(procedure, step), action) => {
                role.steps_of.entry(action).or_default().push((procedure.to_owned(), step.to_owned()));
                let procedures = self.performers.entry(line.office.clone()).or_default();
                let steps = procedures.entry(procedure.to_owned()).or_default();
                let actions = steps.entry(step.to_owned()).or_default();
                actions.entry(action).or_default().push(line.role.clone());
            }
            _ => {}
        }
        if line.conditions.iter().any(|condition| matches!(condition, Condition::OtherThan(_))) {
            self.separated_offices.insert(line.office.clone());
        }
        self.lines.push(line);
    }

    /// The line for an action of a role in an office, conditions aside.
    pub fn line(&self, role: &str, office: &str, object: Object<'_>, action: Action) -> Option<&Line> {
        self.role(office, role)?.actions_on(object)?.line(action).and_then(|at| self.lines.get(at))
    }

    /// True if a role may do this in an office, conditions aside.
    pub fn allows(&self, role: &str, office: &str, object: Object<'_>, action: Action) -> bool {
        self.line(role, office, object, action).is_some()
    }

    /// The roles for an action at a step, in the file's order.
    pub fn roles(&self, office: &str, procedure: &str, step: &str, action: Action) -> &[String] {
        self.performers
            .get(office)
            .and_then(|procedures| procedures.get(procedure)?.get(step)?.get(&action))
            .map_or(&[], Vec::as_slice)
    }

    /// The visibility scopes of a role; any of them suffices.
    pub fn scopes(&self, office: &str, role: &str) -> &[Scope] {
        self.role(office, role).map_or(&[], |role| &role.scopes)
    }

    /// The steps at which a role may do this, by the keys of procedure and step, in the file's order.
    pub fn steps(&self, office: &str, role: &str, action: Action) -> &[(String, String)] {
        self.role(office, role).and_then(|role| role.steps_of.get(&action)).map_or(&[], Vec::as_slice)
    }

    /// The procedures on which a role may do this, by key, in the file's order. For actions on a procedure; those at a
    /// step are in [`Policy::steps`].
    pub fn procedures(&self, office: &str, role: &str, action: Action) -> &[String] {
        self.role(office, role).and_then(|role| role.procedures_of.get(&action)).map_or(&[], Vec::as_slice)
    }

    /// Every line, by file and then as written.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The offices with a policy file, each with its file.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(office, file)| (office.as_str(), file.as_str()))
    }

    /// Decides for one grant of a person. `performed`: the performers of the request's steps. When they are unknown, no
    /// one counts as another person.
    pub fn decide<T: Subject>(
        &self,
        caller: &Caller,
        grant: &Grant,
        (subject, object, action): (&T, Object<'_>, Action),
        performed: Option<&Performed>,
    ) -> GrantDecision<'_> {
        // An object of another procedure than the subject's is denied: a proof for one must not open the other.
        let about_it = object.procedure().is_none_or(|procedure| Some(procedure) == subject.procedure());
        if grant.office != subject.office() || !about_it {
            return GrantDecision::Elsewhere;
        }
        // A grant of an agency counts for that agency's requests only.
        if grant.agency.is_some() && grant.agency != subject.agency() {
            return GrantDecision::OtherAgency;
        }
        let Some(line) = self.line(&grant.role, subject.office(), object, action) else { return GrantDecision::NoLine };
        let holds = |condition: &&Condition| match condition {
            Condition::Definitive => grant.capacity == Capacity::Definitive,
            Condition::OtherThan(step) => performed.is_some_and(|performed| !performed.by(caller.pass.user, step)),
        };
        match line.conditions.iter().find(|condition| !holds(condition)) {
            Some(condition) => GrantDecision::Unmet(line, condition),
            None => GrantDecision::Allowed(line),
        }
    }

    /// True if some line of an office has an `other-than` condition: then the steps' performers must be known.
    pub fn separates_duties(&self, office: &str) -> bool {
        self.separated_offices.contains(office)
    }

    /// The grants by which the caller may do this, or the chosen one alone; or why there is none.
    pub fn grants<'a, T: Subject>(
        &self,
        caller: &'a Caller,
        subject: &T,
        object: Object<'_>,
        action: Action,
        performed: Option<&Performed>,
    ) -> Result<Vec<&'a Grant>, Denied> {
        let mut unmet = None;
        let mut found = Vec::new();
        for grant in &caller.grants {
            if caller.pass.acting_as.is_some_and(|chosen| chosen != grant.id) {
                continue;
            }
            match self.decide(caller, grant, (subject, object, action), performed) {
                GrantDecision::Allowed(_) => found.push(grant),
                GrantDecision::Unmet(_, condition) => unmet = Some(condition.clone()),
                _ => {}
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
        let (office, object) = (subject.office().to_owned(), object.to_string());
        Err(Denied::Nowhere { office, object, action, unmet })
    }

    /// Proves that the caller may do this, by the chosen grant or the only one. When several allow it in another role,
    /// capacity or name, the caller must choose.
    pub fn authorize<T: Subject>(
        &self,
        caller: &Caller,
        subject: T,
        object: Object<'_>,
        action: Action,
        performed: Option<&Performed>,
    ) -> Result<Authorized<T>, Denied> {
        let grants = self.grants(caller, &subject, object, action, performed)?;
        let mut actors = grants.iter().map(|grant| grant.actor(caller.pass.user));
        match actors.next() {
            Some(actor) if actors.all(|other| other == actor) => Ok(Authorized::by_policy(subject, actor, action)),
            _ => Err(Denied::Several(grants.into_iter().cloned().collect())),
        }
    }

    fn role(&self, office: &str, role: &str) -> Option<&RolePermissions> {
        self.permissions.get(office)?.get(role)
    }
}
