//! Resource leaks: disconnected clients leave no memory, open file or task behind. `CHURN_SECONDS=600` makes it ten minutes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::acts::Cloud;
use crate::cast::SINGKAWANG;
use crate::harness::{PATIENCE, Server, UNDER_WAY};
use crate::socket::Socket;
use crate::stream::Stream;

const EVENTS: &str = "subscription($after: String) { requestEvents(after: $after) { id request { number } } }";
const INBOX: &str = "subscription { inboxChanges { requestId } }";

/// A server's resources: memory in KiB; open files, including connections to clients and to the database; and tasks, once no
/// follower is left.
async fn resources(server: &Server) -> (u64, usize, u64) {
    // A silent client is found by its heartbeat.
    let begun = Instant::now();
    let (mut tasks, mut followers) = server.under_way().await;
    while followers > 0 {
        assert!(begun.elapsed() < PATIENCE, "{followers} followers are left");
        tokio::time::sleep(Duration::from_secs(1)).await;
        (tasks, followers) = server.under_way().await;
    }
    let process = server.process();
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("its status");
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    let memory = memory.trim().trim_end_matches(" kB").parse().expect("a number");
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).expect("its files").count();
    (memory, files, tasks)
}

/// Connects and disconnects for that time, in all the ways of clients. Returns the number of clients.
async fn churn(server: &Server, time: Duration) -> usize {
    let (opd, tu) = (server.person("opd").await, server.person("tu").await);
    let begun = Instant::now();
    let mut rounds = 0;
    let mut after = Value::Null;
    while begun.elapsed() < time {
        // From one round ago: as much is told each time.
        let since = tu.ask("{ viewer { eventCursor } }", json!({})).await["viewer"]["eventCursor"].clone();
        let come = (0..20).map(async |number: usize| {
            if number % 5 == 4 {
                let mut stream = Stream::post(server, Some(tu.token()), None, EVENTS, json!({ "after": after })).await;
                if rounds > 0 {
                    stream.told().await;
                }
                return;
            }
            let mut socket = Socket::of(server, tu.token()).await;
            for id in 0..3 {
                socket.subscribe(&format!("e{id}"), EVENTS, json!({ "after": after })).await;
            }
            // A text of one's own now and then, as scripts send.
            socket
                .subscribe(
                    "own",
                    &format!("subscription {{ requestEvents {{ id own{number}_{rounds}: kind }} }}"),
                    json!({}),
                )
                .await;
            socket.subscribe("i", INBOX, json!({})).await;
            socket.subscribe("q", "{ viewer { inbox { totalCount } } }", json!({})).await;
            if number.is_multiple_of(2) {
                socket.receive().await;
                socket.send(json!({ "id": "e0", "type": "complete" })).await;
            }
            // Some say goodbye, some just go.
            if number.is_multiple_of(3) {
                socket.close().await;
            }
        });
        futures_util::future::join_all(come).await;
        opd.submit(Cloud::letter(format!("Z/{rounds}/{}", begun.elapsed().as_nanos()))).await;
        rounds += 1;
        after = since;
    }
    rounds * 20
}

#[tokio::test(flavor = "multi_thread")]
async fn disconnected_clients_leak_neither_memory_files_nor_tasks() {
    let seconds = std::env::var("CHURN_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let mut server = Server::with_clock(SINGKAWANG);
    let mut flags = UNDER_WAY.to_vec();
    flags.extend(["--heartbeat-seconds", "2"]);
    server.restart_with(&flags);
    // Equally many come and go before the first look: whatever is kept for reuse is there then.
    churn(&server, Duration::from_secs(seconds.min(60))).await;
    let (memory, files, tasks) = resources(&server).await;
    let times = churn(&server, Duration::from_secs(seconds)).await;
    let (mut memory_after, mut files_after, mut tasks_after) = resources(&server).await;
    let begun = Instant::now();
    // A few of the tests' own connections are kept open by HTTP. Closed ones take a moment to end.
    while (files_after > files + 4 || tasks_after > tasks + 4) && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_secs(1)).await;
        (memory_after, files_after, tasks_after) = resources(&server).await;
    }
    println!(
        "{times} came and went: {memory} to {memory_after} KiB, {files} to {files_after} files, {tasks} to {tasks_after} tasks"
    );
    assert!(tasks_after <= tasks + 4, "{tasks} tasks were alive, {tasks_after} are");
    assert!(files_after <= files + 4, "{files} files were open, {files_after} are");
    // The newest stretch of the log is kept on purpose. Everything else would grow with the number of clients.
    assert!(memory_after <= memory + 10 * 1024, "{memory} KiB before {times} came and went, {memory_after} after");
}
