//! Cost of the core operations, each beside a floor measured in the same run: the minimal work by hand. Compare the two,
//! not the times: machines differ. `docs/performance.md` has the ratios and lessons.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a bench that cannot go on says so")]

use std::collections::{HashMap, HashSet};
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use disposisi::access::{Action, Caller, Capacity, Grant, Login, Pass, Subject};
use disposisi::policy::{self, Object, PolicyFile};
use disposisi::procedure::{Procedure, read_folder};
use disposisi::workflow::{self, Act, Execution, reach};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement, TransactionTrait, Value as Bind,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use uuid::Uuid;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

// --- deciding --------------------------------------------------------------------------------------------------------

struct SubdomainRequest;

impl Subject for SubdomainRequest {
    fn office(&self) -> &'static str {
        "singkawang"
    }

    fn procedure(&self) -> Option<&str> {
        Some("permohonan-subdomain")
    }

    fn agency(&self) -> Option<Uuid> {
        Some(Uuid::from_u128(7))
    }
}

fn grant(role: &str) -> Grant {
    Grant {
        id: Uuid::nil(),
        office: "singkawang".to_owned(),
        role: role.to_owned(),
        agency: None,
        capacity: Capacity::Definitive,
        decree_number: None,
        on_behalf_of: None,
        valid_from: chrono::DateTime::UNIX_EPOCH,
        valid_until: None,
    }
}

/// May the caller execute the step? Beside looking one key up in a set.
fn policy_decision(criterion: &mut Criterion) {
    let read = |name: &str| std::fs::read_to_string(root().join("policies").join(name)).expect("a policy file");
    let files =
        ["singkawang.csv", "denpasar.csv"].map(|name| PolicyFile { file: name.to_owned(), text: Some(read(name)) });
    let runtime = Runtime::new().expect("a runtime");
    let (policy, faults) = runtime.block_on(policy::load(Some(&read("model.conf")), &files));
    assert_eq!(faults, [], "the shipped policies");
    let caller = Caller {
        language: None,
        pass: Pass::new(Uuid::nil(), Login::Session(Uuid::nil())),
        grants: ["tu", "admin-cloud", "subkor-ile"].map(grant).to_vec(),
    };
    let lines: HashSet<(&str, &str, &str, &str, Action)> = policy
        .lines()
        .iter()
        .filter_map(|line| match line.object() {
            Object::Step(procedure, step) => {
                Some((line.office.as_str(), line.role.as_str(), procedure, step, line.action))
            }
            _ => None,
        })
        .collect();
    let mut group = criterion.benchmark_group("policy decision");
    group.bench_function("authorize, three grants", |bench| {
        let object = Object::Step("permohonan-subdomain", "7");
        let ask = || policy.authorize(black_box(&caller), SubdomainRequest, black_box(object), Action::Execute, None);
        bench.iter(|| ask().expect("allowed"));
    });
    group.bench_function("floor: one key in a set", |bench| {
        let key = ("singkawang", "subkor-ile", "permohonan-subdomain", "7", Action::Execute);
        bench.iter(|| lines.contains(black_box(&key)));
    });
    group.finish();
}

/// A policy of that many lines: an office of ten roles, each with some actions at some steps. The last line is asked
/// about.
fn policy_text(lines: usize) -> String {
    let line = |at: usize| format!("p, role-{}, singkawang, sop-{}/{}, execute\n", at % 10, at / 100, at / 10 % 10);
    (0..lines).map(line).collect()
}

