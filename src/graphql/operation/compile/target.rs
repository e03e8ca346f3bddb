//! The schema that documents are compiled against, as it is published.

use std::collections::HashMap;

use apollo_compiler::schema::{ExtendedType, Implementers};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Schema};
use async_graphql::Value as ConstValue;

/// Checks of the schema's own scalars, by name: each returns advice for a wrong value. A scalar without a check takes every value.
pub(in crate::graphql) type ScalarChecks = &'static [(&'static str, fn(&ConstValue) -> Option<String>)];

/// Set of possible object types of a place, by their number there.
pub(super) type TypeSet = u128;

/// Published schema with its possible types.
#[derive(Debug)]
pub(in crate::graphql) struct TargetSchema {
    schema: Valid<Schema>,
    /// Object types of each interface, union and object.
    possible: HashMap<Name, Vec<Name>>,
    interfaces: Vec<Name>,
    implementers: apollo_compiler::collections::HashMap<Name, Implementers>,
    scalars: ScalarChecks,
}

impl TargetSchema {
    /// Reads the published schema in the schema definition language (SDL).
    pub(in crate::graphql) fn read(sdl: &str, scalars: ScalarChecks) -> Result<Self, String> {
        let schema = Schema::parse_and_validate(sdl, "schema.graphql").map_err(|error| error.to_string())?;
        let mut possible: HashMap<Name, Vec<Name>> = HashMap::new();
        for (name, definition) in &schema.types {
            match definition {
                ExtendedType::Object(object) => {
                    possible.entry(name.clone()).or_default().push(name.clone());
                    for interface in &object.implements_interfaces {
                        possible.entry(interface.name.clone()).or_default().push(name.clone());
                    }
                }
                ExtendedType::Union(union) => {
                    possible.entry(name.clone()).or_default().extend(union.members.iter().map(|of| of.name.clone()));
                }
                _ => {}
            }
        }
        let interfaces = schema.types.iter().filter(|(_, ty)| ty.is_interface());
        let interfaces = interfaces.map(|(name, _)| name.clone()).collect();
        match possible.iter().find(|(_, types)| types.len() > TypeSet::BITS as usize) {
            Some((name, types)) => {
                Err(format!("{name} has {} possible types, more than {}", types.len(), TypeSet::BITS))
            }
            None => Ok(Self { implementers: schema.implementers_map(), schema, possible, interfaces, scalars }),
        }
    }

    /// Returns the schema.
    pub(in crate::graphql) fn schema(&self) -> &Valid<Schema> {
        &self.schema
    }

    /// Returns the types that implement each interface.
    pub(super) fn implementers(&self) -> &apollo_compiler::collections::HashMap<Name, Implementers> {
        &self.implementers
    }

    /// Returns advice for a value that a scalar does not take.
    pub(super) fn advice(&self, scalar: &str, value: &ConstValue) -> Option<String> {
        self.scalars.iter().find(|(name, _)| *name == scalar).and_then(|(_, check)| check(value))
    }

    /// Returns the object types of a type; none for a type without selections.
    pub(super) fn possible(&self, of: &Name) -> &[Name] {
        self.possible.get(of).map_or(&[], Vec::as_slice)
    }

    /// Returns true for a type with selections.
    pub(super) fn is_composite(&self, ty: &Name) -> bool {
        self.possible.contains_key(ty)
    }

    /// Iterates over the interfaces.
    pub(super) fn interfaces(&self) -> impl Iterator<Item = &Name> {
        self.interfaces.iter()
    }

    /// Iterates over all fields of object and interface types as (type, field).
    #[cfg(test)]
    pub(in crate::graphql) fn fields(&self) -> impl Iterator<Item = (&Name, &Name)> {
        self.schema.types.iter().flat_map(|(of, ty)| {
            let fields = match ty {
                ExtendedType::Object(object) => Some(&object.fields),
                ExtendedType::Interface(interface) => Some(&interface.fields),
                _ => None,
            };
            let is_own = !ty.is_built_in();
            fields.into_iter().flatten().filter(move |_| is_own).map(move |(field, _)| (of, field))
        })
    }
}
