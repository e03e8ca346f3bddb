use std::collections::{BTreeMap, BTreeSet};

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use uuid::Uuid;

use super::*;
use crate::access::{Action, Caller, Capacity, Grant, Scope, Subject};
use crate::procedure::{Fault, Office, Procedure, RoleSpec, Severity};

const MODEL: &str = include_str!("../../policies/model.conf");

fn shipped() -> [PolicyFile; 2] {
    [
        file("singkawang", include_str!("../../policies/singkawang.csv")),
        file("denpasar", include_str!("../../policies/denpasar.csv")),
    ]
}

fn file(office: &str, text: &str) -> PolicyFile {
    PolicyFile { file: format!("policies/{office}.csv"), text: text.to_owned() }
}

async fn policy(files: &[PolicyFile]) -> Policy {
    load(MODEL, files).await.unwrap()
}

/// The shipped lines, read by nothing of ours: role, office, object, action.
fn independently_read() -> Vec<[String; 4]> {
    let mut lines = Vec::new();
    for PolicyFile { text, .. } in shipped() {
        for line in text.split('\n').filter(|line| line.starts_with("p,")) {
            let fields: Vec<String> = line.split(',').skip(1).map(|field| field.trim().to_owned()).collect();
            lines.push(fields.try_into().unwrap());
        }
    }
    lines
}

/// `file:line: message` of each fault, the file without its folder.
fn told(faults: &[Fault]) -> Vec<String> {
    faults
        .iter()
        .map(|fault| {
            let kind = if fault.severity == Severity::Warning { "warning: " } else { "" };
            format!("{}:{}: {kind}{}", fault.file.trim_start_matches("policies/"), fault.line, fault.message)
        })
        .collect()
}

// --- The table ---

#[tokio::test]
async fn every_cell_of_the_table_is_what_casbin_says() {
    let policy = policy(&shipped()).await;
    let lines = independently_read();
    let column = |at: usize| -> BTreeSet<&str> { lines.iter().map(|line| line[at].as_str()).collect() };
    let (mut roles, offices, mut objects) = (column(0), column(1), column(2));
    roles.extend(["office-admin", "nobody"]);
    objects.extend(["permohonan-mail", "permohonan-mail/1", "permohonan-subdomain/9"]);

    for office in offices {
        let mut enforcer =
            Enforcer::new(DefaultModel::from_str(MODEL).await.unwrap(), MemoryAdapter::default()).await.unwrap();
        let rules = lines.iter().filter(|line| line[1] == office).map(|line| line.to_vec()).collect();
        enforcer.add_policies(rules).await.unwrap();
        let mut allowed = 0;
        for role in &roles {
            for object in &objects {
                for action in Action::ALL {
                    let says = enforcer.enforce((*role, office, *object, action.word())).unwrap();
                    let table = policy.allows(role, office, Object::parse(object).unwrap(), action);
                    assert_eq!(table, says, "{role}, {office}, {object}, {action}");
                    allowed += usize::from(says);
                }
            }
        }
        assert_eq!(allowed, lines.iter().filter(|line| line[1] == office).count(), "{office}");
    }
}

#[tokio::test]
async fn the_table_holds_the_lines_of_the_files_and_no_others() {
    let policy = policy(&shipped()).await;
    let mut read: Vec<[String; 4]> = policy
        .lines()
        .iter()
        .map(|line| [line.role.clone(), line.office.clone(), line.object().to_string(), line.action.word().to_owned()])
        .collect();
    let mut written = independently_read();
    read.sort_unstable();
    written.sort_unstable();
    assert_eq!(read, written);

    // Each line is where it says it is.
    for PolicyFile { file, text } in shipped() {
        let texts: Vec<&str> = text.lines().collect();
        for line in policy.lines().iter().filter(|line| line.file == file) {
            let without = |text: &str| text.replace(' ', "");
            assert_eq!(without(texts[line.line - 1]), without(&line.to_string()));
        }
    }
}

