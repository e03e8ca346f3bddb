//! Concurrent transactions: they wait for each other, or are aborted and retried; nothing is lost, doubled or stalled.

use async_graphql::futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::{Value, json};

use super::acts::{CAST, SUBMIT, subdomain, submission};
use crate::acts::sheet;
use crate::database;
use crate::harness::{Person, Server, eventually};
use crate::tamper::value;

async fn sql(database: &DatabaseConnection, sql: &str) {
    database.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn count(database: &DatabaseConnection, sql: &str) -> i64 {
    value(database, sql).await
}

/// The submitted request.
async fn submitted(person: &Person<'_>, input: Value) -> Value {
    let answer = person.ask(SUBMIT, input).await;
    let request = answer["submitRequest"]["request"].clone();
    assert!(request["id"].is_string(), "{answer}");
    request
}

fn whole(server: &Server) {
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn late_commits_are_sequenced_late_and_block_nobody() {
    let server = Server::with(CAST);
    let opd = server.person("opd").await;
    let edit = database::open(&server.path()).await;
    // Its events have their ids and stand in its transaction long before it commits.
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        IF NEW.letter_number LIKE 'lambat%' THEN PERFORM pg_advisory_xact_lock(4711); END IF; RETURN NEW; END $$; \
        CREATE TRIGGER slow AFTER INSERT ON requests FOR EACH ROW EXECUTE FUNCTION slow()";
    sql(&edit, slow).await;
    sql(&edit, "SELECT pg_advisory_lock(4711)").await;
    let late = submitted(&opd, submission("lambat"));
    let others = async {
        let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted";
        eventually(|| "the late one waits".to_owned(), async || count(&edit, waits).await == 1).await;
        let letters = (0..20).map(|index| format!("cepat/{index}"));
        let all = join_all(letters.map(|letter| submitted(&opd, subdomain(&letter)))).await;
        // None of them waited for the late one.
        sql(&edit, "SELECT pg_advisory_unlock(4711)").await;
        all
    };
    let (late, all) = tokio::join!(late, others);
    for request in &all {
        assert_eq!(request["events"]["nodes"][0]["kind"], "SUBMITTED", "each was numbered meanwhile: {request}");
    }
    let place = |which: &str, of: &str| {
        format!(
            "SELECT {which}(position) FROM log l JOIN events e ON e.id = l.event_id JOIN requests r \
             ON r.id = e.request_id WHERE r.letter_number LIKE '{of}%'"
        )
    };
    let first_began = "SELECT count(*) FROM events e, events o WHERE e.at < o.at AND e.request_id = (SELECT id \
        FROM requests WHERE letter_number = 'lambat') AND e.request_id <> o.request_id";
    assert!(count(&edit, first_began).await > 0, "it began before the others");
    let (last_other, late_first) =
        (count(&edit, &place("max", "cepat")).await, count(&edit, &place("min", "lambat")).await);
    assert!(last_other < late_first, "and has its place after them: {late}");
    assert_eq!(count(&edit, "SELECT max(position) - count(*) FROM log").await, 0, "no place is left out");
    assert_eq!(count(&edit, "SELECT count(*) FROM events WHERE id NOT IN (SELECT event_id FROM log)").await, 0);
    assert_eq!(count(&edit, "SELECT count(*) FROM pending").await, 0, "nothing waits");
    whole(&server);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn aborted_transactions_are_retried_a_bounded_number_of_times() {
    let server = Server::with(CAST);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let edit = database::open(&server.path()).await;
    sql(&edit, "CREATE SEQUENCE tries; GRANT USAGE ON SEQUENCE tries TO disposisi").await;
    // A sequence counts on whatever becomes of the transaction. At the statement, and at the commit.
    let fails = async |times: u32, code: &str, when: &str| {
        let function = format!(
            "CREATE OR REPLACE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF nextval('tries') <= {times} THEN RAISE 'another was first' USING ERRCODE = '{code}'; END IF; \
             RETURN NEW; END $$"
        );
        sql(&edit, &function).await;
        sql(&edit, "DROP TRIGGER IF EXISTS fails ON requests; ALTER SEQUENCE tries RESTART").await;
        sql(&edit, &format!("CREATE {when} FOR EACH ROW EXECUTE FUNCTION fails()")).await;
    };
    const STATEMENT: &str = "TRIGGER fails BEFORE INSERT OR UPDATE ON requests";
    const COMMIT: &str = "CONSTRAINT TRIGGER fails AFTER INSERT OR UPDATE ON requests DEFERRABLE INITIALLY DEFERRED";
    let mut made = 0;
    for code in ["40001", "40P01"] {
        for when in [STATEMENT, COMMIT] {
            fails(3, code, when).await;
            let request = submitted(&opd, submission(&format!("005/{made}"))).await;
            assert_eq!(count(&edit, "SELECT last_value FROM tries").await, 4, "{code}: three times in vain");
            made += 1;
            fails(2, code, when).await;
            let number = request["number"].as_str().expect("a number");
            tu.execute(number, "2", "forward", sheet()).await.expect("forwarded");
            assert_eq!(count(&edit, "SELECT count(*) FROM requests").await, made, "each acts once");
        }
        fails(1_000, code, STATEMENT).await;
        assert_eq!(opd.refusal(SUBMIT, submission("006/1")).await, "UNAVAILABLE");
        assert_eq!(count(&edit, "SELECT last_value FROM tries").await, 4, "so often and no more");
    }
    sql(&edit, "DROP TRIGGER fails ON requests").await;
    let number = submitted(&opd, submission("006/1")).await["number"].clone();
    assert_eq!(number.as_str().and_then(|number| number.rsplit('/').next()), Some("0005"), "no number was lost");
    whole(&server);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn deadlocks_are_retried() {
    let server = Server::with_flags(CAST, &["--log", "disposisi=debug"]);
    let opd = server.person("opd").await;
    submitted(&opd, submission("005/1")).await;
    let edit = database::open(&server.path()).await;
    // Another session holds the counter, and asks for the key held by a submission that waits for the counter. Its deadlock
    // timeout is longer, so the submission is aborted.
    sql(&edit, "SET deadlock_timeout = '60s'").await;
    sql(&edit, "BEGIN; SELECT last FROM counters FOR UPDATE").await;
    let other = async {
        let meet = "DO $$ DECLARE held bigint; BEGIN LOOP \
            SELECT (a.classid::bigint << 32) | a.objid::bigint INTO held FROM pg_locks a JOIN pg_locks w ON w.pid = a.pid \
            WHERE a.locktype = 'advisory' AND a.granted AND NOT w.granted AND a.database = (SELECT oid FROM pg_database \
            WHERE datname = current_database()); EXIT WHEN held IS NOT NULL; PERFORM pg_sleep(0.01); END LOOP; \
            PERFORM pg_advisory_xact_lock(held); END $$";
        sql(&edit, meet).await;
        sql(&edit, "COMMIT").await;
    };
    let (request, ()) = tokio::join!(submitted(&opd, submission("005/2")), other);
    assert!(request["number"].as_str().is_some_and(|number| number.ends_with("/0002")), "{request}");
    let log = server.log();
    assert!(log.contains("aborted by the database, retrying") && log.contains("deadlock"), "{log}");
    whole(&server);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn idempotency_keys_act_once_and_numbers_have_no_gap() {
    let server = Server::with(CAST);
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let same = join_all((0..20).map(|_| submitted(&opd, submission("005/1")))).await;
    // A repeated call may be answered before the events have their positions.
    assert!(same.iter().all(|request| request["number"] == same[0]["number"]), "{same:?}");
    assert_eq!(same[0]["number"].as_str().and_then(|number| number.rsplit('/').next()), Some("0001"));
    let mut input = json!({ "input": {
        "requestId": same[0]["id"], "step": "2", "outcome": "forward", "expectedVersion": 1, "idempotencyKey": "x",
        "documents": [{ "kind": "lembar-disposisi", "title": "Lembar", "number": "1" }],
    } });
    let execute = "mutation($input: ExecuteStepInput!) { executeStep(input: $input) { request { version } \
        userErrors { code } } }";
    let same = join_all((0..20).map(|_| tu.ask(execute, input.clone()))).await;
    assert!(same.iter().all(|answer| answer["executeStep"]["request"]["version"] == 2), "{same:?}");
    input["input"]["idempotencyKey"] = json!("y");
    assert_eq!(tu.ask(execute, input).await["executeStep"]["userErrors"][0]["code"], "STALE_VERSION");

    let letters: Vec<String> = (0..16).map(|index| format!("006/{index}")).collect();
    let many = join_all(letters.iter().map(|letter| submitted(&opd, subdomain(letter)))).await;
    let mut numbers: Vec<u32> =
        many.iter().filter_map(|request| request["number"].as_str()?.rsplit('/').next()?.parse().ok()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
    whole(&server);
}
