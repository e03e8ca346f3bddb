//! Cached rights and rows: each answer is the one read plainly at that moment, on every instance, whoever asked before.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::acts::{Cloud, cloud_way, error_code, play};
use crate::cast::{ADMIN, AUDITOR, And, CHIEF, COLLEAGUE, Cast, SINGKAWANG};
use crate::database;
use crate::harness::{Person, Server};
use crate::statements::Listened;

/// Number of grants and revocations in a row.
const TOGGLES: usize = 8;

const SEEN: &str = "{ requests(first: 5) { nodes { number } } viewer { language grants { role { key } } } }";

/// Everything of a request, for those who may see it.
const WHOLE: &str = "{ requests(first: 5) { nodes { number version status letter { number subject } \
    currentVisit { step { key } visit arrivedAt completedAt } \
    visits { step { key } visit arrivedAt completedAt outcome { key } note performedBy { user { name } } } \
    submissions { letter { number } by { user { name } } } \
    dispositions { instruction toRole { key } from { user { name } } reads { by { user { name } } } } \
    documents { kind { key } title number current signatures { by { user { name } } decision } } \
    assets { name status attributes credential { state recipient { name } } } \
    availableActions { kind } events(last: 5) { nodes { kind sequence } } } } }";

/// A server and another instance on its database.
struct Instances<'a> {
    server: &'a Server,
    other: Listened,
}

impl Instances<'_> {
    /// The answer that both give to a person, each for the first time since the last change and once more: data, or the code of
    /// the error.
    async fn tell(&self, person: &Person<'_>) -> Value {
        let mut answers = Vec::new();
        for _ in 0..2 {
            answers.push(person.answer(SEEN, json!({})).await);
            answers.push(self.other.hear(person.token(), SEEN, json!({})).await.0);
        }
        let told = |answer: &Value| match error_code(answer) {
            "" => answer["data"].clone(),
            code => json!(code),
        };
        let first = told(&answers[0]);
        answers.iter().for_each(|answer| assert_eq!(told(answer), first, "{answers:#?}"));
        first
    }
}

