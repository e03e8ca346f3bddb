//! The index of the schema: each type's fields with their types and arguments.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{BaseType, OperationType, Type, TypeKind, TypeSystemDefinition};

/// The fields of the schema by type and name. Made once, where the schema is built.
#[derive(Debug, Default)]
pub struct SchemaIndex {
    fields: HashMap<Name, HashMap<Name, IndexedField>>,
}

/// A field of the schema.
#[derive(Debug)]
struct IndexedField {
    ty: Type,
    arguments: Vec<Name>,
}

impl SchemaIndex {
    /// Indexes a schema in the schema definition language (SDL).
    pub(super) fn from_sdl(sdl: &str) -> Self {
        let mut index = Self::default();
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
                (field.node.name.node, IndexedField { ty: field.node.ty.node, arguments })
            });
            index.fields.insert(found.node.name.node, fields.collect());
        }
        index
    }

    /// Returns the type of a field.
    pub(super) fn field_type(&self, of: &str, field: &Name) -> Option<&Type> {
        Some(&self.fields.get(of)?.get(field)?.ty)
    }

    /// Returns true for an object or interface type of the schema.
    pub(super) fn has_type(&self, ty: &str) -> bool {
        self.fields.contains_key(ty)
    }

    /// Returns the names of a field's arguments.
    pub(super) fn arguments(&self, of: &str, field: &Name) -> &[Name] {
        self.fields.get(of).and_then(|fields| fields.get(field)).map_or(&[], |field| &field.arguments)
    }

    /// Iterates over all fields as (type, field).
    #[cfg(test)]
    pub(super) fn fields(&self) -> impl Iterator<Item = (&Name, &Name)> {
        self.fields.iter().flat_map(|(of, fields)| fields.keys().map(move |field| (of, field)))
    }
}

/// Returns the named type of a value or of the items of a list.
pub(super) fn named_type(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => named_type(item),
    }
}

/// Returns the root type of an operation.
pub(super) fn root_type(operation: OperationType) -> &'static str {
    match operation {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}
