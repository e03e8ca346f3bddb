use std::collections::BTreeSet;

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use uuid::Uuid;

use super::*;
use crate::access::{Action, Caller, Capacity, Grant, Login, Pass, Performed, Scope, Subject};
use crate::procedure::{Fault, Severity};

pub(super) const MODEL: &str = include_str!("../../policies/model.conf");

fn shipped() -> [PolicyFile; 2] {
    [
        file("singkawang", include_str!("../../policies/singkawang.csv")),
        file("denpasar", include_str!("../../policies/denpasar.csv")),
    ]
}

pub(super) fn file(office: &str, text: &str) -> PolicyFile {
    PolicyFile { file: format!("policies/{office}.csv"), text: Some(text.to_owned()) }
}

pub(super) async fn policy(files: &[PolicyFile]) -> Policy {
    let (policy, faults) = load(Some(MODEL), files).await;
    assert_eq!(faults, []);
    policy
}

/// The faults of a model and files.
async fn load_faults(model: &str, files: &[PolicyFile]) -> Vec<Fault> {
    let (_, faults) = load(Some(model), files).await;
    assert!(faults.iter().all(|fault| !fault.mend.is_empty()));
    faults
}

/// The shipped lines, split without the code under test: role, office, object, action. None of them has a condition.
fn independently_read() -> Vec<[String; 4]> {
    let mut lines = Vec::new();
    for PolicyFile { text, .. } in shipped() {
        for line in text.unwrap().split('\n').filter(|line| line.starts_with("p,")) {
            let fields: Vec<String> = line.split(',').skip(1).map(|field| field.trim().to_owned()).collect();
            lines.push(fields.try_into().unwrap());
        }
    }
    lines
}

