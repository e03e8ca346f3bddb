//! A test's own server, and the people who act on it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::cast::{Cast, Entry};
use crate::{database, prepared};

/// Everybody's password here.
pub(crate) const PASSWORD: &str = "demonstration only";

/// A running server with its data folder.
pub(crate) struct Server {
    child: Child,
    url: String,
    folders: Folders,
    flags: Vec<String>,
    as_nobody: bool,
    data: tempfile::TempDir,
    http: reqwest::Client,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // In every test: the server must not have panicked.
        if !std::thread::panicking() {
            let log = self.log();
            assert!(!log.contains("panicked"), "{log}");
        }
    }
}

/// The folders of procedures and policies.
#[derive(Clone)]
pub(crate) struct Folders {
    pub(crate) procedures: PathBuf,
    pub(crate) policies: PathBuf,
}

impl Folders {
    /// The shipped ones.
    pub(crate) fn shipped() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self { procedures: root.join("procedures"), policies: root.join("policies") }
    }

    /// Those in a folder.
    pub(crate) fn at(home: &Path) -> Self {
        Self { procedures: home.join("procedures"), policies: home.join("policies") }
    }

    /// A copy of the shipped ones, to change.
    pub(crate) fn copied(to: &Path) -> Self {
        let shipped = Self::shipped();
        let copy = Self::at(to);
        copy_all(&shipped.procedures, &copy.procedures);
        copy_all(&shipped.policies, &copy.policies);
        copy
    }

    /// A copy of the shipped ones with the documentation's SOP beside Singkawang's, put there as its guide says.
    pub(crate) fn with_example(to: &Path) -> Self {
        let copy = Self::copied(to);
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/example");
        let sop = "permohonan-surel.toml";
        let office = copy.procedures.join("singkawang");
        std::fs::copy(example.join(sop), office.join(sop)).expect("a copy");
        for (file, lines) in
            [(copy.policies.join("singkawang.csv"), "policy.csv"), (office.join("english.toml"), "english.toml")]
        {
            let text = [&file, &example.join(lines)].map(|path| std::fs::read_to_string(path).expect("lines"));
            std::fs::write(file, text.concat()).expect("written");
        }
        copy
    }
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let copy = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_all(&path, &copy);
        } else {
            std::fs::copy(&path, copy).expect("a copy");
        }
    }
}

/// The program, on a data folder with its database.
pub(crate) fn command(data: &Path, folders: &Folders) -> Command {
    let mut command = bare(data, folders);
    command.envs(database::environment(data));
    command
}

/// The program, on a data folder without a database perhaps.
pub(crate) fn bare(data: &Path, folders: &Folders) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_disposisi"));
    command.arg("--data").arg(data);
    command.arg("--procedures").arg(&folders.procedures).arg("--policies").arg(&folders.policies);
    // Nothing of the machine's own settings.
    command.current_dir(data.parent().unwrap_or(data)).env_clear().envs(UNHINDERED);
    // Data folders with a clock of their own (`set_time`).
    if clock_of(data).exists() {
        command.env(disposisi::clock::TEST_CLOCK, clock_of(data));
    }
    // Those that have a seed (`Server::seeded`).
    if let Ok(seed) = std::fs::read_to_string(data.with_extension("seed")) {
        command.env(disposisi::random::TEST_SEED, seed);
    }
    command
}

/// The file with the clock of programs on a data folder.
fn clock_of(data: &Path) -> PathBuf {
    data.with_extension("clock")
}

/// The present moment by the machine's clock.
pub(crate) fn now() -> DateTime<Utc> {
    disposisi::clock::Clock::now(&disposisi::clock::SystemClock)
}

/// Sets the clock of programs on a data folder, running ones included if it was set before they started.
pub(crate) fn set_time(data: &Path, moment: DateTime<Utc>) {
    set_offset(data, moment - now());
}

/// Sets the clock of programs on a data folder ahead of the machine's.
fn set_offset(data: &Path, offset: TimeDelta) {
    let next = data.with_extension("clock.next");
    std::fs::write(&next, offset.num_seconds().to_string()).expect("written");
    std::fs::rename(next, clock_of(data)).expect("put in place");
}

/// Waits until a log contains a text that many times.
pub(crate) async fn until_logged(log: impl Fn() -> String, text: &str, times: usize) {
    eventually(|| format!("`{text}`: {}", log()), async || log().matches(text).count() >= times).await;
}

