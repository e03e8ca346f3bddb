//! Content negotiation: the media type of a response, and the status codes that it allows (GraphQL over HTTP
//! <https://graphql.github.io/graphql-over-http/draft/>, sections 6.1 and 6.4).

use axum::http::{HeaderMap, HeaderValue, header};

use super::quality_values::{Range, ranges_of};

/// A media type of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`: the status says whether the operation ran.
    Graphql,
    /// `application/json`, from before there was the other: whatever is about the operation is answered with 200.
    Json,
}

impl Media {
    /// The one that the caller likes best; none when they like neither.
    ///
    /// Who says nothing, or that anything will do, gets plain JSON. The draft would have had the other by default from 2025 on
    /// for who sends no `Accept`; its own audits ask for JSON still, and so do clients that were written before it and send
    /// nothing, or `*/*`, as most HTTP libraries do.
    pub(super) fn wanted(headers: &HeaderMap) -> Option<Self> {
        let ranges: Vec<Range<'_>> = ranges(headers).collect();
        if ranges.is_empty() {
            return Some(Self::Json);
        }
        let liked = |media: Self| {
            let fits = ranges.iter().enumerate().filter(|(_, range)| range.precision(media).is_some());
            // The most precise range that fits is the one that counts (RFC 9110, section 12.5.1).
            let (place, range) = fits.max_by_key(|(place, range)| (range.precision(media), usize::MAX - place))?;
            let liking = (range.quality, range.precision(media), usize::MAX - place);
            (range.quality > 0).then_some(liking)
        };
        match (liked(Self::Graphql), liked(Self::Json)) {
            (None, None) => None,
            (graphql, json) if graphql > json => Some(Self::Graphql),
            _ => Some(Self::Json),
        }
    }

    /// What stands in `Content-Type`.
    pub(super) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Graphql => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Graphql => "application/graphql-response+json",
            Self::Json => "application/json",
        }
    }
}

/// Whether the caller takes a stream of events, and says so.
pub(super) fn takes_events(headers: &HeaderMap) -> bool {
    ranges(headers).any(|range| range.quality > 0 && range.name.eq_ignore_ascii_case("text/event-stream"))
}

/// What stands in `Accept`.
fn ranges(headers: &HeaderMap) -> impl Iterator<Item = Range<'_>> {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.flat_map(ranges_of)
}

impl Range<'_> {
    /// How precisely it names that type; none when it does not fit.
    fn precision(&self, media: Media) -> Option<u8> {
        match self.name {
            "*/*" => Some(0),
            name if name.eq_ignore_ascii_case("application/*") => Some(1),
            name if name.eq_ignore_ascii_case(media.name()) => Some(2),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_what_they_like_gets_it() {
        const GRAPHQL: Option<Media> = Some(Media::Graphql);
        const JSON: Option<Media> = Some(Media::Json);
        for (accept, expected) in [
            ("", JSON),
            ("*/*", JSON),
            ("application/*", JSON),
            ("application/json", JSON),
            ("Application/GraphQL-Response+JSON; charset=utf-8", GRAPHQL),
            ("application/graphql-response+json, application/json;q=0.9", GRAPHQL),
            ("application/json;q=0.9, application/graphql-response+json", GRAPHQL),
            ("application/graphql-response+json, application/json", GRAPHQL),
            ("application/json, application/graphql-response+json", JSON),
            ("application/json, application/graphql-response+json;q=0.5", JSON),
            ("*/*, application/graphql-response+json", GRAPHQL),
            ("application/json;q=0, */*", GRAPHQL),
            ("application/json;q=0, application/graphql-response+json;q=0, */*", None),
            ("text/html, */*;q=0.8", JSON),
            ("text/html", None),
            ("application/json; Q=0", None),
            ("application/json; q=nonsense", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(Media::wanted(&headers), expected, "{accept}");
        }
        assert_eq!(Media::wanted(&HeaderMap::new()), JSON);
    }
}
