//! Literals of a document as values of the executing library.

use apollo_compiler::ast;
use async_graphql::{Name as Key, Value as ConstValue};
use async_graphql_value::Number;

/// Returns the number of a literal: an integer where it fits one, otherwise the nearest double; none beyond the doubles.
pub(super) fn number(written: &str) -> Option<Number> {
    let integer = written.parse::<i64>().map(Number::from).or_else(|_| written.parse::<u64>().map(Number::from));
    integer.ok().or_else(|| Number::from_f64(written.parse().ok()?))
}

/// Returns a literal; none for one with variables, or with numbers beyond the doubles.
pub(super) fn constant(value: &ast::Value) -> Option<ConstValue> {
    Some(match value {
        ast::Value::Variable(_) => return None,
        ast::Value::Null => ConstValue::Null,
        ast::Value::Boolean(value) => ConstValue::Boolean(*value),
        ast::Value::String(value) => ConstValue::String(value.clone()),
        ast::Value::Enum(word) => ConstValue::Enum(Key::new(word)),
        ast::Value::Int(literal) => ConstValue::Number(number(literal.as_str())?),
        ast::Value::Float(literal) => ConstValue::Number(number(literal.as_str())?),
        ast::Value::List(items) => ConstValue::List(items.iter().map(|item| constant(item)).collect::<Option<_>>()?),
        ast::Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| Some((Key::new(name), constant(value)?)));
            ConstValue::Object(fields.collect::<Option<_>>()?)
        }
    })
}
