//! A silent network: data on open connections is swallowed without an error. New connections work.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::acts::{CAST, SUBMIT, submission};
use super::empty::{Empty, free_port};
use super::instance::Instance;
use crate::socket::Socket;

/// Passes on between two ends until connections of its time are silenced.
async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mine: usize,
    now: Arc<AtomicUsize>,
) {
    let mut bytes = [0; 8192];
    while let Ok(count) = from.read(&mut bytes).await
        && count > 0
    {
        if now.load(Ordering::Relaxed) == mine && to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// A proxy before that port. Returns its port, and the counter that silences its present connections when it moves.
async fn proxy(port: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let own = listener.local_addr().expect("an address").port();
    let times = Arc::new(AtomicUsize::new(0));
    let now = times.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", port)).await.expect("the database");
            let mine = now.load(Ordering::Relaxed);
            let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
            tokio::spawn(pass(from_client, to_server, mine, now.clone()));
            tokio::spawn(pass(from_server, to_client, mine, now.clone()));
        }
    });
    (own, times)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "PostgreSQL only: tests/run postgres"]
async fn followers_recover_from_silent_database_connections() {
    let mut world = Empty::new("disposisi");
    world.begin(CAST);
    let port = free_port();
    world.cluster.restart_with(port, vec!["listen_addresses=localhost".to_owned()], "host all all 127.0.0.1/32 trust");
    let (through, silenced) = proxy(port).await;
    let at = |port: u16| {
        let mut command = world.command("data");
        command.env("DISPOSISI_DATABASE", format!("postgres://disposisi@127.0.0.1:{port}/empty"));
        Instance::start(command, &world.data(&format!("{port}.log")))
    };
    let (near, far) = (at(port), at(through));
    let token = near.sign_in("opd").await;
    let submit = async |letter: &str| {
        let answer = near.send(&token, SUBMIT, submission(letter)).await;
        assert!(answer["data"]["submitRequest"]["request"]["id"].is_string(), "{answer}");
    };
    let mut socket = Socket::at(far.base(), &token).await;
    socket
        .subscribe("1", "subscription { requestEvents(filter: { kinds: [SUBMITTED] }) { sequence } }", json!({}))
        .await;
    socket.settle().await;
    submit("009/1").await;
    assert_eq!(socket.told("1").await["requestEvents"]["sequence"], 1);
    silenced.fetch_add(1, Ordering::Relaxed);
    submit("009/2").await;
    assert_eq!(socket.told("1").await["requestEvents"]["sequence"], 1);
}
