//! Suggestions for unknown names: the most similar name in the schema.

use apollo_compiler::Name;
use apollo_compiler::schema::ExtendedType;

use super::fault::DocumentFault;
use super::target::TargetSchema;

/// Maximum number of faults with a suggestion: more are no typing errors.
const MAX_SUGGESTIONS: usize = 5;

/// Adds suggestions to the first faults about unknown names.
pub(super) fn suggest(target: &TargetSchema, faults: &mut [DocumentFault]) {
    for fault in faults.iter_mut().take(MAX_SUGGESTIONS) {
        if let Some(name) = similar(target, fault) {
            fault.message.push_str(&format!(" Did you mean \"{name}\"?"));
        }
    }
}

/// Returns the known name that is most similar to the unknown name of a fault. Both stand in quotes in the message, the unknown one
/// first, then its type or field.
fn similar(target: &TargetSchema, fault: &DocumentFault) -> Option<Name> {
    let mut quoted = fault.message.split('"').skip(1).step_by(2);
    let (unknown, place) = (quoted.next()?, quoted.next()?);
    let of = |name: &str| target.schema().types.get(name);
    let known: Vec<&Name> = match fault.rule {
        "UndefinedField" => match of(place)? {
            ExtendedType::Object(object) => object.fields.keys().collect(),
            ExtendedType::Interface(interface) => interface.fields.keys().collect(),
            _ => return None,
        },
        "UndefinedArgument" => {
            let (ty, field) = place.split_once('.')?;
            let definition = target.schema().type_field(ty, field).ok()?;
            definition.arguments.iter().map(|argument| &argument.name).collect()
        }
        "5.6.2" => match of(place)? {
            ExtendedType::InputObject(object) => object.fields.keys().collect(),
            _ => return None,
        },
        _ => return None,
    };
    let distances = known.into_iter().map(|name| (strsim::osa_distance(unknown, name), name));
    let (_, name) =
        distances.filter(|(distance, _)| *distance <= unknown.len() / 3 + 1).min_by_key(|(distance, _)| *distance)?;
    Some(name.clone())
}
