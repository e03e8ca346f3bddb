//! The list of modules and their databases (`databases.txt`) holds every module with tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The text of the sources of a module: its file, or all files of its folder.
fn source(folder: &Path, module: &str) -> String {
    let file = folder.join(format!("{module}.rs"));
    if file.exists() {
        return std::fs::read_to_string(file).expect("a file");
    }
    let files = std::fs::read_dir(folder.join(module)).expect("a folder").map(|entry| entry.expect("a file").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|name| name == "rs")).collect();
    files.sort();
    files.iter().map(|path| std::fs::read_to_string(path).expect("a file")).collect()
}

/// The number of tests in a source text.
fn tests(source: &str) -> usize {
    source.lines().filter(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test")).count()
}

#[test]
fn every_module_runs_on_its_listed_databases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let list = include_str!("databases.txt");
    let mut listed = Vec::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let (names, reason) = line.split_once('#').unwrap_or((line, ""));
        let mut names = names.split_whitespace();
        let module = names.next().expect("a module");
        let databases: Vec<&str> = names.collect();
        match databases[..] {
            ["sqlite", "postgres"] => {}
            ["sqlite"] | ["postgres"] => assert!(!reason.trim().is_empty(), "{module}: why only one?"),
            _ => panic!("{module}: {databases:?}"),
        }
        let ignored = source(&folder, module).lines().filter(|line| line.starts_with("#[ignore")).count();
        let all = tests(&source(&folder, module));
        // An ignored test is one that SQLite cannot run; `cargo test` counts them.
        assert_eq!(ignored, if databases == ["postgres"] { all } else { 0 }, "{module}: ignored tests");
        listed.push(module);
    }
    let main = std::fs::read_to_string(folder.join("main.rs")).expect("a file");
    let modules = main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let with_tests: BTreeSet<&str> = modules.filter(|module| tests(&source(&folder, module)) > 0).collect();
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), with_tests);
    assert_eq!(listed.len(), with_tests.len(), "no module twice");
    // The filter `module::` finds a text anywhere in a test's name.
    for module in &listed {
        assert!(!listed.iter().any(|other| other != module && other.ends_with(module)), "{module} is ambiguous");
    }
}
