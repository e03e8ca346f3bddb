//! Field visibility: each reader's view of every field of the schema (anonymous, the auditor of another office, another agency,
//! the applicant, a lesser role), compared with the view of a reader of everything. A field missing in the table fails, and so
//! does a different view.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::Person;
use crate::secrets::{INTROSPECTION, everything};
use crate::socket::Socket;
use crate::story::{self, Story, mark};

/// Readers, beside the overseer.
const READERS: [&str; 6] = ["nobody", "abroad", "stranger", "applicant", "lesser", "head"];

/// An office and its readers.
struct World {
    office: &'static str,
    readers: [Option<&'static str>; 6],
}

const WORLDS: [World; 2] = [
    World {
        office: "singkawang",
        readers: [None, Some("putu"), Some("stranger"), Some("opd"), Some("cloud"), Some("kadis")],
    },
    World {
        office: "denpasar",
        readers: [None, Some("auditor"), Some("nyoman"), Some("made"), Some("gede"), Some("ketut")],
    },
];

/// Everybody reads it.
const ALL: &str = "= = = = = =";
/// It is each reader's own.
const OWN: &str = "~ ~ ~ ~ ~ ~";
/// None of the readers meets such a thing.
const NONE: &str = "- - - - - -";
/// Read by everybody who sees the request.
const SEEN: &str = "- - - = = =";
/// Read by officials who see the request.
const WITHIN: &str = "- - - - = =";

/// The readers' views of fields, in their order, compared with the overseer's: `=` the same, `0` null, `<` fewer or a part, `+`
/// a value although the overseer reads none, `!` an error; several if it depends on the object. `~`: the reader's own. `-`:
/// they meet no such object.
const TABLE: &[(&str, &str, &str)] = &[
    // One's own.
    ("Query", "! ~ ~ ~ ~ ~", "viewer"),
    ("Viewer", OWN, "user grants inbox language sessions totpEnabled apiKeys eventCursor"),
    ("Session", OWN, "beganAt lastUsedAt current"),
    ("ApiKey", OWN, "id name scopes createdAt expiresAt lastUsedAt revokedAt"),
    ("InboxConnection", OWN, "edges nodes pageInfo totalCount"),
    ("InboxEdge", OWN, "cursor node actions waitingSince dueAt"),
    ("InboxChange", OWN, "requestId request waiting waitingCount"),
    ("Subscription", "! ~ ~ ~ ~ ~", "inboxChanges"),
    ("Request", OWN, "availableActions closedActions"),
    ("Action", OWN, "kind step outcomes document asset actingAs recipients"),
    ("ClosedAction", OWN, "kind step reasons message awaited needs"),
    ("Awaited", OWN, "step roles people"),
    ("ActionNeeds", OWN, "records signatures"),
    ("NeededSignature", OWN, "document roles"),
    // A preview is for the actor: see `dry_run`.
    ("ActPreview", OWN, "status version awaited documents dispositionTo asset"),
    ("AssetPreview", OWN, "kind name status"),
    // Compared with the page itself.
    ("PageInfo", OWN, "startCursor endCursor hasNextPage hasPreviousPage"),
    ("RequestConnection", OWN, "totalCount"),
    ("AssetConnection", OWN, "totalCount"),
    ("DispositionConnection", OWN, "totalCount"),
    // SOPs and offices are public.
    ("Query", ALL, "offices office procedure"),
    ("Office", ALL, "id key name city timeZone procedures"),
    (
        "Procedure",
        ALL,
        "id key version inForce office number title division section createdOn effectiveOn approvedBy legalBasis qualifications \
         equipment related warnings recordKeeping steps detailsSchema",
    ),
    ("Procedure", NONE, "revisedOn"),
    (
        "Step",
        ALL,
        "key position number activity performers recipients signers requires brings produces printedRequires printedOutput \
         standardTime note inferred outcomes",
    ),
    (
        "Outcome",
        ALL,
        "key label goesTo ends inferred requires brings produces note disposition documents asset secret recipient assetSchema",
    ),
    ("DocumentRequirement", ALL, "kind requirement"),
    ("RecordKind", ALL, "key name origin"),
    ("Role", ALL, "key name"),
    ("StandardTime", ALL, "amount unit printed"),
    // Of the other office nobody reads more; agencies are for holders of a grant in theirs.
    ("Office", "0 0= 0= 0= 0= 0=", "agencies"),
    ("Agency", "- - = = = =", "id key name office deactivatedAt"),
    // Its record is for its administrator and its auditor, its people for its administrator alone.
    ("Office", "0 0= 0 0 0 0", "events"),
    ("OfficeEventConnection", NONE, "edges nodes pageInfo"),
    ("OfficeEventEdge", NONE, "cursor node"),
    ("OfficeEvent", NONE, "id cursor sequence kind at office actor user grant agency policy"),
    ("Office", "0 0 0 0 0 0", "people"),
    ("OfficePerson", NONE, "user active grants"),
    ("RoleGrant", NONE, "id role office agency capacity onBehalfOf decreeNumber validFrom validUntil"),
    // Objects are requested by everybody, and given to those who see them; one's own grant to oneself alone.
    ("Query", "! 0 0 = 0= =", "request"),
    ("Query", "! = = = = =", "requests dispositions assets"),
    ("Query", "0= 0= +0= +0= +0= +0=", "node nodes"),
    ("RequestConnection", "- < < = <= =", "edges nodes"),
    ("RequestConnection", "- = = = = =", "pageInfo"),
    ("RequestEdge", SEEN, "cursor node"),
    ("AssetConnection", "- < < = <= =", "edges nodes"),
    ("AssetConnection", "- = = = = =", "pageInfo"),
    ("AssetEdge", SEEN, "cursor node"),
    ("DispositionConnection", "- < < < <= =", "edges nodes"),
    ("DispositionConnection", "- = = = = =", "pageInfo"),
    ("DispositionEdge", WITHIN, "cursor node"),
    ("Subscription", "! < < < <= =", "requestEvents"),
    // Why somebody may is told to the office's administrator alone.
    ("Query", "! 0 0 0 0 0", "explainPolicy"),
    ("PolicyExplanation", NONE, "allowed obstacles step seenBy grants"),
    ("GrantExplanation", NONE, "grant verdict line condition"),
    ("PolicyLine", NONE, "file line text"),
    // People, by their readers: names for all, the rest by the policy's lines, and for oneself.
    ("User", "- - = = = =", "id name agency"),
    ("User", "- - + +0= +0= +0=", "username"),
    ("User", "- - - += 0 =", "nip"),
    ("Actor", SEEN, "user role capacity onBehalfOf"),
    // A request, for all who see it.
    (
        "Request",
        SEEN,
        "id number procedure agency submittedBy submissions letter contact details status version submittedAt updatedAt \
         finishedAt visits assets events eventCursor",
    ),
    ("Request", "- - - = - =", "reason currentVisit dueAt"),
    ("Letter", SEEN, "number date subject srikandiReference confidentiality"),
    ("Submission", SEEN, "sequence at by letter contact details"),
    ("Contact", SEEN, "name position"),
    ("Contact", "- - - = 0= =", "phone email"),
    ("Contact", "- - - = 0 =", "nip"),
    ("StepVisit", SEEN, "step visit arrivedAt dueAt completedAt performedBy"),
    ("StepVisit", "- - - 0= = =", "outcome"),
    ("StepVisit", "- - - 0 = =", "note"),
    // Internal to the office.
    ("Request", "- - - 0 = =", "dispositions"),
    ("Disposition", WITHIN, "id request step from toRole instruction urgency createdAt reads"),
    ("DispositionRead", WITHIN, "by at"),
    ("Request", "- - - < = =", "documents"),
    ("Document", SEEN, "id request kind title number date step visit current addedBy addedAt signatures"),
    ("Signature", SEEN, "by at decision digest"),
    ("Signature", "- - - 0 - =", "note"),
    ("RequestEventConnection", "- - - < = =", "edges nodes"),
    ("RequestEventConnection", SEEN, "pageInfo"),
    ("RequestEventEdge", SEEN, "cursor node"),
    ("RequestEvent", SEEN, "id cursor sequence kind at request actor step outcome document asset version"),
    ("RequestEvent", WITHIN, "disposition"),
    // The asset; its address, by the policy's lines.
    (
        "CloudAccount",
        SEEN,
        "id kind office request agency name status createdAt verifiedAt deliveredAt credential username quotaGib",
    ),
    ("CloudAccount", "- - - = = <", "attributes"),
    ("CloudAccount", "- - - = = 0", "serviceAddress"),
    ("CloudAccount", NONE, "revokedAt revocationReason"),
    (
        "Subdomain",
        "- - - = - =",
        "id kind office request agency name status createdAt deliveredAt revokedAt revocationReason fqdn recordType",
    ),
    ("Subdomain", "- - - = - <", "attributes"),
    ("Subdomain", "- - - = - 0", "target"),
    ("Subdomain", NONE, "verifiedAt credential"),
    (
        "ServerPlacement",
        SEEN,
        "id kind office request agency name status createdAt deliveredAt placementKind rack unitFrom unitTo \
         determinationNumber",
    ),
    ("ServerPlacement", "- - - = < <", "attributes"),
    ("ServerPlacement", NONE, "verifiedAt revokedAt revocationReason credential"),
    (
        "GenericAsset",
        "- - - = - =",
        "id kind office request agency name status attributes createdAt verifiedAt deliveredAt credential",
    ),
    ("GenericAsset", NONE, "revokedAt revocationReason"),
    ("Credential", SEEN, "state recipient revealedAt"),
];

/// Marks, and their readers in either office.
const MARKS: &[(&str, [&[&str]; 2])] = &[
    (mark::LETTER, [&["applicant", "lesser", "head"], &[]]),
    (mark::DISPOSITION, [&["lesser", "head"], &[]]),
    (mark::NOTE, [&["lesser", "head"], &[]]),
    (mark::PHONE, [&["applicant", "lesser", "head"], &["applicant", "head"]]),
    (mark::NIP, [&["applicant", "head"], &["applicant", "head"]]),
    (mark::ADDRESS, [&["applicant", "lesser"], &[]]),
    (mark::HIDDEN_LETTER, [&["applicant", "head"], &[]]),
    (mark::HIDDEN_DISPOSITION, [&["head"], &[]]),
    (mark::CREDENTIAL, [&[], &[]]),
    (mark::ELSEWHERE, [&[], &["applicant", "lesser", "head"]]),
];

/// Fields without an example in the story, in the schema's order: accounts and placements in service, names without a
/// credential, unrevised SOPs, policies without changes or conditions.
const ABSENT: &[&str] = &[
    "CloudAccount.revokedAt",
    "CloudAccount.revocationReason",
    "GenericAsset.revokedAt",
    "GenericAsset.revocationReason",
    "GrantExplanation.condition",
    "OfficeEvent.policy",
    "Procedure.revisedOn",
    "ServerPlacement.verifiedAt",
    "ServerPlacement.revokedAt",
    "ServerPlacement.revocationReason",
    "ServerPlacement.credential",
    "Subdomain.verifiedAt",
    "Subdomain.credential",
];

/// The table's entry for each field.
fn table() -> BTreeMap<(&'static str, &'static str), Vec<&'static str>> {
    let mut table = BTreeMap::new();
    for (of, gets, fields) in TABLE {
        for field in fields.split_whitespace() {
            let gets: Vec<&str> = gets.split_whitespace().collect();
            assert_eq!(gets.len(), READERS.len(), "{of}.{field}");
            assert!(table.insert((*of, field), gets).is_none(), "{of}.{field} is decided on twice");
        }
    }
    table
}

