//! The examples of the guide to permissions, each as it tells.

use serde_json::{Value, json};

use crate::acts::{Cloud, dispose, sheet};
use crate::cast::{ADMIN, Cast, KABID, KADIS, OPD, OTHER, TU};
use crate::harness::{Folders, Server};

/// The blocks of a kind in a guide, in order.
fn blocks<'a>(guide: &'a str, kind: &str) -> Vec<&'a str> {
    let begin = format!("```{kind}\n");
    guide.split(&begin).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// The indented lines of a guide, without their indent.
fn commands<'a>(guide: &'a str, begin: &str) -> Vec<&'a str> {
    guide.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| line.starts_with(begin)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_permissions_guide_work() {
    const CAST: Cast<'static> = &[
        OPD,
        OTHER,
        ("siti", "singkawang", "admin-cloud", None),
        KADIS,
        KABID,
        TU,
        ("board", "singkawang", "pimpinan-opd", Some("dinkes")),
        ADMIN,
    ];
    let guide = include_str!("../../../docs/permissions.md");
    let home = tempfile::tempdir().expect("a folder");
    let folders = Folders::copied(home.path());
    // Every policy line shown by itself is accepted by `check`.
    let office = folders.procedures.join("singkawang/office.toml");
    let text = std::fs::read_to_string(&office).expect("the office");
    let [role] = commands(guide, "kontraktor = ")[..] else { panic!("one role") };
    std::fs::write(&office, text.replace("[roles]\n", &format!("[roles]\n{role}\n"))).expect("written");
    let file = folders.policies.join("singkawang.csv");
    let mut policy = std::fs::read_to_string(&file).expect("the policy");
    let lines: Vec<&str> = commands(guide, "p, ").into_iter().filter(|line| !line.contains('<')).collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    for line in lines {
        match line.split_once(", other-than").or(line.split_once(", definitive")) {
            Some((plain, _)) => policy = policy.replace(&format!("{plain}\n"), &format!("{line}\n")),
            None => policy += &format!("{line}\n"),
        }
        assert!(policy.contains(line), "{line}");
    }
    std::fs::write(&file, policy).expect("written");
    let server = Server::of(CAST, folders);

    let admin = server.person("admin").await;
    let id = async |name: &str| admin.person_of("singkawang", name).await["user"]["id"].take();
    let number = server.person("opd").await.submit(Cloud::letter("1")).await.number;
    server.person("other").await.submit(Cloud::letter("2")).await;
    let [explain, stands_in, add, contract, key] = blocks(guide, "graphql")[..] else { panic!("five operations") };
    let answer = admin.ask(explain, json!({ "request": number })).await;
    assert_eq!(answer["explainPolicy"]["grants"][0]["verdict"], "ALLOWS", "{answer}");

    // Plt. while the Kepala Dinas is away.
    let ids = json!({ "kabid": id("kabid").await, "kadis": id("kadis").await });
    let granted = admin.ask(stands_in, ids).await;
    assert_eq!(granted["grantRole"]["userErrors"], json!([]));
    server.person("tu").await.execute(&number, "2", "forward", sheet()).await.expect("forwarded");
    let kabid = server.person("kabid").await;
    kabid.execute(&number, "3", "dispose", dispose()).await.expect("as Plt.");
    let visits = "query($number: String!) { request(number: $number) { visits { performedBy { user { name } role { name } \
        capacity onBehalfOf { name } } } } }";
    let seen = kabid.ask(visits, json!({ "number": number })).await;
    let plt = json!({ "user": { "name": "kabid" }, "role": { "name": "Kepala Dinas" }, "capacity": "ACTING",
        "onBehalfOf": { "name": "kadis" } });
    assert_eq!(seen["request"]["visits"][2]["performedBy"], plt, "{seen}");

    // A contractor for one agency.
    let added = admin.ask(add, json!({})).await["createUser"].clone();
    assert_eq!(added["userErrors"], json!([]), "{added}");
    let granted = admin.ask(contract, json!({ "mitra": added["user"]["id"] })).await;
    assert_eq!(granted["grantRole"]["userErrors"], json!([]), "{granted}");
    let sign_in = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken } }";
    let input = json!({ "input": { "username": "mitra", "password": "sementara sekali" } });
    let token = server.send(None, sign_in, input).await["data"]["signIn"]["accessToken"].clone();
    let all = "{ requests { totalCount nodes { number letter { number } contact { phone } visits { note } availableActions \
        { kind } } } }";
    let seen = server.send(token.as_str(), all, json!({})).await["data"]["requests"].clone();
    assert_eq!((&seen["totalCount"], &seen["nodes"][0]["number"]), (&json!(1), &json!(number)), "{seen}");
    assert_eq!(
        (&seen["nodes"][0]["contact"]["phone"], &seen["nodes"][0]["availableActions"]),
        (&Value::Null, &json!([]))
    );

    // A script for reading only.
    let board = server.person("board").await;
    let made = board.ask(key, json!({})).await["createApiKey"].clone();
    let key = made["key"].as_str().unwrap_or_else(|| panic!("{made}"));
    let [asked] = commands(guide, "  -d '{\"query\"")[..] else { panic!("one call") };
    let asked: Value =
        serde_json::from_str(asked.trim().trim_start_matches("-d '").trim_end_matches('\'')).expect("JSON");
    let answer = server.send(Some(key), asked["query"].as_str().expect("a query"), json!({})).await;
    assert_eq!(answer["data"]["requests"]["totalCount"], 1, "{answer}");
    let refused = server.send(Some(key), "{ requests { nodes { letter { number } } } }", json!({})).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
}
