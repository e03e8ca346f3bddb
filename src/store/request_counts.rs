//! Kept counts of requests: how many there are of each combination of office, procedure, agency, submitter, confidentiality, status,
//! step, what can be done there, and visited steps. Triggers of the database keep them in the transaction of each change, and the
//! program reads them only in sums: the table has no entity.

use sea_orm::sea_query::{Alias, CaseStatement, Expr, ExprTrait, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, DbBackend};

use super::visibility::constant;
use super::{Store, StoreError};
use crate::workflow::Status;

/// The name under which counts stand in a statement: that of the table of requests, so that conditions on either have the same text.
const NAME: &str = "requests";

/// The sum of kept counts under conditions on counted columns of `requests`.
pub(in crate::store) fn counted(conditions: impl IntoIterator<Item = SimpleExpr>) -> SelectStatement {
    // What is null in a request's row is null here: the time of its end stands for whether it has ended.
    let ends = Status::ALL.into_iter().filter(|status| status.is_end()).map(|status| constant(status.word()));
    let finished = CaseStatement::new().case(Expr::col("status").is_in(ends), constant(1));
    let mut counts = Query::select();
    counts.column("count").expr_as(finished, "finished_at").from("request_counts");
    for column in COLUMNS {
        match column {
            "step" | "visited" => counts.expr_as(Expr::cust(format!("NULLIF({column}, '')")), column),
            _ => counts.column(column),
        };
    }
    let mut sum = Query::select();
    sum.expr(Expr::cust("CAST(COALESCE(SUM(requests.count), 0) AS BIGINT)")).from_subquery(counts, Alias::new(NAME));
    conditions.into_iter().for_each(|condition| {
        sum.and_where(condition);
    });
    sum
}

/// From so many requests on, lists read ahead where few fit; before, they look at each in a few milliseconds.
const LARGE: u64 = 5000;

/// Notes whether there are many requests.
async fn note_size(store: &Store) -> Result<(), StoreError> {
    store.sizes().note(read_count(store, &counted([])).await? >= LARGE);
    Ok(())
}

/// Runs a statement that gives one count.
pub(in crate::store) async fn read_count(store: &Store, statement: &SelectStatement) -> Result<u64, StoreError> {
    let row = store.reader().query_one(statement).await?;
    let number: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default())
}

/// The columns of the table, as the migration has them.
pub(in crate::store) const COLUMNS: [&str; 10] = [
    "office",
    "procedure",
    "agency_id",
    "submitted_by",
    "confidentiality",
    "status",
    "step",
    "executable",
    "signable",
    "visited",
];

/// Sums up the rows of equal combinations on PostgreSQL, where each transaction adds its own; SQLite has one row for each. Notes how
/// many requests there are.
pub async fn sum_up_counts(store: &Store, job: &str) -> Result<(), StoreError> {
    note_size(store).await?;
    if store.reader().get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let Some(transaction) = store.begin_job(job).await? else { return Ok(()) };
    let of = |table: &str| COLUMNS.map(|column| format!("{table}.{column}")).join(", ");
    let columns = COLUMNS.join(", ");
    let statement = format!(
        "WITH several AS (SELECT {columns} FROM request_counts GROUP BY {columns} HAVING count(*) > 1), \
         removed AS (DELETE FROM request_counts AS one USING several WHERE ({}) = ({}) RETURNING one.*) \
         INSERT INTO request_counts ({columns}, count) \
         SELECT {columns}, sum(count) FROM removed GROUP BY {columns} HAVING sum(count) <> 0",
        of("one"),
        of("several")
    );
    transaction.execute_unprepared(&statement).await?;
    transaction.commit().await
}
