//! Property tests of the step machine, over random procedures and acts, and over the shipped SOPs to a depth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

use super::reach::{acts, faults, reachable};
use super::*;
use crate::procedure::{
    Arrow, AssetSpec, Carry, Effect, Ending, Origin, Outcome, Procedure, Record, Requirement, Step, read_folder,
};

/// The random choices of a procedure. Every choice gives a valid one: a chain of steps with ways back.
#[derive(Debug, Clone)]
struct Plan {
    /// For each step after the first: its additions to the way forward.
    steps: Vec<StepPlan>,
    /// The asset is reserved first, verified, delivered with a credential.
    asset: Option<AssetPlan>,
    /// The last document is signed before the last step, and carried over.
    signed: bool,
}

#[derive(Debug, Clone)]
struct StepPlan {
    /// A way back, to one of the steps before.
    back: Option<Index>,
    /// A way out, with a note.
    rejects: bool,
    /// That way out is open only where a way back led here, if one does.
    came_back: bool,
    /// The document of an earlier step is needed.
    needs: Option<Index>,
    /// A disposition to the next step's performer.
    disposes: bool,
    /// A document that may come too.
    extra: bool,
}

#[derive(Debug, Clone, Copy)]
struct AssetPlan {
    reserved: bool,
    verified: bool,
    secret: bool,
}

fn plans() -> impl Strategy<Value = Plan> {
    let chance = proptest::bool::ANY;
    let step =
        (proptest::option::of(any::<Index>()), chance, chance, proptest::option::of(any::<Index>()), chance, chance)
            .prop_map(|(back, rejects, came_back, needs, disposes, extra)| StepPlan {
                back,
                rejects,
                came_back,
                needs,
                disposes,
                extra,
            });
    let asset =
        (chance, chance, chance).prop_map(|(reserved, verified, secret)| AssetPlan { reserved, verified, secret });
    (proptest::collection::vec(step, 2..6), proptest::option::of(asset), chance)
        .prop_map(|(steps, asset, signed)| Plan { steps, asset, signed })
}

fn outcome(key: &str) -> Outcome {
    Outcome {
        key: key.to_owned(),
        label: key.to_owned(),
        to: None,
        ends: None,
        inferred: false,
        requires: None,
        brings: None,
        produces: None,
        may_add: Vec::new(),
        note: Requirement::None,
        disposition: Requirement::None,
        asset: Requirement::None,
        asset_changes: Vec::new(),
        secret: Requirement::None,
        recipient: Requirement::None,
        effect: None,
        came_by: None,
        last: None,
        signed: None,
        refused: None,
        signs: Vec::new(),
        carries: None,
        reason: false,
    }
}

fn step(key: String) -> Step {
    Step {
        key,
        number: None,
        activity: String::new(),
        requires: Vec::new(),
        brings: Vec::new(),
        produces: Vec::new(),
        printed_requires: None,
        printed_output: None,
        time: None,
        signs: None,
        note: None,
        inferred: false,
        outcomes: Vec::new(),
    }
}

fn document(index: usize) -> String {
    format!("doc{index}")
}

fn key(index: usize) -> String {
    format!("{}", index + 1)
}

