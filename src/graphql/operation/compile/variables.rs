//! Coercion of variables (GraphQL, September 2025, section 6.1.2, and input coercion of section 3): each fault with its path, and values
//! as the executing library takes them.

use apollo_compiler::ast::{Type, Value};
use apollo_compiler::executable::Operation;
use apollo_compiler::schema::{ExtendedType, InputObjectType};
use apollo_compiler::{Name, Node};
use async_graphql::indexmap::IndexMap;
use async_graphql::{Name as Key, Value as Given, Variables};

use super::fault::{DocumentFault, NO_NUL};
use super::lines::Lines;
use super::literal::constant;
use super::target::TargetSchema;

/// Maximum number of reported faults.
const MAX_FAULTS: usize = 20;

/// Coerces the values of an operation's variables. Undefined variables are left out; one without a value is absent.
pub(super) fn coerce(
    target: &TargetSchema,
    operation: &Operation,
    given: &Variables,
    lines: &Lines,
) -> Result<Variables, Vec<DocumentFault>> {
    let mut coerced = IndexMap::new();
    let mut faults = Vec::new();
    for variable in &operation.variables {
        let (name, ty) = (&variable.name, &*variable.ty);
        let place = lines.at(variable.location());
        if let Some(path) = given.get(name.as_str()).and_then(path_to_nul) {
            let message =
                format!("The variable `${name}{path}` contains U+0000, which no text may contain: leave it out.");
            faults.push(DocumentFault { rule: NO_NUL, message, places: vec![place] });
            continue;
        }
        let mut coercion = Coercion { target, path: format!("${name}"), faults: Vec::new() };
        let value = match (given.get(name.as_str()), &variable.default_value) {
            (Some(value), _) => Some(coercion.value(ty, value)),
            (None, Some(default)) => Some(coercion.literal(ty, default)),
            (None, None) if ty.is_non_null() => {
                coercion.fault(format_args!("needs a value of type \"{ty}\""));
                None
            }
            (None, None) => None,
        };
        faults.extend(coercion.faults.into_iter().map(|message| DocumentFault {
            rule: "6.1.2",
            message,
            places: vec![place],
        }));
        if let Some(value) = value {
            coerced.insert(Key::new(name), value);
        }
        if faults.len() >= MAX_FAULTS {
            break;
        }
    }
    faults.truncate(MAX_FAULTS);
    if faults.is_empty() { Ok(Variables::from_value(Given::Object(coerced))) } else { Err(faults) }
}

struct Coercion<'a> {
    target: &'a TargetSchema,
    /// Path within the variable, such as `$input.documents[0].kind`.
    path: String,
    faults: Vec<String>,
}

