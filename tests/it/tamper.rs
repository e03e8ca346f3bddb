//! Tamper evidence: `disposisi audit verify` names every change to the database by somebody without the keys.
//!
//! People and the stored versions of SOPs are no part of the record; the events hold them as of each act. A restored older database
//! as a whole is out of its reach too.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, DatabaseConnection, IdenStatic, Iterable, Statement, TryGetable};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::acts::{self, Cloud, Placement, Subdomain, cloud_way, dispose, play};
use crate::cast::{CLOUD, Cast, KABID, KADIS, OPD, SUBKOR, SYSTEM, TU};
use crate::database::{self, Engine, NEW_ID};
use crate::harness::{Folders, People, Server, output};
use crate::prepared;

const CAST: Cast<'static> = &[
    OPD,
    TU,
    KADIS,
    KABID,
    SUBKOR,
    SYSTEM,
    CLOUD,
    ("disdik", "denpasar", "opd", Some("disdik")),
    ("egov", "denpasar", "kabid-egovernment", None),
    ("kasi", "denpasar", "kasi-psk", None),
];

/// A letter with every optional field.
fn letter(submission: impl Into<Value>) -> Value {
    let mut input = submission.into();
    input["letter"]["srikandiReference"] = json!("SR-1");
    input
}

async fn subdomain(server: &Server, number: &str) -> String {
    server.person("opd").await.submit(letter(Subdomain::letter(number))).await.number
}

async fn to_step_5(people: &People<'_>, number: &str) {
    let sheet = json!({ "documents": [{
        "kind": "lembar-disposisi", "title": "Lembar disposisi", "number": "1", "date": "2026-01-06",
    }] });
    people["tu"].execute(number, "2", "forward", sheet).await.expect("forwarded");
    people["kadis"].execute(number, "3", "dispose", dispose()).await.expect("disposed");
    let kabid = &people["kabid"];
    let disposition = kabid.see(number).await["dispositions"][0]["id"].take();
    kabid.act("readDisposition", "", json!({ "dispositionId": disposition })).await;
    kabid.execute(number, "4", "dispose", dispose()).await.expect("disposed");
}

/// A subdomain, to the signed draft after a refused one.
async fn play_subdomain(people: &People<'_>) -> String {
    let number = people["opd"].submit(letter(Subdomain::letter("005/1"))).await.number;
    to_step_5(people, &number).await;
    let draft = json!({ "documents": [{ "kind": "draft-surat-balasan", "title": "Balasan" }] });
    let acts = [
        ("subkor", "5", "yes", json!({})),
        ("system", "6", "provision", acts::subdomain("dinkes.singkawangkota.go.id")),
        ("subkor", "7", "draft", draft.clone()),
    ];
    play(people, &number, &acts).await;
    let refuse = json!({ "decision": "REFUSE", "note": "Nomor salah" });
    assert_eq!(people["kadis"].sign(&number, "draft-surat-balasan", refuse).await, "");
    let revise = ("tu", "8", "revise", json!({ "note": "Nomor salah" }));
    play(people, &number, &[revise, ("subkor", "7", "draft", draft)]).await;
    assert_eq!(people["kadis"].sign(&number, "draft-surat-balasan", json!({ "decision": "SIGN" })).await, "");
    number
}

/// A cloud account, sent back once, delivered, its credential read and reissued.
async fn play_cloud(people: &People<'_>) -> String {
    let opd = &people["opd"];
    let number = opd.submit(letter(Cloud::letter("005/2"))).await.number;
    to_step_5(people, &number).await;
    let back = [
        ("subkor", "5", "no", json!({ "note": "NIP kurang" })),
        ("kabid", "4", "return", json!({ "note": "Lengkapi data" })),
    ];
    play(people, &number, &back).await;
    let completed = Cloud::letter("005/2a").completing(&opd.see(&number).await);
    opd.act("resubmitRequest", "", letter(completed)).await;
    to_step_5(people, &number).await;
    play(people, &number, &cloud_way("dinkes")[3..]).await;
    let asset = opd.see(&number).await["assets"][0]["id"].take();
    opd.act("revealCredential", "", json!({ "assetId": asset, "idempotencyKey": "one" })).await;
    people["cloud"].act("reissueCredential", "", json!({ "assetId": asset, "secret": "rahasia-dua" })).await;
    number
}