async fn every_change_holds(server: &Server, cast: Cast<'_>) {
    let people = server.everybody(cast).await;
    let number = people["opd"].submit(Cloud::default()).await.number;
    let (admin, tu) = (&people["admin"], &people["tu"]);
    let instances = Instances { server, other: Listened::beside(server, tu.token()).await };
    let seen = |numbers: &[&str], roles: &[&str], language: Value| {
        json!({
            "requests": { "nodes": numbers.iter().map(|number| json!({ "number": number })).collect::<Vec<_>>() },
            "viewer": {
                "language": language,
                "grants": roles.iter().map(|role| json!({ "role": { "key": role } })).collect::<Vec<_>>(),
            },
        })
    };
    assert_eq!(instances.tell(tu).await, seen(&[&number], &["tu"], Value::Null));
    for _ in 0..TOGGLES {
        let person = admin.person_of("singkawang", "tu").await;
        let grants = person["grants"].as_array().expect("grants");
        let grant = grants.iter().find(|grant| grant["validUntil"].is_null()).expect("one in force")["id"].clone();
        admin.act("revokeGrant", "", json!({ "grantId": grant })).await;
        assert_eq!(instances.tell(tu).await, seen(&[], &[], Value::Null));
        let again = json!({ "office": "singkawang", "userId": person["user"]["id"], "role": "tu" });
        admin.act("grantRole", "", again).await;
        assert_eq!(instances.tell(tu).await, seen(&[&number], &["tu"], Value::Null));
    }
    tu.act("chooseLanguage", "", json!({ "language": "INDONESIAN" })).await;
    assert_eq!(instances.tell(tu).await, seen(&[&number], &["tu"], json!("INDONESIAN")));

    let kadis = &people["kadis"];
    assert_eq!(instances.tell(kadis).await["requests"]["nodes"][0]["number"], number.as_str());
    let out =
        instances.server.send(Some(kadis.token()), "mutation { signOut { userErrors { code } } }", json!({})).await;
    assert_eq!(out["data"]["signOut"]["userErrors"], json!([]), "{out}");
    assert_eq!(instances.tell(kadis).await, "UNAUTHENTICATED");

    let kabid = &people["kabid"];
    assert_eq!(instances.tell(kabid).await["viewer"]["grants"][0]["role"]["key"], "kabid-aptika");
    let user = admin.person_of("singkawang", "kabid").await["user"]["id"].take();
    admin.act("deactivateUser", "", json!({ "office": "singkawang", "userId": user })).await;
    assert_eq!(instances.tell(kabid).await, "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_rights_holds_for_the_next_query_on_every_instance() {
    let cast = SINGKAWANG.and(&[ADMIN]);
    every_change_holds(&Server::with(&cast), &cast).await;
    every_change_holds(&Server::with_flags(&cast, &["--cache-bytes", "0"]), &cast).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_by_cached_rights_does_not_read_them() {
    let server = Server::with(SINGKAWANG);
    let people = server.everybody(SINGKAWANG).await;
    people["opd"].submit(Cloud::default()).await;
    let tu = people["tu"].token();
    let listened = Listened::beside(&server, people["kadis"].token()).await;
    let page = |search: &str| json!({ "filter": { "search": search } });
    let query = "query($filter: RequestFilter) { requests(first: 5, filter: $filter) { nodes { number } } }";
    let mut counts = Vec::new();
    for search in ["005/1", "005/1", "nothing of the kind"] {
        counts.push(listened.statements(tu, query, page(search)).await.1.len());
    }
    // Rights and page; the page, with the version of rights; an empty page, and the version after it.
    assert_eq!(counts, [2, 1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_set_back_is_noticed_once() {
    let server = Server::with(SINGKAWANG);
    let people = server.everybody(SINGKAWANG).await;
    people["opd"].submit(Cloud::default()).await;
    let (tu, kadis) = (people["tu"].token(), people["kadis"].token());
    let listened = Listened::beside(&server, kadis).await;
    let page = "{ requests(first: 5) { nodes { number } } }";
    let asked = async |token: &str| listened.statements(token, page, json!({})).await.1.len();
    assert_eq!([asked(tu).await, asked(tu).await, asked(kadis).await], [2, 1, 1]);
    let database = database::open(&server.path()).await;
    // By a change, and by a backup from before it.
    for change in ["+ 1000", "- 999"] {
        let moved = format!("UPDATE people_version SET version = version {change}");
        database.execute_unprepared(&moved).await.expect("moved");
        // The page by the old rights, the version, then rights and page. The next person's rights are read before their page.
        let counts = [asked(tu).await, asked(tu).await, asked(kadis).await, asked(kadis).await];
        assert_eq!(counts, [4, 1, 2, 1], "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_the_one_read_plainly() {
    let cast = SINGKAWANG.and(&[COLLEAGUE, CHIEF, AUDITOR]);
    let server = Server::with(&cast);
    let people = server.everybody(&cast).await;
    let (opd, kabid) = (&people["opd"], &people["kabid"]);
    let plain = Listened::beside_with(&server, opd.token(), &["--cache-bytes", "0"]).await;
    let other = Listened::beside(&server, opd.token()).await;
    let number = opd.submit(Cloud::default()).await.number;
    // As long as the way of a second request, which is always a few acts behind, and stands beside the first in each list.
    let second = opd.submit(Cloud::letter("005/2").confidentiality("SECRET")).await.number;
    let way = cloud_way("dinkes");
    for act in 0..=way.len() + 1 {
        for person in people.values() {
            let read = plain.hear(person.token(), WHOLE, json!({})).await.0;
            assert!(read["errors"].is_null(), "{read}");
            for again in 0..2 {
                let here = person.answer(WHOLE, json!({})).await;
                let there = other.hear(person.token(), WHOLE, json!({})).await.0;
                assert_eq!((&here, &there), (&read, &read), "after {act} acts, asked {again} times before");
            }
        }
        match act {
            _ if act < way.len() => play(&people, &number, &way[act..=act]).await,
            _ if act == way.len() => {
                let asset = opd.see(&number).await["assets"][0]["id"].take();
                let once = json!({ "assetId": asset, "idempotencyKey": "once" });
                opd.act("revealCredential", "", once).await;
            }
            _ => {}
        }
        if act == 3 {
            let disposition = kabid.see(&number).await["dispositions"][0]["id"].take();
            kabid.act("readDisposition", "", json!({ "dispositionId": disposition })).await;
        }
        if (2..5).contains(&act) {
            play(&people, &second, &cloud_way("other")[act - 2..=act - 2]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_seen_before_is_read_by_one_statement() {
    let server = Server::with(SINGKAWANG);
    let people = server.everybody(SINGKAWANG).await;
    let number = people["opd"].submit(Cloud::default()).await.number;
    play(&people, &number, &cloud_way("akun")[..5]).await;
    let (kadis, kabid) = (people["kadis"].token(), people["kabid"].token());
    let listened = Listened::beside(&server, kadis).await;
    let page = "{ requests(first: 20) { nodes { number currentVisit { arrivedAt } visits { visit } letter { number } \
        dispositions { instruction } documents { title } assets { name } } } }";
    let whole = listened.statements(kadis, page, json!({})).await;
    assert_eq!(whole.1.len(), 6, "{:#?}", whole.1);
    // Somebody else has seen it, and rows depend on no viewer; their rights do.
    let (answer, statements) = listened.statements(kabid, page, json!({})).await;
    assert_eq!((answer, statements.len()), (whole.0.clone(), 2), "{statements:#?}");
    let (answer, statements) = listened.statements(kadis, page, json!({})).await;
    assert_eq!((answer, statements.len()), (whole.0, 1), "{statements:#?}");
    // One act, and what belongs to the request is read anew.
    play(&people, &number, &cloud_way("akun")[5..6]).await;
    assert_eq!(listened.statements(kadis, page, json!({})).await.1.len(), 6);
}
