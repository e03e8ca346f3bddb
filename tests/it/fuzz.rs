//! Fuzzing of text from outside: the reader of SOPs, the reader of policies, the body of a request. None of them panics or
//! takes long.
//!
//! Each takes the shipped files and `tests/corpus/<target>/`, first unchanged, then changed at random by lines, tokens and
//! bytes. The generator is seeded; `FUZZ_SEED` and `FUZZ_CASES` in the environment override the defaults below.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use disposisi::auth::Keys;
use disposisi::clock::SystemClock;
use disposisi::graphql::{self, AdmissionRules, ApiSchema, OperationLimits, SharedOperations};
use disposisi::policy::{self, Policy, PolicyFile};
use disposisi::procedure::{self, Office, Severity, Shelf};
use disposisi::random::Random;
use disposisi::service::{ActivePolicy, Catalog, Policies, Service, TokenSettings};
use disposisi::store::{LogPosition, Store};
use disposisi::workflow::reach;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use crate::harness::Folders;

/// No input may keep a reader busy for longer, unoptimised, beside other tests.
const LONGEST: Duration = Duration::from_secs(10);

/// The folder of earlier failures, in a target's corpus.
const HOSTILE: &str = "hostile";

/// Text that readers may stumble over.
const DICTIONARY: &[&str] = &[
    "",
    " ",
    "\n",
    "\r",
    "\t",
    "\0",
    "\u{feff}",
    "\u{202e}",
    "e\u{301}",
    "\u{1f9ff}",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\\",
    "\\u",
    "\\ud800",
    "#",
    ",",
    ":",
    ";",
    "=",
    "=\n",
    ".",
    "..",
    "...",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "(",
    ")",
    "{{",
    "${",
    "@",
    "$",
    "!",
    "&",
    "|",
    "*",
    "?",
    "^",
    "0",
    "-0",
    "-1",
    "1e999",
    "0x",
    "9223372036854775808",
    "4294967296",
    "inf",
    "nan",
    "true",
    "null",
    "2026-02-30",
    "9999-12-31",
    "1970-01-01T00:00:00Z",
    "[[steps]]",
    "[[steps.outcomes]]",
    "[details]",
    "[asset]",
    "key = \"\"",
    "to = \"1\"",
    "$ref = \"#\"",
    "pattern = \"(a+)+$\"",
    "p, ",
    "g, ",
    "r.sub == p.sub",
    "fragment F on Query {",
    "...F",
    "on ",
    "query",
    "mutation",
    "subscription",
    "__typename",
    "__schema",
    "@include(if: true)",
    "\"query\":",
    "\"variables\":",
    "first: 1000000",
];

/// One change to a text.
#[derive(Debug, Clone)]
enum Edit {
    Flip(Index, u8),
    Insert(Index, &'static str, usize),
    Cut(Index, usize),
    Truncate(Index),
    DropLine(Index),
    RepeatLine(Index, usize),
    SwapLines(Index, Index),
    /// A line's value in place of another's of the same name: the result is still read, and then checked.
    CopyValue(Index, Index),
    DropToken(Index),
    ReplaceToken(Index, Index),
    SetToken(Index, &'static str),
    /// The rest of another file from there.
    Splice(Index, Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    let word = || select(DICTIONARY);
    prop_oneof![
        1 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Flip(at, byte)),
        1 => (at(), word(), prop_oneof![8 => 1..4_usize, 1 => 4..500_usize])
            .prop_map(|(at, word, n)| Edit::Insert(at, word, n)),
        1 => (at(), 1..200_usize).prop_map(|(at, length)| Edit::Cut(at, length)),
        1 => at().prop_map(Edit::Truncate),
        1 => at().prop_map(Edit::DropLine),
        1 => (at(), prop_oneof![8 => 1..3_usize, 1 => 3..50_usize]).prop_map(|(at, times)| Edit::RepeatLine(at, times)),
        1 => (at(), at()).prop_map(|(a, b)| Edit::SwapLines(a, b)),
        8 => (at(), at()).prop_map(|(from, to)| Edit::CopyValue(from, to)),
        1 => at().prop_map(Edit::DropToken),
        1 => (at(), at()).prop_map(|(at, by)| Edit::ReplaceToken(at, by)),
        1 => (at(), word()).prop_map(|(at, word)| Edit::SetToken(at, word)),
        1 => (at(), at(), at()).prop_map(|(file, from, to)| Edit::Splice(file, from, to)),
    ]
}

/// The positions of a text's tokens: words, and each other character by itself.
fn tokens(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || !byte.is_ascii();
    let mut tokens: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, byte) in text.iter().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace()) {
        match tokens.last_mut() {
            Some(last) if last.end == at && is_word(*byte) && is_word(text[at - 1]) => last.end += 1,
            _ => tokens.push(at..at + 1),
        }
    }
    tokens
}

