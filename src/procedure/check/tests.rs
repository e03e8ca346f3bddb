//! Every fault of [`check`], in a small procedure with one thing broken: the expected line has the mark `#!`.

use super::*;
use crate::procedure::{Severity, read_office, read_procedure};

/// A procedure with nothing wrong.
const SOUND: &str = r#"key = "sample"
version = 1
code = "SAMPLE"
number = "1/2026"
title = "Sample"
approved_by = "Kepala Dinas"

[records]
letter = { name = "Letter", origin = "letter" }
sheet = { name = "Sheet", origin = "document" }
disposed = { name = "Disposed", origin = "disposition" }
thing = { name = "Thing", origin = "asset" }
sound = { name = "Sound", origin = "state" }
draft = { name = "Draft", origin = "document" }
reply = { name = "Reply", origin = "document", for_applicant = true }

[details]
type = "object"
properties = { purpose = { type = "string" } }

[asset]
kind = "Thing"
name = "{label}"
unique = "{label}"
login = "label"
interval = { place = "label", from = "unit", to = "unit" }
numbers = { number = "reply" }

[asset.attributes]
type = "object"
required = ["label", "unit"]
properties = { label = { type = "string" }, unit = { type = "integer" }, number = { type = "string" }, hint = {} }

[[steps]]
key = "1"
activity = "Ask"
requires = ["letter"]
time = { amount = 5, unit = "minute", printed = "5 Menit" }

[[steps.outcomes]]
key = "submit"
label = "Submit"
to = "2"

[[steps]]
key = "2"
activity = "Receive"
requires = ["letter"]
produces = ["sheet", "disposed"]

[[steps.outcomes]]
key = "dispose"
label = "Dispose"
to = "3"
disposition = "required"

[[steps.outcomes]]
key = "return"
label = "Return"
to = "1"
note = "required"
produces = []

[[steps.outcomes]]
key = "reject"
label = "Reject"
ends = "rejected"
came_by = "3:no"
note = "required"
produces = []

[[steps]]
key = "3"
activity = "Make"
requires = ["sheet"]
produces = ["thing", "draft"]

[[steps.outcomes]]
key = "make"
label = "Make"
to = "4"
effect = "provision"
asset = "required"
secret = "required"

[[steps.outcomes]]
key = "no"
label = "No"
to = "2"
produces = []

[[steps]]
key = "4"
activity = "Try"
requires = ["thing"]
produces = ["sound"]

[[steps.outcomes]]
key = "yes"
label = "Yes"
to = "5"
effect = "verify"

[[steps]]
key = "5"
activity = "Send"
requires = ["sound", "draft"]
produces = ["reply"]
signs = "draft"

[[steps.outcomes]]
key = "send"
label = "Send"
ends = "completed"
effect = "deliver"
recipient = "optional"
asset = "optional"
asset_changes = ["unit"]
signed = "draft"
last = "4:yes"
carries = { from = "draft", to = "reply" }

[[steps.outcomes]]
key = "revise"
label = "Revise"
to = "3"
refused = "draft"
produces = []
"#;

fn faults_of(text: &str) -> Vec<Fault> {
    let office = read_office("office.toml", "denpasar", include_str!("../../../procedures/denpasar/office.toml"));
    let located = read_procedure("sample.toml", "denpasar", text).expect("the text reads");
    check(&located, &office.expect("the shipped office reads"))
}

/// Asserts that the sound procedure, with replaced texts, has such a fault at the marked line.
#[track_caller]
fn breaks(changes: &[(&str, &str)], says: &str) {
    let mut text = SOUND.to_owned();
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "`{from}` stands once");
        text = text.replace(from, to);
    }
    let marked = text.lines().position(|line| line.contains("#!")).expect("one line is marked") + 1;
    let faults = faults_of(&text);
    let found = faults.iter().any(|fault| fault.line == marked && fault.message.contains(says));
    assert!(found, "line {marked}, `{says}`: {faults:#?}");
    assert!(faults.iter().all(|fault| fault.file == "sample.toml" && !fault.mend.is_empty()));
}

#[test]
fn a_sound_procedure_has_no_fault() {
    assert_eq!(faults_of(SOUND), []);
}

