//! One rule for people: the command line refuses the operator as the API refuses an administrator, for the same reason and with
//! the argument named.

use serde_json::{Value, json};

use crate::cast::{ADMIN, Cast, PUTU};
use crate::harness::{Folders, PASSWORD, Person, Server, output};

const CAST: Cast<'static> = &[
    ("siti", "singkawang", "opd", Some("dinkes")),
    ("leaver", "singkawang", "tu", None),
    ("gone", "singkawang", "opd", Some("closed")),
    ADMIN,
    PUTU,
];

/// An input's field as a command-line argument.
const ARGUMENTS: &[(&str, &str)] = &[
    ("key", "<KEY>"),
    ("username", "<USERNAME>"),
    ("userId", "<USERNAME>"),
    ("password", "the password"),
    ("name", "--name"),
    ("nip", "--nip"),
    ("agency", "--agency"),
    ("decreeNumber", "--decree"),
    ("onBehalfOf", "--on-behalf-of"),
    ("validFrom", "--from"),
    ("validUntil", "--until"),
];

/// The server, its administrator, and the ids of its people.
struct Stage<'a> {
    server: &'a Server,
    admin: Person<'a>,
    people: Value,
}

impl<'a> Stage<'a> {
    async fn of(server: &'a Server) -> Self {
        let admin = server.person("admin").await;
        let query = "{ office(key: \"singkawang\") { people { user { id username } } agencies { id key } } viewer { user { id } } }";
        let office = admin.ask(query, json!({})).await["office"].clone();
        let closed = office["agencies"].as_array().expect("agencies").iter().find(|agency| agency["key"] == "closed");
        let mut stage = Self { server, admin, people: office["people"].clone() };
        let close = json!({ "agencyId": closed.expect("an agency")["id"] });
        assert_eq!(stage.ask("deactivateAgency", close).await, Vec::new());
        let out = json!({ "office": "singkawang", "userId": stage.id("gone") });
        assert_eq!(stage.ask("deactivateUser", out).await, Vec::new());
        let putu = server.person("putu").await.ask("{ viewer { user { id username } } }", json!({})).await;
        stage.people.as_array_mut().expect("people").push(putu["viewer"].clone());
        stage
    }

    fn id(&self, username: &str) -> Value {
        let mut people = self.people.as_array().expect("people").iter();
        people.find(|person| person["user"]["username"] == username).expect("a person")["user"]["id"].clone()
    }

    /// The faults found by the API: field, code and message of each.
    async fn ask(&self, mutation: &str, input: Value) -> Vec<(String, String, String)> {
        let input_type = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let query = format!(
            "mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ userErrors {{ code path message }} }} }}"
        );
        let answer = self.admin.ask(&query, json!({ "input": input })).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let errors = answer[mutation]["userErrors"].as_array().expect("a list").iter();
        errors.map(|error| (text(&error["path"][0]), text(&error["code"]), text(&error["message"]))).collect()
    }