/// The procedure of a plan.
fn make(plan: &Plan) -> Procedure {
    let record = |origin| Record { name: "x".to_owned(), origin, for_applicant: false };
    let mut records: BTreeMap<String, Record> = [
        ("letter", Origin::Letter),
        ("form", Origin::Form),
        ("disposition", Origin::Disposition),
        ("thing", Origin::Asset),
    ]
    .map(|(key, origin)| (key.to_owned(), record(origin)))
    .into();
    let last = plan.steps.len();
    let mut first = step(key(0));
    first.requires = vec!["letter".to_owned(), "form".to_owned()];
    first.outcomes.push(Outcome { to: Some(key(1)), ..outcome("submit") });
    let mut steps = vec![first];
    // Documents that are there on every way to a step: each step but the last leaves one as it goes forward.
    for (index, chosen) in plan.steps.iter().enumerate().map(|(index, chosen)| (index + 1, chosen)) {
        let mut made = step(key(index));
        let mut go = outcome("go");
        match index == last {
            true => go.ends = Some(Ending::Completed),
            false => {
                go.to = Some(key(index + 1));
                go.produces = Some(vec![document(index)]);
                records.insert(document(index), record(Origin::Document));
            }
        }
        if let Some(needs) = &chosen.needs
            && index > 1
        {
            made.requires.push(document(1 + needs.index(index - 1)));
        }
        if chosen.disposes && index != last {
            go.disposition = Requirement::Required;
            if let Some(produces) = &mut go.produces {
                produces.push("disposition".to_owned());
            }
        }
        if chosen.extra {
            records.insert(format!("extra{index}"), record(Origin::Document));
            go.may_add.push(format!("extra{index}"));
        }
        if let Some(back) = &chosen.back {
            made.outcomes.push(Outcome {
                to: Some(key(back.index(index))),
                note: Requirement::Required,
                ..outcome("back")
            });
        }
        if chosen.rejects {
            made.outcomes.push(Outcome {
                ends: Some(Ending::Rejected),
                note: Requirement::Required,
                ..outcome("reject")
            });
        }
        made.outcomes.insert(0, go);
        steps.push(made);
    }
    let mut asset = None;
    if let Some(chosen) = plan.asset
        && last >= 4
    {
        // Reserved at 2 where it is, provisioned at 3, verified at 4 where it is, delivered at the end. A way back over the
        // provisioning would make it again, which is the same asset corrected; over the verifying it would find it verified.
        let go = |step: usize| steps.get(step).and_then(|step: &Step| step.outcomes.first()).is_some();
        assert!((1..=last).all(go));
        let set = |steps: &mut Vec<Step>, at: usize, effect, asset, secret| {
            let go = &mut steps[at].outcomes[0];
            (go.effect, go.asset, go.secret) = (Some(effect), asset, secret);
        };
        let secret = if chosen.secret { Requirement::Required } else { Requirement::None };
        if chosen.reserved {
            set(&mut steps, 1, Effect::Reserve, Requirement::Required, Requirement::None);
        }
        set(&mut steps, 2, Effect::Provision, Requirement::Required, secret);
        if let Some(produces) = &mut steps[2].outcomes[0].produces {
            produces.push("thing".to_owned());
        }
        if chosen.verified {
            set(&mut steps, 3, Effect::Verify, Requirement::None, Requirement::None);
        }
        set(&mut steps, last, Effect::Deliver, Requirement::None, Requirement::None);
        // After the provisioning nothing goes back but to it; after the verifying nothing goes back at all.
        for (index, step) in steps.iter_mut().enumerate().skip(2) {
            for back in step.outcomes.iter_mut().filter(|outcome| outcome.key == "back") {
                back.to = Some(key(2));
            }
            if index > 3 || index == 2 {
                step.outcomes.retain(|outcome| outcome.key != "back");
            }
        }
        asset = Some(AssetSpec {
            kind: "Thing".to_owned(),
            name: "{name}".to_owned(),
            unique: None,
            interval: None,
            login: None,
            numbers: BTreeMap::new(),
            attributes: serde_json::json!({}),
        });
    } else {
        records.remove("thing");
    }
    if plan.signed && last >= 2 {
        let draft = document(last - 1);
        records.insert("final".to_owned(), record(Origin::Document));
        let end = &mut steps[last];
        end.signs = Some(draft.clone());
        end.requires.push(draft.clone());
        let go = &mut end.outcomes[0];
        go.signed = Some(draft.clone());
        go.produces = Some(vec!["final".to_owned()]);
        go.carries = Some(Carry { from: draft.clone(), to: "final".to_owned() });
        let revise =
            Outcome { to: Some(key(last - 1)), note: Requirement::Required, refused: Some(draft), ..outcome("revise") };
        // The step before must be one that may be taken again.
        let again = asset.is_none() || last > 4 || !plan.asset.is_some_and(|chosen| chosen.verified);
        if again {
            end.outcomes.push(revise);
        } else {
            end.outcomes.push(Outcome { to: None, ends: Some(Ending::Rejected), ..revise });
        }
    }
    // A way out that is open only where a way back led here.
    for index in 1..=last {
        let target = key(index);
        let led = steps.iter().find_map(|from| {
            let back =
                from.outcomes.iter().find(|outcome| outcome.to.as_ref() == Some(&target) && outcome.key == "back");
            back.map(|outcome| Arrow { step: from.key.clone(), outcome: outcome.key.clone() })
        });
        let came_back = plan.steps[index - 1].came_back;
        if let (Some(arrow), true) = (led, came_back)
            && let Some(reject) = steps[index].outcomes.iter_mut().find(|outcome| outcome.key == "reject")
        {
            reject.came_by = Some(arrow);
        }
    }
    Procedure {
        office: "office".to_owned(),
        key: "chance".to_owned(),
        version: 1,
        code: "CHANCE".to_owned(),
        number: String::new(),
        title: String::new(),
        division: None,
        section: None,
        created_on: None,
        revised_on: None,
        effective_on: None,
        approved_by: String::new(),
        legal_basis: Vec::new(),
        qualifications: Vec::new(),
        equipment: Vec::new(),
        related: Vec::new(),
        warnings: Vec::new(),
        record_keeping: Vec::new(),
        records,
        details: serde_json::json!({}),
        asset,
        steps,
    }
}

