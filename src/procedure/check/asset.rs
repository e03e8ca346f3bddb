//! Checks of the asset specification: name, place, numbers.

use serde_json::{Map, Value};

use super::ProcedureCheck;
use crate::procedure::form::properties;
use crate::procedure::{AssetSpec, Effect, Form, Interval};

/// So many values of one property are tried.
const MAX_SAMPLES: usize = 20;

impl ProcedureCheck<'_> {
    pub(super) fn asset(&mut self) {
        let Some(asset) = &self.located.procedure.asset else { return };
        self.schema(&["asset", "attributes"], &asset.attributes, "attributes");
        if asset.kind.is_empty() || !asset.kind.chars().all(|c| c.is_ascii_alphanumeric()) {
            let message = format!("`{}` is no kind of asset", asset.kind);
            self.fault(&["asset", "kind"], message, "write letters and digits, like `CloudAccount`");
        }
        self.template(asset, "name", &asset.name);
        if let Some(unique) = &asset.unique {
            self.template(asset, "unique", unique);
        }
        if let Some(interval) = &asset.interval {
            self.interval(asset, interval);
        }
        if let Some(login) = &asset.login {
            self.attribute(asset, &["asset", "login"], login);
        }
        self.numbers(asset);
        if !self.has_effect(Effect::Provision) {
            self.fault(&["asset"], "no outcome provisions the asset", "give an outcome `effect = \"provision\"`");
        }
    }

    /// Checks a template with attributes in braces.
    fn template(&mut self, asset: &AssetSpec, field: &str, template: &str) {
        let path = ["asset", field];
        let mend = "name attributes in braces, like `{username}`";
        let mut rest = template;
        let mut names = Vec::new();
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}').filter(|(name, _)| !name.contains('{')) else {
                return self.fault(&path, format!("`{template}` has a brace that is not closed"), mend);
            };
            if before.contains('}') {
                break;
            }
            names.push(name);
            rest = after;
        }
        if rest.contains('}') {
            return self.fault(&path, format!("`{template}` has a brace that is not opened"), mend);
        }
        if names.is_empty() {
            return self.fault(&path, format!("`{template}` names no attribute: all assets would be alike"), mend);
        }
        for name in names {
            if !self.attribute(asset, &path, name) {
                continue;
            }
            if let Some(record) = asset.numbers.get(name) {
                let message = format!("`{template}` needs `{name}`, which is not known before `{record}` has come");
                self.fault(&path, message, "name the asset by attributes that come with it");
            } else if !is_required(&asset.attributes, name) {
                let message = format!("`{template}` needs the attribute `{name}`, which may be missing");
                self.fault(&path, message, format!("put `{name}` in the attributes' `required`"));
            }
        }
    }

    /// Returns true if the asset's schema has an attribute.
    pub(super) fn attribute(&mut self, asset: &AssetSpec, path: &[&str], name: &str) -> bool {
        let known = property(&asset.attributes, name).is_some();
        if !known {
            let message = format!("`{name}` is none of the asset's attributes");
            self.fault(path, message, "correct the name, or add it under [asset.attributes.properties]");
        }
        known
    }

    /// Checks attributes with a document's number. The document may come later, or without a number: nothing can need
    /// them.
    fn numbers(&mut self, asset: &AssetSpec) {
        for (name, record) in &asset.numbers {
            let path = ["asset", "numbers", name.as_str()];
            self.attribute(asset, &path, name);
            self.expect_needed(&path, record, Some("what an attribute takes its number from"));
            if is_required(&asset.attributes, name) {
                let message = format!("`{name}` is required, and is not known before `{record}` has come");
                let mend = format!("take `{name}` out of `required`: it is filled in when the document comes");
                self.fault(&["asset", "attributes", "required", name], message, mend);
            }
        }
    }

    fn interval(&mut self, asset: &AssetSpec, interval: &Interval) {
        let parts = [
            ("place", &interval.place, "string", "a text"),
            ("from", &interval.from, "integer", "an integer"),
            ("to", &interval.to, "integer", "an integer"),
        ];
        let mut sound = true;
        for (field, name, kind, shown) in parts {
            let path = ["asset", "interval", field];
            let known = self.attribute(asset, &path, name);
            let types =
                property(&asset.attributes, name).and_then(declared_types).unwrap_or_else(|| vec![kind.to_owned()]);
            if known && types.iter().any(|found| found != kind) {
                let message = format!("`{name}` is the interval's `{field}` and may be something else than {shown}");
                let mend = format!("write `type = \"{kind}\"` in [asset.attributes.properties.{name}]");
                self.fault(&path, message, mend);
                sound = false;
            }
            sound &= known;
        }
        if !sound {
            return;
        }
        let Ok(form) = Form::compile(&asset.attributes, self.office) else { return };
        for (field, name) in [("from", &interval.from), ("to", &interval.to)] {
            if sample_assets(&asset.attributes, &form, interval)
                .iter()
                .any(|place| accepts_without(&form, place, interval, name))
            {
                let message =
                    format!("`{name}` may be missing where `{}` is given: a place without its units", interval.place);
                let mend = format!("let the schema require `{name}` wherever it allows `{}`", interval.place);
                self.fault(&["asset", "interval", field], message, mend);
            }
        }
    }
}

