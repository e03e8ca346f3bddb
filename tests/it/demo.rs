//! The demo, to its end; its kept data, and its people.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::harness::{Folders, command, output, signal};
use crate::prepared;

/// Everybody's password in it.
pub(crate) const PASSWORD: &str = "contoh belaka";

/// A demo with its story told, for the guides and the examples.
pub(crate) struct Demo {
    child: Child,
    /// Its address, as the beginning of a URL.
    pub(crate) base: String,
    /// What was said while its story was played.
    story: &'static str,
    http: reqwest::Client,
    _data: tempfile::TempDir,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Demo {
    /// A demo in a temporary folder. Its story is played once for each run of this binary, and copied.
    pub(crate) fn new() -> Self {
        static PLAYED: OnceLock<(PathBuf, String)> = OnceLock::new();
        let (played, story) = PLAYED.get_or_init(|| {
            let data = prepared::folder().join("demo");
            let (mut child, told) = Self::begin(&data);
            signal(child.id(), "TERM");
            assert!(child.wait().expect("it ends").success());
            (data, told)
        });
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("demo");
        prepared::copy(played, &data);
        let (child, told) = Self::begin(&data);
        let base = told.split_whitespace().find_map(|word| word.strip_suffix("/graphiql")).expect("the explorer");
        Self { child, base: base.to_owned(), story, http: reqwest::Client::new(), _data: folder }
    }

    /// Starts one on that folder, and reads until it has told everything.
    fn begin(data: &std::path::Path) -> (Child, String) {
        let mut child = command(data, &Folders::shipped())
            .args(["demo", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
        let lines: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.starts_with("Ctrl-C")).collect();
        (child, lines.join("\n"))
    }

    /// The endpoint.
    pub(crate) fn url(&self) -> String {
        format!("{}/graphql", self.base)
    }

    /// Sends an operation, with a token or none; the whole answer.
    pub(crate) async fn send(&self, token: Option<&str>, query: &str, variables: Value) -> Value {
        let mut request = self.http.post(self.url()).json(&json!({ "query": query, "variables": variables }));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    /// Signs somebody in; their token.
    pub(crate) async fn token(&self, username: &str) -> String {
        let query = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }";
        let input = json!({ "username": username, "password": PASSWORD });
        let answer = self.send(None, query, json!({ "input": input })).await;
        answer["data"]["signIn"]["accessToken"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// The end of a request's number, in any year.
    pub(crate) fn number(&self, of: &str) -> String {
        let (code, count) = of.rsplit_once('/').expect("a number");
        let fits = |word: &&str| word.starts_with(&format!("{code}/")) && word.ends_with(&format!("/{count}"));
        let mut words = self.story.split(|c: char| c.is_whitespace() || c == ':');
        words.find(fits).unwrap_or_else(|| panic!("{of}")).to_owned()
    }
}

#[test]
fn the_demo_plays_to_its_end_and_keeps_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    // The default port is taken, by this or by another program: any free one is used.
    let _taken = TcpListener::bind(("127.0.0.1", 8080));
    let told = Command::new(env!("CARGO_BIN_EXE_disposisi"))
        .arg("--procedures")
        .arg(Folders::shipped().procedures)
        .arg("--policies")
        .arg(Folders::shipped().policies)
        .args(["demo", "--exit"])
        .current_dir(folder.path())
        .env_clear()
        .env("TMPDIR", folder.path())
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success(), "{text}\n{}", String::from_utf8_lossy(&told.stderr));
    for says in [
        "SKW/CLOUD/",
        "Lia Contoh, Subkor ILE: 5. Tidak, “NIP penanggung jawab tidak sesuai”",
        "RETURNED to OPD/Pengguna at step 1",
        "COMPLETED; dinkes is ACTIVE",
        "reads the credential",
        "7. Tidak, “Kuota seharusnya 100 GiB”",
        "Kadri Contoh, Kepala Dinas: refuses the Draft Surat Balasan",
        "COMPLETED; dinkes.singkawangkota.go.id is ACTIVE",
        "COMPLETED; srv-pajak is ACTIVE",
        "Nyoman Contoh, Kepala Dinas: 7. Tolak penetapan",
        "Every request ended as it should.",
        "nothing was touched",
    ] {
        assert!(text.contains(says), "“{says}” in:\n{text}");
    }
    assert_eq!(text.matches("→ REJECTED").count(), 2, "{text}");
    assert!(!text.contains("sandi-contoh"), "a secret is not printed");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0, "nothing is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_demo_resumes() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("demo");
    let folders = Folders::shipped();
    let told = output(&data, &folders, &["demo", "--exit"], "");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let limited = command(&folder.path().join("limited"), &folders)
        .args(["demo", "--exit"])
        .envs([("DISPOSISI_PERSON_BURST", "5"), ("DISPOSISI_PERSON_RATE", "1")])
        .output()
        .expect("it ends");
    let told = String::from_utf8_lossy(&limited.stderr);
    assert!(!limited.status.success() && told.contains("RATE_LIMITED") && told.contains("mend:"), "{told}");
    let again = output(&data, &folders, &["demo", "--exit"], "");
    assert!(String::from_utf8_lossy(&again.stderr).contains("holds data already"), "a story is told once");

    let (mut child, text) = Demo::begin(&data);
    let explorer = text.split_whitespace().find(|word| word.ends_with("/graphiql")).expect("the explorer").to_owned();
    for name in ["siti", "kadri", "nyoman", "komang", "password “contoh belaka”"] {
        assert!(text.contains(name), "{name} in:\n{text}");
    }
    let question = text.lines().find(|line| line.trim_start().starts_with("curl ")).expect("a first question");
    let answer = Command::new("sh").args(["-c", question]).output().expect("curl");
    let answer: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    assert_eq!(answer["data"]["offices"].as_array().map(Vec::len), Some(2), "{answer}");
    let page = reqwest::get(&explorer).await.expect("an answer");
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.contains("script-src 'self'"), "{policy}");
    let page = page.text().await.expect("the page");
    assert!(!page.contains("://"), "nothing from elsewhere: {page}");
    for file in page.split('"').filter(|part| part.starts_with("/graphiql/")) {
        let base = explorer.trim_end_matches("/graphiql");
        let got = reqwest::get(format!("{base}{file}")).await.expect("an answer");
        assert!(got.status().is_success(), "{file}");
        let tag = got.headers()["etag"].clone();
        let known = reqwest::Client::new().get(format!("{base}{file}")).header("if-none-match", tag);
        assert_eq!(known.send().await.expect("an answer").status().as_u16(), 304, "{file}");
        // Compressed for those that take it, with a tag of its own.
        let plain = got.bytes().await.expect("the file");
        let compressed = || reqwest::Client::new().get(format!("{base}{file}")).header("accept-encoding", "br, gzip");
        let got = compressed().send().await.expect("an answer");
        assert_eq!(got.headers()["content-encoding"], "gzip");
        assert_eq!(got.headers()["vary"], "accept-encoding");
        let tag = got.headers()["etag"].clone();
        assert_eq!(compressed().header("if-none-match", tag).send().await.expect("an answer").status().as_u16(), 304);
        let mut content = Vec::new();
        let body = got.bytes().await.expect("the file");
        flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut content).expect("gzip");
        assert_eq!((content == plain, body.len() < plain.len()), (true, true), "{file}");
        let refused = reqwest::Client::new().get(format!("{base}{file}")).header("accept-encoding", "gzip;q=0");
        assert_eq!(refused.send().await.expect("an answer").bytes().await.expect("the file"), plain, "{file}");
    }
    signal(child.id(), "TERM");
    assert!(child.wait().expect("it ends").success());
}
