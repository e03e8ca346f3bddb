//! Policy sources: the text of all policy files, their hash and their changes.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::check::{KnownVersion, check};
use super::load::{PolicyFile, load};
use super::matcher::MODEL_FILE;
use super::table::Policy;
use crate::procedure::{Fault, Severity, Shelf};

/// All policy files by path (`policies/singkawang.csv`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyText(BTreeMap<String, String>);

/// Added and removed lines of an office's policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineChanges {
    /// New lines.
    pub added: Vec<String>,
    /// Removed lines.
    pub removed: Vec<String>,
}

impl PolicyText {
    /// The text of a model and of offices' files; none if some were unreadable.
    pub fn from_files(model: Option<&str>, files: &[PolicyFile]) -> Option<Self> {
        let model = (MODEL_FILE.to_owned(), model?.to_owned());
        let files = files.iter().map(|file| Some((file.file.clone(), file.text.clone()?)));
        Some(Self(std::iter::once(Some(model)).chain(files).collect::<Option<_>>()?))
    }

    /// The recorded form: one JSON object, byte for byte.
    pub fn recorded(&self) -> String {
        serde_json::json!(self.0).to_string()
    }

    /// Parses the recorded form.
    pub fn from_record(recorded: &str) -> Result<Self, String> {
        serde_json::from_str(recorded).map(Self).map_err(|error| format!("it is no text of a policy: {error}"))
    }

    /// The SHA-256 of the recorded form, in hexadecimal.
    pub fn hash(&self) -> String {
        Sha256::digest(self.recorded()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads and decides all of it, as [`load`] does.
    pub async fn load(&self) -> (Policy, Vec<Fault>) {
        let to_file = |(file, text): (&String, &String)| PolicyFile { file: file.clone(), text: Some(text.clone()) };
        let files: Vec<PolicyFile> = self.0.iter().filter(|(file, _)| *file != MODEL_FILE).map(to_file).collect();
        load(self.0.get(MODEL_FILE).map(String::as_str), &files).await
    }

    /// Compiles and checks it against the SOPs: the policy with its warnings, or all faults.
    pub async fn validate(
        &self,
        shelf: &Shelf,
        kept: Option<&[KnownVersion]>,
    ) -> Result<(Policy, Vec<Fault>), Vec<Fault>> {
        let (policy, mut faults) = self.load().await;
        faults.extend(check(&policy, shelf, kept));
        match faults.iter().any(|fault| fault.severity == Severity::Error) {
            true => Err(faults),
            false => Ok((policy, faults)),
        }
    }

    /// Returns the changed lines since another policy, by office. Order, comments and spaces do not count.
    pub fn changes(&self, before: &Self) -> BTreeMap<String, LineChanges> {
        let offices: BTreeSet<&str> = self.offices().chain(before.offices()).collect();
        let changed = |office: &str| {
            let (now, then) = (self.lines(office), before.lines(office));
            let only = |these: &BTreeSet<String>, those| these.difference(those).cloned().collect();
            LineChanges { added: only(&now, &then), removed: only(&then, &now) }
        };
        let all = offices.into_iter().map(|office| (office.to_owned(), changed(office)));
        all.filter(|(_, changed)| *changed != LineChanges::default()).collect()
    }

    fn offices(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(|file| file.rsplit('/').next()?.strip_suffix(".csv"))
    }

    /// The lines of an office, written plainly.
    fn lines(&self, office: &str) -> BTreeSet<String> {
        let name = format!("/{office}.csv");
        let text = self.0.iter().find(|(file, _)| file.ends_with(&name)).map_or("", |(_, text)| text);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(|line| line.split(',').map(str::trim).collect::<Vec<_>>().join(", ")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(files: &[(&str, &str)]) -> PolicyText {
        let files: Vec<PolicyFile> = files
            .iter()
            .map(|(office, text)| PolicyFile { file: format!("policies/{office}.csv"), text: Some((*text).to_owned()) })
            .collect();
        PolicyText::from_files(Some("[matchers]\n"), &files).unwrap()
    }

    #[test]
    fn a_recorded_policy_round_trips_with_one_hash() {
        let one = text(&[("a", "# é\np, r, a, requests, see-own\n"), ("b", "")]);
        assert_eq!(PolicyText::from_record(&one.recorded()), Ok(one.clone()));
        assert_eq!(one.hash().len(), 64);
        assert_ne!(one.hash(), text(&[("a", "p, r, a, requests, see-own\n"), ("b", "")]).hash(), "comments are text");
        assert!(PolicyText::from_record("{\"a\":1}").is_err());
        let unread = PolicyFile { file: "policies/a.csv".to_owned(), text: None };
        assert_eq!(PolicyText::from_files(Some(""), &[unread]), None);
        assert_eq!(PolicyText::from_files(None, &[]), None);
    }

    #[test]
    fn changes_are_listed_by_office() {
        let before =
            text(&[("a", "p, r, a, x/1, execute\np, r, a, x/2, execute"), ("b", "p, r, b, requests, see-all")]);
        let after =
            text(&[("a", "# said otherwise\np,r,a,x/2,execute\np, s, a, x/1, execute"), ("c", "p, r, c, x, revoke")]);
        let changed = |added: &[&str], removed: &[&str]| LineChanges {
            added: added.iter().map(|line| (*line).to_owned()).collect(),
            removed: removed.iter().map(|line| (*line).to_owned()).collect(),
        };
        let expected = [
            ("a".to_owned(), changed(&["p, s, a, x/1, execute"], &["p, r, a, x/1, execute"])),
            ("b".to_owned(), changed(&[], &["p, r, b, requests, see-all"])),
            ("c".to_owned(), changed(&["p, r, c, x, revoke"], &[])),
        ];
        assert_eq!(after.changes(&before), BTreeMap::from(expected));
        assert!(after.changes(&after).is_empty());
    }
}
