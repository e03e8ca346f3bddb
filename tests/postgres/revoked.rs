//! What is taken back at one instance is taken back at all of them, from whoever follows there too.

use std::time::Duration;

use serde_json::{Value, json};

use crate::acts::{SUBMIT, submission};
use crate::harness::{Cast, Folders, Server, command};
use crate::instance::Instance;
use crate::socket::Socket;

const CAST: Cast<'static> = &[
    ("opd", "singkawang", "opd", Some("dinkes")),
    ("tu", "singkawang", "tu", None),
    ("auditor", "singkawang", "auditor", None),
    ("kadis", "singkawang", "kepala-dinas", None),
    ("admin", "singkawang", "office-admin", None),
];

const EVENTS: &str =
    "subscription { requestEvents(filter: { kinds: [SUBMITTED] }) { kind request { letter { number } } } }";

async fn done(instance: &Instance, token: &str, mutation: &str, input: Value) -> Value {
    let kind = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!("mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}");
    let answer = instance.send(token, &query, json!({ "input": input })).await;
    assert_eq!(answer["data"][mutation]["userErrors"], json!([]), "{answer}");
    answer
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_at_one_instance_ends_at_the_others() {
    let server = Server::with(CAST);
    let start =
        |name: &str| Instance::start(command(&server.path(), &Folders::shipped()), &server.path().with_extension(name));
    let (here, there) = (start("here.log"), start("there.log"));
    let admin = here.sign_in("admin").await;
    let opd = here.sign_in("opd").await;
    let mut tokens = Vec::new();
    for name in ["tu", "auditor", "kadis"] {
        tokens.push(there.sign_in(name).await);
    }
    let [tu, auditor, kadis] = &tokens[..] else { panic!("three") };
    let people = "{ office(key: \"singkawang\") { people { user { id username } grants { id } } } }";
    let people = here.send(&admin, people, json!({})).await["data"]["office"]["people"].clone();
    let of = |name: &str| {
        let mut all = people.as_array().expect("people").iter();
        all.find(|person| person["user"]["username"] == name).expect("a person").clone()
    };
    let mut sockets = Vec::new();
    // Nothing waits for the Kepala Dinas: they are told nothing but their end.
    for (token, follows) in [(tu, EVENTS), (auditor, EVENTS), (kadis, "subscription { inboxChanges { waiting } }")] {
        let mut socket = Socket::at(there.base(), token).await;
        socket.subscribe("1", follows, json!({})).await;
        sockets.push(socket);
    }
    let [of_tu, of_auditor, of_kadis] = &mut sockets[..] else { panic!("three") };
    here.send(&opd, SUBMIT, submission("1")).await;
    assert_eq!(of_tu.told("1").await["requestEvents"]["request"]["letter"]["number"], "1");
    of_auditor.told("1").await;
    let count = "{ requests { totalCount } }";
    assert_eq!(there.send(auditor, count, json!({})).await["data"]["requests"]["totalCount"], 1);

    // A grant: nothing is seen by it any more, and nothing told, at once.
    done(&here, &admin, "revokeGrant", json!({ "grantId": of("auditor")["grants"][0]["id"] })).await;
    assert_eq!(there.send(auditor, count, json!({})).await["data"]["requests"]["totalCount"], 0);
    here.send(&opd, SUBMIT, submission("2")).await;
    assert_eq!(of_tu.told("1").await["requestEvents"]["request"]["letter"]["number"], "2");
    assert_eq!(of_auditor.receive_within(Duration::from_secs(2)).await, None);

    // A person.
    done(&here, &admin, "deactivateUser", json!({ "office": "singkawang", "userId": of("tu")["user"]["id"] })).await;
    assert_eq!(code(&there.send(tu, count, json!({})).await), "UNAUTHENTICATED");
    assert_eq!(of_tu.closed().await, 4403);

    // A key.
    let new = "mutation { createApiKey(input: { name: \"a\", scopes: [READ], expiresAt: \"2099-01-01T00:00:00Z\" }) { key \
        apiKey { id } userErrors { code path } } }";
    let year = disposisi::clock::Clock::now(&disposisi::clock::SystemClock) + chrono::TimeDelta::days(300);
    let new = new.replace("2099-01-01T00:00:00Z", &year.to_rfc3339());
    let made = here.send(kadis, &new, json!({})).await["data"]["createApiKey"].clone();
    let key = made["key"].as_str().unwrap_or_else(|| panic!("{made}"));
    let mut of_key = Socket::at(there.base(), key).await;
    of_key.subscribe("1", EVENTS, json!({})).await;
    assert!(there.send(key, count, json!({})).await["data"]["requests"]["totalCount"].is_number());
    done(&here, kadis, "revokeApiKey", json!({ "apiKeyId": made["apiKey"]["id"] })).await;
    assert_eq!(code(&there.send(key, count, json!({})).await), "UNAUTHENTICATED");
    assert_eq!(of_key.closed().await, 4403);

    // A session.
    done(&here, kadis, "signOut", json!({ "everywhere": true })).await;
    assert_eq!(code(&there.send(kadis, count, json!({})).await), "UNAUTHENTICATED");
    assert_eq!(of_kadis.closed().await, 4403);
}
