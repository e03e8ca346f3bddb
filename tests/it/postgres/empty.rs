//! A cluster with an empty database, to be begun.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

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

/// A port free just now.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
