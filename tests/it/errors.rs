//! The table of errors: it lists every code of the program, and every listed code is provoked.

use std::collections::BTreeSet;
use std::path::Path;

use disposisi::graphql::ErrorCode;
use disposisi::http::CloseCode;
use serde_json::{Value, json};

use crate::acts::Cloud;
use crate::cast::{ADMIN, And, SINGKAWANG};
use crate::harness::{PASSWORD, Server, credentials, now, with};
use crate::house::rooms;
use crate::socket::Socket;

const TABLE: &str = include_str!("../../docs/errors.md");

/// Codes of a kind, under the heading of that name.
type Codes = BTreeSet<(&'static str, String)>;

const USER_ERRORS: &str = "userErrors";
const ERRORS: &str = "errors";
const CLOSES: &str = "WebSocket close codes";

/// Every code of the program.
fn known() -> Codes {
    let sdl = disposisi::graphql::sdl();
    let listed = sdl.split("enum UserErrorCode {").nth(1).and_then(|rest| rest.split('}').next()).expect("the codes");
    let is_code = |line: &str| !line.is_empty() && line.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let user = listed.lines().map(str::trim).filter(|line| is_code(line)).map(|code| (USER_ERRORS, code.to_owned()));
    let top = ErrorCode::ALL.iter().map(|code| (ERRORS, code.word().to_owned()));
    let closes = CloseCode::ALL.iter().map(|close| (CLOSES, close.code().to_string()));
    user.chain(top).chain(closes).collect()
}

/// Every code in the table. A row has the place, the remedy, and whether to retry.
fn told() -> Codes {
    let mut told = Codes::new();
    for kind in [USER_ERRORS, ERRORS, CLOSES] {
        let section = TABLE.split("\n## ").find_map(|section| section.strip_prefix(kind)?.strip_prefix('\n'));
        let rows = section.unwrap_or_else(|| panic!("a section {kind}")).lines().filter(|line| line.starts_with("| "));
        for row in rows.skip(1) {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            let [code, places, what, again] = cells[..] else { panic!("four cells: {row}") };
            assert!(![places, what, again].contains(&""), "each says something: {row}");
            assert!(told.insert((kind, code.trim_matches('`').to_owned())), "told once: {row}");
        }
    }
    // Seen by a client without a close frame; never sent.
    assert!(told.remove(&(CLOSES, "1006".to_owned())));
    told
}

#[test]
fn the_table_of_errors_lists_every_code() {
    let (known, told) = (known(), told());
    assert!(known.len() > 40, "{known:?}");
    let missing: Vec<_> = known.difference(&told).collect();
    assert!(missing.is_empty(), "docs/errors.md lacks {missing:?}");
    let gone: Vec<_> = told.difference(&known).collect();
    assert!(gone.is_empty(), "the program has no {gone:?}");
}

#[test]
fn error_codes_are_written_in_one_place() {
    let (lists, others): (Vec<_>, Vec<_>) = rooms().into_iter().partition(|(_, path, _)| {
        ["graphql/error_code.rs", "websocket/close_code.rs"].iter().any(|list| path.ends_with(list))
    });
    assert_eq!(lists.len(), 2);
    for (_, path, text) in others {
        for code in ErrorCode::ALL {
            assert!(!text.contains(&format!("\"{}\"", code.word())), "{}: ErrorCode::{code:?}", path.display());
        }
        assert!(!text.contains("set(\"code\", \""), "{}: a code that is in no list", path.display());
    }
}

/// Codes with a story of their own, and the test that asserts the code.
const ELSEWHERE: &[(&str, &str, &str, &str)] = &[
    (ERRORS, "DOCUMENT_NOT_FOUND", "it/persisted_documents.rs", "only_known_or_only_named_operations_may_be_accepted"),
    (
        ERRORS,
        "DOCUMENT_ID_REQUIRED",
        "it/persisted_documents.rs",
        "only_known_or_only_named_operations_may_be_accepted",
    ),
    (
        ERRORS,
        "OPERATION_NAME_REQUIRED",
        "it/persisted_documents.rs",
        "only_known_or_only_named_operations_may_be_accepted",
    ),
    (
        ERRORS,
        "INTROSPECTION_DISABLED",
        "it/persisted_documents.rs",
        "only_known_or_only_named_operations_may_be_accepted",
    ),
    (ERRORS, "RATE_LIMITED", "it/limits.rs", "the_rate_limit_answers_with_retry_after"),
    (CLOSES, "4430", "it/limits.rs", "concurrent_operations_are_limited_per_person"),
    (USER_ERRORS, "SIGNATURE_MISSING", "it/subdomain.rs", "a_request_goes_the_whole_way"),
    (USER_ERRORS, "ALREADY_SIGNED", "it/subdomain.rs", "a_request_goes_the_whole_way"),
    (USER_ERRORS, "PLACEMENT_OVERLAP", "it/data_center.rs", "one_established_one_overlapping_one_declined"),
    (USER_ERRORS, "CREDENTIAL_NOT_AVAILABLE", "it/cloud.rs", "names_and_letters_are_free_again_after_the_end"),
    (USER_ERRORS, "ASSET_NOT_ACTIVE", "it/cloud.rs", "names_and_letters_are_free_again_after_the_end"),
    (USER_ERRORS, "ALREADY_REVEALED", "it/cloud.rs", "a_request_is_returned_completed_corrected_and_delivered_once"),
    (USER_ERRORS, "TOTP_REQUIRED", "it/totp.rs", "a_code_is_asked_for_once_its_authenticator_is_confirmed"),
    (ERRORS, "CURSOR_AHEAD", "it/following.rs", "a_cursor_beyond_the_log_is_refused"),
    (ERRORS, "BATCH_REFUSED", "it/over_http.rs", "batches_are_accepted_only_where_enabled"),
    (ERRORS, "TIMEOUT", "it/bad_input.rs", "costly_operations_and_slow_senders_are_cut_short"),
    (ERRORS, "UNAVAILABLE", "it/disk.rs", "a_full_disk_loses_nothing_and_writes_resume"),
    (ERRORS, "INTERNAL", "it/tamper.rs", "acts_on_tampered_rows_are_refused"),
    (CLOSES, "1013", "it/postgres/together.rs", "a_lost_database_is_reported_and_work_resumes"),
];

/// The codes asserted by other tests; each test exists, runs, and names its code.
fn shown_elsewhere() -> Codes {
    let show = |(kind, code, file, test): &(&'static str, &str, &str, &str)| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        let (before, rest) = text.split_once(&format!("fn {test}()")).unwrap_or_else(|| panic!("{file} has no {test}"));
        let head = before.rsplit("\n\n").next().unwrap_or_default();
        assert!(head.contains("#[test]") || head.contains("#[tokio::test"), "{file}: {test} is no test");
        // Tests for PostgreSQL are ignored by a plain run alone: tests/run runs them.
        let head = head.replace("#[ignore = \"PostgreSQL only: tests/run postgres\"]", "");
        assert!(!head.contains("ignore"), "{file}: {test} does not run");
        let body = rest.split("\n}\n").next().unwrap_or_default();
        let asserted = body.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == *code);
        assert!(asserted, "{file}: {test} says nothing of {code}");
        (*kind, (*code).to_owned())
    };
    ELSEWHERE.iter().map(show).collect()
}

