//! Checks of the JSON Schemas: validity, satisfiability, known keywords.

use serde_json::{Value, json};

use super::{ProcedureCheck, index_key};
use crate::procedure::form::{is_known_format, properties};
use crate::procedure::{Fault, Form, Located, Office};

/// Fix of a schema.
const SCHEMA_MEND: &str = "correct the schema: JSON Schema 2020-12, patterns without look-around";

/// Fix of a schema of something else than an object.
const OBJECT_MEND: &str = "write `type = \"object\"` and its properties";

/// Keywords with a schema.
const WITH_SCHEMA: [&str; 11] = [
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
    "if",
    "then",
    "else",
    "not",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];

/// Keywords with schemas by name.
const WITH_NAMED_SCHEMAS: [&str; 4] = ["properties", "patternProperties", "dependentSchemas", "$defs"];

/// Keywords with a list of schemas.
const WITH_SCHEMA_LIST: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];

/// All other keywords of JSON Schema 2020-12.
const WITHOUT_SCHEMA: [&str; 39] = [
    "$schema",
    "$id",
    "$ref",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$vocabulary",
    "$comment",
    "type",
    "enum",
    "const",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxContains",
    "minContains",
    "maxProperties",
    "minProperties",
    "required",
    "dependentRequired",
    "format",
    "contentEncoding",
    "contentMediaType",
    "title",
    "description",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "examples",
    "definitions",
];

/// Pairs of bounds, lower and upper.
const BOUNDS: [(&str, &str); 5] = [
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
];

/// Compiles every form of a procedure: its details, its asset's attributes, and their partial changes. A server cannot
/// run a procedure with a broken form, be it a file's or a stored one.
pub fn check_forms(located: &Located, office: &Office) -> Vec<Fault> {
    let procedure = &located.procedure;
    let fault = |path: &[&str], what: &str, error: String| {
        Fault::error(&located.file, located.line(path), format!("the {what} are no JSON Schema: {error}"), SCHEMA_MEND)
    };
    let mut faults = Vec::new();
    faults.extend(Form::compile(&procedure.details, office).err().map(|error| fault(&["details"], "details", error)));
    let Some(asset) = &procedure.asset else { return faults };
    if let Err(error) = Form::compile(&asset.attributes, office) {
        faults.push(fault(&["asset", "attributes"], "attributes", error));
        return faults;
    }
    for (index, step) in procedure.steps.iter().enumerate() {
        for (place, outcome) in step.outcomes.iter().enumerate().filter(|(_, it)| !it.asset_changes.is_empty()) {
            if let Err(error) = Form::changing(&asset.attributes, &outcome.asset_changes, office) {
                let path = ["steps", &index_key(index), "outcomes", &index_key(place), "asset_changes"];
                let message = format!("what `{}:{}` changes makes no form: {error}", step.key, outcome.key);
                let mend = "let each of these attributes be described by itself, without a $ref to another";
                faults.push(Fault::error(&located.file, located.line(&path), message, mend));
            }
        }
    }
    faults
}

