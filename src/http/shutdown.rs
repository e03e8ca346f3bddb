//! Graceful shutdown of long-lived connections: they are notified, and the server waits for them to close.

use tokio::sync::{mpsc, watch};

/// The server's side.
#[derive(Debug)]
pub struct ShutdownController {
    notify: watch::Sender<bool>,
    open: mpsc::Receiver<()>,
}

/// A connection's side. The connection counts as open until this is dropped.
#[derive(Debug, Clone)]
pub struct ShutdownListener {
    notified: watch::Receiver<bool>,
    _open: mpsc::Sender<()>,
}

/// Creates both sides.
pub fn shutdown_channel() -> (ShutdownController, ShutdownListener) {
    let (notify, notified) = watch::channel(false);
    let (guard, open) = mpsc::channel(1);
    (ShutdownController { notify, open }, ShutdownListener { notified, _open: guard })
}

impl ShutdownController {
    /// Waits until all connections have closed and all other listeners are dropped.
    pub async fn wait(mut self) {
        // Nothing is ever sent; the channel closes with its last sender.
        let _ = self.open.recv().await;
    }

    /// Sender of the notification.
    pub fn notifier(&self) -> watch::Sender<bool> {
        self.notify.clone()
    }
}

impl ShutdownListener {
    /// Waits for the notification.
    pub async fn notified(&mut self) {
        // A dropped server counts as shut down.
        let _ = self.notified.wait_for(|shutdown| *shutdown).await;
    }
}