#[test]
fn a_procedure_without_steps_is_one_fault() {
    let (head, _) = SOUND.split_once("[[steps]]").expect("it has steps");
    let text = format!("steps = [] #!\n{head}");
    let faults = faults_of(&text);
    let errors: Vec<_> = faults.iter().filter(|fault| fault.message.contains("no step")).collect();
    assert_eq!(errors.first().map(|fault| fault.line), Some(1), "{faults:#?}");
}

#[test]
fn keys_are_unique_and_well_formed() {
    breaks(&[("key = \"4\"", "key = \"3\" #!")], "two steps");
    breaks(&[("key = \"revise\"", "key = \"send\" #!")], "two outcomes");
    breaks(&[("key = \"4\"", "key = \"4,x\" #!")], "no key for a step");
    breaks(&[("key = \"revise\"", "key = \"re:vise\" #!")], "no key for an outcome");
    breaks(
        &[("sound = { name = \"Sound\", origin = \"state\" }", "Sound = { name = \"\", origin = \"state\" } #!")],
        "no key",
    );
}

#[test]
fn a_duplicate_record_is_a_fault_at_the_second() {
    let text = SOUND.replace("\n[details]", "sheet = { name = \"Again\", origin = \"state\" }\n\n[details]");
    let faults = read_procedure("sample.toml", "denpasar", &text).expect_err("it does not read");
    assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [16], "{faults:?}");
    assert!(faults.iter().all(|fault| fault.message.contains("duplicate")), "{faults:?}");
}

#[test]
fn an_outcome_leads_to_a_step_or_an_end() {
    breaks(
        &[("to = \"4\"\n", ""), ("[[steps.outcomes]]\nkey = \"make\"", "[[steps.outcomes]] #!\nkey = \"make\"")],
        "nowhere",
    );
    breaks(&[("ends = \"completed\"", "to = \"4\"\nends = \"completed\" #!")], "both");
    breaks(&[("to = \"5\"", "to = \"6\" #!")], "no step `6`");
    breaks(
        &[("[[steps]]\nkey = \"4\"", "[[steps]] #!\nkey = \"4\""), ("to = \"5\"\neffect = \"verify\"", "to = \"4\"")],
        "to an end",
    );
    breaks(
        &[("to = \"4\"", "to = \"5\""), ("[[steps]]\nkey = \"4\"", "[[steps]] #!\nkey = \"4\"")],
        "no arrows lead from the first",
    );
    breaks(
        &[
            (
                "produces = [\"sound\"]\n\n[[steps.outcomes]]\nkey = \"yes\"\nlabel = \"Yes\"\nto = \"5\"\neffect = \"verify\"\n",
                "outcomes = []\n",
            ),
            ("[[steps]]\nkey = \"4\"", "[[steps]] #!\nkey = \"4\""),
        ],
        "has no outcome",
    );
    breaks(
        &[
            ("ends = \"completed\"", "ends = \"rejected\"\nnote = \"required\""),
            ("[[steps]]\nkey = \"1\"", "[[steps]] #!\nkey = \"1\""),
        ],
        "no outcome completes",
    );
}

#[test]
fn conditions_name_possible_arrows() {
    breaks(&[("came_by = \"3:no\"", "came_by = \"9:no\" #!")], "no step `9`");
    breaks(&[("came_by = \"3:no\"", "came_by = \"3:maybe\" #!")], "no outcome `maybe`");
    breaks(&[("came_by = \"3:no\"", "came_by = \"4:yes\" #!")], "does not lead to step `2`");
    breaks(&[("last = \"4:yes\"", "last = \"9:yes\" #!")], "no step `9`");
    breaks(&[("last = \"4:yes\"", "last = \"4:maybe\" #!")], "no outcome `maybe`");
    breaks(&[("signed = \"draft\"", "signed = \"sheet\" #!")], "nobody signs");
    breaks(&[("refused = \"draft\"", "refused = \"sheet\" #!")], "nobody signs");
}

