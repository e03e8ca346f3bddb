//! TOML parsing, with the line of each fault.

use serde::de::DeserializeOwned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::procedure::Fault;

/// Parses TOML into a type. Reports every syntax error; of wrong types and names only the first.
pub(super) fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Vec<Fault>> {
    let fault = |error: &toml::de::Error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        // The parser's excerpt of the text spans lines; a fault is one line.
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        let mend = mend(&message);
        Fault::error(file, line, message, mend)
    };
    let (_, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mut faults: Vec<Fault> = errors.iter().map(fault).collect();
        // After a syntax error the rest of its line means nothing.
        faults.dedup_by_key(|fault| fault.line);
        return Err(faults);
    }
    toml::from_str(text).map_err(|error| vec![fault(&error)])
}

/// Returns the fix for a complaint of the parser.
fn mend(message: &str) -> &'static str {
    if message.starts_with("unknown field") {
        "correct the name, or remove the line"
    } else if message.starts_with("missing field") {
        "add it"
    } else if message.starts_with("unknown variant") {
        "write one of the words listed"
    } else if message.starts_with("duplicate key") {
        "remove or rename one of the two"
    } else if message.starts_with("invalid type") {
        "write a value of the type expected; texts, dates and times stand in quotes"
    } else {
        "correct the line"
    }
}

/// The line of a path of keys.
pub(super) fn line_at(text: &str, path: &[&str]) -> usize {
    let Ok(root) = DeTable::parse(text) else { return 1 };
    let root = DeValue::Table(root.into_inner());
    let (mut here, mut offset) = (&root, 0);
    for component in path {
        let next = match here {
            DeValue::Table(table) => {
                let mut items = table.iter();
                items
                    .find(|(key, _)| key.get_ref() == component)
                    .map(|(key, value)| (value.get_ref(), key.span().start))
            }
            DeValue::Array(array) => item(array, component),
            _ => None,
        };
        let Some(found) = next else { break };
        (here, offset) = found;
    }
    line_of(text, offset)
}

/// The item of an array for a path component, and its offset.
fn item<'a, 'i>(array: &'a DeArray<'i>, component: &str) -> Option<(&'a DeValue<'i>, usize)> {
    let by_name = || {
        array.iter().find(|item| match item.get_ref() {
            DeValue::String(text) => text == component,
            DeValue::Table(table) => {
                let key = table.iter().find(|(key, _)| key.get_ref() == "key").map(|(_, value)| value.get_ref());
                matches!(key, Some(DeValue::String(text)) if text == component)
            }
            _ => false,
        })
    };
    let by_index = |index: &str| index.parse::<usize>().ok().and_then(|index| array.get(index));
    let found = match component.strip_prefix('#') {
        Some(index) => by_index(index),
        None => by_name().or_else(|| by_index(component)),
    };
    found.map(|item| (item.get_ref(), item.span().start))
}

/// The line, from 1, of an offset.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    line_of_bytes(text.as_bytes(), offset)
}

/// The line, from 1, of an offset in bytes of any kind.
pub(super) fn line_of_bytes(bytes: &[u8], offset: usize) -> usize {
    bytes.iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}