/// Gathers the codes of an answer.
fn gather(answer: &Value, seen: &mut Codes) {
    for error in answer["errors"].as_array().into_iter().flatten() {
        let code = error["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code: {answer}"));
        seen.insert((ERRORS, code.to_owned()));
    }
    for payload in answer["data"].as_object().into_iter().flat_map(|data| data.values()) {
        for error in payload["userErrors"].as_array().into_iter().flatten() {
            seen.insert((USER_ERRORS, error["code"].as_str().expect("a code").to_owned()));
        }
    }
}

/// A submission of this letter, with changes; as the arguments of a mutation.
fn submission(letter: &str, changes: Value) -> Value {
    json!({ "input": with(Cloud::letter(letter).input(), changes) })
}

/// People's errors in mutations, one after another. Returns the codes.
async fn by_mutations(server: &Server, seen: &mut Codes) {
    let (opd, tu, admin) = (server.person("opd").await, server.person("tu").await, server.person("admin").await);
    let submit = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { id version } \
        userErrors { code } } }";
    let first = opd.ask(submit, submission("005/1", json!({ "idempotencyKey": "one" }))).await;
    let id = first["submitRequest"]["request"]["id"].as_str().expect("an id").to_owned();
    for wrong in [
        submission("", json!({})),
        submission("005/2", json!({ "details": {} })),
        submission("005/2", json!({ "office": "nowhere" })),
        submission("005/2", json!({ "procedureVersion": 2 })),
        submission("005/2", json!({ "idempotencyKey": "one" })),
        submission("005/1", json!({})),
    ] {
        gather(&opd.answer(submit, wrong).await, seen);
    }
    let execute = "mutation($input: ExecuteStepInput!) { executeStep(input: $input) { userErrors { code } } }";
    let step = |step: &str, outcome: &str, version: i32| json!({ "input": { "requestId": id, "step": step, "outcome": outcome, "expectedVersion": version } });
    for wrong in [step("2", "forward", 1), step("2", "yes", 1), step("2", "forward", 7)] {
        gather(&tu.answer(execute, wrong).await, seen);
    }
    gather(&opd.answer(execute, step("2", "forward", 1)).await, seen);
    let sheet = json!([{ "kind": "lembar-disposisi", "title": "Lembar" }]);
    let mut forward = step("2", "forward", 1);
    forward["input"]["documents"] = sheet;
    // As an acting official too, from here on.
    server.run(&["grant", "tu", "--office", "singkawang", "--role", "tu", "--capacity", "ACTING", "--decree", "1"]);
    gather(&tu.answer(execute, forward.clone()).await, seen);
    let grants = tu.ask("{ viewer { grants { id } } }", json!({})).await["viewer"]["grants"].clone();
    forward["input"]["actingAs"] = grants[0]["id"].clone();
    gather(&tu.answer(execute, forward.clone()).await, seen);
    forward["input"]["expectedVersion"] = json!(2);
    gather(&tu.answer(execute, forward.clone()).await, seen);
    let withdraw = "mutation($input: WithdrawRequestInput!) { withdrawRequest(input: $input) { userErrors { code } } }";
    let taken_back = json!({ "input": { "requestId": id, "reason": "Batal", "expectedVersion": 2 } });
    gather(&opd.answer(withdraw, taken_back).await, seen);
    forward["input"]["expectedVersion"] = json!(3);
    gather(&tu.answer(execute, forward).await, seen);

    let key = "mutation { createApiKey(input: { name: \"skrip\", scopes: [READ], expiresAt: \"EXPIRES\" }) { userErrors { code } } }";
    let soon = now() + chrono::TimeDelta::days(1);
    for _ in 0..2 {
        gather(&opd.answer(&key.replace("EXPIRES", &soon.to_rfc3339()), json!({})).await, seen);
    }
    let me = admin.ask("{ viewer { user { id } grants { id } } }", json!({})).await["viewer"].clone();
    let myself = json!({ "input": { "office": "singkawang", "userId": me["user"]["id"] } });
    let out = "mutation($input: DeactivateUserInput!) { deactivateUser(input: $input) { userErrors { code } } }";
    gather(&admin.answer(out, myself).await, seen);
    let mine = json!({ "input": { "grantId": me["grants"][0]["id"] } });
    let revoke = "mutation($input: RevokeGrantInput!) { revokeGrant(input: $input) { userErrors { code } } }";
    gather(&admin.answer(revoke, mine).await, seen);

    let sign_in = "mutation($input: SignInInput!, $wrong: SignInInput!) { a: signIn(input: $wrong) { userErrors { code } } \
        b: signIn(input: $input) { userErrors { code } } }";
    let mut both = credentials("opd");
    both["wrong"] = json!({ "username": "opd", "password": format!("not {PASSWORD}") });
    gather(&server.send(None, sign_in, both).await, seen);
    let refresh = "mutation { refreshSession(input: { refreshToken: \"x\" }) { userErrors { code } } }";
    gather(&server.send(None, refresh, json!({})).await, seen);
}