    /// The message of a command that must fail.
    fn refusal(&self, arguments: &[&str], input: &str) -> String {
        let output = output(&self.server.path(), &Folders::shipped(), arguments, input);
        assert!(!output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Compares the refusal of a command with a mutation's, about this field.
    async fn compare(&self, mutation: &str, input: Value, arguments: &[&str], field: &str) {
        let password = input["password"].as_str().unwrap_or_default().to_owned();
        let refused = self.ask(mutation, input.clone()).await;
        assert!(refused.iter().any(|(path, _, _)| path == field), "{mutation} {input}: {refused:?}");
        let said = self.refusal(arguments, &password);
        for (path, code, message) in refused {
            let argument = ARGUMENTS.iter().find(|(known, _)| *known == path).expect("an argument").1;
            // A client is not told why something is not to be found.
            let message = if code == "NOT_FOUND" { String::new() } else { message };
            assert!(
                said.contains(&format!("{argument}: {message}")),
                "{arguments:?}: {said}; the API: {path} {message}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_keys_are_refused_alike() {
    let server = Server::with(CAST);
    let stage = Stage::of(&server).await;
    let long = "x".repeat(301);
    let names = ["", "  ", "Siti\nContoh", "Siti\u{202e}Contoh", "Siti\u{200f}", "Siti\u{7}", &long];
    for (key, name, field) in [("Dinas!", "A", "key"), ("", "A", "key"), ("dinkes", "A", "key"), ("closed", "A", "key")]
        .into_iter()
        .chain(names.iter().map(|name| ("new", *name, "name")))
    {
        let input = json!({ "office": "singkawang", "key": key, "name": name });
        let arguments = ["agency", "add", key, "--office", "singkawang", "--name", name];
        stage.compare("createAgency", input, &arguments, field).await;
    }
    let user = |username: &'static str, name: &str, nip: Option<&'static str>, agency: Option<&'static str>| {
        json!({ "office": "singkawang", "username": username, "name": name, "nip": nip, "agency": agency,
            "password": PASSWORD })
    };
    let mut cases = vec![
        (user("a b", "Siti", None, None), "username"),
        (user("", "Siti", None, None), "username"),
        (user("siti", "Siti", None, None), "username"),
        (user("gone", "Siti", None, None), "username"),
        (user("new", "Siti", Some("12"), None), "nip"),
        (user("new", "Siti", None, Some("closed")), "agency"),
        (user("new", "Siti", None, Some("nowhere")), "agency"),
    ];
    cases.extend(names.iter().map(|name| (user("new", name, None, None), "name")));
    let mut short = user("new", "Siti", None, None);
    short["password"] = json!("short");
    for (input, field) in cases {
        let text = |field: &str| input[field].as_str();
        let agency = text("agency").map(|key| format!("singkawang/{key}"));
        let mut arguments = vec!["user", "add", text("username").expect("a username"), "--password-stdin"];
        arguments.extend(["--name", text("name").expect("a name")]);
        arguments.extend(text("nip").iter().flat_map(|nip| ["--nip", nip]));
        arguments.extend(agency.iter().flat_map(|agency| ["--agency", agency]));
        stage.compare("createUser", input.clone(), &arguments, field).await;
    }
    assert_eq!(stage.ask("createUser", short).await[0].0, "password");
    let arguments = ["user", "add", "new", "--name", "Siti", "--password-stdin"];
    assert!(stage.refusal(&arguments, "short").contains("10 to 256"));
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_are_refused_alike() {
    let server = Server::with(CAST);
    let stage = Stage::of(&server).await;
    let (past, future) = ("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z");
    let long = "1".repeat(301);
    let acting = ("capacity", "ACTING");
    let daily = [("capacity", "DAILY_ACTING"), ("decreeNumber", "800/1")];
    type Arguments<'a> = Vec<(&'a str, &'a str)>;
    let cases: Vec<(&str, &str, Arguments<'_>, &str)> = vec![
        ("gone", "tu", vec![], "userId"),
        ("siti", "opd", vec![], "agency"),
        ("siti", "opd", vec![("agency", "closed")], "agency"),
        ("siti", "opd", vec![("agency", "nowhere")], "agency"),
        ("siti", "tu", vec![("agency", "dinkes")], "agency"),
        ("siti", "tu", vec![("validUntil", past)], "validUntil"),
        ("siti", "tu", vec![("validFrom", "2019-01-01T00:00:00Z"), ("validUntil", past)], "validUntil"),
        ("siti", "tu", vec![("validFrom", future), ("validUntil", "2998-01-01T00:00:00Z")], "validUntil"),
        ("siti", "tu", vec![("validFrom", "1800-01-01T00:00:00Z")], "validFrom"),
        ("siti", "tu", vec![("validUntil", "1800-01-01T00:00:00Z")], "validUntil"),
        ("siti", "tu", vec![acting], "decreeNumber"),
        ("siti", "tu", vec![acting, ("decreeNumber", " ")], "decreeNumber"),
        ("siti", "tu", vec![acting, ("decreeNumber", &long)], "decreeNumber"),
        ("siti", "tu", vec![("decreeNumber", "800\n1")], "decreeNumber"),
        ("siti", "tu", vec![("decreeNumber", "800\u{2066}1")], "decreeNumber"),
        ("siti", "tu", vec![("onBehalfOf", "leaver")], "onBehalfOf"),
        ("siti", "tu", [&daily[..], &[("validUntil", future)]].concat(), "onBehalfOf"),
        ("siti", "tu", [&daily[..], &[("onBehalfOf", "leaver")]].concat(), "validUntil"),
        ("siti", "tu", [&daily[..], &[("validUntil", future), ("onBehalfOf", "siti")]].concat(), "onBehalfOf"),
        ("siti", "tu", [&daily[..], &[("validUntil", future), ("onBehalfOf", "putu")]].concat(), "onBehalfOf"),
    ];
    for (username, role, more, field) in cases {
        let mut input = json!({ "office": "singkawang", "userId": stage.id(username), "role": role });
        let mut arguments = vec!["grant", username, "--office", "singkawang", "--role", role];
        for (name, value) in &more {
            input[name] = if *name == "onBehalfOf" { stage.id(value) } else { json!(value) };
            let argument = ARGUMENTS.iter().find(|(field, _)| field == name).map_or("--capacity", |(_, flag)| flag);
            arguments.extend([argument, value]);
        }
        stage.compare("grantRole", input, &arguments, field).await;
    }
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deactivated_person_gets_no_new_password() {
    let server = Server::with(CAST);
    let stage = Stage::of(&server).await;
    let said = stage.refusal(&["user", "set-password", "gone", "--password-stdin"], PASSWORD);
    assert!(said.contains("<USERNAME>: this person was put out of service"), "{said}");
    let said = stage.refusal(&["user", "disable-totp", "gone"], "");
    assert!(said.contains("<USERNAME>: this person was put out of service"), "{said}");
    let said = stage.refusal(&["user", "set-password", "nobody", "--password-stdin"], PASSWORD);
    assert!(said.contains("nobody signs in as `nobody`"), "{said}");
}
