//! Revocation at one instance takes effect at all of them, for their followers too.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_graphql::futures_util::future::join_all;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};

use super::acts::{SUBMIT, submission};
use super::instance::Instance;
use crate::acts::{error_code, mutation, sheet};
use crate::cast::{ADMIN, AUDITOR, Cast, KADIS, OPD, TU};
use crate::database;
use crate::harness::{Folders, Server, command, eventually, now};
use crate::socket::Socket;
use crate::tamper::value;

const CAST: Cast<'static> = &[OPD, TU, AUDITOR, KADIS, ADMIN];

const EVENTS: &str =
    "subscription { requestEvents(filter: { kinds: [SUBMITTED] }) { kind request { letter { number } } } }";

async fn done(instance: &Instance, token: &str, mutation: &str, input: Value) {
    let query = self::mutation(mutation, "");
    let answer = instance.send(token, &query, json!({ "input": input })).await;
    assert_eq!(answer["data"][mutation]["userErrors"], json!([]), "{answer}");
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
    assert_eq!(of_auditor.receive_within(Duration::from_millis(500)).await, None);

    // A person.
    done(&here, &admin, "deactivateUser", json!({ "office": "singkawang", "userId": of("tu")["user"]["id"] })).await;
    assert_eq!(error_code(&there.send(tu, count, json!({})).await), "UNAUTHENTICATED");
    assert_eq!(of_tu.closed().await, 4403);

    // A key.
    let new = "mutation { createApiKey(input: { name: \"a\", scopes: [READ], expiresAt: \"2099-01-01T00:00:00Z\" }) { key \
        apiKey { id } userErrors { code path } } }";
    let new = new.replace("2099-01-01T00:00:00Z", &(now() + chrono::TimeDelta::days(300)).to_rfc3339());
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
    let mut people = std::collections::BTreeMap::new();
    for name in ["admin", "second", "third", "tu", "puppet"] {
        people.insert(name, admin.person_of("singkawang", name).await);
    }
    let grant = |name: &str| json!({ "grantId": people[name]["grants"][0]["id"] });

    // An act in progress blocks the revocation of its grant.
    let opd = server.person("opd").await;
    let answer = opd.ask(SUBMIT, submission("1")).await;
    let number = answer["submitRequest"]["request"]["number"].as_str().expect("a number").to_owned();
    let connection = database::open(&server.path()).await;
    let held = connection.begin().await.expect("begun");
    held.execute_unprepared("SELECT id FROM requests FOR UPDATE").await.expect("held");
    let look = database::open(&server.path()).await;
    let until_blocked = async |count: i64| {
        let blocked =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        eventually(|| format!("{count} wait for a lock"), async || value::<i64>(&look, blocked).await == count).await;
    };
    let tu = server.person("tu").await;
    let acts = tu.execute(&number, "2", "forward", sheet());
    let revokes = async {
        until_blocked(1).await;
        admin.act("revokeGrant", "", grant("tu")).await;
    };
    let releases = async {
        until_blocked(2).await;
        held.rollback().await.expect("released");
    };
    let (done, (), ()) = tokio::join!(acts, revokes, releases);
    assert!(done.is_ok(), "{done:?}");

    // A person is deactivated amid their many concurrent acts: none of them is recorded after that.
    let third = server.person("third").await;
    let puppet = people["puppet"]["user"]["id"].clone();
    let answered = AtomicUsize::new(0);
    let floods = (0..12).map(async |_| {
        for _ in 0..6 {
            let input = json!({ "input": { "office": "singkawang", "userId": puppet, "role": "tu" } });
            third.answer(&mutation("grantRole", ""), input).await;
            answered.fetch_add(1, Ordering::Relaxed);
        }
    });
    let ends = async {
        eventually(|| "no act is answered".to_owned(), async || answered.load(Ordering::Relaxed) > 0).await;
        let user = people["third"]["user"]["id"].clone();
        admin.act("deactivateUser", "", json!({ "office": "singkawang", "userId": user })).await
    };
    tokio::join!(join_all(floods), ends);
    let events = "{ office(key: \"singkawang\") { events(last: 100) { nodes { kind actor { user { name } } } } } }";
    let told = admin.ask(events, json!({})).await["office"]["events"]["nodes"].clone();
    let told = told.as_array().expect("events");
    let at = told.iter().position(|event| event["kind"] == "USER_DEACTIVATED").expect("it is told");
    assert!(told[at..].iter().all(|event| event["actor"]["user"]["name"] != "third"), "{told:#?}");
    assert!(told[..at].iter().any(|event| event["actor"]["user"]["name"] == "third"), "some were done before");

    // Two administrators revoke each other at once: one stays.
    let second = server.person("second").await;
    let revoke = mutation("revokeGrant", "");
    let (one, other) = tokio::join!(
        second.answer(&revoke, json!({ "input": grant("admin") })),
        admin.answer(&revoke, json!({ "input": grant("second") }))
    );
    let is_done = |answer: &Value| answer["data"]["revokeGrant"]["userErrors"] == json!([]);
    assert!(is_done(&one) != is_done(&other), "{one} {other}");
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}
