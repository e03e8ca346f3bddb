//! Translatable labels of offices and SOPs.

use serde_json::Value;

use super::{Office, Procedure};
use crate::language::{Language, Translations};

/// The keywords of JSON Schema for people.
const FOR_PEOPLE: [&str; 2] = ["title", "description"];

impl Office {
    /// A label of the office or of one of its SOPs, in a language; as written without a translation.
    pub fn label<'a>(&'a self, written: &'a str, language: Option<Language>) -> &'a str {
        match language {
            Some(Language::English) => self.english.translate(written),
            _ => written,
        }
    }

    /// The names of its roles.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.roles.values().map(|role| role.name.as_str())
    }
}

impl Procedure {
    /// All labels: title, activities, outcomes, records, and the titles and descriptions of forms.
    pub fn labels(&self) -> Vec<&str> {
        let mut labels = vec![self.title.as_str()];
        for step in &self.steps {
            labels.push(&step.activity);
            labels.extend(step.outcomes.iter().map(|outcome| outcome.label.as_str()));
        }
        labels.extend(self.records.values().map(|record| record.name.as_str()));
        let attributes = self.asset.iter().map(|asset| &asset.attributes);
        for schema in std::iter::once(&self.details).chain(attributes) {
            schema_labels(schema, &mut labels);
        }
        labels
    }
}

/// Collects the labels of a schema.
fn schema_labels<'a>(schema: &'a Value, found: &mut Vec<&'a str>) {
    match schema {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if FOR_PEOPLE.contains(&name.as_str()) => found.push(text),
                    field => schema_labels(field, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| schema_labels(item, found)),
        _ => {}
    }
}

/// Translates the labels of a schema.
pub(super) fn translated(schema: &Value, translations: &Translations) -> Value {
    match schema {
        Value::Object(fields) => {
            let translate = |(name, field): (&String, &Value)| {
                let field = match field {
                    Value::String(text) if FOR_PEOPLE.contains(&name.as_str()) => translations.translate(text).into(),
                    field => translated(field, translations),
                };
                (name.clone(), field)
            };
            Value::Object(fields.iter().map(translate).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| translated(item, translations)).collect()),
        other => other.clone(),
    }
}
