//! Compiles policy files into a table: casbin decides each cell named by a line, once.

use std::collections::BTreeMap;

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};

use crate::procedure::Fault;

use super::lines::{self, Line};
use super::matcher::{self, MODEL_FILE};
use super::table::Policy;

/// A policy file: one office's lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// The file, as a person would name it (`policies/singkawang.csv`). Its name without `.csv` is the office's key.
    pub file: String,
    /// The text; none for an unreadable file, reported elsewhere.
    pub text: Option<String>,
}

/// Number of lines that are decided together. Casbin compares each cell with each line, so the cost grows by the
/// square.
const BATCH: usize = 16;

/// Reads the model and the offices' files, and decides every cell. Reports all faults together; a policy with an error
/// is not to be served. An unreadable model is reported elsewhere.
pub async fn load(model: Option<&str>, files: &[PolicyFile]) -> (Policy, Vec<Fault>) {
    let mut faults = Vec::new();
    let model = match model {
        Some(text) => matcher::read(text).await.map_err(|found| faults.extend(found)).ok(),
        None => None,
    };
    let mut policy = Policy::default();
    for (office, (file, lines)) in read_files(files, &mut policy, &mut faults) {
        let Some(model) = &model else {
            policy.mark_incomplete(office);
            continue;
        };
        let found = add_allowed(&mut policy, model, file, lines).await;
        if !found.is_empty() {
            policy.mark_incomplete(office);
        }
        faults.extend(found);
    }
    (policy, faults)
}

/// The lines of each office's file.
fn read_files<'a>(
    files: &'a [PolicyFile],
    policy: &mut Policy,
    faults: &mut Vec<Fault>,
) -> BTreeMap<&'a str, (&'a str, Vec<Line>)> {
    let mut offices: BTreeMap<&str, (&str, Vec<Line>)> = BTreeMap::new();
    for PolicyFile { file, text } in files {
        let office = file.rsplit(['/', '\\']).next().and_then(|name| name.strip_suffix(".csv"));
        let Some(office) = office.filter(|office| !office.is_empty()) else {
            let message = format!("`{file}` is not named like a policy file");
            faults.push(Fault::error(file, 1, message, "name it `<office>.csv`"));
            continue;
        };
        if let Some((other, _)) = offices.get(office) {
            let message = format!("`{other}` is the policy file of `{office}` already");
            faults.push(Fault::error(file, 1, message, "keep one file per office"));
            continue;
        }
        policy.add_office(office, file);
        let (lines, found) = text.as_deref().map(|text| lines::parse(file, office, text)).unwrap_or_default();
        if text.is_none() || !found.is_empty() {
            policy.mark_incomplete(office);
        }
        faults.extend(found);
        offices.insert(office, (file, lines));
    }
    offices
}

/// Fills the cells of one file's lines, as casbin decides them.
async fn add_allowed(policy: &mut Policy, model: &DefaultModel, file: &str, lines: Vec<Line>) -> Vec<Fault> {
    let allowed = match decide(model, &lines).await {
        Ok(allowed) => allowed,
        Err(error) => {
            let message = format!("casbin cannot decide these lines: {error}");
            let mend = format!("see that `{MODEL_FILE}` and this file are as the documentation says");
            return vec![Fault::error(file, 1, message, mend)];
        }
    };
    let mut faults = Vec::new();
    for (line, allowed) in lines.into_iter().zip(allowed) {
        if allowed {
            policy.add(line);
        } else {
            // The matcher was found to compare only, so this is casbin reading a line unlike us.
            let message = format!("casbin does not allow what `{line}` says");
            faults.push(Fault::error(file, line.line, message, "write the line plainly, without quotes"));
        }
    }
    faults
}

/// Returns casbin's decision for the cell of each line. The model was found to allow a cell by a single equal line and
/// by nothing else, so some lines decide as all lines would.
async fn decide(model: &DefaultModel, lines: &[Line]) -> casbin::Result<Vec<bool>> {
    let mut allowed = Vec::with_capacity(lines.len());
    for part in lines.chunks(BATCH) {
        let mut enforcer = Enforcer::new(model.clone(), MemoryAdapter::default()).await?;
        enforcer.add_policies(part.iter().map(Line::rule).collect()).await?;
        for line in part {
            allowed.push(enforcer.enforce(line.question())?);
        }
    }
    Ok(allowed)
}