#[test]
fn references_name_known_records_of_the_right_origin() {
    breaks(&[("requires = [\"sheet\"]", "requires = [\"sheet\", \"nothing\"] #!")], "no record `nothing`");
    breaks(&[("requires = [\"sheet\"]", "requires = [\"sheet\"]\nbrings = [\"nothing\"] #!")], "no record");
    breaks(
        &[("requires = [\"sheet\"]", "requires = [\"sheet\"]\nbrings = [\"letter\"] #!")],
        "brought and is not a document",
    );
    breaks(&[("produces = [\"sound\"]", "produces = [\"sound\", \"nothing\"] #!")], "no record");
    breaks(&[("refused = \"draft\"", "refused = \"draft\"\nrequires = [\"nothing\"] #!")], "no record");
    breaks(&[("refused = \"draft\"\nproduces = []", "refused = \"draft\"\nproduces = [\"nothing\"] #!")], "no record");
    breaks(&[("refused = \"draft\"", "refused = \"draft\"\nbrings = [\"sound\"] #!")], "not a document");
    breaks(&[("refused = \"draft\"", "refused = \"draft\"\nmay_add = [\"nothing\"] #!")], "no record");
    breaks(&[("refused = \"draft\"", "refused = \"draft\"\nmay_add = [\"sound\"] #!")], "added and is not a document");
    breaks(&[("refused = \"draft\"", "refused = \"draft\"\nsigns = [\"nothing\"] #!")], "no record");
    breaks(&[("refused = \"draft\"", "refused = \"draft\"\nsigns = [\"sound\"] #!")], "signed and is not a document");
    breaks(&[("refused = \"draft\"", "refused = \"draft\"\nsigns = [\"sheet\"] #!")], "does not bring it");
    breaks(&[("signs = \"draft\"", "signs = \"nothing\" #!")], "no record");
    breaks(&[("signs = \"draft\"", "signs = \"letter\" #!")], "not a document");
    breaks(&[("signed = \"draft\"", "signed = \"nothing\" #!")], "no record");
    breaks(&[("refused = \"draft\"", "refused = \"letter\" #!")], "not a document");
    breaks(&[("from = \"draft\", to = \"reply\" }", "from = \"nothing\", to = \"reply\" } #!")], "no record");
    breaks(&[("from = \"draft\", to = \"reply\" }", "from = \"draft\", to = \"letter\" } #!")], "not a document");
    breaks(
        &[("from = \"draft\", to = \"reply\" }", "from = \"draft\", to = \"sheet\" } #!")],
        "does not produce `sheet`",
    );
    breaks(&[("requires = [\"thing\"]", "requires = [\"thing\", \"thing\"] #!")], "twice");
    breaks(
        &[(
            "sound = { name = \"Sound\", origin = \"state\" }",
            "sound = { name = \"Sound\", origin = \"state\", for_applicant = true } #!",
        )],
        "not a document",
    );
}

#[test]
fn required_records_are_produced() {
    breaks(
        &[("produces = [\"sound\"]", ""), ("[\"sound\", \"draft\"]", "[\"sound\", \"draft\"] #!")],
        "nothing produces it",
    );
    breaks(
        &[
            ("produces = [\"sheet\", \"disposed\"]", "produces = [\"disposed\"]"),
            ("[\"sheet\"]\nproduces", "[\"sheet\"] #!\nproduces"),
        ],
        "nothing produces it",
    );
    breaks(&[("effect = \"provision\"", ""), ("[\"thing\"]", "[\"thing\"] #!")], "nothing produces it");
}

#[test]
fn an_unused_record_is_a_warning() {
    let text = SOUND.replace("\n[details]", "spare = { name = \"Spare\", origin = \"document\" }\n\n[details]");
    let faults = faults_of(&text);
    assert_eq!(faults.iter().map(|fault| (fault.severity, fault.line)).collect::<Vec<_>>(), [(Severity::Warning, 16)]);
}