/// Invalid, forbidden or oversized operations. Returns the codes.
async fn by_operations(server: &Server, seen: &mut Codes) {
    let wide = format!("{{ {} }}", "__typename ".repeat(101));
    for operation in ["{ nothing }", "{ viewer { user { id } } }", "{ assets(first: 1000) { totalCount } }", &wide] {
        gather(&server.send(None, operation, json!({})).await, seen);
    }
    let tu = server.person("tu").await;
    gather(&tu.answer("{ assets(after: \"x\") { totalCount } }", json!({})).await, seen);
    let large = format!("# {}\n{{ __typename }}", "x".repeat(2_000_000));
    gather(&server.send(None, &large, json!({})).await, seen);
}

/// Errors on a socket. Returns the codes, those of its close included.
async fn by_sockets(server: &mut Server, seen: &mut Codes) {
    server.restart_with(&["--socket-init-seconds", "1"]);
    let token = server.person("tu").await.token().to_owned();
    let mut closed = async |mut socket: Socket, messages: &[Value]| {
        for message in messages {
            socket.send(message.clone()).await;
        }
        let code = socket.closed().await;
        seen.insert((CLOSES, code.to_string()));
    };
    let events = "subscription($after: String) { requestEvents(after: $after) { id } }";
    let init = |token: &str| json!({ "type": "connection_init", "payload": { "token": token } });
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": { "query": events } });
    let open = async || Socket::open(server, Some("graphql-transport-ws"), &[]).await;
    closed(Socket::open(server, None, &[]).await, &[]).await;
    closed(open().await, &[]).await;
    closed(open().await, &[json!({ "type": "start" })]).await;
    closed(open().await, std::slice::from_ref(&subscribe)).await;
    closed(open().await, &[init("x")]).await;
    closed(Socket::of(server, &token).await, &[init(&token)]).await;
    closed(Socket::of(server, &token).await, &[subscribe.clone(), subscribe]).await;

    let mut socket = Socket::of(server, &token).await;
    socket.subscribe("cursor", events, json!({ "after": "x" })).await;
    let refused = socket.receive().await;
    gather(&json!({ "errors": refused["payload"] }), seen);
    for id in 0..101 {
        socket.subscribe(&id.to_string(), events, json!({})).await;
    }
    let refused = socket.receive().await;
    gather(&json!({ "errors": refused["payload"] }), seen);
    assert!(server.stop().success());
    seen.insert((CLOSES, socket.closed().await.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_code_is_provoked() {
    let mut server = Server::with(&SINGKAWANG.and(&[ADMIN]));
    let mut seen = Codes::new();
    by_mutations(&server, &mut seen).await;
    by_operations(&server, &mut seen).await;
    by_sockets(&mut server, &mut seen).await;
    let elsewhere = shown_elsewhere();
    let known = known();
    let never: Vec<_> = known.iter().filter(|code| !seen.contains(*code) && !elsewhere.contains(*code)).collect();
    assert!(never.is_empty(), "provoke these here, or name the test that does in ELSEWHERE: {never:?}");
    let twice: Vec<_> = seen.intersection(&elsewhere).collect();
    assert!(twice.is_empty(), "these are provoked here, and need not stand in ELSEWHERE: {twice:?}");
    let unknown: Vec<_> = seen.union(&elsewhere).filter(|code| !known.contains(*code)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
