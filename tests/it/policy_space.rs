//! Policy decisions over the whole finite space: every office, role, object, action, capacity, agency, moment of a grant and
//! history of a request, decided by a plain reading of the CSVs, without casbin or the table; and decided by the program. They
//! must not differ once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use disposisi::access::{Action, Caller, Capacity, Grant, Login, Pass, Performed, Subject};
use disposisi::policy::{self, Denied, GrantDecision, Object, Policy, PolicyFile};
use disposisi::procedure::read_folder;
use disposisi::random::Random;
use disposisi::store::{self, Store};
use entity::{agency, grant, session, user};
use sea_orm::{EntityTrait, IntoActiveModel};
use uuid::Uuid;

use crate::database;
use crate::harness::Folders;

/// Two offices with the same roles and the same procedure, one of them with conditions of every kind. The shipped files have
/// none.
const CONDITIONED: [(&str, &str); 2] = [
    (
        "kota",
        "# who may do what\n\n\
         p, pemohon, kota, surel/1, execute\n\
         p, petugas, kota, surel/2, execute, definitive\n\
         p, petugas, kota, surel/3, execute, other-than:2\n\
         p, kepala,  kota, surel/3, sign,    definitive&other-than:2 & other-than:3\n\
         p, kepala,  kota, surel/4, execute, other-than:2&other-than:3\n\
         p, pemohon, kota, surel/4, receive\n\
         p, petugas, kota, surel,   reissue, other-than:2\n\
         p, kepala,  kota, surel,   revoke,  other-than:3&definitive\n\
         p, pemohon, kota, surel,   reveal\n\
         p, pemohon, kota, surel,   withdraw\n\
         p, kepala,  kota, requests, see-office\n\
         p, kepala,  kota, field:note, read\n\
         p, petugas, kota, people, manage\n\
         p, petugas, kota, agencies, manage\n\
         p, petugas, kota, role:kepala, grant\n\
         p, petugas, kota, office, see-events\n\
         p, petugas, kota, office, explain\n",
    ),
    (
        "desa",
        "p, petugas, desa, surel/2, execute\n\
         p, kepala,  desa, surel/2, execute, other-than:3\n\
         p, pemohon, desa, surel/3, sign, definitive\n\
         p, kepala,  desa, requests, see-all\n",
    ),
];

/// Something by its name.
type By<T> = BTreeMap<String, T>;

/// A policy, read plainly: by office, role, object and action, the conditions.
type Lines = By<By<By<By<Vec<String>>>>>;

/// A question's answer: a word, and the unmet condition.
type Said = (&'static str, Option<String>);

fn plainly(files: &[(String, String)]) -> Lines {
    let mut lines = Lines::new();
    for line in files.iter().flat_map(|(_, text)| text.split('\n')).map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let cells: Vec<String> = line.split(',').map(|cell| cell.trim().to_owned()).collect();
        let [p, role, office, object, action, conditions @ ..] = cells.as_slice() else { panic!("{line}") };
        assert_eq!(p, "p", "{line}");
        let conditions = conditions.iter().flat_map(|all| all.split('&')).map(|one| one.trim().to_owned()).collect();
        let of_role = lines.entry(office.clone()).or_default().entry(role.clone()).or_default();
        let before = of_role.entry(object.clone()).or_default().insert(action.clone(), conditions);
        assert_eq!(before, None, "{line} stands twice");
    }
    lines
}

fn shipped() -> Vec<(String, String)> {
    let read = |office: &str| {
        let file = Folders::shipped().policies.join(format!("{office}.csv"));
        (office.to_owned(), std::fs::read_to_string(file).expect("a policy"))
    };
    vec![read("denpasar"), read("singkawang")]
}

fn conditioned() -> Vec<(String, String)> {
    CONDITIONED.iter().map(|(office, text)| ((*office).to_owned(), (*text).to_owned())).collect()
}

/// The program's decisions.
async fn running(files: &[(String, String)]) -> Policy {
    let model = std::fs::read_to_string(Folders::shipped().policies.join("model.conf")).expect("the model");
    let of = |(office, text): &(String, String)| PolicyFile {
        file: format!("policies/{office}.csv"),
        text: Some(text.clone()),
    };
    let files: Vec<PolicyFile> = files.iter().map(of).collect();
    let (policy, faults) = policy::load(Some(&model), &files).await;
    assert_eq!(faults, []);
    policy
}

