//! Unauthorized access: every mutation by everybody without the right, and the information in refusals, cursors and others'
//! keys: none. An invisible object is answered as a missing one, to the letter.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::acts::mutation;
use crate::harness::{PASSWORD, People, Person, now};
use crate::secrets::{INTROSPECTION, everything};
use crate::statements::Listened;
use crate::story::{self, Story, mark};

/// The callers: anonymous; a reader of everything in another office; another agency; a colleague of the applicant without
/// submissions; a reader of everything without rights to act.
const TRY: [Option<&str>; 5] = [None, Some("putu"), Some("stranger"), Some("siti"), Some("auditor")];

/// Unknown to all but its readers, and its readers may not.
const UNSEEN: &str = "UNAUTHENTICATED NOT_FOUND NOT_FOUND NOT_FOUND FORBIDDEN";
/// Forbidden to all.
const CLOSED: &str = "UNAUTHENTICATED FORBIDDEN FORBIDDEN FORBIDDEN FORBIDDEN";
/// About oneself, and refused for its content.
const WRONG: &str = "UNAUTHENTICATED INVALID_CREDENTIALS INVALID_CREDENTIALS INVALID_CREDENTIALS INVALID_CREDENTIALS";

/// Every mutation: each caller's refusal, `-` for callers with the right; and the person with the right, if it is done at last.
const ACTS: &[(&str, &str, Option<&str>)] = &[
    (
        "signIn",
        "INVALID_CREDENTIALS INVALID_CREDENTIALS INVALID_CREDENTIALS INVALID_CREDENTIALS INVALID_CREDENTIALS",
        None,
    ),
    ("refreshSession", "SESSION_ENDED SESSION_ENDED SESSION_ENDED SESSION_ENDED SESSION_ENDED", None),
    ("changePassword", WRONG, None),
    ("chooseLanguage", "UNAUTHENTICATED - - - -", Some("opd")),
    ("beginTotp", WRONG, None),
    ("confirmTotp", "UNAUTHENTICATED INVALID_INPUT INVALID_INPUT INVALID_INPUT INVALID_INPUT", None),
    ("disableTotp", WRONG, None),
    ("createApiKey", "UNAUTHENTICATED - - - -", Some("opd")),
    ("revokeApiKey", "UNAUTHENTICATED NOT_FOUND NOT_FOUND NOT_FOUND NOT_FOUND", Some("opd")),
    ("submitRequest", "UNAUTHENTICATED FORBIDDEN NOT_FOUND - FORBIDDEN", Some("opd")),
    ("executeStep", UNSEEN, Some("subkor")),
    ("withdrawRequest", UNSEEN, Some("opd")),
    ("resubmitRequest", UNSEEN, Some("opd")),
    ("readDisposition", UNSEEN, Some("kabid")),
    ("signDocument", UNSEEN, Some("kadis")),
    ("revealCredential", UNSEEN, Some("opd")),
    ("reissueCredential", UNSEEN, Some("cloud")),
    ("revokeAsset", UNSEEN, Some("cloud")),
    ("createUser", CLOSED, Some("overseer")),
    ("createAgency", CLOSED, Some("overseer")),
    ("grantRole", CLOSED, Some("overseer")),
    ("deactivateUser", CLOSED, Some("overseer")),
    // An agency is known to every holder of a grant in its office, a grant to its own person and to managers of people.
    ("deactivateAgency", "UNAUTHENTICATED NOT_FOUND FORBIDDEN FORBIDDEN FORBIDDEN", Some("overseer")),
    ("revokeGrant", "UNAUTHENTICATED NOT_FOUND NOT_FOUND NOT_FOUND NOT_FOUND", Some("overseer")),
    ("signOut", "UNAUTHENTICATED - - - -", None),
];

/// The ids in inputs, and the kind of each.
const IDS: &[(&str, &str)] = &[
    ("actingAs", "RoleGrant"),
    ("agencyId", "Agency"),
    ("apiKeyId", "ApiKey"),
    ("assetId", "Asset"),
    ("dispositionId", "Disposition"),
    ("documentId", "Document"),
    ("grantId", "RoleGrant"),
    ("onBehalfOf", "User"),
    ("recipientId", "User"),
    ("requestId", "Request"),
    ("userId", "User"),
];

