//! Errors of use cases: [`UserError`] for the user, [`ServiceError::Internal`] for the operator.

use crate::auth::KeyError;
use crate::language::Text;
use crate::procedure::Procedure;
use crate::say;
use crate::store::StoreError;
use crate::workflow::{ActInput, Refusal, WhenNeeded};

/// An error of a use case.
#[derive(Debug)]
pub enum ServiceError {
    /// The caller is not signed in.
    Unauthenticated,
    /// No policy line lets the caller do this.
    Forbidden(Text),
    /// Errors of the input, for the user to correct. Nothing has changed.
    User(Vec<UserError>),
    /// A cursor not issued by this server.
    InvalidCursor,
    /// A cursor beyond the end of the log: an older backup was restored since.
    CursorAhead,
    /// The database aborted the transaction (deadlock, serialization failure); a retry may succeed. With the operator's
    /// message.
    Aborted(String),
    /// The database is unavailable or read-only for now. With the operator's message.
    Unavailable(String),
    /// A fault of the server.
    Internal(String),
}

/// One error for the user to correct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserError {
    /// The stable code.
    pub code: UserErrorCode,
    /// For people.
    pub message: Text,
    /// The path in the input; empty for all of it.
    pub path: Vec<String>,
}

/// The stable code of a user error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the published schema describes each, once")]
pub enum UserErrorCode {
    InvalidInput,
    InvalidDetails,
    NotFound,
    StaleVersion,
    StepNotCurrent,
    OutcomeNotAvailable,
    MissingRecord,
    SignatureMissing,
    AlreadySigned,
    NameTaken,
    PlacementOverlap,
    DuplicateLetter,
    ProcedureChanged,
    RequestEnded,
    IdempotencyKeyReused,
    CredentialNotAvailable,
    AlreadyRevealed,
    AssetNotActive,
    InvalidCredentials,
    TooManyAttempts,
    SessionEnded,
    TotpRequired,
    ActingAsNeeded,
    NotForYourself,
    LastAdministrator,
}

/// The result of a use case.
pub type ServiceResult<T> = Result<T, ServiceError>;

impl UserError {
    /// An error at a place of the input.
    pub fn at(code: UserErrorCode, path: &[&str], message: impl Into<Text>) -> Self {
        Self { code, message: message.into(), path: path.iter().map(|part| (*part).to_owned()).collect() }
    }
}

impl ServiceError {
    /// One error at a place of the input.
    pub fn user(code: UserErrorCode, path: &[&str], message: impl Into<Text>) -> Self {
        Self::User(vec![UserError::at(code, path, message)])
    }

    /// The error for an unknown id and for a hidden one alike.
    pub fn not_found(path: &[&str]) -> Self {
        Self::user(UserErrorCode::NotFound, path, "Nothing with this id is visible to you.")
    }