/// Every possible argument: the names in its lines, those of the shipped SOPs, and unknown ones.
struct World {
    lines: Lines,
    roles: BTreeSet<String>,
    offices: BTreeSet<String>,
    objects: BTreeSet<String>,
    procedures: BTreeSet<String>,
}

impl World {
    fn of(files: &[(String, String)]) -> Self {
        let lines = plainly(files);
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
        let mut world = Self {
            roles: names(&["nobody"]),
            offices: names(&["elsewhere"]),
            objects: names(&["field:email", "field:nip", "role:nobody", "unknown", "unknown/1"]),
            procedures: names(&["unknown"]),
            lines,
        };
        world.offices.extend(world.lines.keys().cloned());
        world.roles.extend(world.lines.values().flat_map(By::keys).cloned());
        let objects: BTreeSet<&String> = world.lines.values().flat_map(By::values).flat_map(By::keys).collect();
        for object in objects {
            world.objects.insert(object.clone());
            if let Some((procedure, _)) = object.split_once('/') {
                world.procedures.insert(procedure.to_owned());
                world.objects.insert(procedure.to_owned());
                world.objects.insert(format!("{procedure}/none"));
            }
        }
        let shelf = read_folder(&Folders::shipped().procedures).expect("the shipped files");
        for located in shelf.procedures.iter().filter(|located| world.offices.contains(&located.procedure.office)) {
            let procedure = &located.procedure;
            world.objects.extend(procedure.steps.iter().map(|step| format!("{}/{}", procedure.key, step.key)));
        }
        world
    }

    /// The procedure of an object; none for others.
    fn procedure_of<'a>(&self, object: &'a str) -> Option<&'a str> {
        let whole = object.split('/').next().unwrap_or_default();
        self.procedures.contains(whole).then_some(whole)
    }

    /// The conditions of this cell's line; none without a line.
    fn line(&self, role: &str, office: &str, object: &str, action: Action) -> Option<&Vec<String>> {
        self.lines.get(office)?.get(role)?.get(object)?.get(action.word())
    }

    /// The plain reading's answer.
    fn says(&self, asked: &Asked<'_>) -> Said {
        let Asked { grant, about, object, action, me, ended } = asked;
        if grant.office != about.office
            || self.procedure_of(object).is_some_and(|of| about.procedure.as_deref() != Some(of))
        {
            return ("elsewhere", None);
        }
        if grant.agency.is_some() && grant.agency != about.agency {
            return ("another agency", None);
        }
        let Some(conditions) = self.line(&grant.role, &about.office, object, *action) else { return ("no line", None) };
        for condition in conditions {
            let holds = match condition.strip_prefix("other-than:") {
                // Unknown is refused.
                Some(step) => ended.is_some_and(|ended| !ended.contains(&(step, *me))),
                None => grant.capacity == Capacity::Definitive,
            };
            if !holds {
                return ("unmet", Some(condition.clone()));
            }
        }
        ("allowed", None)
    }
}

/// A question: by this grant, to this, about that.
struct Asked<'a> {
    grant: &'a Grant,
    about: &'a About,
    object: &'a str,
    action: Action,
    me: Uuid,
    ended: Option<&'a [(&'a str, Uuid)]>,
}

/// The subject of a question.
#[derive(Debug, Clone, PartialEq)]
struct About {
    office: String,
    procedure: Option<String>,
    agency: Option<Uuid>,
}

impl Subject for About {
    fn office(&self) -> &str {
        &self.office
    }
    fn procedure(&self) -> Option<&str> {
        self.procedure.as_deref()
    }
    fn agency(&self) -> Option<Uuid> {
        self.agency
    }
}

const CAPACITIES: [Capacity; 3] = [Capacity::Definitive, Capacity::Acting, Capacity::DailyActing];
const OURS: Uuid = Uuid::from_u128(1);
const THEIRS: Uuid = Uuid::from_u128(2);
const ME: Uuid = Uuid::from_u128(9);
const SOMEBODY: Uuid = Uuid::from_u128(8);

fn held(id: u128, office: &str, role: &str, agency: Option<Uuid>, capacity: Capacity) -> Grant {
    Grant {
        id: Uuid::from_u128(id),
        office: office.to_owned(),
        role: role.to_owned(),
        agency,
        capacity,
        decree_number: None,
        on_behalf_of: (capacity == Capacity::DailyActing).then_some(SOMEBODY),
        valid_from: DateTime::UNIX_EPOCH,
        valid_until: None,
    }
}

fn me(grants: Vec<Grant>) -> Caller {
    Caller { pass: Pass::new(ME, Login::Session(Uuid::nil())), grants, language: None }
}

