//! A compiled JSON Schema (2020-12): every fault of a value at once, each with its path.

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use super::Office;

/// A form: what a submission's details or an asset's attributes must be.
#[derive(Debug)]
pub struct Form {
    schema: Value,
    validator: Validator,
}

/// One thing wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// Where in the value; empty for all of it.
    pub path: Vec<String>,
    /// What is wrong, for people.
    pub message: String,
}

impl Form {
    /// Compiles a schema, with the office's definitions as its `$defs`. Fails with what is wrong with the schema.
    pub fn compile(schema: &Value, office: &Office) -> Result<Self, String> {
        let mut schema = schema.clone();
        let Some(object) = schema.as_object_mut() else { return Err("a schema is an object".to_owned()) };
        object.insert("$defs".to_owned(), office.definitions());
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
        let validator = options.build(&schema).map_err(|error| error.to_string())?;
        Ok(Self { schema, validator })
    }

    /// The form of an act that changes some attributes only: none is needed, no other is taken.
    pub fn changing(schema: &Value, only: &[String], office: &Office) -> Result<Self, String> {
        let all = schema["properties"].as_object().cloned().unwrap_or_default();
        let properties: serde_json::Map<String, Value> =
            all.into_iter().filter(|(name, _)| only.contains(name)).collect();
        let narrowed = serde_json::json!({
            "type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1
        });
        Self::compile(&narrowed, office)
    }

    /// The schema, with its `$defs`.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// Everything wrong with a value.
    pub fn validate(&self, value: &Value) -> Vec<FieldFault> {
        let mut faults: Vec<FieldFault> = Vec::new();
        for error in self.validator.iter_errors(value) {
            let pointer = error.instance_path().to_string();
            let mut path: Vec<String> =
                pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
            match error.kind() {
                ValidationErrorKind::Required { property } => {
                    path.push(property.as_str().unwrap_or_default().to_owned());
                    faults.push(FieldFault { path, message: "This is needed.".to_owned() });
                }
                ValidationErrorKind::AdditionalProperties { unexpected } => {
                    for name in unexpected {
                        let path = path.iter().cloned().chain([name.clone()]).collect();
                        faults.push(FieldFault { path, message: "The form has no such field.".to_owned() });
                    }
                }
                _ => faults.push(FieldFault { path, message: message(&error.to_string()) }),
            }
        }
        faults
    }
}

/// A validator's message, cut where it repeats a long value.
fn message(text: &str) -> String {
    const LONGEST: usize = 200;
    if text.chars().count() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST).chain(['…']).collect() }
}
