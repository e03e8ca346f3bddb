//! A policy line, and its parsing from a file's text.

use std::collections::HashMap;
use std::fmt;

use crate::access::{Action, Condition, Field};
use crate::procedure::Fault;

/// Words for objects of the office as a whole, reserved among procedure keys.
pub const RESERVED_KEYS: [&str; 4] = ["requests", "people", "agencies", "office"];

/// The object of an action, as policy lines name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object<'a> {
    /// A step: the procedure's key and the step's. Written `<procedure>/<step>`.
    Step(&'a str, &'a str),
    /// A procedure, by its key. Written `<procedure>`.
    Procedure(&'a str),
    /// The office's requests. Written `requests`.
    Requests,
    /// The office's people. Written `people`.
    People,
    /// The agencies served by the office. Written `agencies`.
    Agencies,
    /// The office itself. Written `office`.
    Office,
    /// A role of the office, by its key. Written `role:<role>`.
    Role(&'a str),
    /// A field. Written `field:<field>`.
    Field(Field),
}

impl<'a> Object<'a> {
    /// Parses an object of a policy line; none for another form.
    pub fn parse(text: &'a str) -> Option<Self> {
        if let Some((kind, name)) = text.split_once(':') {
            return match kind {
                "role" if !name.is_empty() && !name.contains(['/', ':']) => Some(Self::Role(name)),
                "field" => Field::from_word(name).map(Self::Field),
                _ => None,
            };
        }
        match text.split_once('/') {
            None => match text {
                "requests" => Some(Self::Requests),
                "people" => Some(Self::People),
                "agencies" => Some(Self::Agencies),
                "office" => Some(Self::Office),
                "" => None,
                procedure => Some(Self::Procedure(procedure)),
            },
            Some((procedure, step))
                if !procedure.is_empty()
                    && !step.is_empty()
                    && !step.contains('/')
                    && !RESERVED_KEYS.contains(&procedure) =>
            {
                Some(Self::Step(procedure, step))
            }
            _ => None,
        }
    }

    /// The procedure's key, for objects of a procedure.
    pub fn procedure(self) -> Option<&'a str> {
        match self {
            Self::Step(procedure, _) | Self::Procedure(procedure) => Some(procedure),
            _ => None,
        }
    }

    /// True if the action applies to such an object.
    pub fn fits(self, action: Action) -> bool {
        match action {
            Action::Execute | Action::Sign | Action::Receive => matches!(self, Self::Step(..)),
            Action::Withdraw | Action::Reveal | Action::Reissue | Action::Revoke => matches!(self, Self::Procedure(_)),
            Action::See(_) => matches!(self, Self::Requests),
            Action::Read => matches!(self, Self::Field(_)),
            Action::Manage => matches!(self, Self::People | Self::Agencies),
            Action::Grant => matches!(self, Self::Role(_)),
            Action::SeeEvents | Action::Explain => matches!(self, Self::Office),
        }
    }
}

impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(procedure, step) => write!(f, "{procedure}/{step}"),
            Self::Procedure(procedure) => f.write_str(procedure),
            Self::Requests => f.write_str("requests"),
            Self::People => f.write_str("people"),
            Self::Agencies => f.write_str("agencies"),
            Self::Office => f.write_str("office"),
            Self::Role(role) => write!(f, "role:{role}"),
            Self::Field(field) => write!(f, "field:{field}"),
        }
    }
}

/// The form of an action's object.
fn object_form(action: Action) -> &'static str {
    match action {
        Action::Execute | Action::Sign | Action::Receive => "<procedure>/<step>",
        Action::Withdraw | Action::Reveal | Action::Reissue | Action::Revoke => "<procedure>",
        Action::See(_) => "requests",
        Action::Read => "field:<field>",
        Action::Manage => "people",
        Action::Grant => "role:<role>",
        Action::SeeEvents | Action::Explain => "office",
    }
}

/// True if a line of the action may have conditions: an official's act on a request.
fn takes_conditions(action: Action) -> bool {
    matches!(action, Action::Execute | Action::Sign | Action::Reissue | Action::Revoke)
}

/// One line of a policy file: a role, its office, an object, an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The file it stands in.
    pub file: String,
    /// The line number, from 1.
    pub line: usize,
    /// The role's key.
    pub role: String,
    /// The office's key.
    pub office: String,
    /// The object as written, always parseable ([`Object::parse`]).
    pub(super) object: String,
    /// The action.
    pub action: Action,
    /// Further conditions, all of them required.
    pub conditions: Vec<Condition>,
}

