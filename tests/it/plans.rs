//! Lists of twenty thousand requests: their plans (each filter and order from an index, without sorting), and their answers where few of
//! the requests fit.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};

use crate::acts::{Cloud, cloud_way, play};
use crate::cast::{AUDITOR, And, Entry, SINGKAWANG};
use crate::database;
use crate::harness::{Person, Server, eventually};
use crate::statements::Listened;

/// Somebody of the agency of the requests that have ended.
const OTHER_AGENCY: Entry<'static> = ("other", "singkawang", "opd", Some("disdik"));

/// Multiplies the newest request: the first fiftieth of the copies waits, the others have ended. Fifty of these have reached step 6, and
/// every fortieth is secret.
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
        "confidentiality" => "CASE WHEN n % 40 = 0 THEN 'SECRET' ELSE confidentiality END".to_owned(),
        "search" => "'x/' || n || ' permohonan'".to_owned(),
        "state" => {
            let reached = "replace(state, '\"visits\":{', '\"visits\":{\"6\":1,')";
            format!("CASE WHEN n > 400 AND n <= 450 THEN {reached} ELSE state END")
        }
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
            "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'requests' \
             AND is_generated = 'NEVER'"
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

/// Fills a server's database, and opens it.
async fn filled(server: &Server, people: &BTreeMap<&str, Person<'_>>) -> DatabaseConnection {
    let request = people["opd"].submit(Cloud::letter("005/1")).await;
    play(people, &request.number, &cloud_way("akun")[..1]).await;
    let database = database::open(&server.path()).await;
    let columns = columns(&database).await;
    database.execute_unprepared(&fill(database.get_database_backend(), &columns)).await.expect("filled");
    if database.get_database_backend() == DbBackend::Postgres {
        database.execute_unprepared("ANALYZE; SET plan_cache_mode = force_generic_plan").await.expect("analyzed");
    }
    database
}

