//! Both languages: every sentence of the program for people is translated, and nothing else is.

use std::collections::BTreeSet;
use std::path::Path;

use disposisi::language::Translations;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use serde_json::{Value, json};

use crate::acts::SUBMIT;
use crate::cast::{AUDITOR, And, SINGKAWANG};
use crate::harness::Server;
use crate::socket::Socket;

/// Messages for people. Faults of an operation or a call itself are for its author, in English.
const SPEAK: [&str; 8] = [
    "src/service",
    "src/graphql/context",
    "src/graphql/error.rs",
    "src/graphql/schema",
    "src/http/rate_limit.rs",
    "src/http/error.rs",
    "src/auth/password.rs",
    "src/procedure/form.rs",
];

/// Macros with text for a log or a test.
const NOT_SAID: [&str; 8] = ["error", "warn", "info", "debug", "assert", "assert_eq", "assert_ne", "panic"];

/// The texts of `say!`, and whatever else in a source reads like a sentence.
fn said(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let ident = |at: Option<usize>| match at.and_then(|at| tokens.get(at)) {
        Some(TokenTree::Ident(ident)) => ident.to_string(),
        _ => String::new(),
    };
    let punct = |at: Option<usize>, c: char| matches!(at.and_then(|at| tokens.get(at)), Some(TokenTree::Punct(p)) if p.as_char() == c);
    for (at, token) in tokens.iter().enumerate() {
        let before = |by: usize| at.checked_sub(by);
        match token {
            TokenTree::Group(group) => {
                let is_attribute = group.delimiter() == Delimiter::Bracket && punct(before(1), '#');
                let called = if punct(before(1), '!') { ident(before(2)) } else { String::new() };
                let is_tests = ident(before(1)) == "tests" && ident(before(2)) == "mod";
                if is_attribute || is_tests || NOT_SAID.contains(&called.as_str()) {
                    continue;
                }
                if called == "say" {
                    found.extend(group.stream().into_iter().next().and_then(|first| text(&first)));
                }
                said(group.stream(), found);
            }
            token => found.extend(text(token).filter(|text| is_sentence(text))),
        }
    }
}

/// The value of a string literal.
fn text(token: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = token else { return None };
    let literal = literal.to_string();
    let raw = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::new();
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('\n')) => while chars.next_if(|c| c.is_whitespace()).is_some() {},
            ('\\', Some(_)) => text.extend(chars.next()),
            (c, _) => text.push(c),
        }
    }
    Some(text)
}

fn is_sentence(text: &str) -> bool {
    text.starts_with(|c: char| c.is_uppercase()) && text.contains(' ') && text.ends_with(['.', '?'])
}

fn sources(path: &Path, found: &mut BTreeSet<String>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("a folder") {
            sources(&entry.expect("an entry").path(), found);
        }
    } else {
        let source = std::fs::read_to_string(path).expect("a source");
        said(source.parse().expect("Rust"), found);
    }
}

#[test]
fn every_message_has_its_translation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut written = BTreeSet::new();
    SPEAK.iter().for_each(|room| sources(&root.join(room), &mut written));
    assert!(written.len() > 100, "sentences are found: {}", written.len());
    let table = std::fs::read_to_string(root.join("src/language/id.toml")).expect("the translations");
    let table = Translations::read(&table).expect("they read");
    let missing: Vec<&String> = written.iter().filter(|text| !table.has(text)).collect();
    assert!(missing.is_empty(), "src/language/id.toml lacks {}: {missing:#?}", missing.len());
    let stale: Vec<&str> = table.all().map(|(text, _)| text).filter(|text| !written.contains(*text)).collect();
    assert!(stale.is_empty(), "nothing says {stale:#?} any more");
}

/// The answer to an operation in a language.
async fn answer(server: &Server, token: &str, wanted: &str, query: &str, variables: Value) -> Value {
    let body = json!({ "query": query, "variables": variables });
    let call = reqwest::Client::new().post(format!("{}/graphql", server.base())).bearer_auth(token);
    let call = if wanted.is_empty() { call } else { call.header("accept-language", wanted) };
    call.json(&body).send().await.expect("sent").json().await.expect("JSON")
}

const LABELS: &str = "{ office(key: \"singkawang\") { procedures { key title detailsSchema steps { activity performers { name } \
    produces { name } outcomes { key label assetSchema } } } } }";

