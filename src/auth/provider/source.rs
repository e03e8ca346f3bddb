//! HTTPS client for a provider's discovery document (OpenID Connect Discovery 1.0) and keys.

use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http::uri::Scheme;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use tokio::time::timeout;

use super::issuer::{Issuer, location};
use super::key_set::KeySet;

/// How long both answers may take together.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long an answer may be, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// The source of a provider's keys. Redirects are not followed.
#[derive(Debug)]
pub(super) struct KeySource {
    issuer: Issuer,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

/// The needed part of a discovery document.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl KeySource {
    /// Prepares fetching an issuer's keys, trusting this machine's certificate authorities.
    pub(super) fn new(issuer: Issuer) -> Result<Self, String> {
        let mut authorities = RootCertStore::empty();
        authorities.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if authorities.is_empty() && issuer.location.scheme() == Some(&Scheme::HTTPS) {
            return Err(
                "this machine has no certificate authorities to hold `oidc_issuer` against; mend: install them \
                        (ca-certificates), or name a file of them by SSL_CERT_FILE"
                    .to_owned(),
            );
        }
        let tls = ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(authorities)
            .with_no_client_auth();
        // Without encryption it is this machine alone: see [`location`].
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        Ok(Self { issuer, client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    /// The issuer.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer.name
    }

    /// Fetches the current keys.
    pub(super) async fn keys(&self) -> Result<KeySet, String> {
        let late = |_| Err(format!("no answer within {} seconds", TIMEOUT.as_secs()));
        timeout(TIMEOUT, self.fetch()).await.unwrap_or_else(late)
    }

    async fn fetch(&self) -> Result<KeySet, String> {
        let discovery = self.get(&self.issuer.location).await?;
        let discovery: Discovery =
            serde_json::from_slice(&discovery).map_err(|error| format!("{}: {error}", self.issuer.location))?;
        // Section 4.3: else another tenant of the same server could answer for this one.
        if discovery.issuer != self.issuer.name {
            return Err(format!("{} names another issuer, {:?}", self.issuer.location, discovery.issuer));
        }
        let keys = location(&discovery.jwks_uri).map_err(|what| format!("its `jwks_uri` {what}"))?;
        if keys.scheme() != self.issuer.location.scheme() {
            return Err("its `jwks_uri` is of another scheme than it is itself".to_owned());
        }
        KeySet::read(&self.get(&keys).await?).map_err(|error| format!("{keys}: {error}"))
    }

    async fn get(&self, from: &Uri) -> Result<Bytes, String> {
        let failed = |error: &dyn std::error::Error| format!("{from}: {error}{}", causes(error));
        let answer = self.client.get(from.clone()).await.map_err(|error| failed(&error))?;
        if answer.status() != http::StatusCode::OK {
            return Err(format!("{from} answers {}", answer.status()));
        }
        let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
        body.map(|body| body.to_bytes()).map_err(|error| failed(&*error))
    }
}

/// The causes of an error; the client's own text has only the place.
fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |error| error.source()).map(|cause| format!(": {cause}")).collect()
}