#[test]
fn the_first_step_is_done_by_submitting_alone() {
    let label = "label = \"Submit\"";
    let header = ("[[steps.outcomes]]\nkey = \"submit\"", "[[steps.outcomes]] #!\nkey = \"submit\"");
    for wish in ["note = \"optional\"", "recipient = \"required\"", "may_add = [\"sheet\"]", "produces = [\"sheet\"]"] {
        breaks(&[header, (label, &format!("{label}\n{wish}"))], "more than the letter and the form");
    }
    breaks(&[header, (label, &format!("{label}\nlast = \"4:yes\""))], "has a condition");
    breaks(&[header, ("to = \"2\"\n\n[[steps]]", "ends = \"completed\"\n\n[[steps]]")], "hands the request to nobody");
    let second = "to = \"2\"\n\n[[steps.outcomes]] #!\nkey = \"other\"\nlabel = \"Other\"\nto = \"2\"\n\n[[steps]]";
    breaks(&[("to = \"2\"\n\n[[steps]]\nkey = \"2\"", &format!("{second}\nkey = \"2\""))], "more than one outcome");
    breaks(&[("requires = [\"letter\"]\ntime", "requires = [\"sheet\"] #!\ntime")], "no submission brings");
    breaks(&[("activity = \"Ask\"", "activity = \"Ask\"\nsigns = \"draft\" #!")], "waits for a signature");
}

#[test]
fn returns_and_rejections_require_a_note() {
    breaks(&[("to = \"1\"\nnote = \"required\"", "to = \"1\"\nnote = \"optional\" #!")], "no reason");
    breaks(&[("came_by = \"3:no\"\nnote = \"required\"", "note = \"none\" #!\ncame_by = \"3:no\"")], "no reason");
    breaks(&[("refused = \"draft\"", "refused = \"draft\"\nreason = true\nnote = \"optional\" #!")], "no reason");
}

#[test]
fn effects_have_their_inputs() {
    let (before, asset) = SOUND.split_once("[asset]").expect("it has an asset");
    let (_, after) = asset.split_once("[[steps]]").expect("it has steps");
    let without = format!("{before}[[steps]]{after}");
    let faults = faults_of(&without);
    let count = faults.iter().filter(|fault| fault.message.contains("the procedure has none")).count();
    assert_eq!(count, 3, "{faults:#?}");

    breaks(&[("effect = \"verify\"", "effect = \"verify\"\nasset = \"optional\" #!")], "does nothing to");
    breaks(
        &[("ends = \"completed\"\neffect = \"deliver\"", "to = \"4\"\neffect = \"deliver\" #!")],
        "does not complete the request",
    );
    breaks(
        &[("ends = \"completed\"", "ends = \"rejected\"\nnote = \"required\""), ("\"deliver\"", "\"deliver\" #!")],
        "does not complete the request",
    );
    breaks(
        &[("asset = \"required\"\nsecret = \"required\"", "secret = \"required\" #!")],
        "without an asset to come with",
    );
    breaks(
        &[("asset = \"required\"\nsecret = \"required\"", "secret = \"optional\" #!")],
        "without an asset to come with",
    );
    breaks(
        &[("asset = \"required\"\nsecret = \"required\"", "asset = \"optional\"\nsecret = \"required\" #!")],
        "without an asset to come with",
    );
    breaks(
        &[
            ("secret = \"required\"", "secret = \"required\"\nrecipient = \"optional\" #!"),
            ("recipient = \"optional\"\nasset", "asset"),
        ],
        "hands none over",
    );
    breaks(
        &[("secret = \"required\"", "secret = \"required\"\nasset_changes = [\"unit\"] #!")],
        "that it does not deliver",
    );
    breaks(&[("asset_changes = [\"unit\"]", "asset_changes = [\"number\"] #!")], "takes its number from `reply`");
    breaks(&[("effect = \"verify\"", "effect = \"verify\"\nsecret = \"optional\" #!")], "provisions nothing");
    breaks(&[("effect = \"verify\"", "effect = \"verify\"\nrecipient = \"optional\" #!")], "hands none over");
    breaks(
        &[("secret = \"required\"\n", ""), ("recipient = \"optional\"", "recipient = \"optional\" #!")],
        "hands none over",
    );
    breaks(
        &[("asset_changes = [\"unit\"]\n", ""), ("asset = \"optional\"", "asset = \"optional\" #!")],
        "does nothing to",
    );
    breaks(&[("asset = \"optional\"\nasset_changes = [\"unit\"]", "asset_changes = [\"unit\"] #!")], "wants no asset");
    breaks(&[("asset_changes = [\"unit\"]", "asset_changes = [\"colour\"] #!")], "`colour` is none");
    breaks(
        &[("effect = \"provision\"\nasset = \"required\"", "effect = \"provision\" #!")],
        "neither brought nor reserved",
    );
    breaks(
        &[("effect = \"provision\"\nasset = \"required\"", "effect = \"reserve\" #!")],
        "reserves and wants no asset",
    );
    breaks(&[("effect = \"provision\"", "effect = \"reserve\""), ("[asset]", "[asset] #!")], "no outcome provisions");
    breaks(
        &[("effect = \"provision\"", "effect = \"reserve\""), ("effect = \"deliver\"", "effect = \"deliver\" #!")],
        "nothing provisions",
    );
}

