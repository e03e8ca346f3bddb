//! The explorer: GraphiQL from this server. `explorer/` describes the build of its files, which the program has compressed (`build.rs`).

use std::io::Read;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use super::compression::{self, ETAG_SUFFIX};

/// Content security policy: own scripts, workers and endpoint, the editor's inline styles, and no other host.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// The page itself.
const PAGE: &str = "index.html";

macro_rules! files {
    ($($name:literal => $kind:literal),* $(,)?) => {
        /// The page's files: name, media type, compressed content.
        const FILES: &[(&str, &str, &[u8])] =
            &[$(($name, $kind, include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")))),*];
    };
}

files! {
    "index.html" => "text/html; charset=utf-8",
    "explorer.js" => "text/javascript; charset=utf-8",
    "explorer.css" => "text/css; charset=utf-8",
    "editor.worker.js" => "text/javascript; charset=utf-8",
    "graphql.worker.js" => "text/javascript; charset=utf-8",
    "json.worker.js" => "text/javascript; charset=utf-8",
    "LICENSES.txt" => "text/plain; charset=utf-8",
}

/// Routes of the explorer.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let begin = Router::new().route("/", get(async || Redirect::temporary("/graphiql")));
    FILES.iter().fold(begin, |router, (name, kind, content)| {
        let path = if *name == PAGE { "/graphiql".to_owned() } else { format!("/graphiql/{name}") };
        let digest: String = Sha256::digest(content).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        router.route(&path, get(async move |sent: HeaderMap| file(kind, content, &digest, &sent)))
    })
}

/// Returns a file, or 304 if the browser has it: compressed, unless the client does not take that.
fn file(kind: &'static str, compressed: &'static [u8], digest: &str, sent: &HeaderMap) -> Response {
    let say = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
    let is_compressed = compression::accepts_gzip(sent);
    let tag = format!("\"{digest}{}\"", if is_compressed { ETAG_SUFFIX } else { "" });
    let tag = [
        (header::ETAG, HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""))),
        say(header::VARY, "accept-encoding"),
    ];
    if sent.get(header::IF_NONE_MATCH) == Some(&tag[0].1) {
        return (StatusCode::NOT_MODIFIED, tag).into_response();
    }
    let headers = [
        say(header::CONTENT_TYPE, kind),
        say(header::CONTENT_SECURITY_POLICY, POLICY),
        say(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        say(header::REFERRER_POLICY, "no-referrer"),
        say(header::CACHE_CONTROL, "no-cache"),
    ];
    if is_compressed {
        return (headers, tag, [say(header::CONTENT_ENCODING, "gzip")], compressed).into_response();
    }
    let mut content = Vec::new();
    match GzDecoder::new(compressed).read_to_end(&mut content) {
        Ok(_) => (headers, tag, content).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