async fn begin_data_center(people: &People<'_>) -> String {
    let number = people["disdik"].submit(letter(Placement::letter("005/3"))).await.number;
    let more = json!({
        "documents": [{ "kind": "catatan-hasil-koordinasi", "title": "Catatan", "number": "1" }],
        "disposition": { "instruction": "Analisa" },
    });
    people["egov"].execute(&number, "2", "coordinate", more).await.expect("coordinated");
    number
}

async fn reserve(people: &People<'_>, number: &str) {
    let placement = json!({
        "documents": [{ "kind": "bentuk-sistem", "title": "Bentuk", "number": "2" }],
        "asset": { "attributes": {
            "placementKind": "SERVER", "name": "rapor", "rack": "A1", "unitFrom": 5, "unitTo": 6,
        } },
    });
    people["kasi"].execute(number, "3", "placeable", placement).await.expect("reserved");
}

/// An untouched database, and its state some time before.
pub(crate) struct Copies {
    /// The folder of both, for all tests.
    shared: PathBuf,
    folder: tempfile::TempDir,
    pub(crate) clean: DatabaseConnection,
}

/// Four requests, with the state of the database in the middle.
struct World {
    copies: Copies,
    requests: Requests,
}

/// The numbers of the requests.
#[derive(Clone)]
struct Requests {
    /// The oldest: a subdomain.
    first: String,
    /// A cloud account with a credential.
    cloud: String,
    /// A placement with units, continued after the old copy.
    placed: String,
    /// The youngest: it began after the old copy was taken.
    last: String,
}

/// The world of all tests of this file: played once, never changed.
static PLAYED: OnceCell<(PathBuf, Requests)> = OnceCell::const_new();

impl Deref for World {
    type Target = Copies;

    fn deref(&self) -> &Copies {
        &self.copies
    }
}

/// A change of a database, and the texts that must name it.
pub(crate) struct Case {
    what: String,
    sql: String,
    named: Vec<String>,
}

pub(crate) fn case(what: &str, sql: &str, named: &[&str]) -> Case {
    Case { what: what.to_owned(), sql: sql.to_owned(), named: named.iter().map(|&part| part.to_owned()).collect() }
}

