//! Every role, every step, every outcome, every other act, at every reachable state of a request of a shipped SOP: tried over
//! HTTP, and accepted exactly as the policy's lines (read here independently) and the step machine allow. `availableActions`
//! agrees, and `closedActions` has the later ones with their obstacles. The accepted acts stand in golden files, for people to
//! review.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::path::Path;

use disposisi::procedure::{AssetSpec, Office, Origin, Outcome, Procedure, Requirement, Step, read_folder};
use disposisi::workflow::{self, Act, Decision, Execution, SignatureStatus, Stage, State, Status, reach};
use serde_json::{Value, json};

use crate::branches::example;
use crate::closed_actions::{self, CLOSED, Door};
use crate::harness::{Folders, Person, Server, with};

const READ: &str = "query($number: String!) { request(number: $number) { id version documents { id kind { key } current } \
    assets { id } availableActions { kind step { key } outcomes { key } document { kind { key } } } } }";

/// The parts of a request that inputs refer to.
const REFERENCES: &str = "query($number: String!) { request(number: $number) { id version \
    documents { id kind { key } current } assets { id } } }";

/// A policy line: role, object, action.
type Line = (String, String, String);

/// The lines of an office's file, read plainly.
fn lines(office: &str) -> BTreeSet<Line> {
    let file = Folders::shipped().policies.join(format!("{office}.csv"));
    let text = std::fs::read_to_string(file).expect("the policy");
    let line = |line: &str| {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        assert_eq!((cells.len(), cells[0], cells[2]), (5, "p", office), "{line}");
        (cells[1].to_owned(), cells[3].to_owned(), cells[4].to_owned())
    };
    text.lines().filter(|text| !text.is_empty() && !text.starts_with('#')).map(line).collect()
}

/// Every state with the shortest way to it.
fn ways(procedure: &Procedure) -> Vec<(State, Vec<Act>)> {
    let first = workflow::submit(procedure).expect("a first step");
    let mut known = BTreeSet::from([reach::normalised(first.clone())]);
    let mut found = vec![(first.clone(), Vec::new())];
    let mut queue = VecDeque::from([(first, Vec::new())]);
    while let Some((state, way)) = queue.pop_front() {
        for act in reach::acts(procedure, &state) {
            let after = workflow::decide(procedure, &state, &act).expect("it is possible");
            if known.insert(reach::normalised(after.clone())) {
                let way = [way.clone(), vec![act]].concat();
                found.push((after.clone(), way.clone()));
                queue.push_back((after, way));
            }
        }
    }
    found
}

/// An attempt by a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Attempt {
    Execute(String, String),
    Resubmit,
    Sign(String, bool),
    Withdraw,
    Reveal,
    Reissue,
    Revoke,
}

impl Attempt {
    /// As the golden file and `availableActions` name it.
    fn name(&self) -> String {
        match self {
            Self::Execute(step, outcome) => format!("{step}:{outcome}"),
            Self::Resubmit => "resubmit".to_owned(),
            Self::Sign(record, true) => format!("sign {record}"),
            Self::Sign(record, false) => format!("refuse {record}"),
            Self::Withdraw => "withdraw".to_owned(),
            Self::Reveal => "reveal".to_owned(),
            Self::Reissue => "reissue".to_owned(),
            Self::Revoke => "revoke".to_owned(),
        }
    }
}

/// For each of the states, those reachable from it, itself included.
fn later(procedure: &Procedure, states: &[(State, Vec<Act>)]) -> Vec<BTreeSet<usize>> {
    let place = |state: &State| {
        let state = reach::normalised(state.clone());
        states.iter().position(|(known, _)| reach::normalised(known.clone()) == state).expect("a state")
    };
    let next = |(state, _): &(State, Vec<Act>)| {
        let acts = reach::acts(procedure, state).into_iter();
        acts.map(|act| place(&workflow::decide(procedure, state, &act).expect("possible"))).collect::<BTreeSet<_>>()
    };
    let next: Vec<BTreeSet<usize>> = states.iter().map(next).collect();
    let from = |start: usize| {
        let (mut found, mut queue) = (BTreeSet::from([start]), vec![start]);
        while let Some(at) = queue.pop() {
            queue.extend(next[at].iter().copied().filter(|next| found.insert(*next)));
        }
        found
    };
    (0..states.len()).map(from).collect()
}

