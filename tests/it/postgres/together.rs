//! Several instances on one database: of the same keys, started at once, each seeing the others' writes at once. And an
//! instance that loses its database.

use std::path::Path;
use std::process::Output;

use async_graphql::futures_util::future::join_all;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sea_orm::ConnectionTrait;
use sea_orm::sqlx::postgres::PgListener;
use serde_json::json;

use super::acts::{CAST, SUBMIT, subdomain, submission};
use super::empty::{Empty, piped, said};
use super::instance::Instance;
use crate::database;
use crate::database::cluster::{Cluster, copy_keys};
use crate::harness::{Folders, PATIENCE, Server, command, enter, eventually};
use crate::socket::Socket;

#[test]
#[ignore = "PostgreSQL only: tests/run postgres"]
fn keys_are_made_once_and_other_keys_are_refused() {
    let world = Empty::new("disposisi");
    let add = ["agency", "add", "a", "--office", "singkawang", "--name", "A"];
    for arguments in [&["serve"][..], &["audit", "verify"], &add] {
        let refused = world.run("one", arguments);
        assert!(!refused.status.success() && said(&refused).contains("`disposisi keys init`"), "{}", said(&refused));
    }
    assert!(world.run("one", &["check"]).status.success(), "files can be checked before");
    assert!(!world.data("one").exists(), "nothing was made");
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(world.cluster.sql("empty", tables), "0");

    // Several at once on an empty database, by the same keys and by others: the first one's hold.
    let all: Vec<(&str, Output)> = std::thread::scope(|scope| {
        let begin = |data| {
            scope.spawn({
                let world = &world;
                move || (data, world.run(data, &["keys", "init"]))
            })
        };
        let begun: Vec<_> = ["one", "two", "one", "two", "one", "two"].map(begin).into();
        begun.into_iter().map(|one| one.join().expect("no panic")).collect()
    });
    let kept = all.iter().find(|(_, output)| output.status.success()).expect("one was first").0;
    let other = if kept == "one" { "two" } else { "one" };
    for (data, output) in &all {
        assert_eq!(output.status.success(), *data == kept, "{}", said(output));
        assert!(output.status.success() || said(output).contains("mend: put"), "{}", said(output));
    }
    let once = "SELECT count(*) = count(DISTINCT version) AND count(*) > 2 FROM seaql_migrations";
    assert_eq!(world.cluster.sql("empty", once), "t", "each migration ran once");
    assert_eq!(std::fs::read_dir(world.keys(other)).map_or(0, Iterator::count), 0, "what was made for nothing is gone");
    assert!(said(&world.run(kept, &["keys", "init"])).contains("was begun before"), "a second time is fine");

    // Several servers at once: each stores its SOPs, and one of them is first.
    std::thread::scope(|scope| {
        let world = &world;
        let log = |index: usize| world.data(&format!("{index}.log"));
        let start = |index| scope.spawn(move || Instance::start(world.command(kept), &log(index)));
        let started: Vec<_> = (0..4).map(start).collect();
        started.into_iter().for_each(|one| drop(one.join().expect("it serves")));
    });

    // One key is another's.
    copy_keys(&world.keys(kept), &world.keys("three"));
    let key = world.keys("three").join("audit.key");
    std::fs::write(&key, STANDARD.encode([7; 32])).expect("written");
    for arguments in [&["serve"][..], &["audit", "verify"], &add, &["keys", "init"]] {
        let refused = world.run("three", arguments);
        let named = format!("the audit key in {} is another", world.keys("three").display());
        assert!(!refused.status.success() && said(&refused).contains(&named), "{}", said(&refused));
    }
    std::fs::remove_file(&key).expect("removed");
    for arguments in [&["serve"][..], &["keys", "init"]] {
        assert!(said(&world.run("three", arguments)).contains("audit.key is missing"), "a lost key is not made anew");
    }
    let elsewhere = world.command("four").arg("--keys").arg(world.keys(kept)).args(add).output().expect("it runs");
    assert!(elsewhere.status.success(), "a setting names the keys: {}", said(&elsewhere));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn instances_start_concurrently_and_see_each_others_writes() {
    let server = Server::with(CAST);
    // The state before an upgrade: the last migration is still to be made.
    let undo = "DROP TABLE people_version CASCADE; DROP FUNCTION people_changed CASCADE; \
        DELETE FROM seaql_migrations WHERE version LIKE 'm0002%'";
    let edit = database::open(&server.path()).await;
    edit.execute_unprepared(undo).await.expect("undone");
    let start = |index: usize| {
        let log = server.path().with_extension(format!("{index}.log"));
        Instance::start(command(&server.path(), &Folders::shipped()), &log)
    };
    let instances: Vec<Instance> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..4).map(|index| scope.spawn(move || start(index))).collect();
        starting.into_iter().map(|one| one.join().expect("it serves")).collect()
    });
    let mut listener = PgListener::connect(&database::environment(&server.path())[0].1).await.expect("the database");
    listener.listen("disposisi_log").await.expect("listening");
    let token = instances[0].sign_in("opd").await;
    for round in 0..3 {
        for (index, instance) in instances.iter().enumerate() {
            let letter = format!("005/{round}/{index}");
            let answer = instance.send(&token, SUBMIT, submission(&letter)).await;
            let request = answer["data"]["submitRequest"]["request"].clone();
            assert_eq!(request["events"]["nodes"][0]["kind"], "SUBMITTED", "{answer}");
            let read =
                "query($number: String!) { request(number: $number) { id events(first: 9) { nodes { kind } } } }";
            for other in &instances {
                let seen = other.send(&token, read, json!({ "number": request["number"] })).await;
                assert_eq!(seen["data"]["request"]["events"], request["events"], "{seen}");
            }
            let told = tokio::time::timeout(PATIENCE, listener.recv()).await;
            assert!(told.expect("in time").is_ok(), "whoever follows the log is woken");
        }
    }
    // All of them write at once: each act has its position by the time of its answer.
    let letters: Vec<String> = (0..40).map(|index| format!("006/{index}")).collect();
    let acts = letters.iter().zip(instances.iter().cycle()).map(async |(letter, instance)| {
        let answer = instance.send(&token, SUBMIT, subdomain(letter)).await;
        answer["data"]["submitRequest"]["request"]["events"]["nodes"][0]["kind"].clone()
    });
    let kinds = join_all(acts).await;
    assert!(kinds.iter().all(|kind| kind == "SUBMITTED"), "{kinds:?}");
    let gaps = "SELECT max(position) - count(*) + (SELECT count(*) FROM pending) FROM log";
    let gaps = sea_orm::Statement::from_string(edit.get_database_backend(), gaps);
    let gaps = edit.query_one_raw(gaps).await.expect("an answer").expect("a row").try_get_by_index::<i64>(0);
    assert_eq!(gaps.expect("a number"), 0, "the log has no gap, and nothing waits for its place");
    assert!(server.run(&["audit", "verify"]).contains("nothing was touched"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn a_lost_database_is_reported_and_work_resumes() {
    const PASSWORD: &str = "sandi-basis-data-7f3a";
    let mut world = Empty::new("locked:sandi-basis-data-7f3a");
    let run = |arguments: &[&str], input: &str| {
        let mut command = world.command("data");
        command.args(["--log", "trace"]).args(arguments);
        let output = piped(command, input);
        assert!(output.status.success(), "{}", said(&output));
        assert!(!said(&output).contains(PASSWORD), "{arguments:?} tells the password");
    };
    run(&["keys", "init"], "");
    enter(CAST, run);
    let mut command = world.command("data");
    command.args(["--log", "trace", "--database-acquire-seconds", "2"]);
    let instance = Instance::start(command, &world.data("log"));
    let token = instance.sign_in("opd").await;
    let submit = async |letter: &str| instance.send(&token, SUBMIT, submission(letter)).await;
    assert!(submit("005/1").await["data"]["submitRequest"]["request"]["id"].is_string());
    assert!(instance.is_ready().await);

    for round in 0..2 {
        world.cluster.stop();
        eventually(|| "it is still ready".to_owned(), async || !instance.is_ready().await).await;
        for query in [SUBMIT, "query($input: JSON) { viewer { user { id } } }"] {
            let query = query.replace("($input: JSON)", "");
            let answer = instance.send(&token, &query, submission("005/2")).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer}");
        }
        let mut socket = Socket::open_at(instance.base(), Some("graphql-transport-ws"), &[]).await;
        socket.send(json!({ "type": "connection_init", "payload": { "token": token } })).await;
        assert_eq!(socket.closed().await, 1013, "a socket is told to come back later");
        let refused = world.run("data", &["audit", "verify"]);
        assert!(!refused.status.success() && !said(&refused).contains(PASSWORD), "{}", said(&refused));
        world.cluster.start();
        eventually(|| "it is not ready again".to_owned(), async || instance.is_ready().await).await;
        let answer = submit(&format!("005/3/{round}")).await;
        assert!(answer["data"]["submitRequest"]["request"]["id"].is_string(), "{answer}");
    }
    let verified = said(&world.run("data", &["audit", "verify"]));
    assert!(verified.contains("nothing was touched"), "{verified}");

    let log = instance.log();
    assert!(log.contains("sqlx"), "it was logged in detail");
    assert!(!log.contains(PASSWORD), "the log tells the password");
    let wrong = world.cluster.url("locked:sandi-basis-data-salah", "empty");
    let refused = world.command("data").env("DISPOSISI_DATABASE", wrong).args(["audit", "verify"]).output();
    let refused = said(&refused.expect("it runs"));
    assert!(refused.contains("database empty") && !refused.contains("sandi-basis"), "{refused}");
}

#[test]
#[ignore = "PostgreSQL only: tests/run postgres"]
fn a_test_cluster_is_removed_with_its_process() {
    let cluster = Cluster::new();
    let folder = cluster.folder().to_owned();
    assert!(Path::new(&folder).exists());
    drop(cluster);
    assert!(!folder.exists());
}
