//! Rotation of the signing key, without signing anybody out.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::cast::SINGKAWANG;
use crate::database;
use crate::harness::{Folders, PASSWORD, Server, output, signal};
use crate::socket::Socket;

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("a part");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
}

async fn is_in(server: &Server, token: &str) -> bool {
    let answer = server.send(Some(token), "{ viewer { user { username } } }", json!({})).await;
    answer["data"]["viewer"]["user"]["username"] == "tu"
}

/// Has the server load its key, that many times by now.
async fn hang_up(server: &Server, times: usize) {
    signal(server.process(), "HUP");
    server.until_logged("tokens are signed by the key on record", times).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rotating_the_signing_key_signs_nobody_out() {
    let mut server = Server::with(SINGKAWANG);
    let file = server.path().join("keys/signing.key");
    let read = || std::fs::read_to_string(&file).expect("the key");
    let (old, first) = (server.person("tu").await.token().to_owned(), read());
    let mut socket = Socket::of(&server, &old).await;
    socket.subscribe("1", "subscription { requestEvents { id } }", json!({})).await;
    server.run(&["keys", "rotate"]);
    assert_ne!(read(), first, "the old key is gone");
    assert!(is_in(&server, &old).await && is_in(&server, server.person("tu").await.token()).await, "not taken up yet");
    hang_up(&server, 1).await;
    let new = server.person("tu").await.token().to_owned();
    assert_ne!(part(&new, 0)["kid"], part(&old, 0)["kid"]);
    assert!(is_in(&server, &old).await && is_in(&server, &new).await);
    // The socket stays open.
    socket.settle().await;
    server.restart_with(&[]);
    assert!(is_in(&server, &old).await && is_in(&server, &new).await, "after a restart too");

    // It was put on record, and something went wrong before it was put in place.
    let second = read();
    std::fs::rename(&file, file.with_extension("next")).expect("moved");
    std::fs::write(&file, &first).expect("written");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("changed");
    let add = ["user", "add", "x", "--name", "x", "--password-stdin"];
    let refused = output(&server.path(), &Folders::shipped(), &add, PASSWORD);
    let refused = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.contains("signing key") && refused.contains("keys rotate"), "the old key is refused: {refused}");
    signal(server.process(), "HUP");
    server.until_logged("not the one on record", 1).await;
    server.run(&["keys", "rotate"]);
    assert_eq!(read(), second, "what was begun is done, and nothing more");
    assert!(is_in(&server, &old).await && is_in(&server, &new).await);

    server.run(&["keys", "rotate", "--revoke"]);
    hang_up(&server, 2).await;
    let newest = server.person("tu").await.token().to_owned();
    assert!(is_in(&server, &newest).await && is_in(&server, &old).await && !is_in(&server, &new).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_signing_key_in_the_database_is_refused() {
    let server = Server::with(SINGKAWANG);
    let token = server.person("tu").await.token().to_owned();
    server.run(&["keys", "rotate"]);
    hang_up(&server, 1).await;
    assert!(is_in(&server, &token).await);
    let seed = [7_u8; 32];
    let der = [b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", &seed[..]].concat();
    let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    let hex: String = public.iter().map(|byte| format!("{byte:02x}")).collect();
    let id = "0123456789abcdef";
    let database = database::open(&server.path()).await;
    let bytes = if database.get_database_backend() == sea_orm::DbBackend::Sqlite {
        format!("X'{hex}'")
    } else {
        format!("'\\x{hex}'")
    };
    // All else as in a valid row.
    let forged = format!(
        "INSERT INTO signing_keys (id, public, since, retired_at, mac) \
         SELECT '{id}', {bytes}, since, retired_at, mac FROM signing_keys WHERE retired_at IS NULL"
    );
    database.execute_unprepared(&forged).await.expect("written");
    database.close().await.expect("closed");
    let header = Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::EdDSA) };
    let forged = jsonwebtoken::encode(&header, &part(&token, 1), &EncodingKey::from_ed_der(&der)).expect("a token");
    assert!(!is_in(&server, &forged).await);
    assert!(server.log().contains("is not believed"), "{}", server.log());
    assert!(!server.log().contains(STANDARD.encode(seed).as_str()));
}