/// The type and the field of an answer's key. Repeated keys have a number.
fn field_of(key: &str) -> Option<(&str, &str)> {
    let (of, field) = key.split_once('_').filter(|(of, _)| !of.is_empty())?;
    Some((of, field.split_once("__").map_or(field, |(field, _)| field)))
}

/// The observed views of each field, by reader.
#[derive(Default)]
struct Seen {
    by: BTreeMap<(String, String), [BTreeSet<char>; 6]>,
    /// Fields with a value for the overseer.
    whole: BTreeSet<(String, String)>,
}

impl Seen {
    /// Notes fields with a value for the overseer.
    fn whole(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.whole(item)),
            Value::Object(fields) => {
                for (key, value) in fields.iter().filter(|(_, value)| !value.is_null() && **value != json!([])) {
                    if let Some((of, field)) = field_of(key) {
                        self.whole.insert((of.to_owned(), field.to_owned()));
                    }
                    self.whole(value);
                }
            }
            _ => {}
        }
    }
}

/// Compares one reader's answer with the whole.
struct Walk<'a> {
    table: &'a BTreeMap<(&'static str, &'static str), Vec<&'static str>>,
    seen: &'a mut Seen,
    reader: usize,
}

impl Walk<'_> {
    /// Notes the view of a field.
    fn note(&mut self, of: &str, field: &str, what: char) {
        self.seen.by.entry((of.to_owned(), field.to_owned())).or_default()[self.reader].insert(what);
    }

    /// Objects, field by field.
    fn objects(&mut self, whole: &Value, part: &Value) {
        assert_eq!(whole["__typename"], part["__typename"], "{part:#}");
        holds_together(part);
        for (key, value) in whole.as_object().expect("an object") {
            let Some((of, field)) = field_of(key) else { continue };
            let own = self.table.get(&(of, field)).is_some_and(|gets| gets[self.reader] == "~");
            match &part[key] {
                Value::Null if value.is_null() => {}
                _ if own => self.note(of, field, '~'),
                Value::Null => self.note(of, field, '0'),
                _ if value.is_null() => self.note(of, field, '+'),
                got => self.values(of, field, value, got),
            }
        }
    }

    /// The content of a field.
    fn values(&mut self, of: &str, field: &str, whole: &Value, got: &Value) {
        match (whole, got) {
            (Value::Array(all), Value::Array(some)) => {
                let as_long = all.len() == some.len();
                let mut what = BTreeSet::from([if as_long { '=' } else { '<' }]);
                for (at, item) in some.iter().enumerate() {
                    let same = if as_long { all.get(at) } else { all.iter().find(|one| is_it(one, item)) };
                    what.extend(match (same, item) {
                        (Some(Value::Null), Value::Null) => None,
                        (Some(_), Value::Null) => Some('0'),
                        (Some(Value::Null), _) => Some('+'),
                        (Some(same @ Value::Object(_)), Value::Object(_)) => {
                            self.objects(same, item);
                            None
                        }
                        (Some(same), _) if same == item => None,
                        _ => Some('*'),
                    });
                }
                what.into_iter().for_each(|what| self.note(of, field, what));
            }
            (Value::Object(all), Value::Object(_)) if all.contains_key("__typename") => {
                self.note(of, field, '=');
                self.objects(whole, got);
            }
            // JSON of the data's own: a part of it, or another.
            (Value::Object(all), Value::Object(some)) => {
                let is_part = some.iter().all(|(key, value)| all.get(key) == Some(value));
                let rest = if is_part { '<' } else { '*' };
                self.note(of, field, if whole == got { '=' } else { rest });
            }
            _ => self.note(of, field, if whole == got { '=' } else { '*' }),
        }
    }
}