fn changed_lines(text: &[u8], change: impl FnOnce(&mut Vec<&[u8]>)) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    if !lines.is_empty() {
        change(&mut lines);
    }
    lines.concat()
}

/// A line up to its value, and the value.
fn split_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|byte| *byte == b'=')?;
    Some(line.split_at(at + 1))
}

fn changed_token(text: &[u8], at: &Index, by: impl FnOnce(&[std::ops::Range<usize>]) -> Vec<u8>) -> Vec<u8> {
    let tokens = tokens(text);
    if tokens.is_empty() {
        return text.to_vec();
    }
    let token = tokens[at.index(tokens.len())].clone();
    [&text[..token.start], &by(&tokens), &text[token.end..]].concat()
}

fn apply(mut text: Vec<u8>, edit: &Edit, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let place = |at: &Index, text: &[u8]| at.index(text.len() + 1);
    match edit {
        Edit::Flip(at, byte) => {
            if !text.is_empty() {
                let at = at.index(text.len());
                text[at] = *byte;
            }
            text
        }
        Edit::Insert(at, word, times) => {
            let at = place(at, &text);
            text.splice(at..at, word.repeat(*times).into_bytes());
            text
        }
        Edit::Cut(at, length) => {
            let from = place(at, &text);
            text.drain(from..text.len().min(from + length));
            text
        }
        Edit::Truncate(at) => {
            text.truncate(place(at, &text));
            text
        }
        Edit::DropLine(at) => changed_lines(&text, |lines| {
            lines.remove(at.index(lines.len()));
        }),
        Edit::RepeatLine(at, times) => changed_lines(&text, |lines| {
            let at = at.index(lines.len());
            let line = lines[at];
            lines.splice(at..at, std::iter::repeat_n(line, *times));
        }),
        Edit::SwapLines(a, b) => changed_lines(&text, |lines| {
            let (a, b) = (a.index(lines.len()), b.index(lines.len()));
            lines.swap(a, b);
        }),
        Edit::CopyValue(from, to) => changed_lines(&text, |lines| {
            let values: Vec<(usize, &[u8], &[u8])> = (lines.iter().enumerate())
                .filter_map(|(at, line)| split_value(line).map(|(name, value)| (at, name, value)))
                .collect();
            if !values.is_empty() {
                let (at, name, _) = values[to.index(values.len())];
                let alike: Vec<&[u8]> = values.iter().filter(|other| other.1 == name).map(|other| other.2).collect();
                lines.splice(at..=at, [name, alike[from.index(alike.len())]]);
            }
        }),
        Edit::DropToken(at) => changed_token(&text, at, |_| Vec::new()),
        Edit::ReplaceToken(at, by) => {
            changed_token(&text, at, |tokens| text[tokens[by.index(tokens.len())].clone()].to_vec())
        }
        Edit::SetToken(at, word) => changed_token(&text, at, |_| word.as_bytes().to_vec()),
        Edit::Splice(file, from, to) => {
            let other = &files[file.index(files.len())].1;
            text.truncate(place(to, &text));
            text.extend_from_slice(&other[place(from, other)..]);
            text
        }
    }
}

fn environment<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

