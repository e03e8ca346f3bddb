//! An instance: one of several servers on a database, or one that loses its database.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{credentials, until_logged};

/// A running server.
pub(crate) struct Instance {
    child: Child,
    url: String,
    log: PathBuf,
    http: reqwest::Client,
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Instance {
    /// Starts the program as a server; `command` has the other arguments. Its log goes to that file.
    pub(crate) fn start(mut command: Command, log: &Path) -> Self {
        let file = std::fs::File::create(log).expect("the log");
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(file);
        let mut child = command.spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("it says where");
        let log = log.to_owned();
        let url = line.trim().strip_prefix("serving ");
        let url = url.unwrap_or_else(|| panic!("{}", std::fs::read_to_string(&log).unwrap_or_default())).to_owned();
        Self { child, url, log, http: reqwest::Client::new() }
    }

    /// Its log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("the log")
    }

    /// Waits until the log contains a text that many times.
    pub(crate) async fn until_logged(&self, text: &str, times: usize) {
        until_logged(|| self.log(), text, times).await;
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Its address, as the beginning of a URL.
    pub(crate) fn base(&self) -> &str {
        self.url.trim_end_matches("/graphql")
    }

    /// The answer of its readiness check.
    pub(crate) async fn is_ready(&self) -> bool {
        let url = self.url.replace("/graphql", "/readyz");
        self.http.get(url).send().await.expect("an answer").status().is_success()
    }

    /// The answer to an operation.
    pub(crate) async fn send(&self, token: &str, query: &str, variables: Value) -> Value {
        let mut request = self.http.post(&self.url).json(&json!({ "query": query, "variables": variables }));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    /// Signs somebody in; their token.
    pub(crate) async fn sign_in(&self, name: &str) -> String {
        let query = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken userErrors { code } } }";
        let answer = self.send("", query, credentials(name)).await;
        answer["data"]["signIn"]["accessToken"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }
}
