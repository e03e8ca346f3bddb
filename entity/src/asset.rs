//! An asset: the thing provisioned by a request.

use sea_orm::entity::prelude::*;

/// An asset: the thing provisioned by a request.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "assets")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The request; one asset each.
    pub request_id: Uuid,
    /// The office's key.
    pub office: String,
    /// The procedure's key.
    pub procedure: String,
    /// The agency it is for.
    pub agency_id: Uuid,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The name, unique among living assets of its kind.
    pub unique_name: Option<String>,
    /// How far it has come.
    pub status: String,
    /// Its attributes, as JSON.
    pub attributes: String,
    /// When it was reserved or made.
    pub created_at: DateTimeUtc,
    /// When it was verified.
    pub verified_at: Option<DateTimeUtc>,
    /// When it was handed over.
    pub delivered_at: Option<DateTimeUtc>,
    /// When it was taken out of service.
    pub revoked_at: Option<DateTimeUtc>,
    /// Why.
    pub revocation_reason: Option<String>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
