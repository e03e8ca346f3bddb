//! A full disk, and a read-only file.

use serde_json::json;

use crate::acts::{Cloud, SUBMIT};
use crate::cast::{Cast, OPD};
use crate::harness::{READ, Server};

const CAST: Cast<'static> = &[OPD];

/// Sets how large any file of the process may grow.
fn limit(server: &Server, bytes: &str) {
    let process = server.process().to_string();
    let limit = server.beside("prlimit").args(["--pid", &process, &format!("--fsize={bytes}:")]).status();
    assert!(limit.expect("prlimit, of util-linux").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_and_writes_resume() {
    let server = Server::with(CAST);
    let opd = server.person("opd").await;
    let before =
        opd.ask(SUBMIT, Cloud::letter("005/1").key("005/1").variables()).await["submitRequest"]["request"].clone();
    assert_eq!(before["version"], 1);
    // Full at once, and full after a while: either is told, and neither loses anything.
    for (round, bytes) in ["0", "400000"].into_iter().enumerate() {
        limit(&server, bytes);
        let mut refused = None;
        for index in 0..200 {
            let letter = format!("006/{round}/{index}");
            let answer = opd.answer(SUBMIT, Cloud::letter(&letter).key(&letter).variables()).await;
            if answer["errors"].is_array() {
                assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer}");
                refused = Some(letter);
                break;
            }
        }
        let refused = refused.expect("it took nothing any more");
        let number = "query($number: String!) { request(number: $number) { version } }";
        assert_eq!(
            opd.ask(number, json!({ "number": "SKW/CLOUD/2026/0001" })).await["request"]["version"],
            1,
            "reading goes on"
        );
        assert_eq!(
            opd.answer(SUBMIT, Cloud::letter(&refused).key(&refused).variables()).await["errors"][0]["extensions"]["code"],
            "UNAVAILABLE"
        );
        limit(&server, "unlimited");
        let after = opd.ask(SUBMIT, Cloud::letter(&refused).key(&refused).variables()).await["submitRequest"].clone();
        assert_eq!(after["request"]["version"], 1, "it goes on without a restart: {after}");
    }
    let all = opd.ask("{ requests(first: 100) { totalCount nodes { number } } }", json!({})).await["requests"].clone();
    let newest = all["nodes"][0]["number"].as_str().and_then(|number| number.rsplit('/').next()?.parse::<u64>().ok());
    assert_eq!(newest, all["totalCount"].as_u64(), "what was refused took no number");
    assert!(opd.ask(READ, json!({ "number": "SKW/CLOUD/2026/0001" })).await["request"]["events"]["nodes"].is_array());
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_database_is_reported_and_writes_resume() {
    use std::os::unix::fs::PermissionsExt;
    let mut server = Server::with(CAST);
    server.restart_unprivileged();
    let opd = server.person("opd").await;
    let permit = |mode: u32| {
        for file in std::fs::read_dir(server.path()).expect("the data folder") {
            let file = file.expect("a file").path();
            if file.is_file() {
                std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).expect("permitted");
            }
        }
    };
    assert_eq!(
        opd.ask(SUBMIT, Cloud::letter("005/1").key("005/1").variables()).await["submitRequest"]["request"]["version"],
        1
    );
    // An open file stays writable; so the connection is reopened while the files are read-only.
    limit(&server, "0");
    assert_eq!(
        opd.answer(SUBMIT, Cloud::letter("005/2").key("005/2").variables()).await["errors"][0]["extensions"]["code"],
        "UNAVAILABLE"
    );
    permit(0o400);
    limit(&server, "unlimited");
    for _ in 0..3 {
        let answer = opd.answer(SUBMIT, Cloud::letter("005/2").key("005/2").variables()).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer}");
    }
    let read = opd.ask("{ requests { totalCount } }", json!({})).await;
    assert_eq!(read["requests"]["totalCount"], 1, "reading goes on");
    assert!(server.log().contains("readonly"), "the operator is told why");
    permit(0o600);
    let after = opd.ask(SUBMIT, Cloud::letter("005/2").key("005/2").variables()).await["submitRequest"].clone();
    assert_eq!(after["request"]["version"], 1, "it goes on without a restart: {after}");
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}
