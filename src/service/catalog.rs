//! The catalog of offices and procedure versions, with compiled forms.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use crate::calendar::Calendar;
use crate::procedure::{Form, Office, Outcome, Procedure, Requirement, Step};
use crate::workflow::reach::Upcoming;

/// An office with its calendar.
#[derive(Debug)]
pub struct OfficeEntry {
    /// The office.
    pub office: Office,
    /// Its working time.
    pub calendar: Calendar,
}

impl OfficeEntry {
    /// The office's day at a time.
    pub fn today(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.office.time_zone).date_naive()
    }
}

/// A procedure version with its compiled forms.
#[derive(Debug)]
pub struct ProcedureEntry {
    /// The procedure.
    pub procedure: Procedure,
    /// The form of a submission.
    pub details: Form,
    /// The form of all attributes of the asset.
    pub attributes: Option<Form>,
    /// Forms of the attributes changed by an outcome, by step and outcome.
    changes: HashMap<(String, String), Form>,
    /// Offered for new requests from its date on.
    pub offered: bool,
    /// Upcoming steps and signatures by state, computed at the start.
    pub upcoming: Upcoming,
}

impl ProcedureEntry {
    /// The form of the asset's attributes in an outcome: all, or the changed ones. None for an outcome without
    /// attributes.
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

    /// Adds a procedure version to a known office. Fails with the message of an invalid schema.
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
        let upcoming = Upcoming::from_procedure(&procedure);
        let entry = ProcedureEntry { procedure, details, attributes, changes, offered, upcoming };
        self.procedures.insert(key, Arc::new(entry));
        Ok(())
    }

    /// The office of a key.
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

    /// The procedure version in force on a day: the newest offered one with a past date.
    pub fn in_force(&self, office: &str, key: &str, day: NaiveDate) -> Option<&Arc<ProcedureEntry>> {
        self.procedures
            .values()
            .filter(|entry| entry.procedure.office == office && entry.procedure.key == key && entry.offered)
            .filter(|entry| entry.procedure.in_force_from().is_none_or(|from| from <= day))
            .max_by_key(|entry| entry.procedure.version)
    }
}
