//! The house: which room may import which, and what only one room may do. Read from the source itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use disposisi::procedure::read_folder;

mod files;

/// A room, and the rooms that it may import. `procedure` and its like are pure: they import only each other.
const ARROWS: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("random", &[]),
    ("rfc3339", &[]),
    ("language", &[]),
    ("procedure", &["language"]),
    ("calendar", &["procedure"]),
    ("workflow", &["procedure"]),
    ("access", &["language"]),
    ("event", &["access"]),
    ("policy", &["access", "procedure"]),
    ("auth", &["clock", "random"]),
    ("store", &["access", "event", "language", "random", "workflow"]),
    ("live", &["store"]),
    (
        "service",
        &[
            "access",
            "auth",
            "calendar",
            "clock",
            "event",
            "language",
            "live",
            "policy",
            "procedure",
            "random",
            "store",
            "workflow",
        ],
    ),
    // The edges name types of the rooms below; what they do goes through the service.
    (
        "graphql",
        &["access", "auth", "event", "language", "live", "procedure", "rfc3339", "service", "store", "workflow"],
    ),
    ("http", &["graphql", "language", "service"]),
    (
        "cli",
        &[
            "access",
            "auth",
            "clock",
            "event",
            "graphql",
            "http",
            "policy",
            "procedure",
            "random",
            "rfc3339",
            "service",
            "store",
            "workflow",
        ],
    ),
];

/// What a pure room never names.
const IMPURE: &[&str] = &["sea_orm", "entity::", "tokio", "axum", "async_graphql", "reqwest", "std::fs"];
const PURE: &[&str] = &["access", "calendar", "event", "language", "policy", "procedure", "workflow"];
/// The one part of a pure room that reads files.
const READS_FILES: &str = "procedure/source";

fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            let text = std::fs::read_to_string(&path).expect("a source file");
            found.push((path, text));
        }
    }
}

/// Every source file under `src`: its room, its path, and its text up to its tests.
pub(crate) fn rooms() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    let room = |(path, text): (PathBuf, String)| {
        let inside = path.strip_prefix(&root).expect("under src").to_path_buf();
        let first = inside.iter().next().expect("a name").to_string_lossy().trim_end_matches(".rs").to_owned();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
        (first, inside, text)
    };
    let is_test = |path: &Path| path.ends_with("tests.rs") || path.ends_with("procedure/shipped_tests.rs");
    found.into_iter().map(room).filter(|(_, path, _)| !is_test(path)).collect()
}

