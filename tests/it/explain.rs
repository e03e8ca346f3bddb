//! Explanations of permissions: they match the decisions, and only an office's administrator and the operator see them.

use serde_json::{Map, Value, json};

use crate::acts::{Cloud, SECRET, account, cloud_way, dispose, mutation, play};
use crate::cast::{ADMIN, AUDITOR, CHIEF, CLOUD, COLLEAGUE, Cast, KABID, KADEK, KADIS, OPD, OTHER, PUTU, SUBKOR, TU};
use crate::harness::{Folders, People, Person, Server, bare, output, run_at};
use crate::matrix::hold;

pub(crate) const CAST: Cast<'static> = &[
    OPD,
    COLLEAGUE,
    CHIEF,
    OTHER,
    TU,
    KADIS,
    KABID,
    SUBKOR,
    CLOUD,
    ("both", "singkawang", "admin-cloud", None),
    AUDITOR,
    ADMIN,
    PUTU,
    KADEK,
];

/// The provisioner may not verify, and an acting Kabid may not dispose; and a condition met by every submission.
const CONDITIONS: [(&str, &str); 3] = [
    ("permohonan-cloud-service/1, execute", "permohonan-cloud-service/1, execute, other-than:8"),
    ("permohonan-cloud-service/7, execute", "permohonan-cloud-service/7, execute, other-than:6"),
    ("permohonan-cloud-service/4, execute", "permohonan-cloud-service/4, execute, definitive"),
];

const READ: &str = "query($number: String!) { request(number: $number) { id version contact { nip phone email } \
    assets { id ... on CloudAccount { serviceAddress } } availableActions { kind step { key } } } }";

fn folders(home: &std::path::Path) -> Folders {
    let folders = Folders::copied(home);
    let file = folders.policies.join("singkawang.csv");
    let mut text = std::fs::read_to_string(&file).expect("the file");
    for (plain, with_condition) in CONDITIONS {
        assert!(text.contains(plain));
        text = text.replace(plain, with_condition);
    }
    std::fs::write(file, text).expect("written");
    folders
}

/// The server with people of every kind: acting, with an ended or future grant, deactivated.
pub(crate) fn server(home: &std::path::Path) -> Server {
    let server = Server::of(CAST, folders(home));
    let grant = |name: &str, role: &str, more: &[&str]| {
        server.run(&[&["grant", name, "--office", "singkawang", "--role", role], more].concat());
    };
    grant("both", "subkor-ile", &[]);
    grant("tu", "kabid-aptika", &["--capacity", "ACTING", "--decree", "1"]);
    let past =
        ["grant", "auditor", "--office", "singkawang", "--role", "kepala-dinas", "--until", "2021-01-01T00:00:00Z"];
    run_at("2020-01-01T00:00:00Z", &server.path(), server.folders(), &past);
    grant("other", "subkor-ile", &["--from", "2999-01-01T00:00:00Z"]);
    server
}

fn papers(letter: &str, confidentiality: &str) -> Cloud {
    Cloud::letter(letter).confidentiality(confidentiality).nip("198001012005011001")
}

/// Submits a request. Returns its number.
pub(crate) async fn submit(opd: &Person<'_>, letter: &str, confidentiality: &str) -> String {
    opd.submit(papers(letter, confidentiality)).await.number
}

/// Completes a returned request.
pub(crate) async fn resubmit(opd: &Person<'_>, number: &str, letter: &str) {
    let completed = papers(letter, "ORDINARY").completing(&opd.see(number).await);
    opd.act("resubmitRequest", "", completed).await;
}

const WHOLE: [&str; 10] = [
    "SEE",
    "WITHDRAW",
    "REVEAL",
    "REISSUE",
    "REVOKE",
    "READ_NIP",
    "READ_PHONE",
    "READ_EMAIL",
    "READ_NOTE",
    "READ_ADDRESS",
];
const AT_STEP: [&str; 2] = ["EXECUTE", "SIGN"];

