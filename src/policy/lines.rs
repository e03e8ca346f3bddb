//! A policy line, and how the text of a file becomes lines.

use std::collections::HashMap;
use std::fmt;

use crate::access::Action;
use crate::procedure::Fault;

/// The word for an office's requests as a whole.
const REQUESTS: &str = "requests";

/// What an action is done to, as policy lines name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object<'a> {
    /// A step: the procedure's key and the step's. Written `<procedure>/<step>`.
    Step(&'a str, &'a str),
    /// A procedure, by its key. Written `<procedure>`.
    Procedure(&'a str),
    /// The office's requests. Written `requests`.
    Requests,
}

impl<'a> Object<'a> {
    /// The object that a policy line writes so. `None` when it is none of the three forms.
    pub fn parse(text: &'a str) -> Option<Self> {
        match text.split_once('/') {
            None if text == REQUESTS => Some(Self::Requests),
            None if !text.is_empty() => Some(Self::Procedure(text)),
            Some((procedure, step))
                if !procedure.is_empty() && !step.is_empty() && !step.contains('/') && procedure != REQUESTS =>
            {
                Some(Self::Step(procedure, step))
            }
            _ => None,
        }
    }

    /// The procedure's key, where the object is of one.
    pub fn procedure(self) -> Option<&'a str> {
        match self {
            Self::Step(procedure, _) | Self::Procedure(procedure) => Some(procedure),
            Self::Requests => None,
        }
    }

    /// Whether the action is one that is done to such an object.
    pub fn fits(self, action: Action) -> bool {
        match action {
            Action::Execute | Action::Sign | Action::Receive => matches!(self, Self::Step(..)),
            Action::Withdraw | Action::Reveal | Action::Reissue | Action::Revoke => matches!(self, Self::Procedure(_)),
            Action::See(_) => matches!(self, Self::Requests),
        }
    }
}

impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(procedure, step) => write!(f, "{procedure}/{step}"),
            Self::Procedure(procedure) => f.write_str(procedure),
            Self::Requests => f.write_str(REQUESTS),
        }
    }
}

/// The form of the object that an action is done to.
fn form(action: Action) -> &'static str {
    match action {
        Action::Execute | Action::Sign | Action::Receive => "<procedure>/<step>",
        Action::Withdraw | Action::Reveal | Action::Reissue | Action::Revoke => "<procedure>",
        Action::See(_) => REQUESTS,
    }
}

/// One line of a policy file: this role, in this office, may do this to that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The file it stands in.
    pub file: String,
    /// Where in the file, from 1.
    pub line: usize,
    /// The role's key.
    pub role: String,
    /// The office's key.
    pub office: String,
    /// The object as written. Always one that [`Object::parse`] reads.
    pub(super) object: String,
    /// What the role may do.
    pub action: Action,
}

impl Line {
    /// What the action is done to.
    pub fn object(&self) -> Object<'_> {
        Object::parse(&self.object).unwrap_or(Object::Requests)
    }

    /// The line as casbin takes it, without its `p`.
    pub(super) fn rule(&self) -> Vec<String> {
        vec![self.role.clone(), self.office.clone(), self.object.clone(), self.action.word().to_owned()]
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&csv_line(&self.role, &self.office, self.object(), self.action))
    }
}

/// The line that lets a role do this: what a person adds to mend a fault.
pub(super) fn csv_line(role: &str, office: &str, object: Object<'_>, action: Action) -> String {
    format!("p, {role}, {office}, {object}, {action}")
}

/// The lines of one office's file. A line that cannot be read is a fault, and the others are read all the same: a person
/// mends a file in one go.
pub(super) fn read(file: &str, office: &str, text: &str) -> (Vec<Line>, Vec<Fault>) {
    let mut lines: Vec<Line> = Vec::new();
    let mut faults = Vec::new();
    let mut first: HashMap<(String, String, Action), usize> = HashMap::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, written) in text.lines().enumerate() {
        // A record is a line, so each is parsed by itself: the reader's own positions count a comment before a record
        // as its beginning, and a quote left open would swallow what follows.
        let number = index + 1;
        let written = written.trim();
        if written.is_empty() || written.starts_with('#') {
            continue;
        }
        match read_line(file, number, office, written) {
            Err(fault) => faults.push(*fault),
            Ok(line) => {
                let cell = (line.role.clone(), line.object.clone(), line.action);
                if let Some(before) = first.get(&cell) {
                    let message = format!("`{line}` says again what line {before} says");
                    faults.push(Fault::error(file, number, message, "remove this line"));
                } else {
                    first.insert(cell, number);
                    lines.push(line);
                }
            }
        }
    }
    (lines, faults)
}

/// One line of a file.
fn read_line(file: &str, number: usize, office: &str, written: &str) -> Result<Line, Box<Fault>> {
    let fault = |message: String, mend: String| Box::new(Fault::error(file, number, message, mend));
    let shape = || format!("write it as `p, <role>, {office}, <object>, <action>`");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(written.as_bytes());
    let mut record = csv::StringRecord::new();
    if let Err(error) = reader.read_record(&mut record) {
        return Err(fault(format!("the line cannot be read: {error}"), shape()));
    }
    let fields: Vec<&str> = record.iter().collect();
    let &[kind, role, its_office, object, word] = fields.as_slice() else {
        return Err(fault(format!("a policy line has five fields, this one has {}", fields.len()), shape()));
    };
    if kind != "p" {
        return Err(fault(format!("a policy line begins with `p`, not `{kind}`"), shape()));
    }
    let names = [("role", role), ("office", its_office), ("object", object), ("action", word)];
    for (name, value) in names {
        if value.is_empty() {
            return Err(fault(format!("the {name} is empty"), shape()));
        }
        if value.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"') && name != "action" {
            return Err(fault(format!("the {name} `{value}` holds a space or a quote"), shape()));
        }
    }
    let Some(action) = Action::from_word(word) else {
        let known: Vec<&str> = Action::ALL.iter().map(|action| action.word()).collect();
        let mend = format!("use one of {}; a comment stands on a line of its own", known.join(", "));
        return Err(fault(format!("`{word}` is no action"), mend));
    };
    if its_office != office {
        let message = format!("the line is of the office `{its_office}`, the file of `{office}`");
        return Err(fault(message, format!("move it to `{its_office}.csv`, or write `{office}`")));
    }
    match Object::parse(object) {
        Some(read) if read.fits(action) => Ok(Line {
            file: file.to_owned(),
            line: number,
            role: role.to_owned(),
            office: office.to_owned(),
            object: object.to_owned(),
            action,
        }),
        _ => {
            let message = format!("`{action}` is not done to `{object}`");
            Err(fault(
                message,
                format!("write the object as `{}`: `p, {role}, {office}, {}, {action}`", form(action), form(action)),
            ))
        }
    }
}
