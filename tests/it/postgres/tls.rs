//! The way to the database, encrypted: as far as the setting says, and no less.

use std::path::Path;
use std::process::Command;

use super::empty::{Empty, free_port, said};

/// Runs openssl, installed with PostgreSQL.
fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().expect("openssl runs");
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
}

#[test]
#[ignore = "PostgreSQL only: tests/run postgres"]
fn the_database_certificate_is_checked_as_configured() {
    let mut world = Empty::new("disposisi");
    let folder = world.cluster.folder().to_owned();
    for authority in ["ca", "other"] {
        let (key, certificate) = (format!("{authority}.key"), format!("{authority}.pem"));
        let name = format!("/CN={authority}");
        let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", &name];
        openssl(&folder, &[&make[..], &["-keyout", &key, "-out", &certificate]].concat());
    }
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost").expect("written");
    let ask =
        ["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "own.key", "-out", "own.csr"];
    openssl(&folder, &ask);
    let sign = ["x509", "-req", "-in", "own.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
    openssl(&folder, &[&sign[..], &["-extfile", "names", "-out", "own.pem"]].concat());
    for file in ["own.key", "own.pem"] {
        world.cluster.own(&folder.join(file));
    }
    let port = free_port();
    let setting = |name: &str, value: &dyn std::fmt::Display| format!("{name}={value}");
    let settings = vec![
        setting("listen_addresses", &"localhost"),
        setting("ssl", &"on"),
        setting("ssl_cert_file", &folder.join("own.pem").display()),
        setting("ssl_key_file", &folder.join("own.key").display()),
    ];
    world.cluster.restart_with(port, settings, "hostssl all all localhost trust\nhostssl all all 127.0.0.1/32 trust");
    let init = |host: &str, tls: &str, authority: Option<&str>| {
        let mut command = world.command("data");
        command.env("DISPOSISI_DATABASE", format!("postgres://disposisi@{host}:{port}/empty"));
        command.args(["--database-tls", tls]);
        if let Some(authority) = authority {
            command.arg("--database-ca").arg(folder.join(authority));
        }
        command.args(["keys", "init"]).output().expect("it runs")
    };
    for (host, tls, authority, good) in [
        ("localhost", "verify-full", Some("ca.pem"), true),
        ("localhost", "verify-ca", Some("ca.pem"), true),
        ("127.0.0.1", "verify-ca", Some("ca.pem"), true),
        ("localhost", "require", None, true),
        ("localhost", "prefer", None, true),
        // Unencrypted connections are refused; another host, another authority and the public ones are not trusted.
        ("localhost", "disable", None, false),
        ("127.0.0.1", "verify-full", Some("ca.pem"), false),
        ("localhost", "verify-full", Some("other.pem"), false),
        ("localhost", "verify-ca", Some("other.pem"), false),
        ("localhost", "verify-full", None, false),
    ] {
        let output = init(host, tls, authority);
        assert_eq!(output.status.success(), good, "{tls} at {host} by {authority:?}: {}", said(&output));
    }
    // An unused authority is refused.
    for tls in ["require", "prefer", "disable"] {
        let refused = init("localhost", tls, Some("ca.pem"));
        assert!(!refused.status.success() && said(&refused).contains("verify-full"), "{}", said(&refused));
    }
}
