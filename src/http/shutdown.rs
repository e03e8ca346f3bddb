//! Graceful shutdown of long-lived connections: they are notified, and the server waits for their end.

use tokio::sync::{mpsc, watch};

/// The server's end.
#[derive(Debug)]
pub struct Ending {
    tell: watch::Sender<bool>,
    open: mpsc::Receiver<()>,
}

/// A long connection's end. It counts as open for as long as this is held.
#[derive(Debug, Clone)]
pub struct Lifeline {
    told: watch::Receiver<bool>,
    _open: mpsc::Sender<()>,
}

/// Both ends.
pub fn lifeline() -> (Ending, Lifeline) {
    let (tell, told) = watch::channel(false);
    let (held, open) = mpsc::channel(1);
    (Ending { tell, open }, Lifeline { told, _open: held })
}

impl Ending {
    /// Waits until all long connections are closed; what hands them out must be gone by then.
    pub async fn wait(mut self) {
        // Nothing is ever sent: it is over when nobody is left who could.
        let _ = self.open.recv().await;
    }

    /// What tells every long connection that the server ends.
    pub fn teller(&self) -> watch::Sender<bool> {
        self.tell.clone()
    }
}

impl Lifeline {
    /// Happens when the server ends.
    pub async fn ended(&mut self) {
        // Without a server it has ended too.
        let _ = self.told.wait_for(|ending| *ending).await;
    }
}