/// A procedure on a stage: its people, and counters for unique inputs.
struct Play<'a> {
    procedure: &'a Procedure,
    office: &'a Office,
    lines: BTreeSet<Line>,
    people: BTreeMap<String, Person<'a>>,
    /// Ids of a missing asset and a missing document.
    missing: [String; 2],
    unique: usize,
    /// How many stretches of a place were asked for.
    places: usize,
}

impl Play<'_> {
    fn may(&self, role: &str, object: &str, action: &str) -> bool {
        self.lines.contains(&(role.to_owned(), object.to_owned(), action.to_owned()))
    }

    fn step_object(&self, step: &str) -> String {
        format!("{}/{step}", self.procedure.key)
    }

    /// Every attempt.
    fn attempts(&self) -> Vec<Attempt> {
        let mut attempts =
            vec![Attempt::Resubmit, Attempt::Withdraw, Attempt::Reveal, Attempt::Reissue, Attempt::Revoke];
        for step in &self.procedure.steps {
            let outcomes = step.outcomes.iter();
            attempts.extend(outcomes.map(|outcome| Attempt::Execute(step.key.clone(), outcome.key.clone())));
            if let Some(record) = &step.signs {
                attempts.extend([true, false].map(|signs| Attempt::Sign(record.clone(), signs)));
            }
        }
        attempts
    }

    /// True if the policy's lines and the SOP allow this to the role at a state; the one submitter here has the submitting
    /// role.
    fn expects(&self, role: &str, state: &State, attempt: &Attempt) -> bool {
        let key = &self.procedure.key;
        let first = &self.procedure.steps[0].key;
        match attempt {
            Attempt::Execute(step, outcome) => {
                let (step, outcome) = self.find(step, outcome);
                let run = Act::Execute(least(self.procedure, state, step, outcome));
                self.may(role, &self.step_object(&step.key), "execute")
                    && workflow::decide(self.procedure, state, &run).is_ok()
            }
            Attempt::Resubmit => {
                self.may(role, &self.step_object(first), "execute") && state.status == Status::Returned
            }
            Attempt::Sign(record, _) => {
                let here = state.at.as_ref().is_some_and(|at| {
                    let step = self.procedure.step(&at.step).expect("a step");
                    step.signs.as_ref() == Some(record) && self.may(role, &self.step_object(&at.step), "sign")
                });
                here && state.documents.get(record) == Some(&SignatureStatus::Unsigned)
            }
            Attempt::Withdraw => {
                let made = !matches!(state.asset, None | Some(Stage::Reserved));
                self.may(role, key, "withdraw") && !state.status.is_end() && !made
            }
            Attempt::Reveal => self.may(role, key, "reveal") && self.has_secret() && state.asset == Some(Stage::Active),
            Attempt::Reissue => {
                self.may(role, key, "reissue") && self.has_secret() && state.asset == Some(Stage::Active)
            }
            Attempt::Revoke => self.may(role, key, "revoke") && state.asset == Some(Stage::Active),
        }
    }

    /// The door of an attempt.
    fn door(&self, attempt: &Attempt) -> Door {
        let signed_at = |record: &String| self.procedure.steps.iter().find(|step| step.signs.as_ref() == Some(record));
        let (kind, step) = match attempt {
            Attempt::Execute(step, _) => ("EXECUTE_STEP", Some(step.clone())),
            Attempt::Resubmit => ("RESUBMIT", Some(self.procedure.steps[0].key.clone())),
            Attempt::Sign(record, _) => ("SIGN_DOCUMENT", signed_at(record).map(|step| step.key.clone())),
            Attempt::Withdraw => ("WITHDRAW", None),
            Attempt::Reveal => ("REVEAL_CREDENTIAL", None),
            Attempt::Reissue => ("REISSUE_CREDENTIAL", None),
            Attempt::Revoke => ("REVOKE_ASSET", None),
        };
        (kind.to_owned(), step)
    }

    /// The doors closed to a role now that may be open to it in one of these states; of those on the whole request, each with a
    /// line for it.
    fn expects_closed<'s>(&self, role: &str, state: &State, later: impl Iterator<Item = &'s State>) -> BTreeSet<Door> {
        let attempts = self.attempts();
        let open = |state: &State| {
            let open = attempts.iter().filter(|attempt| self.expects(role, state, attempt));
            open.map(|attempt| self.door(attempt)).collect::<BTreeSet<Door>>()
        };
        let mut closed: BTreeSet<Door> = later.flat_map(open).filter(|(_, step)| step.is_some()).collect();
        let whole = [
            ("WITHDRAW", "withdraw"),
            ("REVEAL_CREDENTIAL", "reveal"),
            ("REISSUE_CREDENTIAL", "reissue"),
            ("REVOKE_ASSET", "revoke"),
        ];
        let lines = whole.iter().filter(|(_, action)| self.may(role, &self.procedure.key, action));
        closed.extend(lines.map(|(kind, _)| ((*kind).to_owned(), None)));
        let open = open(state);
        closed.retain(|door| !open.contains(door));
        closed
    }

    fn has_secret(&self) -> bool {
        let mut outcomes = self.procedure.steps.iter().flat_map(|step| &step.outcomes);
        outcomes.any(|outcome| outcome.secret != Requirement::None)
    }

    fn find(&self, step: &str, outcome: &str) -> (&Step, &Outcome) {
        let step = self.procedure.step(step).expect("a step");
        (step, step.outcome(outcome).expect("an outcome"))
    }

    /// A role with a line for this.
    fn role_for(&self, object: &str, action: &str) -> &str {
        let mut roles = self.people.keys().map(String::as_str);
        roles.find(|role| self.may(role, object, action)).expect("somebody may")
    }

    fn papers(&mut self) -> Value {
        self.unique += 1;
        json!({
            "letter": { "number": format!("005/{}", self.unique), "date": "2026-01-05", "subject": "Permohonan" },
            "contact": { "name": "Warga Contoh", "phone": "0562 000000", "email": "contoh@opd.example" },
            "details": example(&self.procedure.details, self.unique),
        })
    }

    /// A request brought to a state by its way. Returns its number.
    async fn play(&mut self, way: &[Act]) -> String {
        let mut input = self.papers();
        input["office"] = json!(self.office.key);
        input["procedure"] = json!(self.procedure.key);
        let submitter = self.role_for(&self.step_object(&self.procedure.steps[0].key), "execute");
        let query = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { number } \
            userErrors { code message path } } }";
        let answer = self.people[submitter].ask(query, json!({ "input": input })).await;
        let number =
            answer["submitRequest"]["request"]["number"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        for act in way {
            let (role, attempt) = match act {
                Act::Resubmit => {
                    let object = self.step_object(&self.procedure.steps[0].key);
                    (self.role_for(&object, "execute").to_owned(), Attempt::Resubmit)
                }
                Act::Execute(run) => {
                    let role = self.role_for(&self.step_object(&run.step), "execute").to_owned();
                    (role, Attempt::Execute(run.step.clone(), run.outcome.clone()))
                }
                Act::Sign { record, decision } => {
                    let step = self.procedure.steps.iter().find(|step| step.signs.as_ref() == Some(record));
                    let object = self.step_object(&step.expect("a step").key);
                    let role = self.role_for(&object, "sign").to_owned();
                    (role, Attempt::Sign(record.clone(), *decision == Decision::Sign))
                }
                Act::Withdraw | Act::Revoke => panic!("no way leads so"),
            };
            let extra = match act {
                Act::Execute(run) => run.documents.iter().cloned().collect(),
                _ => BTreeSet::new(),
            };
            self.act(&role, &number, &attempt, &extra).await;
        }
        number
    }

    /// The ids and the version of a request, as acts refer to them.
    async fn references(&self, number: &str) -> Value {
        let office = self.role_for("requests", "see-all");
        self.people[office].ask(REFERENCES, json!({ "number": number })).await["request"].take()
    }

    /// Does an act by a role on a request: it is accepted.
    async fn act(&mut self, role: &str, number: &str, attempt: &Attempt, documents: &BTreeSet<String>) {
        let seen = self.references(number).await;
        let refused = self.attempt(role, &seen, std::slice::from_ref(attempt), documents).await;
        assert_eq!(refused, [Vec::<String>::new()], "{number}: {role}, {}", attempt.name());
    }

    /// Tries acts by a role on a request, in one operation. Returns the codes of each refusal.
    async fn attempt(
        &mut self,
        role: &str,
        seen: &Value,
        attempts: &[Attempt],
        documents: &BTreeSet<String>,
    ) -> Vec<Vec<String>> {
        let mut variables = json!({});
        let (mut heads, mut fields) = (String::new(), String::new());
        for (index, attempt) in attempts.iter().enumerate() {
            let (mutation, input) = self.input(seen, attempt, documents);
            // An attempt among others is refused, and takes no place.
            self.places += usize::from(attempts.len() == 1 && input["asset"].is_object());
            let mut kind = mutation.to_owned();
            kind[..1].make_ascii_uppercase();
            write!(heads, "$i{index}: {kind}Input! ").expect("text");
            write!(fields, "a{index}: {mutation}(input: $i{index}) {{ userErrors {{ code }} }} ").expect("text");
            variables[format!("i{index}")] = input;
        }
        let answer = self.people[role].answer(&format!("mutation({heads}) {{ {fields} }}"), variables).await;
        let refusals = |index: usize| {
            let alias = format!("a{index}");
            let mut codes = Vec::new();
            for error in
                answer["errors"].as_array().into_iter().flatten().filter(|error| error["path"][0] == alias.as_str())
            {
                codes.push(error["extensions"]["code"].as_str().expect("a code").to_owned());
            }
            for error in answer["data"][&alias]["userErrors"].as_array().into_iter().flatten() {
                codes.push(error["code"].as_str().expect("a code").to_owned());
            }
            assert!(!codes.is_empty() || answer["data"][&alias].is_object(), "{answer:#}");
            codes
        };
        (0..attempts.len()).map(refusals).collect()
    }

    /// The mutation of an attempt and its input, complete.
    fn input(&mut self, seen: &Value, attempt: &Attempt, extra: &BTreeSet<String>) -> (&'static str, Value) {
        let request = json!({ "requestId": seen["id"], "expectedVersion": seen["version"] });
        let asset = seen["assets"][0]["id"].as_str().unwrap_or(&self.missing[0]).to_owned();
        match attempt {
            Attempt::Resubmit => ("resubmitRequest", with(self.papers(), request)),
            Attempt::Withdraw => ("withdrawRequest", with(request, json!({ "reason": "Batal" }))),
            Attempt::Reveal => {
                ("revealCredential", json!({ "assetId": asset, "idempotencyKey": format!("k{}", seen["id"]) }))
            }
            Attempt::Reissue => ("reissueCredential", json!({ "assetId": asset, "secret": "rahasia-baru" })),
            Attempt::Revoke => ("revokeAsset", json!({ "assetId": asset, "reason": "Tidak dipakai" })),
            Attempt::Sign(record, signs) => {
                let documents = seen["documents"].as_array().expect("a list");
                let current = documents
                    .iter()
                    .find(|document| document["kind"]["key"] == record.as_str() && document["current"] == true);
                let id = current.map_or(json!(self.missing[1]), |document| document["id"].clone());
                let decision = if *signs { "SIGN" } else { "REFUSE" };
                ("signDocument", json!({ "documentId": id, "decision": decision, "note": "Catatan" }))
            }
            Attempt::Execute(step, outcome) => {
                self.unique += 1;
                let unique = self.unique;
                let (step, outcome) = self.find(step, outcome);
                let mut input = with(request, json!({ "step": step.key, "outcome": outcome.key }));
                let wanted = |requirement| requirement == Requirement::Required;
                if wanted(outcome.note) {
                    input["note"] = json!("Catatan");
                }
                if wanted(outcome.disposition) {
                    input["disposition"] = json!({ "instruction": "Tindak lanjuti" });
                }
                if let (Requirement::Required, Some(spec)) = (outcome.asset, &self.procedure.asset) {
                    let place = self.places;
                    input["asset"] = json!({ "attributes": attributes(spec, self.office, unique, place) });
                }
                if wanted(outcome.secret) {
                    input["asset"]["secret"] = json!("rahasia-contoh");
                }
                let documents = step.documents_wanted(self.procedure, outcome);
                let mut kinds: BTreeSet<&str> = documents.into_iter().collect();
                kinds.extend(extra.iter().map(String::as_str));
                let document = |kind: &str| json!({ "kind": kind, "title": "Judul", "number": format!("{unique}") });
                input["documents"] = json!(kinds.into_iter().map(document).collect::<Vec<_>>());
                ("executeStep", input)
            }
        }
    }
}

