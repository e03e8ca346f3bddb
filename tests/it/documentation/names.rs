//! The glossary's terms stand in `src`, and the files named by contributors' pages exist.

use std::path::Path;

use super::{page, root};

/// The text of all sources, in lower case.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            text.push_str(&sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).expect("a source"));
        }
    }
    text.to_lowercase()
}

#[test]
fn every_term_of_the_glossary_is_found_in_src() {
    let sources = sources(&root().join("src"));
    let glossary = page("docs/glossary.md");
    let rows = glossary.text.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
    let terms: Vec<&str> = rows.map(|(term, _)| term).filter(|term| *term != "term").collect();
    assert!(terms.len() > 30, "{terms:?}");
    let missing: Vec<&&str> = terms.iter().filter(|term| !sources.contains(&term.to_lowercase())).collect();
    assert!(missing.is_empty(), "src does not say {missing:?}");
}

#[test]
fn every_file_named_to_contributors_exists() {
    let tops = ["src/", "tests/", "docs/", "policies/", "entity/", "migration/", "examples/", "explorer/"];
    for path in ["docs/glossary.md", "docs/first-change.md"] {
        let text = page(path).text;
        let named = text.split('`').skip(1).step_by(2).filter(|name| tops.iter().any(|top| name.starts_with(top)));
        let gone: Vec<&str> = named.filter(|name| !root().join(name).exists()).collect();
        assert!(gone.is_empty(), "{path} names what is not there: {gone:?}");
    }
}
