//! Stored bodies of events: one type for a request's event, one for an office's, each with one writer and one reader.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{OfficeEventKind, RequestEventKind};
use crate::access::Actor;

/// MACs of rows by the rows' names: the rows changed with an event.
pub type RowMacs = BTreeMap<String, String>;

/// The end of the log when an event was written: its position and, in base64, the MAC of its row.
pub type LogLink = (i64, String);

/// The audience of an event: its visibility to the applicant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "i16", try_from = "i16")]
pub enum Audience {
    /// The office only.
    Office = 0,
    /// The applicant too.
    Applicant = 1,
    /// The applicant too, once the request has ended.
    ApplicantAtEnd = 2,
}

impl From<Audience> for i16 {
    fn from(audience: Audience) -> Self {
        audience as Self
    }
}

impl TryFrom<i16> for Audience {
    type Error = String;

    fn try_from(number: i16) -> Result<Self, String> {
        let all = [Self::Office, Self::Applicant, Self::ApplicantAtEnd];
        all.into_iter().find(|audience| i16::from(*audience) == number).ok_or_else(|| format!("no audience: {number}"))
    }
}

/// The subject of a request's event, beside the request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestEventSubject {
    /// The key of the step.
    pub step: Option<String>,
    /// The key of the step's outcome.
    pub outcome: Option<String>,
    /// The disposition.
    pub disposition: Option<Uuid>,
    /// The document.
    pub document: Option<Uuid>,
    /// The document's kind.
    pub record: Option<String>,
    /// The asset.
    pub asset: Option<Uuid>,
}

/// The stored body of a request's event: the bytes under its MAC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestEventBody {
    /// The event's id.
    pub id: Uuid,
    /// The request.
    pub request: Uuid,
    /// The event's number within the request, from 1, without gaps.
    pub sequence: i64,
    /// The kind.
    pub kind: RequestEventKind,
    /// The time of the event.
    pub at: DateTime<Utc>,
    /// The request's version after the event.
    pub version: i32,
    /// The audience.
    pub audience: Audience,
    /// The actor; none for the clock.
    pub actor: Option<Actor>,
    /// Its subject.
    #[serde(flatten)]
    pub subject: RequestEventSubject,
    /// The rows changed with the event.
    #[serde(default, skip_serializing_if = "RowMacs::is_empty")]
    pub rows: RowMacs,
    /// The end of the log, in the first event of a transaction: detects renumbering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogLink>,
}

/// The subject of an office's event, beside the office.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficeEventSubject {
    /// The person.
    pub user: Option<Uuid>,
    /// The grant.
    pub grant: Option<Uuid>,
    /// The agency.
    pub agency: Option<Uuid>,
    /// The hash of the policy.
    pub policy: Option<String>,
}

/// The stored body of an office's event: the bytes under its MAC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficeEventBody {
    /// The event's id.
    pub id: Uuid,
    /// The office's chain, in the place of a request.
    pub request: Uuid,
    /// The office's key.
    pub office: String,
    /// The event's number within the chain, from 1, without gaps.
    pub sequence: i64,
    /// The kind.
    pub kind: OfficeEventKind,
    /// The time of the event.
    pub at: DateTime<Utc>,
    /// Always 0: an office has no version.
    pub version: i32,
    /// The audience.
    pub audience: Audience,
    /// The actor; none for the operator at the machine.
    pub actor: Option<Actor>,
    /// Its subject.
    #[serde(flatten)]
    pub subject: OfficeEventSubject,
    /// The rows changed with the event.
    #[serde(default, skip_serializing_if = "RowMacs::is_empty")]
    pub rows: RowMacs,
    /// The end of the log, in the first event of a transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogLink>,
}

/// Fields of a body repeated in the event's columns: id, chain, sequence, kind's word, time, version, audience.
pub type Columns<'a> = (Uuid, Uuid, i64, &'a str, DateTime<Utc>, i32, i16);

/// A stored body: its one writer and its one reader.
pub trait Body: Serialize + DeserializeOwned {
    /// Writes the stored bytes.
    fn write(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads stored bytes; fails for damaged ones and for an unknown kind.
    fn read(stored: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(stored)
    }

    /// The fields repeated in the event's columns.
    fn columns(&self) -> Columns<'_>;

    /// The rows changed with the event, and the end of the log.
    fn into_links(self) -> (RowMacs, Option<LogLink>);
}

impl Body for RequestEventBody {
    fn columns(&self) -> Columns<'_> {
        (self.id, self.request, self.sequence, self.kind.word(), self.at, self.version, self.audience.into())
    }

    fn into_links(self) -> (RowMacs, Option<LogLink>) {
        (self.rows, self.log)
    }
}

