//! disposisi's schema migrations, one expanding step a file; nothing is dropped in the release of its last use.

use sea_orm_migration::prelude::*;

mod m0001_core;
mod m0002_people_version;
mod m0003_key_ids;
mod m0004_offices;
mod m0005_logins;
mod m0006_policies;
mod m0007_letters;
mod m0008_documents;
mod m0009_languages;
mod m0010_request_orders;
mod m0011_turns;
mod m0012_request_counts;
mod m0013_request_search;

/// All migrations, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_core::Migration),
            Box::new(m0002_people_version::Migration),
            Box::new(m0003_key_ids::Migration),
            Box::new(m0004_offices::Migration),
            Box::new(m0005_logins::Migration),
            Box::new(m0006_policies::Migration),
            Box::new(m0007_letters::Migration),
            Box::new(m0008_documents::Migration),
            Box::new(m0009_languages::Migration),
            Box::new(m0010_request_orders::Migration),
            Box::new(m0011_turns::Migration),
            Box::new(m0012_request_counts::Migration),
            Box::new(m0013_request_search::Migration),
        ]
    }
}

pub use sea_orm_migration::{MigratorTrait, SchemaManager};