/// Valid attributes, with a free place and an unused name.
fn attributes(spec: &AssetSpec, office: &Office, unique: usize, place: usize) -> Value {
    let mut attributes = example(&spec.attributes, unique);
    if let Some(interval) = &spec.interval {
        // Rack by rack, unit by unit.
        let height = usize::try_from(office.racks[0].units).expect("small");
        attributes[&interval.place] = json!(office.racks[place / height].name);
        attributes[&interval.from] = json!(place % height + 1);
        attributes[&interval.to] = json!(place % height + 1);
    }
    attributes
}

/// The least execution of an outcome.
fn least(procedure: &Procedure, state: &State, step: &Step, outcome: &Outcome) -> Execution {
    let wanted = |requirement| requirement == Requirement::Required;
    Execution {
        step: step.key.clone(),
        outcome: outcome.key.clone(),
        documents: step.documents_wanted(procedure, outcome).into_iter().map(str::to_owned).collect(),
        note: wanted(outcome.note),
        disposition: wanted(outcome.disposition),
        asset: wanted(workflow::asset_wanted(state, outcome)),
        secret: wanted(outcome.secret),
        recipient: wanted(outcome.recipient),
    }
}

/// A state, in a line.
fn label(procedure: &Procedure, state: &State) -> String {
    let mut label = match &state.at {
        None => serde_json::to_value(state.status).expect("a word").as_str().unwrap_or_default().to_owned(),
        Some(at) => {
            let by = at.came_by.clone().map(|arrow| format!(" by {}", String::from(arrow))).unwrap_or_default();
            format!("at {}{by}", at.step)
        }
    };
    let marked = state.documents.iter().filter(|(_, mark)| **mark != SignatureStatus::Unsigned);
    for (record, mark) in marked {
        let word = if *mark == SignatureStatus::Signed { "signed" } else { "refused" };
        write!(label, ", {record} {word}").expect("text");
    }
    let conditions = procedure.steps.iter().flat_map(|step| &step.outcomes).filter_map(|outcome| outcome.last.as_ref());
    let steps: BTreeSet<&str> = conditions.map(|arrow| arrow.step.as_str()).collect();
    for step in steps {
        if let Some(outcome) = state.last.get(step) {
            write!(label, ", {step} was {outcome}").expect("text");
        }
    }
    if let Some(stage) = state.asset {
        let stage = serde_json::to_value(stage).expect("a word");
        write!(label, ", asset {}", stage.as_str().unwrap_or_default()).expect("text");
    }
    label
}