/// Any act at all, sensible or not, about what the procedure has.
fn any_act(procedure: &Procedure, chosen: (u8, Index, Index, [bool; 5], Vec<Index>)) -> Act {
    let (kind, step, outcome, given, documents) = chosen;
    let records: Vec<&String> = procedure.records.keys().collect();
    let at = &procedure.steps[step.index(procedure.steps.len())];
    match kind % 8 {
        0 => Act::Resubmit,
        1 => Act::Withdraw,
        2 => Act::Revoke,
        3 => Act::Sign { record: records[outcome.index(records.len())].clone(), decision: Decision::Sign },
        4 => Act::Sign { record: records[outcome.index(records.len())].clone(), decision: Decision::Refuse },
        _ => Act::Execute(Execution {
            step: at.key.clone(),
            outcome: at.outcomes[outcome.index(at.outcomes.len())].key.clone(),
            documents: documents.iter().map(|index| records[index.index(records.len())].clone()).collect(),
            note: given[0],
            disposition: given[1],
            asset: given[2],
            secret: given[3],
            recipient: given[4],
        }),
    }
}

/// Whether an outcome's conditions hold, read off the state without the machine.
fn conditions_hold(state: &State, outcome: &Outcome) -> bool {
    let came_by = state.at.as_ref().and_then(|current| current.came_by.as_ref());
    outcome.came_by.as_ref().is_none_or(|arrow| came_by == Some(arrow))
        && outcome.last.as_ref().is_none_or(|arrow| state.last.get(&arrow.step) == Some(&arrow.outcome))
        && outcome.signed.as_ref().is_none_or(|record| state.documents.get(record) == Some(&SignatureStatus::Signed))
        && outcome.refused.as_ref().is_none_or(|record| state.documents.get(record) == Some(&SignatureStatus::Refused))
}

/// Invariants of every accepted act.
fn holds(procedure: &Procedure, before: &State, act: &Act, after: &State) -> Result<(), TestCaseError> {
    prop_assert!(!before.status.is_end() || *act == Act::Revoke, "past an end: {act:?}");
    prop_assert_eq!(after.status.is_end(), after.at.is_none());
    prop_assert_eq!(after.version - before.version, i32::from(*act != Act::Revoke), "versions count acts");
    let (visits_before, visits): (i32, i32) = (before.visits.values().sum(), after.visits.values().sum());
    match &after.at {
        None => prop_assert_eq!(visits, visits_before),
        Some(current) => {
            prop_assert!(procedure.step(&current.step).is_some(), "outside the graph");
            prop_assert_eq!(after.visits.get(&current.step), Some(&current.visit), "visits count");
            let moved = matches!(act, Act::Execute(_) | Act::Resubmit);
            prop_assert_eq!(visits - visits_before, i32::from(moved), "an act that moves is one visit");
        }
    }
    if let Act::Execute(execution) = act {
        let current = before.at.as_ref().expect("it ran");
        prop_assert_eq!(&current.step, &execution.step, "out of turn");
        let step = procedure.step(&execution.step).expect("a step");
        let outcome = step.outcome(&execution.outcome).expect("an outcome");
        prop_assert!(conditions_hold(before, outcome), "its conditions do not hold");
        for record in step.requires(outcome) {
            prop_assert!(before.has(procedure, record), "{record} was missing");
        }
        for record in step.produces(outcome) {
            let made =
                before.asset.is_none() || procedure.origin(record) != Some(Origin::Asset) || after.asset.is_some();
            prop_assert!(after.has(procedure, record) && made, "{record} was not left");
        }
        for record in step.documents_wanted(procedure, outcome) {
            prop_assert!(execution.documents.contains(record), "{record} was not brought");
        }
        prop_assert!(outcome.note != Requirement::Required || execution.note);
        prop_assert!(outcome.note != Requirement::None || !execution.note);
        prop_assert_eq!(after.last.get(&step.key), Some(&outcome.key));
        let legal = match outcome.effect {
            None => true,
            Some(Effect::Reserve) => matches!(before.asset, None | Some(Stage::Reserved)),
            Some(Effect::Provision) => !matches!(before.asset, Some(Stage::Active | Stage::Revoked)),
            Some(Effect::Verify) => before.asset == Some(Stage::Provisioned),
            Some(Effect::Deliver) => matches!(before.asset, Some(Stage::Provisioned | Stage::Verified)),
        };
        prop_assert!(legal, "{:?} of {:?}", outcome.effect, before.asset);
        if !after.status.is_end() || after.status == Status::Completed {
            let stage = match outcome.effect {
                None => before.asset,
                Some(Effect::Reserve) => Some(Stage::Reserved),
                Some(Effect::Provision) => Some(Stage::Provisioned),
                Some(Effect::Verify) => Some(Stage::Verified),
                Some(Effect::Deliver) => Some(Stage::Active),
            };
            prop_assert_eq!(after.asset, stage);
        }
        if let Some(current) = &after.at {
            prop_assert_eq!(outcome.to.as_ref(), Some(&current.step), "the arrow was not followed");
            let arrow = Arrow { step: step.key.clone(), outcome: outcome.key.clone() };
            prop_assert_eq!(current.came_by.as_ref(), Some(&arrow));
        }
    }
    if after.status.is_end() && after.status != Status::Completed {
        prop_assert!(matches!(after.asset, None | Some(Stage::Revoked)), "an end without success frees");
    }
    let stored = serde_json::to_string(after).expect("it is written");
    prop_assert_eq!(&serde_json::from_str::<State>(&stored).expect("it is read"), after);
    Ok(())
}