/// One question to a policy of ten lines and of ten thousand; and the cost of deciding their lines.
fn policy_size(criterion: &mut Criterion) {
    #[derive(Debug)]
    struct RequestOf<'a>(&'a str);
    impl Subject for RequestOf<'_> {
        fn office(&self) -> &'static str {
            "singkawang"
        }

        fn procedure(&self) -> Option<&str> {
            Some(self.0)
        }

        fn agency(&self) -> Option<Uuid> {
            None
        }
    }
    const SIZES: [usize; 2] = [10, 10_000];
    let model = std::fs::read_to_string(root().join("policies/model.conf")).expect("the model");
    let runtime = Runtime::new().expect("a runtime");
    let file = |lines| [PolicyFile { file: "singkawang.csv".to_owned(), text: Some(policy_text(lines)) }];
    let load = |file: &[PolicyFile]| {
        let (policy, faults) = runtime.block_on(policy::load(Some(&model), file));
        assert_eq!(faults, [], "every line is understood");
        policy
    };
    let policies = SIZES.map(|lines| load(&file(lines)));
    let role = |number: usize| grant(&format!("role-{number}"));
    let login = Login::Session(Uuid::nil());
    let mut group = criterion.benchmark_group("policy decision");
    for (policy, lines) in policies.iter().zip(SIZES) {
        // The last line names the last role; the first two roles may not.
        let (sop, step) = (format!("sop-{}", (lines - 1) / 100), ((lines - 1) / 10 % 10).to_string());
        let object = Object::Step(&sop, &step);
        let caller = |grants: Vec<Grant>| Caller { pass: Pass::new(Uuid::nil(), login), grants, language: None };
        let (allowed, denied) = (caller([10, 11, 9].map(role).to_vec()), caller([10, 11, 12].map(role).to_vec()));
        group.bench_function(format!("allowed, of {lines} lines"), |bench| {
            let ask =
                || policy.authorize(black_box(&allowed), RequestOf(&sop), black_box(object), Action::Execute, None);
            bench.iter(|| ask().expect("allowed"));
        });
        group.bench_function(format!("denied, of {lines} lines"), |bench| {
            let ask =
                || policy.authorize(black_box(&denied), RequestOf(&sop), black_box(object), Action::Execute, None);
            bench.iter(|| ask().expect_err("denied"));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("policy read and decided");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    for lines in SIZES {
        let file = file(lines);
        group.bench_function(format!("{lines} lines"), |bench| bench.iter(|| load(black_box(&file))));
    }
    group.finish();
}

fn procedure(key: &str) -> Procedure {
    let shelf = read_folder(&root().join("procedures")).expect("the shipped files");
    shelf.procedures.into_iter().find(|located| located.procedure.key == key).expect("shipped").procedure
}

/// The decision of an act, beside the copy of the state that any such function makes.
fn step_decision(criterion: &mut Criterion) {
    let procedure = procedure("permohonan-subdomain");
    let states = reach::reachable(&procedure);
    let state = states.into_iter().find(|state| state.at.as_ref().is_some_and(|at| at.step == "7")).expect("reached");
    let act = Act::Execute(Execution {
        step: "7".to_owned(),
        outcome: "draft".to_owned(),
        documents: ["draft-surat-balasan".to_owned()].into(),
        ..Default::default()
    });
    let mut group = criterion.benchmark_group("step decision");
    group.bench_function("decide", |bench| {
        bench.iter(|| workflow::decide(&procedure, black_box(&state), black_box(&act)).expect("possible"));
    });
    group.bench_function("floor: copy the state", |bench| bench.iter(|| black_box(&state).clone()));
    group.finish();
}

// --- over HTTP -------------------------------------------------------------------------------------------------------

const PASSWORD: &str = "demonstration only";

/// The real server on a data folder of its own, and signed-in people.
struct Server {
    child: Child,
    url: String,
    data: tempfile::TempDir,
    http: reqwest::Client,
    tokens: HashMap<&'static str, String>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const PEOPLE: [(&str, &str); 4] = [("opd", "opd"), ("tu", "tu"), ("kadis", "kepala-dinas"), ("kabid", "kabid-aptika")];

impl Server {
    async fn start() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_disposisi"));
            command.arg("--data").arg(data.path().join("data")).current_dir(root()).args(["--log", "off"]);
            command.envs([("DISPOSISI_PERSON_RATE", "0"), ("DISPOSISI_ADDRESS_RATE", "0")]);
            command
        };
        let run = |arguments: &[&str], input: &str| {
            let mut child =
                command().args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it runs");
            let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
            assert!(child.wait().expect("it ends").success(), "{arguments:?}");
        };
        run(&["agency", "add", "dinkes", "--office", "singkawang", "--name", "Dinas"], "");
        for (name, role) in PEOPLE {
            run(&["user", "add", name, "--name", name, "--password-stdin"], PASSWORD);
            let agency: &[&str] = if role == "opd" { &["--agency", "dinkes"] } else { &[] };
            run(&[&["grant", name, "--office", "singkawang", "--role", role], agency].concat(), "");
        }
        let mut child =
            command().args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("it says where");
        let url = line.trim().strip_prefix("serving ").expect("the address").to_owned();
        let mut server = Self { child, url, data, http: reqwest::Client::new(), tokens: HashMap::new() };
        for (name, _) in PEOPLE {
            let query = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }";
            let input = json!({ "input": { "username": name, "password": PASSWORD } });
            let answer = server.ask("", query, input).await;
            server.tokens.insert(name, answer["signIn"]["accessToken"].as_str().expect("a token").to_owned());
        }
        server
    }

    fn database(&self) -> PathBuf {
        self.data.path().join("data/disposisi.db")
    }

    async fn ask(&self, who: &str, query: &str, variables: Value) -> Value {
        let mut request = self.http.post(&self.url).json(&json!({ "query": query, "variables": variables }));
        if let Some(token) = self.tokens.get(who) {
            request = request.bearer_auth(token);
        }
        let answer: Value = request.send().await.expect("an answer").json().await.expect("JSON");
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].clone()
    }

    /// Submits a request; its id.
    async fn submit(&self, letter: &str) -> Value {
        let query = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { id } } }";
        let input = json!({
            "office": "singkawang", "procedure": "permohonan-subdomain",
            "letter": { "number": letter, "date": "2026-01-05", "subject": "Permohonan" },
            "contact": { "name": "Warga Contoh", "phone": "0562 000000", "email": "contoh@opd.example" },
            "details": { "label": "dinkes", "target": "192.0.2.7", "purpose": "Situs" },
        });
        self.ask("opd", query, json!({ "input": input })).await["submitRequest"]["request"]["id"].clone()
    }

    async fn forward(&self, id: &Value, key: usize) {
        let query = "mutation($input: ExecuteStepInput!) { executeStep(input: $input) { request { version } } }";
        let input = json!({
            "requestId": id, "step": "2", "outcome": "forward", "expectedVersion": 1, "idempotencyKey": format!("k{key}"),
            "documents": [{ "kind": "lembar-disposisi", "title": "Lembar", "number": "1" }],
        });
        let answer = self.ask("tu", query, json!({ "input": input })).await;
        assert_eq!(answer["executeStep"]["request"]["version"], 2);
    }

    async fn dispose(&self, id: &Value) {
        for (who, step, version) in [("kadis", "3", 2), ("kabid", "4", 3)] {
            let query = "mutation($input: ExecuteStepInput!) { executeStep(input: $input) { request { version } } }";
            let input = json!({
                "requestId": id, "step": step, "outcome": "dispose", "expectedVersion": version,
                "disposition": { "instruction": "Tindak lanjuti" },
            });
            self.ask(who, query, json!({ "input": input })).await;
        }
    }
}