impl Line {
    /// The object of the action.
    pub fn object(&self) -> Object<'_> {
        Object::parse(&self.object).unwrap_or(Object::Requests)
    }

    /// The line as casbin takes it, without its `p`.
    pub(super) fn rule(&self) -> Vec<String> {
        let [role, office] = [&self.role, &self.office].map(String::clone);
        vec![role, office, self.object.clone(), self.action.word().to_owned(), self.conditions_text()]
    }

    /// The question to casbin that the line answers.
    pub(super) fn question(&self) -> (&str, &str, &str, &str) {
        (&self.role, &self.office, &self.object, self.action.word())
    }

    /// The last column, as written; empty without conditions.
    fn conditions_text(&self) -> String {
        self.conditions.iter().map(Condition::to_string).collect::<Vec<_>>().join("&")
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&csv_line(&self.role, &self.office, self.object(), self.action))?;
        match self.conditions.as_slice() {
            [] => Ok(()),
            _ => write!(f, ", {}", self.conditions_text()),
        }
    }
}

/// The policy line for an action, for use in a fix.
pub(super) fn csv_line(role: &str, office: &str, object: Object<'_>, action: Action) -> String {
    format!("p, {role}, {office}, {object}, {action}")
}

/// Parses one office's file. An unreadable line is a fault, and the others are read all the same, so that a person can
/// fix the file in one go.
pub(super) fn parse(file: &str, office: &str, text: &str) -> (Vec<Line>, Vec<Fault>) {
    let mut lines: Vec<Line> = Vec::new();
    let mut faults = Vec::new();
    let mut first: HashMap<(String, String, Action), usize> = HashMap::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, written) in text.lines().enumerate() {
        // A record is a line, so each is parsed by itself: the reader's own positions count a comment before a record
        // as its beginning, and an open quote would swallow the following lines.
        let number = index + 1;
        let written = written.trim();
        if written.is_empty() || written.starts_with('#') {
            continue;
        }
        match parse_line(file, number, office, written) {
            Err(fault) => faults.push(*fault),
            Ok(line) => {
                let cell = (line.role.clone(), line.object.clone(), line.action);
                if let Some(before) = first.get(&cell) {
                    let message = format!("`{line}` repeats line {before}");
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
fn parse_line(file: &str, number: usize, office: &str, written: &str) -> Result<Line, Box<Fault>> {
    let fault = |message: String, mend: String| Box::new(Fault::error(file, number, message, mend));
    let expected =
        || format!("write it as `p, <role>, {office}, <object>, <action>`, with a condition behind where one holds");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(written.as_bytes());
    let mut record = csv::StringRecord::new();
    if let Err(error) = reader.read_record(&mut record) {
        return Err(fault(format!("the line cannot be read: {error}"), expected()));
    }
    let fields: Vec<&str> = record.iter().collect();
    let &[kind, role, its_office, object, word, ref conditions @ ..] = fields.as_slice() else {
        return Err(fault(format!("a policy line has five fields, this one has {}", fields.len()), expected()));
    };
    if conditions.len() > 1 {
        let message = format!("a policy line has at most six fields, this one has {}", fields.len());
        return Err(fault(message, expected()));
    }
    if kind != "p" {
        return Err(fault(format!("a policy line begins with `p`, not `{kind}`"), expected()));
    }
    let names = [("role", role), ("office", its_office), ("object", object), ("action", word)];
    for (name, value) in names {
        if value.is_empty() {
            return Err(fault(format!("the {name} is empty"), expected()));
        }
        if value.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"') && name != "action" {
            return Err(fault(format!("the {name} `{value}` holds a space or a quote"), expected()));
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
    let fits = Object::parse(object).is_some_and(|read| read.fits(action));
    if !fits {
        let form = object_form(action);
        let mend = format!("write the object as `{form}`: `p, {role}, {office}, {form}, {action}`");
        return Err(fault(format!("`{action}` is not done to `{object}`"), mend));
    }
    let conditions = match conditions.first() {
        None => Vec::new(),
        Some(_) if !takes_conditions(action) => {
            let message = format!("`{action}` takes no condition");
            return Err(fault(message, "leave the last field out".to_owned()));
        }
        Some(text) => parse_conditions(text).map_err(|wrong| {
            fault(format!("`{wrong}` is no condition"), format!("write {}, or leave the field out", Condition::FORMS))
        })?,
    };
    Ok(Line {
        file: file.to_owned(),
        line: number,
        role: role.to_owned(),
        office: office.to_owned(),
        object: object.to_owned(),
        action,
        conditions,
    })
}

/// Parses the conditions of a line's last field; the error is the invalid one.
fn parse_conditions(text: &str) -> Result<Vec<Condition>, String> {
    let read = |part: &str| Condition::parse(part.trim()).ok_or_else(|| part.trim().to_owned());
    text.split('&').map(read).collect()
}