#[test]
fn an_asset_is_produced_by_provisioning_it() {
    let produces = ("produces = [\"sound\"]", "produces = [\"sound\", \"thing\"] #!");
    breaks(&[produces], "`4:yes` produces `thing` and provisions nothing");
}

#[test]
fn an_asset_names_its_own_attributes() {
    breaks(&[("\nname = \"{label}\"", "\nname = \"{colour}\" #!")], "`colour` is none");
    breaks(&[("\nname = \"{label}\"", "\nname = \"{label\" #!")], "not closed");
    breaks(&[("\nname = \"{label}\"", "\nname = \"label}\" #!")], "not opened");
    breaks(&[("\nname = \"{label}\"", "\nname = \"thing\" #!")], "names no attribute");
    breaks(&[("\nname = \"{label}\"", "\nname = \"{hint}\" #!")], "may be missing");
    breaks(&[("unique = \"{label}\"", "unique = \"{colour}\" #!")], "`colour` is none");
    breaks(&[("login = \"label\"", "login = \"colour\" #!")], "`colour` is none");
    breaks(&[("from = \"unit\", to = \"unit\" }", "from = \"colour\", to = \"unit\" } #!")], "`colour` is none");
    breaks(&[("numbers = { number = \"reply\" }", "numbers = { colour = \"reply\" } #!")], "`colour` is none");
    breaks(&[("numbers = { number = \"reply\" }", "numbers = { number = \"nothing\" } #!")], "no record `nothing`");
    breaks(&[("numbers = { number = \"reply\" }", "numbers = { number = \"sound\" } #!")], "not a document");
    breaks(&[("kind = \"Thing\"", "kind = \"a thing\" #!")], "no kind");
}

#[test]
fn attributes_with_document_numbers_are_never_required() {
    let required = "required = [\"label\", \"unit\"]";
    breaks(&[(required, "required = [\"label\", \"unit\", \"number\"] #!")], "is not known before `reply` has come");
    for field in ["\nname = ", "unique = "] {
        breaks(&[(&format!("{field}\"{{label}}\""), &format!("{field}\"{{number}}\" #!"))], "before `reply` has come");
    }
}

#[test]
fn a_place_has_a_name_and_whole_units_with_it() {
    let interval = "interval = { place = \"label\", from = \"unit\", to = \"unit\" }";
    let marked = format!("{interval} #!");
    let label = "label = { type = \"string\" }";
    for kind in ["type = \"integer\"", "type = [\"string\", \"null\"]", "enum = [1]", "const = 1"] {
        breaks(&[(interval, &marked), (label, &format!("label = {{ {kind} }}"))], "something else than a text");
    }
    for kind in ["type = \"number\"", "enum = [\"a\"]", "const = 1.5", "\"$ref\" = \"#/$defs/rack\""] {
        breaks(
            &[(interval, &marked), ("unit = { type = \"integer\" }", &format!("unit = {{ {kind} }}"))],
            "than an integer",
        );
    }
    breaks(
        &[(interval, &marked), ("[\"label\", \"unit\"]", "[\"label\"]")],
        "`unit` may be missing where `label` is given",
    );
    // Required only beside one value of another property.
    let when = |value: &str| {
        let condition = "if = { properties = { hint = { const = true } }, required = [\"hint\"] }";
        format!("[\"label\"]\n{condition}\nthen = {{ required = [\"unit\"] }}\nelse = {{ {value} }}")
    };
    let hint = ("hint = {}", "hint = { type = \"boolean\" }");
    breaks(&[(interval, &marked), hint, ("[\"label\", \"unit\"]", &when("required = []"))], "may be missing");
    let text = SOUND.replace(hint.0, hint.1).replace("[\"label\", \"unit\"]", &when("properties = { label = false }"));
    assert_eq!(faults_of(&text), []);
    let text = SOUND.replace("[\"label\", \"unit\"]", "[\"label\"]\ndependentRequired = { label = [\"unit\"] }");
    assert_eq!(faults_of(&text), []);
}

