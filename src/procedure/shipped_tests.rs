//! The shipped procedures, compared with the signed printed forms.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Ending, Form, Located, Office, Origin, Requirement, Shelf, read_folder};

/// The legal-basis lists, split by hand: the sources run them together.
const LEGAL_BASIS: &str = include_str!("../../tests/golden/legal-basis.txt");

/// The heads of the sources.
const PRINTED_HEADS: &str = include_str!("../../tests/golden/printed-heads.txt");

/// The rows of the sources: number, activity, Kelengkapan, Waktu, Output.
const PRINTED_STEPS: &str = include_str!("../../tests/golden/printed-steps.txt");

/// The machine's reading: every outcome with its arrow, inputs and records.
const READING: &str = include_str!("../../tests/golden/reading.txt");

fn shelf() -> Shelf {
    read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("procedures")).expect("the shipped files read")
}

/// A procedure of the shelf, by its name in the golden files.
fn named<'a>(shelf: &'a Shelf, name: &str) -> (&'a Located, &'a Office) {
    let is_it = |located: &&Located| format!("{}/{}", located.procedure.office, located.procedure.key) == name;
    let located = shelf.procedures.iter().find(is_it).expect("the procedure is shipped");
    (located, shelf.office(&located.procedure.office).expect("its office is shipped"))
}

const NAMES: [&str; 3] =
    ["singkawang/permohonan-cloud-service", "singkawang/permohonan-subdomain", "denpasar/layanan-data-center"];

#[test]
fn the_shipped_procedures_have_no_fault() {
    let shelf = shelf();
    assert_eq!(shelf.check(), []);
    assert_eq!(shelf.offices.iter().map(|office| office.key.as_str()).collect::<Vec<_>>(), ["denpasar", "singkawang"]);
    assert_eq!(shelf.procedures.len(), NAMES.len());
}

#[test]
fn legal_basis_lists_are_as_printed() {
    let shelf = shelf();
    let mut lists = String::new();
    for name in NAMES {
        writeln!(lists, "{name}").expect("a String takes all");
        for (index, basis) in named(&shelf, name).0.procedure.legal_basis.iter().enumerate() {
            writeln!(lists, "  {}. {basis}", index + 1).expect("a String takes all");
        }
    }
    assert_eq!(lists, LEGAL_BASIS);
}

#[test]
fn every_printed_cell_is_kept_and_no_row_is_added_unmarked() {
    let shelf = shelf();
    let mut rows = String::new();
    for name in NAMES {
        writeln!(rows, "{name}").expect("a String takes all");
        for step in named(&shelf, name).0.procedure.steps.iter().filter(|step| !step.inferred) {
            let cells = [
                step.number.as_deref(),
                Some(&step.activity),
                step.printed_requires.as_deref(),
                step.time.as_ref().map(|time| time.printed.as_str()),
                step.printed_output.as_deref(),
            ];
            writeln!(rows, "  {}", cells.map(|cell| cell.unwrap_or("-")).join(" | ")).expect("a String takes all");
        }
    }
    assert_eq!(rows, PRINTED_STEPS);
}

#[test]
fn the_heads_are_as_printed() {
    let shelf = shelf();
    let mut heads = String::new();
    for name in NAMES {
        let procedure = &named(&shelf, name).0.procedure;
        let date = |date: Option<chrono::NaiveDate>| date.map(|date| date.to_string());
        let list = |items: &[String]| (!items.is_empty()).then(|| items.join(" | "));
        writeln!(heads, "{name}").expect("a String takes all");
        for (label, cell) in [
            ("Nomor SOP", Some(procedure.number.clone())),
            ("Judul SOP", Some(procedure.title.clone())),
            ("Bidang", procedure.division.clone()),
            ("Seksi", procedure.section.clone()),
            ("Tanggal Pembuatan", date(procedure.created_on)),
            ("Tanggal Revisi", date(procedure.revised_on)),
            ("Tanggal Efektif", date(procedure.effective_on)),
            ("Disahkan Oleh", Some(procedure.approved_by.clone())),
            ("Kualifikasi Pelaksana", list(&procedure.qualifications)),
            ("Keterkaitan", list(&procedure.related)),
            ("Peralatan/Perlengkapan", list(&procedure.equipment)),
            ("Peringatan", list(&procedure.warnings)),
            ("Pencatatan dan Pendataan", list(&procedure.record_keeping)),
        ] {
            writeln!(heads, "  {label}: {}", cell.as_deref().unwrap_or("-")).expect("a String takes all");
        }
    }
    assert_eq!(heads, PRINTED_HEADS);
}