/// The stage: the story, its people, and looked-up parts of the schema.
struct Stage<'a> {
    story: &'a Story,
    people: People<'a>,
    schema: Value,
    /// The id fields of each input type.
    ids: BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Stage<'a> {
    /// With everybody signed in, including the colleague added by the story's administrator.
    async fn set(story: &'a Story) -> Self {
        let mut people = story.server.everybody(story::CAST).await;
        people.insert("siti", story.server.person("siti").await);
        let schema = people["overseer"].ask(INTROSPECTION, json!({})).await["__schema"].clone();
        let inputs =
            "{ __schema { types { name inputFields { name type { name ofType { name ofType { name } } } } } } }";
        let inputs = people["overseer"].ask(inputs, json!({})).await["__schema"]["types"].clone();
        let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for input in inputs.as_array().expect("types") {
            let is_id = |field: &&Value| {
                let ty = &field["type"];
                [&ty["name"], &ty["ofType"]["name"], &ty["ofType"]["ofType"]["name"]].iter().any(|name| **name == "ID")
            };
            let fields = input["inputFields"].as_array().into_iter().flatten().filter(is_id);
            let fields = fields.map(|field| field["name"].as_str().expect("a name").to_owned());
            ids.insert(input["name"].as_str().expect("a name").to_owned(), fields.collect());
        }
        Self { story, people, schema, ids }
    }

    /// The id of a missing object of a kind.
    fn nothing(&self, kind: &str) -> Value {
        json!(self.story.server.id_of(kind, Uuid::from_u128(0x019a_bcde_7000_8000_0000_0000_0000_0001)))
    }

    /// The fields of a type of the schema.
    fn fields(&self, of: &str) -> &Vec<Value> {
        let types = self.schema["types"].as_array().expect("types");
        types.iter().find(|found| found["name"] == of).expect("the type")["fields"].as_array().expect("fields")
    }

    /// A person's token; none if anonymous.
    fn token(&self, name: Option<&str>) -> Option<&str> {
        name.map(|name| self.people[name].token())
    }

    /// The text of a mutation, with everything of its payload.
    fn text(&self, mutation: &str) -> String {
        let field = self.fields("Mutation").iter().find(|field| field["name"] == mutation).expect("the mutation");
        let payload = everything(&self.schema, field["type"]["name"].as_str().expect("a payload"), 1, &mut Vec::new());
        format!("mutation($input: {}!) {{ {mutation}(input: $input) {payload} }}", input_type(mutation))
    }

    /// The whole answer to a mutation by somebody.
    async fn attempt(&self, name: Option<&str>, mutation: &str, input: &Value) -> Value {
        self.story.server.send(self.token(name), &self.text(mutation), json!({ "input": input })).await
    }

    /// A request, as a reader of everything sees it.
    async fn request(&self, number: &str) -> Value {
        self.people["overseer"].see(number).await
    }

    /// A person of an office with their grants, as its administrator reads them.
    async fn person(&self, office: &str, username: &str) -> Value {
        self.people["overseer"].person_of(office, username).await
    }

    /// The input of a mutation as a person with the right would send it now.
    async fn input(&self, mutation: &str) -> Value {
        let story = self.story;
        let with = |request: &Value, more: Value| {
            crate::harness::with(json!({ "requestId": request["id"], "expectedVersion": request["version"] }), more)
        };
        let papers = |letter: &str| {
            story::submission("singkawang", "permohonan-cloud-service", letter, (mark::HIDDEN_LETTER, "SECRET"))
        };
        match mutation {
            "signIn" => json!({ "username": "opd", "password": "not the password" }),
            "refreshSession" => json!({ "refreshToken": "not a token" }),
            "signOut" => json!({ "everywhere": true }),
            "changePassword" => json!({ "currentPassword": "not the password", "newPassword": "another password" }),
            "chooseLanguage" => json!({ "language": "ENGLISH" }),
            "beginTotp" => json!({ "password": "not the password" }),
            "confirmTotp" => json!({ "code": "000000" }),
            "disableTotp" => json!({ "password": "not the password", "code": "000000" }),
            "createApiKey" => json!({ "name": "skrip", "scopes": ["READ"], "expiresAt": ahead() }),
            "revokeApiKey" => {
                let keys = self.people["opd"].ask("{ viewer { apiKeys { id } } }", json!({})).await;
                json!({ "apiKeyId": keys["viewer"]["apiKeys"][0]["id"] })
            }
            "submitRequest" => {
                let mut input = papers("005/100");
                input["agency"] = json!("dinkes");
                input
            }
            "executeStep" => with(&self.request(&story.secret).await, json!({ "step": "5", "outcome": "yes" })),
            "withdrawRequest" => with(&self.request(&story.secret).await, json!({ "reason": "Batal" })),
            "resubmitRequest" => {
                let mut input = with(&self.request(&story.returned).await, papers("005/101"));
                for given in ["office", "procedure"] {
                    input.as_object_mut().expect("an object").remove(given);
                }
                input
            }
            "readDisposition" => {
                json!({ "dispositionId": self.request(&story.secret).await["dispositions"][0]["id"] })
            }
            "signDocument" => {
                let submission =
                    story::submission("singkawang", "permohonan-surel", "005/102", (mark::HIDDEN_LETTER, "SECRET"));
                let number = self.people["opd"].submit(submission).await.number;
                story::drafted(&self.people, &number).await;
                let id = self.people["overseer"].document(&number, "draft-balasan").await;
                json!({ "documentId": id, "decision": "SIGN" })
            }
            "revealCredential" => {
                json!({ "assetId": self.request(&story.mailbox).await["assets"][0]["id"], "idempotencyKey": "one" })
            }
            "reissueCredential" => {
                json!({ "assetId": self.request(&story.cloud).await["assets"][0]["id"], "secret": "sandi-yang-baru" })
            }
            "revokeAsset" => {
                json!({ "assetId": self.request(&story.cloud).await["assets"][0]["id"], "reason": "Tidak dipakai" })
            }
            "createUser" => {
                json!({ "office": "singkawang", "username": "budi", "name": "Budi", "password": PASSWORD })
            }
            "createAgency" => json!({ "office": "singkawang", "key": "bappeda", "name": "Bappeda" }),
            "grantRole" => json!({
                "office": "singkawang", "userId": self.person("singkawang", "budi").await["user"]["id"], "role": "tu",
                "capacity": "DAILY_ACTING", "decreeNumber": "800/13/2026", "validUntil": "2099-01-01T00:00:00Z",
                "onBehalfOf": self.person("singkawang", "tu").await["user"]["id"],
            }),
            "deactivateUser" => {
                json!({ "office": "singkawang", "userId": self.person("singkawang", "budi").await["user"]["id"] })
            }
            "deactivateAgency" => {
                let agencies = "{ office(key: \"singkawang\") { agencies { id key } } }";
                let found = self.people["overseer"].ask(agencies, json!({})).await["office"]["agencies"].clone();
                let found =
                    found.as_array().expect("agencies").iter().find(|agency| agency["key"] == "bappeda").cloned();
                json!({ "agencyId": found.expect("the agency")["id"] })
            }
            "revokeGrant" => json!({ "grantId": self.person("singkawang", "budi").await["grants"][0]["id"] }),
            other => panic!("say what {other} takes"),
        }
    }
}