/// The program's answer, in the same words.
fn runs(policy: &Policy, caller: &Caller, asked: &Asked<'_>, performed: Option<&Performed>) -> Said {
    let object = Object::parse(asked.object).expect("an object");
    match policy.decide(caller, asked.grant, (asked.about, object, asked.action), performed) {
        GrantDecision::Allowed(_) => ("allowed", None),
        GrantDecision::Unmet(_, condition) => ("unmet", Some(condition.to_string())),
        GrantDecision::NoLine => ("no line", None),
        GrantDecision::OtherAgency => ("another agency", None),
        GrantDecision::Elsewhere => ("elsewhere", None),
    }
}

/// Every history of two steps by two people, and an unknown one.
fn histories(steps: [&'static str; 2]) -> Vec<Option<Vec<(&'static str, Uuid)>>> {
    let all = [(steps[0], ME), (steps[0], SOMEBODY), (steps[1], ME), (steps[1], SOMEBODY)];
    let of =
        |chosen: u32| all.iter().enumerate().filter(move |(at, _)| chosen & (1 << at) != 0).map(|(_, ended)| *ended);
    std::iter::once(None).chain((0..16).map(|chosen| Some(of(chosen).collect()))).collect()
}

/// Every possible grant.
fn grants(world: &World) -> Vec<Grant> {
    let mut all = Vec::new();
    for (role, office) in world.roles.iter().flat_map(|role| world.offices.iter().map(move |of| (role, of))) {
        for capacity in CAPACITIES {
            all.extend([None, Some(OURS), Some(THEIRS)].map(|agency| held(1, office, role, agency, capacity)));
        }
    }
    all
}

/// The subjects for such a grant: their office and others, the object's procedure, another and none, an agency and none.
fn abouts(world: &World, grant: &Grant, object: &str) -> Vec<About> {
    let own = world.procedure_of(object).map(str::to_owned);
    let mut all = Vec::new();
    for office in &world.offices {
        let about =
            |procedure: &Option<String>, agency| About { office: office.clone(), procedure: procedure.clone(), agency };
        // Elsewhere it is elsewhere, whatever the grant.
        if *office != grant.office {
            all.push(about(&own, None));
            continue;
        }
        for procedure in BTreeSet::from([None, Some("another".to_owned()), own.clone()]) {
            all.extend([None, Some(OURS)].map(|agency| about(&procedure, agency)));
        }
    }
    all
}

/// Compares the program with the plain reading, for one grant at a time. Returns the number of each answer.
fn compare(world: &World, policy: &Policy, histories: &[Option<Vec<(&'static str, Uuid)>>]) -> BTreeMap<Said, usize> {
    let performed = |ended: &Option<Vec<(&str, Uuid)>>| {
        ended.as_ref().map(|ended| Performed::new(ended.iter().map(|(step, by)| ((*step).to_owned(), *by))))
    };
    let histories: Vec<_> = histories.iter().map(|ended| (ended.as_deref(), performed(ended))).collect();
    let mut counted = BTreeMap::new();
    for grant in &grants(world) {
        let caller = me(vec![grant.clone()]);
        for object in &world.objects {
            for about in &abouts(world, grant, object) {
                for action in Action::ALL {
                    // A history matters only with a line.
                    let known = world.line(&grant.role, &about.office, object, action).is_some();
                    for (ended, performed) in if known { &histories[..] } else { &histories[..1] } {
                        let asked = Asked { grant, about, object, action, me: ME, ended: *ended };
                        let said = world.says(&asked);
                        let found = runs(policy, &caller, &asked, performed.as_ref());
                        assert_eq!(found, said, "{grant:?}: {action} {object} of {about:?}, {ended:?}");
                        *counted.entry(said).or_default() += 1;
                    }
                }
            }
        }
    }
    counted
}

#[tokio::test]
async fn the_program_decides_every_grant_as_the_policy_lines_read() {
    for (files, histories) in [(shipped(), vec![None]), (conditioned(), histories(["2", "3"]))] {
        let (world, policy) = (World::of(&files), running(&files).await);
        let counted = compare(&world, &policy, &histories);
        for word in ["allowed", "no line", "another agency", "elsewhere"] {
            assert!(counted.get(&(word, None)).is_some_and(|count| *count > 100), "{word}: {counted:?}");
        }
        let by_action = world.lines.values().flat_map(By::values).flat_map(By::values).flat_map(By::values);
        let conditions: BTreeSet<&String> = by_action.flatten().collect();
        for condition in conditions {
            let unmet = counted.get(&("unmet", Some(condition.clone())));
            assert!(unmet.is_some_and(|count| *count > 10), "{condition}: {counted:?}");
        }
        // A cell without a line allows nothing, for any subject.
        for (role, office) in world.roles.iter().flat_map(|role| world.offices.iter().map(move |of| (role, of))) {
            for object in &world.objects {
                for action in Action::ALL {
                    let allows = policy.allows(role, office, Object::parse(object).expect("an object"), action);
                    let says = world.line(role, office, object, action).is_some();
                    assert_eq!(allows, says, "{role}, {office}, {object}, {action}");
                }
            }
        }
    }
}

#[tokio::test]
async fn several_grants_allow_what_each_would_alone() {
    for (files, office) in [(shipped(), "singkawang"), (conditioned(), "kota")] {
        let (world, policy) = (World::of(&files), running(&files).await);
        let other = world.offices.iter().find(|of| *of != office).expect("another office");
        let mut grants = Vec::new();
        for role in &world.roles {
            for capacity in CAPACITIES {
                grants.push((office, role, None, capacity));
            }
            grants.push((office, role, Some(OURS), Capacity::Definitive));
            grants.push((office, role, Some(THEIRS), Capacity::Definitive));
            grants.push((other, role, None, Capacity::Definitive));
        }
        let named = world.lines[office].values().flatten();
        let cells: BTreeSet<(&String, Action)> = named
            .flat_map(|(object, actions)| actions.keys().map(move |action| (object, action)))
            .map(|(object, action)| (object, Action::from_word(action).expect("an action")))
            .collect();
        let ended = [("2", ME), ("3", SOMEBODY)];
        let performed = Performed::new(ended.iter().map(|(step, by)| ((*step).to_owned(), *by)));
        let mut several = 0;
        let pairs =
            grants.iter().enumerate().flat_map(|(at, first)| grants[at..].iter().map(move |other| (first, other)));
        for (first, second) in pairs {
            let of = |id, &(office, role, agency, capacity): &(&str, &String, Option<Uuid>, Capacity)| {
                held(id, office, role, agency, capacity)
            };
            let both = vec![of(1, first), of(2, second)];
            for (object, action) in &cells {
                let procedure = world.procedure_of(object).map(str::to_owned);
                let about = About { office: office.to_owned(), procedure, agency: Some(OURS) };
                let parsed = Object::parse(object).expect("an object");
                // The chosen grant: none, one, the other, or one of somebody else.
                for chosen in [None, Some(1), Some(2), Some(3)].map(|chosen| chosen.map(Uuid::from_u128)) {
                    let caller = me(both.clone());
                    let caller = Caller { pass: caller.pass.acting_as(chosen), ..caller };
                    let counts = |grant: &&Grant| {
                        let ended = Some(&ended[..]);
                        let asked = Asked { grant, about: &about, object, action: *action, me: ME, ended };
                        chosen.is_none_or(|chosen| chosen == grant.id) && world.says(&asked).0 == "allowed"
                    };
                    let expected: Vec<&Grant> = both.iter().filter(counts).collect();
                    let found = policy.grants(&caller, &about, parsed, *action, Some(&performed));
                    let asked = || format!("{both:?} for {action} {object}, as {chosen:?}");
                    assert_eq!(found.unwrap_or_default(), expected, "{}", asked());
                    let as_what = |grant: &&Grant| (grant.role.clone(), grant.capacity, grant.on_behalf_of);
                    let ways: BTreeSet<_> = expected.iter().map(as_what).collect();
                    let proof = policy.authorize(&caller, &about, parsed, *action, Some(&performed));
                    match (ways.len(), proof) {
                        (0, Err(Denied::Nowhere { .. })) => {}
                        (1, Ok(proof)) => {
                            let actor = proof.actor();
                            assert_eq!((proof.action(), actor.user), (*action, ME), "{}", asked());
                            let way = (actor.role.clone(), actor.capacity, actor.on_behalf_of);
                            assert!(ways.contains(&way), "{}", asked());
                        }
                        (_, Err(Denied::Several(found))) if ways.len() > 1 => {
                            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{}", asked());
                            several += 1;
                        }
                        (_, other) => panic!("{}: {other:?}", asked()),
                    }
                }
            }
        }
        assert!(several > 20, "{several}");
    }
}

/// The validity of a person's grant, and the moments of their calls: an instant before, at its beginning, within, an instant
/// before its end, at its end, after.
const MOMENTS: [(i64, bool); 6] = [
    (-1, false),
    (0, true),
    (1_800_000_000, true),
    (3_599_999_999, true),
    (3_600_000_000, false),
    (7_200_000_000, false),
];

/// A database with one person for every office, role, capacity and agency, with grants for an hour.
async fn people(world: &World, data: &std::path::Path, begin: DateTime<Utc>) -> (Store, Vec<(Pass, Grant)>) {
    let place = database::place(data);
    let store = Store::open(&place, Arc::new(|_| [0; 32]), Random::system()).await.expect("a database");
    let writer = database::open(data).await;
    for (id, key) in [(OURS, "ours"), (THEIRS, "theirs")] {
        let office = world.offices.first().expect("an office").clone();
        let row = agency::Model { id, office, key: key.to_owned(), name: key.to_owned(), deactivated_at: None };
        agency::Entity::insert(row.into_active_model()).exec(&writer).await.expect("an agency");
    }
    let (mut users, mut sessions, mut rows, mut all) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (id, grant) in (100..).map(Uuid::from_u128).zip(grants(world)) {
        let until = Some(begin + TimeDelta::hours(1));
        let held = Grant { id, valid_from: begin, valid_until: until, on_behalf_of: None, ..grant };
        let text = id.to_string();
        users.push(user::Model {
            id,
            username: text.clone(),
            name: text.clone(),
            nip: None,
            agency_id: None,
            password_hash: text,
            created_at: begin,
            deactivated_at: None,
            office: None,
            language: None,
        });
        sessions.push(session::Model { id, user_id: id, created_at: begin, last_used_at: begin, ended_at: None });
        rows.push(grant::Model {
            id,
            user_id: id,
            office: held.office.clone(),
            role: held.role.clone(),
            agency_id: held.agency,
            capacity: held.capacity.word().to_owned(),
            decree_number: None,
            on_behalf_of: None,
            valid_from: begin,
            valid_until: until,
        });
        all.push((Pass::new(id, Login::Session(id)), held));
    }
    let users = users.into_iter().map(IntoActiveModel::into_active_model);
    user::Entity::insert_many(users).exec(&writer).await.expect("people");
    let sessions = sessions.into_iter().map(IntoActiveModel::into_active_model);
    session::Entity::insert_many(sessions).exec(&writer).await.expect("sessions");
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    grant::Entity::insert_many(rows).exec(&writer).await.expect("grants");
    writer.close().await.expect("closed");
    (store, all)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_valid_from_its_start_to_just_before_its_end() {
    let begin = Utc.with_ymd_and_hms(2026, 1, 5, 1, 0, 0).single().expect("a moment");
    for (files, ended) in [(shipped(), None), (conditioned(), Some(&[("3", SOMEBODY)][..]))] {
        let (world, policy) = (World::of(&files), running(&files).await);
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a folder");
        let (store, people) = people(&world, &data, begin).await;
        let passes: Vec<Pass> = people.iter().map(|(pass, _)| *pass).collect();
        let standings = store.person_rights(&passes).await.expect("their standing");
        let performed = ended.map(|ended| Performed::new(ended.iter().map(|(step, by)| ((*step).to_owned(), *by))));
        let mut allowed = BTreeMap::<bool, usize>::new();
        for (pass, held) in &people {
            for (after, in_force) in MOMENTS {
                let now = begin + TimeDelta::microseconds(after);
                let acts = store::caller(store.reader(), *pass, now).await.expect("an answer").expect("a person");
                let follows = standings[pass].caller(*pass, now).expect("a person");
                assert_eq!(acts.grants, follows.grants, "who acts and who follows are judged alike");
                assert_eq!(acts.grants, if in_force { vec![held.clone()] } else { Vec::new() }, "{after}");
                for object in &world.objects {
                    let procedure = world.procedure_of(object).map(str::to_owned);
                    let about = About { office: held.office.clone(), procedure, agency: Some(OURS) };
                    let parsed = Object::parse(object).expect("an object");
                    for action in Action::ALL {
                        let asked = Asked { grant: held, about: &about, object, action, me: pass.user, ended };
                        let says = in_force && world.says(&asked).0 == "allowed";
                        let proof = policy.authorize(&acts, &about, parsed, action, performed.as_ref());
                        assert_eq!(proof.is_ok(), says, "{held:?} at {after}: {action} {object}");
                        *allowed.entry(says).or_default() += 1;
                    }
                }
            }
        }
        assert!(allowed[&true] > 100 && allowed[&false] > allowed[&true], "{allowed:?}");
    }
}