/// For every outcome of every step: open means accepted, and closed means refused.
fn openings_are_true(procedure: &Procedure, state: &State) -> Result<(), TestCaseError> {
    let possible = acts(procedure, state);
    for act in &possible {
        prop_assert!(decide(procedure, state, act).is_ok(), "{act:?} was said to be possible");
    }
    for step in procedure.steps.iter().skip(1) {
        for outcome in &step.outcomes {
            let named =
                |act: &&Act| matches!(act, Act::Execute(run) if run.step == step.key && run.outcome == outcome.key);
            let open = opening(procedure, state, step, outcome) == Opening::Open;
            prop_assert_eq!(open, possible.iter().any(|act| named(&act)), "{}:{}", step.key, outcome.key);
            let at = state.at.as_ref().is_some_and(|current| current.step == step.key);
            prop_assert!(!open || (at && conditions_hold(state, outcome)));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_walks_stay_within_the_procedure(
        plan in plans(),
        choices in proptest::collection::vec(
            (any::<bool>(), any::<Index>(), (any::<u8>(), any::<Index>(), any::<Index>(), any::<[bool; 5]>(),
                proptest::collection::vec(any::<Index>(), 0..3))),
            1..60,
        ),
    ) {
        let procedure = make(&plan);
        prop_assert_eq!(faults(&procedure), vec![], "a plan makes a valid procedure");
        let mut state = submit(&procedure).expect("a first step");
        let mut taken = Vec::new();
        for (sensible, index, wild) in choices {
            openings_are_true(&procedure, &state)?;
            let possible = acts(&procedure, &state);
            let act = match possible.is_empty() || !sensible {
                true => any_act(&procedure, wild),
                false => possible[index.index(possible.len())].clone(),
            };
            match decide(&procedure, &state, &act) {
                Ok(after) => {
                    holds(&procedure, &state, &act, &after)?;
                    taken.push(act);
                    state = after;
                }
                Err(refusals) => prop_assert!(!refusals.is_empty(), "refused without a reason"),
            }
        }
        prop_assert_eq!(replay(&procedure, &taken), Ok(state), "the history gives the state again");
    }
}

/// How many acts deep the shipped SOPs are walked by every way.
const DEPTH: usize = 22;

#[test]
fn the_shipped_sops_hold_on_every_way_to_a_depth() {
    let shelf = read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("procedures")).expect("the shipped files");
    for located in &shelf.procedures {
        let procedure = &located.procedure;
        let mut level: BTreeSet<State> = [submit(procedure).expect("a first step")].into();
        let mut ends = BTreeSet::new();
        for _ in 0..DEPTH {
            let mut next = BTreeSet::new();
            for state in &level {
                openings_are_true(procedure, state).expect("what is open is accepted");
                let mut possible = acts(procedure, state);
                assert!(!possible.is_empty() || state.status.is_end(), "stuck: {state:?}");
                possible.extend([Act::Withdraw, Act::Revoke, Act::Resubmit]);
                for act in possible {
                    if let Ok(after) = decide(procedure, state, &act) {
                        holds(procedure, state, &act, &after).expect("it holds");
                        if after.status.is_end() {
                            ends.insert(after)
                        } else {
                            next.insert(after)
                        };
                    }
                }
            }
            level = next;
        }
        let statuses: BTreeSet<Status> = ends.iter().map(|state| state.status).collect();
        assert_eq!(statuses, [Status::Completed, Status::Rejected, Status::Withdrawn].into(), "{}", procedure.key);
        assert!(reachable(procedure).len() > procedure.steps.len(), "{}", procedure.key);
    }
}

/// A shipped SOP at a step, by the shortest way.
fn at(key: &str, step: &str) -> (Procedure, State) {
    let shelf = read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("procedures")).expect("the shipped files");
    let procedure =
        shelf.procedures.into_iter().find(|located| located.procedure.key == key).expect("shipped").procedure;
    let found = reachable(&procedure);
    let state = found.into_iter().find(|state| state.at.as_ref().is_some_and(|at| at.step == step)).expect("reached");
    (procedure, state)
}