#[tokio::test]
async fn every_view_of_the_table_agrees_with_its_lines() {
    let policy = policy(&shipped()).await;
    for line in policy.lines() {
        let (role, office, action) = (line.role.as_str(), line.office.as_str(), line.action);
        match line.object() {
            Object::Step(procedure, step) => {
                assert!(policy.roles(office, procedure, step, action).contains(&line.role), "{line}");
                let step = (procedure.to_owned(), step.to_owned());
                assert!(policy.steps(office, role, action).contains(&step), "{line}");
            }
            Object::Procedure(procedure) => {
                assert!(policy.procedures(office, role, action).contains(&procedure.to_owned()), "{line}");
            }
            Object::Requests => {
                let Action::See(scope) = action else { panic!("{line}") };
                assert!(policy.scopes(office, role).contains(&scope), "{line}");
            }
        }
    }
    let key = |procedure: &str, step: &str| (procedure.to_owned(), step.to_owned());
    assert_eq!(policy.roles("singkawang", "permohonan-subdomain", "8", Action::Sign), ["kepala-dinas"]);
    assert_eq!(policy.roles("denpasar", "permohonan-subdomain", "8", Action::Sign), [""; 0]);
    assert_eq!(policy.scopes("singkawang", "kepala-dinas"), [Scope::Reached, Scope::Office]);
    assert_eq!(policy.scopes("denpasar", "office-admin"), []);
    assert_eq!(
        policy.steps("denpasar", "kasi-psk", Action::Execute),
        ["3", "4", "8"].map(|step| key("layanan-data-center", step))
    );
    assert_eq!(policy.procedures("singkawang", "admin-cloud", Action::Reissue), ["permohonan-cloud-service"]);
    assert_eq!(policy.procedures("singkawang", "admin-system", Action::Reissue), [""; 0]);
    assert_eq!(
        policy.files().collect::<Vec<_>>(),
        [("denpasar", "policies/denpasar.csv"), ("singkawang", "policies/singkawang.csv")]
    );
}

/// The matrices of the signed documents: per step who performs, then `sign` and `receive` where marked.
#[tokio::test]
async fn the_shipped_files_are_the_documents_matrices() {
    let policy = policy(&shipped()).await;
    let matrices: [(&str, &str, [&str; 8]); 3] = [
        (
            "singkawang",
            "permohonan-cloud-service",
            ["opd", "tu", "kepala-dinas", "kabid-aptika", "subkor-ile", "admin-cloud", "subkor-ile", "subkor-ile"],
        ),
        (
            "singkawang",
            "permohonan-subdomain",
            ["opd", "tu", "kepala-dinas", "kabid-aptika", "subkor-ile", "admin-system", "subkor-ile", "tu"],
        ),
        (
            "denpasar",
            "layanan-data-center",
            [
                "opd",
                "kabid-egovernment",
                "kasi-psk",
                "kasi-psk",
                "kabid-egovernment",
                "kabid-egovernment",
                "kepala-dinas",
                "kasi-psk",
            ],
        ),
    ];
    for (office, procedure, performers) in matrices {
        for (step, performer) in (1..).zip(performers) {
            let step = step.to_string();
            assert_eq!(policy.roles(office, procedure, &step, Action::Execute), [performer], "{procedure}/{step}");
            let receives: &[&str] = if step == "8" { &["opd"] } else { &[] };
            assert_eq!(policy.roles(office, procedure, &step, Action::Receive), receives, "{procedure}/{step}");
            let signs: &[&str] =
                if (procedure, step.as_str()) == ("permohonan-subdomain", "8") { &["kepala-dinas"] } else { &[] };
            assert_eq!(policy.roles(office, procedure, &step, Action::Sign), signs, "{procedure}/{step}");
        }
    }
}

// --- Proof ---

#[derive(Debug, Clone, Copy, PartialEq)]
struct Asked {
    procedure: &'static str,
    agency: Uuid,
}

impl Subject for Asked {
    fn office(&self) -> &str {
        "singkawang"
    }
    fn procedure(&self) -> &str {
        self.procedure
    }
    fn agency(&self) -> Uuid {
        self.agency
    }
}

fn grant(office: &str, role: &str, agency: Option<Uuid>, capacity: Capacity) -> Grant {
    Grant {
        id: Uuid::nil(),
        office: office.to_owned(),
        role: role.to_owned(),
        agency,
        capacity,
        decree_number: None,
        on_behalf_of: None,
        valid_from: chrono::DateTime::UNIX_EPOCH,
        valid_until: None,
    }
}

