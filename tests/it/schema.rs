//! The published schema is the served one, with descriptions for a client developer.

use async_graphql::Positioned;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    ConstDirective, FieldDefinition, InputValueDefinition, TypeKind, TypeSystemDefinition,
};
use chrono::NaiveDate;

#[test]
fn the_published_schema_matches_the_code() {
    let published = include_str!("../../schema.graphql");
    let served = disposisi::graphql::sdl();
    assert!(published.trim() == served.trim(), "write it anew: cargo run -- schema > schema.graphql");
}

type Described = Option<Positioned<String>>;

/// Flaws of a schema, by coordinate: elements without a description, nullable ones without the condition, deprecated ones
/// without their last day, and arguments that editors demand in spite of a default.
fn amiss(schema: &str) -> Vec<String> {
    fn described(at: &str, description: &Described, amiss: &mut Vec<String>) {
        if description.as_ref().is_none_or(|text| text.node.trim().is_empty()) {
            amiss.push(format!("{at} is not described"));
        }
    }
    fn lasting(at: &str, directives: &[Positioned<ConstDirective>], amiss: &mut Vec<String>) {
        for directive in directives.iter().map(|directive| &directive.node) {
            let reason = directive.get_argument("reason").map(|reason| reason.node.to_string()).unwrap_or_default();
            let day = reason.split_once("Removed after ").and_then(|(_, day)| day.get(..10)?.parse::<NaiveDate>().ok());
            if directive.name.node == "deprecated" && day.is_none() {
                amiss.push(format!("{at} does not say how long it stays"));
            }
        }
    }
    fn inputs(at: &str, inputs: &[Positioned<InputValueDefinition>], amiss: &mut Vec<String>) {
        for input in inputs.iter().map(|input| &input.node) {
            let at = format!("{at}{}", input.name.node);
            described(&at, &input.description, amiss);
            lasting(&at, &input.directives, amiss);
            // Right by the specification, and marked as missing by the editors of GraphiQL and others when it is left out.
            if !input.ty.node.nullable && input.default_value.is_some() {
                amiss.push(format!("{at} may be left out, and not be null"));
            }
        }
    }
    fn fields(of: &str, fields: &[Positioned<FieldDefinition>], amiss: &mut Vec<String>) {
        for field in fields.iter().map(|field| &field.node) {
            let at = format!("{of}.{}", field.name.node);
            described(&at, &field.description, amiss);
            lasting(&at, &field.directives, amiss);
            inputs(&format!("{at}:"), &field.arguments, amiss);
            let told = field.description.as_ref().is_some_and(|text| text.node.to_lowercase().contains("null"));
            if field.ty.node.nullable && !told {
                amiss.push(format!("{at} does not say when it is null"));
            }
        }
    }
    let mut found = Vec::new();
    for definition in parse_schema(schema).expect("a schema").definitions {
        let amiss = &mut found;
        match definition {
            TypeSystemDefinition::Schema(_) => {}
            TypeSystemDefinition::Directive(directive) => {
                let at = format!("@{}", directive.node.name.node);
                described(&at, &directive.node.description, amiss);
            }
            TypeSystemDefinition::Type(defined) => {
                let name = defined.node.name.node.as_str();
                described(name, &defined.node.description, amiss);
                match &defined.node.kind {
                    TypeKind::Object(object) => fields(name, &object.fields, amiss),
                    TypeKind::Interface(interface) => fields(name, &interface.fields, amiss),
                    TypeKind::InputObject(object) => inputs(&format!("{name}."), &object.fields, amiss),
                    TypeKind::Enum(values) => {
                        for value in values.values.iter().map(|value| &value.node) {
                            let at = format!("{name}.{}", value.value.node);
                            described(&at, &value.description, amiss);
                            lasting(&at, &value.directives, amiss);
                        }
                    }
                    TypeKind::Scalar => {
                        if !defined.node.directives.iter().any(|directive| directive.node.name.node == "specifiedBy") {
                            amiss.push(format!("{name} is specified by nothing"));
                        }
                    }
                    TypeKind::Union(_) => {}
                }
            }
        }
    }
    found
}

/// The day of the last release in a changelog; none before the first.
fn last_release(changelog: &str) -> Option<NaiveDate> {
    changelog.lines().find_map(|line| line.strip_prefix("## ")?.split_once('(')?.1.strip_suffix(')')?.parse().ok())
}

/// The last days of deprecated parts, in their reasons, before another day.
fn last_days_before(day: NaiveDate, schema: &str) -> Vec<NaiveDate> {
    let last_days = schema.split("Removed after ").skip(1).filter_map(|text| text.get(..10)?.parse::<NaiveDate>().ok());
    last_days.filter(|last| *last < day).collect()
}

#[test]
fn a_release_has_no_deprecated_parts_past_their_day() {
    let past = last_release(include_str!("../../CHANGELOG.md"))
        .map(|day| last_days_before(day, &disposisi::graphql::sdl()))
        .unwrap_or_default();
    assert!(past.is_empty(), "remove the deprecated parts with these last days: {past:?}");

    let changelog = "# Changelog\n\n## Unreleased\n\n## 0.3.0 (2027-06-02)\n\n## 0.2.0 (2026-12-01)\n";
    let day = last_release(changelog).expect("a release");
    assert_eq!(day.to_string(), "2027-06-02");
    assert_eq!(last_release("# Changelog\n\n## Unreleased\n"), None);
    let schema = "Use `a`. Removed after 2027-06-01. Use `b`. Removed after 2027-06-02.";
    assert_eq!(last_days_before(day, schema), [day.pred_opt().expect("a day")]);
}

#[test]
fn every_schema_element_has_a_description() {
    assert_eq!(amiss(&disposisi::graphql::sdl()), Vec::<String>::new());
    let poor = r#"
        type T { a(b: Int): Int! "c" c: Int "d, or null" d: Int "e" e: Int! @deprecated(reason: "Use d.") }
        enum E { V } "i" input I { f: Int "g" g: Int! = 1 } "s" scalar S
    "#;
    let told = [
        "T is not described",
        "T.a is not described",
        "T.a:b is not described",
        "T.c does not say when it is null",
        "T.e does not say how long it stays",
        "E is not described",
        "E.V is not described",
        "I.f is not described",
        "I.g may be left out, and not be null",
        "S is specified by nothing",
    ];
    assert_eq!(amiss(poor), told);
    let lasting = poor.replace("Use d.", "Use d. Removed after 2027-06-01.");
    assert_eq!(amiss(&lasting).len(), told.len() - 1);
}