/// The lines and messages of a changed text, with how much they weigh.
fn described(from: &str, to: &str) -> Vec<String> {
    assert_eq!(SOUND.matches(from).count(), 1, "`{from}` stands once");
    faults_of(&SOUND.replace(from, to)).iter().map(|fault| format!("{:?}: {}", fault.severity, fault.message)).collect()
}

#[test]
fn schemas_are_satisfiable() {
    let purpose = "purpose = { type = \"string\" }";
    let with = |more: &str| format!("purpose = {{ type = \"string\", {more} }} ");
    let properties = "properties = { purpose = { type = \"string\" } }";
    breaks(&[(properties, &format!("{properties}\nrequired = [\"purpos\"] #!"))], "require `purpos`");
    breaks(&[("\"unit\"]\nproperties", "\"unit\", \"size\"] #!\nproperties")], "require `size`");
    for bounds in [
        "minLength = 5, maxLength = 4",
        "minimum = 2, maximum = 1",
        "anyOf = [{ minItems = 2, maxItems = 1 }]",
        "items = { exclusiveMinimum = 1, maximum = 1 }",
        "not = { minimum = 1, exclusiveMaximum = 1 }",
    ] {
        breaks(&[(properties, &format!("properties = {{ {} }} #!", with(bounds).trim()))], "nothing fits");
    }
    assert_eq!(described(purpose, &with("minLength = 4, maxLength = 4")), [""; 0]);
    assert_eq!(
        described(purpose, &with("minLenght = 4")),
        ["Warning: `minLenght` is no keyword of JSON Schema, so nothing is checked by it"]
    );
    assert_eq!(
        described(purpose, &with("format = \"dat\"")),
        ["Warning: `dat` is no format that is known, so nothing is checked by it"]
    );
    assert_eq!(described(purpose, &with("format = \"date\"")), [""; 0]);
    // A property may have any name.
    assert_eq!(described(purpose, "minLenght = { type = \"string\" }"), [""; 0]);
    assert_eq!(
        described(purpose, &with("examples = [\"a\", 5]")),
        ["Warning: the example `5` of `purpose` does not fit: it must be a string"]
    );
}

#[test]
fn asset_changes_compile_to_a_form() {
    breaks(
        &[
            (
                "unit = { type = \"integer\" }",
                "unit = { \"$ref\" = \"#/properties/size\" }, size = { type = \"integer\" }",
            ),
            ("asset_changes = [\"unit\"]", "asset_changes = [\"unit\"] #!"),
        ],
        "what `5:send` changes makes no form",
    );
}

#[test]
fn printed_texts_are_not_blank() {
    breaks(&[("number = \"1/2026\"", "number = \"\" #!")], "number is blank");
    breaks(&[("title = \"Sample\"", "title = \" \" #!")], "title is blank");
    breaks(&[("approved_by = \"Kepala Dinas\"", "approved_by = \"\" #!")], "approved it is blank");
    breaks(
        &[
            ("name = \"Sheet\"", "name = \"\""),
            ("origin = \"document\" }\ndisposed", "origin = \"document\" } #!\ndisposed"),
        ],
        "record `sheet` is blank",
    );
    breaks(&[("activity = \"Receive\"", "activity = \"\\t\" #!")], "activity of step `2` is blank");
    breaks(&[("activity = \"Receive\"", "activity = \"Receive\"\nnumber = \"\" #!")], "number of step `2` is blank");
    breaks(&[("label = \"Revise\"", "label = \"\" #!")], "label of `5:revise` is blank");
    breaks(&[("key = \"sample\"", "key = \"requests\" #!")], "mean all requests");
}