impl ProcedureCheck<'_> {
    pub(super) fn forms(&mut self) {
        for fault in check_forms(self.located, self.office) {
            self.push(fault);
        }
    }

    pub(super) fn details(&mut self) {
        self.schema(&["details"], &self.located.procedure.details, "details");
    }

    /// Checks a compiling schema for further mistakes.
    pub(super) fn schema(&mut self, path: &[&str], schema: &Value, what: &str) {
        if Form::compile(schema, self.office).is_err() {
            return;
        }
        let is_object = schema.get("type").and_then(Value::as_str) == Some("object") && properties(schema).is_some();
        if !is_object {
            return self.fault(path, format!("the {what} do not describe an object"), OBJECT_MEND);
        }
        self.required(path, schema, what);
        let start: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        self.check_nested(&start, schema);
        self.examples(path, schema);
    }

    /// Refuses a required name that is no property: nothing would fit.
    fn required(&mut self, path: &[&str], schema: &Value, what: &str) {
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for name in required {
            if !properties(schema).is_some_and(|properties| properties.contains_key(name)) {
                let message = format!("the {what} require `{name}`, which is none of their properties");
                let path: Vec<&str> = path.iter().copied().chain(["required", name]).collect();
                self.fault(&path, message, "correct the name, or describe the property");
            }
        }
    }

    /// Looks at a schema and at every schema inside it.
    fn check_nested(&mut self, path: &[String], schema: &Value) {
        let Value::Object(keywords) = schema else { return };
        let below = |parts: &[&str]| path.iter().cloned().chain(parts.iter().map(|part| (*part).to_owned())).collect();
        self.bounds(path, schema);
        for (keyword, value) in keywords {
            let keyword = keyword.as_str();
            let here: Vec<String> = below(&[keyword]);
            match value {
                _ if WITH_SCHEMA.contains(&keyword) => self.check_nested(&here, value),
                Value::Object(named) if WITH_NAMED_SCHEMAS.contains(&keyword) => {
                    for (name, inner) in named {
                        self.check_nested(&below(&[keyword, name]), inner);
                    }
                }
                Value::Array(list) if WITH_SCHEMA_LIST.contains(&keyword) => {
                    for (index, inner) in list.iter().enumerate() {
                        self.check_nested(&below(&[keyword, &index_key(index)]), inner);
                    }
                }
                Value::String(format) if keyword == "format" && !is_known_format(format) => {
                    let message = format!("`{format}` is no format that is known, so nothing is checked by it");
                    self.warn_at(&here, message, "correct the word, or use `pattern`");
                }
                _ if WITHOUT_SCHEMA.contains(&keyword) || keyword.starts_with("x-") => {}
                _ => {
                    let message = format!("`{keyword}` is no keyword of JSON Schema, so nothing is checked by it");
                    self.warn_at(&here, message, "correct the word, or remove the line");
                }
            }
        }
    }

    fn warn_at(&mut self, path: &[String], message: String, mend: &str) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self.warning(&path, message, mend);
    }

    /// Refuses bounds without a value between them.
    fn bounds(&mut self, path: &[String], schema: &Value) {
        let number = |key: &str| schema.get(key).and_then(Value::as_f64);
        for (least, most) in BOUNDS {
            let (Some(low), Some(high)) = (number(least), number(most)) else { continue };
            if low > high {
                let message = format!("`{least}` is above `{most}`, so nothing fits");
                let path: Vec<&str> = path.iter().map(String::as_str).chain([most]).collect();
                self.fault(&path, message, format!("let `{most}` be at least `{least}`"));
            }
        }
        let above = number("exclusiveMinimum").map(|low| (low, true)).or(number("minimum").map(|low| (low, false)));
        let below = number("exclusiveMaximum").map(|high| (high, true)).or(number("maximum").map(|high| (high, false)));
        if let (Some((low, open)), Some((high, shut))) = (above, below)
            && (open || shut)
            && low >= high
        {
            let message = "the bounds leave no number between them, so nothing fits";
            let bound = if shut { "exclusiveMaximum" } else { "exclusiveMinimum" };
            let path: Vec<&str> = path.iter().map(String::as_str).chain([bound]).collect();
            self.fault(&path, message, "let the greatest be above the least");
        }
    }

    /// Clients draw forms from examples: they should be such as the form takes.
    fn examples(&mut self, path: &[&str], schema: &Value) {
        for (name, property) in properties(schema).into_iter().flatten() {
            let Some(examples) = property.get("examples").and_then(Value::as_array) else { continue };
            // An example that makes sense only with others is skipped.
            let Ok(form) = Form::changing(schema, std::slice::from_ref(name), self.office) else { continue };
            for (index, example) in examples.iter().enumerate() {
                let Some(fault) = form.validate(&json!({ name: example })).into_iter().next() else { continue };
                let message = format!("the example `{example}` of `{name}` does not fit: it {}", fault.message);
                let at = index_key(index);
                let path: Vec<&str> =
                    path.iter().copied().chain(["properties", name, "examples", at.as_str()]).collect();
                self.warning(&path, message, "give an example that the form takes");
            }
        }
    }
}
