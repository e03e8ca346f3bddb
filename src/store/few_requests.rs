//! Requests that are read ahead where they are few: those that a role has reached, and those with searched words. The list then looks
//! at these alone; where they are many, it meets enough of them in its own order.

use std::collections::HashSet;
use std::sync::Arc;

use entity::request;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, JoinType, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, RuntimeErr, Statement, sqlx};
use uuid::Uuid;

use super::{RequestCondition, Store, StoreError, Viewing, ViewingScope};
use crate::access::Scope;

/// The most requests that are few. A list that looks for one in so many of a million meets a page of 20 within some twenty thousand rows.
const FEW: usize = 1000;

/// Reads ahead the requests that the caller's roles have reached, where they are few, and where the caller sees little else.
pub(in crate::store) async fn with_few_reached(store: &Store, viewing: &Viewing) -> Result<Viewing, StoreError> {
    let whole = |scope: &&ViewingScope| matches!(scope.scope, Scope::Office | Scope::All);
    let whole: HashSet<String> = viewing.scopes.iter().filter(whole).map(|scope| scope.office.clone()).collect();
    let mut viewing = viewing.clone();
    // Of all scopes together: each id is a parameter of the list on SQLite.
    let mut room = FEW;
    for scope in &mut viewing.scopes {
        let steps = (scope.office.clone(), scope.steps.clone());
        let is_many = whole.contains(&scope.office) || store.sizes().is_busy(&steps);
        if scope.scope != Scope::Reached || scope.steps.is_empty() || is_many {
            continue;
        }
        let reached = ids(store.reader().query_all(&reached(store, scope, viewing.now)).await?)?;
        if reached.len() > FEW {
            store.sizes().note_busy(steps);
        } else if reached.len() <= room {
            room -= reached.len();
            scope.few = Some(Arc::new(reached));
        }
    }
    Ok(viewing)
}

/// The requests that have reached a scope's steps: for each combination of visited steps that there is, those that have it.
fn reached(store: &Store, scope: &ViewingScope, now: chrono::DateTime<chrono::Utc>) -> SelectStatement {
    let reader = store.reader();
    let names = ["office", "procedure", "visited"].map(Alias::new);
    let is_reached = RequestCondition::Office(scope.office.clone()).and(RequestCondition::Reached(scope.steps.clone()));
    let ways = Query::select()
        .distinct()
        .columns(names.clone())
        .from_as(Alias::new("request_counts"), request::Entity)
        .and_where(is_reached.sql(reader, now))
        .to_owned();
    let (way, one) = (Alias::new("way"), Alias::new("one"));
    let is_postgres = reader.get_database_backend() == DbBackend::Postgres;
    let same = names.map(|name| {
        let [ours, theirs] = [&one, &way].map(|table| Expr::col((table.clone(), name.clone())));
        match is_postgres && name == Alias::new("visited") {
            // As the index has it.
            true => md5(ours.clone()).eq(md5(theirs.clone())).and(ours.eq(theirs)),
            false => ours.eq(theirs),
        }
    });
    let same = same.into_iter().reduce(SimpleExpr::and).unwrap_or_else(|| Expr::cust("1 = 0"));
    let limit = FEW as u64 + 1;
    let mut query = Query::select();
    query.column((one.clone(), request::Column::Id)).from_subquery(ways, way);
    if is_postgres {
        // Each combination by itself: the planner does not know how few have one.
        let of_way = Query::select()
            .column((one.clone(), request::Column::Id))
            .from_as(request::Entity, one.clone())
            .and_where(same)
            .limit(limit)
            .to_owned();
        query.join_lateral(JoinType::InnerJoin, of_way, one, Expr::cust("TRUE"));
    } else {
        query.join_as(JoinType::InnerJoin, request::Entity, one, same);
    }
    query.limit(limit).to_owned()
}

fn md5(text: SimpleExpr) -> SimpleExpr {
    Expr::expr(Func::cust(Alias::new("md5")).arg(text))
}

/// The ids in the first column of rows.
fn ids(rows: Vec<QueryResult>) -> Result<Vec<Uuid>, StoreError> {
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

/// The length of the groups of letters in the index of search.
const GROUP: usize = 3;

/// Returns true for a word with a group of letters that the index of search finds. On PostgreSQL that depends on the database's
/// locale, but for these letters and digits.
fn is_indexed(word: &str, backend: DbBackend) -> bool {
    match backend {
        DbBackend::Postgres => {
            word.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|group| group.len() >= GROUP)
        }
        _ => word.chars().count() >= GROUP,
    }
}

/// The requests with all those words in their searched text, if they are few. None also for words that the index does not find.
pub(in crate::store) async fn few_with_words(
    store: &Store,
    words: &[String],
) -> Result<Option<Arc<Vec<Uuid>>>, StoreError> {
    let reader = store.reader();
    let backend = reader.get_database_backend();
    let words: Vec<&String> = words.iter().filter(|word| is_indexed(word, backend)).collect();
    if words.is_empty() {
        return Ok(None);
    }
    let limit = FEW + 1;
    let found = if backend == DbBackend::Postgres {
        let like = (1..=words.len()).map(|number| format!("search LIKE ${number}")).collect::<Vec<_>>().join(" AND ");
        let found = format!("SELECT id FROM requests WHERE {like} LIMIT {limit}");
        // Planned anew each time: whether the index is worth reading depends on the words.
        let mut query = sqlx::query_scalar::<_, Uuid>(sqlx::AssertSqlSafe(found)).persistent(false);
        for word in words {
            query = query.bind(like_pattern(word));
        }
        let found = query.fetch_all(reader.get_postgres_connection_pool()).await;
        found.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))?
    } else {
        let phrases: Vec<String> = words.iter().map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
        let found = format!(
            "SELECT request_id FROM request_texts WHERE number IN \
             (SELECT rowid FROM request_search WHERE request_search MATCH ? LIMIT {limit})"
        );
        let statement = Statement::from_sql_and_values(backend, found, [phrases.join(" AND ").into()]);
        ids(reader.query_all_raw(statement).await?)?
    };
    Ok((found.len() <= FEW).then(|| Arc::new(found)))
}

/// The pattern of texts with a word in them.
fn like_pattern(word: &str) -> String {
    format!("%{}%", word.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_"))
}
