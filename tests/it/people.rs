//! An office's people, agencies and grants: their changes by administrators, in effect at once.

use serde_json::{Value, json};

use crate::acts::{Cloud, SUBMIT, error_code, sheet, user_error_code};
use crate::cast::{ADMIN, COLLEAGUE, Cast, KABID, KADEK, KADIS, OPD, PUTU, TU};
use crate::harness::{Person, Server, now, with};
use crate::socket::Socket;

const CAST: Cast<'static> =
    &[OPD, TU, KADIS, KABID, ADMIN, ("second", "singkawang", "office-admin", None), PUTU, KADEK];

const GRANT: &str = "mutation($input: GrantRoleInput!) { grantRole(input: $input) { grant { id role { key } capacity \
    decreeNumber onBehalfOf { name } validUntil } userErrors { code path message } } }";
const REVOKE: &str = "mutation($input: RevokeGrantInput!) { revokeGrant(input: $input) { grant { id validUntil } \
    userErrors { code path } } }";
const CREATE: &str = "mutation($input: CreateUserInput!) { createUser(input: $input) { user { id username name nip } \
    userErrors { code path } } }";
const DEACTIVATE: &str = "mutation($input: DeactivateUserInput!) { deactivateUser(input: $input) { user { id } \
    userErrors { code path } } }";
const PEOPLE: &str = "query($office: String!) { office(key: $office) { people { user { id username name nip } active \
    grants { id role { key } validUntil } } } }";

/// The people of an office by their sign-in names, as an administrator sees them.
async fn people(admin: &Person<'_>, office: &str) -> Vec<Value> {
    admin.ask(PEOPLE, json!({ "office": office })).await["office"]["people"].as_array().expect("people").clone()
}

async fn id_of(admin: &Person<'_>, office: &str, username: &str) -> Value {
    admin.person_of(office, username).await["user"]["id"].take()
}

async fn grant_of(admin: &Person<'_>, username: &str) -> Value {
    admin.person_of("singkawang", username).await["grants"][0]["id"].take()
}

