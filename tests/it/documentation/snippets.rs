//! Every snippet of the pages, run on a demo in the order of the book, like a reader who pastes them.
//!
//! Hidden words follow the language of a block: the sender (`graphql siti`; anonymous without a name), the code of the expected
//! refusal (`graphql kadri STALE_VERSION`), `answer` for the JSON answer to the block before (“…” stands for differences), or
//! one of [`UNTRIED`].

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::{Block, Page, page, pages};
use crate::demo::Demo;

/// Why a block is not done.
const UNTRIED: &[(&str, &str)] = &[
    ("serves", "it goes on and on: it is what the demo of this test was begun by"),
    ("sketch", "a schema that is not ours; it is only parsed"),
];

/// Pages with blocks of these languages run elsewhere: `clients::guide`, `clients::browser`, `clients::reverse_proxies`,
/// `documentation::permissions`.
const OTHERS: &[(&str, &[&str])] = &[
    ("docs/operations.md", &["nginx", "haproxy"]),
    ("docs/subscriptions.md", &["graphql", "ts", "python", "sh"]),
    ("docs/authentication.md", &["js", "kotlin", "swift", "dart"]),
    ("docs/permissions.md", &["graphql"]),
    ("examples/typescript/README.md", &["ts"]),
];

/// The source of an operation's variable: an earlier answer on the page.
const VARIABLES: &[(&str, &str)] = &[
    ("request", "/request/id"),
    ("version", "/request/version"),
    ("asset", "/request/assets/0/id"),
    ("token", "/refreshToken"),
    ("after", "/request/eventCursor"),
];

/// A shell for the blocks of a page.
struct Shell {
    child: Child,
    input: ChildStdin,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Shell {
    fn new() -> Self {
        let mut shell = Command::new("/bin/sh");
        let mut child = shell.arg("-eu").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a shell");
        let input = child.stdin.take().expect("its input");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { child, input, lines }
    }

    /// A block's output.
    fn run(&mut self, block: &str) -> String {
        writeln!(self.input, "{block}\necho; echo '--- done'").expect("pasted");
        let mut printed = Vec::new();
        for line in self.lines.by_ref().map_while(Result::ok) {
            if line == "--- done" {
                return printed.join("\n");
            }
            printed.push(line);
        }
        panic!("it fails: {block}\n{}", printed.join("\n"));
    }
}

/// Compares an answer with the page's.
fn fits(shown: &Value, got: &Value) -> bool {
    match (shown, got) {
        (Value::String(shown), Value::String(_)) if shown == "…" => true,
        (Value::Array(shown), Value::Array(got)) => {
            shown.len() == got.len() && shown.iter().zip(got).all(|(shown, got)| fits(shown, got))
        }
        (Value::Object(shown), Value::Object(got)) => {
            let all = |(key, shown): (&String, &Value)| got.get(key).is_some_and(|got| fits(shown, got));
            shown.len() == got.len() && shown.iter().all(all)
        }
        _ => shown == got,
    }
}

/// The last value at such a path anywhere in an answer.
fn found(answer: &Value, path: &str) -> Option<Value> {
    let inside = match answer {
        Value::Object(fields) => fields.values().filter_map(|value| found(value, path)).next_back(),
        Value::Array(entries) => entries.iter().filter_map(|value| found(value, path)).next_back(),
        _ => None,
    };
    answer.pointer(path).filter(|value| !value.is_null()).cloned().or(inside)
}

/// The codes of all refusals in an answer.
fn codes(answer: &Value) -> Vec<Value> {
    let mut codes: Vec<Value> = Vec::new();
    let errors = answer["errors"].as_array().into_iter().flatten();
    codes.extend(errors.map(|error| error["extensions"]["code"].clone()));
    for payload in answer["data"].as_object().into_iter().flat_map(|data| data.values()) {
        let errors = payload["userErrors"].as_array().into_iter().flatten();
        codes.extend(errors.map(|error| error["code"].clone()));
    }
    codes
}

/// A demo, and the answers to a page so far.
struct Reader {
    demo: Demo,
    year: i32,
    known: Vec<(&'static str, Value)>,
    last: Value,
}

impl Reader {
    /// A page's text with the demo's address, and the year of its beginning.
    fn here(&self, text: &str) -> String {
        let address = self.demo.base.strip_prefix("http://").expect("an address");
        let years = text.replace("/2026/", &format!("/{}/", self.year));
        years.replace("\"2027-01-01T", &format!("\"{}-01-01T", self.year + 1)).replace("localhost:8080", address)
    }