#[test]
fn a_carry_needs_an_earlier_signature() {
    let carries = "carries = { from = \"draft\", to = \"reply\" }";
    breaks(&[("signed = \"draft\"", ""), (carries, &format!("{carries} #!"))], "whether it is signed or not");
    breaks(&[(carries, "carries = { from = \"draft\", to = \"draft\" } #!")], "over to itself");
    breaks(&[(carries, &format!("brings = [\"draft\"]\n{carries} #!"))], "brings a new `draft`");
    breaks(&[(carries, &format!("may_add = [\"draft\"]\n{carries} #!"))], "brings a new `draft`");
    breaks(&[(carries, &format!("signs = [\"reply\"] #!\n{carries}"))], "takes over other signatures");
}

#[test]
fn every_mend_has_the_same_style() {
    let text = SOUND.replace("to = \"5\"", "to = \"9\"").replace("title = \"Sample\"", "title = \"\"");
    for fault in faults_of(&text.replace("signs = \"draft\"", "signs = \"letter\"")) {
        let first = fault.mend.chars().next().expect("there is a mend");
        assert!(!first.is_uppercase() && !fault.mend.ends_with('.'), "{}", fault.mend);
    }
}

#[test]
fn schemas_are_schemas_of_objects() {
    breaks(&[("[details]\ntype = \"object\"", "[details] #!\ntype = \"objekt\"")], "no JSON Schema");
    breaks(&[("[details]\ntype = \"object\"", "[details] #!\ntype = \"array\"")], "do not describe an object");
    breaks(&[("[asset.attributes]\ntype = \"object\"", "[asset.attributes] #!\ntype = 5")], "no JSON Schema");
    breaks(
        &[("[asset.attributes]\ntype = \"object\"", "[asset.attributes] #!\ntitle = \"x\"")],
        "do not describe an object",
    );
}

#[test]
fn dispositions_have_an_addressee_and_a_record() {
    breaks(
        &[("disposition = \"required\"\n", ""), ("[\"sheet\", \"disposed\"]", "[\"sheet\", \"disposed\"] #!")],
        "without a disposition",
    );
    breaks(
        &[
            ("disposition = \"required\"\n", "disposition = \"optional\"\n"),
            ("[\"sheet\", \"disposed\"]", "[\"sheet\", \"disposed\"] #!"),
        ],
        "without a disposition",
    );
    breaks(&[("ends = \"rejected\"", "ends = \"rejected\"\ndisposition = \"optional\" #!")], "to nobody");
    breaks(&[("to = \"1\"", "to = \"1\"\ndisposition = \"optional\" #!")], "to nobody");
}

#[test]
fn a_standard_time_is_positive() {
    breaks(
        &[(
            "amount = 5, unit = \"minute\", printed = \"5 Menit\" }",
            "amount = 0, unit = \"minute\", printed = \"5 Menit\" } #!",
        )],
        "no time",
    );
    let time = "time = { amount = 5, unit = \"minute\", printed = \"5 Menit\" }";
    breaks(&[(time, "time = { amount = 1001, unit = \"minute\", printed = \"1001 Menit\" } #!")], "takes so long");
    let jam = described(time, "time = { amount = 5, unit = \"minute\", printed = \"5 Jam\" }");
    assert_eq!(jam, ["Warning: step `1` prints `5 Jam`, and its unit is another"]);
    for printed in ["1 s.d. 5 menit", "Lima", "1 Hari / 5 Menit"] {
        assert_eq!(described(time, &time.replace("5 Menit", printed)), [""; 0]);
    }
}

#[test]
fn all_faults_are_reported_in_the_order_of_lines() {
    let text = SOUND.replace("to = \"5\"", "to = \"9\"").replace("came_by = \"3:no\"", "came_by = \"9:no\"");
    let lines: Vec<usize> = faults_of(&text).iter().map(|fault| fault.line).collect();
    assert!(lines.len() >= 2 && lines.is_sorted(), "{lines:?}");
}
