//! Faults found in a small procedure with one change.

use std::time::Instant;

use super::*;

/// A chain of steps, each with one outcome `next` to the next step or the end; the test adds the rest.
fn chain(records: &str, steps: &[&str]) -> Procedure {
    let mut text = format!(
        "key = \"p\"\nversion = 1\ncode = \"P\"\nnumber = \"1\"\ntitle = \"P\"\napproved_by = \"K\"\n\
         details = {{}}\n[records]\n{records}\n[[steps]]\nkey = \"1\"\nactivity = \"a\"\n\
         outcomes = [{{ key = \"submit\", label = \"l\", to = \"2\" }}]\n"
    );
    for (index, step) in steps.iter().enumerate() {
        text.push_str(&format!("[[steps]]\nkey = \"{}\"\nactivity = \"a\"\n{step}\n", index + 2));
    }
    toml::from_str(&text).unwrap()
}

/// A document's record for each of these names.
fn documents(names: impl Iterator<Item = String>) -> String {
    names.map(|name| format!("{name} = {{ name = \"n\", origin = \"document\" }}\n")).collect()
}

fn messages(procedure: &Procedure, limits: WalkLimits) -> Vec<String> {
    faults_within(procedure, limits).into_iter().map(|fault| fault.message).collect()
}

/// Steps that each take twelve optional documents; the last requires these.
fn with_many_optional(required: &[&str]) -> Procedure {
    let names: Vec<String> = (0..12).map(|index| format!("d{index}")).collect();
    let may_add = format!("{names:?}");
    let middle =
        |to: u8| format!("outcomes = [{{ key = \"next\", label = \"l\", to = \"{to}\", may_add = {may_add} }}]");
    let last =
        format!("requires = {required:?}\noutcomes = [{{ key = \"end\", label = \"l\", ends = \"completed\" }}]");
    chain(&documents(names.into_iter()), &[&middle(3), &middle(4), &middle(5), &last])
}

#[test]
fn documents_that_no_rule_reads_cost_nothing() {
    let begun = Instant::now();
    assert_eq!(faults(&with_many_optional(&[])), []);
    assert!(reachable(&with_many_optional(&[])).len() < 10);
    assert!(begun.elapsed().as_secs() < 2);
}

#[test]
fn every_document_that_a_rule_reads_is_decided_on_however_many_there_are() {
    // The twelfth in the list is as well looked at as the first.
    for required in ["d0", "d11"] {
        let told = messages(&with_many_optional(&[required]), LIMITS);
        let expected = format!(
            "step `5`: `end` may be due after `4:next` though it cannot be taken: the record `{required}` is not there"
        );
        assert_eq!(told, [expected]);
    }
}

#[test]
fn too_large_a_procedure_is_told_in_bounded_time() {
    let all: Vec<String> = (0..12).map(|index| format!("d{index}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let procedure = with_many_optional(&all);
    let begun = Instant::now();
    let told = messages(&procedure, WalkLimits { states: 100, acts: 1_000_000 });
    assert!(told.len() == 1 && told[0].contains("more than 100 states"), "{told:?}");
    let told = messages(&procedure, WalkLimits { states: 1_000_000, acts: 5_000 });
    assert!(told.len() == 1 && told[0].contains("more than 5000 ways"), "{told:?}");
    // More optional documents in one act than a number has bits.
    let many: Vec<String> = (0..70).map(|index| format!("d{index}")).collect();
    let first = format!("outcomes = [{{ key = \"next\", label = \"l\", to = \"3\", may_add = {many:?} }}]");
    let last = format!("requires = {many:?}\noutcomes = [{{ key = \"end\", label = \"l\", ends = \"completed\" }}]");
    let procedure = chain(&documents(many.iter().cloned()), &[&first, &last]);
    let told = messages(&procedure, WalkLimits { states: 1_000_000, acts: 5_000 });
    assert!(told.len() == 1 && told[0].contains("more than 5000 ways"), "{told:?}");
    assert!(begun.elapsed().as_secs() < 5);
}

#[test]
fn how_steps_ended_is_remembered_where_a_rule_reads_it() {
    // Twenty steps with two ways on each: a million histories, and nothing depends on which.
    let both = |to: usize, more: &str| {
        format!(
            "outcomes = [{{ key = \"yes\", label = \"l\", to = \"{to}\" }}, \
             {{ key = \"no\", label = \"l\", to = \"{to}\", note = \"optional\" }}]\n{more}"
        )
    };
    let mut steps: Vec<String> = (3..23).map(|to| both(to, "")).collect();
    let end = |last: &str| format!("outcomes = [{{ key = \"end\", label = \"l\", ends = \"completed\"{last} }}]");
    steps.push(end(""));
    let with = |steps: &[String]| chain("", &steps.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(faults(&with(&steps)), []);
    // One that is read decides as before.
    steps.pop();
    steps.push(end(", last = \"4:yes\""));
    let told = messages(&with(&steps), LIMITS);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|told| told.contains("step `22`") && told.contains("no outcome can be taken")), "{told:?}");
}

#[test]
fn the_arrow_told_leads_to_the_step_that_lacks() {
    let may = "outcomes = [{ key = \"next\", label = \"l\", to = \"3\", may_add = [\"d0\"] }]";
    let lacks = |to: &str| {
        format!(
            "requires = [\"d0\"]\noutcomes = [{{ key = \"next\", label = \"l\", {to} }}, {{ key = \"around\", label = \"l\", to = \"4\", requires = [] }}]"
        )
    };
    let last = "requires = [\"d0\"]\noutcomes = [{ key = \"end\", label = \"l\", ends = \"completed\" }]";
    let procedure = chain(&documents(["d0".to_owned()].into_iter()), &[may, &lacks("to = \"4\""), last]);
    let told = messages(&procedure, LIMITS);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("step `3`: `next` may be due after `2:next`"), "{told:?}");
    assert!(told[1].starts_with("step `4`: `end` may be due after `3:around`"), "{told:?}");
}