fn submission(quota: i32) -> Value {
    json!({ "input": {
        "office": "singkawang", "procedure": "permohonan-cloud-service",
        "letter": { "number": "1", "date": "2026-01-05", "subject": "Permohonan" },
        "contact": { "name": "Warga Contoh", "phone": "0562 000000", "email": "contoh@opd.example" },
        "details": { "purpose": "Arsip", "quotaGib": quota, "users": 3 },
    } })
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_follow_the_preferred_language() {
    let server = Server::with(&SINGKAWANG.and(&[AUDITOR]));
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    // As written, without a preference: messages in English, SOPs in Indonesian.
    let (english, indonesian) = ("must be at least 1", "paling kecil 1");
    for (wanted, message) in [("", english), ("id-ID,id;q=0.9,en;q=0.8", indonesian), ("en", english), ("fr", english)]
    {
        let refused = answer(&server, opd.token(), wanted, SUBMIT, submission(0)).await;
        let told = json!({ "code": "INVALID_DETAILS", "message": message, "path": ["details", "quotaGib"] });
        assert_eq!(refused["data"]["submitRequest"]["userErrors"], json!([told]), "{wanted}");
    }
    let refused = answer(&server, tu.token(), "id", SUBMIT, submission(5)).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(refused["errors"][0]["message"], "Anda tidak memegang peran yang boleh mengajukan permohonan ini.");
    for (wanted, title, label, role, field) in [
        ("", "Permohonan Cloud Service", "Ajukan", "OPD/Pengguna", "Keperluan"),
        ("id", "Permohonan Cloud Service", "Ajukan", "OPD/Pengguna", "Keperluan"),
        ("en-GB", "Request for Cloud Service", "Submit", "Agency (OPD) / user", "Purpose"),
    ] {
        let told = answer(&server, opd.token(), wanted, LABELS, json!({})).await;
        let procedures = told["data"]["office"]["procedures"].as_array().expect("procedures");
        let cloud = procedures.iter().find(|one| one["key"] == "permohonan-cloud-service").expect("it is there");
        let said =
            (&cloud["title"], &cloud["steps"][0]["outcomes"][0]["label"], &cloud["steps"][0]["performers"][0]["name"]);
        assert_eq!(said, (&json!(title), &json!(label), &json!(role)), "{wanted}");
        assert_eq!(cloud["detailsSchema"]["properties"]["purpose"]["title"], field);
    }

    // Chosen once, it holds whatever a client says, until it is left to clients again.
    let choose =
        "mutation($language: Language) { chooseLanguage(input: { language: $language }) { userErrors { code } } }";
    let viewer = "{ viewer { language inbox(first: 101) { totalCount } } }";
    for (chosen, message) in
        [(json!("INDONESIAN"), "Satu halaman memuat 0 sampai 100."), (Value::Null, "A page holds 0 to 100.")]
    {
        let done = answer(&server, opd.token(), "en", choose, json!({ "language": chosen })).await;
        assert_eq!(done["data"]["chooseLanguage"]["userErrors"], json!([]), "{done}");
        let told = answer(&server, opd.token(), "en", viewer, json!({})).await;
        assert_eq!(
            (&told["data"]["viewer"]["language"], &told["errors"][0]["message"]),
            (&chosen, &json!(message)),
            "{told}"
        );
    }

    // Followers get their own language, from the socket's headers or their choice; others of the same operation get theirs.
    let auditor = server.person("auditor").await;
    answer(&server, auditor.token(), "", choose, json!({ "language": "ENGLISH" })).await;
    let events = "subscription { requestEvents(filter: { kinds: [SUBMITTED] }) { step { activity } } }";
    let printed =
        "Pimpinan OPD/Pengguna mengajukan Surat Permohonan kepada Kepala Dinas Kominfo melalui aplikasi Srikandi";
    let translated = "The head of the agency or user submits the letter of request to the Head of Office through the Srikandi \
        application";
    let mut sockets = Vec::new();
    for (person, wanted, activity) in [
        (&tu, "", printed),
        (&tu, "en", translated),
        (&opd, "en", translated),
        (&opd, "id", printed),
        (&auditor, "id", translated),
    ] {
        let mut socket = Socket::open(&server, Some("graphql-transport-ws"), &[]).await;
        let payload = json!({ "token": person.token(), "language": wanted });
        socket.send(json!({ "type": "connection_init", "payload": payload })).await;
        assert_eq!(socket.receive().await["type"], "connection_ack");
        socket.subscribe("1", events, json!({})).await;
        socket.settle().await;
        sockets.push((socket, activity));
    }
    // A running operation keeps its language, whatever is chosen meanwhile.
    answer(&server, opd.token(), "", choose, json!({ "language": "INDONESIAN" })).await;
    let sent = answer(&server, opd.token(), "", SUBMIT, submission(5)).await;
    assert_eq!(sent["data"]["submitRequest"]["userErrors"], json!([]), "{sent}");
    for (mut socket, activity) in sockets {
        assert_eq!(socket.told("1").await["requestEvents"]["step"]["activity"], activity);
    }
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}