impl Body for OfficeEventBody {
    fn columns(&self) -> Columns<'_> {
        (self.id, self.request, self.sequence, self.kind.word(), self.at, self.version, self.audience.into())
    }

    fn into_links(self) -> (RowMacs, Option<LogLink>) {
        (self.rows, self.log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Capacity;

    /// Bodies as the first release stored them, byte for byte.
    const SUBMITTED: &str = r#"{"id":"00000000-0000-0000-0000-000000000001","request":"00000000-0000-0000-0000-000000000002","sequence":1,"kind":"SUBMITTED","at":"2026-11-30T06:17:56.123456Z","version":1,"audience":1,"actor":{"user":"00000000-0000-0000-0000-000000000003","role":"opd","capacity":"DAILY_ACTING","on_behalf_of":null},"step":"1","outcome":null,"disposition":null,"document":null,"record":null,"asset":null,"rows":{"submissions/00000000-0000-0000-0000-000000000002/1":"bWFj"},"log":[7,"bGFzdA"]}"#;
    const COMPLETED: &str = r#"{"id":"00000000-0000-0000-0000-000000000001","request":"00000000-0000-0000-0000-000000000002","sequence":9,"kind":"STEP_COMPLETED","at":"2026-11-30T06:17:56Z","version":2,"audience":0,"actor":null,"step":"2","outcome":"forward","disposition":"00000000-0000-0000-0000-000000000004","document":"00000000-0000-0000-0000-000000000005","record":"nota","asset":"00000000-0000-0000-0000-000000000006"}"#;
    const GRANTED: &str = r#"{"id":"00000000-0000-0000-0000-000000000001","request":"00000000-0000-0000-0000-000000000002","office":"kominfo","sequence":3,"kind":"ROLE_GRANTED","at":"2026-11-30T06:17:56Z","version":0,"audience":0,"actor":null,"user":"00000000-0000-0000-0000-000000000003","grant":"00000000-0000-0000-0000-000000000004","agency":null,"policy":null,"rows":{"grants/00000000-0000-0000-0000-000000000004":"bWFj"}}"#;
    const CHANGED: &str = r#"{"id":"00000000-0000-0000-0000-000000000001","request":"00000000-0000-0000-0000-000000000002","office":"kominfo","sequence":4,"kind":"POLICY_CHANGED","at":"2026-11-30T06:17:56Z","version":0,"audience":0,"actor":{"user":"00000000-0000-0000-0000-000000000003","role":"admin","capacity":"DEFINITIVE","on_behalf_of":"00000000-0000-0000-0000-000000000004"},"user":null,"grant":null,"agency":null,"policy":"abc","log":[7,"bGFzdA"]}"#;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_request_event_is_stored_byte_for_byte() {
        let actor = Actor { user: id(3), role: "opd".to_owned(), capacity: Capacity::DailyActing, on_behalf_of: None };
        let rows = [("submissions/00000000-0000-0000-0000-000000000002/1".to_owned(), "bWFj".to_owned())];
        let submitted = RequestEventBody {
            id: id(1),
            request: id(2),
            sequence: 1,
            kind: RequestEventKind::Submitted,
            at: at("2026-11-30T06:17:56.123456Z"),
            version: 1,
            audience: Audience::Applicant,
            actor: Some(actor),
            subject: RequestEventSubject { step: Some("1".to_owned()), ..Default::default() },
            rows: rows.into(),
            log: Some((7, "bGFzdA".to_owned())),
        };
        let completed = RequestEventBody {
            sequence: 9,
            kind: RequestEventKind::StepCompleted,
            at: at("2026-11-30T06:17:56Z"),
            version: 2,
            audience: Audience::Office,
            actor: None,
            subject: RequestEventSubject {
                step: Some("2".to_owned()),
                outcome: Some("forward".to_owned()),
                disposition: Some(id(4)),
                document: Some(id(5)),
                record: Some("nota".to_owned()),
                asset: Some(id(6)),
            },
            rows: RowMacs::new(),
            log: None,
            ..submitted.clone()
        };
        for (body, stored) in [(submitted, SUBMITTED), (completed, COMPLETED)] {
            assert_eq!(body.write().unwrap(), stored);
            assert_eq!(RequestEventBody::read(stored).unwrap(), body);
        }
    }

    #[test]
    fn an_office_event_is_stored_byte_for_byte() {
        let rows = [("grants/00000000-0000-0000-0000-000000000004".to_owned(), "bWFj".to_owned())];
        let granted = OfficeEventBody {
            id: id(1),
            request: id(2),
            office: "kominfo".to_owned(),
            sequence: 3,
            kind: OfficeEventKind::RoleGranted,
            at: at("2026-11-30T06:17:56Z"),
            version: 0,
            audience: Audience::Office,
            actor: None,
            subject: OfficeEventSubject { user: Some(id(3)), grant: Some(id(4)), ..Default::default() },
            rows: rows.into(),
            log: None,
        };
        let (user, role, capacity) = (id(3), "admin".to_owned(), Capacity::Definitive);
        let changed = OfficeEventBody {
            sequence: 4,
            kind: OfficeEventKind::PolicyChanged,
            actor: Some(Actor { user, role, capacity, on_behalf_of: Some(id(4)) }),
            subject: OfficeEventSubject { policy: Some("abc".to_owned()), ..Default::default() },
            rows: RowMacs::new(),
            log: Some((7, "bGFzdA".to_owned())),
            ..granted.clone()
        };
        for (body, stored) in [(granted, GRANTED), (changed, CHANGED)] {
            assert_eq!(body.write().unwrap(), stored);
            assert_eq!(OfficeEventBody::read(stored).unwrap(), body);
        }
    }

    #[test]
    fn a_damaged_body_and_an_unknown_kind_are_errors() {
        assert!(RequestEventBody::read("x").is_err());
        assert!(RequestEventBody::read(&SUBMITTED.replace("SUBMITTED", "VANISHED")).is_err());
        assert!(RequestEventBody::read(&SUBMITTED.replace("\"audience\":1", "\"audience\":3")).is_err());
        assert!(OfficeEventBody::read(SUBMITTED).is_err());
        assert!(OfficeEventBody::read(&GRANTED.replace("ROLE_GRANTED", "SUBMITTED")).is_err());
    }
}