impl Coercion<'_> {
    fn fault(&mut self, what: std::fmt::Arguments<'_>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(format!("The variable `{}` {what}.", self.path));
        }
    }

    /// Runs with a part added to the path.
    fn within<T>(&mut self, part: std::fmt::Arguments<'_>, run: impl FnOnce(&mut Self) -> T) -> T {
        use std::fmt::Write;
        let length = self.path.len();
        let _ = self.path.write_fmt(part);
        let result = run(self);
        self.path.truncate(length);
        result
    }

    fn value(&mut self, ty: &Type, given: &Given) -> Given {
        match (ty, given) {
            (_, Given::Null) => {
                if ty.is_non_null() {
                    self.fault(format_args!("is null where \"{ty}\" is expected"));
                }
                Given::Null
            }
            (Type::List(item) | Type::NonNullList(item), Given::List(items)) => {
                let items = items.iter().enumerate();
                Given::List(
                    items
                        .map(|(at, value)| self.within(format_args!("[{at}]"), |this| this.value(item, value)))
                        .collect(),
                )
            }
            (Type::List(item) | Type::NonNullList(item), _) => Given::List(vec![self.value(item, given)]),
            (Type::Named(name) | Type::NonNullNamed(name), _) => self.named(name, given),
        }
    }

    fn named(&mut self, name: &Name, given: &Given) -> Given {
        match self.target.schema().types.get(name) {
            Some(ExtendedType::Scalar(scalar)) if !scalar.is_built_in() => {
                if let Some(advice) = self.target.advice(name, given) {
                    self.fault(format_args!("is no {name}: {advice}"));
                }
                given.clone()
            }
            Some(ExtendedType::Scalar(_)) => scalar(name, given).unwrap_or_else(|| self.wrong(name, given)),
            Some(ExtendedType::Enum(of)) => match given {
                Given::String(word) if of.values.contains_key(word.as_str()) => Given::Enum(Key::new(word)),
                Given::Enum(word) if of.values.contains_key(word.as_str()) => given.clone(),
                _ => self.wrong(name, given),
            },
            Some(ExtendedType::InputObject(of)) => match given {
                Given::Object(fields) => self.object(name, of, fields),
                _ => self.wrong(name, given),
            },
            _ => given.clone(),
        }
    }

    /// Reports a value of a wrong kind. Values are not repeated: they may be secrets.
    fn wrong(&mut self, name: &Name, given: &Given) -> Given {
        let kind = match given {
            Given::Null => "null",
            Given::Boolean(_) => "a Boolean",
            Given::Number(_) => "a number",
            Given::String(_) | Given::Enum(_) => "a text",
            Given::List(_) => "a list",
            Given::Object(_) => "an object",
            Given::Binary(_) => "binary",
        };
        self.fault(format_args!("is no {name}, but {kind}"));
        Given::Null
    }

    fn object(&mut self, name: &Name, of: &InputObjectType, fields: &IndexMap<Key, Given>) -> Given {
        for unknown in fields.keys().filter(|field| !of.fields.contains_key(field.as_str())) {
            // Of other forms than a name it may be anything.
            match is_name(unknown) {
                true => self.fault(format_args!("has the field \"{unknown}\", which \"{name}\" has not")),
                false => self.fault(format_args!("has a field that \"{name}\" has not")),
            }
        }
        let mut coerced = IndexMap::with_capacity(fields.len());
        for (field, known) in &of.fields {
            let value = match (fields.get(field.as_str()), &known.default_value) {
                (Some(value), _) => self.within(format_args!(".{field}"), |this| this.value(&known.ty, value)),
                (None, Some(default)) => self.literal(&known.ty, default),
                (None, None) => {
                    if known.ty.is_non_null() {
                        self.fault(format_args!("lacks the field \"{field}\" of type \"{}\"", known.ty));
                    }
                    continue;
                }
            };
            coerced.insert(Key::new(field), value);
        }
        Given::Object(coerced)
    }

    /// A default, already validated: lists of one and defaults of fields are filled in.
    fn literal(&mut self, ty: &Type, value: &Node<Value>) -> Given {
        let literal = self.typed(ty, value).unwrap_or_default();
        self.value(ty, &literal)
    }

    /// Converts a literal of a type. Integers of the type `ID` stay as they are written.
    fn typed(&self, ty: &Type, value: &Value) -> Option<Given> {
        match (value, ty) {
            (Value::List(items), Type::List(item) | Type::NonNullList(item)) => {
                items.iter().map(|value| self.typed(item, value)).collect::<Option<_>>().map(Given::List)
            }
            (_, Type::List(item) | Type::NonNullList(item)) => self.typed(item, value),
            (Value::Int(literal), Type::Named(name) | Type::NonNullNamed(name)) if name == "ID" => {
                Some(Given::String(literal.as_str().to_owned()))
            }
            (Value::Object(fields), Type::Named(name) | Type::NonNullNamed(name)) => {
                let Some(ExtendedType::InputObject(of)) = self.target.schema().types.get(name) else {
                    return constant(value);
                };
                let fields = fields.iter().map(|(name, value)| {
                    let known = of.fields.get(name)?;
                    Some((Key::new(name), self.typed(&known.ty, value)?))
                });
                fields.collect::<Option<_>>().map(Given::Object)
            }
            _ => constant(value),
        }
    }
}

/// Returns the path to a text with U+0000 within a value, such as `.letter.subject`.
fn path_to_nul(value: &Given) -> Option<String> {
    match value {
        Given::String(text) => text.contains('\0').then(String::new),
        Given::List(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(at, item)| path_to_nul(item).map(|path| format!("[{at}]{path}")))
        }
        Given::Object(fields) => fields.iter().find_map(|(name, field)| match name.contains('\0') {
            true => Some(String::new()),
            false => path_to_nul(field).map(|path| match is_name(name) {
                true => format!(".{name}{path}"),
                // Of other forms than a name it may be anything, and is not repeated.
                false => path,
            }),
        }),
        _ => None,
    }
}

/// Returns true for a short name.
fn is_name(text: &str) -> bool {
    text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Input coercion of the built-in scalars from JSON.
fn scalar(name: &str, given: &Given) -> Option<Given> {
    match (name, given) {
        ("Int", Given::Number(number)) => {
            let whole = number
                .as_i64()
                .or_else(|| number.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as i64));
            whole.and_then(|number| i32::try_from(number).ok()).map(|number| Given::Number(number.into()))
        }
        ("Float", Given::Number(number)) => number.as_f64().filter(|number| number.is_finite()).map(|_| given.clone()),
        ("String", Given::String(_)) | ("Boolean", Given::Boolean(_)) | ("ID", Given::String(_)) => Some(given.clone()),
        ("ID", Given::Number(number)) if number.is_i64() || number.is_u64() => Some(Given::String(number.to_string())),
        _ => None,
    }
}
