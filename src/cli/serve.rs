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

use super::{Outcome, ServeFlags, Settings, identity, policy_reload, say, startup};
use crate::graphql::{AdmissionRules, ApiSchema, OperationLimits, PersistedDocuments};
use crate::http;
use crate::service::{RegisteredDocuments, Service};

/// How long connections that are open at the end may take to finish what they began, beyond an operation's own time.
const GRACE: Duration = Duration::from_secs(5);

/// Serve the API until SIGTERM or Ctrl-C
///
/// On a data folder that does not exist it begins one: the database, and the keys beside it. A database on PostgreSQL is begun
/// by `disposisi keys init`, and any number of servers may be on it. It serves /graphql, the explorer at /graphiql, /healthz
/// (the process lives) and /readyz (the database answers). Faults in procedures, policies or settings stop the start, each
/// with its place and mend.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  disposisi serve\n  disposisi --data /srv/disposisi serve --listen 0.0.0.0:8080")]
pub(super) struct Serve {
    #[command(flatten)]
    pub(super) flags: ServeFlags,
}

/// Serves until it is told to end.
pub(super) async fn run(settings: &Settings) -> Outcome {
    let server = Server::bind(settings).await?;
    // Before it says that it serves: a signal that nobody waits for would end it.
    let (keys, end) = (take_up_keys(server.service.clone(), settings.keys_folder())?, told_to_end()?);
    say(&format!("serving {}/graphql", server.base()));
    tokio::select! {
        served = server.run(end) => served,
        () = keys => Ok(()),
    }
}

/// A server that listens and does not answer yet.
pub(super) struct Server {
    listener: TcpListener,
    address: SocketAddr,
    settings: Settings,
    service: Service,
    registered: Option<Arc<RegisteredDocuments>>,
    router: axum::Router,
    ending: http::Ending,
    grace: Duration,
    /// How long a peer may take nothing of what is sent.
    untaken: Duration,
}

impl Server {
    /// Opens everything that a server needs, and its port.
    pub(super) async fn bind(settings: &Settings) -> Result<Self, String> {
        let mut service = startup::service(settings).await?;
        if let Some(provider) = identity::provider(settings)? {
            service = service.with_provider(provider);
        }
        let limits = OperationLimits {
            values: settings.value_limit,
            document: settings.document_limit,
            tokens: settings.token_limit,
            fields: settings.field_limit,
            depth: settings.depth_limit,
            root_fields: settings.root_field_limit,
            aliases: settings.alias_limit,
            directives: settings.directive_limit,
            complexity: settings.complexity_limit,
        };
        let schema = ApiSchema::new(service.clone(), limits, settings.introspection);
        let most = settings.registered_documents;
        let registered = (most > 0).then(|| Arc::new(service.registered(most)));
        let admission = AdmissionRules {
            documents: documents(&settings.documents, &schema, &limits).await?,
            limits,
            documents_only: settings.documents_only,
            registered: registered.clone(),
            operation_names: settings.operation_names,
            introspection: settings.introspection,
        };
        let operation = Duration::from_secs(settings.operation_seconds);
        let (ending, lifeline) = http::lifeline();
        let router = http::Served {
            schema,
            service: service.clone(),
            admission,
            body_limit: settings.body_limit,
            batch_limit: settings.batch_limit,
            operation,
            explorer: settings.explorer,
            origins: http::Origins::read(&settings.cors_origins).map_err(|name| format!("no origin: {name}"))?,
            proxies: http::Proxies::new(settings.trusted_proxies.clone()),
            rates: http::Rates::new(
                http::Rate { burst: settings.person_burst, a_minute: settings.person_rate },
                http::Rate { burst: settings.key_burst, a_minute: settings.key_rate },
                http::Rate { burst: settings.address_burst, a_minute: settings.address_rate },
            ),
            person_sockets: settings.person_sockets,
            person_operations: settings.person_operations,
            socket_init: Duration::from_secs(settings.socket_init_seconds),
            heartbeat: Duration::from_secs(settings.heartbeat_seconds),
            lifeline,
        }
        .router();
        let untaken = Duration::from_secs(settings.heartbeat_seconds) * 2;
        let named = |error: std::io::Error| format!("{}: {error}", settings.listen);
        let listener = TcpListener::bind(settings.listen).await.map_err(named)?;
        let address = listener.local_addr().map_err(named)?;
        let settings = settings.clone();
        Ok(Self { listener, address, settings, service, registered, router, ending, grace: operation + GRACE, untaken })
    }

