//! One run of a procedure.

use sea_orm::entity::prelude::*;

/// One run of a procedure.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "requests")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Its number.
    pub number: String,
    /// The office's key.
    pub office: String,
    /// The procedure's key.
    pub procedure: String,
    /// The version it began with.
    pub procedure_version: i32,
    /// The agency of the applicant.
    pub agency_id: Uuid,
    /// The submitter.
    pub submitted_by: Uuid,
    /// The current letter's number.
    pub letter_number: String,
    /// The current letter's date.
    pub letter_date: Date,
    /// The current letter's confidentiality.
    pub confidentiality: String,
    /// Number, letter number and subject in lower case, to search in.
    pub search: String,
    /// Its phase.
    pub status: String,
    /// Why it was returned, rejected or withdrawn.
    pub reason: Option<String>,
    /// The step under way.
    pub step: Option<String>,
    /// Some outcome of the step under way is open.
    pub executable: bool,
    /// A document waits for a signer.
    pub signable: bool,
    /// Since when it waits where it stands.
    pub waiting_since: Option<DateTimeUtc>,
    /// When the step under way should end.
    pub due_at: Option<DateTimeUtc>,
    /// Counts the acts.
    pub version: i32,
    /// When it was submitted first.
    pub submitted_at: DateTimeUtc,
    /// When it changed last.
    pub updated_at: DateTimeUtc,
    /// When it ended.
    pub finished_at: Option<DateTimeUtc>,
    /// The step machine's state, as JSON.
    pub state: String,
    /// The sequence of its last event.
    pub last_sequence: i64,
    /// The MAC of its last event.
    pub last_mac: Vec<u8>,
    /// A MAC over every other column.
    pub row_mac: Vec<u8>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