/// The longest wait for anything that must come: long, since the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until a condition holds.
pub(crate) async fn eventually(what: impl Fn() -> String, holds: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "{}", what());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Settings without rate limits: tests do in a second what people do in an hour.
const UNHINDERED: [(&str, &str); 5] = [
    ("DISPOSISI_PERSON_RATE", "0"),
    ("DISPOSISI_KEY_RATE", "0"),
    ("DISPOSISI_ADDRESS_RATE", "0"),
    ("DISPOSISI_PERSON_SOCKETS", "0"),
    ("DISPOSISI_PERSON_OPERATIONS", "0"),
];

/// Runs a subcommand to its end, and how it ended.
pub(crate) fn output(data: &Path, folders: &Folders, arguments: &[&str], input: &str) -> Output {
    let mut child = command(data, folders)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that refuses before it reads has closed its input.
    let _ = child.stdin.take().expect("standard input").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

/// Runs a subcommand that must not fail. Returns its output.
pub(crate) fn run(data: &Path, folders: &Folders, arguments: &[&str], input: &str) -> String {
    let output = output(data, folders, arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a subcommand as at another moment, on data without a clock of its own.
pub(crate) fn run_at(moment: &str, data: &Path, folders: &Folders, arguments: &[&str]) -> String {
    set_time(data, moment.parse().expect("a moment"));
    let said = run(data, folders, arguments, "");
    std::fs::remove_file(clock_of(data)).expect("removed");
    said
}

/// A serving child, and its address once it listens. Its log goes beside the data folder.
fn serve(data: &Path, folders: &Folders, flags: &[String], as_nobody: bool) -> (Child, String) {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(data.with_extension("log")).expect("the log");
    let mut program = command(data, folders);
    program.args(["serve", "--listen", "127.0.0.1:0"]).args(flags);
    // A limit on the size of files is told as an error of the write, as a full disk is, and does not end the process.
    let mut program = ignoring_size_limits(&program);
    if as_nobody {
        program = unprivileged(&program, data);
    }
    let mut child = program.stdout(Stdio::piped()).stderr(log).spawn().expect("the server starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("standard output")).read_line(&mut line).expect("it says where");
    let url = line.trim().strip_prefix("serving ").expect("the address").to_owned();
    (child, url)
}

/// Sends a signal to a process.
pub(crate) fn signal(process: u32, name: &str) {
    let sent = Command::new("/bin/sh").args(["-c", &format!("kill -s {name} {process}")]).status();
    assert!(sent.expect("a shell").success());
}

/// The same program, started by a shell that ignores the signal of the file size limit.
fn ignoring_size_limits(program: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program.get_program()).args(program.get_args());
    shell.current_dir(program.get_current_dir().expect("a folder")).env_clear().envs(told(program));
    shell
}

/// A program's environment.
fn told(program: &Command) -> impl Iterator<Item = (&std::ffi::OsStr, &std::ffi::OsStr)> {
    program.get_envs().filter_map(|(name, value)| Some((name, value?)))
}

/// True for root, stopped by no permission.
fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A command's beginning that runs it as an unprivileged user.
fn nobody() -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    command
}

/// The same program, run as an unprivileged user; the data folder becomes theirs.
fn unprivileged(program: &Command, data: &Path) -> Command {
    let all = data.parent().expect("a folder");
    assert!(Command::new("chown").args(["-R", "65534:65534"]).arg(all).status().expect("chown runs").success());
    let mut other = nobody();
    other.arg(program.get_program()).args(program.get_args());
    other.current_dir(program.get_current_dir().expect("a folder")).env_clear().envs(told(program));
    other
}

/// How somebody signs in.
pub(crate) fn credentials(name: &str) -> Value {
    json!({ "input": { "username": name, "password": PASSWORD } })
}

/// Lets these people act.
pub(crate) fn enter(people: Cast<'_>, run: impl Fn(&[&str], &str)) {
    let mut agencies: Vec<(&str, &str)> =
        people.iter().filter_map(|(_, office, _, agency)| agency.map(|agency| (*office, agency))).collect();
    agencies.sort_unstable();
    agencies.dedup();
    for (office, agency) in agencies {
        run(&["agency", "add", "--office", office, agency, "--name", agency], "");
    }
    for (name, office, role, agency) in people {
        run(&["user", "add", name, "--name", name, "--password-stdin"], PASSWORD);
        let mut grant = vec!["grant", name, "--office", office, "--role", role];
        grant.extend(agency.iter().flat_map(|agency| ["--agency", agency]));
        run(&grant, "");
    }
}

/// Flags of a server without limits on operations.
pub(crate) const UNLIMITED: [&str; 12] = [
    "--document-limit",
    "10000000",
    "--depth-limit",
    "64",
    "--complexity-limit",
    "1000000000000",
    "--token-limit",
    "1000000",
    "--field-limit",
    "1000000",
    "--alias-limit",
    "100000",
];

/// Flags by which a server logs its load.
pub(crate) const UNDER_WAY: [&str; 4] = ["--log", "warn,disposisi::service=debug", "--log-format", "json"];

impl Server {
    /// A server of the shipped procedures with these people.
    pub(crate) fn with(people: Cast<'_>) -> Self {
        Self::with_flags(people, &[])
    }

    /// The same, with flags.
    pub(crate) fn with_flags(people: Cast<'_>, flags: &[&str]) -> Self {
        Self::prepared(people, Folders::shipped(), flags)
    }

    /// A server of these procedures with these people.
    pub(crate) fn of(people: Cast<'_>, folders: Folders) -> Self {
        Self::prepared(people, folders, &[])
    }

    fn prepared(people: Cast<'_>, folders: Folders, flags: &[&str]) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        if !people.is_empty() {
            prepared::copy_cast(people, &folders, &data.path().join("data"));
        }
        Self::in_folder(data, folders, flags)
    }

    /// A server on a copy of a data folder.
    pub(crate) fn on_copy(of: &Path, folders: Folders, flags: &[&str]) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        prepared::copy(of, &data.path().join("data"));
        Self::in_folder(data, folders, flags)
    }

    /// A server with a clock set by the test ([`Server::set_time`], [`Server::advance`]), starting at the present.
    pub(crate) fn with_clock(people: Cast<'_>) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let (path, folders) = (data.path().join("data"), Folders::shipped());
        prepared::copy_cast(people, &folders, &path);
        set_offset(&path, TimeDelta::zero());
        Self::in_folder(data, folders, &[])
    }

    /// A server of the shipped procedures with these people, whose random numbers follow from a seed.
    pub(crate) fn seeded(seed: u64, people: Cast<'_>) -> Self {
        let (data, folders) = (tempfile::tempdir().expect("a folder"), Folders::shipped());
        let path = data.path().join("data");
        prepared::copy_cast(people, &folders, &path);
        std::fs::write(path.with_extension("seed"), seed.to_string()).expect("written");
        Self::in_folder(data, folders, &[])
    }

    /// The same as [`Server::with_clock`], starting at a moment of the past: people are entered then, one by one.
    pub(crate) fn at(moment: DateTime<Utc>, people: Cast<'_>) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let (path, folders) = (data.path().join("data"), Folders::shipped());
        set_time(&path, moment);
        enter(people, |arguments, input| drop(run(&path, &folders, arguments, input)));
        Self::in_folder(data, folders, &[])
    }

    /// A server of the shipped procedures with keys of its own; other servers share theirs on PostgreSQL.
    pub(crate) fn with_own_keys(people: Cast<'_>) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let (path, folders) = (data.path().join("data"), Folders::shipped());
        if database::engine() == database::Engine::Postgres {
            std::fs::create_dir_all(path.join("keys")).expect("a folder");
            drop(run(&path, &folders, &["keys", "init"], ""));
        }
        enter(people, |arguments, input| drop(run(&path, &folders, arguments, input)));
        Self::in_folder(data, folders, &[])
    }

    /// A server of the shipped procedures on the data of an earlier version (`tests/fixtures`), its clock at a moment.
    pub(crate) fn restored(fixture: &Path, moment: DateTime<Utc>) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        set_time(&data.path().join("data"), moment);
        database::restore(fixture, &data.path().join("data"));
        Self::in_folder(data, Folders::shipped(), &[])
    }

    /// Sets the clock of a running server with a clock of its own.
    pub(crate) fn set_time(&self, moment: DateTime<Utc>) {
        assert!(clock_of(&self.path()).exists(), "it runs by the machine's clock");
        set_time(&self.path(), moment);
    }

    /// Moves the clock of a running server ahead.
    pub(crate) fn advance(&self, by: TimeDelta) {
        let offset = std::fs::read_to_string(clock_of(&self.path())).expect("a server with a clock");
        set_offset(&self.path(), TimeDelta::seconds(offset.parse().expect("seconds")) + by);
    }

    /// The present moment by the server's clock.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let offset = std::fs::read_to_string(clock_of(&self.path())).unwrap_or_else(|_| "0".to_owned());
        now() + TimeDelta::seconds(offset.parse().expect("seconds"))
    }

    fn in_folder(data: tempfile::TempDir, folders: Folders, flags: &[&str]) -> Self {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let (child, url) = serve(&data.path().join("data"), &folders, &flags, false);
        Self { child, url, folders, flags, as_nobody: false, data, http: reqwest::Client::new() }
    }

    /// Its log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path().with_extension("log")).expect("the log")
    }

    /// Waits until the log contains a text that many times.
    pub(crate) async fn until_logged(&self, text: &str, times: usize) {
        until_logged(|| self.log(), text, times).await;
    }

    /// Numbers of tasks and followers, from the next report in the log. Needs [`UNDER_WAY`] and a clock of its own.
    pub(crate) async fn under_way(&self) -> (u64, u64) {
        const REPORT: &str = "\"under way\"";
        let reports = self.log().matches(REPORT).count();
        self.advance(TimeDelta::seconds(6));
        self.until_logged(REPORT, reports + 1).await;
        let log = self.log();
        let report = log.lines().rev().find(|line| line.contains(REPORT)).expect("a report");
        let report: Value = serde_json::from_str(report).expect("JSON");
        let number = |name: &str| report["fields"][name].as_u64().unwrap_or_else(|| panic!("{report}"));
        (number("tasks"), number("followers"))
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// A program to be run as the server's user.
    pub(crate) fn beside(&self, program: &str) -> Command {
        if !self.as_nobody {
            return Command::new(program);
        }
        let mut command = nobody();
        command.arg(program);
        command
    }

    /// Ends it at once, whatever it is doing.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().expect("it ends");
    }

    /// Starts it again after its end.
    pub(crate) fn start(&mut self) {
        (self.child, self.url) = serve(&self.path(), &self.folders, &self.flags, self.as_nobody);
    }

    /// Restarts it with these flags.
    pub(crate) fn restart_with(&mut self, flags: &[&str]) {
        self.stop();
        self.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        self.start();
    }

    /// Restarts it as an unprivileged user, with a readable program and procedures.
    pub(crate) fn restart_unprivileged(&mut self) {
        self.stop();
        self.folders = Folders::copied(self.data.path());
        self.as_nobody = is_root();
        self.start();
    }

    /// Its procedures and policies.
    pub(crate) fn folders(&self) -> &Folders {
        &self.folders
    }

    /// The data folder.
    pub(crate) fn path(&self) -> PathBuf {
        self.data.path().join("data")
    }

    /// Its address, as the beginning of a URL.
    pub(crate) fn base(&self) -> &str {
        self.url.trim_end_matches("/graphql")
    }

    /// Ends it as an operator would; how it ended.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        signal(self.child.id(), "TERM");
        self.child.wait().expect("it ends")
    }

    /// Restarts it on these procedures.
    pub(crate) fn restart(&mut self, folders: Folders) {
        self.stop();
        self.folders = folders;
        self.start();
    }

    /// Runs a subcommand on this server's data.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        run(&self.path(), &self.folders, arguments, "")
    }

    /// Searches the whole database for a text.
    pub(crate) fn holds(&self, text: &str) -> bool {
        database::holds(&self.path(), text)
    }

    /// Sends an operation, with a token or none; the whole answer.
    pub(crate) async fn send(&self, token: Option<&str>, query: &str, variables: Value) -> Value {
        self.try_send(token, query, variables).await.expect("an answer")
    }

    /// The same to a server that may be gone.
    pub(crate) async fn try_send(&self, token: Option<&str>, query: &str, variables: Value) -> Option<Value> {
        let mut request = self.http.post(&self.url).json(&json!({ "query": query, "variables": variables }));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.send().await.ok()?;
        let id = answer.headers().get("x-request-id").cloned().expect("an id");
        let mut answer: Value = answer.json().await.ok()?;
        // Every error has the id of its call, removed here: equal answers compare equal.
        for error in answer.get_mut("errors").and_then(Value::as_array_mut).into_iter().flatten() {
            let in_error = error["extensions"].as_object_mut().and_then(|extensions| extensions.remove("requestId"));
            assert_eq!(in_error.as_ref().and_then(Value::as_str), id.to_str().ok(), "{error}");
        }
        Some(answer)
    }

    /// A person's token with an end in about so many seconds and five, the clocks' leeway included.
    pub(crate) async fn token_for(&self, name: &str, seconds: i64) -> String {
        let claims = self.person(name).await.token().split('.').nth(1).map(|part| URL_SAFE_NO_PAD.decode(part));
        let claims: Value = serde_json::from_slice(&claims.expect("claims").expect("base64")).expect("JSON");
        let id = |claim: &str| claims[claim].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let bearer = disposisi::auth::Bearer { user: id("sub"), session: id("sid") };
        let keys = disposisi::auth::Keys::open(&self.path().join("keys")).expect("the keys");
        let token = keys.issue(bearer, "disposisi", now(), TimeDelta::seconds(seconds)).expect("a token").0;
        token.expose().to_owned()
    }

    /// The id of an object of a kind as this server gives it, whether there is one or not.
    pub(crate) fn id_of(&self, kind: &str, key: uuid::Uuid) -> String {
        let keys = disposisi::auth::Keys::open(&self.path().join("keys")).expect("the keys");
        keys.encode_authenticated(&[b"id"], &[kind.as_bytes(), b":", key.as_bytes()].concat())
    }

    /// Signs a person in.
    pub(crate) async fn person(&self, name: &str) -> Person<'_> {
        self.sign_in(credentials(name)).await
    }

    /// Signs in a person who uses one-time codes.
    pub(crate) async fn person_with_code(&self, name: &str, code: &str) -> Person<'_> {
        self.sign_in(json!({ "input": { "username": name, "password": PASSWORD, "totpCode": code } })).await
    }

    async fn sign_in(&self, variables: Value) -> Person<'_> {
        let query = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { code } } }";
        let answer = self.send(None, query, variables).await;
        let token = answer["data"]["signIn"]["accessToken"].as_str().unwrap_or_else(|| panic!("{answer}"));
        Person { server: self, token: token.to_owned() }
    }

    /// Signs in everybody of a cast.
    pub(crate) async fn everybody<'n>(&self, cast: &[Entry<'n>]) -> BTreeMap<&'n str, Person<'_>> {
        let mut people = BTreeMap::new();
        for (name, ..) in cast {
            people.insert(*name, self.person(name).await);
        }
        people
    }
}