    /// Sends an operation as its block says.
    async fn send(&mut self, place: &str, block: &Block<'_>) {
        let is_code = |word: &&&str| word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let (expected, names): (Vec<&str>, Vec<&str>) = block.words.iter().partition(|word| is_code(word));
        let token = match names[..] {
            [] => None,
            [name] => Some(self.demo.token(name).await),
            _ => panic!("{place}: {names:?}"),
        };
        let variables = VARIABLES.iter().filter(|(name, _)| block.text.contains(&format!("${name}:")));
        let value = |name: &str| self.known.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value);
        let variables: serde_json::Map<String, Value> =
            variables.map(|(name, _)| ((*name).to_owned(), value(name).cloned().unwrap_or(Value::Null))).collect();
        let answer = self.demo.send(token.as_deref(), &self.here(&block.text), json!(variables)).await;
        assert_eq!(codes(&answer), expected, "{place}: {answer:#}");
        self.learn(answer);
    }

    fn learn(&mut self, answer: Value) {
        let known = VARIABLES.iter().filter_map(|(name, path)| Some((*name, found(&answer, path)?)));
        self.known.extend(known);
        self.last = answer;
    }
}

/// True for the blocks of these tests.
fn ours(page: &Page, block: &Block<'_>) -> bool {
    let others = OTHERS.iter().any(|(path, languages)| *path == page.path && languages.contains(&block.language));
    !others && !UNTRIED.iter().any(|(word, _)| block.words.contains(word))
}

#[test]
fn every_block_is_of_a_tested_kind() {
    for page in pages() {
        for block in page.blocks() {
            let place = format!("{}:{}", page.path, block.line);
            match block.language {
                // Pictures are nobody's to do.
                "text" => assert!(block.words.is_empty(), "{place}"),
                "json" => drop(serde_json::from_str::<Value>(&block.text).unwrap_or_else(|e| panic!("{place}: {e}"))),
                "graphql" if block.words == ["sketch"] => {
                    async_graphql::parser::parse_schema(&block.text).unwrap_or_else(|error| panic!("{place}: {error}"));
                }
                // Run by `every_snippet_runs_as_its_page_says`, or by the tests named there.
                "graphql" | "sh" => {}
                _ => assert!(!ours(&page, &block), "{place}: nothing tries {}", block.language),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_snippet_runs_as_its_page_says() {
    let demo = Demo::new();
    let number = demo.number("SKW/CLOUD/0003");
    let year = number.split('/').nth(2).and_then(|year| year.parse().ok()).expect("a year");
    let mut reader = Reader { demo, year, known: Vec::new(), last: Value::Null };
    // In the order of the book, then the pages beside it.
    let summary = page("docs/SUMMARY.md").text;
    let mut pages = pages();
    pages.sort_by_key(|page| page.path.strip_prefix("docs/").and_then(|name| summary.find(name)).unwrap_or(usize::MAX));
    let (mut operations, mut pasted, mut shown) = (0, 0, 0);
    for page in &pages {
        let mut shell = Shell::new();
        reader.known.clear();
        for block in page.blocks().iter().filter(|block| ours(page, block)) {
            let place = format!("{}:{}", page.path, block.line);
            match block.language {
                "graphql" => {
                    operations += 1;
                    reader.send(&place, block).await;
                }
                "sh" => {
                    pasted += 1;
                    let printed = shell.run(&reader.here(&block.text));
                    reader.last = serde_json::from_str(printed.trim()).unwrap_or_default();
                }
                "json" if block.words == ["answer"] => {
                    shown += 1;
                    assert!(block.follows, "{place}: it follows nothing that it could be the answer to");
                    let wanted = serde_json::from_str(&reader.here(&block.text)).expect("JSON");
                    assert!(fits(&wanted, &reader.last), "{place}: {:#}", reader.last);
                }
                _ => {}
            }
        }
    }
    assert!(operations >= 14 && pasted >= 5 && shown >= 4, "{operations} operations, {pasted} pasted, {shown} shown");
}
