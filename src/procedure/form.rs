//! Forms: JSON Schemas of a submission's details and an asset's attributes.

use std::collections::BTreeSet;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use super::Office;
use super::label::translated;
use crate::language::{Language, Text};
use crate::say;

/// So many faults tell enough: a sender of nonsense is not answered at length.
const MAX_FAULTS: usize = 100;

/// A longer text is not shown back.
const MAX_SHOWN: usize = 160;

/// A compiled JSON Schema (2020-12), formats included.
#[derive(Debug)]
pub struct Form {
    schema: Value,
    /// The same with English labels.
    english: Value,
    validator: Validator,
}

/// One thing wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldFault {
    /// The field's path: property names, and indices of lists. A missing or unknown property is named itself.
    pub path: Vec<String>,
    /// The message, to follow the field's name.
    pub message: Text,
}

impl Form {
    /// Compiles a schema. It may refer to definitions of its office (`#/$defs/rack`); only those are included, so a
    /// form shows nothing else of the office.
    pub fn compile(schema: &Value, office: &Office) -> Result<Self, String> {
        let Value::Object(schema) = schema else { return Err("a schema is a table".to_owned()) };
        let mut schema = schema.clone();
        let text = Value::Object(schema.clone()).to_string();
        let mut definitions = match schema.remove("$defs") {
            None => Map::new(),
            Some(Value::Object(definitions)) => definitions,
            Some(_) => return Err("`$defs` is a table".to_owned()),
        };
        if let Value::Object(given) = office.definitions() {
            for (name, definition) in given {
                if definitions.contains_key(&name) {
                    return Err(format!("`$defs.{name}` is given by the office: name your own otherwise"));
                }
                if text.contains(&format!("\"#/$defs/{name}\"")) {
                    definitions.insert(name, definition);
                }
            }
        }
        if !definitions.is_empty() {
            schema.insert("$defs".to_owned(), Value::Object(definitions));
        }
        let schema = Value::Object(schema);
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            // Linear time: values come from outside.
            .with_pattern_options(PatternOptions::regex())
            .build(&schema)
            .map_err(|error| {
                let place = error.instance_path().as_str();
                let place = if place.is_empty() { String::new() } else { format!("at `{place}`: ") };
                clip(&format!("{place}{error}"), 2 * MAX_SHOWN)
            })?;
        let english = translated(&schema, &office.english);
        Ok(Self { schema, english, validator })
    }

    /// Compiles the form of a partial change: only some attributes, none required. Rules between attributes are left to
    /// the whole form, after the change.
    pub fn changing(schema: &Value, only: &[String], office: &Office) -> Result<Self, String> {
        let properties = properties(schema).ok_or("a schema has `properties`")?;
        let mut chosen = Map::new();
        for name in only {
            let property =
                properties.get(name).ok_or_else(|| format!("`{name}` is none of the schema's properties"))?;
            chosen.insert(name.clone(), property.clone());
        }
        let mut changing = Map::new();
        for kept in ["$schema", "$defs", "title"] {
            if let Some(value) = schema.get(kept) {
                changing.insert(kept.to_owned(), value.clone());
            }
        }
        changing.insert("type".to_owned(), "object".into());
        changing.insert("properties".to_owned(), chosen.into());
        changing.insert("additionalProperties".to_owned(), false.into());
        Self::compile(&Value::Object(changing), office)
    }

    /// The complete schema in a language, for clients that draw the form.
    pub fn schema(&self, language: Option<Language>) -> &Value {
        match language {
            Some(Language::English) => &self.english,
            _ => &self.schema,
        }
    }

    /// Returns all faults of a value; none for a valid one.
    pub fn validate(&self, value: &Value) -> Vec<FieldFault> {
        let faults: BTreeSet<FieldFault> =
            self.validator.iter_errors(value).take(MAX_FAULTS).flat_map(|error| self.faults(&error)).collect();
        faults.into_iter().take(MAX_FAULTS).collect()
    }