#[tokio::test]
async fn the_first_grant_that_a_line_allows_is_the_one_acted_by() {
    let policy = policy(&shipped()).await;
    let (ours, theirs) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let subject = Asked { procedure: "permohonan-subdomain", agency: ours };
    let submit = Object::Step("permohonan-subdomain", "1");
    let sign = Object::Step("permohonan-subdomain", "8");
    let authorize = |grants: Vec<Grant>, object, action| {
        let caller = Caller { user: Uuid::from_u128(9), grants };
        policy.authorize(&caller, subject, object, action).map(|proof| {
            assert_eq!(*proof, subject);
            assert_eq!(proof.action(), action);
            assert_eq!(proof.actor().user, caller.user);
            (proof.actor().role.clone(), proof.actor().capacity)
        })
    };
    let denied = |object: Object<'_>, action| {
        Err(Denied { office: "singkawang".to_owned(), object: object.to_string(), action })
    };
    let definitive = |role, agency| grant("singkawang", role, agency, Capacity::Definitive);

    // The first that suffices, not the first held.
    let head = vec![
        definitive("tu", None),
        grant("singkawang", "kepala-dinas", None, Capacity::Acting),
        grant("singkawang", "kepala-dinas", None, Capacity::DailyActing),
    ];
    assert_eq!(authorize(head.clone(), sign, Action::Sign), Ok(("kepala-dinas".to_owned(), Capacity::Acting)));
    assert_eq!(authorize(head, sign, Action::Execute), Ok(("tu".to_owned(), Capacity::Definitive)));

    // An agency's people act for their agency, also when they hold the role in several.
    assert_eq!(
        authorize(vec![definitive("opd", Some(theirs))], submit, Action::Execute),
        denied(submit, Action::Execute)
    );
    let both = vec![definitive("opd", Some(theirs)), definitive("opd", Some(ours))];
    assert_eq!(authorize(both, submit, Action::Execute), Ok(("opd".to_owned(), Capacity::Definitive)));

    // The same role in another office, no role at all, a role without a line.
    let elsewhere = vec![grant("denpasar", "kepala-dinas", None, Capacity::Definitive)];
    assert_eq!(authorize(elsewhere, sign, Action::Sign), denied(sign, Action::Sign));
    assert_eq!(authorize(vec![], sign, Action::Sign), denied(sign, Action::Sign));
    assert_eq!(authorize(vec![definitive("office-admin", None)], sign, Action::Sign), denied(sign, Action::Sign));

    // A line about another procedure opens nothing here.
    let other = Object::Step("permohonan-cloud-service", "2");
    assert_eq!(authorize(vec![definitive("tu", None)], other, Action::Execute), denied(other, Action::Execute));
    assert_eq!(
        authorize(vec![], sign, Action::Sign).unwrap_err().to_string(),
        "none of the caller's roles in `singkawang` may sign `permohonan-subdomain/8`"
    );
}

#[test]
fn an_empty_policy_allows_nothing() {
    let policy = Policy::default();
    for action in Action::ALL {
        for object in [Object::Requests, Object::Procedure("p"), Object::Step("p", "1")] {
            assert!(!policy.allows("opd", "kota", object, action));
        }
    }
}

// --- Reading lines ---

#[tokio::test]
async fn lines_are_read_around_comments_blanks_and_carriage_returns() {
    let text = "\u{feff}# Who\r\n\r\n   # may\r\n  p ,opd,  kota ,a/1,execute  \r\n\t\r\np, opd, kota, a, withdraw";
    let policy = policy(&[file("kota", text), file("kosong", "# nobody yet\n")]).await;
    let found: Vec<(usize, String)> = policy.lines().iter().map(|line| (line.line, line.to_string())).collect();
    assert_eq!(found, [(4, "p, opd, kota, a/1, execute".to_owned()), (6, "p, opd, kota, a, withdraw".to_owned())]);
    assert_eq!(policy.files().count(), 2);
}

