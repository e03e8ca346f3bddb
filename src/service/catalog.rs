//! The catalog of offices and procedure versions, with their forms compiled at start.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;

use crate::calendar::Calendar;
use crate::procedure::{Form, Office, Outcome, Procedure, Requirement, Step};
use crate::workflow::reach::Upcoming;

/// An office, ready to be used.
#[derive(Debug)]
pub struct OfficeEntry {
    /// The office.
    pub office: Office,
    /// Its working time.
    pub calendar: Calendar,
}

/// A version of a procedure, ready to be used.
#[derive(Debug)]
pub struct ProcedureEntry {
    /// The procedure.
    pub procedure: Procedure,
    /// The form that comes with a submission.
    pub details: Form,
    /// The asset's attributes, whole.
    pub attributes: Option<Form>,
    /// What outcomes that change some attributes take, by step and outcome.
    changes: HashMap<(String, String), Form>,
    /// New requests may begin with it once its time has come.
    pub offered: bool,
    /// What its requests may still come to wait for: walked at the start, so that nobody waits for the walk.
    pub ahead: Upcoming,
}

impl ProcedureEntry {
    /// What an act of an outcome may say of the asset: all its attributes, or those that the outcome changes. None where it
    /// says nothing.
    pub fn asset_form(&self, step: &Step, outcome: &Outcome) -> Option<&Form> {
        match outcome.asset {
            Requirement::None => None,
            _ if outcome.asset_changes.is_empty() => self.attributes.as_ref(),
            _ => self.changes.get(&(step.key.clone(), outcome.key.clone())),
        }
    }
}

/// Offices and procedures.
#[derive(Debug, Default)]
pub struct Catalog {
    offices: BTreeMap<String, OfficeEntry>,
    procedures: BTreeMap<(String, String, u32), Arc<ProcedureEntry>>,
}

impl Catalog {
    /// Adds an office.
    pub fn add_office(&mut self, office: Office) {
        let calendar = Calendar::new(&office);
        self.offices.insert(office.key.clone(), OfficeEntry { office, calendar });
    }

    /// Adds a version of a procedure of an office that was added. Fails with the message of a schema that is none.
    pub fn add_procedure(&mut self, procedure: Procedure, offered: bool) -> Result<(), String> {
        let office = self.office(&procedure.office).ok_or_else(|| format!("no office `{}`", procedure.office))?;
        let details = Form::compile(&procedure.details, &office.office)?;
        let (mut attributes, mut changes) = (None, HashMap::new());
        if let Some(spec) = &procedure.asset {
            attributes = Some(Form::compile(&spec.attributes, &office.office)?);
            for step in &procedure.steps {
                for outcome in step.outcomes.iter().filter(|outcome| !outcome.asset_changes.is_empty()) {
                    let form = Form::changing(&spec.attributes, &outcome.asset_changes, &office.office)?;
                    changes.insert((step.key.clone(), outcome.key.clone()), form);
                }
            }
        }
        let key = (procedure.office.clone(), procedure.key.clone(), procedure.version);
        let ahead = Upcoming::from_procedure(&procedure);
        let entry = ProcedureEntry { procedure, details, attributes, changes, offered, ahead };
        self.procedures.insert(key, Arc::new(entry));
        Ok(())
    }

    /// The office of that key.
    pub fn office(&self, key: &str) -> Option<&OfficeEntry> {
        self.offices.get(key)
    }

    /// Every office, by key.
    pub fn offices(&self) -> impl Iterator<Item = &OfficeEntry> {
        self.offices.values()
    }

    /// A version of a procedure.
    pub fn version(&self, office: &str, key: &str, version: u32) -> Option<&Arc<ProcedureEntry>> {
        self.procedures.get(&(office.to_owned(), key.to_owned(), version))
    }

    /// The versions of an office's procedures, by key and version.
    pub fn versions<'a>(&'a self, office: &'a str) -> impl Iterator<Item = &'a Arc<ProcedureEntry>> {
        self.procedures.iter().filter(move |((of, _, _), _)| of == office).map(|(_, entry)| entry)
    }

    /// The version of a procedure that is in force on a day: the newest on offer whose time has come.
    pub fn in_force(&self, office: &str, key: &str, day: NaiveDate) -> Option<&Arc<ProcedureEntry>> {
        self.procedures
            .values()
            .filter(|entry| entry.procedure.office == office && entry.procedure.key == key && entry.offered)
            .filter(|entry| entry.procedure.in_force_from().is_none_or(|from| from <= day))
            .max_by_key(|entry| entry.procedure.version)
    }
}
