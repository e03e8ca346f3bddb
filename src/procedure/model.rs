//! The model of one version of one SOP: the printed form, and its machine reading.
//!
//! The types mirror `procedures/<office>/<key>.toml` one to one; `docs/procedures.md` explains the file to its author.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// One version of one SOP (Standar Operasional Prosedur).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// The office's key: the folder's name, not in the file.
    #[serde(skip)]
    pub office: String,
    /// The name for clients and policies: the file's name without `.toml`.
    pub key: String,
    /// Counts the versions of this SOP from 1; any change of content needs a new one.
    pub version: u32,
    /// The procedure's part of request numbers (`SUBDOMAIN`).
    pub code: String,
    /// Printed: Nomor SOP.
    pub number: String,
    /// Printed: Judul SOP, Nama SOP.
    pub title: String,
    /// Printed: Bidang.
    pub division: Option<String>,
    /// Printed: Seksi.
    pub section: Option<String>,
    /// Printed: Tanggal Pembuatan.
    pub created_on: Option<NaiveDate>,
    /// Printed: Tanggal Revisi.
    pub revised_on: Option<NaiveDate>,
    /// Printed: Tanggal Efektif. In force from this date, else from the date of making.
    pub effective_on: Option<NaiveDate>,
    /// Printed: Disahkan Oleh.
    pub approved_by: String,
    /// Printed: Dasar Hukum.
    #[serde(default)]
    pub legal_basis: Vec<String>,
    /// Printed: Kualifikasi Pelaksana.
    #[serde(default)]
    pub qualifications: Vec<String>,
    /// Printed: Peralatan/Perlengkapan.
    #[serde(default)]
    pub equipment: Vec<String>,
    /// Printed: Keterkaitan.
    #[serde(default)]
    pub related: Vec<String>,
    /// Printed: Peringatan.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Printed: Pencatatan dan Pendataan.
    #[serde(default)]
    pub record_keeping: Vec<String>,
    /// All records of the steps, by key.
    pub records: BTreeMap<String, Record>,
    /// JSON Schema (2020-12) of a submission's `details`. `$defs` comes from the office.
    pub details: serde_json::Value,
    /// The provisioned asset, if any.
    pub asset: Option<AssetSpec>,
    /// The numbered rows in their order; the first is the submitter's.
    pub steps: Vec<Step>,
}

/// A document, form or fact, needed or left by a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its printed name.
    pub name: String,
    /// Its origin.
    pub origin: Origin,
    /// A document that becomes the applicant's with the end of the request.
    #[serde(default)]
    pub for_applicant: bool,
}

/// The origin of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The request letter: comes with every submission.
    Letter,
    /// The form (Data Admin and details): comes with every submission.
    Form,
    /// Made by an outcome's disposition.
    Disposition,
    /// Brought by an act.
    Document,
    /// The asset.
    Asset,
    /// Follows from an act: true while the latest completed visit of a step ended in an outcome that produces it.
    State,
}

/// The provisioned asset. Code knows no kind but to give it a GraphQL type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetSpec {
    /// The kind: `CloudAccount`, `Subdomain`, `ServerPlacement`, or any other, shown as `GenericAsset`.
    pub kind: String,
    /// The asset's name: a template over attributes (`{username}`).
    pub name: String,
    /// Uniqueness among the office's living assets of this kind: a template over attributes.
    pub unique: Option<String>,
    /// The interval that must not overlap others of the office's living assets of this kind.
    pub interval: Option<Interval>,
    /// The attribute with the login of the credential.
    pub login: Option<String>,
    /// Attributes filled with the number of a document (`determinationNumber = "penetapan"`).
    #[serde(default)]
    pub numbers: BTreeMap<String, String>,
    /// JSON Schema (2020-12) of the attributes. `$defs` comes from the office.
    pub attributes: serde_json::Value,
}