#[tokio::test]
async fn every_line_that_cannot_be_read_is_told_with_its_place() {
    let rows = [
        ("p, opd, kota, a/1", "a policy line has five fields, this one has 4"),
        ("p, opd, kota, a/1, execute, allow", "a policy line has five fields, this one has 6"),
        ("g, opd, kota, a/1, execute", "a policy line begins with `p`, not `g`"),
        ("p, , kota, a/1, execute", "the role is empty"),
        ("p, o pd, kota, a/1, execute", "the role `o pd` holds a space or a quote"),
        ("p, opd, kota, a/1, do", "`do` is no action"),
        ("p, opd, kota, a/1, execute # why", "`execute # why` is no action"),
        ("p, opd, kota, a/1, Execute", "`Execute` is no action"),
        ("p, opd, desa, a/1, execute", "the line is of the office `desa`, the file of `kota`"),
        ("p, opd, kota, a, execute", "`execute` is not done to `a`"),
        ("p, opd, kota, requests, sign", "`sign` is not done to `requests`"),
        ("p, opd, kota, a/1/2, receive", "`receive` is not done to `a/1/2`"),
        ("p, opd, kota, a/, receive", "`receive` is not done to `a/`"),
        ("p, opd, kota, a/1, withdraw", "`withdraw` is not done to `a/1`"),
        ("p, opd, kota, requests, reveal", "`reveal` is not done to `requests`"),
        ("p, opd, kota, a, see-own", "`see-own` is not done to `a`"),
        ("p, opd, kota, b/1, execute", "`p, opd, kota, b/1, execute` says again what line 2 says"),
        ("p, \"opd, kota, a/1, execute", "the role `\"opd` holds a space or a quote"),
    ];
    for (line, message) in rows {
        let text = format!("# who\np, opd, kota, b/1, execute\n\n# the line\n{line}\np, opd, kota, b, withdraw\n");
        let faults = load(MODEL, &[file("kota", &text)]).await.unwrap_err();
        assert_eq!(told(&faults), [format!("kota.csv:5: {message}")], "{line}");
        assert!(!faults[0].mend.is_empty(), "{line}");
    }
}

#[tokio::test]
async fn all_faults_of_all_files_are_told_at_once() {
    let files = [
        file("kota", "p, opd, kota\np, opd, kota, a/1, jump\n"),
        file("desa", "p, opd, kota, a/1, execute\n"),
        PolicyFile { file: "policies/more/kota.csv".to_owned(), text: String::new() },
        PolicyFile { file: "policies/README".to_owned(), text: String::new() },
    ];
    let faults = load("[matchers]\nm = true\n", &files).await.unwrap_err();
    let places: Vec<(&str, usize)> = faults.iter().map(|fault| (fault.file.as_str(), fault.line)).collect();
    assert_eq!(
        places,
        [
            ("policies/model.conf", 1),
            ("policies/model.conf", 1),
            ("policies/model.conf", 1),
            ("policies/model.conf", 2),
            ("policies/kota.csv", 1),
            ("policies/kota.csv", 2),
            ("policies/desa.csv", 1),
            ("policies/more/kota.csv", 1),
            ("policies/README", 1),
        ]
    );
}

// --- The model ---

#[tokio::test]
async fn a_model_that_does_more_than_compare_is_refused_where_it_does() {
    let line = |needle: &str| MODEL.lines().position(|line| line.starts_with(needle)).unwrap() + 1;
    let (r, p, e, m) = (line("r ="), line("p ="), line("e ="), line("m ="));
    let rows = [
        ("r.role == p.role &&", "g(r.role, p.role) &&", m),
        ("r.role == p.role &&", "", m),
        ("r.role == p.role &&", "r.role == p.role ||", m),
        ("r.role == p.role &&", "r.role != p.role &&", m),
        ("r.role == p.role &&", "r.role == p.office &&", m),
        ("r.role == p.role &&", "r.role == \"opd\" &&", m),
        ("r.object == p.object", "keyMatch(r.object, p.object)", m),
        ("r = role, office, object, action", "r = role, object, action", r),
        ("r = role, office, object, action", "r = office, role, object, action", r),
        ("p = role, office, object, action", "p = role, office, object, action, eft", p),
        ("some(where (p.eft == allow))", "!some(where (p.eft == deny))", e),
        ("some(where (p.eft == allow))", "sometimes", e),
        ("m = r.role", "m2 = true\nm = r.role", m),
        ("p = role", "p = role\np = role", p + 1),
        ("[matchers]", "[role_definition]\ng = _, _\n[matchers]", line("[matchers]")),
        ("[matchers]", "gibberish\n[matchers]", line("[matchers]")),
        ("[request_definition]", "r = role\n[request_definition]", line("[request_definition]")),
        ("\nm = ", "\n# m = ", line("[matchers]")),
    ];
    for (from, to, place) in rows {
        assert!(MODEL.contains(from), "{from}");
        let faults = load(&MODEL.replacen(from, to, 1), &shipped()).await.unwrap_err();
        let places: BTreeSet<(&str, usize)> = faults.iter().map(|fault| (fault.file.as_str(), fault.line)).collect();
        assert!(places.contains(&(MODEL_FILE, place)), "{to}: {}", told(&faults).join("; "));
        assert!(places.len() <= 2, "{to}: {}", told(&faults).join("; "));
    }
    assert!(load("", &shipped()).await.is_err());
    // Sides, spaces and order are free; so is a comment, and a line that goes on.
    let free =
        MODEL.replace("r.role == p.role && r.office == p.office &&", "p.office==r.office && r.role == p.role && \\\n");
    let free = format!("{free}\n; the end\n");
    assert!(load(&free, &shipped()).await.is_ok());
}