/// `file:line: message` of each fault, the file without its folder.
pub(super) fn described(faults: &[Fault]) -> Vec<String> {
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
async fn the_table_agrees_with_casbin() {
    let policy = policy(&shipped()).await;
    let lines = independently_read();
    let column = |at: usize| -> BTreeSet<&str> { lines.iter().map(|line| line[at].as_str()).collect() };
    let (mut roles, offices, mut objects) = (column(0), column(1), column(2));
    roles.extend(["office-admin", "nobody"]);
    objects.extend(["permohonan-mail", "permohonan-mail/1", "permohonan-subdomain/9"]);

    for office in offices {
        let mut enforcer =
            Enforcer::new(DefaultModel::from_str(MODEL).await.unwrap(), MemoryAdapter::default()).await.unwrap();
        let rule = |line: &[String; 4]| line.iter().cloned().chain([String::new()]).collect();
        let rules = lines.iter().filter(|line| line[1] == office).map(rule).collect();
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

    // Each line keeps its number.
    for PolicyFile { file, text } in shipped() {
        let text = text.unwrap();
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
            object => {
                assert_eq!(policy.line(role, office, object, action), Some(line));
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

/// The matrices of the signed documents: the performer of each step, with `sign` and `receive` in places.
#[tokio::test]
async fn the_shipped_policies_match_the_signed_matrices() {
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
    fn procedure(&self) -> Option<&str> {
        Some(self.procedure)
    }
    fn agency(&self) -> Option<Uuid> {
        Some(self.agency)
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
async fn authorization_chooses_the_allowing_grant() {
    let policy = policy(&shipped()).await;
    let (ours, theirs) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let subject = Asked { procedure: "permohonan-subdomain", agency: ours };
    let submit = Object::Step("permohonan-subdomain", "1");
    let sign = Object::Step("permohonan-subdomain", "8");
    let authorize = |grants: Vec<Grant>, object, action| {
        let caller =
            Caller { pass: Pass::new(Uuid::from_u128(9), Login::Session(Uuid::nil())), grants, language: None };
        policy.authorize(&caller, subject, object, action, None).map(|proof| {
            assert_eq!(*proof, subject);
            assert_eq!(proof.action(), action);
            assert_eq!(proof.actor().user, caller.pass.user);
            (proof.actor().role.clone(), proof.actor().capacity)
        })
    };
    let denied = |object: Object<'_>, action| {
        let (office, object) = ("singkawang".to_owned(), object.to_string());
        Err(Denied::Nowhere { office, object, action, unmet: None })
    };
    let definitive = |role, agency| grant("singkawang", role, agency, Capacity::Definitive);

    // The sufficient grant, not the first; several different ones are refused: the caller must choose.
    let acting = grant("singkawang", "kepala-dinas", None, Capacity::Acting);
    let daily = grant("singkawang", "kepala-dinas", None, Capacity::DailyActing);
    let head = vec![definitive("tu", None), acting.clone()];
    assert_eq!(authorize(head.clone(), sign, Action::Sign), Ok(("kepala-dinas".to_owned(), Capacity::Acting)));
    assert_eq!(authorize(head, sign, Action::Execute), Ok(("tu".to_owned(), Capacity::Definitive)));
    let several = vec![acting.clone(), daily.clone()];
    assert_eq!(authorize(several.clone(), sign, Action::Sign), Err(Denied::Several(several)));
    let same = vec![acting.clone(), Grant { id: Uuid::from_u128(1), ..acting.clone() }];
    assert_eq!(authorize(same, sign, Action::Sign), Ok(("kepala-dinas".to_owned(), Capacity::Acting)));
    let chosen = Uuid::from_u128(2);
    let caller = Caller {
        pass: Pass::new(Uuid::from_u128(9), Login::Session(Uuid::nil())).acting_as(Some(chosen)),
        grants: vec![acting, Grant { id: chosen, ..daily }, Grant { id: Uuid::from_u128(3), ..definitive("tu", None) }],
        language: None,
    };
    let proof = policy.authorize(&caller, subject, sign, Action::Sign, None).unwrap();
    assert_eq!(proof.actor().capacity, Capacity::DailyActing);
    assert!(policy.authorize(&caller, subject, sign, Action::Execute, None).is_err(), "it is another that would");

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

#[tokio::test]
async fn a_line_with_an_unmet_condition_denies() {
    let text = "p, a, singkawang, permohonan-subdomain/6, execute\n\
                p, b, singkawang, permohonan-subdomain/7, execute, other-than:6\n\
                p, c, singkawang, permohonan-subdomain/8, sign, definitive & other-than:6&other-than:7\n\
                p, b, singkawang, permohonan-subdomain/8, execute\n";
    let policy = policy(&[file("singkawang", text)]).await;
    assert!(policy.separates_duties("singkawang") && !policy.separates_duties("denpasar"));
    let me = Uuid::from_u128(9);
    let subject = Asked { procedure: "permohonan-subdomain", agency: Uuid::nil() };
    let ask = |role: &str, capacity, (step, action): (&str, Action), ended: Option<&[(&str, Uuid)]>| {
        let grants = vec![grant("singkawang", role, None, capacity)];
        let caller = Caller { pass: Pass::new(me, Login::Session(Uuid::nil())), grants, language: None };
        let ended = ended.map(|ended| Performed::new(ended.iter().map(|(step, by)| ((*step).to_owned(), *by))));
        let object = Object::Step("permohonan-subdomain", step);
        match policy.authorize(&caller, subject, object, action, ended.as_ref()) {
            Ok(_) => Ok(()),
            Err(Denied::Nowhere { unmet, .. }) => Err(unmet.map(|condition| condition.to_string())),
            Err(other) => panic!("{other}"),
        }
    };
    let (other, seventh, signs) = (Uuid::from_u128(8), ("7", Action::Execute), ("8", Action::Sign));
    let unmet = |condition: &str| Err(Some(condition.to_owned()));
    let definitive = Capacity::Definitive;
    assert_eq!(ask("b", definitive, seventh, Some(&[("6", other), ("5", me)])), Ok(()));
    assert_eq!(ask("b", definitive, seventh, Some(&[("6", me), ("6", other)])), unmet("other-than:6"), "in any pass");
    assert_eq!(ask("b", definitive, seventh, Some(&[])), Ok(()), "nobody has");
    assert_eq!(ask("b", definitive, seventh, None), unmet("other-than:6"), "not known is not allowed");
    assert_eq!(ask("b", definitive, ("8", Action::Execute), None), Ok(()));
    assert_eq!(ask("c", definitive, signs, Some(&[("6", other), ("7", other)])), Ok(()));
    assert_eq!(ask("c", definitive, signs, Some(&[("7", me)])), unmet("other-than:7"));
    assert_eq!(ask("c", Capacity::Acting, signs, Some(&[])), unmet("definitive"));
    assert_eq!(ask("c", Capacity::DailyActing, signs, Some(&[])), unmet("definitive"));
    assert_eq!(ask("a", definitive, signs, Some(&[])), Err(None));
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
async fn parsing_skips_comments_blanks_and_carriage_returns() {
    let text = "\u{feff}# Who\r\n\r\n   # may\r\n  p ,opd,  kota ,a/1,execute  \r\n\t\r\np, opd, kota, a, withdraw";
    let policy = policy(&[file("kota", text), file("kosong", "# nobody yet\n")]).await;
    let found: Vec<(usize, String)> = policy.lines().iter().map(|line| (line.line, line.to_string())).collect();
    assert_eq!(found, [(4, "p, opd, kota, a/1, execute".to_owned()), (6, "p, opd, kota, a, withdraw".to_owned())]);
    assert_eq!(policy.files().count(), 2);
}

#[tokio::test]
async fn every_unreadable_line_is_a_fault_with_its_place() {
    let rows = [
        ("p, opd, kota, a/1", "a policy line has five fields, this one has 4"),
        ("p, opd, kota, a/1, execute, allow", "`allow` is no condition"),
        ("p, opd, kota, a/1, execute, definitive, allow", "a policy line has at most six fields, this one has 7"),
        ("p, opd, kota, a/1, execute, definitive&", "`` is no condition"),
        ("p, opd, kota, a/1, execute, other-than:", "`other-than:` is no condition"),
        ("p, opd, kota, a, withdraw, definitive", "`withdraw` takes no condition"),
        ("p, opd, kota, people, grant", "`grant` is not done to `people`"),
        ("p, opd, kota, role:, grant", "`grant` is not done to `role:`"),
        ("p, opd, kota, field:name, read", "`read` is not done to `field:name`"),
        ("p, opd, kota, people/1, execute", "`execute` is not done to `people/1`"),
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
        ("p, opd, kota, b/1, execute", "`p, opd, kota, b/1, execute` repeats line 2"),
        ("p, \"opd, kota, a/1, execute", "the role `\"opd` holds a space or a quote"),
    ];
    for (line, message) in rows {
        let text = format!("# who\np, opd, kota, b/1, execute\n\n# the line\n{line}\np, opd, kota, b, withdraw\n");
        let faults = load_faults(MODEL, &[file("kota", &text)]).await;
        assert_eq!(described(&faults), [format!("kota.csv:5: {message}")], "{line}");
        assert!(!faults[0].mend.is_empty(), "{line}");
    }
}

#[tokio::test]
async fn all_faults_of_all_files_are_reported_at_once() {
    let files = [
        file("kota", "p, opd, kota\np, opd, kota, a/1, jump\n"),
        file("desa", "p, opd, kota, a/1, execute\n"),
        PolicyFile { file: "policies/more/kota.csv".to_owned(), text: Some(String::new()) },
        PolicyFile { file: "policies/README".to_owned(), text: Some(String::new()) },
    ];
    let faults = load_faults("[matchers]\nm = true\n", &files).await;
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
async fn a_model_beyond_comparisons_is_refused_at_its_line() {
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
        ("p = role, office, object, action, condition", "p = role, office, object, action", p),
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
        let faults = load_faults(&MODEL.replacen(from, to, 1), &shipped()).await;
        let places: BTreeSet<(&str, usize)> = faults.iter().map(|fault| (fault.file.as_str(), fault.line)).collect();
        assert!(places.contains(&(MODEL_FILE, place)), "{to}: {}", described(&faults).join("; "));
        assert!(places.len() <= 2, "{to}: {}", described(&faults).join("; "));
    }
    assert!(!load_faults("", &shipped()).await.is_empty());
    // Sides, spaces and order are free; so are comments and continued lines.
    let free =
        MODEL.replace("r.role == p.role && r.office == p.office &&", "p.office==r.office && r.role == p.role && \\\n");
    let free = format!("\u{feff}{free}\n; the end\n");
    assert!(load_faults(&free, &shipped()).await.is_empty());
}

// --- Time ---

#[tokio::test]
async fn load_time_is_linear_in_lines() {
    let lines = |count: usize| -> String { (0..count).map(|at| format!("p, opd, kota, a/{at}, execute\n")).collect() };
    let timed = async |count| {
        let begun = std::time::Instant::now();
        let read = policy(&[file("kota", &lines(count))]).await;
        assert_eq!(read.lines().len(), count);
        begun.elapsed()
    };
    let few = timed(400).await;
    let many = timed(4_000).await;
    // Squared it would be a hundred times as long.
    assert!(many < few * 30, "{few:?} for 400 lines, {many:?} for 4,000");
}
