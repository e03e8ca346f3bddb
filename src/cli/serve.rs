//! `disposisi serve`.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::Instrument;

use super::output::{CommandResult, print_line};
use super::settings::identity_provider;
use super::{ServeFlags, Settings, policy_reload, startup};
use crate::graphql::{AdmissionRules, ApiSchema, OperationLimits, PersistedDocuments};
use crate::http::{self, AllowedOrigins, HttpSettings, RateLimit, RateLimits, TrustedProxies};
use crate::service::{RegisteredDocuments, Service};

/// Time for open connections to finish after a shutdown signal, beyond the timeout of an operation.
const GRACE: Duration = Duration::from_secs(5);

/// Serve the API until SIGTERM or Ctrl-C
///
/// Creates the data folder, with its database and keys, if it does not exist. A PostgreSQL database is initialized by
/// `disposisi keys init`, and may have any number of servers. Paths: /graphql, the explorer at /graphiql, /healthz (the
/// process lives) and /readyz (the database answers). Faults in procedures, policies or settings stop the start, each
/// with its place and remedy.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  disposisi serve\n  disposisi --data /srv/disposisi serve --listen 0.0.0.0:8080")]
pub(super) struct ServeCommand {
    #[command(flatten)]
    pub(super) flags: ServeFlags,
}

/// Serves until a shutdown signal.
pub(super) async fn run(settings: &Settings) -> CommandResult {
    let server = Server::bind(settings, &[settings.listen]).await?;
    // Signals are handled before the address is printed: an unhandled SIGHUP would kill the process.
    let keys = reload_signing_key_on_hangup(server.service.clone(), settings.keys_folder())?;
    let shutdown = shutdown_signal()?;
    print_line(&format!("serving {}/graphql", server.base_url()));
    tokio::select! {
        served = server.run(shutdown) => served,
        () = keys => Ok(()),
    }
}

/// A bound server that accepts no connection yet.
pub(super) struct Server {
    listener: TcpListener,
    address: SocketAddr,
    settings: Settings,
    service: Service,
    registered: Option<Arc<RegisteredDocuments>>,
    router: axum::Router,
    shutdown: http::ShutdownController,
}

impl Server {
    /// Opens the database, and the first of the addresses that is free.
    pub(super) async fn bind(settings: &Settings, addresses: &[SocketAddr]) -> Result<Self, String> {
        let mut service = startup::service(settings).await?.with_cache(settings.cache_bytes)?;
        if let Some(provider) = identity_provider::provider(settings)? {
            service = service.with_provider(provider);
        }
        let schema = ApiSchema::new(
            service.clone(),
            operation_limits(settings),
            settings.introspection,
            settings.compiled_documents_bytes,
        )?;
        let max = settings.registered_documents;
        let registered = (max > 0).then(|| Arc::new(service.registered(max)));
        let admission = AdmissionRules {
            documents: documents(&settings.documents, &schema)?,
            documents_only: settings.documents_only,
            registered: registered.clone(),
            operation_names: settings.operation_names,
            introspection: settings.introspection,
        };
        let (shutdown, listener) = http::shutdown_channel();
        let router = http::router(schema, service.clone(), admission, http_settings(settings)?, listener);
        let named = |error: std::io::Error| {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            format!("{}: {error}", addresses.join(", "))
        };
        let listener = TcpListener::bind(addresses).await.map_err(named)?;
        let address = listener.local_addr().map_err(named)?;
        Ok(Self { listener, address, settings: settings.clone(), service, registered, router, shutdown })
    }