    /// The step machine's reasons, for people.
    pub fn from_refusals(procedure: &Procedure, refusals: Vec<Refusal>) -> Self {
        if refusals.is_empty() {
            return Self::Internal("the step machine refused without a reason".to_owned());
        }
        Self::User(refusals.into_iter().map(|refusal| explain(procedure, refusal)).collect())
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::user(
                UserErrorCode::StaleVersion,
                &["expectedVersion"],
                "The request has moved on. Read it again and decide anew.",
            ),
            StoreError::NameTaken => Self::user(
                UserErrorCode::NameTaken,
                &["asset", "attributes"],
                "Another asset in service has this name. Choose another.",
            ),
            StoreError::PlaceTaken => Self::user(
                UserErrorCode::PlacementOverlap,
                &["asset", "attributes"],
                "Another placement holds some of these units. Choose others.",
            ),
            StoreError::DuplicateLetter => Self::user(
                UserErrorCode::DuplicateLetter,
                &["letter", "number"],
                "Your agency has sent a letter of this number and date for this procedure already.",
            ),
            StoreError::KeyInUse => Self::user(
                UserErrorCode::IdempotencyKeyReused,
                &["idempotencyKey"],
                "Another call with this key is under way. Send it again in a moment.",
            ),
            StoreError::Unfit(_) => {
                Self::user(UserErrorCode::InvalidInput, &[], "A text holds a NUL character, or a date is out of range.")
            }
            StoreError::GivenUp(error) => Self::Aborted(error.to_string()),
            StoreError::Unavailable(error) => Self::Unavailable(error.to_string()),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<KeyError> for ServiceError {
    fn from(error: KeyError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<serde_json::Error> for ServiceError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

fn name(procedure: &Procedure, record: &str) -> String {
    procedure.records.get(record).map_or_else(|| record.to_owned(), |found| format!("{} (`{record}`)", found.name))
}

fn explain(procedure: &Procedure, refusal: Refusal) -> UserError {
    use UserErrorCode as Code;
    match refusal {
        Refusal::Ended(_) => {
            UserError::at(Code::RequestEnded, &["requestId"], "The request has ended; nothing more can be done to it.")
        }
        Refusal::UnknownStep(step) => {
            let known: Vec<&str> = procedure.steps.iter().map(|step| step.key.as_str()).collect();
            let message = say!("The procedure has no step `{step}`; it has {known}.", step, known = known.join(", "));
            UserError::at(Code::InvalidInput, &["step"], message)
        }
        Refusal::StepNotCurrent { asked, current } => UserError::at(
            Code::StepNotCurrent,
            &["step"],
            say!("The request stands at step {current}, not at step {asked}.", current, asked),
        ),
        Refusal::FirstStep(step) => UserError::at(
            Code::OutcomeNotAvailable,
            &["step"],
            say!(
                "Step {step} is the submitter's: use submitRequest, or resubmitRequest for a request that came back.",
                step
            ),
        ),
        Refusal::NotReturned => {
            UserError::at(Code::OutcomeNotAvailable, &["requestId"], "The request was not returned to its submitter.")
        }
        Refusal::UnknownOutcome { asked, known } => UserError::at(
            Code::OutcomeNotAvailable,
            &["outcome"],
            say!("The step has no outcome `{asked}`; it has {known}.", asked, known = known.join(", ")),
        ),
        Refusal::CameOtherwise(arrow) => UserError::at(
            Code::OutcomeNotAvailable,
            &["outcome"],
            say!("This outcome is open only when the request came here by {arrow}.", arrow = String::from(arrow)),
        ),
        Refusal::EndedOtherwise(arrow) => UserError::at(
            Code::OutcomeNotAvailable,
            &["outcome"],
            say!("This outcome is open only while the latest decision was {arrow}.", arrow = String::from(arrow)),
        ),
        Refusal::NotRefused(record) => UserError::at(
            Code::OutcomeNotAvailable,
            &["outcome"],
            say!(
                "This outcome is open only when {record} was refused by its signer.",
                record = name(procedure, &record)
            ),
        ),
        Refusal::NotSigned(record) => UserError::at(
            Code::SignatureMissing,
            &["outcome"],
            say!(
                "{record} is not signed yet; its signer decides with signDocument.",
                record = name(procedure, &record)
            ),
        ),
        Refusal::AssetNotReady => UserError::at(
            Code::OutcomeNotAvailable,
            &["outcome"],
            "The asset is not in a state in which this can be done.",
        ),
        Refusal::Missing { record, needed: WhenNeeded::Before } => UserError::at(
            Code::MissingRecord,
            &["outcome"],
            say!("{record} must be there before this step, and is not.", record = name(procedure, &record)),
        ),
        Refusal::Missing { record, needed: WhenNeeded::WithAct } => UserError::at(
            Code::MissingRecord,
            &["documents"],
            say!("{record} must be brought with this step: add it to `documents`.", record = name(procedure, &record)),
        ),
        Refusal::Wanted(given) => {
            let (path, what) = field(given);
            UserError::at(Code::InvalidInput, path, say!("This outcome wants {what}.", what))
        }
        Refusal::Unwanted(given) => {
            let (path, what) = field(given);
            UserError::at(Code::InvalidInput, path, say!("This outcome does not take {what}: leave it out.", what))
        }
        Refusal::UnwantedDocument(record) => UserError::at(
            Code::InvalidInput,
            &["documents"],
            say!("This outcome takes no document of kind `{record}`.", record),
        ),
        Refusal::NothingToSign(record) => UserError::at(
            Code::StepNotCurrent,
            &["documentId"],
            say!("{record} waits for no signature where the request stands now.", record = name(procedure, &record)),
        ),
        Refusal::AlreadySigned(_) => {
            UserError::at(Code::AlreadySigned, &["documentId"], "This document has been decided on already.")
        }
        Refusal::Provisioned => UserError::at(
            Code::OutcomeNotAvailable,
            &["requestId"],
            "Something has been provisioned for this request: it can no longer be withdrawn.",
        ),
        Refusal::AssetNotActive => UserError::at(Code::AssetNotActive, &["assetId"], "The asset is not in service."),
    }
}

fn field(given: ActInput) -> (&'static [&'static str], Text) {
    match given {
        ActInput::Note => (&["note"], say!("a note")),
        ActInput::Disposition => (&["disposition"], say!("a disposition")),
        ActInput::Asset => (&["asset"], say!("the asset's attributes")),
        ActInput::Secret => (&["asset", "secret"], say!("a secret")),
        ActInput::Recipient => (&["recipientId"], say!("a recipient")),
    }
}
