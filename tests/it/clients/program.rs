//! A client as a process: it prints a line of JSON for each event and each note.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::harness::PATIENCE;

/// A running client.
pub(super) struct Program {
    child: Child,
    lines: mpsc::UnboundedReceiver<Value>,
    complaints: Arc<Mutex<String>>,
    /// The events it got.
    pub(super) events: Vec<Value>,
    /// Its notes.
    pub(super) notes: Vec<Value>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    /// Starts it, with this added to its environment.
    pub(super) fn start(command: &mut Command, environment: &[(&str, &str)]) -> Self {
        command.envs(environment.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let output = child.stdout.take().expect("its output");
        let errors = child.stderr.take().expect("its complaints");
        let (tell, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // As in the bytes of a stream of events, not unpacked.
                let answer = line.strip_prefix("data: ").and_then(|data| serde_json::from_str::<Value>(data).ok());
                let event = answer.map(|answer| answer["data"]["requestEvents"].clone());
                let line = event.unwrap_or_else(|| serde_json::from_str(&line).unwrap_or_else(|_| line.into()));
                let _ = tell.send(line);
            }
        });
        let complaints = Arc::new(Mutex::new(String::new()));
        let noted = complaints.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                *noted.lock().expect("a lock") += &(line + "\n");
            }
        });
        Self { child, lines, complaints, events: Vec::new(), notes: Vec::new() }
    }

    /// Reads a line; false when none comes within that time, or it has ended.
    async fn read(&mut self, patience: Duration) -> bool {
        let Ok(Some(line)) = tokio::time::timeout(patience, self.lines.recv()).await else { return false };
        // An event is known by its cursor.
        let events = if line.get("cursor").is_some() { &mut self.events } else { &mut self.notes };
        events.push(line);
        true
    }

    /// Its notes and errors, for a failure's message.
    fn story(&self) -> String {
        let complaints = self.complaints.lock().expect("a lock");
        format!("{} events; {:#?}\n{complaints}", self.events.len(), self.notes)
    }

    /// Reads until it has said so many matching things.
    pub(super) async fn until_noted(&mut self, count: usize, fits: impl Fn(&Value) -> bool) {
        while self.notes.iter().filter(|note| fits(note)).count() < count {
            assert!(self.read(PATIENCE).await, "it said no more: {}", self.story());
        }
    }

    /// Reads until it has got so many events.
    pub(super) async fn until_got(&mut self, count: usize) {
        while self.events.len() < count {
            assert!(self.read(PATIENCE).await, "it got no more of {count}: {}", self.story());
        }
    }

    /// Reads until it has got the last of these events, and any soon after.
    pub(super) async fn until_end_of(&mut self, expected: &[Value]) {
        let last = &expected.last().expect("an event")["cursor"];
        while !self.events.iter().any(|event| event["cursor"] == *last) {
            assert!(self.read(PATIENCE).await, "it does not get the end of it: {}", self.story());
        }
        while self.read(Duration::from_millis(300)).await {}
    }

    /// Reads them all: it must get these, each once, in order.
    pub(super) async fn got(&mut self, expected: &[Value]) {
        self.until_end_of(expected).await;
        for (place, (got, expected)) in self.events.iter().zip(expected).enumerate() {
            assert_eq!(got, expected, "at {place}: {}", self.story());
        }
        assert_eq!(self.events.len(), expected.len(), "{}", self.story());
    }

    /// Waits for its end. Returns whether it ended well.
    pub(super) async fn ended(&mut self) -> bool {
        while self.read(PATIENCE).await {}
        self.child.wait().expect("it ends").success()
    }
}