/// The name of a mutation's input type.
fn input_type(mutation: &str) -> String {
    let mut name = mutation.to_owned();
    name[..1].make_ascii_uppercase();
    name + "Input"
}

fn ahead() -> String {
    (now() + chrono::TimeDelta::hours(1)).to_rfc3339()
}

/// The code of an act's refusal, without any other answer; `done` without one.
fn code(answer: &Value, mutation: &str) -> String {
    if let Some(error) = answer["errors"].as_array().and_then(|errors| errors.first()) {
        assert!(answer["data"][mutation].is_null(), "{answer:#}");
        return error["extensions"]["code"].as_str().expect("a code").to_owned();
    }
    let payload = answer["data"][mutation].as_object().unwrap_or_else(|| panic!("{answer:#}"));
    let is_errors = |key: &String| key.ends_with("Payload_userErrors");
    let errors = payload.iter().find(|(key, _)| is_errors(key)).expect("the errors").1;
    let Some(first) = errors.as_array().and_then(|errors| errors.first()) else { return "done".to_owned() };
    let told = payload.iter().filter(|(key, value)| *key != "__typename" && !is_errors(key) && !value.is_null());
    assert_eq!(told.count(), 0, "a refusal tells nothing else: {answer:#}");
    first["UserError_code"].as_str().expect("a code").to_owned()
}

