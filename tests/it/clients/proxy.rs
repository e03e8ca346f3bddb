//! A proxy between a client and a server that may restart: it can cut every connection at once.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A port of its own, leading to a server.
pub(super) struct Proxy {
    address: SocketAddr,
    to: Arc<Mutex<SocketAddr>>,
    cuts: watch::Sender<u64>,
}

impl Proxy {
    /// A port leading to the server of that address.
    pub(super) async fn to(base: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let to = Arc::new(Mutex::new(parsed(base)));
        let cuts = watch::Sender::new(0);
        tokio::spawn(accept(listener, to.clone(), cuts.clone()));
        Self { address, to, cuts }
    }

    /// Its address, as the beginning of a URL.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Leads there from now on.
    pub(super) fn lead(&self, base: &str) {
        *self.to.lock().expect("a lock") = parsed(base);
    }

    /// Cuts all connections, wherever in a message.
    pub(super) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

fn parsed(base: &str) -> SocketAddr {
    base.strip_prefix("http://").and_then(|address| address.parse().ok()).expect("an address")
}

async fn accept(listener: TcpListener, to: Arc<Mutex<SocketAddr>>, cuts: watch::Sender<u64>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let to = *to.lock().expect("a lock");
        let mut cut = cuts.subscribe();
        tokio::spawn(async move {
            // A gone server is a connection closed at once.
            let Ok(mut server) = TcpStream::connect(to).await else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut client, &mut server) => {}
                _ = cut.changed() => {}
            }
        });
    }
}