/// Every explanation of a person's rights, each under a name of its own.
fn questions(name: &str, number: &str) -> String {
    let ask = |alias: &str, action: &str, step: &str| {
        format!(
            "{alias}: explainPolicy(username: \"{name}\", request: \"{number}\", action: {action}{step}) \
             {{ allowed obstacles }} "
        )
    };
    let whole = WHOLE.iter().map(|action| ask(action, action, ""));
    let at_step = AT_STEP.iter().flat_map(|action| {
        (1..=8).map(move |step| ask(&format!("{action}_{step}"), action, &format!(", step: \"{step}\"")))
    });
    format!("{{ {} }}", whole.chain(at_step).collect::<String>())
}

/// A person's possible actions on a request, as they see them.
async fn possible(person: &Person<'_>, number: &str) -> Map<String, Value> {
    let request = person.ask(READ, json!({ "number": number })).await["request"].clone();
    let actions = request["availableActions"].as_array().cloned().unwrap_or_default();
    let does = |kinds: &[&str], step: Option<String>| {
        actions.iter().any(|action| {
            let here = step.as_ref().is_none_or(|step| action["step"]["key"] == *step);
            here && kinds.contains(&action["kind"].as_str().expect("a kind"))
        })
    };
    let mut found = Map::new();
    let mut note = |name: String, holds: bool| drop(found.insert(name, json!(holds)));
    note("SEE".to_owned(), !request.is_null());
    note("WITHDRAW".to_owned(), does(&["WITHDRAW"], None));
    note("REVEAL".to_owned(), does(&["REVEAL_CREDENTIAL"], None));
    note("REISSUE".to_owned(), does(&["REISSUE_CREDENTIAL"], None));
    note("REVOKE".to_owned(), does(&["REVOKE_ASSET"], None));
    for (name, field) in [("READ_NIP", "nip"), ("READ_PHONE", "phone"), ("READ_EMAIL", "email")] {
        note(name.to_owned(), !request["contact"][field].is_null());
    }
    note("READ_ADDRESS".to_owned(), !request["assets"][0]["serviceAddress"].is_null());
    for step in 1..=8 {
        note(format!("EXECUTE_{step}"), does(&["EXECUTE_STEP", "RESUBMIT"], Some(step.to_string())));
        note(format!("SIGN_{step}"), does(&["SIGN_DOCUMENT"], Some(step.to_string())));
    }
    found
}

/// Compares the explanations of everybody's rights with their possible actions.
async fn agree(people: &People<'_>, number: &str) {
    for (name, office, ..) in CAST {
        let explained = people["admin"].ask(&questions(name, number), json!({})).await;
        let possible = possible(&people[name], number).await;
        for (what, explanation) in explained.as_object().expect("answers") {
            if *office != "singkawang" {
                assert_eq!(*explanation, Value::Null, "{name} is none whom the office knows");
                continue;
            }
            let allowed = explanation["allowed"].as_bool().expect("an answer");
            let obstacles = explanation["obstacles"].as_array().expect("a list");
            assert_eq!(allowed, obstacles.is_empty(), "{name} {what} {explanation}");
            if let Some(possible) = possible.get(what) {
                assert_eq!(explanation["allowed"], *possible, "{name} {what} {explanation}");
            }
        }
    }
}

