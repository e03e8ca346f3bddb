//! Lists of ids in statements whose text hardly depends on the number of ids: prepared statements are kept by their text.

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend};
use uuid::Uuid;

/// The longest list with padding.
const PADDED: usize = 8192;

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
            let (length, last) = (ids.len().next_power_of_two(), *last);
            // A statement has 32,766 parameters at most.
            if length <= PADDED {
                ids.resize(length, last);
            }
            column.is_in(ids)
        }
        // For none.
        None => Expr::cust("1 = 0"),
    }
}
