//! `disposisi serve`.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{Outcome, Places, say, start};
use crate::graphql::{self, Limits};
use crate::http;

/// Serve the API.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// How many minutes an access token is good for.
    #[arg(long, default_value_t = 15)]
    token_minutes: u32,
    /// The largest body taken, in bytes.
    #[arg(long, default_value_t = 1_048_576)]
    body_limit: usize,
}

impl Serve {
    pub(super) async fn run(self, places: &Places) -> Outcome {
        let service = start::service(places, self.token_minutes).await?;
        let schema = graphql::schema(service.clone(), Limits::default());
        let router = http::router(schema, service, self.body_limit);
        let listener = TcpListener::bind(self.listen).await.map_err(|error| format!("{}: {error}", self.listen))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        say(&format!("serving http://{address}/graphql"));
        let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
        let ended = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            tracing::info!("ending: no new connections; those open finish what they began");
        };
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(ended)
            .await
            .map_err(|error| error.to_string())
    }
}