/// Signed-in people, by name.
pub(crate) type People<'a> = BTreeMap<&'a str, Person<'a>>;

/// A signed-in person.
pub(crate) struct Person<'a> {
    server: &'a Server,
    token: String,
}

impl Person<'_> {
    /// Their access token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The whole answer to an operation.
    pub(crate) async fn answer(&self, query: &str, variables: Value) -> Value {
        self.server.send(Some(&self.token), query, variables).await
    }

    /// The data of an operation that must not fail.
    pub(crate) async fn ask(&self, query: &str, variables: Value) -> Value {
        let answer = self.server.send(Some(&self.token), query, variables).await;
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"].clone()
    }

    /// The code of the top-level error of an operation.
    pub(crate) async fn refusal(&self, query: &str, variables: Value) -> String {
        let answer = self.server.send(Some(&self.token), query, variables).await;
        answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned()
    }

    /// A request as this person sees it; else null.
    pub(crate) async fn see(&self, number: &str) -> Value {
        self.ask(READ, json!({ "number": number })).await["request"].take()
    }

    /// Executes a step at the request's present version. Returns its status, or the codes of the user errors.
    pub(crate) async fn execute(
        &self,
        number: &str,
        step: &str,
        outcome: &str,
        more: Value,
    ) -> Result<String, Vec<String>> {
        let query = "query($number: String!) { request(number: $number) { id version } }";
        let found = self.ask(query, json!({ "number": number })).await["request"].take();
        let input = json!({
            "requestId": found["id"], "step": step, "outcome": outcome, "expectedVersion": found["version"],
        });
        let payload = self.ask(EXECUTE, json!({ "input": with(input, more) })).await["executeStep"].take();
        let errors = payload["userErrors"].as_array().expect("a list").iter();
        let codes: Vec<String> = errors.map(|error| error["code"].as_str().unwrap_or_default().to_owned()).collect();
        if codes.is_empty() {
            Ok(payload["request"]["status"].as_str().unwrap_or_default().to_owned())
        } else {
            Err(codes)
        }
    }
}

/// An object with more fields, or with other values of them.
pub(crate) fn with(mut object: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more} is no object") };
    object.as_object_mut().expect("an object").extend(more);
    object
}

/// A request with the fields of interest to tests.
pub(crate) const READ: &str = "query($number: String!) { request(number: $number) { id number version status reason \
    currentVisit { step { key } visit } visits { step { key } visit outcome { key } note } \
    documents { id kind { key } title current signatures { decision } } \
    assets { id name status } dispositions { id instruction } \
    availableActions { kind step { key } outcomes { key } } events(first: 100) { nodes { kind sequence } } } }";

const EXECUTE: &str = "mutation($input: ExecuteStepInput!) { executeStep(input: $input) { request { status version } \
    userErrors { code message path } } }";