// --- Lines against SOPs ---

fn office() -> Office {
    let role = |of_agency| RoleSpec { name: "Role".to_owned(), of_agency };
    Office {
        key: "kota".to_owned(),
        name: "Dinas".to_owned(),
        city: "Kota".to_owned(),
        time_zone: chrono_tz::Tz::Asia__Makassar,
        code: "KTA".to_owned(),
        number_format: "{number}".to_owned(),
        domain: "kota.go.id".to_owned(),
        reserved_labels: Vec::new(),
        racks: Vec::new(),
        roles: BTreeMap::from([
            ("opd".to_owned(), role(true)),
            ("tu".to_owned(), role(false)),
            ("kadis".to_owned(), role(false)),
        ]),
        hours: Vec::new(),
        holidays: Vec::new(),
    }
}

/// Three steps: submitted, disposed, then signed and handed over.
fn procedure() -> Procedure {
    let text = r#"
        key = "surat"
        version = 1
        code = "SURAT"
        number = "1"
        title = "Surat"
        approved_by = "Kadis"
        records = {}
        details = {}
        [[steps]]
        key = "1"
        activity = "Mengajukan"
        outcomes = [{ key = "submit", label = "Ajukan", to = "2" }]
        [[steps]]
        key = "2"
        activity = "Mendisposisikan"
        outcomes = [{ key = "dispose", label = "Disposisi", to = "3", disposition = "required" }]
        [[steps]]
        key = "3"
        activity = "Mengirim"
        signs = "balasan"
        outcomes = [{ key = "send", label = "Kirim", ends = "completed", recipient = "optional" }]
    "#;
    Procedure { office: "kota".to_owned(), ..toml::from_str(text).unwrap() }
}

const WHOLE: &str = "\
# Surat
p, opd, kota, surat/1, execute
p, kadis, kota, surat/2, execute
p, tu, kota, surat/3, execute
p, kadis, kota, surat/3, sign
p, opd, kota, surat/3, receive
p, opd, kota, surat, withdraw
p, opd, kota, requests, see-own
p, tu, kota, requests, see-reached
";

async fn faults(text: &str, known_elsewhere: Option<&[Procedure]>) -> Vec<Fault> {
    check(&policy(&[file("kota", text)]).await, &[office()], &[&procedure()], known_elsewhere)
}

#[tokio::test]
async fn lines_that_fit_their_sops_have_no_faults() {
    assert_eq!(faults(WHOLE, None).await, []);
    assert_eq!(faults(WHOLE, Some(&[])).await, []);
}

