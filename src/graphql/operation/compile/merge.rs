//! Merging of an operation's selections: each field once for each response key, at every depth (GraphQL, September 2025, `CollectFields`,
//! section 6.3.2).

use std::collections::HashMap;

use apollo_compiler::ast::{self, Type};
use apollo_compiler::executable::{self, Field, Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{ExecutableDocument, Name, Node};
use async_graphql::indexmap::IndexMap;
use async_graphql::{Name as Key, Pos, ServerError};
use async_graphql_value::Value;

use super::choice::Choice;
use super::lines::Lines;
use super::literal::number;
use super::target::{TargetSchema, TypeSet};
use crate::graphql::operation::limits::Limit;

/// Merged selections on the objects of a place.
#[derive(Debug)]
pub(in crate::graphql) struct MergedSelections {
    /// Type of the place.
    pub(super) of: Name,
    /// Fields in the order of the response. A key comes once for each group of object types with the same field.
    pub(in crate::graphql) fields: Vec<MergedField>,
    /// The hidden type name is selected: some object has no field here, or objects of different types have different ones.
    pub(in crate::graphql) has_type_name: bool,
}

impl MergedSelections {
    /// Returns true if a field of this name is selected at any depth.
    pub(in crate::graphql) fn selects(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.selects(name))
    }
}

/// A field, resolved once for each object.
#[derive(Debug)]
pub(in crate::graphql) struct MergedField {
    /// Response key.
    pub(in crate::graphql) key: Name,
    /// Name in the schema.
    pub(super) name: Name,
    /// Object types that the field is selected on; none for all at the place.
    pub(super) on: Option<Vec<Name>>,
    pub(in crate::graphql) ty: Type,
    /// Place of the first selection, for errors.
    pub(in crate::graphql) pos: Pos,
    /// Arguments, without those of an absent variable.
    pub(super) arguments: Vec<(Name, Pos, Value)>,
    /// Selections on its objects.
    pub(in crate::graphql) below: Option<MergedSelections>,
}

impl MergedField {
    /// Returns true for a field of the schema's introspection (section 4), `__typename` aside.
    pub(in crate::graphql) fn is_introspection(&self) -> bool {
        matches!(self.name.as_str(), "__schema" | "__type")
    }

    /// Returns true if the field, or one below it, has this name.
    pub(in crate::graphql) fn selects(&self, name: &str) -> bool {
        self.name == name || self.below.as_ref().is_some_and(|below| below.selects(name))
    }

    /// Returns true for a field of an object. `ty`: the object's type, where it is known.
    pub(in crate::graphql) fn is_of(&self, ty: Option<&str>) -> bool {
        self.on.as_ref().is_none_or(|on| ty.is_some_and(|ty| on.iter().any(|known| known == ty)))
    }
}

/// Merges the selections of an operation. `max_work`: maximum number of selections visited and of fields made.
pub(super) fn merge(
    target: &TargetSchema,
    document: &ExecutableDocument,
    lines: &Lines,
    set: &SelectionSet,
    choice: &Choice,
    max_work: usize,
) -> Result<MergedSelections, ServerError> {
    Merging { target, document, lines, choice, max_work, work: 0 }.set(&set.ty, &[set])
}

/// A field selected at one place, for some of the possible types.
struct FoundField<'a> {
    field: &'a Node<Field>,
    types: TypeSet,
    /// Number in order of finding.
    number: usize,
}

/// Fields of one key for a set of types.
#[derive(Clone)]
struct FieldGroup<'a> {
    types: TypeSet,
    first: &'a Node<Field>,
    others: Vec<&'a Node<Field>>,
    number: usize,
}

struct Merging<'a> {
    target: &'a TargetSchema,
    document: &'a ExecutableDocument,
    lines: &'a Lines,
    choice: &'a Choice,
    max_work: usize,
    work: usize,
}

impl<'a> Merging<'a> {
    /// Counts a visited selection or a made field.
    fn spend(&mut self) -> Result<(), ServerError> {
        self.work += 1;
        Limit::Fragments.check(self.max_work, self.work)
    }