/// Sample assets with a place and without its units: one for each value of a property with few.
fn sample_assets(schema: &Value, form: &Form, interval: &Interval) -> Vec<Value> {
    let mut least = Map::new();
    let Some(properties) = properties(schema) else { return Vec::new() };
    let is_unit = |name: &String| *name == interval.from || *name == interval.to;
    for (name, property) in properties.iter().filter(|(name, _)| !is_unit(name)) {
        if (is_required(schema, name) || *name == interval.place)
            && let Some(value) = values(form, property).into_iter().next()
        {
            least.insert(name.clone(), value);
        }
    }
    least.entry(interval.place.clone()).or_insert_with(|| Value::from("x"));
    let mut places = vec![Value::Object(least.clone())];
    for (name, property) in properties.iter().filter(|(name, _)| !is_unit(name) && **name != interval.place) {
        for value in values(form, property).into_iter().take(MAX_SAMPLES) {
            let mut other = least.clone();
            other.insert(name.clone(), value);
            places.push(Value::Object(other));
        }
    }
    places
}

/// True if the schema accepts a place without this unit. Faults of the place itself do not count.
fn accepts_without(form: &Form, place: &Value, interval: &Interval, unit: &str) -> bool {
    let faults = form.validate(place);
    let says = |name: &str| faults.iter().any(|fault| fault.path.first().is_some_and(|first| first == name));
    !says(unit) && !says(&interval.place)
}

/// Possible values of a property, as far as the schema has them.
fn values(form: &Form, property: &Value) -> Vec<Value> {
    let property = resolved(form, property);
    let list = |key: &str| property.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    match property.get("const") {
        Some(only) => vec![only.clone()],
        None if property.get("type").and_then(Value::as_str) == Some("boolean") => vec![true.into(), false.into()],
        None => list("enum").into_iter().chain(list("examples")).collect(),
    }
}

/// A property, or its referenced definition.
fn resolved<'a>(form: &'a Form, property: &'a Value) -> &'a Value {
    let reference = property.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix("#/$defs/"));
    reference.and_then(|name| form.schema(None).get("$defs")?.get(name)).unwrap_or(property)
}

/// The types of a property's value, if declared.
fn declared_types(property: &Value) -> Option<Vec<String>> {
    let type_of = |value: &Value| match value {
        Value::String(_) => "string",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        _ => "another",
    };
    let list = |value: &Value| Some(value.as_array()?.iter().map(type_of).map(str::to_owned).collect());
    match (property.get("type"), property.get("enum"), property.get("const")) {
        (Some(Value::String(kind)), ..) => Some(vec![kind.clone()]),
        (Some(Value::Array(kinds)), ..) => {
            Some(kinds.iter().map(|kind| kind.as_str().unwrap_or_default().to_owned()).collect())
        }
        (_, Some(values), _) => list(values),
        (_, _, Some(only)) => Some(vec![type_of(only).to_owned()]),
        // The office's definitions are all texts, except whole objects.
        _ => match property.get("$ref").and_then(Value::as_str)?.strip_prefix("#/$defs/")? {
            "rack" | "city_host" | "reserved_label" | "reserved_host" => Some(vec!["string".to_owned()]),
            _ => None,
        },
    }
}

fn property<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    properties(schema).and_then(|properties| properties.get(name))
}

/// True if a schema always requires a property.
pub(super) fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema.get("required").and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|one| one.as_str() == Some(name)))
}
