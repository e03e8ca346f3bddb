//! Prepared data folders: each cast is entered once for each run of this binary, and copied for each test. Entering a person
//! takes two processes; copying takes a file (SQLite) or a template (PostgreSQL).

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use crate::cast::Cast;
use crate::database;
use crate::harness::{Folders, enter, run};

/// The folder of all prepared folders, and the process that removes it when this one ends.
static ROOT: LazyLock<(PathBuf, Child)> = LazyLock::new(|| {
    let folder = tempfile::Builder::new().prefix("disposisi-casts").tempdir().expect("a folder").keep();
    let mut guard = Command::new("/bin/sh");
    guard.args(["-c", "trap '' INT TERM HUP; read -r end; rm -rf \"$1\"", "guard"]).arg(&folder).stdin(Stdio::piped());
    let guard = guard.spawn().expect("a shell");
    (folder, guard)
});

/// A prepared folder, once somebody has made it.
type Slot = Arc<OnceLock<PathBuf>>;

/// The prepared folders by the hash of their casts and files.
static PREPARED: LazyLock<Mutex<HashMap<u64, Slot>>> = LazyLock::new(Mutex::default);

/// Hashes a folder's files, by name and content.
fn hash_files(folder: &Path, hasher: &mut DefaultHasher) {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        path.file_name().hash(hasher);
        if path.is_dir() {
            hash_files(&path, hasher);
        } else {
            std::fs::read(&path).expect("a file").hash(hasher);
        }
    }
}

/// A folder shared by tests; removed with all others when this process ends.
pub(crate) fn folder() -> PathBuf {
    tempfile::Builder::new().tempdir_in(&ROOT.0).expect("a folder").keep()
}

/// Makes a data folder with these people in it.
pub(crate) fn copy_cast(people: Cast<'_>, folders: &Folders, data: &Path) {
    let mut hasher = DefaultHasher::new();
    people.hash(&mut hasher);
    hash_files(&folders.procedures, &mut hasher);
    hash_files(&folders.policies, &mut hasher);
    let key = hasher.finish();
    let slot = PREPARED.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
    let prepared = slot.get_or_init(|| {
        let home = ROOT.0.join(format!("{key:016x}"));
        std::fs::create_dir(&home).expect("a folder");
        let prepared = home.join("data");
        enter(people, |arguments, input| drop(run(&prepared, folders, arguments, input)));
        prepared
    });
    copy(prepared, data);
}

/// Makes a copy of a data folder, with its permissions.
pub(crate) fn copy(of: &Path, data: &Path) {
    database::copy(of, data);
    for part in ["", "keys"] {
        let permissions = std::fs::metadata(of.join(part)).expect("a folder").permissions();
        std::fs::set_permissions(data.join(part), permissions).expect("permissions");
    }
}