    /// `CollectFields` for all possible types of a place at once, with `CollectSubfields`.
    fn set(&mut self, of: &Name, sets: &[&'a SelectionSet]) -> Result<MergedSelections, ServerError> {
        let target = self.target;
        let possible = target.possible(of);
        let all = all_of(possible.len());
        let mut found: IndexMap<&'a Name, Vec<FoundField<'a>>> = IndexMap::new();
        let mut spread = HashMap::new();
        let mut number = 0;
        for set in sets {
            self.collect(possible, set, all, &mut spread, &mut number, &mut found)?;
        }
        let mut fields = Vec::new();
        let mut filled = 0;
        for (key, found) in found {
            for group in groups(found) {
                filled |= group.types;
                for (ty, types) in self.types_of(possible, &group) {
                    let on = (types != all).then(|| names(possible, types));
                    fields.push((group.number, self.field(key, &group, ty, on)?));
                }
            }
        }
        fields.sort_by_key(|(number, _)| *number);
        let fields: Vec<MergedField> = fields.into_iter().map(|(_, field)| field).collect();
        let has_type_name = filled != all || fields.iter().any(|field| field.on.is_some());
        Ok(MergedSelections { of: of.clone(), fields, has_type_name })
    }

    /// Finds the fields of a selection set that apply to some of the types.
    fn collect(
        &mut self,
        possible: &[Name],
        set: &'a SelectionSet,
        types: TypeSet,
        spread: &mut HashMap<&'a Name, TypeSet>,
        number: &mut usize,
        found: &mut IndexMap<&'a Name, Vec<FoundField<'a>>>,
    ) -> Result<(), ServerError> {
        for selection in &set.selections {
            self.spend()?;
            if !self.is_included(selection.directives()) {
                continue;
            }
            match selection {
                Selection::Field(field) => {
                    found.entry(field.response_key()).or_default().push(FoundField { field, types, number: *number });
                    *number += 1;
                }
                Selection::InlineFragment(inline) => {
                    let types = match &inline.type_condition {
                        Some(condition) => types & self.applying(possible, condition),
                        None => types,
                    };
                    if types != 0 {
                        self.collect(possible, &inline.selection_set, types, spread, number, found)?;
                    }
                }
                Selection::FragmentSpread(spreading) => {
                    let name = &spreading.fragment_name;
                    let Some(fragment) = self.document.fragments.get(name) else { continue };
                    let seen = spread.entry(name).or_default();
                    let new = types & !*seen;
                    *seen |= types;
                    let types = new & self.applying(possible, fragment.type_condition());
                    if types != 0 {
                        self.collect(possible, &fragment.selection_set, types, spread, number, found)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// `DoesFragmentTypeApply`, for all possible types at once.
    fn applying(&self, possible: &[Name], condition: &Name) -> TypeSet {
        let applying = self.target.possible(condition);
        possible.iter().enumerate().filter(|(_, of)| applying.contains(of)).fold(0, |types, (at, _)| types | 1 << at)
    }

    fn is_included(&self, directives: &executable::DirectiveList) -> bool {
        directives.iter().all(|directive| {
            let value = match directive.specified_argument_by_name("if").map(|value| &**value) {
                Some(ast::Value::Boolean(value)) => *value,
                Some(ast::Value::Variable(name)) => match self.choice.inclusion(name) {
                    Some(value) => value,
                    None => return true,
                },
                _ => return true,
            };
            match directive.name.as_str() {
                "skip" => !value,
                "include" => value,
                _ => true,
            }
        })
    }

    /// Returns the field's types with the object types of each. They differ where an object type narrows its interface's.
    fn types_of(&self, possible: &[Name], group: &FieldGroup<'a>) -> Vec<(Type, TypeSet)> {
        let mut types: Vec<(Type, TypeSet)> = Vec::new();
        for (at, of) in possible.iter().enumerate().filter(|(at, _)| group.types & (1 << at) != 0) {
            let Ok(definition) = self.target.schema().type_field(of, &group.first.name) else { continue };
            match types.iter_mut().find(|(ty, _)| *ty == definition.ty) {
                Some((_, on)) => *on |= 1 << at,
                None => types.push((definition.ty.clone(), 1 << at)),
            }
        }
        types
    }

    fn field(
        &mut self,
        key: &Name,
        group: &FieldGroup<'a>,
        ty: Type,
        on: Option<Vec<Name>>,
    ) -> Result<MergedField, ServerError> {
        self.spend()?;
        let first = group.first;
        let named = ty.inner_named_type();
        let below = if self.target.is_composite(named) {
            let sets = std::iter::once(&first).chain(&group.others).map(|field| &field.selection_set);
            let sets: Vec<&SelectionSet> = sets.collect();
            Some(self.set(named, &sets)?)
        } else {
            None
        };
        let lines = self.lines;
        let arguments = first.arguments.iter().filter_map(|argument| {
            let defined = first.definition.argument_by_name(&argument.name);
            let value = self.value(&argument.value, defined.map(|of| of.ty.inner_named_type()))?;
            Some((argument.name.clone(), lines.at(argument.value.location()), value))
        });
        Ok(MergedField {
            key: key.clone(),
            name: first.name.clone(),
            on,
            pos: lines.at(first.location()),
            arguments: arguments.collect(),
            ty,
            below,
        })
    }

    /// Converts a value of a named type or of lists of it; none for an absent variable (section 6.4.1).
    fn value(&self, value: &ast::Value, of: Option<&Name>) -> Option<Value> {
        Some(match value {
            ast::Value::Null => Value::Null,
            ast::Value::Boolean(value) => Value::Boolean(*value),
            ast::Value::String(value) => Value::String(value.clone()),
            ast::Value::Enum(value) => Value::Enum(Key::new(value)),
            // An id may have more digits than fit a number.
            ast::Value::Int(literal) if of.is_some_and(|of| of == "ID") => Value::String(literal.as_str().to_owned()),
            ast::Value::Int(literal) => Value::Number(number(literal.as_str())?),
            ast::Value::Float(literal) => Value::Number(number(literal.as_str())?),
            ast::Value::Variable(name) if self.choice.is_present(name) => Value::Variable(Key::new(name)),
            ast::Value::Variable(_) => return None,
            ast::Value::List(items) => {
                Value::List(items.iter().map(|item| self.value(item, of).unwrap_or(Value::Null)).collect())
            }
            ast::Value::Object(fields) => {
                let object = match of.and_then(|of| self.target.schema().types.get(of)) {
                    Some(ExtendedType::InputObject(object)) => Some(object),
                    _ => None,
                };
                let fields = fields.iter().filter_map(|(name, value)| {
                    let field = object.and_then(|object| object.fields.get(name));
                    Some((Key::new(name), self.value(value, field.map(|field| field.ty.inner_named_type()))?))
                });
                Value::Object(fields.collect())
            }
        })
    }
}

/// Groups the fields of one key by object types with the same fields.
fn groups(found: Vec<FoundField<'_>>) -> Vec<FieldGroup<'_>> {
    let mut groups: Vec<FieldGroup<'_>> = Vec::new();
    for FoundField { field, types, number } in found {
        let mut rest = types;
        let mut apart = Vec::new();
        for group in &mut groups {
            let both = group.types & rest;
            if both == 0 {
                continue;
            }
            rest &= !both;
            if group.types != both {
                apart.push(FieldGroup { types: group.types & !both, ..group.clone() });
                group.types = both;
            }
            // The same node may be reached by two ways.
            if !std::iter::once(&group.first).chain(&group.others).any(|known| known.ptr_eq(field)) {
                group.others.push(field);
            }
        }
        groups.extend(apart);
        if rest != 0 {
            groups.push(FieldGroup { types: rest, first: field, others: Vec::new(), number });
        }
    }
    groups
}

fn all_of(count: usize) -> TypeSet {
    TypeSet::MAX.checked_shr(TypeSet::BITS - count as u32).unwrap_or(0)
}

fn names(possible: &[Name], types: TypeSet) -> Vec<Name> {
    let chosen = possible.iter().enumerate().filter(|(at, _)| types & (1 << at) != 0);
    chosen.map(|(_, of)| of.clone()).collect()
}