/// The output of `audit verify`, after its success.
fn verify(data: &Path) -> (bool, String) {
    let output = output(data, &Folders::shipped(), &["audit", "verify"], "");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

pub(crate) async fn value<T: TryGetable>(database: &DatabaseConnection, sql: &str) -> T {
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let row = database.query_one_raw(statement).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let row = row.unwrap_or_else(|| panic!("nothing found: {sql}"));
    row.try_get_by_index(0).unwrap_or_else(|error| panic!("{sql}: {error:?}"))
}

/// A request's id, as SQL.
fn id(number: &str) -> String {
    format!("(SELECT id FROM requests WHERE number = '{number}')")
}

impl Copies {
    /// Keeps a copy of a server's database as it is now, in a folder for [`Copies::of`].
    pub(crate) async fn before(server: &Server) -> PathBuf {
        let shared = prepared::folder();
        database::keep_old(&server.path(), &shared.join("old.db")).await;
        shared
    }

    /// Stops the server and keeps its data. `shared`: the folder of [`Copies::before`].
    pub(crate) async fn of(mut server: Server, shared: PathBuf) -> Self {
        assert!(server.stop().success());
        database::copy(&server.path(), &shared.join("source"));
        let copies = Self::open(shared).await;
        let (content, said) = verify(&copies.path("clean"));
        assert!(content, "{said}");
        copies
    }

    /// Copies of kept data.
    async fn open(shared: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clean = folder.path().join("clean");
        database::copy(&shared.join("source"), &clean);
        let clean = database::open_with_old(&clean, &shared.join("old.db")).await;
        Self { shared, folder, clean }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A copy with a change.
    async fn tampered(&self, sql: &str) -> PathBuf {
        let data = self.path("tampered");
        database::copy(&self.shared.join("source"), &data);
        let database = database::open_with_old(&data, &self.shared.join("old.db")).await;
        database.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        database.close().await.expect("closed");
        data
    }

    /// Tries every case, and reports all that were missed or named wrongly.
    pub(crate) async fn expect(&self, cases: Vec<Case>) {
        let mut wrong = Vec::new();
        assert!(!cases.is_empty());
        for Case { what, sql, named } in cases {
            let (content, said) = verify(&self.tampered(&sql).await);
            if content || !named.iter().all(|part| said.contains(part.as_str())) {
                wrong.push(format!("{what}: {said}  expected {named:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

impl World {
    async fn play() -> Self {
        let (shared, requests) = PLAYED.get_or_init(Self::play_once).await;
        Self { copies: Copies::open(shared.clone()).await, requests: requests.clone() }
    }

    async fn play_once() -> (PathBuf, Requests) {
        let server = Server::with(CAST);
        let people = server.everybody(CAST).await;
        let first = play_subdomain(&people).await;
        let cloud = play_cloud(&people).await;
        let placed = begin_data_center(&people).await;
        let shared = Copies::before(&server).await;
        reserve(&people, &placed).await;
        drop(people);
        let last = subdomain(&server, "005/4").await;
        Copies::of(server, shared.clone()).await;
        (shared, Requests { first, cloud, placed, last })
    }

    async fn last_sequence(&self, number: &str) -> i64 {
        value(&self.clean, &format!("SELECT last_sequence FROM requests WHERE number = '{number}'")).await
    }

    async fn position(&self, number: &str, sequence: i64) -> i64 {
        let event = event(number, sequence);
        value(&self.clean, &format!("SELECT position FROM log WHERE event_id = (SELECT id FROM events WHERE {event})"))
            .await
    }
}

/// An event, as its condition in SQL.
fn event(number: &str, sequence: i64) -> String {
    format!("request_id = {} AND sequence = {sequence}", id(number))
}

#[tokio::test(flavor = "multi_thread")]
async fn tampered_events_are_named() {
    let world = World::play().await;
    let Requests { first, cloud, placed, last } = &world.requests;
    let end = world.last_sequence(first).await;
    let at = |number: &str, sequence: i64| format!("request {number}, event {sequence}:");
    let (third, fourth, beyond) = (at(first, 3), at(first, 4), at(first, end + 1));
    let in_third = event(first, 3);
    let mut cases = vec![
        case(
            "a body edited",
            &format!("UPDATE events SET body = replace(body, '\"step\"', '\"Step\"') WHERE {in_third}"),
            &[&third, "edited"],
        ),
        case("a body that is none", &format!("UPDATE events SET body = 'x' WHERE {in_third}"), &[&third]),
        case(
            "another's MAC",
            &format!("UPDATE events SET mac = (SELECT mac FROM events WHERE {}) WHERE {in_third}", event(first, 5)),
            &[&third],
        ),
        case("one deleted from the middle", &format!("DELETE FROM events WHERE {in_third}"), &[&third, "missing"]),
        case("the last deleted", &format!("DELETE FROM events WHERE {}", event(first, end)), &[&at(first, end), "cut"]),
        case(
            "the last deleted and the row set back",
            &format!(
                "DELETE FROM events WHERE {}; UPDATE requests SET last_sequence = {}, \
                 last_mac = (SELECT mac FROM events WHERE {}) WHERE number = '{first}'",
                event(first, end),
                end - 1,
                event(first, end - 1)
            ),
            &[&at(first, end), "cut from the end, and its request's row edited to match"],
        ),
        case(
            "one copied to the end",
            &format!(
                "INSERT INTO events SELECT {NEW_ID}, request_id, {}, kind, at, version, audience, body, mac \
                 FROM events WHERE {in_third}; UPDATE requests SET last_sequence = {} WHERE number = '{first}'",
                end + 1,
                end + 1
            ),
            &[&beyond, "inserted"],
        ),
        case(
            "one copied into the middle, and the others renumbered",
            &format!(
                "UPDATE events SET sequence = -sequence - 1 WHERE request_id = {id} AND sequence > 3; \
                 UPDATE events SET sequence = -sequence WHERE sequence < 0; \
                 INSERT INTO events SELECT {NEW_ID}, request_id, 4, kind, at, version, audience, body, mac \
                 FROM events WHERE {in_third}; UPDATE requests SET last_sequence = {} WHERE number = '{first}'",
                end + 1,
                id = id(first)
            ),
            &[&fourth],
        ),
        case(
            "two swapped",
            &format!(
                "UPDATE events SET sequence = -4 WHERE {in_third}; UPDATE events SET sequence = 3 WHERE {}; \
                 UPDATE events SET sequence = 4 WHERE sequence = -4",
                event(first, 4)
            ),
            &[&third],
        ),
        case(
            "one moved to another request",
            &format!(
                "UPDATE events SET request_id = {}, sequence = {} WHERE {in_third}",
                id(cloud),
                world.last_sequence(cloud).await + 1
            ),
            &[&third],
        ),
        case(
            "another's moved here",
            &format!(
                "UPDATE events SET request_id = {}, sequence = {} WHERE {}",
                id(first),
                end + 1,
                event(cloud, world.last_sequence(cloud).await)
            ),
            &[&beyond],
        ),
        case(
            "two whole chains exchanged",
            &format!(
                "CREATE TABLE kept AS SELECT id, last_sequence, last_mac FROM requests; \
                 CREATE TABLE moved AS SELECT id, request_id FROM events; \
                 DROP INDEX events_sequence; \
                 UPDATE events SET request_id = {b} WHERE id IN (SELECT id FROM moved WHERE request_id = {a}); \
                 UPDATE events SET request_id = {a} WHERE id IN (SELECT id FROM moved WHERE request_id = {b}); \
                 CREATE UNIQUE INDEX events_sequence ON events (request_id, sequence); \
                 UPDATE requests SET (last_sequence, last_mac) = (SELECT last_sequence, last_mac FROM kept \
                 WHERE kept.id = {b}) WHERE id = {a}; \
                 UPDATE requests SET (last_sequence, last_mac) = (SELECT last_sequence, last_mac FROM kept \
                 WHERE kept.id = {a}) WHERE id = {b}",
                a = id(first),
                b = id(last)
            ),
            &[&at(first, 1), "columns differ"],
        ),
        case(
            "an event of no request",
            &format!("DELETE FROM requests WHERE number = '{placed}'"),
            &["event 1 of request id", "its request's row is missing"],
        ),
    ];
    for (column, to) in [
        ("kind", "'WITHDRAWN'"),
        ("at", "'2020-01-01 00:00:00+00:00'"),
        ("version", "version + 1"),
        ("audience", "1 - audience"),
        ("id", &NEW_ID.to_string()),
    ] {
        let sql = format!("UPDATE events SET {column} = {to} WHERE {in_third}");
        cases.push(case(&format!("the column {column}"), &sql, &[&third]));
    }
    world.expect(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tampered_log_rows_are_named() {
    let world = World::play().await;
    let Requests { first, placed, last, .. } = &world.requests;
    let end: i64 = value(&world.clean, "SELECT max(position) FROM log").await;
    let at = |position: i64| format!("log position {position}:");
    let ends = |position: i64| {
        format!(
            "UPDATE log_end SET position = {position}, last = (SELECT mac FROM log WHERE position = {position}) \
             WHERE id = 1"
        )
    };
    // A whole request with all its rows.
    let removed = |number: &str| {
        let id = id(number);
        format!(
            "DELETE FROM log WHERE event_id IN (SELECT id FROM events WHERE request_id = {id}); \
             DELETE FROM events WHERE request_id = {id}; \
             DELETE FROM disposition_reads WHERE disposition_id IN (SELECT id FROM dispositions WHERE request_id = {id}); \
             DELETE FROM signatures WHERE document_id IN (SELECT id FROM documents WHERE request_id = {id}); \
             DELETE FROM held_units WHERE asset_id IN (SELECT id FROM assets WHERE request_id = {id}); \
             DELETE FROM credentials WHERE asset_id IN (SELECT id FROM assets WHERE request_id = {id}); \
             DELETE FROM submissions WHERE request_id = {id}; DELETE FROM visits WHERE request_id = {id}; \
             DELETE FROM dispositions WHERE request_id = {id}; DELETE FROM documents WHERE request_id = {id}; \
             DELETE FROM assets WHERE request_id = {id}; DELETE FROM requests WHERE id = {id};"
        )
    };
    let renumber = "CREATE TABLE n AS SELECT event_id, row_number() OVER (ORDER BY position) AS place FROM log; \
        UPDATE log SET position = -(SELECT place FROM n WHERE n.event_id = log.event_id); \
        UPDATE log SET position = -position;";
    let first_cut: i64 = {
        let old = format!("SELECT last_sequence FROM old.requests WHERE number = '{placed}'");
        let sequence: i64 = value(&world.clean, &old).await;
        assert!(sequence < world.last_sequence(placed).await);
        world.position(placed, sequence + 1).await
    };
    let back = rolled_back(placed);
    let one_of_first = world.position(first, 3).await;
    let cases = vec![
        case("a row deleted", "DELETE FROM log WHERE position = 9", &[&at(9), "missing"]),
        case("a row's event", &format!("UPDATE log SET event_id = {NEW_ID} WHERE position = 9"), &[&at(9)]),
        case(
            "a row's MAC",
            "UPDATE log SET mac = (SELECT mac FROM log WHERE position = 8) WHERE position = 9",
            &[&at(9)],
        ),
        case(
            "two swapped",
            "UPDATE log SET position = -1 WHERE position = 9; UPDATE log SET position = 9 WHERE position = 10; \
             UPDATE log SET position = 10 WHERE position = -1",
            &[&at(9)],
        ),
        case(
            "renumbered over a hole",
            &format!("DELETE FROM log WHERE position = {one_of_first}; {renumber} {};", ends(end - 1)),
            &[&at(one_of_first), "renumbered"],
        ),
        case("the last row cut", &format!("DELETE FROM log WHERE position = {end}"), &[&at(end), "cut"]),
        case(
            "the last row cut, its event waiting again, and the end edited to match",
            &format!(
                "INSERT INTO pending SELECT event_id FROM log WHERE position = {end}; \
                 DELETE FROM log WHERE position = {end}; {}",
                ends(end - 1)
            ),
            &[&at(end - 1), "says where the log ends was edited"],
        ),
        case("the end's row deleted", "DELETE FROM log_end", &[&at(end), "is missing"]),
        case(
            "a row more",
            &format!("INSERT INTO log SELECT {}, {NEW_ID}, mac FROM log WHERE position = {end}", end + 1),
            &[&at(end + 1)],
        ),
        case("a request removed from the middle", &removed(placed), &["log position", "missing"]),
        case(
            "a request removed from the middle, and the log renumbered",
            &format!("{} {renumber}", removed(placed)),
            &["log position", "renumbered"],
        ),
        case("a request removed from the end", &removed(last), &[&at(world.position(last, 1).await), "missing"]),
        case(
            "a request removed from the end, and the log's end edited to match",
            &format!("{} {}", removed(last), ends(world.position(last, 1).await - 1)),
            &["says where the log ends was edited"],
        ),
        case(
            "a place that an event waits for and never gets",
            &format!(
                "DELETE FROM log WHERE position > (SELECT position FROM old.log_end); DELETE FROM log_end; \
                 INSERT INTO log_end SELECT * FROM old.log_end; \
                 INSERT INTO pending SELECT id FROM events WHERE id NOT IN (SELECT event_id FROM log) \
                 AND NOT ({})",
                event(last, 2)
            ),
            &[&format!("request {last}, event 2:"), "no place"],
        ),
        case(
            "an event that waits although it has its place",
            "INSERT INTO pending SELECT event_id FROM log WHERE position = 9",
            &["pending event"],
        ),
        case("a request put back to an older state", &back, &[&at(first_cut), "its event is missing"]),
        case(
            "a request put back to an older state, its rows of the log cut out",
            &format!("{back} DELETE FROM log WHERE event_id NOT IN (SELECT id FROM events);"),
            &[&at(first_cut), "missing"],
        ),
        case(
            "a request put back to an older state, and the log with it, all others waiting for their places again",
            &format!("{back} {LOG_BACK}"),
            &[&format!("request {last}, event 1:"), "numbered anew"],
        ),
        case("a request's old row without its old events", &row_back(placed), &[placed, "put back to an older one"]),
    ];
    world.expect(cases).await;

    // Numbered again by the program itself, it fits no better.
    let data = world.tampered(&format!("{back} {LOG_BACK}")).await;
    number_anew(&data).await;
    let database = database::open(&data).await;
    assert_eq!(value::<i64>(&database, "SELECT count(*) FROM pending").await, 0, "all have places");
    database.close().await.expect("closed");
    let (content, said) = verify(&data);
    assert!(!content && said.contains("numbered anew") && said.contains(last.as_str()), "{said}");
}

/// Has the program number the pending events, as it does when it starts.
async fn number_anew(data: &Path) {
    use std::io::{BufRead, BufReader};
    let mut command = crate::harness::command(data, &Folders::shipped());
    command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("standard output")).read_line(&mut line).expect("it says where");
    child.kill().expect("it ends");
    child.wait().expect("it ended");
}

/// The old log put back, with all events beyond it pending again.
const LOG_BACK: &str = "DELETE FROM log WHERE position > (SELECT position FROM old.log_end); DELETE FROM log_end; \
    INSERT INTO log_end SELECT * FROM old.log_end; \
    INSERT INTO pending SELECT id FROM events WHERE id NOT IN (SELECT event_id FROM log);";

/// A request's old row put back.
fn row_back(number: &str) -> String {
    // One more column is the database's to fill.
    let columns = entity::request::Column::iter().map(|column| column.as_str()).collect::<Vec<_>>().join(", ");
    format!(
        "DELETE FROM requests WHERE number = '{number}'; \
         INSERT INTO requests ({columns}) SELECT {columns} FROM old.requests WHERE number = '{number}';"
    )
}

/// A request put back to its state in the old copy, with all its rows, and its newer events cut.
fn rolled_back(number: &str) -> String {
    let id = id(number);
    let mut sql = row_back(number);
    for table in ["events", "submissions", "visits", "dispositions", "documents", "assets"] {
        sql += &format!(
            "DELETE FROM {table} WHERE request_id = {id}; \
             INSERT INTO {table} SELECT * FROM old.{table} WHERE request_id = {id};"
        );
    }
    sql + "DELETE FROM held_units WHERE asset_id NOT IN (SELECT id FROM assets);"
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_of_a_request_is_covered() {
    let world = World::play().await;
    let number = &world.requests.cloud;
    let mut cases = Vec::new();
    for (column, to) in database::other_values(&world.clean, "requests").await {
        // Named by their mismatch.
        if ["id", "last_sequence", "last_mac", "row_mac"].contains(&column.as_str()) {
            continue;
        }
        let named = if column == "number" { format!("{number}x") } else { number.clone() };
        let sql = format!("UPDATE requests SET {column} = {to} WHERE number = '{number}'");
        cases.push(case(&column, &sql, &[&format!("request {named}:"), "its row was edited"]));
    }
    let other = &world.requests.first;
    for column in ["last_mac", "row_mac"] {
        let sql = format!(
            "UPDATE requests SET {column} = (SELECT {column} FROM requests WHERE number = '{other}') \
             WHERE number = '{number}'"
        );
        cases.push(case(column, &sql, &[&format!("request {number}:"), "its row was edited"]));
    }
    let end = world.last_sequence(number).await;
    for (to, event) in [(end + 1, end + 1), (end - 1, end)] {
        let sql = format!("UPDATE requests SET last_sequence = {to} WHERE number = '{number}'");
        cases.push(case("last_sequence", &sql, &[&format!("request {number}, event {event}:")]));
    }
    let sql = format!("UPDATE requests SET id = {NEW_ID} WHERE number = '{number}'");
    cases.push(case("id", &sql, &["request"]));
    world.expect(cases).await;
}

/// A table of a request's rows: the query of its request.
const HANGING: [(&str, &str); 9] = [
    ("submissions", "SELECT request_id FROM submissions"),
    ("visits", "SELECT request_id FROM visits"),
    ("dispositions", "SELECT request_id FROM dispositions"),
    ("disposition_reads", "SELECT d.request_id FROM disposition_reads JOIN dispositions d ON d.id = disposition_id"),
    ("documents", "SELECT request_id FROM documents"),
    ("signatures", "SELECT d.request_id FROM signatures JOIN documents d ON d.id = document_id"),
    ("assets", "SELECT request_id FROM assets"),
    ("held_units", "SELECT a.request_id FROM held_units JOIN assets a ON a.id = asset_id"),
    ("credentials", "SELECT a.request_id FROM credentials JOIN assets a ON a.id = asset_id"),
];

impl World {
    /// The last event about a row of a table: `request …, event …`.
    async fn told_by(&self, table: &str, request: &str, row: i64) -> (String, String) {
        let this = format!("{} = {row}", database::row(table));
        let request: Uuid = value(&self.clean, &format!("{request} WHERE {this}")).await;
        let id: (&str, &str) = match table {
            "submissions" => ("submissions", ""),
            "disposition_reads" => ("disposition_reads", "disposition_id"),
            "held_units" | "credentials" => ("assets", "asset_id"),
            table => (table, "id"),
        };
        let name = match id {
            (table, "") => {
                let sequence: i32 = value(&self.clean, &format!("SELECT sequence FROM submissions WHERE {this}")).await;
                format!("{table}/{request}/{sequence}")
            }
            (named, column) => {
                let id: Uuid = value(&self.clean, &format!("SELECT {column} FROM {table} WHERE {this}")).await;
                format!("{named}/{id}")
            }
        };
        let told = format!(
            "SELECT number || ', event ' || sequence || ':' FROM events JOIN requests r ON r.id = request_id \
             WHERE body LIKE '%\"{name}%' ORDER BY sequence DESC LIMIT 1"
        );
        (format!("request {}", value::<String>(&self.clean, &told).await), name)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lists_rely_on_is_compared_with_the_requests() {
    let world = World::play().await;
    let mut cases = vec![
        case("no counts", "DELETE FROM request_counts", &["table request_counts"]),
        case("one more", "UPDATE request_counts SET count = count + 1", &["table request_counts"]),
        case("another step", "UPDATE request_counts SET step = 'x' WHERE step = ''", &["table request_counts"]),
    ];
    cases.push(match database::engine() {
        Engine::Sqlite => case("a text", "UPDATE request_texts SET search = 'x'", &["table request_texts"]),
        Engine::Postgres => case(
            "other visited steps",
            "ALTER TABLE requests ALTER COLUMN visited DROP EXPRESSION; UPDATE requests SET visited = '{\"9\": 1}'",
            &["table requests"],
        ),
    });
    world.expect(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_of_a_requests_other_rows_is_covered() {
    let world = World::play().await;
    let mut cases = Vec::new();
    for (table, request) in HANGING {
        // The newest of its kind, and the oldest.
        for order in ["max", "min"] {
            let row: i64 = value(&world.clean, &format!("SELECT {order}({}) FROM {table}", database::row(table))).await;
            let (event, name) = world.told_by(table, request, row).await;
            for (column, to) in database::other_values(&world.clean, table).await {
                let sql = format!("UPDATE {table} SET {column} = {to} WHERE {} = {row}", database::row(table));
                // A row under another's id, or another name, is missing under its own.
                cases.push(case(&format!("{table}.{column}"), &sql, &[&event, &name]));
            }
            let sql = format!("DELETE FROM {table} WHERE {} = {row}", database::row(table));
            cases.push(case(&format!("{table}, one deleted"), &sql, &[&event, &name]));
        }
        assert!(cases.iter().any(|case| case.what.starts_with(table)), "{table} was played");
    }
    world.expect(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_without_an_event_are_named() {
    let world = World::play().await;
    let number = &world.requests.first;
    let mut cases = Vec::new();
    for table in ["visits", "dispositions", "documents", "submissions"] {
        let changed: Vec<String> = database::other_values(&world.clean, table)
            .await
            .into_iter()
            .map(|(name, _)| match name.as_str() {
                "id" => NEW_ID.to_string(),
                "visit" | "position" | "sequence" => format!("{name} + 100"),
                "current" => "false".to_owned(),
                _ => name,
            })
            .collect();
        let sql = format!(
            "INSERT INTO {table} SELECT {} FROM {table} WHERE request_id = {} LIMIT 1",
            changed.join(", "),
            id(number)
        );
        cases.push(case(&format!("{table}, one inserted"), &sql, &[number, table, "inserted"]));
    }
    let sql = "INSERT INTO held_units SELECT office, kind, place, unit + 10, asset_id FROM held_units LIMIT 1";
    cases.push(case("a unit more", sql, &[&world.requests.placed, "assets/", "edited"]));
    let sql = format!("INSERT INTO held_units SELECT office, kind, place, unit + 10, {NEW_ID} FROM held_units LIMIT 1");
    cases.push(case("a unit held for nothing", &sql, &["held_units", "hangs on nothing"]));
    world.expect(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_on_tampered_rows_are_refused() {
    let mut server = Server::with(CAST);
    let database = database::open(&server.path()).await;
    let people = server.everybody(CAST).await;
    let number = begin_data_center(&people).await;
    let refused = async |number: &str, sql: &str, back: &str| {
        database.execute_unprepared(sql).await.expect("edited");
        let seen = people["kasi"].see(number).await;
        let input = json!({
            "requestId": seen["id"], "step": "3", "outcome": "not-placeable", "expectedVersion": seen["version"],
            "note": "Penuh", "documents": [{ "kind": "bentuk-sistem", "title": "Bentuk", "number": "2" }],
        });
        assert_eq!(people["kasi"].refused("executeStep", input).await, "INTERNAL", "{sql}");
        database.execute_unprepared(back).await.expect("put back");
    };
    refused(
        &number,
        "UPDATE requests SET letter_number = letter_number || 'x'",
        "UPDATE requests SET letter_number = substr(letter_number, 1, length(letter_number) - 1)",
    )
    .await;
    refused(
        &number,
        "CREATE TABLE kept AS SELECT id, arrived_at FROM visits; UPDATE visits SET arrived_at = '2020-01-01 00:00:00+00:00'",
        "UPDATE visits SET arrived_at = (SELECT arrived_at FROM kept WHERE kept.id = visits.id)",
    )
    .await;
    refused(
        &number,
        "CREATE TABLE ended AS SELECT * FROM log_end; UPDATE log_end SET position = position - 1",
        "UPDATE log_end SET position = (SELECT position FROM ended)",
    )
    .await;
    reserve(&people, &number).await;
    database.execute_unprepared("UPDATE assets SET name = name || 'x'").await.expect("edited");
    let seen = people["disdik"].see(&number).await;
    let input = json!({ "requestId": seen["id"], "reason": "Batal", "expectedVersion": seen["version"] });
    assert_eq!(people["disdik"].refused("withdrawRequest", input).await, "INTERNAL", "its asset was edited");
    let back = "UPDATE assets SET name = substr(name, 1, length(name) - 1)";
    database.execute_unprepared(back).await.expect("put back");

    // An event cut from the log's end stays missing: the log goes on after it.
    let end: i64 = value(&database, "SELECT max(position) FROM log").await;
    database.execute_unprepared(&format!("DELETE FROM log WHERE position = {end}")).await.expect("cut");
    people["opd"].submit(Subdomain::letter("005/9")).await;
    drop(people);
    let next: i64 = value(&database, "SELECT max(position) FROM log").await;
    assert!(next > end);
    database.close().await.expect("closed");
    assert!(server.stop().success());
    let (content, said) = verify(&server.path());
    assert!(!content && said.contains(&format!("log position {end}: missing")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn verification_succeeds_while_the_log_grows() {
    let server = Server::with(CAST);
    let data = server.path();
    let proofs = tokio::task::spawn_blocking(move || (0..20).map(|_| verify(&data)).collect::<Vec<_>>());
    let opd = server.person("opd").await;
    for letter in 0..20 {
        opd.submit(Subdomain::letter(format!("006/{letter}"))).await;
    }
    for (content, said) in proofs.await.expect("they end") {
        assert!(content, "{said}");
    }
}
