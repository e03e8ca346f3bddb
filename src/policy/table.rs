//! The table that is left once every cell is decided, and the questions it answers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use thiserror::Error;

use crate::access::{Action, Authorized, Caller, Scope, Subject};

use super::lines::{Line, Object};

/// Who may do what, decided. Empty, it allows nothing.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Each office's policy file, with or without lines in it.
    files: BTreeMap<String, String>,
    /// The offices of whose lines some could not be read or decided.
    broken: BTreeSet<String>,
    /// Every line that allows something, by file and then as written.
    lines: Vec<Line>,
    /// By office and role.
    cells: HashMap<String, HashMap<String, RoleCells>>,
    /// By office and procedure.
    performers: HashMap<String, HashMap<String, Performers>>,
}

/// A procedure's steps: the roles of each action on them.
type Performers = HashMap<String, BTreeMap<Action, Vec<String>>>;

/// What one role may do in one office.
#[derive(Debug, Clone, Default)]
struct RoleCells {
    /// Actions on the office's requests.
    requests: Actions,
    /// By procedure: actions on itself, and on its steps.
    procedures: HashMap<String, (Actions, HashMap<String, Actions>)>,
    /// The same once more, in the lines' order, to be handed out.
    scopes: Vec<Scope>,
    steps_of: BTreeMap<Action, Vec<(String, String)>>,
    procedures_of: BTreeMap<Action, Vec<String>>,
}

/// A set of actions.
#[derive(Debug, Clone, Copy, Default)]
struct Actions(u16);

impl Actions {
    /// The action's bit: its place in [`Action::ALL`].
    fn bit(action: Action) -> u16 {
        let at = match action {
            Action::Execute => 0,
            Action::Sign => 1,
            Action::Receive => 2,
            Action::Withdraw => 3,
            Action::Reveal => 4,
            Action::Reissue => 5,
            Action::Revoke => 6,
            Action::See(Scope::Own) => 7,
            Action::See(Scope::Agency) => 8,
            Action::See(Scope::Reached) => 9,
            Action::See(Scope::Office) => 10,
            Action::See(Scope::All) => 11,
        };
        1 << at
    }

    fn add(&mut self, action: Action) {
        self.0 |= Self::bit(action);
    }

    fn has(self, action: Action) -> bool {
        self.0 & Self::bit(action) != 0
    }
}

/// No role that the caller holds may do this here, now. For the operator; the caller reads `FORBIDDEN`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("none of the caller's roles in `{office}` may {action} `{object}`")]
pub struct Denied {
    /// The office's key.
    pub office: String,
    /// What it would have been done to.
    pub object: String,
    /// What was to be done.
    pub action: Action,
}

impl Policy {
    /// Takes note of an office's file.
    pub(super) fn add_office(&mut self, office: &str, file: &str) {
        self.files.insert(office.to_owned(), file.to_owned());
    }

    /// Takes note that an office's file says more than was understood.
    pub(super) fn add_broken(&mut self, office: &str) {
        self.broken.insert(office.to_owned());
    }

    /// Whether every line of an office's file was understood.
    pub fn is_whole(&self, office: &str) -> bool {
        !self.broken.contains(office)
    }

    /// Fills the cell that this line names.
    pub(super) fn add(&mut self, line: Line) {
        let role = self.cells.entry(line.office.clone()).or_default().entry(line.role.clone()).or_default();
        match line.object() {
            Object::Requests => {
                role.requests.add(line.action);
                if let Action::See(scope) = line.action {
                    role.scopes.push(scope);
                }
            }
            Object::Procedure(procedure) => {
                role.procedures.entry(procedure.to_owned()).or_default().0.add(line.action);
                role.procedures_of.entry(line.action).or_default().push(procedure.to_owned());
            }
            Object::Step(procedure, step) => {
                let (_, steps) = role.procedures.entry(procedure.to_owned()).or_default();
                steps.entry(step.to_owned()).or_default().add(line.action);
                role.steps_of.entry(line.action).or_default().push((procedure.to_owned(), step.to_owned()));
                let procedures = self.performers.entry(line.office.clone()).or_default();
                let steps = procedures.entry(procedure.to_owned()).or_default();
                let actions = steps.entry(step.to_owned()).or_default();
                actions.entry(line.action).or_default().push(line.role.clone());
            }
        }
        self.lines.push(line);
    }

    /// Whether a role may do this in an office.
    pub fn allows(&self, role: &str, office: &str, object: Object<'_>, action: Action) -> bool {
        let Some(role) = self.role(office, role) else { return false };
        let actions = match object {
            Object::Requests => Some(role.requests),
            Object::Procedure(procedure) => role.procedures.get(procedure).map(|(itself, _)| *itself),
            Object::Step(procedure, step) => {
                role.procedures.get(procedure).and_then(|(_, steps)| steps.get(step)).copied()
            }
        };
        actions.is_some_and(|actions| actions.has(action))
    }

    /// The roles that may do this at a step, in the file's order.
    pub fn roles(&self, office: &str, procedure: &str, step: &str, action: Action) -> &[String] {
        self.performers
            .get(office)
            .and_then(|procedures| procedures.get(procedure)?.get(step)?.get(&action))
            .map_or(&[], Vec::as_slice)
    }

    /// Which of an office's requests a role sees: any of these suffices.
    pub fn scopes(&self, office: &str, role: &str) -> &[Scope] {
        self.role(office, role).map_or(&[], |role| &role.scopes)
    }

    /// The steps at which a role may do this, by the keys of procedure and step, in the file's order.
    pub fn steps(&self, office: &str, role: &str, action: Action) -> &[(String, String)] {
        self.role(office, role).and_then(|role| role.steps_of.get(&action)).map_or(&[], Vec::as_slice)
    }

    /// The procedures to which a role may do this, by key, in the file's order. For what is done to a procedure; what is
    /// done at a step is in [`Policy::steps`].
    pub fn procedures(&self, office: &str, role: &str, action: Action) -> &[String] {
        self.role(office, role).and_then(|role| role.procedures_of.get(&action)).map_or(&[], Vec::as_slice)
    }

    /// Every line, by file and then as written.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The offices that have a policy file, each with its file.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(office, file)| (office.as_str(), file.as_str()))
    }

    /// The caller's proof that they may do this to that, as the first of their grants in its office that allows it.
    ///
    /// A grant that names an agency counts for what that agency asked for, and for nothing else. An object of another
    /// procedure than the subject's is denied whoever asks: a proof for one must not open the other.
    pub fn authorize<T: Subject>(
        &self,
        caller: &Caller,
        subject: T,
        object: Object<'_>,
        action: Action,
    ) -> Result<Authorized<T>, Denied> {
        let about_it = object.procedure().is_none_or(|procedure| procedure == subject.procedure());
        let grant = caller.grants_in(subject.office()).find(|grant| {
            about_it
                && grant.agency.is_none_or(|agency| agency == subject.agency())
                && self.allows(&grant.role, subject.office(), object, action)
        });
        match grant.map(|grant| grant.actor(caller.pass.user)) {
            Some(actor) => Ok(Authorized::by_policy(subject, actor, action)),
            None => Err(Denied { office: subject.office().to_owned(), object: object.to_string(), action }),
        }
    }

    fn role(&self, office: &str, role: &str) -> Option<&RoleCells> {
        self.cells.get(office)?.get(role)
    }
}