/// A number of a query.
async fn number(database: &DatabaseConnection, query: &str) -> i64 {
    let statement = Statement::from_string(database.get_database_backend(), query);
    let row = database.query_one_raw(statement).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    row.and_then(|row| row.try_get_by_index(0).ok()).expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_read_from_indexes() {
    let cast = SINGKAWANG.and(&[OTHER_AGENCY]);
    let server = Server::with(&cast);
    let people = server.everybody(&cast).await;
    let database = filled(&server, &people).await;
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

const LIST: &str = "query($filter: RequestFilter, $order: RequestOrder, $after: String) { \
    requests(first: 20, filter: $filter, orderBy: $order, after: $after) { totalCount nodes { number } pageInfo { endCursor hasNextPage } } }";

const INBOX: &str = "query($after: String) { viewer { inbox(first: 20, after: $after) { totalCount nodes { number } \
    pageInfo { endCursor hasNextPage } } } }";

/// A list's first two pages, and the statements of the first.
async fn two_pages(
    listened: &Listened,
    person: &Person<'_>,
    query: &str,
    variables: &Value,
) -> (Vec<Value>, Vec<String>) {
    let mut variables = variables.clone();
    let (first, statements) = listened.statements(person.token(), query, variables.clone()).await;
    let list = if first["viewer"].is_null() { &first["requests"] } else { &first["viewer"]["inbox"] };
    variables["after"] = list["pageInfo"]["endCursor"].clone();
    let second = listened.statements(person.token(), query, variables).await.0;
    (vec![first, second], statements)
}

#[tokio::test(flavor = "multi_thread")]
async fn few_of_many_are_read_ahead_and_counted() {
    let cast = SINGKAWANG.and(&[AUDITOR, OTHER_AGENCY]);
    let server = Server::with_clock(&cast);
    let people = server.everybody(&cast).await;
    // It knows no more than one request, and looks at each; a server that is started later knows of many.
    let looks_at_each = Listened::beside(&server, people["kadis"].token()).await;
    let database = filled(&server, &people).await;
    let reads_ahead = Listened::beside(&server, people["kadis"].token()).await;
    let searches = ["x/777", "x/77", "permohonan", "7", "PERMOHONAN x/1999", "100%_", "\"", "nothing of the kind"];
    let filters = searches.map(|search| json!({ "search": search })).into_iter().chain([
        json!({}),
        json!({ "status": ["IN_PROGRESS"] }),
        json!({ "step": "4", "agency": "dinkes" }),
        json!({ "step": "" }),
        json!({ "awaitingRole": "kabid-aptika" }),
    ]);
    let filters: Vec<Value> = filters.collect();
    for name in ["opd", "other", "tu", "kadis", "cloud", "auditor"] {
        let person = &people[name];
        for (field, filters) in [("SUBMITTED_AT", &filters[..]), ("DUE_AT", &filters[..2]), ("NUMBER", &filters[1..3])]
        {
            for filter in filters {
                let variables = json!({ "filter": filter, "order": { "field": field, "direction": "DESC" } });
                let (plain, _) = two_pages(&looks_at_each, person, LIST, &variables).await;
                let (read, statements) = two_pages(&reads_ahead, person, LIST, &variables).await;
                assert_eq!(read, plain, "{name} {variables}: {statements:#?}");
            }
        }
        let (plain, _) = two_pages(&looks_at_each, person, INBOX, &json!({})).await;
        assert_eq!(two_pages(&reads_ahead, person, INBOX, &json!({})).await.0, plain, "{name}");
    }
    // Counts are those of the rows.
    let counted = async |who: &str, filter: Value| {
        let answer = reads_ahead.statements(people[who].token(), LIST, json!({ "filter": filter })).await.0;
        answer["requests"]["totalCount"].as_i64().expect("a count")
    };
    let all = number(&database, "SELECT count(*) FROM requests").await;
    let open = number(&database, "SELECT count(*) FROM requests WHERE confidentiality <> 'SECRET'").await;
    let waiting = number(&database, "SELECT count(*) FROM requests WHERE step = '4'").await;
    assert!(all > 20_000 && open < all && waiting == 400, "{all} {open} {waiting}");
    assert_eq!(counted("auditor", json!({})).await, all);
    assert_eq!(counted("kadis", json!({})).await, all, "all have come to them, secret ones too");
    assert_eq!(counted("kadis", json!({ "step": "4" })).await, waiting);
    assert_eq!(counted("cloud", json!({})).await, 50);
    assert_eq!(counted("cloud", json!({ "search": "x/44" })).await, 10, "x/440 to x/449");
    let (answer, statements) = reads_ahead.statements(people["kabid"].token(), INBOX, json!({})).await;
    assert_eq!(answer["viewer"]["inbox"]["totalCount"], waiting);
    let list = statements.iter().find(|statement| statement.contains("office_side")).expect("the list");
    let plan = plan(&database, list).await;
    assert!(plan.contains("requests_turn"), "{plan}\n{list}");
    let whole = |line: &&str| ["Seq Scan on requests", "SCAN requests"].iter().any(|scan| line.contains(scan));
    assert_eq!(plan.lines().find(whole), None, "{plan}");

    // The next change of each kind is counted.
    let before = counted("auditor", json!({ "status": ["IN_PROGRESS"] })).await;
    let made = people["opd"].submit(Cloud::letter("005/2")).await;
    assert_eq!(counted("auditor", json!({ "status": ["IN_PROGRESS"] })).await, before + 1);
    assert_eq!(counted("auditor", json!({ "search": made.number })).await, 1);
    let step = |step: &str| json!({ "step": step });
    let (two, three) = (counted("auditor", step("2")).await, counted("auditor", step("3")).await);
    play(&people, &made.number, &cloud_way("akun")[..1]).await;
    assert_eq!((counted("auditor", step("2")).await, counted("auditor", step("3")).await), (two - 1, three + 1));
    if database.get_database_backend() == DbBackend::Postgres {
        // Each change has added rows: a job sums them up.
        let several = "SELECT count(*) - count(DISTINCT (office, procedure, agency_id, submitted_by, confidentiality, status, step, \
            executable, signable, visited)) FROM request_counts";
        assert_ne!(number(&database, several).await, 0);
        server.advance(TimeDelta::seconds(61));
        let summed = async || number(&database, several).await == 0;
        eventually(|| "counts are not summed up".to_owned(), summed).await;
        assert_eq!(counted("auditor", json!({})).await, all + 1);
    }
    database.execute_unprepared("DELETE FROM requests WHERE number LIKE 'X/%'").await.expect("deleted");
    assert_eq!(counted("auditor", json!({})).await, 2);
    assert_eq!(counted("auditor", json!({ "search": "x/1" })).await, 0);
}