/// An interval of units, held by one living asset at a time: three attribute names. An asset without the place
/// attribute holds none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The attribute for the place (a rack).
    pub place: String,
    /// The attribute with the first unit held.
    pub from: String,
    /// The attribute with the last unit held, not below the first.
    pub to: String,
}

/// One numbered row of the SOP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The name in acts and policies.
    pub key: String,
    /// Printed: No. None in sources without one.
    pub number: Option<String>,
    /// Printed: Aktivitas.
    pub activity: String,
    /// Records required beforehand.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Records brought by the performer in the same call.
    #[serde(default)]
    pub brings: Vec<String>,
    /// Records left by the step.
    #[serde(default)]
    pub produces: Vec<String>,
    /// Printed: Kelengkapan.
    pub printed_requires: Option<String>,
    /// Printed: Output.
    pub printed_output: Option<String>,
    /// Printed: Waktu.
    pub time: Option<StandardTime>,
    /// The document whose current copy this step's signers sign or refuse, while the request is here.
    pub signs: Option<String>,
    /// Printed: Keterangan, and remarks on the reading of the source.
    pub note: Option<String>,
    /// Not in the source document.
    #[serde(default)]
    pub inferred: bool,
    /// How the step may end.
    pub outcomes: Vec<Outcome>,
}

/// How long a step may take, in working time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandardTime {
    /// How many units, at least 1.
    pub amount: u32,
    /// The unit.
    pub unit: TimeUnit,
    /// As printed (`5 Menit`).
    pub printed: String,
}

/// The unit of a [`StandardTime`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeUnit {
    /// Menit.
    Minute,
    /// Jam.
    Hour,
    /// Hari.
    Day,
}

/// A possible end of a step, and the inputs and conditions of an act for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The name in acts.
    pub key: String,
    /// For people, in Indonesian.
    pub label: String,
    /// The arrow: the following step. Either this or `ends`.
    pub to: Option<String>,
    /// The arrow: how the request ends.
    pub ends: Option<Ending>,
    /// Not in the source document.
    #[serde(default)]
    pub inferred: bool,
    /// As the step's, unless given.
    pub requires: Option<Vec<String>>,
    /// As the step's, unless given.
    pub brings: Option<Vec<String>>,
    /// As the step's, unless given.
    pub produces: Option<Vec<String>>,
    /// Documents that may come with the act.
    #[serde(default)]
    pub may_add: Vec<String>,
    /// A note with the act.
    #[serde(default)]
    pub note: Requirement,
    /// A disposition to the next step's performer, with the act.
    #[serde(default)]
    pub disposition: Requirement,
    /// The asset's attributes, with the act.
    #[serde(default)]
    pub asset: Requirement,
    /// When not empty, the only attributes this act may change; the others stay.
    #[serde(default)]
    pub asset_changes: Vec<String>,
    /// The credential's secret, with the act.
    #[serde(default)]
    pub secret: Requirement,
    /// The credential's recipient. Without one: the submitter.
    #[serde(default)]
    pub recipient: Requirement,
    /// The act's effect on the asset.
    pub effect: Option<Effect>,
    /// Open only on a visit that was reached by this arrow.
    pub came_by: Option<Arrow>,
    /// Open only while the latest completed visit of the step ended so.
    pub last: Option<Arrow>,
    /// Open only while the current document of this kind is signed.
    pub signed: Option<String>,
    /// Open only while the current document of this kind is refused.
    pub refused: Option<String>,
    /// Documents brought and signed by the same act.
    #[serde(default)]
    pub signs: Vec<String>,
    /// A signed document whose title and signatures the produced one takes over.
    pub carries: Option<Carry>,
    /// The note is the reason for the applicant. Always so for outcomes that return or end without success.
    #[serde(default)]
    pub reason: bool,
}

/// The need for an input of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Requirement {
    /// Refused when given.
    #[default]
    None,
    /// May be given.
    Optional,
    /// Refused when missing.
    Required,
}

/// How a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// The service was given.
    Completed,
    /// The service was refused.
    Rejected,
}

