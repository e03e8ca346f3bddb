//! Race conditions: of two concurrent acts one wins and the other gets the right code, a hundred times each.

use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::acts::{Cloud, Placement, account, cloud_way, play, sheet};
use crate::cast::{CLOUD, Cast, KABID, KADEK, KADIS, MADE, OPD, SINGKAWANG, SUBKOR, TU, WAYAN};
use crate::database::{self, Engine};
use crate::harness::{Person, Server, with};

const ROUNDS: usize = 40;

/// How many submit at once: more than a server has connections to its database.
const CROWD: usize = 20;

const CAST: Cast<'static> = &[
    OPD,
    TU,
    ("tu2", "singkawang", "tu", None),
    KADIS,
    KABID,
    SUBKOR,
    CLOUD,
    ("cloud2", "singkawang", "admin-cloud", None),
    MADE,
    WAYAN,
    KADEK,
    ("kadek2", "denpasar", "kasi-psk", None),
];

fn placement(letter: &str) -> Value {
    with(
        Placement::letter(letter).into(),
        json!({ "details": {
        "kind": "SERVER", "rackUnits": 1, "powerWatts": 100, "operatingSystem": "Debian", "ports": [443],
        "publicAddress": false, "applications": ["Rapor"], "maintenanceContact": "Contoh",
    } }),
    )
}

/// Submits a request. Returns its number, or the codes of the user errors; anything else is a fault.
async fn submit(person: &Person<'_>, input: impl Into<Value>) -> Result<String, Vec<String>> {
    let payload = person.try_submit(input).await;
    let codes = payload["userErrors"].as_array().expect("a list").iter();
    let codes: Vec<String> = codes.map(|error| error["code"].as_str().expect("a code").to_owned()).collect();
    if codes.is_empty() { Ok(payload["request"]["number"].as_str().expect("a number").to_owned()) } else { Err(codes) }
}