/// The shipped files with that extension, and the target's corpus.
fn corpus(target: &str, shipped: &Path, ends: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = root.join("tests/corpus").join(target);
    let mut folders = vec![own.join(HOSTILE), own];
    folders.push(shipped.to_path_buf());
    folders.extend(std::fs::read_dir(shipped).expect("a folder").map(|entry| entry.expect("an entry").path()));
    let mut files = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if name.ends_with(ends) && name != "office.toml" {
                let name = if folder.ends_with(HOSTILE) { format!("{HOSTILE}/{name}") } else { name };
                files.push((name, std::fs::read(&path).expect("a file")));
            }
        }
    }
    // A folder's order is chance too.
    files.sort();
    assert!(files.len() > 10, "the corpus is there");
    files
}

/// The run time of this thread, if its system tells; else the time since a moment.
fn run_time(since: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let run = told.and_then(|told| told.split(' ').next()?.parse().ok());
    run.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

/// Gives a reader every file, then so many changed ones.
fn fuzz(target: &str, files: &[(String, Vec<u8>)], cases: u32, read: impl Fn(&[u8])) {
    let timed = |input: &[u8]| {
        let begun = Instant::now();
        let before = run_time(begun);
        read(input);
        let took = run_time(begun).saturating_sub(before);
        if took > LONGEST { Err(TestCaseError::fail(format!("it took {took:?}"))) } else { Ok(()) }
    };
    for (name, text) in files {
        timed(text).unwrap_or_else(|error| panic!("{target}/{name}: {error}"));
    }
    let seed: u64 = environment("FUZZ_SEED").unwrap_or(1);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let cases = environment("FUZZ_CASES").unwrap_or(cases);
    let config = Config { cases, failure_persistence: None, max_shrink_time: 20_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    // Half of the cases start from a whole file.
    let whole: Vec<&(String, Vec<u8>)> = files.iter().filter(|(name, _)| !name.starts_with(HOSTILE)).collect();
    let pick = |file: &Index| match file.index(2 * files.len()).checked_sub(files.len()) {
        None => &files[file.index(2 * files.len())],
        Some(above) => whole[above % whole.len()],
    };
    let change = |(file, edits): &(Index, Vec<Edit>)| {
        let (name, text) = pick(file);
        (name, edits.iter().fold(text.clone(), |text, edit| apply(text, edit, files)))
    };
    // Mostly few changes: a badly torn text is refused at its first line.
    let edits = prop_oneof![3 => vec(edit(), 1..3), 1 => vec(edit(), 3..9)];
    let found = runner.run(&(any::<Index>(), edits), |input| timed(&change(&input).1));
    if let Err(TestError::Fail(why, input)) = &found {
        let (name, text) = change(input);
        panic!("{target}, FUZZ_SEED={seed}: {why}\nfrom {name} by {:?}:\n{}", input.1, text.escape_ascii());
    }
    found.expect("it runs");
}

fn shelf() -> Shelf {
    procedure::read_folder(&Folders::shipped().procedures).expect("the shipped files")
}

/// A server's checks of an SOP's file before it is in force.
fn take_procedure(office: &Office, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let Ok(located) = procedure::read_procedure("procedures/x/y.toml", &office.key, &text) else { return };
    let faults = procedure::check(&located, office);
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        return;
    }
    for fault in reach::faults(&located.procedure) {
        let path: Vec<&str> = fault.step.iter().map(String::as_str).collect();
        assert!(located.line(&path) > 0);
    }
    let mut catalog = Catalog::default();
    catalog.add_office(office.clone());
    catalog.add_procedure(located.procedure, true).expect("what was checked can be used");
}

#[test]
fn no_text_breaks_the_procedure_parser() {
    let files = corpus("procedure", &Folders::shipped().procedures, ".toml");
    let offices = shelf().offices;
    fuzz("procedure", &files, 500, |text| offices.iter().for_each(|office| take_procedure(office, text)));
}

#[test]
fn no_text_breaks_the_policy_parser() {
    let folders = Folders::shipped();
    let files = corpus("policy", &folders.policies, ".csv");
    let model = std::fs::read_to_string(folders.policies.join("model.conf")).expect("the model");
    let shelf = shelf();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let take = |model: &str, text: &[u8]| {
        let text = String::from_utf8_lossy(text).into_owned();
        let files = [PolicyFile { file: "policies/singkawang.csv".to_owned(), text: Some(text) }];
        let (policy, _) = runtime.block_on(policy::load(Some(model), &files));
        policy::check(&policy, &shelf, None);
        policy::check(&policy, &shelf, Some(&[]));
    };
    fuzz("policy", &files, 300, |text| take(&model, text));
    // The model is a file like any other.
    let lines = std::fs::read(folders.policies.join("singkawang.csv")).expect("the policy");
    let mut models = files;
    models.push(("model.conf".to_owned(), model.clone().into_bytes()));
    let only_model: Vec<(String, Vec<u8>)> = models.split_off(models.len() - 1);
    fuzz("policy", &only_model, 300, |text| take(&String::from_utf8_lossy(text), &lines));
}

/// A service over an empty database, and its schema.
pub(crate) async fn schema(folder: &Path, limits: OperationLimits) -> (Service, ApiSchema) {
    Keys::make(&folder.join("keys"), &Random::system()).expect("keys");
    let keys = Arc::new(Keys::open(&folder.join("keys")).expect("keys"));
    let mac = keys.clone();
    let mac = Arc::new(move |parts: &[&[u8]]| mac.mac(parts));
    let store = Store::open(&crate::database::place(folder), mac, Random::system()).await.expect("a database");
    let mut catalog = Catalog::default();
    let Shelf { offices, procedures, .. } = shelf();
    offices.into_iter().for_each(|office| catalog.add_office(office));
    for located in procedures {
        catalog.add_procedure(located.procedure, true).expect("a procedure");
    }
    let policies = Policies::new(ActivePolicy::unrecorded(Policy::default()), Arc::default());
    let service = Service::new(
        store,
        Arc::new(catalog),
        policies,
        keys,
        Arc::new(SystemClock),
        TokenSettings::default(),
        LogPosition::default(),
    );
    (service.clone(), ApiSchema::new(service, limits, true, 1 << 20).expect("a schema"))
}

/// A server's handling of an anonymous body.
async fn answer(service: &Service, schema: &ApiSchema, body: &[u8]) {
    // As the route does: an object only.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return;
    }
    let Ok(request) = serde_json::from_slice::<async_graphql::Request>(body) else { return };
    let response = match AdmissionRules::default().admit(request, schema.compiler()).await {
        Err(response) => *response,
        Ok(operation) if operation.is_subscription() => {
            match graphql::follow(schema, &SharedOperations::default(), operation, None, None).await {
                Err(ended) => ended.response,
                Ok(_) => panic!("nobody follows"),
            }
        }
        Ok(operation) => {
            let address = std::net::IpAddr::from([127, 0, 0, 1]);
            graphql::execute(schema, service, operation, None, address).await.expect("a session").response
        }
    };
    for error in &response.errors {
        let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
        assert!(code.is_some(), "an error without a code: {error:?}");
    }
    serde_json::to_string(&response).expect("an answer");
}

#[test]
fn no_body_breaks_the_server() {
    let mut files = corpus("body", &Folders::shipped().policies, ".json");
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (service, schema) = runtime.block_on(schema(folder.path(), OperationLimits::default()));
    let answer = |body: &[u8]| runtime.block_on(answer(&service, &schema, body));
    fuzz("body", &files, 600, answer);
    // The same below JSON: a changed document in a whole body.
    files.retain(|(_, body)| document(body).is_some());
    for (_, body) in &mut files {
        *body = document(body).unwrap_or_default();
    }
    fuzz("body", &files, 600, |text| {
        let body = serde_json::json!({ "query": String::from_utf8_lossy(text) });
        answer(body.to_string().as_bytes());
    });
}

/// The document in a body.
fn document(body: &[u8]) -> Option<Vec<u8>> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(body["query"].as_str()?.as_bytes().to_vec())
}
