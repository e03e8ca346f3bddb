//! What somebody who follows the log asks beside it: who may see what now, and until when that holds. From within, since nobody
//! asks it from outside by itself.

use std::sync::Arc;

use disposisi::clock::{Clock, SystemClock};
use disposisi::store::{Store, about_requests};
use sea_orm::ConnectionTrait;
use serde_json::json;
use uuid::Uuid;

use crate::database;
use crate::harness::{Cast, Server};

const CAST: Cast<'static> = &[("opd", "singkawang", "opd", Some("dinkes")), ("tu", "singkawang", "tu", None)];

const SUBMIT: &str = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { id } } }";

async fn ids(server: &Server) -> Vec<Uuid> {
    let database = database::open(&server.path()).await;
    let all = sea_orm::Statement::from_string(database.get_database_backend(), "SELECT id FROM requests");
    let rows = database.query_all_raw(all).await.expect("the requests");
    rows.iter().map(|row| row.try_get_by_index(0).expect("an id")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_learns_of_people_and_requests() {
    let server = Server::with(CAST);
    let store = Store::open(&database::place(&server.path()), Arc::new(|_: &[&[u8]]| [0; 32])).await.expect("it opens");
    let version = async || store.people_version().await.expect("a version");
    let now = SystemClock.now();
    let before = version().await;
    assert!(before > 1, "people were added");
    assert_eq!(store.next_grant_moment(now).await.expect("a moment"), None);
    server.run(&[
        "grant",
        "tu",
        "--office",
        "singkawang",
        "--role",
        "opd",
        "--agency",
        "dinkes",
        "--from",
        "2998-01-01T00:00:00Z",
        "--until",
        "2999-01-01T00:00:00Z",
    ]);
    assert!(version().await > before, "a grant counts");
    let moment = store.next_grant_moment(now).await.expect("a moment").expect("one to come");
    assert_eq!(moment.to_rfc3339(), "2998-01-01T00:00:00+00:00");

    let person = async |name: &str| store.person_by_username(name).await.expect("an answer").expect("a person").id;
    let (opd, tu) = (person("opd").await, person("tu").await);
    let standings = store.standings(&[opd, tu, Uuid::nil()]).await.expect("their standings");
    assert_eq!(standings.len(), 2);
    assert_eq!((standings[&tu].grants.len(), standings[&tu].until(now)), (2, Some(moment)));
    assert_eq!(standings[&tu].caller(tu, now).map(|caller| caller.grants.len()), Some(1));

    let input = json!({ "input": {
        "office": "singkawang", "procedure": "permohonan-cloud-service",
        "letter": { "number": "005/1", "date": "2026-01-05", "subject": "Permohonan" },
        "contact": { "name": "Warga Contoh", "phone": "0562 000000", "email": "contoh@opd.example" },
        "details": { "purpose": "Arsip", "quotaGib": 50, "users": 3 },
    } });
    server.person("opd").await.ask(SUBMIT, input).await;
    let ids: Vec<Uuid> = ids(&server).await;
    let about = about_requests(&store, &ids, now).await.expect("what is known");
    assert!(about[&ids[0]].submitter_active && about[&ids[0]].row.submitted_by == opd);
    let before = version().await;
    let gone = "UPDATE users SET deactivated_at = '2026-01-05 00:00:00+00:00' WHERE username = 'opd'";
    database::open(&server.path()).await.execute_unprepared(gone).await.expect("gone");
    assert!(version().await > before, "so does somebody who leaves");
    assert!(!store.standings(&[opd]).await.expect("their standing").contains_key(&opd));
    assert!(!about_requests(&store, &ids, now).await.expect("what is known")[&ids[0]].submitter_active);
}