    /// Where it listens, as the beginning of a URL.
    pub(super) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it will answer with.
    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    /// Serves until that happens; what is under way then is finished, in bounded time.
    pub(super) async fn run(self, end: impl Future<Output = ()> + Send + 'static) -> Outcome {
        let (ending, ended) = tokio::sync::oneshot::channel();
        let long_connections = self.ending.teller();
        let end = async move {
            end.await;
            tracing::info!("ending: no new connections; those open finish what they began");
            long_connections.send_replace(true);
            let _ = ending.send(());
        };
        let untaken = self.untaken;
        // What is told goes out at once, however small it is.
        let listener = self.listener.tap_io(move |connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "a connection gathers what it sends");
            }
            // Who takes nothing for that long is gone, or as good as: a stream of events learns it by nothing else.
            if let Err(error) = SockRef::from(&*connection).set_tcp_user_timeout(Some(untaken)) {
                tracing::debug!(%error, "a connection waits for as long as the system does");
            }
        });
        let serving = axum::serve(listener, self.router.into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(end);
        let too_long = async {
            // Nobody told it to end when the sender is gone: then it is the serving that ends by itself.
            if ended.await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(self.grace).await;
        };
        tokio::select! {
            served = async { serving.await } => {
                let served = served.map_err(|error| error.to_string());
                // Those that were taken over from HTTP end by themselves.
                let _ = tokio::time::timeout(GRACE, self.ending.wait()).await;
                if let Some(registered) = &self.registered {
                    let _ = tokio::time::timeout(GRACE, registered.write()).await;
                }
                served
            }
            () = self.service.read_log().instrument(tracing::info_span!("read_log")) => Ok(()),
            failed = policy_reload::follow(&self.settings, &self.service).instrument(tracing::info_span!("policies")) => failed,
            () = self.service.run_background(self.registered.as_ref()).instrument(tracing::info_span!("background")) => Ok(()),
            () = too_long => {
                tracing::warn!("ended with connections open");
                Ok(())
            }
        }
    }
}

/// The persisted documents of a manifest; none where there is none.
async fn documents(
    manifest: &Path,
    schema: &ApiSchema,
    limits: &OperationLimits,
) -> Result<PersistedDocuments, String> {
    if manifest.as_os_str().is_empty() {
        return Ok(PersistedDocuments::default());
    }
    let named = |fault: String| format!("{}: {fault}", manifest.display());
    let text = tokio::fs::read_to_string(manifest).await;
    let text = text.map_err(|error| named(format!("{error}; write the manifest there, or leave `documents` empty")))?;
    let documents =
        PersistedDocuments::read(&text, schema.executable(), schema.index(), limits).await.map_err(named)?;
    tracing::info!(documents = documents.count(), "persisted documents");
    Ok(documents)
}

/// Signs with the key in its folder, anew on each SIGHUP. Never ends by itself.
fn take_up_keys(service: Service, folder: PathBuf) -> Result<impl Future<Output = ()>, String> {
    let mut hang_up = signal(SignalKind::hangup()).map_err(|error| error.to_string())?;
    Ok(async move {
        while hang_up.recv().await.is_some() {
            if let Err(why) = service.reload_signing_key(&folder).await {
                tracing::warn!(why, "the signing key stays as it is");
            }
        }
        std::future::pending().await
    })
}

/// Happens on SIGTERM or Ctrl-C.
pub(super) fn told_to_end() -> Result<impl Future<Output = ()> + Send + 'static, String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
