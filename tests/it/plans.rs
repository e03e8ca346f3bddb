//! Plans of lists: with twenty thousand requests, each filter and order is answered from an index, without sorting.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};

use crate::acts::{Cloud, cloud_way, play};
use crate::cast::{And, SINGKAWANG};
use crate::database;
use crate::harness::Server;
use crate::statements::Listened;

/// Multiplies the newest request: the first fiftieth of the copies waits, the others have ended.
fn fill(backend: DbBackend, columns: &[String]) -> String {
    let (numbers, id) = match backend {
        DbBackend::Postgres => ("SELECT n FROM generate_series(1, 20000) AS n", "gen_random_uuid()"),
        _ => (
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000) SELECT n FROM numbers",
            "randomblob(16)",
        ),
    };
    let waits = "n <= 400";
    let value = |column: &String| match column.as_str() {
        "id" => id.to_owned(),
        "number" => "'X/' || n".to_owned(),
        "agency_id" => {
            format!("CASE WHEN {waits} THEN agency_id ELSE (SELECT id FROM agencies WHERE key = 'disdik') END")
        }
        "letter_number" => "'X' || n".to_owned(),
        "status" => format!("CASE WHEN {waits} THEN 'IN_PROGRESS' ELSE 'COMPLETED' END"),
        "step" => format!("CASE WHEN {waits} THEN '4' END"),
        "due_at" => format!("CASE WHEN {waits} THEN due_at END"),
        "finished_at" => format!("CASE WHEN NOT {waits} THEN submitted_at END"),
        other => other.to_owned(),
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    format!(
        "INSERT INTO requests ({}) SELECT {} FROM (SELECT * FROM requests ORDER BY number DESC LIMIT 1) AS one \
         CROSS JOIN ({numbers}) AS numbers",
        columns.join(", "),
        values.join(", ")
    )
}

/// The names of a table's columns.
async fn columns(database: &DatabaseConnection) -> Vec<String> {
    let query = match database.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'requests'"
        }
        _ => "SELECT name FROM pragma_table_info('requests')",
    };
    texts(database, query, "name").await
}

/// A column of texts of a query.
async fn texts(database: &DatabaseConnection, query: &str, column: &str) -> Vec<String> {
    let statement = Statement::from_string(database.get_database_backend(), query);
    let rows = database.query_all_raw(statement).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    rows.iter().map(|row| row.try_get("", column).expect("a text")).collect()
}

/// The plan of a statement, whatever the values of its parameters.
async fn plan(database: &DatabaseConnection, statement: &str) -> String {
    let lines = match database.get_database_backend() {
        DbBackend::Postgres => {
            database.execute_unprepared(&format!("PREPARE asked AS {statement}")).await.expect("prepared");
            let parameters = (1..).take_while(|number| statement.contains(&format!("${number}"))).count();
            let nulls = vec!["NULL"; parameters].join(", ");
            let query = format!("EXPLAIN EXECUTE asked({nulls})").replace("()", "");
            let lines = texts(database, &query, "QUERY PLAN").await;
            database.execute_unprepared("DEALLOCATE asked").await.expect("forgotten");
            lines
        }
        _ => texts(database, &format!("EXPLAIN QUERY PLAN {statement}"), "detail").await,
    };
    lines.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_read_from_indexes() {
    let cast = SINGKAWANG.and(&[("other", "singkawang", "opd", Some("disdik"))]);
    let server = Server::with(&cast);
    let people = server.everybody(&cast).await;
    let request = people["opd"].submit(Cloud::letter("005/1")).await;
    play(&people, &request.number, &cloud_way("akun")[..1]).await;
    let database = database::open(&server.path()).await;
    let columns = columns(&database).await;
    database.execute_unprepared(&fill(database.get_database_backend(), &columns)).await.expect("filled");
    if database.get_database_backend() == DbBackend::Postgres {
        database.execute_unprepared("ANALYZE; SET plan_cache_mode = force_generic_plan").await.expect("analyzed");
    }
    let kadis = people["kadis"].token();
    let listened = Listened::beside(&server, kadis).await;
    let requests = "query($filter: RequestFilter, $order: RequestOrder, $after: String) { \
        requests(first: 20, filter: $filter, orderBy: $order, after: $after) { nodes { id } pageInfo { endCursor } } }";
    let order = |field: &str, direction: &str| json!({ "order": { "field": field, "direction": direction } });
    for (variables, index) in [
        (json!({}), "requests_submitted"),
        (order("SUBMITTED_AT", "ASC"), "requests_submitted"),
        (order("UPDATED_AT", "DESC"), "requests_updated"),
        (order("DUE_AT", "ASC"), "requests_due_first"),
        (order("DUE_AT", "DESC"), "requests_due_last"),
        (json!({ "filter": { "status": ["RETURNED"] } }), "requests_status"),
        (json!({ "filter": { "step": "4" } }), "requests_step"),
        (json!({ "filter": { "agency": "dinkes" } }), "requests_agency_submitted"),
    ] {
        let mut variables = variables;
        // The second page is bounded by the end of the first.
        for _ in 0..2 {
            let (answer, statements) = listened.statements(kadis, requests, variables.clone()).await;
            let list: Vec<&String> = statements.iter().filter(|statement| statement.contains("office_side")).collect();
            let [list] = list[..] else { panic!("{variables}: {statements:#?}") };
            let plan = plan(&database, list).await;
            assert!(plan.contains(index), "{variables} is not answered from {index}:\n{plan}\n{list}");
            for sorts in ["Sort", "TEMP B-TREE"] {
                assert!(!plan.contains(sorts), "{variables} sorts:\n{plan}\n{list}");
            }
            let end: &Value = &answer["requests"]["pageInfo"]["endCursor"];
            if end.is_null() {
                break;
            }
            variables["after"] = end.clone();
        }
    }
    if database.get_database_backend() == DbBackend::Postgres {
        // There are too few visits for an index to be worth it.
        database.execute_unprepared("SET enable_seqscan = off").await.expect("set");
    }
    let current = "{ requests(first: 20) { nodes { currentVisit { step { key } } } } }";
    let (_, statements) = listened.statements(kadis, current, json!({})).await;
    let visits = statements.iter().find(|statement| statement.contains("visits") && !statement.contains("LIMIT"));
    let visits = visits.unwrap_or_else(|| panic!("{statements:#?}"));
    assert!(plan(&database, visits).await.contains("visits_open"), "{visits}");
}
