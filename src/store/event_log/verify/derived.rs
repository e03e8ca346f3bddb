//! Verification of what the database derives from requests, and lists rely on: visited steps, kept counts, searched texts.

use sea_orm::{ConnectionTrait, DbBackend};

use super::defect::{Defect, Stop};
use super::progress::Verification;
use crate::store::request_counts::COLUMNS;

impl Verification<'_> {
    /// Compares the derived columns and tables with the requests.
    pub(super) async fn derived(&self) -> Result<(), Stop> {
        let backend = self.snapshot.get_database_backend();
        let mut checks = vec![
            ("requests", "a request's visited steps are not those of its state", visited(backend)),
            ("request_counts", "the counts are not those of the requests", counts()),
        ];
        if backend == DbBackend::Sqlite {
            checks.push(("request_texts", "a searched text is not its request's", TEXTS.to_owned()));
        }
        for (table, what, differences) in checks {
            let first = format!("{differences} LIMIT 1");
            let statement = sea_orm::Statement::from_string(backend, first);
            if self.snapshot.query_one_raw(statement).await?.is_some() {
                return Err(Defect::new(format!("table {table}"), what).into());
            }
        }
        Ok(())
    }
}

/// Requests with other visited steps than those of their state.
fn visited(backend: DbBackend) -> String {
    let (steps, differ) = match backend {
        DbBackend::Postgres => (r#"substring(state from '"visits":(\{[^}]*\})')"#, "IS DISTINCT FROM"),
        _ => ("CASE WHEN json_valid(state) THEN json_extract(state, '$.visits') END", "IS NOT"),
    };
    format!("SELECT 1 FROM requests WHERE visited {differ} {steps}")
}

/// Combinations with another number of requests than is kept.
fn counts() -> String {
    let counted = COLUMNS.map(|column| match column {
        "step" | "visited" => format!("COALESCE({column}, '') AS {column}"),
        _ => column.to_owned(),
    });
    let (counted, columns) = (counted.join(", "), COLUMNS.join(", "));
    format!(
        "SELECT 1 FROM (SELECT {columns}, count FROM request_counts UNION ALL SELECT {counted}, -1 FROM requests) AS both_counts \
         GROUP BY {columns} HAVING SUM(count) <> 0"
    )
}

/// Requests whose searched text is missing or another, and texts of no request.
const TEXTS: &str = "SELECT 1 FROM (SELECT id, search FROM requests EXCEPT SELECT request_id, search FROM request_texts) \
    UNION ALL SELECT 1 FROM request_texts WHERE request_id NOT IN (SELECT id FROM requests)";
