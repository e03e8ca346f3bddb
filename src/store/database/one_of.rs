//! Lists of ids in statements whose text hardly depends on the number of ids: prepared statements are kept by their text.

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend};
use uuid::Uuid;

/// Builds the condition that a column is one of the ids. On PostgreSQL they are one array; on SQLite a list as long as a power of two,
/// its rest filled with the last id.
pub(in crate::store) fn one_of<C: ConnectionTrait>(
    connection: &C,
    column: impl ColumnTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> SimpleExpr {
    let mut ids: Vec<Uuid> = ids.into_iter().collect();
    if connection.get_database_backend() == DbBackend::Postgres {
        return column.eq_any(ids);
    }
    match ids.last() {
        Some(last) => {
            ids.resize(ids.len().next_power_of_two(), *last);
            column.is_in(ids)
        }
        // For none.
        None => Expr::cust("1 = 0"),
    }
}