#[test]
fn a_signature_is_a_decision_of_its_own() {
    let signed =
        "signs = \"d0\"\noutcomes = [{ key = \"next\", label = \"l\", ends = \"completed\", signed = \"d0\" }]";
    let may = "outcomes = [{ key = \"next\", label = \"l\", to = \"3\", may_add = [\"d0\"] }]";
    let told = messages(&chain(&documents(["d0".to_owned()].into_iter()), &[may, signed]), LIMITS);
    assert_eq!(told, ["step `3`, reached by `2:next`: no outcome can be taken and nothing can be signed"]);
}

#[test]
fn what_may_still_come_is_told_of_every_state() {
    use crate::workflow::{Decision, Execution, Refusal, WhenNeeded, decide, missing_requirements, submit};
    let draft = "brings = [\"d0\"]\noutcomes = [{ key = \"next\", label = \"l\", to = \"3\" }]";
    let send = "signs = \"d0\"\nrequires = [\"d0\"]\noutcomes = [\
        { key = \"send\", label = \"l\", ends = \"completed\", signed = \"d0\" }, \
        { key = \"revise\", label = \"l\", to = \"2\", refused = \"d0\" }]";
    let procedure = chain(&documents(["d0".to_owned()].into_iter()), &[draft, send]);
    let (ahead, last) = (Upcoming::from_procedure(&procedure), procedure.step("3").unwrap());
    let all = [
        UpcomingWait::Step("2".to_owned()),
        UpcomingWait::Step("3".to_owned()),
        UpcomingWait::Signature("3".to_owned()),
    ];
    let missing = Refusal::Missing { record: "d0".to_owned(), needed: WhenNeeded::Before };
    let unsigned = Refusal::NotSigned("d0".to_owned());

    let begun = submit(&procedure).unwrap();
    assert_eq!(ahead.from_state(&procedure, &begun), all.clone().into());
    assert_eq!(missing_requirements(&procedure, &begun, last), [missing, unsigned.clone()]);
    let run = Execution { step: "2".to_owned(), outcome: "next".to_owned(), ..Default::default() };
    let run = Execution { documents: ["d0".to_owned()].into(), ..run };
    let drafted = decide(&procedure, &begun, &Act::Execute(run)).unwrap();
    assert_eq!(ahead.from_state(&procedure, &drafted), all.clone().into());
    assert_eq!(missing_requirements(&procedure, &drafted, last), [unsigned]);
    let decided = |decision| decide(&procedure, &drafted, &Act::Sign { record: "d0".to_owned(), decision }).unwrap();
    let (signed, refused) = (decided(Decision::Sign), decided(Decision::Refuse));
    assert_eq!(ahead.from_state(&procedure, &signed), [UpcomingWait::Step("3".to_owned())].into());
    assert_eq!(ahead.from_state(&procedure, &refused), all.clone().into());
    assert_eq!(
        (missing_requirements(&procedure, &signed, last), missing_requirements(&procedure, &refused, last)),
        (vec![], vec![])
    );
    // Whoever knows the step alone is told the same whatever the signer said.
    assert_eq!(ahead.from_step("3"), all.into());
}