/// The effect of an outcome on the asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Holds its name or place, before anything is made.
    Reserve,
    /// Makes it, promotes a reserved one, or makes it again with other attributes.
    Provision,
    /// Confirms its working.
    Verify,
    /// Hands it over.
    Deliver,
}

/// A step and how it ended, written `5:no`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arrow {
    /// The step's key.
    pub step: String,
    /// The outcome's key.
    pub outcome: String,
}

impl TryFrom<String> for Arrow {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(':') {
            Some((step, outcome)) if !step.is_empty() && !outcome.is_empty() && !outcome.contains(':') => {
                Ok(Self { step: step.to_owned(), outcome: outcome.to_owned() })
            }
            _ => Err(format!("`{text}` is not a step and an outcome, written like `5:no`")),
        }
    }
}

impl From<Arrow> for String {
    fn from(arrow: Arrow) -> Self {
        format!("{}:{}", arrow.step, arrow.outcome)
    }
}

/// A signed document, and the one taking over its title and signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carry {
    /// The signed document's kind.
    pub from: String,
    /// The kind taking over.
    pub to: String,
}

impl Procedure {
    /// True for the same version of the same SOP, of any content.
    pub fn is_same_version(&self, other: &Self) -> bool {
        (&self.office, &self.key, self.version) == (&other.office, &other.key, other.version)
    }

    /// The step of a key.
    pub fn step(&self, key: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.key == key)
    }

    /// The step of submission. `None` only for a procedure refused by `check`.
    pub fn first_step(&self) -> Option<&Step> {
        self.steps.first()
    }

    /// True if the outcome hands the request back to its submitter.
    pub fn returns(&self, outcome: &Outcome) -> bool {
        outcome.to.is_some() && outcome.to.as_ref() == self.steps.first().map(|step| &step.key)
    }

    /// True if the outcome's note is the reason for the applicant.
    pub fn gives_reason(&self, outcome: &Outcome) -> bool {
        outcome.reason || outcome.ends == Some(Ending::Rejected) || self.returns(outcome)
    }

    /// From when the procedure is in force: the effective date, else the date of making, else always.
    pub fn in_force_from(&self) -> Option<NaiveDate> {
        self.effective_on.or(self.created_on)
    }

    /// The origin of a record; none for an unknown key.
    pub fn origin(&self, record: &str) -> Option<Origin> {
        self.records.get(record).map(|record| record.origin)
    }

    /// True if a document of the kind becomes the applicant's with the end of the request.
    pub fn is_for_applicant(&self, record: &str) -> bool {
        self.records.get(record).is_some_and(|record| record.for_applicant)
    }
}

impl Step {
    /// The outcome of a key.
    pub fn outcome(&self, key: &str) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.key == key)
    }

    /// The records required before an outcome.
    pub fn requires<'a>(&'a self, outcome: &'a Outcome) -> &'a [String] {
        outcome.requires.as_deref().unwrap_or(&self.requires)
    }

    /// The records brought by an act of an outcome.
    pub fn brings<'a>(&'a self, outcome: &'a Outcome) -> &'a [String] {
        outcome.brings.as_deref().unwrap_or(&self.brings)
    }

    /// The records left by an outcome.
    pub fn produces<'a>(&'a self, outcome: &'a Outcome) -> &'a [String] {
        outcome.produces.as_deref().unwrap_or(&self.produces)
    }

    /// The documents required from an act of an outcome: the brought and the produced ones, each once.
    pub fn documents_wanted<'a>(&'a self, procedure: &Procedure, outcome: &'a Outcome) -> Vec<&'a str> {
        let mut wanted: Vec<&str> = Vec::new();
        for record in self.brings(outcome).iter().chain(self.produces(outcome)) {
            if procedure.origin(record) == Some(Origin::Document) && !wanted.contains(&record.as_str()) {
                wanted.push(record);
            }
        }
        wanted
    }
}
