//! Cost of event fan-out to many subscribers, beside a floor measured in the same run: a bare broadcast to as many
//! sockets of the same kind, of texts of the same size. Compare the two, not the times: machines differ, and the
//! sockets' other ends are here too. `docs/performance.md` has the results and their limits.
//!
//!     cargo bench --bench fanout            1,000 and 10,000 sockets
//!     cargo bench --bench fanout -- 500     so many

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench says what it finds, or that it cannot"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message as Frame, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use chrono::{DateTime, TimeDelta, Utc};
use disposisi::auth::{Bearer, Keys};
use disposisi::clock::{Clock, SystemClock};
use futures_util::{SinkExt, StreamExt};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use uuid::Uuid;

/// Followed selections: independent of the viewer, dependent on the side, dependent on the person.
const SHAPES: [(&str, &str); 3] = [
    ("the same for all", "id cursor kind at sequence version step { key } actor { role { key } user { name } }"),
    ("the same for a side", "id cursor kind at request { id number status version }"),
    ("for each person", "id cursor kind at request { number availableActions { kind } }"),
];

/// So many different people hold the sockets.
const PEOPLE: usize = 1000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if arguments.first().is_some_and(|first| first == "floor") {
        return runtime().block_on(floor());
    }
    let sizes: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1000, 10_000] } else { sizes };
    for size in sizes {
        runtime().block_on(measure(size));
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

fn now() -> DateTime<Utc> {
    SystemClock.now()
}

// --- the floor -------------------------------------------------------------------------------------------------------

/// Broadcasts a text of the posted size, with the moment in it, to every socket.
async fn floor() {
    async fn serve(mut socket: WebSocket, mut texts: broadcast::Receiver<Utf8Bytes>) {
        while let Ok(text) = texts.recv().await {
            if socket.send(Frame::Text(text)).await.is_err() {
                return;
            }
        }
    }
    type Texts = broadcast::Sender<Utf8Bytes>;
    let upgrade = async |State(texts): State<Texts>, upgrade: WebSocketUpgrade| {
        let texts = texts.subscribe();
        let upgrade = upgrade.protocols(["graphql-transport-ws"]).read_buffer_size(2048).write_buffer_size(2048);
        upgrade.on_upgrade(move |socket| serve(socket, texts))
    };
    let send = async |State(texts): State<Texts>, size: String| {
        let head = format!("{{\"at\":\"{}\",\"rest\":\"", now().to_rfc3339());
        let rest = size.parse::<usize>().unwrap_or_default().saturating_sub(head.len() + 2);
        let _ = texts.send(format!("{head}{}\"}}", "x".repeat(rest)).into());
    };
    let router = Router::new()
        .route("/graphql", get(upgrade))
        .route("/send", post(send))
        .with_state(broadcast::channel::<Utf8Bytes>(256).0);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("serving http://{}/graphql", listener.local_addr().expect("an address"));
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    axum::serve(listener, router).await.expect("it serves");
}

// --- processes -------------------------------------------------------------------------------------------------------

/// A server, ended with this.
struct Server {
    child: Child,
    base: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("it says where");
        let base = line.trim().strip_prefix("serving ").and_then(|url| url.strip_suffix("/graphql"));
        Self { base: base.expect("an address").to_owned(), child }
    }

    /// Its memory, in KiB.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

fn program(data: &Path) -> Command {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_disposisi"));
    command.env_clear().current_dir(data.parent().unwrap_or(data)).arg("--data").arg(data);
    command.arg("--procedures").arg(root.join("procedures")).arg("--policies").arg(root.join("policies"));
    command.envs([("DISPOSISI_PERSON_RATE", "0"), ("DISPOSISI_ADDRESS_RATE", "0")]);
    command
}

fn run(data: &Path, arguments: &[&str], input: &str) {
    let mut child = program(data).args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it runs");
    let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
    assert!(child.wait().expect("it ends").success(), "{arguments:?}");
}

// --- the people ------------------------------------------------------------------------------------------------------

/// An agency's person and many officials: their tokens.
async fn people(data: &Path) -> (String, Vec<String>) {
    let agency = ["agency", "add", "dinkes", "--office", "singkawang", "--name", "Dinas Contoh"];
    run(data, &agency, "");
    run(data, &["user", "add", "opd", "--name", "Contoh", "--password-stdin"], "demonstration only");
    run(data, &["grant", "opd", "--office", "singkawang", "--role", "opd", "--agency", "dinkes"], "");
    let database = Database::connect(format!("sqlite://{}", data.join("disposisi.db").display())).await.expect("open");
    let keys = Keys::open(&data.join("keys")).expect("the keys");
    // Everybody's session has their own id.
    let token = |user: Uuid| {
        let bearer = Bearer { user, session: user };
        let token = keys.issue(bearer, "disposisi", now(), TimeDelta::hours(2)).expect("a token").0;
        token.expose().to_owned()
    };
    // Sessions of old, without a refresh token, would be tidied away.
    let begun = now().format("%Y-%m-%d %H:%M:%S+00:00");
    let session = |user: Uuid| {
        let id = user.simple();
        format!(
            "INSERT INTO sessions (id, user_id, created_at, last_used_at) VALUES (X'{id}', X'{id}', '{begun}', '{begun}')"
        )
    };
    let mut tokens = Vec::new();
    for number in 0..PEOPLE {
        let user = Uuid::from_u128(0xF000_0000 + number as u128);
        // Every tenth reads everything; the others see their office's own.
        let role = if number % 10 == 0 { "auditor" } else { "tu" };
        let id = user.simple().to_string();
        for sql in [
            format!(
                "INSERT INTO users (id, username, name, password_hash, created_at) \
                 VALUES (X'{id}', 'p{number}', 'Contoh {number}', '', '2026-01-01 00:00:00+00:00')"
            ),
            format!(
                "INSERT INTO grants (id, user_id, office, role, capacity, valid_from) \
                 VALUES (X'{id}', X'{id}', 'singkawang', '{role}', 'DEFINITIVE', '2026-01-01 00:00:00+00:00')"
            ),
            session(user),
        ] {
            database.execute_unprepared(&sql).await.expect("written");
        }
        tokens.push(token(user));
    }
    let found = database.query_one_raw(sea_orm::Statement::from_string(
        sea_orm::DbBackend::Sqlite,
        "SELECT id FROM users WHERE username = 'opd'",
    ));
    let opd: Uuid = found.await.expect("read").expect("a row").try_get("", "id").expect("an id");
    database.execute_unprepared(&session(opd)).await.expect("written");
    database.close().await.expect("closed");
    (token(opd), tokens)
}

// --- measuring -------------------------------------------------------------------------------------------------------

/// Arrivals: delay and bytes.
type Arrival = (Duration, usize);

/// Opens sockets that report arrivals. `first`: the first message of each, by its number.
async fn sockets(
    base: &str,
    count: usize,
    first: Arc<dyn Fn(usize) -> Vec<Value> + Send + Sync>,
) -> mpsc::UnboundedReceiver<Arrival> {
    let (arrived, arrivals) = mpsc::unbounded_channel();
    let url = format!("{}/graphql", base.replacen("http", "ws", 1));
    for chunk in (0..count).collect::<Vec<_>>().chunks(50) {
        let opening = chunk.iter().map(|number| {
            let (url, first, arrived, number) = (url.clone(), first.clone(), arrived.clone(), *number);
            async move {
                let mut request = url.into_client_request().expect("a request");
                let protocol = "graphql-transport-ws".parse().expect("a value");
                request.headers_mut().insert("sec-websocket-protocol", protocol);
                let config = WebSocketConfig::default().read_buffer_size(2048).write_buffer_size(0);
                let connecting = tokio_tungstenite::connect_async_with_config(request, Some(config), true);
                let (mut socket, _) = connecting
                    .await
                    .unwrap_or_else(|error| panic!("socket {number}: {error}; are so many files allowed (ulimit -n)?"));
                let messages = first(number);
                let mut is_awaited = !messages.is_empty();
                for message in messages {
                    socket.send(Message::text(message.to_string())).await.expect("sent");
                }
                // A ping may come first.
                while is_awaited {
                    match socket.next().await.expect("an answer").expect("one") {
                        Message::Text(_) => is_awaited = false,
                        Message::Close(why) => panic!("socket {number} is closed: {why:?}"),
                        _ => {}
                    }
                }
                tokio::spawn(async move {
                    while let Some(Ok(message)) = socket.next().await {
                        let Message::Text(text) = message else { continue };
                        let at = text.split_once("\"at\":\"").and_then(|(_, rest)| rest.split('"').next());
                        let at =
                            at.and_then(|at| DateTime::parse_from_rfc3339(at).ok()).unwrap_or_else(|| panic!("{text}"));
                        let late = (now() - at.to_utc()).to_std().unwrap_or_default();
                        if arrived.send((late, text.len())).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        futures_util::future::join_all(opening).await;
    }
    arrivals
}

/// How late things arrived.
struct Latencies {
    p50: Duration,
    p99: Duration,
    bytes: usize,
}

/// Takes all deliveries of so many events to so many sockets. Fails when some are missing.
async fn receive_all(arrivals: &mut mpsc::UnboundedReceiver<Arrival>, count: usize) -> Latencies {
    let mut late = Vec::with_capacity(count);
    let mut bytes = 0;
    while late.len() < count {
        let arrived = tokio::time::timeout(Duration::from_secs(60), arrivals.recv()).await;
        let Ok(Some((by, size))) = arrived else { panic!("{} of {count} arrived", late.len()) };
        late.push(by);
        bytes += size;
    }
    late.sort_unstable();
    let at = |part: f64| late[((count - 1) as f64 * part) as usize];
    Latencies { p50: at(0.5), p99: at(0.99), bytes: bytes / count }
}

fn report(what: &str, late: &Latencies, floor: Option<&Latencies>) {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let ratio = floor.map(|floor| late.p99.as_secs_f64() / floor.p99.as_secs_f64());
    let ratio = ratio.map(|ratio| format!("  p99 is {ratio:.2} × the floor's")).unwrap_or_default();
    println!("  {what:<24} p50 {:>7.2} ms  p99 {:>7.2} ms  {:>5} bytes{ratio}", ms(late.p50), ms(late.p99), late.bytes);
}

async fn measure(size: usize) {
    // As many deliveries at either size, so neither is measured on a queue.
    let events = (100_000 / size).clamp(10, 100);
    let pause = Duration::from_millis(if size > 2000 { 1000 } else { 100 });
    println!("\n{size} sockets, {events} events, one every {} ms", pause.as_millis());
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let (opd, tokens) = people(&data).await;
    let tokens = Arc::new(tokens);
    let http = reqwest::Client::new();
    let (mut letter, mut found) = (0, Vec::new());
    for (name, selection) in SHAPES {
        // Answers for single persons cost a query each: not measured for many sockets.
        if name == "for each person" && size > 2000 {
            continue;
        }
        let server = Server::start(program(&data).args(["--log", "error", "serve", "--listen", "127.0.0.1:0"]));
        let before = server.memory();
        let (theirs, query) = (
            tokens.clone(),
            format!("subscription($filter: RequestEventFilter) {{ requestEvents(filter: $filter) {{ {selection} }} }}"),
        );
        let first = Arc::new(move |number: usize| {
            let token = &theirs[number % theirs.len()];
            vec![
                json!({ "type": "connection_init", "payload": { "token": token } }),
                json!({ "id": "1", "type": "subscribe", "payload": {
                    "query": query, "variables": { "filter": { "kinds": ["SUBMITTED"] } },
                } }),
            ]
        });
        let mut arrivals = sockets(&server.base, size, first).await;
        tokio::time::sleep(Duration::from_secs(if size > 2000 { 5 } else { 2 })).await;
        let taking = receive_all(&mut arrivals, size * events);
        let acting = async {
            for _ in 0..events {
                letter += 1;
                submit(&http, &server.base, &opd, letter).await;
                tokio::time::sleep(pause).await;
            }
        };
        let (late, ()) = tokio::join!(taking, acting);
        let memory = (server.memory().saturating_sub(before)) as f64 / size as f64;
        found.push((name, late, memory));
    }
    let bytes = found[0].1.bytes;
    let server = Server::start(Command::new(std::env::current_exe().expect("this program")).arg("floor"));
    let before = server.memory();
    let mut arrivals = sockets(&server.base, size, Arc::new(|_| Vec::new())).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let taking = receive_all(&mut arrivals, size * events);
    let acting = async {
        for _ in 0..events {
            let sent = http.post(format!("{}/send", server.base)).body(bytes.to_string()).send().await;
            assert!(sent.expect("an answer").status().is_success());
            tokio::time::sleep(pause).await;
        }
    };
    let (floor, ()) = tokio::join!(taking, acting);
    let memory = (server.memory().saturating_sub(before)) as f64 / size as f64;
    report("floor: a bare broadcast", &floor, None);
    println!("    {memory:.1} KiB of the server's memory for each socket");
    for (name, late, memory) in found {
        report(name, &late, Some(&floor));
        println!("    {memory:.1} KiB of the server's memory for each socket");
    }
}

async fn submit(http: &reqwest::Client, base: &str, token: &str, letter: usize) {
    let query = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { userErrors { code } } }";
    let input = json!({
        "office": "singkawang", "procedure": "permohonan-cloud-service",
        "letter": { "number": format!("B/{letter}"), "date": "2026-01-05", "subject": "Permohonan" },
        "contact": { "name": "Warga Contoh", "phone": "0562 000000", "email": "contoh@opd.example" },
        "details": { "purpose": "Arsip", "quotaGib": 50, "users": 3 },
    });
    let body = json!({ "query": query, "variables": { "input": input } });
    let answer = http.post(format!("{base}/graphql")).bearer_auth(token).json(&body).send().await.expect("an answer");
    let answer: Value = answer.json().await.expect("JSON");
    assert_eq!(answer["data"]["submitRequest"]["userErrors"], json!([]), "{answer}");
}