#[test]
fn the_codes_and_dates_in_force_are_those_agreed() {
    let shelf = shelf();
    let codes = NAMES.map(|name| {
        let (located, office) = named(&shelf, name);
        let procedure = &located.procedure;
        let from = procedure.in_force_from().expect("each has a date").to_string();
        (office.request_number(&procedure.code, 2026, 42), from)
    });
    let expected = [
        ("SKW/CLOUD/2026/0042", "2023-09-01"),
        ("SKW/SUBDOMAIN/2026/0042", "2023-09-01"),
        ("DPS/DC/2026/0042", "2018-01-02"),
    ];
    assert_eq!(codes, expected.map(|(number, from)| (number.to_owned(), from.to_owned())));
}

/// The reading as lines, for people to review.
fn reading(shelf: &Shelf) -> String {
    let mut out = String::new();
    for name in NAMES {
        let procedure = &named(shelf, name).0.procedure;
        writeln!(out, "{name}").expect("a String takes all");
        for step in &procedure.steps {
            for outcome in &step.outcomes {
                let arrow = match (&outcome.to, outcome.ends) {
                    (Some(to), _) => to.clone(),
                    (None, Some(Ending::Completed)) => "COMPLETED".to_owned(),
                    (None, Some(Ending::Rejected)) => "REJECTED".to_owned(),
                    (None, None) => "?".to_owned(),
                };
                write!(out, "  {}:{} -> {arrow}", step.key, outcome.key).expect("a String takes all");
                let mut list = |word: &str, records: &[String]| {
                    if !records.is_empty() {
                        write!(out, "; {word} {}", records.join(", ")).expect("a String takes all");
                    }
                };
                list("requires", step.requires(outcome));
                list("brings", step.brings(outcome));
                list("produces", step.produces(outcome));
                list("may add", &outcome.may_add);
                list("signs", &outcome.signs);
                list("may change", &outcome.asset_changes);
                let wants = [
                    ("note", outcome.note),
                    ("disposition", outcome.disposition),
                    ("asset", outcome.asset),
                    ("secret", outcome.secret),
                    ("recipient", outcome.recipient),
                ];
                for (what, requirement) in wants.into_iter().filter(|(_, wish)| *wish != Requirement::None) {
                    write!(out, "; {what} {}", format!("{requirement:?}").to_lowercase()).expect("a String takes all");
                }
                if let Some(effect) = outcome.effect {
                    write!(out, "; effect {}", format!("{effect:?}").to_lowercase()).expect("a String takes all");
                }
                for (word, arrow) in [("came by", &outcome.came_by), ("last", &outcome.last)] {
                    if let Some(arrow) = arrow {
                        write!(out, "; {word} {}:{}", arrow.step, arrow.outcome).expect("a String takes all");
                    }
                }
                for (word, record) in [("if signed", &outcome.signed), ("if refused", &outcome.refused)] {
                    if let Some(record) = record {
                        write!(out, "; {word} {record}").expect("a String takes all");
                    }
                }
                if let Some(carry) = &outcome.carries {
                    write!(out, "; carries {} to {}", carry.from, carry.to).expect("a String takes all");
                }
                if procedure.gives_reason(outcome) {
                    out.push_str("; reason");
                }
                out.push_str(if outcome.inferred || step.inferred { "; inferred\n" } else { "\n" });
            }
        }
    }
    out
}

#[test]
fn the_machine_reading_matches_its_golden_file() {
    assert_eq!(reading(&shelf()), READING);
}

#[test]
fn only_the_intended_documents_become_the_applicants() {
    let shelf = shelf();
    for located in &shelf.procedures {
        for (key, record) in &located.procedure.records {
            let expected = ["surat-balasan", "laporan", "surat-pengantar", "penetapan"].contains(&key.as_str());
            assert_eq!(record.for_applicant, expected, "{key}");
            assert!(!expected || record.origin == Origin::Document);
        }
    }
}

/// A value made of each property's first example.
fn examples(schema: &Value) -> Value {
    let properties = schema["properties"].as_object().expect("an object's schema");
    let example = |(name, property): (&String, &Value)| {
        assert!(property["title"].is_string() && property["description"].is_string(), "{name} is explained");
        (name.clone(), property["examples"][0].clone())
    };
    Value::Object(properties.iter().map(example).collect::<Map<_, _>>())
}

#[test]
fn the_forms_explain_themselves_and_their_examples_fit() {
    let shelf = shelf();
    for name in NAMES {
        let (located, office) = named(&shelf, name);
        let asset = located.procedure.asset.as_ref().expect("each provisions something");
        for schema in [&located.procedure.details, &asset.attributes] {
            let form = Form::compile(schema, office).expect("it compiles");
            assert_eq!(form.validate(&examples(schema)), [], "{name}");
            assert!(!form.validate(&json!({ "unknown": 1 })).is_empty(), "{name}");
        }
    }
}

