//! The clients' libraries, exactly those of the lock files, installed once into the build folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A prerequisite, and the command for its installation.
const NEEDED: &str = "the tests with real clients need Node 20 or newer, npm, and Python 3.11 or newer with venv: \
    apt-get install nodejs npm python3-venv";

/// A browser without a window.
pub(super) fn browser() -> &'static str {
    let names = ["chromium-headless-shell", "chromium"];
    let is_there = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|said| said.status.success());
    names.into_iter().find(is_there).expect("the tests with a browser need: apt-get install chromium-headless-shell")
}

/// The folder of the scripts and lock files.
pub(super) fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// The folder of an example, copied by users.
pub(super) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// The folder of installed packages.
fn kept() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the build folder").join("clients")
}

/// A folder with Node's libraries.
pub(super) fn node() -> &'static Path {
    static NODE: OnceLock<PathBuf> = OnceLock::new();
    NODE.get_or_init(|| packages("node", &sources()))
}

/// A folder with Node's frameworks.
pub(super) fn node_of_frameworks() -> &'static Path {
    static NODE: OnceLock<PathBuf> = OnceLock::new();
    NODE.get_or_init(|| packages("node-frameworks", &sources().join("frameworks")))
}

/// A folder with Node's libraries of the TypeScript example.
pub(super) fn node_of_example() -> &'static Path {
    static NODE: OnceLock<PathBuf> = OnceLock::new();
    NODE.get_or_init(|| packages("node-example", &example("typescript")))
}

/// A folder with Node's generators of client code.
pub(super) fn node_of_generators() -> &'static Path {
    static NODE: OnceLock<PathBuf> = OnceLock::new();
    NODE.get_or_init(|| packages("node-generators", &sources().join("generators")))
}

/// A Python with generators of client code.
pub(super) fn python_of_generators() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| environment("python-generators", &sources().join("generators")))
}

/// A Python with the libraries.
pub(super) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| environment("python", &sources()))
}

/// A Python with the libraries of the Python example.
pub(super) fn python_of_example() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| environment("python-example", &example("python")))
}

/// The packages of a folder's lock file, from npm.
fn packages(name: &str, from: &Path) -> PathBuf {
    let files = ["package.json", "package-lock.json"];
    install(name, &files.map(|file| from.join(file)), |folder| {
        for file in files {
            fs::copy(from.join(file), folder.join(file)).expect("a copy");
        }
        run(Command::new("npm").args(["ci", "--include=dev", "--no-audit", "--no-fund"]).current_dir(folder));
    })
}

/// A Python with a folder's requirements, from PyPI.
fn environment(name: &str, from: &Path) -> PathBuf {
    let requirements = from.join("requirements.txt");
    let folder = install(name, std::slice::from_ref(&requirements), |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"];
        run(Command::new(folder.join("bin/python")).args(pip).arg(&requirements));
    });
    folder.join("bin/python")
}

/// A folder with the packages of lock files, installed if it is not there. One process at a time installs; an interrupted
/// installation is started again.
fn install(name: &str, locks: &[PathBuf], install: impl FnOnce(&Path)) -> PathBuf {
    let folder = kept().join(name);
    fs::create_dir_all(kept()).expect("a folder");
    let turn = fs::File::create(kept().join(format!("{name}.lock"))).expect("a lock");
    turn.lock().expect("a turn");
    let wanted: String = locks.iter().map(|lock| fs::read_to_string(lock).expect("a lock file")).collect();
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).ok().as_ref() != Some(&wanted) {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        install(&folder);
        fs::write(stamp, wanted).expect("a note that all is there");
    }
    folder
}

fn run(command: &mut Command) {
    match command.output() {
        Err(error) => panic!("{}: {error}; {NEEDED}", command.get_program().display()),
        Ok(output) => assert!(
            output.status.success(),
            "{command:?} failed; {NEEDED}\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}
