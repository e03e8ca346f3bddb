//! A record of events is verified in as much memory as one of a tenth of that.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono::{DateTime, Utc};
use disposisi::access::{Action, Actor, Authorized, Capacity};
use disposisi::auth::Keys;
use disposisi::random::Random;
use disposisi::store::{NewRequest, RequestChange, Store, Transaction};
use entity::{event, log, log_end, request};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use uuid::Uuid;

use crate::harness::{Folders, command};

/// How many events a request has.
const EVENTS: i64 = 20;

/// How many requests are written in one transaction.
const REQUESTS: u128 = 50;

/// A record written in bulk, like the server's act by act.
struct Bulk {
    store: Store,
    position: i64,
    last: Vec<u8>,
    requests: u128,
    now: DateTime<Utc>,
}

impl Bulk {
    async fn open(data: &Path) -> Self {
        Keys::make(&data.join("keys"), &Random::system()).expect("keys");
        let keys = Arc::new(Keys::open(&data.join("keys")).expect("keys"));
        let mac = move |parts: &[&[u8]]| keys.mac(parts);
        let store =
            Store::open(&crate::database::place(data), Arc::new(mac), Random::system()).await.expect("a database");
        let now = DateTime::from_timestamp(1_767_571_200, 0).expect("a moment");
        Self { store, position: 0, last: Vec::new(), requests: 0, now }
    }

    /// Writes until there are so many events.
    async fn grow(&mut self, events: i64) {
        while self.position < events {
            let transaction = self.store.begin().await.expect("a transaction");
            self.write(&transaction).await;
            transaction.commit().await.expect("committed");
        }
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.store.reader().execute_unprepared(checkpoint).await.expect("a checkpoint");
    }

    async fn write(&mut self, transaction: &Transaction) {
        let (mut events, mut places) = (Vec::new(), Vec::new());
        for _ in 0..REQUESTS {
            self.requests += 1;
            let own = self.events(Uuid::from_u128(self.requests << 64));
            self.save(transaction, own.last().expect("an event")).await;
            for event in own {
                self.position += 1;
                let parts = [b"log", &self.last[..], &self.position.to_be_bytes(), event.id.as_bytes(), &event.mac];
                self.last = self.store.mac(&parts).to_vec();
                places.push(log::Model { position: self.position, event_id: event.id, mac: self.last.clone() });
                events.push(event.into_active_model());
            }
        }
        event::Entity::insert_many(events).exec_without_returning(transaction).await.expect("events");
        let places = places.into_iter().map(IntoActiveModel::into_active_model);
        log::Entity::insert_many(places).exec_without_returning(transaction).await.expect("places");
        let mac = self.store.mac(&[b"log end", &self.position.to_be_bytes(), &self.last]).to_vec();
        let end = log_end::Model { id: 1, position: self.position, last: self.last.clone(), mac };
        log_end::Entity::delete_many().exec(transaction).await.expect("no end");
        log_end::Entity::insert(end.into_active_model()).exec_without_returning(transaction).await.expect("an end");
    }

    /// A request's chain of events; the first has the log's end.
    fn events(&self, request: Uuid) -> Vec<event::Model> {
        let mut before = Vec::new();
        let event = |sequence: i64| {
            let id = Uuid::from_u128(request.as_u128() + u128::try_from(sequence).unwrap_or(0));
            let link = match (sequence, self.position) {
                (1, 1..) => format!(r#","log":[{},"{}"]"#, self.position, STANDARD_NO_PAD.encode(&self.last)),
                _ => String::new(),
            };
            let at = "2026-01-05T00:00:00Z";
            let body = format!(
                r#"{{"id":"{id}","request":"{request}","sequence":{sequence},"kind":"STEP_STARTED","at":"{at}","version":1,"audience":1,"actor":{{"user":"{request}","role":"tu","capacity":"DEFINITIVE","on_behalf_of":null}},"step":"2","outcome":null,"disposition":null,"document":null,"record":null,"asset":null{link}}}"#
            );
            let mac = self.store.mac(&[b"event", &before, body.as_bytes()]).to_vec();
            before.clone_from(&mac);
            let kind = "STEP_STARTED".to_owned();
            event::Model { id, request_id: request, sequence, kind, at: self.now, version: 1, audience: 1, body, mac }
        };
        (1..=EVENTS).map(event).collect()
    }

    /// The request's row, signed by the program itself.
    async fn save(&self, transaction: &Transaction, last: &event::Model) {
        let letter = self.requests.to_string();
        let row = request::Model {
            id: last.request_id,
            number: format!("SKW/CLOUD/2026/{letter}"),
            office: "singkawang".to_owned(),
            procedure: "permohonan-cloud-service".to_owned(),
            procedure_version: 1,
            agency_id: Uuid::from_u128(1),
            submitted_by: Uuid::from_u128(2),
            search: letter.clone(),
            letter_number: letter,
            letter_date: self.now.date_naive(),
            confidentiality: "OPEN".to_owned(),
            status: "IN_PROGRESS".to_owned(),
            reason: None,
            step: Some("2".to_owned()),
            executable: true,
            signable: false,
            waiting_since: Some(self.now),
            due_at: None,
            version: 1,
            submitted_at: self.now,
            updated_at: self.now,
            finished_at: None,
            state: "{}".to_owned(),
            last_sequence: last.sequence,
            last_mac: last.mac.clone(),
            row_mac: Vec::new(),
        };
        let (user, role) = (Uuid::from_u128(2), "opd".to_owned());
        let actor = Actor { user, role, capacity: Capacity::Definitive, on_behalf_of: None };
        let allowed = Authorized::by_policy((), actor, Action::Execute);
        let change = RequestChange::begin(&self.store, transaction, &allowed, NewRequest { row }, self.now);
        change.save().await.expect("saved");
    }
}

/// Verifies. Returns the peak memory of the program in KiB, and the time.
fn verify(data: &Path, events: i64) -> (u64, Duration) {
    let begun = Instant::now();
    let mut command = command(data, &Folders::shipped());
    let mut child = command.args(["audit", "verify"]).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut most = 0;
    let status = format!("/proc/{}/status", child.id());
    while child.try_wait().expect("it runs").is_none() {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let held = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let held = held.and_then(|held| held.trim().trim_end_matches(" kB").parse().ok());
        most = most.max(held.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("it ended");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.trim(), format!("{events} events: nothing was touched"));
    (most, begun.elapsed())
}

#[tokio::test(flavor = "multi_thread")]
async fn verifying_takes_constant_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut bulk = Bulk::open(&data).await;
    let [tenth, all] = [20_000, 200_000];
    let begun = Instant::now();
    bulk.grow(tenth).await;
    let (few, _) = verify(&data, tenth);
    bulk.grow(all).await;
    let (many, took) = verify(&data, all);
    let whole = begun.elapsed();
    println!("{few} KiB, then {many} KiB; {all} verified in {took:?}, all in {whole:?}");
    assert!(few > 0 && many < 200 * 1024, "{many} KiB");
    assert!(many * 10 < few * 13, "{few} KiB, then {many} KiB");
}
