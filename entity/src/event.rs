//! One thing that happened to a request.

use sea_orm::entity::prelude::*;

/// One thing that happened to a request.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The request, or the chain of an office's own events.
    pub request_id: Uuid,
    /// Within that, from 1, no gaps.
    pub sequence: i64,
    /// What happened.
    pub kind: String,
    /// When.
    pub at: DateTimeUtc,
    /// The request's version after it.
    pub version: i32,
    /// 0 the office, 1 the applicant too, 2 the applicant once the request has ended.
    pub audience: i16,
    /// All of it, as JSON: what the MAC covers.
    pub body: String,
    /// A MAC over the one before and the body.
    pub mac: Vec<u8>,
}

/// None are declared: what belongs together is read by one statement for a whole page.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
