//! A temporary PostgreSQL server, removed with the test process, however that ends.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Starts the server and stops it: on a line with a signal's name, or when its parent is gone.
const GUARD: &str = "trap '' INT TERM HUP; folder=$1; shift; \"$@\" >>\"$folder/log\" 2>&1 & server=$!; echo started; \
    read -r signal; kill -s \"${signal:-QUIT}\" $server; wait $server; [ -n \"$signal\" ] || rm -rf \"$folder\"";

/// Authentication on the socket in the cluster's own folder.
const HBA: &str = "local all locked scram-sha-256\nlocal all all trust\n";

/// A PostgreSQL server of one's own.
pub(crate) struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    guard: Option<Child>,
    /// Settings beside the common ones.
    settings: Vec<String>,
    /// Its port; of its socket alone, unless its settings say more.
    port: u16,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        match self.guard.take() {
            // Its folder goes with it.
            Some(mut guard) => {
                drop(guard.stdin.take());
                let _ = guard.wait();
            }
            None => drop(std::fs::remove_dir_all(&self.folder)),
        }
    }
}

impl Cluster {
    /// A new one, started.
    pub(crate) fn new() -> Self {
        let programs = programs();
        let folder = tempfile::Builder::new().prefix("disposisi-pg").tempdir().expect("a folder").keep();
        if is_root() {
            // The server refuses to be run by root.
            let owned = Command::new("chown").arg("65534:65534").arg(&folder).status();
            assert!(owned.expect("chown runs").success());
        }
        let mut cluster =
            Self { folder, programs, guard: None, settings: vec!["listen_addresses=".to_owned()], port: 5432 };
        // Texts are ordered by a language's collation, if the server can: code relying on byte order shows.
        let language = ["--locale-provider=icu", "--icu-locale=en", "--locale=C.UTF-8"];
        if !cluster.init(&language) {
            assert!(cluster.init(&["--locale=C.UTF-8"]), "initdb fails in {}", cluster.folder.display());
        }
        std::fs::write(cluster.folder.join("data/pg_hba.conf"), HBA).expect("written");
        cluster.start();
        cluster
    }

    fn init(&self, language: &[&str]) -> bool {
        let data = self.folder.join("data");
        let _ = std::fs::remove_dir_all(&data);
        let mut init = self.program("initdb");
        init.arg("-D").arg(data).args(["-U", "postgres", "-E", "UTF8", "--no-sync"]).args(language);
        init.output().expect("initdb runs").status.success()
    }

    /// One of the server's own programs, run as a user it accepts.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(&self.folder);
        command
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts it after its stop.
    pub(crate) fn start(&mut self) {
        let mut server = self.program("postgres");
        server.arg("-D").arg(self.folder.join("data")).arg("-k").arg(&self.folder);
        server.arg("-p").arg(self.port.to_string());
        let common = ["fsync=off", "full_page_writes=off", "max_connections=300"];
        for setting in common.into_iter().chain(self.settings.iter().map(String::as_str)) {
            server.args(["-c", setting]);
        }
        let mut guard = Command::new("/bin/sh");
        guard.args(["-c", GUARD, "guard"]).arg(&self.folder).arg(server.get_program()).args(server.get_args());
        guard.current_dir(&self.folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut guard = guard.spawn().expect("a shell");
        let mut line = String::new();
        BufReader::new(guard.stdout.take().expect("its output")).read_line(&mut line).expect("it says so");
        self.guard = Some(guard);
        for _ in 0..600 {
            let mut ready = Command::new(self.programs.join("pg_isready"));
            ready.arg("-q").arg("-h").arg(&self.folder).arg("-p").arg(self.port.to_string());
            if ready.status().expect("pg_isready runs").success() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("PostgreSQL does not start: {}", std::fs::read_to_string(self.folder.join("log")).unwrap_or_default());
    }

    /// Restarts it at a port with other settings; `host` is its rule for network connections.
    pub(crate) fn restart_with(&mut self, port: u16, settings: Vec<String>, host: &str) {
        self.stop();
        self.port = port;
        self.settings = settings;
        std::fs::write(self.folder.join("data/pg_hba.conf"), format!("{HBA}{host}\n")).expect("written");
        self.start();
    }

    /// Makes a file its own, as it wants its key.
    pub(crate) fn own(&self, file: &Path) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        if is_root() {
            assert!(Command::new("chown").arg("65534:65534").arg(file).status().expect("chown runs").success());
        }
    }

    /// Stops it without waiting for its clients.
    pub(crate) fn stop(&mut self) {
        let mut guard = self.guard.take().expect("it runs");
        guard.stdin.take().expect("its input").write_all(b"INT\n").expect("told");
        guard.wait().expect("it ends");
    }

    /// Runs statements as superuser. Returns their plain output.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        self.sql_each(database, &[sql])
    }

    /// The same, each statement in a transaction of its own.
    pub(crate) fn sql_each(&self, database: &str, statements: &[&str]) -> String {
        let mut psql = self.psql(database);
        psql.args(statements.iter().flat_map(|sql| ["-c", *sql]));
        let output = psql.output().expect("psql runs");
        assert!(output.status.success(), "{statements:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// psql, as superuser.
    pub(crate) fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.arg("-h").arg(&self.folder).arg("-p").arg(self.port.to_string()).args([
            "-U",
            "postgres",
            "-d",
            database,
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
        ]);
        psql
    }

    /// A dump of a database, as text.
    pub(crate) fn dump(&self, database: &str) -> Vec<u8> {
        let mut dump = Command::new(self.programs.join("pg_dump"));
        dump.arg("-h").arg(&self.folder).args(["-U", "postgres", database]).output().expect("pg_dump runs").stdout
    }

    /// The URL of a database for a user, with a password after a colon where needed.
    pub(crate) fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@localhost/{database}?host={}", self.folder.display())
    }
}

/// The folder of the server's programs.
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .collect();
    folders.sort();
    folders.extend(std::env::split_paths(&path));
    let whole = |folder: &&PathBuf| {
        ["initdb", "postgres", "psql", "pg_dump", "pg_isready"].iter().all(|name| folder.join(name).exists())
    };
    let found = folders.iter().rev().find(whole);
    found.expect("PostgreSQL's programs are needed for these tests: apt-get install postgresql").clone()
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A copy of a folder of keys.
pub(crate) fn copy_keys(from: &Path, to: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(to).expect("a folder");
    for key in ["signing.key", "encryption.key", "audit.key"] {
        std::fs::copy(from.join(key), to.join(key)).expect("a key");
        // As the program wants it; those of a fixture are as the checkout made them.
        std::fs::set_permissions(to.join(key), std::fs::Permissions::from_mode(0o600)).expect("a mode");
    }
}

/// The content of a compressed file.
pub(crate) fn unpacked(file: &Path) -> Vec<u8> {
    let output = Command::new("gzip").arg("-dc").arg(file).output().expect("gzip runs");
    assert!(output.status.success(), "{}", file.display());
    output.stdout
}
