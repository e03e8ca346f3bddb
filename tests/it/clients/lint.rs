//! Linters on the published schema, and breaking changes since the last release.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::install;

const SCHEMA: &str = include_str!("../../../schema.graphql");
const RELEASED: &str = include_str!("../../golden/released.graphql");
const CHANGELOG: &str = include_str!("../../../CHANGELOG.md");

/// Runs a script of the installed libraries on some files, in a folder of its own. Returns its output.
fn run(script: &[&str], files: &[(&str, &str)]) -> String {
    // Node looks for libraries in the folders above a script.
    let folder = tempfile::tempdir_in(install::node()).expect("a folder");
    for name in ["eslint.config.mjs", "breaking.mjs"] {
        fs::copy(install::sources().join("lint").join(name), folder.path().join(name)).expect("a copy");
    }
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("written");
    }
    let output = Command::new("node").args(script).current_dir(folder.path()).output().expect("node");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.is_empty(), "{told}");
    String::from_utf8(output.stdout).expect("text")
}

/// The linter's findings in a schema: the rule, the line, and the reason.
fn complaints(schema: &str) -> Vec<(String, u64, String)> {
    let eslint = ["../node_modules/eslint/bin/eslint.js", "--format", "json", "schema.graphql"];
    let printed = run(&eslint, &[("schema.graphql", schema)]);
    let read: Value = serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{printed}"));
    let messages = read[0]["messages"].as_array().unwrap_or_else(|| panic!("{printed}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    messages
        .iter()
        .map(|said| (text(&said["ruleId"]), said["line"].as_u64().unwrap_or_default(), text(&said["message"])))
        .collect()
}

/// The coordinates of breaking changes, each with its description.
fn breaking(before: &str, after: &str) -> Vec<(String, String)> {
    let files = [("before.graphql", before), ("after.graphql", after)];
    let printed = run(&["breaking.mjs", "before.graphql", "after.graphql"], &files);
    let changes = printed.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    changes.map(|change| (text(&change["coordinate"]), text(&change["message"]))).collect()
}

/// The coordinates in a changelog that are announced as breaking since the last release: each at the head of its line.
fn announced(changelog: &str) -> Vec<&str> {
    let unreleased = changelog.split("\n## ").find(|section| section.starts_with("Unreleased")).unwrap_or_default();
    let mut named = Vec::new();
    for line in unreleased.split("**Breaking:**").skip(1) {
        let mut rest = line.trim_start();
        while let Some((coordinate, behind)) = rest.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
            named.push(coordinate);
            rest = behind.strip_prefix(',').unwrap_or(behind).trim_start();
            rest = rest.strip_prefix("and ").unwrap_or(rest);
        }
    }
    named
}

/// Unannounced breaking changes.
fn unannounced(before: &str, after: &str, changelog: &str) -> Vec<(String, String)> {
    let announced = announced(changelog);
    let mut found = breaking(before, after);
    found.retain(|(coordinate, _)| !announced.contains(&coordinate.as_str()));
    found
}

#[test]
fn the_schema_passes_the_linter() {
    assert_eq!(complaints(SCHEMA), []);
}

#[test]
fn the_linter_finds_flaws() {
    let described =
        "\t\"\"\"\n\tThe number of the pass: 1 for the first, 2 when it came back once.\n\t\"\"\"\n\tvisit: Int!\n";
    let page = "\t\"\"\"\n\tThe entries with their cursors.\n\t\"\"\"\n\tedges: [AssetEdge!]!\n";
    let wrong = [
        (described, "\tvisit: Int!\n", "require-description"),
        (page, "", "relay-connection-types"),
        ("\tURGENT\n", "\tvery_urgent\n", "naming-convention"),
    ];
    let mut schema = SCHEMA.to_owned();
    for (right, wrong, _) in wrong {
        assert_eq!(schema.matches(right).count(), 1, "{right}");
        schema = schema.replace(right, wrong);
    }
    let said: Vec<String> = complaints(&schema).into_iter().map(|(rule, _, _)| rule).collect();
    for (_, _, rule) in wrong {
        assert!(said.contains(&format!("@graphql-eslint/{rule}")), "{rule}: {said:?}");
    }
}

#[test]
fn every_break_since_the_last_release_is_announced() {
    let found = unannounced(RELEASED, SCHEMA, CHANGELOG);
    assert!(found.is_empty(), "name each in CHANGELOG.md (docs/versioning.md says how), or undo it: {found:#?}");
}

#[test]
fn a_break_is_found_unless_it_is_announced() {
    let before = "type Query { name(of: Kind): String! old: Int } enum Kind { A B } input Asked { kind: Kind }
        type Mutation { ask(input: Asked): Int }";
    let after =
        "type Query { name(of: Kind, at: Int!): String } enum Kind { A C } input Asked { kind: Kind, more: Int! }
        type Mutation { ask(input: Asked): Int }";
    let changelog =
        |unreleased: &str| format!("# Changelog\n\n## Unreleased\n\n{unreleased}\n\n## 0.1.0 (2026-01-05)\n");
    let coordinates = |found: Vec<(String, String)>| {
        let mut coordinates: Vec<String> = found.into_iter().map(|(coordinate, _)| coordinate).collect();
        coordinates.sort_unstable();
        coordinates
    };
    let all = ["Asked.more", "Kind.B", "Query.name", "Query.name(at:)", "Query.old"];
    assert_eq!(coordinates(unannounced(before, after, &changelog("- Nothing."))), all);
    let some = "- **Breaking:** `Query.name` and `Kind.B` are otherwise; read `Query.old`.\n- `Asked.more` is new.";
    assert_eq!(
        coordinates(unannounced(before, after, &changelog(some))),
        ["Asked.more", "Query.name(at:)", "Query.old"]
    );
    let every = "- **Breaking:** `Query.name`, `Query.name(at:)` and `Query.old`: all new.\n- **Breaking:** `Kind.B`, `Asked.more`.";
    assert_eq!(unannounced(before, after, &changelog(every)), []);
    let earlier = format!("{}\n- **Breaking:** `Query.old`.\n", changelog(""));
    assert_eq!(coordinates(unannounced(before, after, &earlier)), all, "of an earlier release");
    // Additions and descriptions break no client.
    let more = "type Query { name(of: Kind, at: Int): String! old: Int new: Int } enum Kind { A B C }
        input Asked { kind: Kind, more: Int } type Mutation { ask(input: Asked): Int! \"\"\"More.\"\"\" do: Int }";
    assert_eq!(breaking(before, more), []);
}