#[test]
fn what_is_missing_is_told_with_when_it_was_needed() {
    let (procedure, state) = at("permohonan-subdomain", "2");
    let bare = Execution { step: "2".to_owned(), outcome: "forward".to_owned(), ..Default::default() };
    let missing = |needed| vec![Refusal::Missing { record: "lembar-disposisi".to_owned(), needed }];
    assert_eq!(decide(&procedure, &state, &Act::Execute(bare)), Err(missing(WhenNeeded::WithAct)));
    let (procedure, mut state) = at("permohonan-subdomain", "3");
    state.documents.clear();
    let act = acts(&procedure, &state);
    assert_eq!(act, [], "nothing is possible without it");
    let dispose =
        Execution { step: "3".to_owned(), outcome: "dispose".to_owned(), disposition: true, ..Default::default() };
    assert_eq!(decide(&procedure, &state, &Act::Execute(dispose)), Err(missing(WhenNeeded::Before)));
}

#[test]
fn a_reservation_is_not_yet_the_asset() {
    let (mut procedure, mut state) = at("layanan-data-center", "4");
    procedure.records.insert(
        "penempatan".to_owned(),
        Record { name: "Penempatan".to_owned(), origin: Origin::Asset, for_applicant: false },
    );
    for (stage, there) in [
        (None, false),
        (Some(Stage::Reserved), false),
        (Some(Stage::Provisioned), true),
        (Some(Stage::Verified), true),
        (Some(Stage::Active), true),
        (Some(Stage::Revoked), false),
    ] {
        state.asset = stage;
        assert_eq!(state.has(&procedure, "penempatan"), there, "{stage:?}");
    }
}

#[test]
fn an_effect_wants_its_stage() {
    let (procedure, mut state) = at("permohonan-cloud-service", "6");
    let step = procedure.step("6").expect("a step");
    let stages = [
        None,
        Some(Stage::Reserved),
        Some(Stage::Provisioned),
        Some(Stage::Verified),
        Some(Stage::Active),
        Some(Stage::Revoked),
    ];
    // For each effect: the stages at which it is open when attributes may come, and when they may not.
    for (effect, with, without) in [
        (Effect::Reserve, [true, true, false, false, false, false], [false, true, false, false, false, false]),
        (Effect::Provision, [true, true, true, true, false, false], [false, true, false, false, false, false]),
        (Effect::Verify, [false, false, true, false, false, false], [false, false, true, false, false, false]),
        (Effect::Deliver, [false, false, true, true, false, false], [false, false, true, true, false, false]),
    ] {
        for (asset, expected) in [(Requirement::Optional, with), (Requirement::None, without)] {
            for (stage, open) in stages.into_iter().zip(expected) {
                state.asset = stage;
                let outcome = Outcome { effect: Some(effect), asset, requires: Some(Vec::new()), ..outcome("x") };
                let found = opening(&procedure, &state, step, &outcome) == Opening::Open;
                assert_eq!(found, open, "{effect:?} of {stage:?}, attributes {asset:?}");
            }
        }
    }
}
