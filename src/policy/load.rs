//! From the text of the files to the table: read, then let casbin decide each cell that a line names, once.

use std::collections::BTreeMap;

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};

use crate::procedure::Fault;

use super::lines::{self, Line};
use super::table::Policy;

/// How a person would name the model's file.
pub const MODEL_FILE: &str = "policies/model.conf";

/// A policy file: one office's lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// The file, as a person would name it (`policies/singkawang.csv`). Its name without `.csv` is the office's key.
    pub file: String,
    /// What it holds.
    pub text: String,
}

impl PolicyFile {
    /// The office's key. `None` for a file that is not named like one.
    pub fn office(&self) -> Option<&str> {
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file);
        name.strip_suffix(".csv").filter(|office| !office.is_empty())
    }
}

/// Reads the model and the offices' files and decides every cell. All faults are told together.
pub async fn load(model: &str, files: &[PolicyFile]) -> Result<Policy, Vec<Fault>> {
    let mut faults = Vec::new();
    let model = super::matcher::read(model).await.map_err(|found| faults.extend(found)).ok();
    let mut offices: BTreeMap<&str, (&str, Vec<Line>)> = BTreeMap::new();
    for policy in files {
        let PolicyFile { file, text } = policy;
        let Some(office) = policy.office() else {
            let message = format!("`{file}` is not named like a policy file");
            faults.push(Fault::error(file, 1, message, "name it `<office>.csv`"));
            continue;
        };
        if let Some((other, _)) = offices.get(office) {
            let message = format!("`{other}` is the policy file of `{office}` already");
            faults.push(Fault::error(file, 1, message, "keep one file per office"));
            continue;
        }
        let (lines, found) = lines::read(file, office, text);
        faults.extend(found);
        offices.insert(office, (file, lines));
    }
    let Some(model) = model.filter(|_| faults.is_empty()) else { return Err(faults) };

    let mut policy = Policy::default();
    for (office, (file, lines)) in offices {
        policy.add_office(office, file);
        match decide(&model, &lines).await {
            Err(error) => faults.push(Fault::error(
                file,
                1,
                format!("casbin cannot decide these lines: {error}"),
                format!("see that `{MODEL_FILE}` and this file are as the documentation says"),
            )),
            Ok(allowed) => {
                for (line, allowed) in lines.into_iter().zip(allowed) {
                    if allowed {
                        policy.add(line);
                    } else {
                        // The matcher was found to compare only, so this is casbin reading a line unlike us.
                        let message = format!("casbin does not allow what `{line}` says");
                        faults.push(Fault::error(file, line.line, message, "write the line plainly, without quotes"));
                    }
                }
            }
        }
    }
    if faults.is_empty() { Ok(policy) } else { Err(faults) }
}

/// Casbin's answer for the cell of each line. One enforcer per office: its cost is cells times lines.
async fn decide(model: &DefaultModel, lines: &[Line]) -> casbin::Result<Vec<bool>> {
    let mut enforcer = Enforcer::new(model.clone(), MemoryAdapter::default()).await?;
    enforcer.add_policies(lines.iter().map(Line::rule).collect()).await?;
    lines.iter().map(|line| enforcer.enforce(line.rule())).collect()
}
