//! Tamper evidence of an office's own record: its agencies, its grants, and their events.

use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::cast::{ADMIN, Cast, OPD, PUTU, TU};
use crate::database::{self, NEW_ID};
use crate::harness::{Folders, Server, output};
use crate::tamper::{Case, Copies, case, value};

const CAST: Cast<'static> = &[OPD, TU, ADMIN, PUTU];

/// A forged row in an office without events is named, before a restart and after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_does_not_sign_forged_rows() {
    let mut server = Server::with(&[TU]);
    let forge = format!(
        "INSERT INTO grants SELECT {NEW_ID}, user_id, 'denpasar', 'office-admin', NULL, capacity, decree_number, on_behalf_of, \
         valid_from, valid_until FROM grants LIMIT 1"
    );
    let database = database::open(&server.path()).await;
    database.execute_unprepared(&forge).await.expect("written");
    database.close().await.expect("closed");
    for _ in 0..2 {
        let said = output(&server.path(), &Folders::shipped(), &["audit", "verify"], "");
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(said.contains("office denpasar") && said.contains("inserted"), "{said}");
        assert!(server.stop().success());
        server.start();
    }
}

/// An office with people, agencies and grants that come and go, some of it after the old copy.
async fn play() -> Copies {
    let server = Server::with(CAST);
    let admin = server.person("admin").await;
    let office = json!("singkawang");
    let dinsos = json!({ "office": office, "key": "dinsos", "name": "Dinas Sosial" });
    let dinsos = admin.act("createAgency", "agency { id }", dinsos).await["agency"]["id"].take();
    let new = json!({ "office": office, "username": "siti", "name": "Siti Contoh", "password": "demonstration only" });
    admin.act("createUser", "", new).await;
    let (siti, tu) = (admin.person_of("singkawang", "siti").await, admin.person_of("singkawang", "tu").await);
    let folder = Copies::before(&server).await;
    let grant = json!({ "office": office, "userId": siti["user"]["id"], "role": "kepala-dinas",
        "capacity": "DAILY_ACTING", "decreeNumber": "800/1", "validUntil": "2999-01-01T00:00:00Z", "onBehalfOf": tu["user"]["id"] });
    admin.act("grantRole", "", grant).await;
    admin.act("revokeGrant", "", json!({ "grantId": tu["grants"][0]["id"] })).await;
    admin.act("deactivateAgency", "", json!({ "agencyId": dinsos })).await;
    Copies::of(server, folder).await
}

const CHAIN: &str = "(SELECT id FROM office_chains WHERE office = 'singkawang')";

#[tokio::test(flavor = "multi_thread")]
async fn every_column_of_agencies_and_grants_is_covered() {
    let copies = play().await;
    let mut cases: Vec<Case> = Vec::new();
    for table in ["agencies", "grants"] {
        for order in ["max", "min"] {
            let row: i64 =
                value(&copies.clean, &format!("SELECT {order}({}) FROM {table}", database::row(table))).await;
            let this = format!("{} = {row}", database::row(table));
            let office: String = value(&copies.clean, &format!("SELECT office FROM {table} WHERE {this}")).await;
            for (column, to) in database::other_values(&copies.clean, table).await {
                let sql = format!("UPDATE {table} SET {column} = {to} WHERE {this}");
                let named = format!("office {office}, event");
                cases.push(case(&format!("{table}.{column}"), &sql, &[&named, table]));
            }
            let sql = format!("DELETE FROM {table} WHERE {this}");
            cases.push(case(&format!("{table}, one deleted"), &sql, &[&format!("office {office}"), "missing"]));
        }
        let columns: Vec<String> = database::other_values(&copies.clean, table)
            .await
            .into_iter()
            .map(|(name, _)| match name.as_str() {
                "id" => NEW_ID.to_string(),
                "key" => "key || 'x'".to_owned(),
                _ => name,
            })
            .collect();
        let sql = format!(
            "INSERT INTO {table} SELECT {} FROM {table} WHERE office = 'singkawang' LIMIT 1",
            columns.join(", ")
        );
        cases.push(case(&format!("{table}, one inserted"), &sql, &["office singkawang", "inserted"]));
    }
    copies.expect(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tampered_office_events_are_named() {
    let copies = play().await;
    let end: i64 = value(&copies.clean, "SELECT last_sequence FROM office_chains WHERE office = 'singkawang'").await;
    let event = |sequence: i64| format!("request_id = {CHAIN} AND sequence = {sequence}");
    let at = |sequence: i64| format!("office singkawang, event {sequence}");
    let (last, third, before) = (event(end), event(3), event(end - 1));
    let whole = format!(
        "DELETE FROM log WHERE event_id IN (SELECT id FROM events WHERE request_id = {CHAIN}); \
         DELETE FROM events WHERE request_id = {CHAIN}; DELETE FROM office_chains WHERE office = 'singkawang'; \
         DELETE FROM grants WHERE office = 'singkawang'; DELETE FROM agencies WHERE office = 'singkawang'"
    );
    let rolled_back = format!(
        "DELETE FROM events WHERE request_id = {CHAIN} AND id NOT IN (SELECT id FROM old.events); \
         DELETE FROM office_chains; INSERT INTO office_chains SELECT * FROM old.office_chains; \
         DELETE FROM grants; INSERT INTO grants SELECT * FROM old.grants; \
         DELETE FROM agencies; INSERT INTO agencies SELECT * FROM old.agencies;"
    );
    let cases = vec![
        case("a body", &format!("UPDATE events SET body = replace(body, 'siti', 'x') || ' ' WHERE {third}"), &[&at(3)]),
        case("a kind", &format!("UPDATE events SET kind = 'USER_ADDED' WHERE {last}"), &[&at(end)]),
        case("a moment", &format!("UPDATE events SET at = '2020-01-01 00:00:00+00:00' WHERE {third}"), &[&at(3)]),
        case("one deleted", &format!("DELETE FROM events WHERE {third}"), &[&at(3), "missing"]),
        case("the last deleted", &format!("DELETE FROM events WHERE {last}"), &[&at(end)]),
        case(
            "the last deleted, and the record set back",
            &format!(
                "DELETE FROM events WHERE {last}; UPDATE office_chains SET last_sequence = {}, \
                 last_mac = (SELECT mac FROM events WHERE {before}) WHERE office = 'singkawang'",
                end - 1
            ),
            &[&at(end)],
        ),
        case("the record of where it ends", "UPDATE office_chains SET last_sequence = 1", &["office", "event"]),
        case("that record deleted", "DELETE FROM office_chains WHERE office = 'singkawang'", &["event 1", "missing"]),
        case("everything of the office removed", &whole, &["log position"]),
        case("the office put back to an older state", &rolled_back, &["log position", "missing"]),
        case("a policy edited", "UPDATE policies SET by_whom = 'x'", &["policy 1", "edited"]),
        case("a policy put before it", "UPDATE policies SET number = 2", &["policy 1", "missing"]),
        case(
            "a grant where there is no record",
            &format!(
                "INSERT INTO grants SELECT {NEW_ID}, user_id, 'elsewhere', role, agency_id, capacity, decree_number, \
                 on_behalf_of, valid_from, valid_until FROM grants LIMIT 1"
            ),
            &["office elsewhere", "no record"],
        ),
    ];
    copies.expect(cases).await;
}
