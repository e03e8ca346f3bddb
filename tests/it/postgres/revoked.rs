//! What is taken back at one instance is taken back at all of them, from whoever follows there too.

use std::time::Duration;

use async_graphql::futures_util::future::join_all;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};

use super::acts::{SUBMIT, submission};
use super::instance::Instance;
use crate::acts::{error_code, sheet};
use crate::cast::{ADMIN, AUDITOR, Cast, KADIS, OPD, TU};
use crate::database;
use crate::harness::{Folders, Server, command};
use crate::socket::Socket;

const CAST: Cast<'static> = &[OPD, TU, AUDITOR, KADIS, ADMIN];

const EVENTS: &str =
    "subscription { requestEvents(filter: { kinds: [SUBMITTED] }) { kind request { letter { number } } } }";

async fn done(instance: &Instance, token: &str, mutation: &str, input: Value) -> Value {
    let kind = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!("mutation($input: {kind}Input!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}");
    let answer = instance.send(token, &query, json!({ "input": input })).await;
    assert_eq!(answer["data"][mutation]["userErrors"], json!([]), "{answer}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn revocations_take_effect_on_all_instances() {
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
        socket.settle().await;
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
    assert_eq!(error_code(&there.send(tu, count, json!({})).await), "UNAUTHENTICATED");
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
    of_key.settle().await;
    assert!(there.send(key, count, json!({})).await["data"]["requests"]["totalCount"].is_number());
    done(&here, kadis, "revokeApiKey", json!({ "apiKeyId": made["apiKey"]["id"] })).await;
    assert_eq!(error_code(&there.send(key, count, json!({})).await), "UNAUTHENTICATED");
    assert_eq!(of_key.closed().await, 4403);

    // A session.
    done(&here, kadis, "signOut", json!({ "everywhere": true })).await;
    assert_eq!(error_code(&there.send(kadis, count, json!({})).await), "UNAUTHENTICATED");
    assert_eq!(of_kadis.closed().await, 4403);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn revoked_grants_do_nothing_in_concurrent_acts() {
    let server = Server::with(&[
        OPD,
        TU,
        ADMIN,
        ("second", "singkawang", "office-admin", None),
        ("third", "singkawang", "office-admin", None),
        ("puppet", "singkawang", "auditor", None),
    ]);
    let admin = server.person("admin").await;
    let people = "{ office(key: \"singkawang\") { people { user { id username } grants { id } } } }";
    let all = admin.ask(people, json!({})).await["office"]["people"].clone();
    let of = |name: &str| {
        let mut all = all.as_array().expect("people").iter();
        all.find(|person| person["user"]["username"] == name).expect("a person").clone()
    };

    // An act that waits: whoever takes back what it is done by waits for it.
    let opd = server.person("opd").await;
    let answer = opd.ask(SUBMIT, submission("1")).await;
    let number = answer["submitRequest"]["request"]["number"].as_str().expect("a number").to_owned();
    let connection = database::open(&server.path()).await;
    let held = connection.begin().await.expect("begun");
    held.execute_unprepared("SELECT id FROM requests FOR UPDATE").await.expect("held");
    let tu = server.person("tu").await;
    let revoke = "mutation($input: RevokeGrantInput!) { revokeGrant(input: $input) { userErrors { code } } }";
    let taken = json!({ "input": { "grantId": of("tu")["grants"][0]["id"] } });
    let acts = async {
        let done = tu.execute(&number, "2", "forward", sheet()).await;
        (done, disposisi::clock::Clock::now(&disposisi::clock::SystemClock))
    };
    let takes = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let revoked = admin.ask(revoke, taken).await;
        (revoked, disposisi::clock::Clock::now(&disposisi::clock::SystemClock))
    };
    let lets = async {
        tokio::time::sleep(Duration::from_millis(1800)).await;
        held.rollback().await.expect("let go");
    };
    let ((done, when_done), (revoked, when_revoked), ()) = tokio::join!(acts, takes, lets);
    assert!(done.is_ok() && when_done <= when_revoked + chrono::TimeDelta::milliseconds(200), "{done:?}");
    assert_eq!(revoked["revokeGrant"]["userErrors"], json!([]));

    // Many acts at once by somebody who is put out of service: none of them is told of after that.
    let third = server.person("third").await;
    let grant = "mutation($input: GrantRoleInput!) { grantRole(input: $input) { userErrors { code } } }";
    let puppet = of("puppet")["user"]["id"].clone();
    let floods = (0..12).map(async |_| {
        for _ in 0..6 {
            let input = json!({ "input": { "office": "singkawang", "userId": puppet, "role": "tu" } });
            third.answer(grant, input).await;
        }
    });
    let out = "mutation($input: DeactivateUserInput!) { deactivateUser(input: $input) { userErrors { code } } }";
    let ends = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        admin.ask(out, json!({ "input": { "office": "singkawang", "userId": of("third")["user"]["id"] } })).await
    };
    let (_, ended) = tokio::join!(join_all(floods), ends);
    assert_eq!(ended["deactivateUser"]["userErrors"], json!([]), "{ended}");
    let events = "{ office(key: \"singkawang\") { events(last: 100) { nodes { kind actor { user { name } } } } } }";
    let told = admin.ask(events, json!({})).await["office"]["events"]["nodes"].clone();
    let told = told.as_array().expect("events");
    let at = told.iter().position(|event| event["kind"] == "USER_DEACTIVATED").expect("it is told");
    assert!(told[at..].iter().all(|event| event["actor"]["user"]["name"] != "third"), "{told:#?}");
    assert!(told[..at].iter().any(|event| event["actor"]["user"]["name"] == "third"), "some were done before");

    // Of two who take the role from each other at once, one stays.
    let second = server.person("second").await;
    let (one, other) = (
        json!({ "input": { "grantId": of("admin")["grants"][0]["id"] } }),
        json!({ "input": { "grantId": of("second")["grants"][0]["id"] } }),
    );
    let (one, other) = tokio::join!(second.answer(revoke, one), admin.answer(revoke, other));
    let is_done = |answer: &Value| answer["data"]["revokeGrant"]["userErrors"] == json!([]);
    assert!(is_done(&one) != is_done(&other), "{one} {other}");
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}