/// The entries of `availableActions`, by the names of attempts.
fn listed(request: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for action in request["availableActions"].as_array().into_iter().flatten() {
        let record = action["document"]["kind"]["key"].as_str().unwrap_or_default();
        match action["kind"].as_str().expect("a kind") {
            "EXECUTE_STEP" => names.extend(action["outcomes"].as_array().expect("a list").iter().map(|outcome| {
                let word = |value: &Value| value.as_str().expect("a key").to_owned();
                format!("{}:{}", word(&action["step"]["key"]), word(&outcome["key"]))
            })),
            "SIGN_DOCUMENT" => names.extend([format!("sign {record}"), format!("refuse {record}")]),
            "RESUBMIT" => names.extend(["resubmit".to_owned()]),
            other => names.extend([other.split('_').next().unwrap_or_default().to_lowercase()]),
        }
    }
    names
}

async fn try_everything(procedure: &Procedure, office: &Office, other: &Office, golden: &mut String) {
    let mut cast: Vec<(String, &str, &str, Option<&str>)> = Vec::new();
    for of in [office, other] {
        for (role, spec) in &of.roles {
            cast.push((format!("{}.{role}", of.key), &of.key, role, spec.of_agency.then_some("dinkes")));
        }
    }
    let borrowed: Vec<_> =
        cast.iter().map(|(name, office, role, agency)| (name.as_str(), *office, *role, *agency)).collect();
    let server = Server::with(&borrowed);
    let mut people = BTreeMap::new();
    for role in office.roles.keys() {
        people.insert(role.clone(), server.person(&format!("{}.{role}", office.key)).await);
    }
    // The other office's people, without a line of this one.
    let strangers: Vec<String> = other.roles.keys().map(|role| format!("{}.{role}", other.key)).collect();
    for stranger in &strangers {
        people.insert(stranger.clone(), server.person(stranger).await);
    }
    let missing = ["Asset", "Document"].map(|kind| server.id_of(kind, uuid::Uuid::from_u128(1)));
    let mut play = Play { procedure, office, lines: lines(&office.key), people, missing, unique: 0, places: 0 };
    let roles: Vec<&str> = office.roles.keys().map(String::as_str).collect();
    let none = BTreeSet::new();
    writeln!(golden, "{}/{}", office.key, procedure.key).expect("text");
    let states = ways(procedure);
    let later = later(procedure, &states);
    // The view of an agency, by its knowledge.
    let mut told_agency: BTreeMap<String, Value> = BTreeMap::new();
    let ask_closed = READ.replace("availableActions", &format!("{CLOSED} availableActions"));
    for (index, (state, way)) in states.iter().enumerate() {
        let number = play.play(way).await;
        // Refused acts leave them as they are.
        let references = play.references(&number).await;
        let mut accepted: Vec<(&str, Attempt)> = Vec::new();
        writeln!(golden, "  {}", label(procedure, state)).expect("text");
        for role in &roles {
            let (allowed, denied): (Vec<Attempt>, Vec<Attempt>) =
                play.attempts().into_iter().partition(|attempt| play.expects(role, state, attempt));
            let seen = play.people[*role].ask(&ask_closed, json!({ "number": number })).await["request"].clone();
            let names: BTreeSet<String> = allowed.iter().map(Attempt::name).collect();
            assert_eq!(listed(&seen), names, "{role} at {}: availableActions", label(procedure, state));
            let closed = closed_actions::doors(&seen["closedActions"]);
            let is_office = !office.roles[*role].of_agency;
            if !seen.is_null() {
                // The office knows the step and state of a request; the agency, its step.
                let at = |other: &State| other.at.as_ref().map(|at| &at.step) == state.at.as_ref().map(|at| &at.step);
                let from =
                    (0..states.len()).filter(|other| if is_office { *other == index } else { at(&states[*other].0) });
                let from: BTreeSet<usize> = from.flat_map(|other| later[other].iter().copied()).collect();
                let expected = play.expects_closed(role, state, from.iter().map(|place| &states[*place].0));
                let at = label(procedure, state);
                assert_eq!(closed.keys().cloned().collect::<BTreeSet<_>>(), expected, "{role} at {at}: closedActions");
                for awaited in closed.values().filter(|_| is_office).map(|told| &told["awaited"]) {
                    for awaited in awaited["roles"].as_array().into_iter().flatten() {
                        let acts =
                            |attempt: &Attempt| play.expects(awaited["key"].as_str().expect("a key"), state, attempt);
                        assert!(play.attempts().iter().any(acts), "{role} at {at}: {awaited} is waited for");
                    }
                }
            }
            if !is_office && !seen.is_null() {
                let under_way = state.at.as_ref().map(|at| &at.step);
                let knows =
                    format!("{role} {under_way:?} {:?} {} {}", state.status, seen["availableActions"], seen["assets"]);
                let knows = knows.replace(seen["assets"][0]["id"].as_str().unwrap_or("-"), "an asset");
                let before = told_agency.entry(knows).or_insert_with(|| seen["closedActions"].clone());
                assert_eq!(*before, seen["closedActions"], "{role} at {}", label(procedure, state));
            }
            for (refused, attempt) in play.attempt(role, &references, &denied, &none).await.into_iter().zip(&denied) {
                let at = label(procedure, state);
                if let Some(told) = closed.get(&play.door(attempt)) {
                    closed_actions::fits(procedure, state, is_office, told, &refused);
                }
                assert!(!refused.is_empty(), "{role} at {at}: {} was accepted", attempt.name());
                let line = match attempt {
                    Attempt::Execute(step, _) => play.may(role, &play.step_object(step), "execute"),
                    _ => true,
                };
                assert!(
                    line || ["FORBIDDEN", "NOT_FOUND"].contains(&refused[0].as_str()),
                    "{role} at {at}: {refused:?}"
                );
                assert!(!refused.iter().any(|code| code == "INTERNAL"), "{role} at {at}: {}", attempt.name());
            }
            accepted.extend(allowed.into_iter().map(|attempt| (*role, attempt)));
            if !names.is_empty() {
                let names: Vec<String> = names.into_iter().collect();
                writeln!(golden, "    {role}: {}", names.join(", ")).expect("text");
            }
        }
        for stranger in &strangers {
            let seen = play.people[stranger].ask(READ, json!({ "number": number })).await;
            assert_eq!(seen["request"], Value::Null, "another office");
            let all = play.attempts();
            for refused in play.attempt(stranger, &references, &all, &none).await {
                assert_eq!(refused, ["NOT_FOUND"], "{stranger} at {}", label(procedure, state));
            }
        }
        // An accepted act moves the request: each on one of its own.
        let mut requests = vec![number];
        for (role, attempt) in accepted {
            let number = match requests.pop() {
                Some(number) => number,
                None => play.play(way).await,
            };
            play.act(role, &number, &attempt, &none).await;
        }
    }
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

/// Compares a text with its golden file; if they differ, writes it beside for copying.
pub(crate) fn hold(file: &str, text: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    if std::fs::read_to_string(&golden).unwrap_or_default() != text {
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
        std::fs::write(&fresh, text).expect("written");
        panic!("read the difference, then: cp {} {}", fresh.display(), golden.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_tries_everything_at_every_state() {
    let shelf = read_folder(&Folders::shipped().procedures).expect("the shipped files");
    // Each SOP has a server of its own: one after the other they would be the last to end of all tests.
    let tried = shelf.procedures.iter().map(async |located| {
        let mut golden = String::new();
        let office = shelf.office(&located.procedure.office).expect("its office");
        let other = shelf.offices.iter().find(|other| other.key != office.key).expect("another office");
        try_everything(&located.procedure, office, other, &mut golden).await;
        golden
    });
    hold("acts.txt", &futures_util::future::join_all(tried).await.concat());
}

#[test]
fn the_policy_reads_like_the_sops_matrix() {
    let shelf = read_folder(&Folders::shipped().procedures).expect("the shipped files");
    let mut golden = String::new();
    for located in &shelf.procedures {
        let procedure = &located.procedure;
        let lines = lines(&procedure.office);
        writeln!(golden, "{}/{}", procedure.office, procedure.key).expect("text");
        let of = |object: &str| {
            let mut acts: Vec<String> =
                lines.iter().filter(|line| line.1 == object).map(|(role, _, act)| format!("{act} {role}")).collect();
            acts.sort();
            acts.join(", ")
        };
        for step in &procedure.steps {
            writeln!(golden, "  {}: {}", step.key, of(&format!("{}/{}", procedure.key, step.key))).expect("text");
        }
        writeln!(golden, "  whole: {}", of(&procedure.key)).expect("text");
        let mut sees: Vec<String> =
            lines.iter().filter(|line| line.1 == "requests").map(|(role, _, act)| format!("{role} {act}")).collect();
        sees.sort();
        writeln!(golden, "  seeing: {}", sees.join(", ")).expect("text");
        assert!(procedure.records.values().any(|record| record.origin == Origin::Letter));
    }
    hold("roles.txt", &golden);
}