/// A database as the server opens it.
async fn open(file: &Path) -> DatabaseConnection {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
    options.max_connections(1).idle_timeout(None::<Duration>).max_lifetime(None::<Duration>).sqlx_logging(false);
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite.foreign_keys(true).pragma("journal_mode", "WAL").pragma("synchronous", "FULL")
    });
    Database::connect(options).await.expect("it opens")
}

fn sql(text: &str, binds: impl IntoIterator<Item = Bind>) -> Statement {
    Statement::from_sql_and_values(sea_orm::DbBackend::Sqlite, text, binds)
}

/// The writes of ending a step, by hand: as many rows in one transaction, all in one table without an index, and nothing
/// decided, proven or served.
async fn write_by_hand(database: &DatabaseConnection, number: i64) {
    let immediate = sea_orm::TransactionOptions {
        sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let transaction = database.begin_with_options(immediate).await.expect("it begins");
    let run = async |text: &str, binds: Vec<Bind>| {
        transaction.execute_raw(sql(text, binds)).await.expect("it runs");
    };
    let read = async |text: &str, binds: Vec<Bind>| {
        black_box(transaction.query_all_raw(sql(text, binds)).await.expect("it reads"));
    };
    let text = || Bind::from("x".repeat(300));
    read("SELECT * FROM hand WHERE id = ?", vec![number.into()]).await;
    read("SELECT * FROM hand WHERE id = ?", vec![(number - 1).into()]).await;
    run("UPDATE hand SET body = ? WHERE id = ?", vec![text(), (number - 1).into()]).await;
    // Document, next visit, key; three events, each with its wait for a place.
    for row in 0..9 {
        run("INSERT INTO hand (id, body) VALUES (?, ?)", vec![(number * 20 + row).into(), text()]).await;
    }
    // Their log positions, and the removal from the pending ones.
    for row in 9..12 {
        run("INSERT INTO hand (id, body) VALUES (?, ?)", vec![(number * 20 + row).into(), text()]).await;
    }
    let placed = [3, 5, 7].map(|row| (number * 20 + row).into());
    run("DELETE FROM hand WHERE id IN (?, ?, ?)", placed.to_vec()).await;
    transaction.commit().await.expect("it commits");
}

/// A whole `executeStep` over HTTP with full durability. Beside the same writes by hand.
fn execute_step(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime.block_on(Server::start());
    let mut group = criterion.benchmark_group("executeStep");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    let mut letter = 0;
    group.bench_function("over HTTP, policy, chain, key and events", |bench| {
        bench.iter_custom(|times| {
            runtime.block_on(async {
                let mut ids = Vec::new();
                for _ in 0..times {
                    letter += 1;
                    ids.push(server.submit(&format!("005/{letter}")).await);
                }
                let begun = Instant::now();
                for (index, id) in ids.iter().enumerate() {
                    server.forward(id, letter * 1_000 + index).await;
                }
                begun.elapsed()
            })
        });
    });
    let folder = tempfile::tempdir_in(server.data.path()).expect("a folder");
    let database = runtime.block_on(open(&folder.path().join("hand.db")));
    let table = "CREATE TABLE hand (id INTEGER PRIMARY KEY, body TEXT NOT NULL)";
    runtime.block_on(database.execute_unprepared(table)).expect("a table");
    let mut number = 1;
    group.bench_function("floor: the same writes by hand", |bench| {
        bench.iter_custom(|times| {
            runtime.block_on(async {
                let begun = Instant::now();
                for _ in 0..times {
                    number += 1;
                    write_by_hand(&database, number).await;
                }
                begun.elapsed()
            })
        });
    });
    group.finish();
}

const PAGE: &str = "{ requests(first: 20) { nodes { id number status procedure { title version } currentVisit { step { key } \
    dueAt } visits { step { key } visit completedAt } dispositions { instruction from { user { name } } } documents { \
    title number } assets { name status } submittedBy { name } } } }";

/// The page's statements and its JSON by hand.
async fn page_by_hand(database: &DatabaseConnection) -> String {
    let all = async |text: &str, binds: Vec<Bind>| database.query_all_raw(sql(text, binds)).await.expect("it reads");
    let requests = all(
        "SELECT * FROM requests WHERE office = ? ORDER BY submitted_at DESC, id DESC LIMIT 21",
        vec!["singkawang".into()],
    )
    .await;
    let ids: Vec<Uuid> = requests.iter().take(20).map(|row| row.try_get("", "id").unwrap()).collect();
    let marks = vec!["?"; ids.len()].join(", ");
    let of = async |table: &str| {
        let rows = all(
            &format!("SELECT * FROM {table} WHERE request_id IN ({marks})"),
            ids.iter().map(|id| (*id).into()).collect(),
        )
        .await;
        let mut by: HashMap<Uuid, Vec<sea_orm::QueryResult>> = HashMap::new();
        for row in rows {
            by.entry(row.try_get("", "request_id").unwrap()).or_default().push(row);
        }
        by
    };
    let (visits, dispositions, documents, assets) =
        (of("visits").await, of("dispositions").await, of("documents").await, of("assets").await);
    let people = all("SELECT id, name FROM users", Vec::new()).await;
    let people: HashMap<Uuid, String> =
        people.iter().map(|row| (row.try_get("", "id").unwrap(), row.try_get("", "name").unwrap())).collect();
    let text = |row: &sea_orm::QueryResult, column: &str| row.try_get::<Option<String>>("", column).unwrap();
    let nodes: Vec<Value> = requests
        .iter()
        .take(20)
        .map(|row| {
            let id: Uuid = row.try_get("", "id").unwrap();
            let submitter: Uuid = row.try_get("", "submitted_by").unwrap();
            let list = |of: &HashMap<Uuid, Vec<sea_orm::QueryResult>>, entry: &dyn Fn(&sea_orm::QueryResult) -> Value| {
                of.get(&id).into_iter().flatten().map(entry).collect::<Vec<Value>>()
            };
            json!({
                "id": id, "number": text(row, "number"), "status": text(row, "status"),
                "procedure": { "title": text(row, "procedure"), "version": 1 },
                "currentVisit": { "step": { "key": text(row, "step") }, "dueAt": text(row, "due_at") },
                "visits": list(&visits, &|visit| json!({
                    "step": { "key": text(visit, "step") }, "visit": visit.try_get::<i32>("", "visit").unwrap(),
                    "completedAt": text(visit, "completed_at"),
                })),
                "dispositions": list(&dispositions, &|given| json!({
                    "instruction": text(given, "instruction"),
                    "from": { "user": { "name": people.get(&given.try_get("", "actor_user").unwrap()) } },
                })),
                "documents": list(&documents, &|document| json!({
                    "title": text(document, "title"), "number": text(document, "number"),
                })),
                "assets": list(&assets, &|asset| json!({ "name": text(asset, "name"), "status": text(asset, "status") })),
                "submittedBy": { "name": people.get(&submitter) },
            })
        })
        .collect();
    json!({ "data": { "requests": { "nodes": nodes } } }).to_string()
}

/// A nested page over HTTP. Beside the same statements and the same JSON by hand, without HTTP, GraphQL or permissions.
fn nested_page(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime.block_on(Server::start());
    runtime.block_on(async {
        for letter in 0..200 {
            let id = server.submit(&format!("005/{letter}")).await;
            server.forward(&id, letter).await;
            server.dispose(&id).await;
        }
    });
    let mut group = criterion.benchmark_group("nested page");
    group.sample_size(20).measurement_time(Duration::from_secs(8));
    group.bench_function("over HTTP, permissions on", |bench| {
        bench.iter(|| runtime.block_on(server.ask("kadis", PAGE, json!({}))));
    });
    let mut number = 0;
    group.bench_function("over HTTP, each time by a new document", |bench| {
        bench.iter(|| {
            number += 1;
            runtime.block_on(server.ask("kadis", &format!("query Page{number} {PAGE}"), json!({})))
        });
    });
    let database = runtime.block_on(open(&server.database()));
    group.bench_function("floor: the same SQL and JSON by hand", |bench| {
        bench.iter(|| runtime.block_on(page_by_hand(&database)));
    });
    group.finish();
}

criterion_group!(benches, policy_decision, policy_size, step_decision, execute_step, nested_page);
criterion_main!(benches);
