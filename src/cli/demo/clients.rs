//! HTTP clients of the demo's people.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::users::{PASSWORD, USERS};
use crate::cli::output::print_line;

const SIGN_IN: &str = "mutation($input: SignInInput!) { signIn(input: $input) { accessToken \
    viewer { grants { role { name } } } userErrors { message } } }";

const PROCEDURE: &str = "query($office: String!, $key: String!) { procedure(office: $office, key: $key) { number title \
    office { city } steps { key outcomes { key label } } } }";

const READ: &str = "query($number: String!) { request(number: $number) { id version \
    documents { id kind { key name } current } assets { id } } }";

/// Selection of every mutation on a request.
const RESULT_FIELDS: &str = "request { number status reason currentVisit { step { key performers { name } signers { name } } } \
    assets { name status } } userErrors { code message path }";

/// A signed-in person.
struct SignedInUser {
    name: &'static str,
    role: String,
    token: String,
}

/// HTTP clients of all people.
pub(super) struct DemoClients {
    url: String,
    http: reqwest::Client,
    clients: HashMap<String, SignedInUser>,
    labels: HashMap<(String, String), String>,
    /// Prints nothing.
    quiet: bool,
}

impl DemoClients {
    pub(super) fn new(base: &str) -> Self {
        Self {
            url: format!("{base}/graphql"),
            http: reqwest::Client::new(),
            clients: HashMap::new(),
            labels: HashMap::new(),
            quiet: false,
        }
    }

    /// Clients that print nothing.
    pub(super) fn quiet(base: &str) -> Self {
        Self { quiet: true, ..Self::new(base) }
    }

    /// Reads a procedure and prints its title.
    pub(super) async fn start_procedure(&mut self, office: &str, procedure: &str) -> Result<(), String> {
        let answer = self.send(None, PROCEDURE, json!({ "office": office, "key": procedure })).await?;
        let found = &answer["procedure"];
        self.labels.clear();
        for step in list(&found["steps"]) {
            for outcome in list(&step["outcomes"]) {
                self.labels.insert((text(&step["key"]), text(&outcome["key"])), text(&outcome["label"]));
            }
        }
        let (title, number, city) = (text(&found["title"]), text(&found["number"]), text(&found["office"]["city"]));
        print_line(&format!("\n{title} — SOP {number}, {city}"));
        Ok(())
    }

    /// Submits a request. Returns its number.
    pub(super) async fn submit(&mut self, who: &str, input: Value) -> Result<String, String> {
        let query =
            format!("mutation($input: SubmitRequestInput!) {{ submitRequest(input: $input) {{ {RESULT_FIELDS} }} }}");
        let what = format!("submits letter {}", text(&input["letter"]["number"]));
        let answer = self.mutate(who, &query, input, "submitRequest").await?;
        let number = text(&answer["request"]["number"]);
        if !self.quiet {
            print_line(&format!("\n  {number}"));
        }
        self.print(who, &what, &describe_request(&answer["request"]));
        Ok(number)
    }

    /// Resubmits a returned request.
    pub(super) async fn resubmit(&mut self, who: &str, number: &str, mut input: Value) -> Result<(), String> {
        let query = format!(
            "mutation($input: ResubmitRequestInput!) {{ resubmitRequest(input: $input) {{ {RESULT_FIELDS} }} }}"
        );
        let seen = self.read_request(who, number).await?;
        input["requestId"] = seen["id"].clone();
        input["expectedVersion"] = seen["version"].clone();
        let answer = self.mutate(who, &query, input, "resubmitRequest").await?;
        self.print(who, "completes it", &describe_request(&answer["request"]));
        Ok(())
    }

    /// Ends a step. Returns the request's status.
    pub(super) async fn execute(
        &mut self,
        who: &str,
        number: &str,
        (step, outcome): (&str, &str),
        more: Value,
    ) -> Result<String, String> {
        let query =
            format!("mutation($input: ExecuteStepInput!) {{ executeStep(input: $input) {{ {RESULT_FIELDS} }} }}");
        let seen = self.read_request(who, number).await?;
        let mut input = json!({
            "requestId": seen["id"], "step": step, "outcome": outcome, "expectedVersion": seen["version"],
        });
        if let (Some(input), Value::Object(more)) = (input.as_object_mut(), &more) {
            input.extend(more.clone());
        }
        let answer = self.mutate(who, &query, input, "executeStep").await?;
        let label = self.labels.get(&(step.to_owned(), outcome.to_owned())).cloned().unwrap_or_default();
        let note = more["note"].as_str().map(|note| format!(", “{note}”")).unwrap_or_default();
        self.print(who, &format!("{step}. {label}{note}"), &describe_request(&answer["request"]));
        Ok(text(&answer["request"]["status"]))
    }

