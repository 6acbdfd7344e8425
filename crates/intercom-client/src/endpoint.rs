//! Requests as values: what is asked, and how the answer is read. Nothing here does I/O.

use connector_http::{Body, Meta, Request, Response};
use http::{Method, header};
use mapping_core::{Error, ErrorKind, Outcome, Result};
use serde::de::DeserializeOwned;
use std::time::Duration;
use url::Url;

/// Where the API is and which version of it is spoken. Builds the requests of every call.
#[derive(Clone, Debug)]
pub struct Endpoint {
    base: Url,
    version: String,
}

/// A request that is not sent yet, with the way to read its answer.
#[must_use = "a request does nothing until it is sent"]
#[derive(Debug)]
pub struct Ask<T> {
    operation: &'static str,
    writes: bool,
    request: Result<Request>,
    read: fn(&Response) -> Result<T>,
}

/// What kind of call it is; it decides whether a lost answer may be answered by asking again.
#[derive(Clone, Copy)]
pub(crate) enum Does {
    Read,
    Overwrite,
    Create,
    /// A read that moves on at the server: asked again it gives something else.
    Scroll,
}

impl Endpoint {
    /// An endpoint below `base` that speaks `version`.
    ///
    /// # Errors
    /// `Config` for a base that isn't an absolute `http` or `https` URL, and for a version with other characters than
    /// letters, digits and dots.
    pub fn new(base: &str, version: &str) -> Result<Self> {
        let wrong = |message| Error::not_sent(ErrorKind::Config, message);
        let base = Url::parse(base.trim()).map_err(|_| wrong("the Intercom base URL is not a URL"))?;
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() || base.query().is_some() {
            return Err(wrong("the Intercom base URL must be http(s)://host without a query"));
        }
        if version.is_empty() || !version.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') {
            return Err(wrong("the Intercom version must look like 2.16"));
        }
        Ok(Endpoint { base, version: version.to_owned() })
    }

    /// The base URL.
    pub fn base(&self) -> &Url {
        &self.base
    }
    /// The version that is asked for.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The segments of a path below the base, decoded; `None` for a path that isn't below it.
    #[cfg(feature = "sink")]
    pub(crate) fn below<'p>(&self, path: &'p str) -> Option<Vec<&'p str>> {
        let rest = path.strip_prefix(self.base.path().trim_end_matches('/'))?.strip_prefix('/')?;
        Some(rest.split('/').collect())
    }

    pub(crate) fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url> {
        let mut url = self.base.clone();
        // An empty segment or a dot would name another resource than the one that was meant.
        if path.iter().any(|s| s.is_empty() || *s == "." || *s == "..") {
            return Err(Error::not_sent(ErrorKind::Invalid, "an id of the call is empty or a dot"));
        }
        match url.path_segments_mut() {
            Ok(mut segments) => segments.pop_if_empty().extend(path),
            Err(()) => return Err(Error::not_sent(ErrorKind::Config, "the base URL can't have a path")),
        };
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    pub(crate) fn request(
        &self,
        meta: Meta,
        method: Method,
        url: Result<Url>,
        body: Option<Result<Body>>,
    ) -> Result<Request> {
        let mut builder = http::Request::builder()
            .method(method)
            .uri(url?.as_str())
            .header(header::ACCEPT, "application/json")
            .header("Intercom-Version", &self.version);
        let body = match body {
            Some(body) => {
                builder = builder.header(header::CONTENT_TYPE, "application/json");
                body?
            }
            None => Body::empty(),
        };
        meta.request(builder, body)
    }
}

impl<T> Ask<T> {
    pub(crate) fn new(
        to: &Endpoint,
        operation: &'static str,
        does: Does,
        (method, path, query): (Method, &[&str], &[(&str, &str)]),
        body: Option<Result<Body>>,
        read: fn(&Response) -> Result<T>,
    ) -> Self {
        let meta = match does {
            Does::Read => Meta::read(operation),
            Does::Overwrite => Meta::overwrite(operation),
            Does::Create | Does::Scroll => Meta::create(operation),
        };
        let request = to.request(meta, method, to.url(path, query), body);
        Ask { operation, writes: !matches!(does, Does::Read | Does::Scroll), request, read }
    }

    /// A read that can't be sent, because of what it was to be built from.
    pub(crate) fn refused(operation: &'static str, why: Error, read: fn(&Response) -> Result<T>) -> Self {
        Ask { operation, writes: false, request: Err(why), read }
    }

    /// The operation's name, such as `conversations.reply`.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// Gives the call a deadline of its own, waits and repetitions included: one that uploads much takes longer.
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        if let Ok(request) = &mut self.request {
            let meta = Meta::of(request).with_deadline(deadline);
            request.extensions_mut().insert(meta);
        }
        self
    }

    /// The request.
    ///
    /// # Errors
    /// `Invalid` when an argument made no valid request.
    pub fn request(&self) -> Result<&Request> {
        // An error can't be cloned; it is told again.
        self.request
            .as_ref()
            .map_err(|e| Error::not_sent(e.kind(), e.message().to_owned()).with_operation(self.operation))
    }

    /// Reads an answer with a 2xx status.
    ///
    /// # Errors
    /// `Malformed` when it isn't what the API describes. After a write the outcome is unknown then: something answered
    /// that isn't Intercom as we know it.
    pub fn read(&self, answer: &Response) -> Result<T> {
        let outcome = if self.writes { Outcome::Unknown } else { Outcome::Rejected };
        (self.read)(answer).map_err(|e| e.with_operation(self.operation).with_outcome(outcome))
    }
}

/// Reads a JSON answer.
pub(crate) fn json<T: DeserializeOwned>(answer: &Response) -> Result<T> {
    serde_json::from_slice(answer.body()).map_err(|e| {
        // The parser's text may quote the answer; its place can't.
        Error::rejected(ErrorKind::Malformed, "the answer is not the JSON that Intercom describes")
            .with_status(answer.status().as_u16())
            .with("line", e.line())
            .with("column", e.column())
    })
}

/// For answers of which only the status counts.
pub(crate) fn nothing(_: &Response) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_a_path_are_encoded_and_dots_refused() {
        let at = Endpoint::new("https://api.intercom.io/", "2.16").unwrap();
        let url = at.url(&["contacts", "find_by_external_id", "a/b?c ü"], &[]).unwrap();
        assert_eq!(url.as_str(), "https://api.intercom.io/contacts/find_by_external_id/a%2Fb%3Fc%20%C3%BC");
        for id in ["", ".", ".."] {
            assert_eq!(at.url(&["contacts", id], &[]).unwrap_err().kind(), ErrorKind::Invalid);
        }
    }

    #[test]
    fn a_base_with_a_path_keeps_it() {
        let at = Endpoint::new("http://127.0.0.1:9/intercom", "2.16").unwrap();
        assert_eq!(at.url(&["me"], &[("a", "b")]).unwrap().as_str(), "http://127.0.0.1:9/intercom/me?a=b");
    }

    #[test]
    fn a_base_or_a_version_that_can_t_be_is_a_configuration_error() {
        for (base, version) in
            [("api.intercom.io", "2.16"), ("ftp://x", "2.16"), ("https://x", ""), ("https://x", "2 16")]
        {
            assert_eq!(
                Endpoint::new(base, version).unwrap_err().kind(),
                ErrorKind::Config,
                "{base} {version}"
            );
        }
    }
}