    /// The faults of one validation error, each with its field.
    fn faults(&self, error: &ValidationError<'_>) -> Vec<FieldFault> {
        let path: Vec<String> = error.instance_path().as_str().split('/').skip(1).map(unescape).collect();
        let below = |name: &str| path.iter().cloned().chain([clip(name, MAX_SHOWN)]).collect();
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                vec![FieldFault { path: below(name), message: say!("is required") }]
            }
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let fault = |name: &String| FieldFault { path: below(name), message: say!("is not known here") };
                unexpected.iter().map(fault).collect()
            }
            kind => {
                let message = self.message(kind, &path);
                vec![FieldFault { path, message }]
            }
        }
    }

    /// The message of an error, without the wrong value.
    fn message(&self, kind: &ValidationErrorKind, path: &[String]) -> Text {
        use ValidationErrorKind as Kind;
        let hinted = |fault: Text| match self.hint(path) {
            Some(hint) => fault.with_explanation(hint),
            None => fault,
        };
        match kind {
            Kind::Type { kind: TypeKind::Single(kind) } => match kind.to_string() {
                kind if kind.starts_with(['a', 'i', 'o']) => say!("must be an {kind}", kind),
                kind => say!("must be a {kind}", kind),
            },
            Kind::Enum { options } => {
                let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
                let options: Vec<String> = options.iter().map(plain).collect();
                let options = options.join(", ");
                if options.is_empty() || options.len() > MAX_SHOWN {
                    say!("is not one of the values allowed")
                } else {
                    say!("must be one of {options}", options)
                }
            }
            Kind::Constant { expected_value } => {
                say!("must be {value}", value = clip(&plain(expected_value), MAX_SHOWN))
            }
            Kind::Minimum { limit } => say!("must be at least {limit}", limit = limit.to_string()),
            Kind::Maximum { limit } => say!("must be at most {limit}", limit = limit.to_string()),
            Kind::ExclusiveMinimum { limit } => say!("must be more than {limit}", limit = limit.to_string()),
            Kind::ExclusiveMaximum { limit } => say!("must be less than {limit}", limit = limit.to_string()),
            Kind::MultipleOf { multiple_of } => {
                say!("must be a multiple of {number}", number = multiple_of.to_string())
            }
            Kind::MinLength { limit: 1 } | Kind::MinItems { limit: 1 } => say!("must not be empty"),
            Kind::MinLength { limit } => say!("must have at least {limit} characters", limit = *limit),
            Kind::MaxLength { limit } => say!("must have at most {limit} characters", limit = *limit),
            Kind::MinItems { limit } => say!("must have at least {limit} items", limit = *limit),
            Kind::MaxItems { limit } => say!("must have at most {limit} items", limit = *limit),
            Kind::UniqueItems => say!("must not hold anything twice"),
            Kind::FalseSchema => say!("does not belong here"),
            Kind::Format { format } => hinted(say!("is not a valid {format}", format)),
            Kind::Pattern { .. } => hinted(say!("is not in the form wanted")),
            _ => hinted(say!("is not accepted")),
        }
    }

    /// The form's description of a field.
    fn hint(&self, path: &[String]) -> Option<Text> {
        let describes = |schema| description(schema, path).map(|said| clip(said, MAX_SHOWN));
        Some(Text::label(describes(&self.schema)?, describes(&self.english)?))
    }
}

/// The description of a field in a schema.
fn description<'a>(schema: &'a Value, path: &[String]) -> Option<&'a str> {
    let mut field = schema;
    for component in path {
        let property = properties(field).and_then(|properties| properties.get(component));
        match property.or_else(|| field.get("items")) {
            Some(found) => field = found,
            None => return None,
        }
    }
    field.get("description").and_then(Value::as_str)
}

/// Normalises a value: whole numbers become integers (to JSON Schema `10.0` is the integer 10, 2020-12, section 4.2.2),
/// texts take Unicode's normal form C, so that equal-looking texts are equal.
pub fn canonical(value: Value) -> Value {
    match value {
        Value::Number(number) if !number.is_i64() && !number.is_u64() => {
            let whole =
                number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0);
            // Below 2^53 every whole number is exact.
            #[expect(clippy::cast_possible_truncation, reason = "whole, and within the bounds of i64")]
            whole.map_or(Value::Number(number), |number| Value::from(number as i64))
        }
        Value::String(text) => Value::String(text.nfc().collect()),
        Value::Array(items) => items.into_iter().map(canonical).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, field)| (name, canonical(field))).collect())
        }
        other => other,
    }
}

/// True if a word is a checked format.
pub(super) fn is_known_format(format: &str) -> bool {
    let schema = serde_json::json!({ "format": format });
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    options.should_ignore_unknown_formats(false).build(&schema).is_ok()
}

/// A schema's properties.
pub(super) fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties").and_then(Value::as_object)
}

/// A value as a person would write it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A component of a JSON pointer.
fn unescape(component: &str) -> String {
    clip(&component.replace("~1", "/").replace("~0", "~"), MAX_SHOWN)
}

