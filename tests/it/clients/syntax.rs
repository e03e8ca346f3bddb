//! Programs of other languages, read by the grammars of these languages.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::frameworks::lines;
use super::install;

/// The lines of each text, by language (`dart`, `kotlin`, `swift`), that fit no rule of its grammar.
pub(super) fn faults(texts: &BTreeMap<&str, String>) -> Vec<Value> {
    let mut python = Command::new(install::python());
    python.arg(install::sources().join("syntax.py"));
    let mut child = python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("python");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(json!(texts).to_string().as_bytes()).expect("written");
    drop(input);
    let found = lines(&child.wait_with_output().expect("it ends"));
    assert_eq!(found.len(), texts.len());
    found.into_iter().map(|mut found| found["faults"].take()).collect()
}
