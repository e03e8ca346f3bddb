//! Policy lines against SOPs: each fault with its place and its fix.

use std::collections::BTreeMap;

use super::*;
use crate::access::Capacity;
use crate::policy::tests::{MODEL, described, file, policy};
use crate::policy::{PolicyFile, load};
use crate::procedure::RoleSpec;

fn office() -> Office {
    let role = |of_agency| RoleSpec { name: "Role".to_owned(), of_agency };
    Office {
        addresses: Default::default(),
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
        english: Default::default(),
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

/// The shelf of the one office with the one procedure.
fn shelf() -> Shelf {
    Shelf {
        offices: vec![office()],
        procedures: vec![located("procedures/kota/surat.toml", procedure())],
        ..Shelf::default()
    }
}

fn located(file: &str, procedure: Procedure) -> Located {
    Located { file: file.to_owned(), text: toml::to_string(&procedure).unwrap(), procedure }
}

/// A stored version.
fn stored(procedure: Procedure, in_use: bool) -> KnownVersion {
    let file = format!("stored version {} of {}/{}", procedure.version, procedure.office, procedure.key);
    KnownVersion { located: located(&file, procedure), in_use }
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
p, kadis, kota, requests, see-all
p, tu, kota, requests, see-office
";

async fn faults(text: &str, kept: Option<&[KnownVersion]>) -> Vec<Fault> {
    check(&policy(&[file("kota", text)]).await, &shelf(), kept)
}

#[tokio::test]
async fn a_consistent_policy_has_no_faults() {
    assert_eq!(faults(WHOLE, None).await, []);
    assert_eq!(faults(WHOLE, Some(&[])).await, []);
}

#[tokio::test]
async fn every_inconsistency_is_a_fault_with_place_and_mend() {
    // Text, replacement, fault, part of the mend.
    let rows = [
        (
            "p, tu, kota, requests, see-office",
            "p, lurah, kota, requests, see-reached",
            "kota.csv:11: `kota` has no role `lurah`",
            "use one of kadis, opd, tu",
        ),
        (
            "p, tu, kota, requests, see-office",
            "p, opd, kota, mail, withdraw",
            "kota.csv:11: `kota` has no procedure `mail`",
            "use one of surat",
        ),
        (
            "p, tu, kota, requests, see-office",
            "p, tu, kota, surat/4, execute",
            "kota.csv:11: `surat` has no step `4`",
            "use one of the steps 1, 2, 3",
        ),
        (
            "p, tu, kota, requests, see-office",
            "p, kadis, kota, surat/2, sign",
            "kota.csv:11: nothing is signed at `surat/2`",
            "signs = ",
        ),
        (
            "p, tu, kota, requests, see-office",
            "p, tu, kota, role:lurah, grant",
            "kota.csv:11: `kota` has no role `lurah`",
            "use one of kadis, opd, tu",
        ),
        (
            "p, tu, kota, requests, see-office",
            "p, opd, kota, people, manage",
            "kota.csv:11: `opd` is a role of an agency's people, and `manage` is for the office's people",
            "name a role of the office's people",
        ),
        (
            "p, tu, kota, surat/3, execute",
            "p, tu, kota, surat/3, execute, other-than:9",
            "kota.csv:4: `surat` has no step `9`",
            "remove the condition",
        ),
        (
            "p, tu, kota, surat/3, execute",
            "p, tu, kota, surat/3, execute, other-than:3",
            "kota.csv:4: `surat/3` cannot be left to another person than its own",
            "another",
        ),
        (
            "p, kadis, kota, surat/3, sign",
            "p, kadis, kota, surat/3, sign, other-than:2",
            "kota.csv:5: `kadis` executes `surat/2` and may sign `surat/3`, which is reserved for another person",
            "give the two to two roles",
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
            "p, tu, kota, requests, see-office",
            "p, kadis, kota, surat/3, execute",
            "kota.csv:11: the outcome `dispose` of `surat/2` disposes to `surat/3`, which tu and kadis execute: a disposition \
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
            "p, tu, kota, requests, see-office",
            "p, opd, kota, requests, see-office",
            "kota.csv:11: `opd` is a role of an agency's people, and `see-office` shows other agencies' requests",
            "write `p, opd, kota, requests, see-agency`",
        ),
        (
            "p, tu, kota, requests, see-office",
            "p, tu, kota, requests, see-agency",
            "kota.csv:11: warning: `tu` is no role of an agency's people: `see-agency` shows it nothing",
            "write `p, tu, kota, requests, see-reached`",
        ),
        (
            "p, tu, kota, requests, see-office",
            "p, tu, kota, surat/3, receive",
            "kota.csv:11: warning: `tu` is no role of an agency's people, and what a step hands over is an agency's",
            "name the agency's role",
        ),
        (
            "p, opd, kota, surat/3, receive",
            "p, tu, kota, surat/3, receive",
            "kota.csv:6: `tu` is no role of an agency's people, and what a step hands over is an agency's: nobody could \
             receive it",
            "write `p, opd, kota, surat/3, receive`",
        ),
        (
            "p, tu, kota, requests, see-reached\n",
            "",
            "kota.csv:4: `tu` executes `surat/3` and does not see the requests there that are SECRET: `see-office` leaves \
             them out",
            "add the line `p, tu, kota, requests, see-reached`",
        ),
        (
            "p, kadis, kota, requests, see-all",
            "",
            "kota.csv:3: `kadis` executes `surat/2` and does not see the requests there",
            "add the line `p, kadis, kota, requests, see-reached`",
        ),
        (
            "p, opd, kota, requests, see-own",
            "",
            "kota.csv:2: `opd` executes `surat/1` and does not see the requests there",
            "add the line `p, opd, kota, requests, see-own`",
        ),
        (
            "p, kadis, kota, surat/2, execute",
            "p, opd, kota, surat/2, execute",
            "kota.csv:3: warning: `opd` is a role of an agency's people, and `surat/2` is no step that a request begins with",
            "name a role of the office's people",
        ),
        (
            "p, tu, kota, requests, see-office",
            "p, opd, kota, surat, revoke",
            "kota.csv:11: warning: `opd` is a role of an agency's people, and `revoke` is the office's to do",
            "name a role of the office's people",
        ),
        (
            "p, tu, kota, requests, see-office",
            "p, opd, kota, surat, reissue",
            "kota.csv:11: warning: `opd` is a role of an agency's people, and `reissue` is the office's to do",
            "name a role of the office's people",
        ),
        (
            "p, tu, kota, requests, see-office",
            "p, opd, kota, surat/3, sign",
            "kota.csv:11: warning: `opd` is a role of an agency's people, and `sign` is the office's to do",
            "name a role of the office's people",
        ),
    ];
    for (from, to, fault, mend) in rows {
        assert!(WHOLE.contains(from), "{from}");
        let found = faults(&WHOLE.replacen(from, to, 1), Some(&[])).await;
        assert_eq!(described(&found), [fault], "{to}");
        assert!(found[0].mend.contains(mend), "{}", found[0].mend);
    }
}

#[tokio::test]
async fn a_procedure_without_lines_is_a_fault_at_the_top_of_the_file() {
    let found = faults("# nothing yet\n", Some(&[])).await;
    assert_eq!(found.len(), 5, "three steps, a signer, a recipient: {}", described(&found).join("; "));
    assert!(found.iter().all(|fault| (fault.file.as_str(), fault.line) == ("policies/kota.csv", 1)));
}

#[tokio::test]
async fn a_line_may_name_a_step_of_a_stored_version() {
    let mut before = procedure();
    before.steps[1].signs = Some("disposisi".to_owned());
    before.steps[2].key = "4".to_owned();
    let mut gone = procedure();
    gone.key = "arsip".to_owned();
    let text =
        format!("{WHOLE}p, tu, kota, surat/4, execute\np, kadis, kota, surat/2, sign\np, tu, kota, arsip/3, execute\n");
    assert_eq!(faults(&text, Some(&[stored(before, false), stored(gone, false)])).await, []);

    // With a database of other versions they are errors; without a database, warnings.
    let expected = [
        "kota.csv:12: ~`surat` has no step `4`",
        "kota.csv:13: ~nothing is signed at `surat/2`",
        "kota.csv:14: ~`kota` has no procedure `arsip`",
    ];
    assert_eq!(described(&faults(&text, Some(&[])).await), expected.map(|fault| fault.replace('~', "")));
    assert_eq!(described(&faults(&text, None).await), expected.map(|fault| fault.replace('~', "warning: ")));
}

#[tokio::test]
async fn every_office_has_a_policy_file_and_every_file_an_office() {
    let none = policy(&[]).await;
    let found = check(&none, &shelf(), Some(&[]));
    assert_eq!(described(&found), ["kota.csv:1: the office `kota` has no policy file: nobody may do anything there"]);

    let two = policy(&[file("kota", WHOLE), file("desa", "p, opd, desa, surat/1, execute\n")]).await;
    let found = check(&two, &shelf(), Some(&[]));
    assert_eq!(described(&found), ["desa.csv:1: there is no office `desa`"]);
}

// --- Stored versions, and unreadable files ---

#[tokio::test]
async fn stored_versions_in_use_need_performers() {
    let mut before = procedure();
    before.version = 2;
    before.steps[2].key = "4".to_owned();
    before.steps[1].outcomes[0].to = Some("4".to_owned());
    // Nothing runs by it: it may be without its people.
    assert_eq!(faults(WHOLE, Some(&[stored(before.clone(), false)])).await, []);
    let found = faults(WHOLE, Some(&[stored(before.clone(), true)])).await;
    let file = "stored version 2 of kota/surat";
    let suffix = ", and requests still run by this version";
    let line = toml::to_string(&before).unwrap().lines().position(|line| line == "key = \"4\"").unwrap();
    assert_eq!(
        described(&found),
        [
            format!("{file}:{line}: no line lets anyone execute `surat/4`{suffix}"),
            format!("{file}:{line}: no line lets anyone sign `balasan` at `surat/4`{suffix}"),
            format!(
                "{file}:{line}: the outcome `send` of `surat/4` takes a recipient, and nobody receives there{suffix}"
            ),
        ]
    );
    let mend = "add the line `p, <role>, kota, surat/4, execute` to `policies/kota.csv`, until they have ended";
    assert_eq!(found[0].mend, mend);
    let text = format!(
        "{WHOLE}p, tu, kota, surat/4, execute\np, kadis, kota, surat/4, execute\np, kadis, kota, surat/4, sign\n\
         p, opd, kota, surat/4, receive\n"
    );
    let found = faults(&text, Some(&[stored(before.clone(), true)])).await;
    assert!(found.len() == 1 && found[0].message.contains("a disposition is to one role"), "{found:?}");
    assert!(found[0].mend.starts_with("remove `p, kadis, kota, surat/4, execute` from"), "{}", found[0].mend);
    // A lack of the file's version is reported once, in the policy's file.
    before.steps[2].key = "3".to_owned();
    before.steps[1].outcomes[0].to = Some("3".to_owned());
    let found = faults(&WHOLE.replace("p, tu, kota, surat/3, execute\n", "\n"), Some(&[stored(before, true)])).await;
    assert_eq!(described(&found), ["kota.csv:7: no line lets anyone execute `surat/3`"]);
}

#[tokio::test]
async fn a_secret_needs_a_role_to_reveal_it() {
    let mut shelf = shelf();
    let steps = &mut shelf.procedures[0].procedure.steps;
    steps[1].outcomes[0].secret = Requirement::Required;
    steps[2].outcomes[0].recipient = Requirement::None;
    steps[2].outcomes[0].effect = Some(Effect::Deliver);
    let check = async |text: &str| check(&policy(&[file("kota", text)]).await, &shelf, Some(&[]));
    let found = check(WHOLE).await;
    let expected = "kota.csv:7: `surat` hands over a secret, and no role of an agency's people may reveal it";
    assert_eq!(described(&found), [expected]);
    assert_eq!(found[0].mend, "add the line `p, opd, kota, surat, reveal`");
    let revealing = format!("{WHOLE}p, opd, kota, surat, reveal\n");
    assert_eq!(check(&revealing).await, []);
    assert_eq!(check(&format!("{WHOLE}p, tu, kota, surat, reveal\n")).await.len(), 1);
    let found = check(&revealing.replace("p, opd, kota, surat/3, receive\n", "\n")).await;
    assert_eq!(described(&found), ["kota.csv:12: `surat/3` hands over a credential, and nobody receives there"]);
}

#[tokio::test]
async fn an_unreadable_file_causes_no_further_faults() {
    // An unreadable line may be the missing one.
    let text = WHOLE.replace("surat/3, execute", "surat/3, exec").replace("see-all", "see-al");
    let (broken, found) = load(Some(MODEL), &[file("kota", &text)]).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(check(&broken, &shelf(), Some(&[])), []);
    // Other faults are reported all the same.
    let text = format!("{text}p, lurah, kota, surat/2, execute\n");
    let (broken, _) = load(Some(MODEL), &[file("kota", &text)]).await;
    assert_eq!(described(&check(&broken, &shelf(), Some(&[]))), ["kota.csv:12: `kota` has no role `lurah`"]);
    // Unreadable files.
    let unread = |name: &str| Shelf { unread: [("kota".to_owned(), name.to_owned())].into(), ..Shelf::default() };
    let whole = policy(&[file("kota", WHOLE)]).await;
    assert_eq!(check(&whole, &unread("office"), Some(&[])), []);
    assert_eq!(check(&whole, &Shelf { offices: vec![office()], ..unread("surat") }, Some(&[])), []);
    let absent = PolicyFile { text: None, ..file("kota", "") };
    let (absent, found) = load(Some(MODEL), &[absent]).await;
    assert_eq!(found, []);
    assert_eq!(check(&absent, &shelf(), Some(&[])), []);
    let (undecided, found) = load(None, &[file("kota", WHOLE)]).await;
    assert_eq!(found, []);
    assert_eq!(check(&undecided, &shelf(), Some(&[])), []);
}

/// A grant in force: person, role, agency.
fn holder(user: &str, role: &str, agency: Option<&str>, capacity: Capacity) -> Holder {
    let of = |text: &str| text.to_owned();
    Holder { user: of(user), office: of("kota"), role: of(role), agency: agency.map(of), capacity }
}

/// The staffing gaps of a policy and people: line and message.
async fn gaps(text: &str, holders: &[Holder], waiting: &[&str]) -> Vec<(usize, String)> {
    let waiting = waiting.iter().map(|agency| ("kota".to_owned(), (*agency).to_owned())).collect();
    let people = Roster { holders: holders.to_vec(), waiting, returned: Vec::new() };
    let faults = check_people(&policy(&[file("kota", text)]).await, &shelf(), &[], &people);
    assert!(faults.iter().all(|fault| fault.severity == Severity::Warning && fault.mend.contains("disposisi grant")));
    faults.into_iter().map(|fault| (fault.line, fault.message)).collect()
}

#[tokio::test]
async fn a_step_without_an_active_person_is_a_staffing_gap() {
    use Capacity::{Acting, Definitive};
    let all = [
        holder("siti", "opd", Some("dinkes"), Definitive),
        holder("budi", "kadis", None, Definitive),
        holder("tono", "tu", None, Acting),
    ];
    assert_eq!(gaps(WHOLE, &all, &[]).await, []);
    let one = |line: usize, message: &str| vec![(line, message.to_owned())];
    assert_eq!(gaps(WHOLE, &[], &[]).await, one(1, "nobody holds a role in `kota`: none of its procedures can run"));
    let without_tu = "nobody executes `surat/3`: no active person holds `tu` now; requests wait there";
    assert_eq!(gaps(WHOLE, &all[..2], &[]).await, one(4, without_tu));
    let nobody_signs: Vec<(usize, String)> = [
        (3, "nobody executes `surat/2`: no active person holds `kadis` now; requests wait there"),
        (5, "nobody signs at `surat/3`: no active person holds `kadis` now; requests wait there"),
    ]
    .map(|(line, message)| (line, message.to_owned()))
    .into();
    assert_eq!(gaps(WHOLE, &[all[0].clone(), all[2].clone()], &[]).await, nobody_signs);
    let nobody_submits = "nobody submits by `surat`: no agency has anybody who may";
    assert_eq!(gaps(WHOLE, &all[1..], &[]).await, one(2, nobody_submits));
    // A request of an agency without people: no one completes it, no one receives.
    let left: Vec<(usize, String)> = [
        (2, "nobody executes `surat/1` for `dinsos`: no active person holds `opd` now; requests wait there"),
        (6, "nobody receives at `surat/3` for `dinsos`: no active person holds `opd` now; requests wait there"),
    ]
    .map(|(line, message)| (line, message.to_owned()))
    .into();
    assert_eq!(gaps(WHOLE, &all, &["dinsos"]).await, left);
    // Somebody of one agency does not count for the others.
    let only_dinsos = [all[0].clone(), all[1].clone(), holder("tono", "tu", Some("dinsos"), Definitive)];
    assert_eq!(gaps(WHOLE, &only_dinsos, &[]).await, one(4, without_tu));
}

#[tokio::test]
async fn a_returned_secret_request_of_a_former_submitter_is_reported() {
    let policy = policy(&[file("kota", WHOLE)]).await;
    let stranded = |submitter: Holder| {
        let mut holders = vec![holder("budi", "kadis", None, Capacity::Definitive), submitter];
        holders.push(holder("tono", "tu", None, Capacity::Definitive));
        holders.push(holder("wati", "opd", Some("dinkes"), Capacity::Definitive));
        let of = |text: &str| text.to_owned();
        let returned = ["surat", "another"].map(|procedure| ReturnedRequest {
            number: of("N/1"),
            procedure: (of("kota"), of(procedure)),
            agency: of("dinkes"),
            submitter: of("siti"),
        });
        let people = Roster { holders, waiting: Vec::new(), returned: returned.into() };
        let faults = check_people(&policy, &shelf(), &[], &people);
        faults.into_iter().map(|fault| (fault.line, fault.message)).collect::<Vec<_>>()
    };
    assert_eq!(stranded(holder("siti", "opd", Some("dinkes"), Capacity::Acting)), []);
    let message = "request `N/1` was returned to `siti`, who may not submit for `dinkes` now; as it is secret, nobody else \
        there completes it";
    assert_eq!(stranded(holder("siti", "kadis", Some("dinkes"), Capacity::Acting)), [(2, message.to_owned())]);
    assert_eq!(stranded(holder("siti", "opd", Some("dinsos"), Capacity::Acting)), [(2, message.to_owned())]);
}

#[tokio::test]
async fn an_unmet_condition_is_a_staffing_gap() {
    use Capacity::{Acting, Definitive};
    let submitter = holder("siti", "opd", Some("dinkes"), Definitive);
    let definitive = WHOLE.replace("p, tu, kota, surat/3, execute", "p, tu, kota, surat/3, execute, definitive");
    let acting = [submitter.clone(), holder("budi", "kadis", None, Definitive), holder("tono", "tu", None, Acting)];
    let message = "nobody executes `surat/3`: no active person holds `tu definitive` now; requests wait there";
    assert_eq!(gaps(&definitive, &acting, &[]).await, [(4, message.to_owned())]);

    let separated = WHOLE.replace("p, tu, kota, surat/3, execute", "p, tu, kota, surat/3, execute, other-than:2");
    let both = [submitter, holder("budi", "kadis", None, Definitive), holder("budi", "tu", None, Definitive)];
    let message = "nobody executes `surat/3` except the only performer of an earlier step, excluded by `tu other-than:2`; requests wait there";
    assert_eq!(gaps(&separated, &both, &[]).await, [(4, message.to_owned())]);
    let another = [&both[..], &[holder("tono", "tu", None, Acting)]].concat();
    assert_eq!(gaps(&separated, &another, &[]).await, []);
}
