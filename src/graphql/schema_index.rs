//! The index of the schema: each type's fields with their types and arguments.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{BaseType, OperationType, Type, TypeKind, TypeSystemDefinition};

/// The types of the schema: each field, by the type that has it.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    fields: HashMap<Name, HashMap<Name, Shape>>,
}

/// A field.
#[derive(Debug)]
struct Shape {
    ty: Type,
    arguments: Vec<Name>,
}

impl Shapes {
    /// The shapes that a schema's text describes.
    pub(super) fn of(sdl: &str) -> Self {
        let mut shapes = Self::default();
        let definitions = async_graphql::parser::parse_schema(sdl).map(|document| document.definitions);
        for definition in definitions.unwrap_or_default() {
            let TypeSystemDefinition::Type(found) = definition else { continue };
            let fields = match found.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => continue,
            };
            let fields = fields.into_iter().map(|field| {
                let arguments = field.node.arguments.into_iter().map(|argument| argument.node.name.node).collect();
                (field.node.name.node, Shape { ty: field.node.ty.node, arguments })
            });
            shapes.fields.insert(found.node.name.node, fields.collect());
        }
        shapes
    }

    /// The type of a type's field.
    pub(super) fn field(&self, of: &str, field: &Name) -> Option<&Type> {
        Some(&self.fields.get(of)?.get(field)?.ty)
    }

    /// Whether there is a type of that name that has fields.
    pub(super) fn has(&self, ty: &str) -> bool {
        self.fields.contains_key(ty)
    }

    /// The arguments of a type's field.
    pub(super) fn arguments(&self, of: &str, field: &Name) -> &[Name] {
        self.fields.get(of).and_then(|fields| fields.get(field)).map_or(&[], |field| &field.arguments)
    }

    /// Every field, with the type that has it.
    #[cfg(test)]
    pub(super) fn all(&self) -> impl Iterator<Item = (&Name, &Name)> {
        self.fields.iter().flat_map(|(of, fields)| fields.keys().map(move |field| (of, field)))
    }
}

/// The type that a field's value is, or is a list of.
pub(super) fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => named(item),
    }
}

/// The type at an operation's root.
pub(super) fn root(operation: OperationType) -> &'static str {
    match operation {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}