#[tokio::test]
async fn every_misfit_is_told_with_its_place_and_its_mend() {
    // What is replaced, by what, then the fault, and a part of its mend.
    let rows = [
        (
            "p, tu, kota, requests, see-reached",
            "p, lurah, kota, requests, see-reached",
            "kota.csv:9: `kota` has no role `lurah`",
            "use one of kadis, opd, tu",
        ),
        (
            "p, tu, kota, requests, see-reached",
            "p, opd, kota, mail, withdraw",
            "kota.csv:9: `kota` has no procedure `mail`",
            "use one of surat",
        ),
        (
            "p, tu, kota, requests, see-reached",
            "p, tu, kota, surat/4, execute",
            "kota.csv:9: `surat` has no step `4`",
            "use one of the steps 1, 2, 3",
        ),
        (
            "p, tu, kota, requests, see-reached",
            "p, kadis, kota, surat/2, sign",
            "kota.csv:9: nothing is signed at `surat/2`",
            "signs = ",
        ),
        (
            "p, tu, kota, surat/3, execute\n",
            "\n",
            "kota.csv:7: no line lets anyone execute `surat/3`",
            "add the line `p, <role>, kota, surat/3, execute`",
        ),
        (
            "p, opd, kota, surat/1, execute\n",
            "\n",
            "kota.csv:7: no line lets anyone execute `surat/1`",
            "add the line `p, opd, kota, surat/1, execute`",
        ),
        (
            "p, kadis, kota, surat/3, sign\n",
            "\n",
            "kota.csv:7: no line lets anyone sign `balasan` at `surat/3`",
            "add the line `p, <role>, kota, surat/3, sign`",
        ),
        (
            "p, opd, kota, surat/3, receive\n",
            "\n",
            "kota.csv:7: the outcome `send` of `surat/3` takes a recipient, and nobody receives there",
            "add the line `p, opd, kota, surat/3, receive`",
        ),
        (
            "p, tu, kota, requests, see-reached",
            "p, kadis, kota, surat/3, execute",
            "kota.csv:9: the outcome `dispose` of `surat/2` disposes to `surat/3`, which tu and kadis execute: a disposition \
             is to one role",
            "remove `p, kadis, kota, surat/3, execute`",
        ),
        (
            "p, opd, kota, surat/1, execute",
            "p, tu, kota, surat/1, execute",
            "kota.csv:2: `tu` is no role of an agency's people, and an agency submits at `surat/1`",
            "write `p, opd, kota, surat/1, execute`",
        ),
        (
            "p, opd, kota, requests, see-own",
            "p, opd, kota, requests, see-office",
            "kota.csv:8: `opd` is a role of an agency's people, and `see-office` shows other agencies' requests",
            "write `p, opd, kota, requests, see-agency`",
        ),
        (
            "p, tu, kota, requests, see-reached",
            "p, tu, kota, requests, see-agency",
            "kota.csv:9: warning: `tu` is no role of an agency's people: `see-agency` shows it nothing",
            "write `p, tu, kota, requests, see-reached`",
        ),
        (
            "p, tu, kota, requests, see-reached",
            "p, tu, kota, surat/3, receive",
            "kota.csv:9: warning: `tu` is no role of an agency's people, and what a step hands over is an agency's",
            "name the agency's role",
        ),
    ];
    for (from, to, fault, mend) in rows {
        assert!(WHOLE.contains(from), "{from}");
        let found = faults(&WHOLE.replacen(from, to, 1), Some(&[])).await;
        assert_eq!(told(&found), [fault], "{to}");
        assert!(found[0].mend.contains(mend), "{}", found[0].mend);
    }
}

#[tokio::test]
async fn a_procedure_that_no_line_names_is_told_at_the_top_of_the_file() {
    let found = faults("# nothing yet\n", Some(&[])).await;
    assert_eq!(found.len(), 5, "three steps, a signer, a recipient: {}", told(&found).join("; "));
    assert!(found.iter().all(|fault| (fault.file.as_str(), fault.line) == ("policies/kota.csv", 1)));
}

#[tokio::test]
async fn a_line_may_name_what_only_a_stored_version_has() {
    let mut before = procedure();
    before.steps[1].signs = Some("disposisi".to_owned());
    before.steps[2].key = "4".to_owned();
    let mut gone = procedure();
    gone.key = "arsip".to_owned();
    let text =
        format!("{WHOLE}p, tu, kota, surat/4, execute\np, kadis, kota, surat/2, sign\np, tu, kota, arsip/3, execute\n");
    assert_eq!(faults(&text, Some(&[before, gone])).await, []);

    // With a database that has no such version they are errors; without a database nobody knows.
    let expected = [
        "kota.csv:10: ~`surat` has no step `4`",
        "kota.csv:11: ~nothing is signed at `surat/2`",
        "kota.csv:12: ~`kota` has no procedure `arsip`",
    ];
    assert_eq!(told(&faults(&text, Some(&[])).await), expected.map(|fault| fault.replace('~', "")));
    assert_eq!(told(&faults(&text, None).await), expected.map(|fault| fault.replace('~', "warning: ")));
}

#[tokio::test]
async fn an_office_and_its_policy_file_come_together() {
    let none = policy(&[]).await;
    let found = check(&none, &[office()], &[&procedure()], Some(&[]));
    assert_eq!(told(&found), ["kota.csv:1: the office `kota` has no policy file: nobody may do anything there"]);

    let two = policy(&[file("kota", WHOLE), file("desa", "p, opd, desa, surat/1, execute\n")]).await;
    let found = check(&two, &[office()], &[&procedure()], Some(&[]));
    assert_eq!(told(&found), ["desa.csv:1: there is no office `desa`"]);
}