/// Submits a request. Returns its number, or the code of the error.
async fn submit(opd: &Person<'_>) -> Result<String, String> {
    let answer = opd.answer(SUBMIT, Cloud::default().variables()).await;
    let number = answer["data"]["submitRequest"]["request"]["number"].as_str();
    number.map(str::to_owned).ok_or_else(|| error_code(&answer).to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_add_people() {
    let server = Server::with(CAST);
    let admin = server.person("admin").await;
    let new = |office: &str, name: &str| {
        json!({ "input": { "office": office, "username": name, "name": "Siti", "nip": "198001012005011001",
            "password": "demonstration only" } })
    };
    let made = admin.ask(CREATE, new("singkawang", "siti")).await;
    assert_eq!(made["createUser"]["user"]["nip"], "198001012005011001", "{made}");
    assert_eq!(user_error_code(&admin.ask(CREATE, new("singkawang", "siti")).await["createUser"]), "NAME_TAKEN");
    assert_eq!(user_error_code(&admin.ask(CREATE, new("singkawang", "Si ti")).await["createUser"]), "INVALID_INPUT");
    for name in ["opd", "tu", "kadis", "putu", "kadek"] {
        let person = server.person(name).await;
        assert_eq!(person.refusal(CREATE, new("singkawang", "budi")).await, "FORBIDDEN", "{name}");
        let office = if name.starts_with('p') { "singkawang" } else { "denpasar" };
        assert_eq!(person.ask(PEOPLE, json!({ "office": office })).await["office"]["people"], Value::Null, "{name}");
    }
    assert_eq!(admin.refusal(CREATE, new("denpasar", "budi")).await, "FORBIDDEN");
    assert_eq!(admin.refusal(CREATE, new("nowhere", "budi")).await, "FORBIDDEN", "as an office that is not theirs");

    // She may sign in, and may nothing until she is granted a role; then at once.
    let siti = server.person("siti").await;
    let inbox = "{ viewer { grants { role { key } } inbox { totalCount } } }";
    assert_eq!(siti.ask(inbox, json!({})).await["viewer"]["grants"], json!([]));
    let user = made["createUser"]["user"]["id"].clone();
    let role = |role: &str| json!({ "input": { "office": "singkawang", "userId": user, "role": role } });
    let granted = admin.ask(GRANT, role("tu")).await;
    assert_eq!(granted["grantRole"]["grant"]["role"]["key"], "tu", "{granted}");
    assert_eq!(siti.ask(inbox, json!({})).await["viewer"]["grants"][0]["role"]["key"], "tu");
    assert_eq!(user_error_code(&admin.ask(GRANT, role("opd")).await["grantRole"]), "INVALID_INPUT", "of which agency?");
    assert_eq!(admin.refusal(GRANT, role("lurah")).await, "FORBIDDEN", "a role that no line names");
    assert_eq!(siti.refusal(GRANT, role("kepala-dinas")).await, "FORBIDDEN");

    // Deactivated, she is out at once: her socket too.
    let mut socket = Socket::of(&server, siti.token()).await;
    socket.subscribe("1", "subscription { requestEvents { kind } }", json!({})).await;
    socket.settle().await;
    let input = json!({ "input": { "office": "singkawang", "userId": user } });
    assert_eq!(admin.ask(DEACTIVATE, input.clone()).await["deactivateUser"]["userErrors"], json!([]));
    assert_eq!(admin.ask(DEACTIVATE, input).await["deactivateUser"]["userErrors"], json!([]), "again");
    assert_eq!(siti.refusal(inbox, json!({})).await, "UNAUTHENTICATED");
    assert_eq!(socket.closed().await, 4403);
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

#[tokio::test(flavor = "multi_thread")]
async fn retried_commands_add_and_grant_once() {
    let server = Server::with(CAST);
    let admin = server.person("admin").await;
    let user = |name: &str, password: &str| {
        json!({ "input": { "office": "singkawang", "username": name, "name": "Siti", "password": password,
            "idempotencyKey": "satu" } })
    };
    let first = admin.ask(CREATE, user("siti", "demonstration only")).await["createUser"].clone();
    assert_eq!(admin.ask(CREATE, user("siti", "demonstration only")).await["createUser"], first);
    for other in [user("budi", "demonstration only"), user("siti", "another for them")] {
        assert_eq!(user_error_code(&admin.ask(CREATE, other).await["createUser"]), "IDEMPOTENCY_KEY_REUSED");
    }
    let second = server.person("second").await;
    let answer = second.ask(CREATE, user("siti", "demonstration only")).await;
    assert_eq!(user_error_code(&answer["createUser"]), "NAME_TAKEN", "another's key is another: {answer}");

    let grant = json!({ "input": { "office": "singkawang", "userId": first["user"]["id"], "role": "tu",
        "idempotencyKey": "satu" } });
    let granted = admin.ask(GRANT, grant.clone()).await["grantRole"].clone();
    assert_eq!(admin.ask(GRANT, grant.clone()).await["grantRole"], granted);
    let all = people(&admin, "singkawang").await;
    let siti = all.iter().find(|person| person["user"]["username"] == "siti").expect("a person");
    assert_eq!(siti["grants"].as_array().map(Vec::len), Some(1), "{siti}");

    let agency = "mutation($input: CreateAgencyInput!) { createAgency(input: $input) { agency { id key } \
        userErrors { code } } }";
    let dinsos = json!({ "input": { "office": "singkawang", "key": "dinsos", "name": "Dinas Sosial",
        "idempotencyKey": "satu" } });
    let made = admin.ask(agency, dinsos.clone()).await["createAgency"].clone();
    assert_eq!(made["agency"]["key"], "dinsos", "{made}");
    assert_eq!(admin.ask(agency, dinsos).await["createAgency"], made);
    // The result of a key is hidden from a person without the right.
    let me = id_of(&admin, "singkawang", "admin").await;
    let mine = people(&second, "singkawang").await;
    let mine = mine.iter().find(|person| person["user"]["id"] == me).expect("a person")["grants"][0]["id"].clone();
    assert_eq!(
        second.ask(REVOKE, json!({ "input": { "grantId": mine } })).await["revokeGrant"]["userErrors"],
        json!([])
    );
    assert_eq!(admin.refusal(GRANT, grant).await, "FORBIDDEN");
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_grants_themselves_and_the_last_administrator_stays() {
    let server = Server::with(CAST);
    let admin = server.person("admin").await;
    let me = id_of(&admin, "singkawang", "admin").await;
    let input = json!({ "input": { "office": "singkawang", "userId": me, "role": "kepala-dinas" } });
    assert_eq!(user_error_code(&admin.ask(GRANT, input).await["grantRole"]), "NOT_FOR_YOURSELF");
    let out = json!({ "input": { "office": "singkawang", "userId": me } });
    assert_eq!(user_error_code(&admin.ask(DEACTIVATE, out).await["deactivateUser"]), "NOT_FOR_YOURSELF");
    let (mine, other) = (grant_of(&admin, "admin").await, grant_of(&admin, "second").await);
    let revoke = |grant: &Value| json!({ "input": { "grantId": grant } });
    assert_eq!(user_error_code(&admin.ask(REVOKE, revoke(&other)).await["revokeGrant"]), "");
    assert_eq!(user_error_code(&admin.ask(REVOKE, revoke(&mine)).await["revokeGrant"]), "LAST_ADMINISTRATOR");
    assert_eq!(people(&admin, "singkawang").await.len(), 6, "nothing has changed");
    // Another office's grant does not exist for them.
    let putu = server.person("putu").await;
    assert_eq!(user_error_code(&putu.ask(REVOKE, revoke(&mine)).await["revokeGrant"]), "NOT_FOUND");
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

#[tokio::test(flavor = "multi_thread")]
async fn acting_grants_need_a_decree_and_show_both_people() {
    let server = Server::with(CAST);
    let admin = server.person("admin").await;
    let (kabid, kadis) = (id_of(&admin, "singkawang", "kabid").await, id_of(&admin, "singkawang", "kadis").await);
    let plh = |more: Value| {
        let input = json!({ "office": "singkawang", "userId": kabid, "role": "kepala-dinas",
            "capacity": "DAILY_ACTING", "onBehalfOf": kadis, "decreeNumber": "800/12/2026",
            "validUntil": "2099-01-01T00:00:00Z" });
        json!({ "input": with(input, more) })
    };
    for (without, path) in
        [("decreeNumber", "decreeNumber"), ("onBehalfOf", "onBehalfOf"), ("validUntil", "validUntil")]
    {
        let refused = admin.ask(GRANT, plh(json!({ without: null }))).await;
        assert_eq!(refused["grantRole"]["userErrors"][0]["path"], json!([path]), "{refused}");
    }
    let granted = admin.ask(GRANT, plh(json!({}))).await;
    assert_eq!(granted["grantRole"]["grant"]["onBehalfOf"]["name"], "kadis", "{granted}");

    // The Kabid disposes as Plh. Kepala Dinas: the visit, the disposition and the event say so.
    let opd = server.person("opd").await;
    let number = submit(&opd).await.expect("submitted");
    let tu = server.person("tu").await;
    tu.execute(&number, "2", "forward", sheet()).await.expect("forwarded");
    let deputy = server.person("kabid").await;
    let disposed = json!({ "disposition": { "instruction": "Tindak lanjuti" } });
    deputy.execute(&number, "3", "dispose", disposed).await.expect("disposed");
    let shown = "query($number: String!) { request(number: $number) { \
        visits { step { key } performedBy { user { name } capacity role { key } onBehalfOf { name } } } \
        dispositions { from { user { name } capacity onBehalfOf { name } } } \
        events(last: 3) { nodes { kind actor { user { name } onBehalfOf { name } } } } } }";
    let shown = deputy.ask(shown, json!({ "number": number })).await;
    let visit = &shown["request"]["visits"][2]["performedBy"];
    assert_eq!(
        visit,
        &json!({ "user": { "name": "kabid" }, "capacity": "DAILY_ACTING", "role": { "key": "kepala-dinas" },
            "onBehalfOf": { "name": "kadis" } })
    );
    assert_eq!(shown["request"]["dispositions"][0]["from"]["onBehalfOf"]["name"], "kadis");
    let actor = &shown["request"]["events"]["nodes"][0]["actor"];
    assert_eq!((&actor["user"]["name"], &actor["onBehalfOf"]["name"]), (&json!("kabid"), &json!("kadis")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_out_of_service_submits_nothing_more() {
    let server = Server::with(CAST);
    let admin = server.person("admin").await;
    let agencies = admin.ask("{ office(key: \"singkawang\") { agencies { id key } } }", json!({})).await;
    let dinkes = agencies["office"]["agencies"][0]["id"].clone();
    let opd = server.person("opd").await;
    let number = submit(&opd).await.expect("submitted");
    let out = "mutation($input: DeactivateAgencyInput!) { deactivateAgency(input: $input) { \
        agency { key deactivatedAt } userErrors { code } } }";
    let input = json!({ "input": { "agencyId": dinkes } });
    assert_eq!(opd.refusal(out, input.clone()).await, "FORBIDDEN");
    let putu = server.person("putu").await;
    assert_eq!(
        user_error_code(&putu.ask(out, input.clone()).await["deactivateAgency"]),
        "NOT_FOUND",
        "of another office"
    );
    let done = admin.ask(out, input).await;
    assert!(done["deactivateAgency"]["agency"]["deactivatedAt"].is_string(), "{done}");
    assert_eq!(submit(&opd).await, Err("FORBIDDEN".to_owned()));
    let seen = opd.ask("query($number: String!) { request(number: $number) { status } }", json!({ "number": number }));
    assert_eq!(seen.await["request"]["status"], "IN_PROGRESS", "what runs goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_reports_an_office_without_an_active_agency() {
    let server = Server::with(CAST);
    assert!(!server.run(&["check"]).contains("nobody submits by `permohonan"));
    let admin = server.person("admin").await;
    let agencies = "{ office(key: \"singkawang\") { agencies { id } } }";
    let agency = admin.ask(agencies, json!({})).await["office"]["agencies"][0]["id"].clone();
    let out = "mutation($input: DeactivateAgencyInput!) { deactivateAgency(input: $input) { userErrors { code } } }";
    let out = admin.ask(out, json!({ "input": { "agencyId": agency } })).await;
    assert_eq!(out["deactivateAgency"]["userErrors"], json!([]));
    assert!(server.run(&["check"]).contains("nobody submits by `permohonan-subdomain`: no agency has anybody who may"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_grants_themselves_a_role_through_others() {
    let server = Server::with(CAST);
    let admin = server.person("admin").await;
    let user = |name: &str| json!({ "input": { "office": "singkawang", "username": name, "name": "Admin", "password": "demonstration only" } });
    let role = |user: &Value, role: &str| json!({ "input": { "office": "singkawang", "userId": user, "role": role } });
    let me = id_of(&admin, "singkawang", "admin").await;
    let mut hands = vec!["admin"];
    for name in ["puppet", "another"] {
        let giver = server.person(hands[hands.len() - 1]).await;
        let made = giver.ask(CREATE, user(name)).await["createUser"]["user"]["id"].clone();
        let granted = giver.ask(GRANT, role(&made, "office-admin")).await;
        assert_eq!(granted["grantRole"]["userErrors"], json!([]));
        let puppet = server.person(name).await;
        assert_eq!(
            user_error_code(&puppet.ask(GRANT, role(&me, "kepala-dinas")).await["grantRole"]),
            "NOT_FOR_YOURSELF",
            "{name}"
        );
        hands.push(name);
    }
    // Whoever's right does not come from them may, and the puppets may for others.
    let another = server.person("another").await;
    let tu = id_of(&admin, "singkawang", "tu").await;
    assert_eq!(another.ask(GRANT, role(&tu, "kepala-dinas")).await["grantRole"]["userErrors"], json!([]));
    let second = server.person("second").await;
    assert_eq!(second.ask(GRANT, role(&me, "auditor")).await["grantRole"]["userErrors"], json!([]));
    // An administrator by another's word too is nobody's puppet.
    let puppet = id_of(&admin, "singkawang", "puppet").await;
    assert_eq!(second.ask(GRANT, role(&puppet, "office-admin")).await["grantRole"]["userErrors"], json!([]));
    let puppet = server.person("puppet").await;
    assert_eq!(puppet.ask(GRANT, role(&me, "tu")).await["grantRole"]["userErrors"], json!([]));
}

/// A moment so many seconds ahead.
fn ahead(seconds: i64) -> String {
    let now = now();
    (now + chrono::TimeDelta::seconds(seconds)).to_rfc3339()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays_though_another_has_the_role_for_a_while() {
    let server = Server::with(&[ADMIN, TU, PUTU]);
    let admin = server.person("admin").await;
    let tu = id_of(&admin, "singkawang", "tu").await;
    let grant = json!({ "input": { "office": "singkawang", "userId": tu, "role": "office-admin",
        "validUntil": ahead(3_600) } });
    assert_eq!(admin.ask(GRANT, grant).await["grantRole"]["userErrors"], json!([]));
    let tu_acts = server.person("tu").await;
    let of_admin = json!({ "input": { "grantId": grant_of(&tu_acts, "admin").await } });
    assert_eq!(user_error_code(&tu_acts.ask(REVOKE, of_admin).await["revokeGrant"]), "LAST_ADMINISTRATOR");
    let me = id_of(&admin, "singkawang", "admin").await;
    let out = json!({ "input": { "office": "singkawang", "userId": me } });
    assert_eq!(user_error_code(&tu_acts.ask(DEACTIVATE, out).await["deactivateUser"]), "LAST_ADMINISTRATOR");

    // Moments outside of any database's range.
    for (moment, expected) in [
        ("+10000-01-01T00:00:00Z", "INVALID_OPERATION"),
        ("-0001-01-01T00:00:00Z", "INVALID_OPERATION"),
        ("0001-01-01T00:00:00Z", "INVALID_INPUT"),
    ] {
        for field in ["validFrom", "validUntil"] {
            let mut input = json!({ "office": "singkawang", "userId": tu, "role": "auditor" });
            input[field] = json!(moment);
            let answer = admin.answer(GRANT, json!({ "input": input })).await;
            let refused = answer["errors"][0]["extensions"]["code"] == expected
                || user_error_code(&answer["data"]["grantRole"]) == expected;
            assert!(refused, "{field} {moment}: {answer}");
        }
    }

    // Another office's person is theirs to put out of service.
    let new = json!({ "input": { "office": "singkawang", "username": "siti", "name": "Siti",
        "password": "demonstration only" } });
    let siti = admin.ask(CREATE, new).await["createUser"]["user"]["id"].clone();
    let putu = server.person("putu").await;
    let role =
        json!({ "input": { "office": "denpasar", "userId": siti, "role": "auditor", "validFrom": ahead(36_000) } });
    let granted = putu.ask(GRANT, role).await["grantRole"]["grant"]["id"].clone();
    let out = |office: &str| json!({ "input": { "office": office, "userId": siti } });
    assert_eq!(user_error_code(&putu.ask(DEACTIVATE, out("denpasar")).await["deactivateUser"]), "INVALID_INPUT");
    assert_eq!(
        user_error_code(&admin.ask(DEACTIVATE, out("singkawang")).await["deactivateUser"]),
        "INVALID_INPUT",
        "hers there too"
    );
    putu.ask(REVOKE, json!({ "input": { "grantId": granted } })).await;
    let answer = admin.ask(DEACTIVATE, out("singkawang")).await;
    assert_eq!(answer["deactivateUser"]["userErrors"], json!([]), "what never began is nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_another_office_is_listed_from_their_grants_start() {
    let server = Server::with(CAST);
    let (admin, putu) = (server.person("admin").await, server.person("putu").await);
    let new = json!({ "input": { "office": "singkawang", "username": "siti", "name": "Siti",
        "nip": "198001012005011001", "password": "demonstration only" } });
    let siti = admin.ask(CREATE, new).await["createUser"]["user"]["id"].clone();
    let granted = |role: &str, from: Value| json!({ "input": { "office": "denpasar", "userId": siti, "role": role, "validFrom": from } });
    let as_met = async |admin: &Person<'_>, office: &str| {
        let all = people(admin, office).await;
        all.iter().find(|person| person["user"]["id"] == siti).map(|person| person["user"].clone())
    };
    let whole = json!({ "id": siti, "username": "siti", "name": "Siti", "nip": "198001012005011001" });
    let named = json!({ "id": siti, "username": null, "name": "Siti", "nip": null });
    assert_eq!(as_met(&admin, "singkawang").await, Some(whole.clone()));
    assert_eq!(as_met(&putu, "denpasar").await, None);
    let later = putu.ask(GRANT, granted("auditor", json!(ahead(36_000)))).await["grantRole"]["grant"]["id"].clone();
    assert_eq!(as_met(&putu, "denpasar").await, Some(named.clone()));
    putu.ask(REVOKE, json!({ "input": { "grantId": later } })).await;
    assert_eq!(as_met(&putu, "denpasar").await, Some(named));
    putu.ask(GRANT, granted("auditor", Value::Null)).await;
    assert_eq!(as_met(&putu, "denpasar").await, Some(whole));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_request_stays_hidden_when_its_submitter_leaves() {
    let server = Server::with(&[OPD, COLLEAGUE, ("elsewhere", "singkawang", "opd", Some("dinsos")), ADMIN]);
    let (opd, admin) = (server.person("opd").await, server.person("admin").await);
    let mut numbers = Vec::new();
    for (letter, confidentiality) in [("1", "ORDINARY"), ("2", "SECRET")] {
        let input = json!({
            "office": "singkawang", "procedure": "permohonan-cloud-service",
            "letter": { "number": letter, "date": "2026-01-05", "subject": "S", "confidentiality": confidentiality },
            "contact": { "name": "Warga Contoh", "phone": "0562 000000", "email": "contoh@dinkes.example" },
            "details": { "purpose": "Arsip", "quotaGib": 50, "users": 3 },
        });
        let submit = "mutation($input: SubmitRequestInput!) { submitRequest(input: $input) { request { number } } }";
        let answer = opd.ask(submit, json!({ "input": input })).await;
        numbers.push(answer["submitRequest"]["request"]["number"].clone());
    }
    let seen = "{ requests { nodes { number } } }";
    let both = json!([{ "number": numbers[1] }, { "number": numbers[0] }]);
    assert_eq!(opd.ask(seen, json!({})).await["requests"]["nodes"], both);
    let colleague = server.person("colleague").await;
    assert_eq!(colleague.ask(seen, json!({})).await["requests"]["nodes"], json!([]));
    let of_opd = json!({ "input": { "grantId": grant_of(&admin, "opd").await } });
    assert_eq!(admin.ask(REVOKE, of_opd).await["revokeGrant"]["userErrors"], json!([]));
    let orphaned = json!([{ "number": numbers[0] }]);
    assert_eq!(colleague.ask(seen, json!({})).await["requests"]["nodes"], orphaned);

    // By a grant of another agency they see none of their submissions for this one.
    let user = id_of(&admin, "singkawang", "opd").await;
    let moved = json!({ "input": { "office": "singkawang", "userId": user, "role": "opd", "agency": "dinsos" } });
    assert_eq!(admin.ask(GRANT, moved).await["grantRole"]["userErrors"], json!([]));
    assert_eq!(opd.ask(seen, json!({})).await["requests"]["nodes"], json!([]));
    // Back again, both are theirs.
    let back = json!({ "input": { "office": "singkawang", "userId": user, "role": "opd", "agency": "dinkes" } });
    assert_eq!(admin.ask(GRANT, back).await["grantRole"]["userErrors"], json!([]));
    assert_eq!(opd.ask(seen, json!({})).await["requests"]["nodes"], both);
}