    /// URL of the server, without a path.
    pub(super) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The use cases behind the API.
    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    /// Serves until the signal, then finishes open requests in bounded time.
    pub(super) async fn run(self, signal: impl Future<Output = ()> + Send + 'static) -> CommandResult {
        let (signalled, after_signal) = tokio::sync::oneshot::channel();
        let notifier = self.shutdown.notifier();
        let signal = async move {
            signal.await;
            tracing::info!("shutting down: no new connections; open ones finish their requests");
            notifier.send_replace(true);
            let _ = signalled.send(());
        };
        let send_timeout = Duration::from_secs(self.settings.heartbeat_seconds) * 2;
        let listener = self.listener.tap_io(move |connection| {
            // Small events are sent at once.
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY is not set");
            }
            // The only way for an event stream to notice a lost peer.
            if let Err(error) = SockRef::from(&*connection).set_tcp_user_timeout(Some(send_timeout)) {
                tracing::debug!(%error, "TCP_USER_TIMEOUT is not set");
            }
        });
        let serving = axum::serve(listener, self.router.into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(signal);
        let grace = Duration::from_secs(self.settings.operation_seconds) + GRACE;
        let grace_over = async {
            // A dropped sender is no signal: the serving has ended by itself.
            if after_signal.await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(grace).await;
        };
        tokio::select! {
            served = async { serving.await } => {
                let served = served.map_err(|error| error.to_string());
                // WebSockets have left the HTTP server and close by themselves.
                let _ = tokio::time::timeout(GRACE, self.shutdown.wait()).await;
                if let Some(registered) = &self.registered {
                    let _ = tokio::time::timeout(GRACE, registered.write()).await;
                }
                served
            }
            () = self.service.read_log().instrument(tracing::info_span!("read_log")) => Ok(()),
            failed = policy_reload::run(&self.settings, &self.service).instrument(tracing::info_span!("policies")) => failed,
            () = self.service.run_background(self.registered.as_ref()).instrument(tracing::info_span!("background")) => Ok(()),
            () = grace_over => {
                tracing::warn!("shut down with connections open");
                Ok(())
            }
        }
    }
}

fn operation_limits(settings: &Settings) -> OperationLimits {
    OperationLimits {
        values: settings.value_limit,
        document: settings.document_limit,
        tokens: settings.token_limit,
        fields: settings.field_limit,
        depth: settings.depth_limit,
        root_fields: settings.root_field_limit,
        aliases: settings.alias_limit,
        directives: settings.directive_limit,
        complexity: settings.complexity_limit,
    }
}

fn http_settings(settings: &Settings) -> Result<HttpSettings, String> {
    let seconds = Duration::from_secs;
    Ok(HttpSettings {
        body_limit: settings.body_limit,
        batch_limit: settings.batch_limit,
        operation_timeout: seconds(settings.operation_seconds),
        explorer: settings.explorer,
        allowed_origins: AllowedOrigins::parse(&settings.cors_origins)
            .map_err(|name| format!("`cors_origins` has no origin: {name}"))?,
        trusted_proxies: TrustedProxies::new(settings.trusted_proxies.clone()),
        rate_limits: RateLimits::new(
            RateLimit { burst: settings.person_burst, per_minute: settings.person_rate },
            RateLimit { burst: settings.key_burst, per_minute: settings.key_rate },
            RateLimit { burst: settings.address_burst, per_minute: settings.address_rate },
        ),
        person_sockets: settings.person_sockets,
        person_operations: settings.person_operations,
        init_timeout: seconds(settings.socket_init_seconds),
        heartbeat_interval: seconds(settings.heartbeat_seconds),
    })
}

/// Reads the manifest of persisted documents, if one is set.
fn documents(manifest: &Path, schema: &ApiSchema) -> Result<PersistedDocuments, String> {
    if manifest.as_os_str().is_empty() {
        return Ok(PersistedDocuments::default());
    }
    let named = |fault: String| format!("{}: {fault}", manifest.display());
    let text = std::fs::read_to_string(manifest)
        .map_err(|error| named(format!("{error}; write the manifest there, or leave `documents` empty")))?;
    let documents = PersistedDocuments::read(&text, schema.compiler()).map_err(named)?;
    tracing::info!(documents = documents.count(), "persisted documents");
    Ok(documents)
}

/// Reloads the signing key on each SIGHUP. The returned future never completes.
fn reload_signing_key_on_hangup(service: Service, folder: PathBuf) -> Result<impl Future<Output = ()>, String> {
    let mut hangup = signal(SignalKind::hangup()).map_err(|error| error.to_string())?;
    Ok(async move {
        while hangup.recv().await.is_some() {
            if let Err(why) = service.reload_signing_key(&folder).await {
                tracing::warn!(why, "the signing key is not reloaded");
            }
        }
        std::future::pending().await
    })
}

/// Waits for SIGTERM or Ctrl-C.
pub(super) fn shutdown_signal() -> Result<impl Future<Output = ()> + Send + 'static, String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