/// Truncates a text.
fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::procedure::read_office;

    fn office() -> Office {
        let text = include_str!("../../procedures/denpasar/office.toml");
        read_office("office.toml", "denpasar", text).expect("the shipped office reads")
    }

    fn form(schema: Value) -> Form {
        Form::compile(&schema, &office()).expect("the schema compiles")
    }

    fn described(form: &Form, value: Value) -> Vec<String> {
        form.validate(&value).into_iter().map(|fault| format!("{} {}", fault.path.join("."), fault.message)).collect()
    }

    fn sample() -> Value {
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["name", "units"],
            "properties": {
                "name": { "type": "string", "minLength": 1, "maxLength": 5 },
                "units": { "type": "integer", "minimum": 1, "maximum": 42 },
                "rack": { "$ref": "#/$defs/rack" },
                "day": { "type": "string", "format": "date", "description": "YYYY-MM-DD" },
                "host": { "$ref": "#/$defs/city_host" },
                "label": { "type": "string", "not": { "$ref": "#/$defs/reserved_label" }, "description": "free label" },
                "ports": { "type": "array", "uniqueItems": true, "items": { "type": "integer", "maximum": 65535 } },
                "who": { "type": "object", "required": ["phone"], "properties": { "phone": { "type": "string" } } }
            }
        })
    }

    #[test]
    fn all_faults_of_a_value_are_reported_at_their_fields() {
        let value = json!({
            "name": "a very long name", "rack": "Z9", "day": "31-12-2026", "host": "example.org", "label": "www",
            "ports": [80, 80, 70000, "x"], "who": {}, "a/b": 1
        });
        assert_eq!(
            described(&form(sample()), value),
            [
                "a/b is not known here",
                "day is not a valid date: YYYY-MM-DD",
                "host is not in the form wanted",
                "label is not accepted: free label",
                "name must have at most 5 characters",
                "ports must not hold anything twice",
                "ports.2 must be at most 65535",
                "ports.3 must be an integer",
                "rack must be one of A1, A2, B1",
                "units is required",
                "who.phone is required",
            ]
        );
    }

    #[test]
    fn a_valid_value_has_no_fault() {
        let value =
            json!({ "name": "a", "units": 42, "rack": "A1", "day": "2026-12-31", "host": "a.denpasarkota.go.id" });
        assert_eq!(described(&form(sample()), value), [""; 0]);
    }

    #[test]
    fn no_fault_echoes_the_input() {
        let long = "x".repeat(10_000);
        let value = json!({ "name": long, "units": long, "rack": long, "day": long, "host": long, &long: long });
        for fault in form(sample()).validate(&value) {
            let message = fault.message.to_string();
            assert!(message.chars().count() < 250 && !message.contains("xxx"), "{message}");
            assert!(fault.path.iter().all(|component| component.chars().count() <= MAX_SHOWN + 1));
        }
    }

    #[test]
    fn whole_numbers_are_integers_and_texts_are_composed() {
        let value = json!({ "e": ["e\u{301}"], "a": 10.0, "b": [-0.0, 1.5, 1e300], "c": "10.0", "d": 9_007_199_254_740_993_i64 });
        let whole =
            json!({ "e": ["\u{e9}"], "a": 10, "b": [0, 1.5, 1e300], "c": "10.0", "d": 9_007_199_254_740_993_i64 });
        assert_eq!(canonical(value), whole);
    }

    #[test]
    fn the_number_of_faults_is_bounded() {
        let items: Vec<Value> = (0..5000).map(|_| json!("x")).collect();
        let faults = form(sample()).validate(&json!({ "name": "a", "units": 1, "ports": items }));
        assert_eq!(faults.len(), MAX_FAULTS);
    }

    #[test]
    fn a_form_shows_only_the_definitions_it_refers_to() {
        let schema = json!({ "type": "object", "properties": { "rack": { "$ref": "#/$defs/rack" } } });
        let shown = form(schema).schema(None)["$defs"].clone();
        assert_eq!(shown, json!({ "rack": { "enum": ["A1", "A2", "B1"] } }));
        assert_eq!(form(json!({ "type": "object" })).schema(None), &json!({ "type": "object" }));
    }

    #[test]
    fn a_place_beyond_its_rack_is_refused() {
        let mut schema = json!({ "type": "object", "$ref": "#/$defs/rack_place" });
        schema["properties"] = json!({ "rack": { "$ref": "#/$defs/rack" } });
        let faults = described(&form(schema), json!({ "rack": "A1", "unitFrom": 0, "unitTo": 99 }));
        assert_eq!(faults, ["unitFrom must be at least 1", "unitTo must be at most 42"]);
    }

    #[test]
    fn an_invalid_schema_does_not_compile() {
        for (schema, says) in [
            (json!("x"), "is a table"),
            (json!({ "type": "strin" }), "type"),
            (json!({ "$ref": "#/$defs/nothing" }), "nothing"),
            (json!({ "$defs": { "rack": {} } }), "given by the office"),
            (json!({ "properties": { "a": { "pattern": "(" } } }), "a"),
        ] {
            let error = Form::compile(&schema, &office()).expect_err("no schema");
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_form_of_changes_has_only_its_attributes_and_requires_none() {
        let only = ["units".to_owned(), "rack".to_owned()];
        let form = Form::changing(&sample(), &only, &office()).expect("it compiles");
        assert_eq!(described(&form, json!({})), [""; 0]);
        assert_eq!(
            described(&form, json!({ "units": 0, "rack": "Z9", "name": "a" })),
            ["name is not known here", "rack must be one of A1, A2, B1", "units must be at least 1"]
        );
        let error = Form::changing(&sample(), &["nothing".to_owned()], &office()).expect_err("no such property");
        assert!(error.contains("`nothing`"), "{error}");
    }
}
