//! A signer's decision on a document.

use sea_orm::entity::prelude::*;

/// A signer's decision on a document.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signatures")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The document.
    pub document_id: Uuid,
    /// When.
    pub at: DateTimeUtc,
    /// Signed or refused.
    pub decision: String,
    /// The signer's note.
    pub note: Option<String>,
    /// SHA-256 of the document as decided on, in hex.
    pub digest: String,
    /// The actor.
    pub actor_user: Uuid,
    /// The role acted in.
    pub actor_role: String,
    /// The capacity in the role.
    pub actor_capacity: String,
    /// The official stood in for, if any.
    pub actor_for: Option<Uuid>,
}

/// No relations: related rows of a page are read by one statement.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
