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
    /// SHA-256 of what was decided on, in hex.
    pub digest: String,
    /// Who did it.
    pub actor_user: Uuid,
    /// The role they acted as.
    pub actor_role: String,
    /// The capacity they held it in.
    pub actor_capacity: String,
    /// For whom they stood in.
    pub actor_for: Option<Uuid>,
}

/// None are declared: what belongs together is read by one statement for a whole page.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
