//! nginx and HAProxy, configured as docs/operations.md prints, between clients and a server.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::Method;
use serde_json::json;
use tokio::net::TcpStream;

use crate::connection::{Connection, Http};
use crate::harness::Server;
use crate::transports::{CAST, Tokens, all_transports, authority};

const PAGE: &str = include_str!("../../../docs/operations.md");

/// The address of the server in the page.
const PRINTED: &str = "127.0.0.1:8080";

/// The page's blocks of a language, with a server's address.
fn printed(language: &str, server: &Server) -> Vec<String> {
    let blocks = PAGE.split("\n```").skip(1).step_by(2);
    let blocks = blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    blocks.map(|block| block.replace(PRINTED, authority(server))).collect()
}

/// A running proxy.
struct ReverseProxy {
    process: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Drop for ReverseProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl ReverseProxy {
    /// Starts a proxy by its configuration, written for an address and a folder of its own.
    async fn start(program: &str, flags: &[&str], configuration: impl Fn(&str, &Path) -> String) -> Self {
        // A free port may be taken by another test before the proxy has it.
        for _ in 0..10 {
            let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
            let (address, folder) = (free.to_string(), tempfile::tempdir().expect("a folder"));
            let path = folder.path().join("configuration");
            std::fs::write(&path, configuration(&address, folder.path())).expect("written");
            let mut command = Command::new(program);
            // Some people have no folder of such programs in their path.
            command.env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default()));
            let process = command.args(flags).arg(&path).stdout(Stdio::null()).spawn();
            let process = process.unwrap_or_else(|error| panic!("{program}: {error}; `.ci/setup` installs it"));
            let mut proxy = Self { process, address, _folder: folder };
            while proxy.process.try_wait().expect("a process").is_none() {
                if TcpStream::connect(&proxy.address).await.is_ok() {
                    return proxy;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        panic!("{program} does not start");
    }

    /// nginx, listening with these further words.
    async fn nginx(server: &Server, listen: &str) -> Self {
        let [map, location] = &printed("nginx", server)[..] else { panic!("two blocks") };
        Self::start("nginx", &["-e", "stderr", "-c"], |address, folder| {
            let folder = folder.display();
            let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
            let folders: String = kinds.iter().map(|kind| format!("{kind}_temp_path {folder}/{kind};\n")).collect();
            format!(
                "daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}}\n\
                 http {{ access_log off; {folders} {map} server {{ listen {address} {listen}; {location} }} }}"
            )
        })
        .await
    }

    /// HAProxy, with these further words for the server.
    async fn haproxy(server: &Server, words: &str) -> Self {
        let [block] = &printed("haproxy", server)[..] else { panic!("one block") };
        let at = authority(server);
        assert!(block.contains(&format!("{at} check")), "{block}");
        let block = block.replace(&format!("{at} check"), &format!("{at} check {words}"));
        Self::start("haproxy", &["-db", "-f"], |address, _| {
            format!("{block}\nfrontend test\n    bind {address}\n    default_backend disposisi\n")
        })
        .await
    }

    /// Two clients behind it: each has a rate limit of its own, as the server trusts the address the proxy tells.
    async fn tells_addresses(&self, way: &str, http: Http) {
        for own in ["127.0.0.2", "127.0.0.3"] {
            let mut client = Connection::from_address(own, http, &self.address).await;
            for left in [2, 1] {
                let (_, headers, _) = client.get("/graphql?query=%7B%20viewer%20%7B%20language%20%7D%20%7D").await;
                let told = headers.get("ratelimit").map(|told| told.to_str().expect("text").to_owned());
                let told = told.unwrap_or_else(|| panic!("{way}: {headers:?}"));
                assert!(told.contains(&format!(";r={left};")), "{way}: {own}: {told}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_transports_work_behind_nginx() {
    let server = Server::with_flags(CAST, &["--trusted-proxies", "127.0.0.1"]);
    let tokens = Tokens::of(&server).await;
    let (one, two) = (ReverseProxy::nginx(&server, "").await, ReverseProxy::nginx(&server, "http2").await);
    all_transports(("nginx, HTTP/1.1", &one.address), (Http::One, Http::One), &tokens).await;
    // nginx takes no WebSocket over HTTP/2: browsers open another connection for it.
    let mut tu = Connection::open(Http::Two, &two.address).await.with_token(&tokens.tu);
    assert_eq!(tu.query("{ __typename }").await, json!({ "data": { "__typename": "Query" } }));
    assert_eq!(tu.post("{ __typename }", &json!({})).await, json!({ "data": { "__typename": "Query" } }));
    for method in [Method::GET, Method::POST] {
        let mut stream = tu.follow(method, "{ __typename }").await;
        assert_eq!(stream.told().await.0, json!({ "data": { "__typename": "Query" } }));
        assert_eq!(stream.event().await.expect("an event")["event"], "complete");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_transports_work_behind_haproxy() {
    let server = Server::with_flags(CAST, &["--trusted-proxies", "127.0.0.1"]);
    let tokens = Tokens::of(&server).await;
    for (words, name) in [("", "HTTP/1.1"), ("proto h2", "HTTP/2")] {
        let proxy = ReverseProxy::haproxy(&server, words).await;
        for (client, http) in [("HTTP/1.1", Http::One), ("HTTP/2", Http::Two)] {
            let way = format!("HAProxy, {client} to {name}");
            all_transports((&way, &proxy.address), (http, http), &tokens).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn proxies_tell_the_address_of_the_client() {
    let flags = ["--trusted-proxies", "127.0.0.1", "--address-rate", "1", "--address-burst", "3"];
    let server = Server::with_flags(CAST, &flags);
    ReverseProxy::nginx(&server, "").await.tells_addresses("nginx", Http::One).await;
    let server = Server::with_flags(CAST, &flags);
    ReverseProxy::haproxy(&server, "proto h2").await.tells_addresses("HAProxy", Http::Two).await;
}
