//! Check that rights read earlier are still in force: by the version of people and grants in the results of later statements.

use std::sync::atomic::{AtomicI64, Ordering};

use entity::people_version;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SimpleExpr};

/// Rights to be confirmed by one statement that finds the version under which they were read: they were in force then, whatever
/// changed since.
#[derive(Debug)]
pub struct RightsCheck {
    version: i64,
    /// The version found last, if none was the expected one.
    found: AtomicI64,
}

impl RightsCheck {
    /// A check of rights read under a version of people and grants.
    pub fn new(version: i64) -> Self {
        Self { version, found: AtomicI64::new(0) }
    }

    /// A check of rights that were read for the query itself.
    pub fn confirmed(version: i64) -> Self {
        Self { version, found: AtomicI64::new(version) }
    }

    /// Notes the version found by a statement.
    pub fn note(&self, found: i64) {
        if !self.is_confirmed() {
            self.found.store(found, Ordering::Relaxed);
        }
    }

    /// A statement has found the version.
    pub fn is_confirmed(&self) -> bool {
        self.found.load(Ordering::Relaxed) == self.version
    }

    /// The version found last; 0 before the first.
    pub fn found(&self) -> i64 {
        self.found.load(Ordering::Relaxed)
    }
}

/// The version of people and grants, as part of a statement.
pub(in crate::store) fn people_version() -> SimpleExpr {
    let version = Query::select()
        .column(people_version::Column::Version)
        .from(people_version::Entity)
        .and_where(Expr::col(people_version::Column::Id).eq(Expr::cust("1")))
        .to_owned();
    SimpleExpr::SubQuery(None, Box::new(version.into()))
}
