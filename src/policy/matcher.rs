//! Validation of `model.conf`. Decisions can be precomputed only if the matcher compares four fields for equality, and any one
//! matching line allows. The condition of a line is evaluated at each act.

use casbin::{DefaultModel, Model};

use crate::procedure::Fault;

/// How a person would name the model's file.
pub const MODEL_FILE: &str = "policies/model.conf";

/// A section, its key, and how it must read.
const SECTIONS: [(&str, &str, &str); 4] = [
    ("request_definition", "r", "role, office, object, action"),
    ("policy_definition", "p", "role, office, object, action, condition"),
    ("policy_effect", "e", "some(where (p.eft == allow))"),
    ("matchers", "m", "r.role == p.role && r.office == p.office && r.object == p.object && r.action == p.action"),
];

/// The compared fields.
const FIELDS: [&str; 4] = ["role", "office", "object", "action"];

/// Reads a model, and refuses one with decisions that cannot be precomputed.
///
/// It is checked before casbin runs it: casbin ends the process at an unknown effect.
pub(super) async fn read(text: &str) -> Result<DefaultModel, Vec<Fault>> {
    // A byte-order mark is no part of the text, as in the other files.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut faults = stray_lines(text);
    let model = match DefaultModel::from_str(text).await {
        Ok(model) => model,
        Err(error) => {
            if faults.is_empty() {
                faults.push(fault(1, format!("casbin cannot read the model: {error}"), whole_model()));
            }
            return Err(faults);
        }
    };
    for (section, key, wanted) in SECTIONS {
        let assertion = model.get_model().get(key).and_then(|assertions| assertions.get(key));
        let mend = format!("write `{key} = {wanted}` under `[{section}]`");
        let line = line_of(text, section, key);
        let Some(assertion) = assertion else {
            faults.push(fault(line, format!("`{key}` of `[{section}]` is missing"), mend));
            continue;
        };
        let right = match key {
            "e" => assertion.value == "some(where (p_eft == allow))",
            "m" => compares_only(&assertion.value),
            _ => {
                assertion.tokens.iter().map(String::as_str).eq(wanted.split(", ").map(|field| format!("{key}_{field}")))
            }
        };
        if !right {
            let message = match key {
                "m" => "the matcher must compare each of role, office, object and action, joined by `&&`, and do \
                        nothing else: only then can the lines be decided beforehand"
                    .to_owned(),
                _ => format!("`{key}` of `[{section}]` must be `{wanted}`"),
            };
            faults.push(fault(line, message, mend));
        }
    }
    if faults.is_empty() { Ok(model) } else { Err(faults) }
}

/// A fault of the model's file.
fn fault(line: usize, message: String, mend: String) -> Fault {
    Fault::error(MODEL_FILE, line, message, mend)
}

/// The whole of a model, on one line.
fn whole_model() -> String {
    let parts: Vec<String> =
        SECTIONS.iter().map(|(section, key, wanted)| format!("`[{section}]` with `{key} = {wanted}`")).collect();
    format!("the file holds {}", parts.join(", "))
}

/// True if a matcher is `r_x == p_x` for each field, joined by `&&`.
fn compares_only(matcher: &str) -> bool {
    let mut seen = [false; FIELDS.len()];
    for part in matcher.split("&&") {
        let Some((left, right)) = part.split_once("==") else { return false };
        let (left, right) = (left.trim(), right.trim());
        let field = FIELDS.iter().position(|field| {
            let (request, policy) = (format!("r_{field}"), format!("p_{field}"));
            (left == request && right == policy) || (left == policy && right == request)
        });
        match field.and_then(|at| seen.get_mut(at)) {
            Some(seen) => *seen = true,
            None => return false,
        }
    }
    seen.iter().all(|seen| *seen)
}

/// The lines of the model without comments and blanks: number, section, text.
fn statements(text: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    let mut section = "";
    let mut continued = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let line = line.trim();
        let goes_on = std::mem::replace(&mut continued, line.ends_with('\\'));
        if goes_on || line.is_empty() || line.starts_with(['#', ';']) {
            return None;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        }
        Some((index + 1, section, line))
    })
}

/// Returns faults for lines that casbin would overlook, read twice or refuse without a line number: other sections,
/// other keys, no key.
fn stray_lines(text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (number, section, line) in statements(text) {
        let known = SECTIONS.iter().find(|(name, ..)| *name == section);
        if line.starts_with('[') && line.ends_with(']') {
            if known.is_none() {
                let message = format!("the model has no use for a section `{line}`");
                faults.push(fault(number, message, "remove it with its lines".to_owned()));
            }
            continue;
        }
        let Some((_, key, wanted)) = known else {
            // Said once, at the section's head; a line before any section has none.
            if section.is_empty() {
                faults.push(fault(number, format!("`{line}` stands in no section"), whole_model()));
            }
            continue;
        };
        let mend = format!("keep one line `{key} = {wanted}`");
        match line.split_once('=') {
            Some((left, _)) if left.trim() == *key => {
                if seen.contains(key) {
                    faults.push(fault(number, format!("`{key}` is given twice"), mend));
                }
                seen.push(key);
            }
            _ => faults.push(fault(number, format!("`[{section}]` holds `{key}` and nothing else"), mend)),
        }
    }
    faults
}

/// The line of a key, else of its section, else the first.
fn line_of(text: &str, section: &str, key: &str) -> usize {
    let mut at = 1;
    for (number, its_section, line) in statements(text) {
        if its_section == section {
            if line.split_once('=').is_some_and(|(left, _)| left.trim() == key) {
                return number;
            }
            if line.starts_with('[') {
                at = number;
            }
        }
    }
    at
}