#[test]
fn arrows_point_one_way() {
    let mut wrong = Vec::new();
    for (room, path, text) in rooms() {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            assert!(["lib", "main"].contains(&room.as_str()), "{room} is a room that the map lacks");
            continue;
        };
        for part in text.split("crate::").skip(1) {
            let to: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let is_room = ARROWS.iter().any(|(name, _)| *name == to);
            if is_room && to != room && !allowed.contains(&to.as_str()) {
                wrong.push(format!("{} imports {to}", path.display()));
            }
        }
        if PURE.contains(&room.as_str()) && !path.starts_with(READS_FILES) {
            wrong.extend(
                IMPURE
                    .iter()
                    .filter(|name| text.contains(*name))
                    .map(|name| format!("{} names {name}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Rooms within `graphql` that do not import each other: what an operation is judged by before it runs is handed in.
const GRAPHQL: &[(&str, &[&str])] = &[("operation", &["schema", "execution", "subscription", "context"])];

#[test]
fn within_graphql_an_operation_is_read_without_the_schema() {
    let mut wrong = Vec::new();
    for (room, path, text) in rooms() {
        for (inner, forbidden) in GRAPHQL {
            if room != "graphql" || !path.starts_with(Path::new("graphql").join(inner)) {
                continue;
            }
            for name in *forbidden {
                let imports = [format!("graphql::{name}::"), format!("super::super::{name}")];
                if imports.iter().any(|import| text.contains(import)) || text.contains("use crate::graphql::{") {
                    wrong.push(format!("{} imports graphql::{name}, or several rooms at once", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_table_of_look_ahead_names_fields() {
    for (_, path, text) in rooms() {
        let is_table = path.ends_with("graphql/look_ahead.rs");
        assert!(is_table || !text.contains(".look_ahead()"), "{} looks ahead by itself", path.display());
    }
}

#[test]
fn each_proof_is_made_in_one_room() {
    for (room, path, text) in rooms() {
        let made = |call: &str| text.contains(call) && !path.ends_with("access/proof.rs");
        assert!(!made("Seen::by_query(") || room == "store", "{} makes a Seen", path.display());
        let opens = [" RequestChange::open(", " RequestChange::begin("].iter().any(|call| text.contains(call));
        assert!(
            !opens || path.ends_with("requests/act.rs"),
            "{} opens a request out of an act's order",
            path.display()
        );
        assert!(!made("Authorized::by_policy(") || room == "policy", "{} makes an Authorized", path.display());
    }
}

/// What asks the machine for the time or for random numbers, and the one file that may.
const MACHINE: &[(&str, &[&str])] = &[
    ("clock.rs", &["Utc::now(", "Local::now(", "SystemTime::now("]),
    (
        "random.rs",
        &["getrandom", "OsRng", "SysRng", "SystemRandom", "thread_rng", "rand::", "Uuid::new_v", "Uuid::now_v"],
    ),
];

#[test]
fn the_machines_clock_and_generator_are_asked_in_one_file_each() {
    let mut wrong = Vec::new();
    for (_, path, text) in rooms() {
        for (file, calls) in MACHINE.iter().filter(|(file, _)| path != Path::new(file)) {
            let found = calls.iter().filter(|call| text.contains(*call));
            wrong.extend(found.map(|call| format!("{} names {call}: that is for {file}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_pool_closes_idle_connections() {
    let mut pools = 0;
    for (_, path, text) in rooms() {
        for options in ["PgPoolOptions::new(", "ConnectOptions::new("].iter().flat_map(|new| text.split(*new).skip(1)) {
            let options = options.split(';').take(2).collect::<String>();
            let off = ["idle_timeout(None", "max_lifetime(None"].iter().all(|setting| options.contains(setting));
            assert!(off, "{}: sqlx's task that closes idle connections may spin for ever", path.display());
            pools += 1;
        }
    }
    assert!(pools >= 3, "only {pools} pools were found");
}

#[test]
fn no_code_knows_a_role_or_a_procedure() {
    let shelf = read_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("procedures")).expect("the shipped files");
    let mut names: Vec<String> = shelf.offices.iter().flat_map(|office| office.roles.keys().cloned()).collect();
    names.extend(shelf.procedures.iter().map(|located| located.procedure.key.clone()));
    for (_, path, text) in rooms() {
        // The demo is a client: it plays what the shipped SOPs say.
        if path.starts_with("cli/demo") {
            continue;
        }
        // What is compared or looked up, not what a comment or a help text gives as an example.
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//") && !line.contains("--role"));
        for line in code {
            for name in &names {
                assert!(!line.contains(&format!("\"{name}\"")), "{} names {name}: {line}", path.display());
            }
        }
    }
}

/// Types that stand for a type of the model in the GraphQL schema, by its name.
const MIRRORS: &[&str] = &[
    "Action",
    "Actor",
    "AssetFilter",
    "Awaited",
    "Capacity",
    "Confidentiality",
    "CredentialState",
    "DispositionFilter",
    "InboxChange",
    "Language",
    "Office",
    "OfficeEventKind",
    "Outcome",
    "Procedure",
    "RequestEventKind",
    "RequestFilter",
    "Requirement",
    "StandardTime",
    "Step",
    "TimeUnit",
    "Urgency",
    "UserError",
    "UserErrorCode",
];

/// Names that two other types share. May only shrink.
const SHARED_NAMES: &[&str] = &[];

/// The name of the type that a line defines. Indented lines define associated types.
fn defined(line: &str) -> Option<&str> {
    if line.starts_with(' ') {
        return None;
    }
    let visible = line.strip_prefix("pub").map_or(line, |rest| match rest.strip_prefix('(') {
        Some(inside) => inside.split_once(')').map_or(rest, |(_, after)| after),
        None => rest,
    });
    let (kind, rest) = visible.trim_start().split_once(' ')?;
    let is_type = ["struct", "enum", "trait", "type"].contains(&kind);
    let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (is_type && !name.is_empty()).then_some(name)
}

#[test]
fn each_type_name_stands_for_one_type() {
    let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for (_, path, text) in rooms() {
        for name in text.lines().filter_map(defined) {
            places.entry(name.to_owned()).or_default().push(path.clone());
        }
    }
    let shared: BTreeMap<&str, &Vec<PathBuf>> =
        places.iter().filter(|(_, paths)| paths.len() > 1).map(|(name, paths)| (name.as_str(), paths)).collect();
    let listed: BTreeSet<&str> = MIRRORS.iter().chain(SHARED_NAMES).copied().collect();
    let new: Vec<_> = shared.iter().filter(|(name, _)| !listed.contains(**name)).collect();
    assert!(new.is_empty(), "give each type a name of its own: {new:#?}");
    let gone: Vec<&&str> = listed.iter().filter(|name| !shared.contains_key(**name)).collect();
    assert!(gone.is_empty(), "no longer shared, take them off the list: {gone:?}");
    for name in MIRRORS {
        let in_schema =
            shared.get(name).into_iter().copied().flatten().filter(|path| path.starts_with("graphql/schema"));
        assert_eq!(in_schema.count(), 1, "{name} mirrors nothing");
    }
}

/// Files that stand in a circle of files. May only shrink.
const IN_CIRCLES: &[&str] = &[];

#[test]
fn files_depend_on_each_other_in_no_circle() {
    let sources: Vec<(PathBuf, String)> = rooms().into_iter().map(|(_, path, text)| (path, text)).collect();
    let circles = files::circles(&sources);
    // A GraphQL schema is a graph.
    let counted = circles.iter().filter(|circle| !circle.iter().all(|file| file.starts_with("graphql/schema/")));
    let found: BTreeSet<&str> = counted.flatten().map(String::as_str).collect();
    let listed: BTreeSet<&str> = IN_CIRCLES.iter().copied().collect();
    let new: Vec<&&str> = found.difference(&listed).collect();
    assert!(new.is_empty(), "in a circle of files: {new:?}, of {circles:#?}");
    let gone: Vec<&&str> = listed.difference(&found).collect();
    assert!(gone.is_empty(), "in no circle any more, take them off the list: {gone:?}");
}