async fn refused(person: &Person<'_>, number: &str, step: &str, outcome: &str) -> Value {
    let found = person.ask(READ, json!({ "number": number })).await["request"].clone();
    let execute = mutation("executeStep", "");
    let input = json!({
        "requestId": found["id"], "expectedVersion": found["version"], "step": step, "outcome": outcome,
        "disposition": { "instruction": "Tindak lanjuti" },
    });
    person.answer(&execute, json!({ "input": input })).await["errors"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn explanations_match_decisions() {
    let home = tempfile::tempdir().expect("a folder");
    let server = server(home.path());
    let people = server.everybody(CAST).await;
    let (opd, both, tu) = (&people["opd"], &people["both"], &people["tu"]);
    let number = submit(opd, "1", "ORDINARY").await;
    agree(&people, &number).await;

    play(&people, &number, &cloud_way("dinkes")[..2]).await;
    // TU stands in for Kabid, and the policy leaves this to a definitive one.
    agree(&people, &number).await;
    let why = refused(tu, &number, "4", "dispose").await;
    assert_eq!(why["extensions"]["code"], "FORBIDDEN");
    assert!(why["message"].as_str().expect("words").contains("definitive"), "{why}");
    play(&people, &number, &[("kabid", "4", "dispose", dispose()), ("both", "5", "yes", json!({}))]).await;
    agree(&people, &number).await;
    both.execute(&number, "6", "provision", account("dinkes", 50)).await.expect("provisioned");
    // The provisioner may not verify, though their other role would.
    agree(&people, &number).await;
    let why = refused(both, &number, "7", "yes").await;
    assert!(why["message"].as_str().expect("words").contains("step 6"), "{why}");
    play(&people, &number, &cloud_way("dinkes")[5..]).await;
    agree(&people, &number).await;
    let asset = opd.see(&number).await["assets"][0]["id"].take();
    let input = json!({ "assetId": asset, "idempotencyKey": "buka-01" });
    assert_eq!(opd.act("revealCredential", "secret", input).await["secret"], SECRET);
    agree(&people, &number).await;
    let input = json!({ "assetId": asset, "reason": "Tidak dipakai lagi" });
    assert_eq!(people["cloud"].act("revokeAsset", "asset { status }", input).await["asset"]["status"], "REVOKED");
    agree(&people, &number).await;
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_grant_is_explained_with_its_policy_line() {
    let home = tempfile::tempdir().expect("a folder");
    let server = server(home.path());
    let number = submit(&server.person("opd").await, "1", "ORDINARY").await;
    let secret = submit(&server.person("opd").await, "2", "SECRET").await;
    let query = "query($name: String!, $number: String!, $action: ExplainedAction!, $step: String) { \
        explainPolicy(username: $name, request: $number, action: $action, step: $step) { allowed obstacles step \
        seenBy { text } grants { grant { role { key } } verdict condition line { file line text } } } }";
    let of = |name: &str, number: &str, action: &str, step: Option<&str>| json!({ "name": name, "number": number, "action": action, "step": step });
    let admin = server.person("admin").await;
    let verdicts = async |name: &str, action: &str, step: Option<&str>| {
        let answer = admin.ask(query, of(name, &number, action, step)).await["explainPolicy"].clone();
        let grants = answer["grants"].as_array().unwrap_or_else(|| panic!("{answer}")).clone();
        let told = |grant: &Value| {
            let word = |value: &Value| value.as_str().expect("a word").to_owned();
            (word(&grant["grant"]["role"]["key"]), word(&grant["verdict"]))
        };
        grants.iter().map(told).collect::<Vec<_>>()
    };
    let is = |role: &str, verdict: &str| (role.to_owned(), verdict.to_owned());
    assert_eq!(verdicts("tu", "EXECUTE", None).await, [is("tu", "ALLOWS"), is("kabid-aptika", "NO_LINE")]);
    let tu = verdicts("tu", "EXECUTE", Some("4")).await;
    assert_eq!(tu, [is("tu", "NO_LINE"), is("kabid-aptika", "CONDITION_UNMET")]);
    assert_eq!(verdicts("auditor", "SEE", None).await, [is("kepala-dinas", "ENDED"), is("auditor", "ALLOWS")]);
    assert_eq!(verdicts("kabid", "SEE", None).await, [is("kabid-aptika", "SHOWS_OTHERS")]);
    let other = verdicts("other", "READ_PHONE", None).await;
    assert_eq!(other, [is("opd", "OTHER_AGENCY"), is("subkor-ile", "NOT_YET")]);
    assert_eq!(verdicts("colleague", "RECEIVE", Some("8")).await, [is("opd", "ALLOWS")]);
    assert_eq!(verdicts("admin", "SEE", None).await, [is("office-admin", "NO_LINE")]);

    let text = std::fs::read_to_string(home.path().join("policies/singkawang.csv")).expect("the file");
    let answer = admin.ask(query, of("tu", &number, "EXECUTE", Some("4"))).await["explainPolicy"].clone();
    let line = &answer["grants"][1]["line"];
    let at = usize::try_from(line["line"].as_u64().expect("a number")).expect("small");
    assert_eq!(line["file"], "policies/singkawang.csv");
    let cells = |text: &str| text.split(',').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    assert_eq!(cells(text.lines().nth(at - 1).expect("a line")), cells(line["text"].as_str().expect("text")));
    assert_eq!(answer["grants"][1]["condition"], "definitive");
    assert_eq!(answer["seenBy"]["text"], "p, tu, singkawang, requests, see-reached");

    // Nobody else may ask; and an explanation opens no secret request.
    for name in ["tu", "kadis", "auditor", "opd", "putu", "kadek"] {
        let answer = server.person(name).await.ask(query, of("tu", &number, "SEE", None)).await;
        assert_eq!(answer["explainPolicy"], Value::Null, "{name}");
    }
    let answer = server.send(None, query, of("tu", &number, "SEE", None)).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    for number in [secret.as_str(), "nothing"] {
        assert_eq!(admin.ask(query, of("tu", number, "SEE", None)).await["explainPolicy"], Value::Null);
    }
    assert_eq!(admin.refusal(query, of("tu", &number, "EXECUTE", Some("9"))).await, "INVALID_INPUT");

    // The operator may, of any.
    let explain = |name: &str, number: &str, more: &[&str]| {
        let arguments = ["policy", "explain", "--user", name, "--request", number];
        let output = output(&server.path(), &Folders::at(home.path()), &[&arguments, more].concat(), "");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).expect("text"))
    };
    let (done, told) = explain("opd", &secret, &["--action", "see"]);
    assert!(done && told.contains(&format!("opd may see {secret}")) && told.contains("see-own"), "{told}");
    let (done, told) = explain("tu", &number, &["--action", "execute", "--step", "4"]);
    assert!(done && told.contains("may not execute at step 4 of"), "{told}");
    assert!(told.contains("stands at step 2") && told.contains("Plt. kabid-aptika"), "{told}");
    assert!(told.contains("`definitive` does not hold in policies/singkawang.csv:"), "{told}");
    for (name, number, action, wrong) in [
        ("nobody", number.as_str(), "see", "Nobody signs in by this name"),
        ("tu", "nothing", "see", "no request of this number"),
        ("tu", number.as_str(), "fly", "use one of: see, execute"),
    ] {
        let (done, told) = explain(name, number, &["--action", action]);
        assert!(!done && told.contains(wrong), "{told}");
    }
}

#[test]
fn the_matrix_is_printed_as_the_sop_has_it() {
    let home = tempfile::tempdir().expect("a folder");
    let data = home.path().join("data");
    let print = |folders: &Folders, office: &str, procedure: &str, more: &[&str]| {
        let arguments = ["policy", "matrix", "--office", office, "--procedure", procedure];
        let output = bare(&data, folders).args(arguments).args(more).output().expect("it runs");
        String::from_utf8([output.stdout, output.stderr].concat()).expect("text")
    };
    let shipped = Folders::shipped();
    let printed = [
        ("singkawang", "permohonan-cloud-service"),
        ("singkawang", "permohonan-subdomain"),
        ("denpasar", "layanan-data-center"),
    ]
    .map(|(office, procedure)| print(&shipped, office, procedure, &[]));
    hold("matrix.txt", &printed.join("\n"));

    let conditioned = folders(home.path());
    let told = print(&conditioned, "singkawang", "permohonan-cloud-service", &[]);
    assert!(told.contains("E[other-than:6]") && told.contains("E[definitive]"), "{told}");
    assert!(print(&shipped, "nowhere", "x", &[]).contains("use one of denpasar, singkawang"));
    assert!(print(&shipped, "denpasar", "x", &[]).contains("use one of layanan-data-center"));
    assert!(print(&shipped, "denpasar", "layanan-data-center", &["--active"]).contains("holds no database"));
}
