//! Crashes amid concurrent acts: acknowledged acts are kept, none is half done, and a repeated idempotency key acts once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::acts::{Cloud, SUBMIT, cloud_way};
use crate::cast::{AUDITOR, CLOUD, Cast, KABID, KADIS, OPD, SUBKOR, TU};
use crate::database;
use crate::harness::{Server, signal, with};

const WORKERS: usize = 6;

const CAST: Cast<'static> = &[OPD, TU, KADIS, KABID, SUBKOR, CLOUD, AUDITOR];

const EXECUTE: &str = "mutation($input: ExecuteStepInput!) { executeStep(input: $input) { request { id version } \
    userErrors { code message path } } }";

/// A client that takes request after request its whole way, and remembers the acknowledged acts.
struct Worker {
    number: usize,
    requests: usize,
    /// The request under way, and the last acknowledged version.
    id: Option<String>,
    version: i64,
    /// The ended requests, with their last version.
    ended: Vec<(String, i64)>,
}

impl Worker {
    /// The next act: the person, the operation, its input, and the name of its payload.
    fn next(&self) -> (&'static str, &'static str, Value, &'static str) {
        let name = format!("w{}r{}", self.number, self.requests);
        let key = format!("{name}v{}", self.version);
        let Some(id) = &self.id else {
            let input = Cloud::letter(&name).key(&key).input();
            return ("opd", SUBMIT, input, "submitRequest");
        };
        let act = usize::try_from(self.version - 1).expect("a version");
        let (who, step, outcome, more) = cloud_way(&name)[act].clone();
        let act = json!({
            "requestId": id, "step": step, "outcome": outcome, "expectedVersion": self.version, "idempotencyKey": key,
        });
        let input = with(act, more);
        (who, EXECUTE, input, "executeStep")
    }

    /// Acts until the server does not answer any more; an act without an answer is sent again the next time.
    async fn storm(&mut self, server: &Server, tokens: &[(&str, String)]) {
        loop {
            let (who, query, input, payload) = self.next();
            let token = &tokens.iter().find(|(name, _)| *name == who).expect("a person").1;
            let Some(answer) = server.try_send(Some(token), query, json!({ "input": input })).await else { return };
            let request = &answer["data"][payload]["request"];
            let version = request["version"].as_i64().unwrap_or_else(|| panic!("{who}: {input}\n{answer:#}"));
            assert_eq!(version, self.version + 1, "an act acts once: {input}");
            self.version = version;
            self.id = Some(request["id"].as_str().expect("an id").to_owned());
            if version == 8 {
                self.ended.push((self.id.take().expect("an id"), version));
                (self.requests, self.version) = (self.requests + 1, 0);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_acts_survive_every_crash() {
    let mut server = Server::with(CAST);
    let people = server.everybody(CAST).await;
    let tokens: Vec<(&str, String)> = people.iter().map(|(name, person)| (*name, person.token().to_owned())).collect();
    let auditor = people["auditor"].token().to_owned();
    drop(people);
    let worker = |number| Worker { number, requests: 0, id: None, version: 0, ended: Vec::new() };
    let mut workers: Vec<Worker> = (0..WORKERS).map(worker).collect();
    let mut kill = 0;
    // On a slow machine there are more kills, until enough requests have ended.
    while kill < database::kills() || workers.iter().map(|worker| worker.ended.len()).sum::<usize>() <= 20 {
        assert!(kill < 20 * database::kills(), "nothing is ever done");
        // Moments all over, however many kills there are: in the first milliseconds after the start, and in the middle of the storm.
        // On a busy machine, where too few requests have ended by then, later and later ones.
        let later = 20 * kill.saturating_sub(database::kills());
        let moment = Duration::from_millis(5 + kill * 149 % 240 + later);
        let process = server.process();
        let storm = async_graphql::futures_util::future::join_all(
            workers.iter_mut().map(|worker| worker.storm(&server, &tokens)),
        );
        let end = async {
            tokio::time::sleep(moment).await;
            signal(process, "KILL");
        };
        tokio::join!(storm, end);
        server.kill();
        server.start();
        for worker in &workers {
            let Some(id) = &worker.id else { continue };
            let read = "query($id: ID!) { node(id: $id) { ... on Request { version visits { visit } } } }";
            let seen = server.send(Some(&auditor), read, json!({ "id": id })).await["data"]["node"].clone();
            let version = seen["version"].as_i64().unwrap_or_else(|| panic!("{id} was acknowledged, and is gone"));
            // One more act may have been done, its answer lost.
            assert!(version == worker.version || version == worker.version + 1, "{version}, not {}", worker.version);
        }
        if kill % 40 == 39 {
            assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
        }
        kill += 1;
    }
    let ended: Vec<&(String, i64)> = workers.iter().flat_map(|worker| &worker.ended).collect();
    for (id, version) in &ended {
        let read = "query($id: ID!) { node(id: $id) { ... on Request { version status assets { status } } } }";
        let seen = server.send(Some(&auditor), read, json!({ "id": id })).await["data"]["node"].clone();
        assert_eq!(seen, json!({ "version": version, "status": "COMPLETED", "assets": [{ "status": "ACTIVE" }] }));
    }
    // By number: of two that submit at once, the one with the higher number may have begun first.
    let count = "{ requests(first: 1, orderBy: { field: NUMBER, direction: DESC }) { totalCount nodes { number } } }";
    let seen = server.send(Some(&auditor), count, json!({})).await["data"]["requests"].clone();
    let total = seen["totalCount"].as_u64().expect("a count");
    let newest = seen["nodes"][0]["number"].as_str().and_then(|number| number.rsplit('/').next()?.parse().ok());
    assert_eq!(newest, Some(total), "numbers have no gap");
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}