/// The identity of a list's entry for two readers.
fn is_it(one: &Value, other: &Value) -> bool {
    let known = |value: &Value| {
        let found = |ending: &str| {
            let object = value.as_object()?;
            object.iter().find(|(key, _)| key.ends_with(ending)).map(|(_, value)| value.clone())
        };
        let below = |ending: &str| found(ending).and_then(|below| Some(id_of(&below)?.clone()));
        id_of(value).cloned().or_else(|| below("_node")).or_else(|| below("_user")).or_else(|| found("_key"))
    };
    match (known(one), known(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn id_of(value: &Value) -> Option<&Value> {
    value.as_object()?.iter().find(|(key, _)| key.ends_with("_id")).map(|(_, id)| id)
}

fn cursor_of(edge: Option<&Value>) -> Option<&Value> {
    edge?.as_object()?.iter().find(|(key, _)| key.ends_with("_cursor")).map(|(_, cursor)| cursor)
}

/// A page tells of no more than it shows.
fn holds_together(object: &Value) {
    let field = |ending: &str| {
        let found = object.as_object()?.iter().find(|(key, _)| key.ends_with(ending));
        found.map(|(_, value)| value)
    };
    let (Some(edges), Some(nodes)) = (field("Connection_edges"), field("Connection_nodes")) else { return };
    let (edges, nodes) = (edges.as_array().expect("edges"), nodes.as_array().expect("nodes"));
    assert_eq!(edges.len(), nodes.len(), "{object:#}");
    if let Some(total) = field("Connection_totalCount") {
        assert_eq!(*total, json!(nodes.len()), "it counts what is shown: {object:#}");
    }
    let page = field("Connection_pageInfo").expect("a page");
    if page.get("PageInfo_startCursor").is_some() {
        assert_eq!(page["PageInfo_startCursor"], *cursor_of(edges.first()).unwrap_or(&Value::Null), "{object:#}");
        assert_eq!(page["PageInfo_endCursor"], *cursor_of(edges.last()).unwrap_or(&Value::Null), "{object:#}");
        assert_eq!((&page["PageInfo_hasNextPage"], &page["PageInfo_hasPreviousPage"]), (&json!(false), &json!(false)));
    }
}

/// Every id in an answer, in order, each once.
fn ids(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| ids(item, found)),
        Value::Object(fields) => {
            let of = |(key, value): (&String, &Value)| key.ends_with("_id").then(|| value.as_str().map(str::to_owned));
            found.extend(fields.iter().filter_map(of).flatten());
            fields.values().for_each(|value| ids(value, found));
        }
        _ => {}
    }
}

/// The queries for an office, by root field.
async fn operations(schema: &Value, overseer: &Person<'_>, office: &str) -> Vec<(String, Value)> {
    // SOPs are public, and asked for by themselves.
    let below = |of: &str, depth: usize| {
        let above = ["Query", "Procedure", "Step", "Outcome"].map(str::to_owned);
        everything(schema, of, depth, &mut if of == "Procedure" { Vec::new() } else { above.to_vec() })
    };
    let filter = format!("filter: {{ office: \"{office}\" }}");
    let mut all = vec![
        (format!("{{ Query_offices: offices {} }}", below("Office", 0)), json!({})),
        (format!("{{ Query_viewer: viewer {} }}", below("Viewer", 2)), json!({})),
        (format!("{{ Query_office: office(key: \"{office}\") {} }}", below("Office", 3)), json!({})),
        (format!("{{ Query_requests: requests(first: 100, {filter}) {} }}", below("RequestConnection", 2)), json!({})),
        (
            format!(
                "{{ Query_dispositions: dispositions(first: 100, {filter}) {} }}",
                below("DispositionConnection", 2)
            ),
            json!({}),
        ),
        (format!("{{ Query_assets: assets(first: 100, {filter}) {} }}", below("AssetConnection", 2)), json!({})),
    ];
    let keys = format!(
        "{{ office(key: \"{office}\") {{ procedures {{ key }} }} requests(first: 100, {filter}) {{ nodes {{ number }} }} }}"
    );
    let found = overseer.ask(&keys, json!({})).await;
    for procedure in found["office"]["procedures"].as_array().expect("procedures") {
        let key = &procedure["key"];
        all.push((
            format!("{{ Query_procedure: procedure(office: \"{office}\", key: {key}) {} }}", below("Procedure", 3)),
            json!({}),
        ));
    }
    for request in found["requests"]["nodes"].as_array().expect("requests") {
        let number = &request["number"];
        all.push((format!("{{ Query_request: request(number: {number}) {} }}", below("Request", 3)), json!({})));
        for action in ["SEE", "EXECUTE, step: \"1\""] {
            let asked = format!("username: \"overseer\", request: {number}, action: {action}");
            let why = below("PolicyExplanation", 2);
            all.push((format!("{{ Query_explainPolicy: explainPolicy({asked}) {why} }}"), json!({})));
        }
    }
    // All objects there, by id.
    let mut things = BTreeSet::new();
    for (query, variables) in &all[2..] {
        ids(&overseer.ask(query, variables.clone()).await, &mut things);
    }
    let mine = overseer.ask("{ viewer { user { x_id: id } grants { x_id: id } } }", json!({})).await;
    let mut own = BTreeSet::new();
    ids(&mine, &mut own);
    let things: Vec<&String> = things.difference(&own).collect();
    assert!(things.len() > 30, "{things:?}");
    for some in things.chunks(100) {
        all.push((
            format!("query($ids: [ID!]!) {{ Query_nodes: nodes(ids: $ids) {} }}", below("Node", 2)),
            json!({ "ids": some }),
        ));
    }
    for some in things.chunks(100) {
        let each = some.iter().enumerate();
        let each = each.map(|(at, id)| format!("Query_node__{at}: node(id: \"{id}\") {{ __typename Node_id: id }} "));
        all.push((format!("{{ {} }}", each.collect::<String>()), json!({})));
    }
    all
}

/// The answer to somebody, errors of root fields apart: their codes by field.
fn taken(answer: Value) -> (Value, BTreeMap<String, String>) {
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    let root = |error: &Value| {
        assert_eq!(error["path"].as_array().map(Vec::len), Some(1), "{error}");
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{error}")).to_owned();
        (text(&error["path"][0]), text(&error["extensions"]["code"]))
    };
    (answer["data"].clone(), errors.iter().map(root).collect())
}

/// The events of an office since that cursor, as delivered to a person; else the code of the refusal.
async fn followed(story: &Story, token: Option<&str>, query: &str, after: &Value) -> Result<Vec<Value>, String> {
    let Some(token) = token else {
        let mut socket = Socket::open(&story.server, Some("graphql-transport-ws"), &[]).await;
        socket.send(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.receive().await["type"], "connection_ack");
        socket.subscribe("1", query, json!({ "after": after })).await;
        let refused = socket.receive().await;
        assert_eq!(refused["type"], "error", "{refused}");
        return Err(refused["payload"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned());
    };
    let mut socket = Socket::of(&story.server, token).await;
    socket.subscribe("1", query, json!({ "after": after })).await;
    // As many as the person reads in the requests of the story, but for the event of the cursor.
    let page =
        "{ requests(first: 100) { nodes { procedure { office { key } } events(first: 100) { nodes { cursor } } } } }";
    let page = story.server.send(Some(token), page, json!({})).await["data"]["requests"]["nodes"].take();
    let of_office = |request: &&Value| {
        query.contains(&format!("\"{}\"", request["procedure"]["office"]["key"].as_str().expect("a key")))
    };
    let requests = page.as_array().expect("requests").iter().filter(of_office);
    let events = requests.flat_map(|request| request["events"]["nodes"].as_array().expect("events"));
    let mut told = Vec::new();
    for _ in events.filter(|event| event["cursor"] != *after) {
        told.push(socket.told("1").await["Subscription_requestEvents"].take());
    }
    assert_eq!(socket.receive_within(std::time::Duration::from_millis(300)).await, None);
    Ok(told)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_is_visible_to_the_readers_in_the_table() {
    let story = Story::tell().await;
    let people = story.server.everybody(story::CAST).await;
    let overseer = &people["overseer"];
    let schema = overseer.ask(INTROSPECTION, json!({})).await["__schema"].clone();
    let table = table();
    let mut seen = Seen::default();
    for (at, world) in WORLDS.iter().enumerate() {
        let mut texts = vec![String::new(); READERS.len()];
        for (query, variables) in operations(&schema, overseer, world.office).await {
            let ask = |name: Option<&str>| {
                story.server.send(name.map(|name| people[name].token()), &query, variables.clone())
            };
            let (whole, parts) = tokio::join!(ask(Some("overseer")), join_all(world.readers.map(ask)));
            let (whole, errors) = taken(whole);
            assert_eq!(errors, BTreeMap::new(), "{query}");
            seen.whole(&whole);
            for ((reader, name), answer) in world.readers.iter().enumerate().zip(parts) {
                texts[reader] += &answer.to_string();
                let (part, errors) = taken(answer);
                let mut walk = Walk { table: &table, seen: &mut seen, reader };
                for (field, code) in &errors {
                    assert_eq!(code, "UNAUTHENTICATED", "{field} for {name:?}");
                    walk.note("Query", field.trim_start_matches("Query_"), '!');
                }
                if errors.is_empty() {
                    walk.objects(&whole, &part);
                }
            }
        }
        let begin = format!(
            "{{ requests(first: 1, filter: {{ office: \"{}\" }}, orderBy: {{ field: SUBMITTED_AT, direction: ASC }}) {{ \
             nodes {{ events(first: 1) {{ nodes {{ cursor }} }} }} }} }}",
            world.office
        );
        let begin =
            overseer.ask(&begin, json!({})).await["requests"]["nodes"][0]["events"]["nodes"][0]["cursor"].clone();
        let query = format!(
            "subscription($after: String) {{ Subscription_requestEvents: requestEvents(after: $after, filter: {{ office: \
             \"{}\" }}) {} }}",
            world.office,
            everything(&schema, "RequestEvent", 2, &mut vec![])
        );
        let follow = |name: Option<&str>| followed(&story, name.map(|name| people[name].token()), &query, &begin);
        let (whole, parts) = tokio::join!(follow(Some("overseer")), join_all(world.readers.map(follow)));
        let whole = json!({ "Subscription_requestEvents": whole.expect("events") });
        seen.whole(&whole);
        for ((reader, name), told) in world.readers.iter().enumerate().zip(parts) {
            let mut walk = Walk { table: &table, seen: &mut seen, reader };
            match told {
                Ok(told) => {
                    texts[reader] += &json!(told).to_string();
                    walk.objects(&whole, &json!({ "Subscription_requestEvents": told }));
                }
                Err(code) => {
                    assert_eq!(code, "UNAUTHENTICATED", "{name:?}");
                    walk.note("Subscription", "requestEvents", '!');
                }
            }
        }
        for (mark, who) in MARKS {
            let found: Vec<&str> =
                READERS.iter().zip(&texts).filter(|(_, text)| text.contains(mark)).map(|(reader, _)| *reader).collect();
            assert_eq!(found, who[at], "who reads {mark} in {}", world.office);
        }
    }
    let inbox = "subscription { inboxChanges { requestId } }";
    assert_eq!(followed(&story, None, inbox, &Value::Null).await, Err("UNAUTHENTICATED".to_owned()));
    Walk { table: &table, seen: &mut seen, reader: 0 }.note("Subscription", "inboxChanges", '!');
    assert!(!story.server.log().contains("ERROR"), "{}", story.server.log());
    judge(&schema, &table, &seen);
}

/// Compares the observed views with the table, and reports all differences at once, as rows of the table.
fn judge(schema: &Value, table: &BTreeMap<(&str, &str), Vec<&str>>, seen: &Seen) {
    let mut wrong: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let (mut known, mut absent) = (BTreeSet::new(), Vec::new());
    for of in schema["types"].as_array().expect("types").iter().filter(|of| of["kind"] == "OBJECT") {
        let name = of["name"].as_str().expect("a name");
        // Payloads of acts are in `unauthorized`.
        if name.starts_with("__") || name == "Mutation" || name.ends_with("Payload") || name == "UserError" {
            continue;
        }
        for field in of["fields"].as_array().expect("fields") {
            let field = field["name"].as_str().expect("a name");
            known.insert((name, field));
            let got = seen.by.get(&(name.to_owned(), field.to_owned()));
            let text = |reader: usize| match got.map(|got| &got[reader]) {
                Some(got) if !got.is_empty() => got.iter().collect::<String>(),
                _ => "-".to_owned(),
            };
            let got: Vec<String> = (0..READERS.len()).map(text).collect();
            let stated = table.get(&(name, field));
            // Readers' own values are not compared.
            let own = stated.is_some_and(|gets| gets.iter().all(|gets| ["~", "!"].contains(gets)));
            if !own && !seen.whole.contains(&(name.to_owned(), field.to_owned())) {
                absent.push(format!("{name}.{field}"));
            }
            let fits = |stated: &Vec<&str>| {
                let mut each = stated.iter().zip(&got);
                each.all(|(says, got)| says == got || (*says == "~" && got == "-"))
            };
            if !stated.is_some_and(fits) {
                wrong.entry((name.to_owned(), got.join(" "))).or_default().push(field.to_owned());
            }
        }
    }
    let told: Vec<String> = wrong
        .iter()
        .map(|((of, gets), fields)| format!("    (\"{of}\", \"{gets}\", \"{}\"),", fields.join(" ")))
        .collect();
    assert!(told.is_empty(), "decide on these, or find out why they are read so:\n{}", told.join("\n"));
    assert_eq!(absent, ABSENT, "what nobody read proves nothing");
    let gone: Vec<_> = table.keys().filter(|key| !known.contains(*key)).collect();
    assert!(gone.is_empty(), "these are not in the schema: {gone:?}");
}