/// One of two won, and the other was refused with this code.
fn one_won<T: std::fmt::Debug>(first: &Result<T, Vec<String>>, second: &Result<T, Vec<String>>, codes: &[&str]) {
    let lost = match (first, second) {
        (Ok(_), Err(lost)) | (Err(lost), Ok(_)) => lost,
        both => panic!("one wins, one loses: {both:?}"),
    };
    assert!(lost.len() == 1 && codes.contains(&lost[0].as_str()), "{lost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_acts_have_one_winner() {
    let server = Server::with(CAST);
    let people = server.everybody(CAST).await;
    let to_step_6 = async |number: &str| play(&people, number, &cloud_way("")[..4]).await;
    let notes = json!({
        "documents": [{ "kind": "catatan-hasil-koordinasi", "title": "Catatan" }], "disposition": { "instruction": "Analisa" },
    });
    // The request that loses a name or a place tries the next one in the next round.
    let mut waiting = submit(&people["opd"], Cloud::letter("first")).await.expect("submitted");
    to_step_6(&waiting).await;
    let mut unplaced = submit(&people["made"], placement("first")).await.expect("submitted");
    people["wayan"].execute(&unplaced, "2", "coordinate", notes.clone()).await.expect("coordinated");
    for round in 0..ROUNDS {
        let letter = format!("005/{round}");
        let (first, second) = tokio::join!(
            submit(&people["opd"], Cloud::letter(&letter)),
            submit(&people["opd"], Cloud::letter(&letter))
        );
        one_won(&first, &second, &["DUPLICATE_LETTER"]);
        let number = first.or(second).expect("one");

        let act = |who: &'static str| people[who].execute(&number, "2", "forward", sheet());
        let (first, second) = tokio::join!(act("tu"), act("tu2"));
        one_won(&first, &second, &["STALE_VERSION", "STEP_NOT_CURRENT"]);

        let other = submit(&people["opd"], Cloud::letter(format!("006/{round}"))).await.expect("submitted");
        to_step_6(&other).await;
        let account = account(&format!("akun{round}"), 1);
        let (first, second) = tokio::join!(
            people["cloud"].execute(&waiting, "6", "provision", account.clone()),
            people["cloud2"].execute(&other, "6", "provision", account.clone())
        );
        one_won(&first, &second, &["NAME_TAKEN"]);
        waiting = if first.is_ok() { other } else { waiting };

        let other = submit(&people["made"], placement(&letter)).await.expect("submitted");
        people["wayan"].execute(&other, "2", "coordinate", notes.clone()).await.expect("coordinated");
        let (rack, unit) = (["A1", "A2", "B1"][round / 42], round % 42 + 1);
        let place = json!({
            "documents": [{ "kind": "bentuk-sistem", "title": "Analisa" }],
            "asset": { "attributes": { "placementKind": "SERVER", "name": format!("srv{round}"),
                "rack": rack, "unitFrom": unit, "unitTo": unit } },
        });
        let (first, second) = tokio::join!(
            people["kadek"].execute(&unplaced, "3", "placeable", place.clone()),
            people["kadek2"].execute(&other, "3", "placeable", place.clone())
        );
        one_won(&first, &second, &["PLACEMENT_OVERLAP"]);
        unplaced = if first.is_ok() { other } else { unplaced };
    }
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_retries_act_once_and_numbers_have_no_gap() {
    let server = Server::with(&[OPD]);
    let opd = server.person("opd").await;
    let mut numbers = BTreeSet::new();
    for round in 0..ROUNDS {
        let ten = (0..10).map(|_| submit(&opd, Cloud::letter(format!("key {round}")).key(format!("key {round}"))));
        let answers: BTreeSet<String> = async_graphql::futures_util::future::join_all(ten)
            .await
            .into_iter()
            .map(|answer| answer.expect("done"))
            .collect();
        assert_eq!(answers.len(), 1, "one key, one request");
        numbers.extend(answers);
        let many = (0..CROWD).map(|index| submit(&opd, Cloud::letter(format!("{round}/{index}"))));
        let made = async_graphql::futures_util::future::join_all(many).await;
        numbers.extend(made.into_iter().map(|answer| answer.expect("submitted")));
    }
    let last = |number: &String| number.rsplit('/').next().and_then(|last| last.parse().ok()).expect("a number");
    let mut last: Vec<usize> = numbers.iter().map(last).collect();
    last.sort_unstable();
    assert_eq!(last, (1..=ROUNDS * (CROWD + 1)).collect::<Vec<_>>(), "no gap and no double");
}

/// A database that drops the changes of a table without an error, as a rule or a trigger of its administrator could.
async fn drop_changes(server: &Server, table: &str) {
    let database = database::open(&server.path()).await;
    let statements = match database::engine() {
        Engine::Sqlite => {
            vec![format!("CREATE TRIGGER dropped BEFORE UPDATE ON {table} BEGIN SELECT RAISE(IGNORE); END")]
        }
        Engine::Postgres => vec![
            "CREATE FUNCTION dropped() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$".to_owned(),
            format!("CREATE TRIGGER dropped BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION dropped()"),
        ],
    };
    for statement in statements {
        database.execute_unprepared(&statement).await.expect("created");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_with_a_lost_write_leaves_no_trace() {
    for table in ["visits", "requests"] {
        let server = Server::with(SINGKAWANG);
        let people = server.everybody(SINGKAWANG).await;
        let request = people["opd"].submit(Cloud::default()).await;
        drop_changes(&server, table).await;
        let before = database::rows(&server.path()).await;
        let forward = json!({ "requestId": request.id, "step": "2", "outcome": "forward", "expectedVersion": 1 });
        let code = people["tu"].refused("executeStep", with(forward, sheet())).await;
        assert_eq!(code, "INTERNAL", "{table}: nobody else has acted, so reading again is of no use");
        assert!(server.log().contains("the database dropped a write"), "{table}: {}", server.log());
        assert_eq!(database::rows(&server.path()).await, before, "{table}");
    }
}