/// The faults of a procedure's form for its examples with changed properties; null removes one.
fn described(name: &str, details: bool, changes: Value) -> Vec<String> {
    let shelf = shelf();
    let (located, office) = named(&shelf, name);
    let asset = located.procedure.asset.as_ref().expect("each provisions something");
    let schema = if details { &located.procedure.details } else { &asset.attributes };
    let mut value = examples(schema);
    for (key, change) in changes.as_object().expect("changes are an object") {
        let fields = value.as_object_mut().expect("a form's value is an object");
        fields.remove(key);
        if !change.is_null() {
            fields.insert(key.clone(), change.clone());
        }
    }
    let form = Form::compile(schema, office).expect("it compiles");
    form.validate(&value).into_iter().map(|fault| fault.path.join(".")).collect()
}

#[test]
fn a_cloud_request_wants_a_purpose_a_quota_and_users() {
    let name = NAMES[0];
    assert_eq!(described(name, true, json!({ "neededBy": null })), [""; 0]);
    let wrong = json!({ "purpose": "  ", "quotaGib": 0, "users": 1.5, "neededBy": "31/12/2026" });
    assert_eq!(described(name, true, wrong), ["neededBy", "purpose", "quotaGib", "users"]);
    assert_eq!(
        described(name, false, json!({ "username": "Root!", "serviceAddress": "ftp://x" })),
        ["serviceAddress", "username"]
    );
}

#[test]
fn a_label_is_an_unreserved_rfc_1035_label() {
    for label in ["a", "dinkes", "a-1", &"a".repeat(63)] {
        assert_eq!(described(NAMES[1], true, json!({ "label": label })), [""; 0], "{label}");
    }
    for label in ["", "www", "Dinkes", "-a", "a-", "1a", "a.b", "a\n", &"a".repeat(64)] {
        assert!(!described(NAMES[1], true, json!({ "label": label })).is_empty(), "{label:?}");
    }
}

#[test]
fn a_target_is_an_address_or_a_host() {
    for target in ["203.0.113.7", "2001:db8::7", "web.example.org"] {
        assert_eq!(described(NAMES[1], true, json!({ "target": target })), [""; 0], "{target}");
    }
    for target in ["999.1.1.1", "localhost", "a b.example.org", "https://example.org", ""] {
        assert_eq!(described(NAMES[1], true, json!({ "target": target })), ["target"], "{target}");
    }
    for (kind, fits) in [("A", "203.0.113.7"), ("AAAA", "2001:db8::7"), ("CNAME", "web.example.org")] {
        for target in ["203.0.113.7", "2001:db8::7", "web.example.org"] {
            let faults = described(NAMES[1], false, json!({ "recordType": kind, "target": target }));
            assert_eq!(faults.is_empty(), target == fits, "{kind} {target}: {faults:?}");
        }
    }
    for host in ["dinkes.example.org", "www.singkawangkota.go.id", "a.mail.singkawangkota.go.id"] {
        assert_eq!(described(NAMES[1], false, json!({ "fqdn": host })), ["fqdn"], "{host}");
    }
    assert_eq!(described(NAMES[1], false, json!({ "fqdn": "webmail2.singkawangkota.go.id" })), [""; 0]);
}

#[test]
fn a_server_has_a_place_in_a_rack_and_an_application_none() {
    let name = NAMES[2];
    let missing = json!({ "rack": null, "unitFrom": null, "unitTo": null });
    assert_eq!(described(name, false, missing), ["rack", "unitFrom", "unitTo"]);
    assert_eq!(described(name, false, json!({ "placementKind": "APPLICATION" })), ["rack", "unitFrom", "unitTo"]);
    let application = json!({ "placementKind": "APPLICATION", "rack": null, "unitFrom": null, "unitTo": null });
    assert_eq!(described(name, false, application), [""; 0]);
    assert_eq!(described(name, false, json!({ "rack": "Z9" })), ["rack"]);
    assert_eq!(described(name, false, json!({ "unitTo": 43 })), ["unitTo"]);
    assert_eq!(described(name, false, json!({ "addresses": ["x"] })), ["addresses.0"]);

    assert_eq!(described(name, true, json!({ "rackUnits": null, "powerWatts": null })), ["powerWatts", "rackUnits"]);
    assert_eq!(described(name, true, json!({ "kind": "APPLICATION", "rackUnits": null, "powerWatts": null })), [""; 0]);
    assert_eq!(described(name, true, json!({ "kind": "APPLICATION" })), ["rackUnits"]);
    assert_eq!(described(name, true, json!({ "kind": null, "rackUnits": null, "powerWatts": null })), ["kind"]);
    assert_eq!(
        described(name, true, json!({ "ports": [80, 70000], "kind": "RACK", "rackUnits": null })),
        ["kind", "ports.1"]
    );
}
