//! An event of a request or of an office's own record.

use sea_orm::entity::prelude::*;

/// An event of a request or of an office's own record.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The request, or the chain of an office's own events.
    pub request_id: Uuid,
    /// The number within the request or chain, from 1, without gaps.
    pub sequence: i64,
    /// The word of its kind.
    pub kind: String,
    /// When.
    pub at: DateTimeUtc,
    /// The request's version after it.
    pub version: i32,
    /// 0 the office, 1 the applicant too, 2 the applicant once the request has ended.
    pub audience: i16,
    /// The stored body as JSON, covered by the MAC.
    pub body: String,
    /// A MAC over the one before and the body.
    pub mac: Vec<u8>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