/// Of an input, with another id at a place.
fn replaced(input: &Value, field: &str, id: Value) -> Value {
    let mut other = input.clone();
    other[field] = id;
    other
}

/// Every mutation, by everybody without the right; then by the person with it.
async fn mutations(stage: &Stage<'_>) {
    let hidden = stage.person("denpasar", "nengah").await["user"]["id"].clone();
    let grant = stage.person("denpasar", "kadek").await["grants"][0]["id"].clone();
    for (mutation, gets, rightful) in ACTS {
        let input = stage.input(mutation).await;
        let ids = &stage.ids[&input_type(mutation)];
        for (name, expected) in TRY.into_iter().zip(gets.split_whitespace()) {
            if expected == "-" {
                continue;
            }
            let answer = stage.attempt(name, mutation, &input).await;
            assert_eq!(code(&answer, mutation), expected, "{mutation} by {name:?}: {answer:#}");
            if name.is_none() {
                // Before anybody is known, an id says nothing.
                for (field, _) in IDS.iter().filter(|(field, _)| ids.contains(*field)) {
                    let invalid = stage.attempt(name, mutation, &replaced(&input, field, json!("x"))).await;
                    assert_eq!(code(&invalid, mutation), expected, "{mutation} by nobody, {field}");
                }
            }
            if expected != "NOT_FOUND" || name.is_none() {
                continue;
            }
            // Invisible and missing objects of this kind; ids of another kind or of none are told to everybody.
            for (field, kind) in IDS.iter().filter(|(field, _)| ids.contains(*field) && !input[field].is_null()) {
                let missing = stage.attempt(name, mutation, &replaced(&input, field, stage.nothing(kind))).await;
                assert_eq!(missing, answer, "{mutation} by {name:?}, {field}");
                for other in [stage.nothing("Office"), json!("x"), json!("")] {
                    let invalid = stage.attempt(name, mutation, &replaced(&input, field, other.clone())).await;
                    assert_eq!(code(&invalid, mutation), "INVALID_INPUT", "{mutation} by {name:?}, {field}: {other}");
                }
            }
        }
        let Some(rightful) = rightful else { continue };
        // Beside permitted ones, ids of invisible objects: other offices' people and grants.
        for (field, kind) in IDS.iter().filter(|(field, _)| ids.contains(*field)) {
            let unseen = match (*kind, *mutation) {
                // Every person who can sign in may be granted a role: an office takes on people added by another one.
                ("User", "grantRole") if *field == "userId" => continue,
                ("User", _) => &hidden,
                ("RoleGrant", _) if *field == "actingAs" => &grant,
                _ => continue,
            };
            // A hidden person and a missing one could be told apart by this.
            let unseen = stage.attempt(Some(rightful), mutation, &replaced(&input, field, unseen.clone())).await;
            assert_ne!(code(&unseen, mutation), "done", "{mutation} by {rightful}, {field}");
            let missing = stage.attempt(Some(rightful), mutation, &replaced(&input, field, stage.nothing(kind))).await;
            assert_eq!(missing, unseen, "{mutation} by {rightful}, {field}");
        }
        let done = stage.attempt(Some(rightful), mutation, &input).await;
        assert_eq!(code(&done, mutation), "done", "{mutation} by {rightful}: {done:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mutation_is_refused_to_everybody_else() {
    let story = Story::tell().await;
    let stage = Stage::set(&story).await;
    let known: BTreeSet<&str> = IDS.iter().map(|(field, _)| *field).collect();
    let asked: BTreeSet<&str> = stage.ids.values().flatten().map(String::as_str).collect();
    assert_eq!(asked, known, "say what these ids are of");
    let all: BTreeSet<&str> = stage.fields("Mutation").iter().filter_map(|field| field["name"].as_str()).collect();
    let decided: BTreeSet<&str> = ACTS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(all, decided, "say how these are refused");
    mutations(&stage).await;
    assert!(!story.server.log().contains("ERROR"), "{}", story.server.log());
    assert!(story.server.run(&["audit", "verify"]).contains("nothing was touched"));
}

/// Every list with cursors.
const LISTS: &[(&str, &str)] = &[
    ("Office", "events"),
    ("Query", "assets"),
    ("Query", "dispositions"),
    ("Query", "requests"),
    ("Request", "events"),
    // Live streams after a cursor are in `event_visibility`.
    ("Subscription", "requestEvents"),
    ("Viewer", "inbox"),
];

/// A list: its parent, its field and first arguments, and its end.
type List<'a> = (&'a str, &'a str, &'a str);

/// A list as somebody gets it, by cursors and ids, and how many it counts.
async fn list(person: &Person<'_>, (within, field, end): List<'_>, arguments: &str) -> (Vec<(String, String)>, Value) {
    let counted = if field.contains("events") { "" } else { "totalCount" };
    let fields = format!("{{ edges {{ cursor node {{ ... on Node {{ id }} }} }} {counted} }}");
    let answer = person.ask(&format!("{{ {within} {field}{arguments}) {fields} {end} }}"), json!({})).await;
    let mut found = &answer;
    while found.get("edges").is_none() {
        let Some(inner) = found.as_object().and_then(|object| object.values().next()) else {
            return (Vec::new(), Value::Null);
        };
        found = inner;
    }
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let edges = found["edges"].as_array().expect("edges").iter();
    (edges.map(|edge| (text(&edge["cursor"]), text(&edge["node"]["id"]))).collect(), found["totalCount"].clone())
}

/// A cursor of a reader of more is a position in one's own list, and reveals nothing of that position.
async fn cursors(stage: &Stage<'_>) {
    let mut paged = BTreeSet::new();
    for of in stage.schema["types"].as_array().expect("types").iter().filter(|of| of["kind"] == "OBJECT") {
        let of = of["name"].as_str().expect("a name");
        let has_after = |field: &&Value| {
            field["args"].as_array().expect("arguments").iter().any(|argument| argument["name"] == "after")
        };
        paged.extend(stage.fields(of).iter().filter(has_after).filter_map(|field| Some((of, field["name"].as_str()?))));
    }
    assert_eq!(paged, LISTS.iter().copied().collect(), "say how these lists page");
    let order =
        |field: &str, direction: &str| format!("requests(orderBy: {{ field: {field}, direction: {direction} }}, ");
    let orders =
        [order("SUBMITTED_AT", "DESC"), order("UPDATED_AT", "ASC"), order("DUE_AT", "ASC"), order("NUMBER", "DESC")];
    let number = |number: &String| format!("request(number: \"{number}\") {{");
    let of_requests = [number(&stage.story.cloud), number(&stage.story.secret)];
    let mut lists: Vec<List<'_>> = orders.iter().map(|order| ("", order.as_str(), "")).collect();
    lists.extend([("", "assets(", ""), ("", "dispositions(", ""), ("viewer {", "inbox(", "}")]);
    lists.extend(of_requests.iter().map(|request| (request.as_str(), "events(", "}")));
    lists.push(("office(key: \"singkawang\") {", "events(", "}"));
    let (mut hidden, mut shown) = (0, 0);
    for of in lists {
        // The owner of a nonempty inbox; else the reader of everything.
        let whose = if of.1 == "inbox(" { "subkor" } else { "overseer" };
        let (whole, _) = list(&stage.people[whose], of, "first: 100").await;
        assert!(!whole.is_empty(), "{of:?}");
        for name in ["opd", "stranger", "cloud", "putu"] {
            let reader = &stage.people[name];
            let (own, count) = list(reader, of, "first: 100").await;
            for (cursor, id) in &whole {
                let (after, counted) = list(reader, of, &format!("first: 100, after: \"{cursor}\"")).await;
                assert_eq!(counted, count, "{name}: {of:?}");
                assert!(own.ends_with(&after), "{name}: {of:?}: {after:?}");
                if of.1 == "inbox(" {
                    continue;
                }
                let (before, _) = list(reader, of, &format!("last: 100, before: \"{cursor}\"")).await;
                let here: Vec<_> = own.iter().filter(|(_, other)| other == id).cloned().collect();
                *(if here.is_empty() { &mut hidden } else { &mut shown }) += 1;
                assert_eq!([before, here, after].concat(), own, "{name}: {of:?}");
            }
        }
    }
    assert!(hidden > 100 && shown > 50, "{hidden} hidden, {shown} shown");
}

/// A key is its sender's: to others it is as any other, and to its sender too once they may no more.
async fn keys(stage: &Stage<'_>) {
    let overseer = &stage.people["overseer"];
    overseer.act("createUser", "", stage.input("createUser").await).await;
    let user = stage.person("singkawang", "budi").await["user"]["id"].clone();
    overseer.act("grantRole", "", json!({ "office": "singkawang", "userId": user, "role": "tu" })).await;
    let submission = story::submission("singkawang", "permohonan-cloud-service", "005/200", (mark::LETTER, "ORDINARY"));
    let submission = replaced(&replaced(&submission, "agency", json!("dinkes")), "idempotencyKey", json!("satu"));
    let submitted = stage.attempt(Some("opd"), "submitRequest", &submission).await;
    assert_eq!(code(&submitted, "submitRequest"), "done", "{submitted}");
    let number = submitted["data"]["submitRequest"]["SubmitRequestPayload_request"]["Request_number"].clone();
    let request = stage.request(number.as_str().expect("a number")).await;
    let forward = json!({
        "requestId": request["id"], "expectedVersion": request["version"], "step": "2", "outcome": "forward",
        "documents": [story::paper("lembar-disposisi", "Lembar")], "idempotencyKey": "satu",
    });
    let asset = stage.request(&stage.story.mailbox).await["assets"][0]["id"].clone();
    let reveal = json!({ "assetId": asset, "idempotencyKey": "satu" });
    let acts =
        [("opd", "submitRequest", submission), ("tu", "executeStep", forward), ("opd", "revealCredential", reveal)];
    for (owner, mutation, input) in &acts {
        let first = stage.attempt(Some(owner), mutation, input).await;
        assert_eq!(code(&first, mutation), "done", "{mutation}: {first}");
        let shown = |answer: &Value| (code(answer, mutation), answer.to_string().contains(mark::CREDENTIAL));
        let again = stage.attempt(Some(owner), mutation, input).await;
        assert_eq!(shown(&again), ("done".to_owned(), *mutation == "revealCredential"), "{again}");
        let another = replaced(input, "idempotencyKey", json!("dua"));
        for name in TRY {
            let refused = stage.attempt(name, mutation, input).await;
            assert_ne!(shown(&refused).0, "done", "{mutation} by {name:?}: {refused}");
            let other = stage.attempt(name, mutation, &another).await;
            assert_eq!(refused, other, "{mutation} by {name:?}");
            assert!(!shown(&refused).1, "{mutation} by {name:?}: {refused}");
        }
    }
    // A colleague of the same role: the other's act is done, and not by them.
    let budi = stage.story.server.person("budi").await;
    let answer = budi.ask(&mutation("executeStep", ""), json!({ "input": acts[1].2 })).await;
    assert_eq!(answer["executeStep"]["userErrors"][0]["code"], "STALE_VERSION", "{answer}");
    // Their rights end, and so does their keys' view.
    for name in ["opd", "tu"] {
        for grant in stage.person("singkawang", name).await["grants"].as_array().expect("grants") {
            overseer.act("revokeGrant", "", json!({ "grantId": grant["id"] })).await;
        }
    }
    for (owner, mutation, input) in &acts {
        let refused = stage.attempt(Some(owner), mutation, input).await;
        let expected = if *mutation == "submitRequest" { "FORBIDDEN" } else { "NOT_FOUND" };
        assert_eq!(code(&refused, mutation), expected, "{mutation} by {owner}: {refused}");
        let another = replaced(input, "idempotencyKey", json!("tiga"));
        assert_eq!(refused, stage.attempt(Some(owner), mutation, &another).await, "{mutation} by {owner}");
        assert!(!refused.to_string().contains(mark::CREDENTIAL), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_and_idempotency_keys_of_others_open_nothing() {
    let story = Story::tell().await;
    let stage = Stage::set(&story).await;
    cursors(&stage).await;
    keys(&stage).await;
    assert!(!story.server.log().contains("ERROR"), "{}", story.server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn invisible_rows_take_the_statements_of_missing_ones() {
    let story = Story::tell().await;
    let stage = Stage::set(&story).await;
    let overseer = &stage.people["overseer"];
    let listened = Listened::beside(&story.server, overseer.token()).await;
    // Every kind of object with an id, one invisible to both of these.
    let query = "query($number: String!) { request(number: $number) { id documents { id } dispositions { id } assets { id } \
        events(first: 100) { nodes { id kind } } submittedBy { id } agency { id } } office(key: \"singkawang\") { \
        events(last: 1) { nodes { id } } people { grants { id } } } }";
    let found = overseer.ask(query, json!({ "number": story.cloud })).await;
    let (request, office) = (&found["request"], &found["office"]);
    let events = request["events"]["nodes"].as_array().expect("events");
    let disposed = events.iter().find(|event| event["kind"] == "DISPOSED").expect("a disposition");
    let things = [
        ("Request", &request["id"]),
        ("Document", &request["documents"][0]["id"]),
        ("Disposition", &request["dispositions"][0]["id"]),
        ("Asset", &request["assets"][0]["id"]),
        ("RequestEvent", &disposed["id"]),
        ("User", &request["submittedBy"]["id"]),
        ("Agency", &request["agency"]["id"]),
        ("OfficeEvent", &office["events"]["nodes"][0]["id"]),
        ("RoleGrant", &office["people"][0]["grants"][0]["id"]),
    ];
    let mut differ = Vec::new();
    let mut compare = async |name: &str, what: String, query: &str, unseen: Value, missing: Value| {
        let token = stage.people[name].token();
        // The first query after a change of rights reads them.
        listened.hear(token, "{ offices { key } }", json!({})).await;
        let (answer, taken) = listened.hear(token, query, unseen).await;
        let (nothing, least) = listened.hear(token, query, missing).await;
        assert_eq!(answer, nothing, "{what} by {name}");
        if taken != least {
            differ.push(format!("{what} by {name}: {taken:#?} and {least:#?}"));
        }
    };
    let within = ["Document", "Disposition", "RequestEvent"];
    for (kind, id) in things {
        assert!(id.is_string(), "{kind}: {found}");
        let query = "query($id: ID!) { node(id: $id) { id } }";
        // Somebody without a view of the request, and its applicant, without a view of the office's internal texts.
        let readers: &[&str] = if within.contains(&kind) { &["putu", "opd"] } else { &["putu"] };
        for name in readers {
            let what = format!("node, {kind}");
            compare(name, what, query, json!({ "id": id }), json!({ "id": stage.nothing(kind) })).await;
        }
    }
    let query = "query($number: String!) { request(number: $number) { id } }";
    let none = json!({ "number": "SKW/CLOUD/2026/9999" });
    compare("stranger", "request".to_owned(), query, json!({ "number": story.cloud }), none).await;
    let query = "query($id: ID!) { dispositions(filter: { requestId: $id }) { totalCount nodes { id } } }";
    let none = json!({ "id": stage.nothing("Request") });
    compare("stranger", "dispositions".to_owned(), query, json!({ "id": request["id"] }), none).await;
    // Nor is a sign-in name revealed.
    let wrong = |name: &str| json!({ "input": { "username": name, "password": "not the password" } });
    compare("putu", "signIn".to_owned(), &stage.text("signIn"), wrong("kabid"), wrong("nobody")).await;
    for (mutation, gets, rightful) in ACTS {
        let input = stage.input(mutation).await;
        let ids = &stage.ids[&input_type(mutation)];
        let unseen = gets.split_whitespace().nth(1) == Some("NOT_FOUND");
        for (field, kind) in IDS.iter().filter(|(field, _)| unseen && ids.contains(*field) && !input[field].is_null()) {
            let missing = json!({ "input": replaced(&input, field, stage.nothing(kind)) });
            let text = stage.text(mutation);
            let within = ["readDisposition", "signDocument"].contains(mutation);
            for name in if within { &["putu", "opd"][..] } else { &["putu"] } {
                let what = format!("{mutation}, {field}");
                compare(name, what, &text, json!({ "input": input }), missing.clone()).await;
            }
        }
        // Subjects of later ones come from earlier ones.
        if let Some(rightful) = rightful.filter(|_| mutation.starts_with("create") || mutation.starts_with("grant")) {
            stage.attempt(Some(rightful), mutation, &input).await;
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
