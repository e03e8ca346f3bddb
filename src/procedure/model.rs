//! The model of one version of one SOP: all that its printed form holds, and the machine's reading beside it.
//!
//! The types are what `procedures/<office>/<key>.toml` deserialises to, one to one; `docs/procedures.md` explains the
//! file to its author.

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
    /// What clients and policies name: the file's name without `.toml`.
    pub key: String,
    /// Counts the versions of this SOP from 1; any change of content needs a new one.
    pub version: u32,
    /// What stands for the procedure in request numbers (`SUBDOMAIN`).
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
    /// Every record that a step needs or leaves, by key.
    pub records: BTreeMap<String, Record>,
    /// JSON Schema (2020-12) of what a submission's `details` must hold. `$defs` comes from the office.
    pub details: serde_json::Value,
    /// What the procedure provisions, where it provisions anything.
    pub asset: Option<AssetSpec>,
    /// The numbered rows in their order; the first is the submitter's.
    pub steps: Vec<Step>,
}

/// A document, form or fact that a step needs or leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its printed name.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// A document that is the applicant's once the request has ended.
    #[serde(default)]
    pub for_applicant: bool,
}

/// Where a record comes from.
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

/// What the procedure provisions. Code knows no kind but to give it a GraphQL type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssetSpec {
    /// The kind: `CloudAccount`, `Subdomain`, `ServerPlacement`, or any other, shown as `GenericAsset`.
    pub kind: String,
    /// The asset's name: a template over attributes (`{username}`).
    pub name: String,
    /// What must be unique among the office's living assets of this kind: a template over attributes.
    pub unique: Option<String>,
    /// What must not overlap among the office's living assets of this kind.
    pub interval: Option<Interval>,
    /// The attribute that is the login of its credential.
    pub login: Option<String>,
    /// Attributes that take the number of a document (`determinationNumber = "penetapan"`).
    #[serde(default)]
    pub numbers: BTreeMap<String, String>,
    /// JSON Schema (2020-12) of the attributes. `$defs` comes from the office.
    pub attributes: serde_json::Value,
}

/// A stretch of places that only one living asset may hold: three attribute names. An asset without the place attribute
/// holds none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The attribute that names the place (a rack).
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
    /// What acts and policies name.
    pub key: String,
    /// Printed: No. None where the source prints none.
    pub number: Option<String>,
    /// Printed: Aktivitas.
    pub activity: String,
    /// Records that must be there before.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Records that the performer brings in the same call.
    #[serde(default)]
    pub brings: Vec<String>,
    /// Records that the step leaves.
    #[serde(default)]
    pub produces: Vec<String>,
    /// Printed: Kelengkapan.
    pub printed_requires: Option<String>,
    /// Printed: Output.
    pub printed_output: Option<String>,
    /// Printed: Waktu.
    pub time: Option<StandardTime>,
    /// The document whose current copy this step's signers sign or refuse while the request stands here.
    pub signs: Option<String>,
    /// Printed: Keterangan, and what the reading of the source needs said.
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

/// How a step may end, and all that an act must hold to end it so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// What acts name.
    pub key: String,
    /// For people, in Indonesian.
    pub label: String,
    /// The arrow: the step that follows. Either this or `ends`.
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
    /// Whether a note comes with the act.
    #[serde(default)]
    pub note: Requirement,
    /// Whether a disposition to the next step's performer comes with the act.
    #[serde(default)]
    pub disposition: Requirement,
    /// Whether the asset's attributes come with the act.
    #[serde(default)]
    pub asset: Requirement,
    /// When not empty, the only attributes this act may change; the others stay.
    #[serde(default)]
    pub asset_changes: Vec<String>,
    /// Whether the credential's secret comes with the act.
    #[serde(default)]
    pub secret: Requirement,
    /// Whether the credential's recipient may be named. Not named: the submitter.
    #[serde(default)]
    pub recipient: Requirement,
    /// What the act does to the asset.
    pub effect: Option<Effect>,
    /// Open only on a visit that was reached by this arrow.
    pub came_by: Option<Arrow>,
    /// Open only while the latest completed visit of that step ended so.
    pub last: Option<Arrow>,
    /// Open only while the current document of this kind is signed.
    pub signed: Option<String>,
    /// Open only while the current document of this kind is refused.
    pub refused: Option<String>,
    /// Documents that the act itself signs as it brings them.
    #[serde(default)]
    pub signs: Vec<String>,
    /// A signed document whose title and signatures the produced one takes over.
    pub carries: Option<Carry>,
    /// The note is the reason that the applicant reads. Always so for outcomes that return or end without success.
    #[serde(default)]
    pub reason: bool,
}

/// Whether an act wants something.
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

/// What an outcome does to the asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Holds its name or place, before anything is made.
    Reserve,
    /// Makes it, promotes what was reserved, or makes it anew with other attributes.
    Provision,
    /// Confirms that it works.
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

/// The document signed before, and the one that takes over its title and signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carry {
    /// The signed document's kind.
    pub from: String,
    /// The kind that takes over.
    pub to: String,
}

impl Procedure {
    /// Whether the other is the same version of the same SOP, whatever it says.
    pub fn is_same_version(&self, other: &Self) -> bool {
        (&self.office, &self.key, self.version) == (&other.office, &other.key, other.version)
    }

    /// The step of that key.
    pub fn step(&self, key: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.key == key)
    }

    /// The step at which a request is submitted. `None` only for a procedure that `check` refuses.
    pub fn first_step(&self) -> Option<&Step> {
        self.steps.first()
    }

    /// Whether this outcome hands the request back to its submitter.
    pub fn returns(&self, outcome: &Outcome) -> bool {
        outcome.to.is_some() && outcome.to.as_ref() == self.steps.first().map(|step| &step.key)
    }

    /// Whether this outcome's note is the reason that the applicant reads.
    pub fn gives_reason(&self, outcome: &Outcome) -> bool {
        outcome.reason || outcome.ends == Some(Ending::Rejected) || self.returns(outcome)
    }

    /// From when the procedure is in force: the effective date, else the date of making, else always.
    pub fn in_force_from(&self) -> Option<NaiveDate> {
        self.effective_on.or(self.created_on)
    }

    /// Where a record comes from. `None` for a key that is no record.
    pub fn origin(&self, record: &str) -> Option<Origin> {
        self.records.get(record).map(|record| record.origin)
    }

    /// Whether a document of this kind is the applicant's once the request has ended.
    pub fn is_for_applicant(&self, record: &str) -> bool {
        self.records.get(record).is_some_and(|record| record.for_applicant)
    }
}

impl Step {
    /// The outcome of that key.
    pub fn outcome(&self, key: &str) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.key == key)
    }

    /// The records that must be there before this outcome.
    pub fn requires<'a>(&'a self, outcome: &'a Outcome) -> &'a [String] {
        outcome.requires.as_deref().unwrap_or(&self.requires)
    }

    /// The records that come with an act of this outcome.
    pub fn brings<'a>(&'a self, outcome: &'a Outcome) -> &'a [String] {
        outcome.brings.as_deref().unwrap_or(&self.brings)
    }

    /// The records that this outcome leaves.
    pub fn produces<'a>(&'a self, outcome: &'a Outcome) -> &'a [String] {
        outcome.produces.as_deref().unwrap_or(&self.produces)
    }

    /// The documents that an act of this outcome must bring: those it brings and those it produces, each once.
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
