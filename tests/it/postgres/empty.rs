//! A cluster with an empty database, to be begun.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use crate::cast::Cast;
use crate::database::cluster::Cluster;
use crate::harness::{Folders, bare, enter};

/// A command's output.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// Runs a command on that input.
pub(crate) fn piped(mut command: Command, input: &str) -> Output {
    use std::io::Write;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

/// A cluster with an empty database, and a folder for data folders.
pub(crate) struct Empty {
    pub(crate) cluster: Cluster,
    user: &'static str,
    folder: tempfile::TempDir,
}

impl Empty {
    /// `user`: the program's role there, with a password after a colon.
    pub(crate) fn new(user: &'static str) -> Self {
        let cluster = Cluster::new();
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        cluster.sql("postgres", &format!("CREATE ROLE {name} LOGIN PASSWORD '{password}'"));
        cluster.sql("postgres", &format!("CREATE DATABASE empty OWNER {name}"));
        Self { cluster, user, folder: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn keys(&self, data: &str) -> PathBuf {
        self.data(data).join("keys")
    }

    pub(crate) fn command(&self, data: &str) -> Command {
        let mut command = bare(&self.data(data), &Folders::shipped());
        command.env("DISPOSISI_DATABASE", self.cluster.url(self.user, "empty"));
        command
    }

    /// Makes its keys, in the data folder `data`, and lets these people act.
    pub(crate) fn begin(&self, people: Cast<'_>) {
        let run = |arguments: &[&str], input: &str| {
            let mut command = self.command("data");
            command.args(arguments);
            let output = piped(command, input);
            assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        };
        run(&["keys", "init"], "");
        enter(people, run);
    }

    pub(crate) fn run(&self, data: &str, arguments: &[&str]) -> Output {
        self.command(data).args(arguments).output().expect("it runs")
    }
}

/// A free port below those that the kernel hands out (32768 and up): nothing else takes it before its use.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 12_000).expect("below 12,000");
    let mut ports = std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::Relaxed));
    ports.find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("one is free")
}