    /// Signs or refuses the current document of a kind.
    pub(super) async fn sign(
        &mut self,
        who: &str,
        number: &str,
        kind: &str,
        refusal: Option<&str>,
    ) -> Result<(), String> {
        let seen = self.read_request(who, number).await?;
        let mut documents = list(&seen["documents"]).iter();
        let document = documents.find(|found| found["kind"]["key"] == kind && found["current"] == true);
        let document = document.ok_or_else(|| format!("{who} sees no current {kind}"))?;
        let decision = if refusal.is_some() { "REFUSE" } else { "SIGN" };
        let input = json!({ "documentId": document["id"], "decision": decision, "note": refusal });
        let query = "mutation($input: SignDocumentInput!) { signDocument(input: $input) { \
            userErrors { code message path } } }";
        self.mutate(who, query, input, "signDocument").await?;
        let name = text(&document["kind"]["name"]);
        match refusal {
            Some(why) => self.print(who, &format!("refuses the {name}, “{why}”"), "it may be drafted again"),
            None => self.print(who, &format!("signs the {name}"), "it may be sent"),
        }
        Ok(())
    }

    /// Reads the credential of a request's asset, once.
    pub(super) async fn reveal(&mut self, who: &str, number: &str) -> Result<(), String> {
        let seen = self.read_request(who, number).await?;
        let input = json!({ "assetId": seen["assets"][0]["id"], "idempotencyKey": format!("demo {number}") });
        let query = "mutation($input: RevealCredentialInput!) { revealCredential(input: $input) { username secret \
            userErrors { code message path } } }";
        let answer = self.mutate(who, query, input, "revealCredential").await?;
        let length = answer["secret"].as_str().map_or(0, |secret| secret.chars().count());
        let result =
            format!("username {}, a password of {length} characters, not shown again", text(&answer["username"]));
        self.print(who, "reads the credential", &result);
        Ok(())
    }

    /// Reads a request as a person.
    async fn read_request(&mut self, who: &str, number: &str) -> Result<Value, String> {
        self.sign_in(who).await?;
        let token = self.clients.get(who).map(|client| client.token.as_str());
        let answer = self.send(token, READ, json!({ "number": number })).await?;
        let request = answer["request"].clone();
        if request.is_null() { Err(format!("{who} does not see {number}")) } else { Ok(request) }
    }

    /// Sends a mutation and returns its payload. A user error ends the demo.
    async fn mutate(&mut self, who: &str, query: &str, input: Value, mutation: &str) -> Result<Value, String> {
        self.sign_in(who).await?;
        let token = self.clients.get(who).map(|client| client.token.as_str());
        let answer = self.send(token, query, json!({ "input": input })).await?;
        let payload = answer[mutation].clone();
        if list(&payload["userErrors"]).is_empty() {
            Ok(payload)
        } else {
            Err(format!("{who}, {mutation}: {}", payload["userErrors"]))
        }
    }

    /// Signs a person in before their first act.
    async fn sign_in(&mut self, who: &str) -> Result<(), String> {
        if self.clients.contains_key(who) {
            return Ok(());
        }
        let answer = self.send(None, SIGN_IN, json!({ "input": { "username": who, "password": PASSWORD } })).await?;
        let token = answer["signIn"]["accessToken"].as_str().ok_or_else(|| answer["signIn"].to_string())?;
        let client = SignedInUser {
            name: USERS.iter().find(|user| user.username == who).map_or("", |user| user.name),
            role: text(&answer["signIn"]["viewer"]["grants"][0]["role"]["name"]),
            token: token.to_owned(),
        };
        self.clients.insert(who.to_owned(), client);
        Ok(())
    }

    async fn send(&self, token: Option<&str>, query: &str, variables: Value) -> Result<Value, String> {
        let mut request = self.http.post(&self.url).json(&json!({ "query": query, "variables": variables }));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let failed = |error: reqwest::Error| format!("{}: {error}", self.url);
        let answer: Value = request.send().await.map_err(failed)?.json().await.map_err(failed)?;
        match answer.get("errors") {
            None => Ok(answer["data"].clone()),
            Some(errors) => Err(format!(
                "{} ({}); mend: start it without the settings that refuse this (DISPOSISI_…)",
                text(&errors[0]["message"]),
                text(&errors[0]["extensions"]["code"])
            )),
        }
    }

    /// Prints an act and its result.
    fn print(&self, who: &str, what: &str, result: &str) {
        if self.quiet {
            return;
        }
        let (name, role) = self.clients.get(who).map_or((who, ""), |client| (client.name, client.role.as_str()));
        print_line(&format!("    {name}, {role}: {what}\n        → {result}"));
    }
}

/// Describes the state of a request.
fn describe_request(request: &Value) -> String {
    let names = |roles: &Value| list(roles).iter().map(|role| text(&role["name"])).collect::<Vec<_>>().join(", ");
    let step = &request["currentVisit"]["step"];
    let mut result = match request["status"].as_str() {
        Some("IN_PROGRESS") => format!("waits for {} at step {}", names(&step["performers"]), text(&step["key"])),
        Some("RETURNED") => format!("RETURNED to {} at step {}", names(&step["performers"]), text(&step["key"])),
        other => other.unwrap_or_default().to_owned(),
    };
    if !list(&step["signers"]).is_empty() {
        result.push_str(&format!(", and for the signature of {}", names(&step["signers"])));
    }
    for asset in list(&request["assets"]) {
        result.push_str(&format!("; {} is {}", text(&asset["name"]), text(&asset["status"])));
    }
    result
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
