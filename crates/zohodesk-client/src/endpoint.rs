//! Requests as values: what is asked, and how the answer is read. Nothing here does I/O.

use crate::credits::Weight;
use crate::id::OrgId;
use connector_http::{Body, Meta, Multipart, Request, Response};
use http::{Method, header};
use mapping_core::{Error, ErrorKind, Outcome, Result};
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::time::Duration;
use url::{Host, Url};

/// What the path of every call begins with.
const API: [&str; 2] = ["api", "v1"];

/// Where the API is and which organisation is asked. Builds the requests of every call.
#[derive(Clone, Debug)]
pub struct Endpoint {
    base: Url,
    org: Option<OrgId>,
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

/// What kind of call it is; it decides whether a lost answer may be answered by asking again, and what the call costs.
#[derive(Clone, Copy)]
pub(crate) enum Does {
    /// Reads one object.
    Get,
    /// Reads a list from this place on, or searches.
    List(u64),
    /// Sets what it names.
    Overwrite,
    /// Makes something new each time.
    Create,
}

/// What a request carries.
pub(crate) enum Payload {
    None,
    Json(Result<Body>),
    Form(Multipart),
}

/// A base URL: https, or plain http to this machine itself.
pub(crate) fn base_url(text: &str, what: &'static str) -> Result<Url> {
    let wrong = |why: &str| Error::not_sent(ErrorKind::Config, format!("the base URL of {what} {why}"));
    let url = Url::parse(text.trim()).map_err(|_| wrong("is not a URL"))?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => return Err(wrong("has no host")),
    };
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(wrong("must not hold a query, a fragment, a name or a password"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        "http" => Err(wrong("must be https; plain http goes to this machine alone")),
        _ => Err(wrong("must be http(s)://host")),
    }
}

impl Endpoint {
    /// The API below `base`, asked for `org`. Without an organisation only [`organizations::list`] can be asked.
    ///
    /// [`organizations::list`]: crate::api::organizations::list
    ///
    /// # Errors
    /// `Config` for a base that isn't `https://host` (plain http only for this machine itself), and for an organisation whose
    /// id isn't digits: Desk answers that with an opaque 500.
    pub fn new(base: &str, org: Option<OrgId>) -> Result<Self> {
        let base = base_url(base, "Zoho Desk")?;
        if let Some(org) = &org
            && (org.as_str().is_empty() || !org.as_str().bytes().all(|b| b.is_ascii_digit()))
        {
            return Err(Error::not_sent(
                ErrorKind::Config,
                "the id of the organisation (orgId) must be digits",
            ));
        }
        Ok(Endpoint { base, org })
    }

    /// The base URL.
    pub fn base(&self) -> &Url {
        &self.base
    }
    /// The organisation.
    pub fn org(&self) -> Option<&OrgId> {
        self.org.as_ref()
    }
    /// The same API, asked for another organisation.
    ///
    /// # Errors
    /// As [`new`](Endpoint::new).
    pub fn with_org(&self, org: OrgId) -> Result<Self> {
        Endpoint::new(self.base.as_str(), Some(org))
    }

    pub(crate) fn url(&self, path: &[&str], query: &[(&str, String)]) -> Result<Url> {
        let mut url = self.base.clone();
        // An empty segment or a dot would name another resource than the one that was meant.
        if path.iter().any(|s| s.is_empty() || *s == "." || *s == "..") {
            return Err(Error::not_sent(ErrorKind::Invalid, "an id of the call is empty or a dot"));
        }
        match url.path_segments_mut() {
            Ok(mut segments) => segments.pop_if_empty().extend(API).extend(path),
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
        weight: Weight,
        (method, url): (Method, Result<Url>),
        payload: Payload,
        needs_org: bool,
    ) -> Result<Request> {
        let mut builder = http::Request::builder()
            .method(method)
            .uri(url?.as_str())
            .header(header::ACCEPT, "application/json")
            .extension(weight);
        match &self.org {
            Some(org) if needs_org => builder = builder.header("orgId", org.as_str()),
            None if needs_org => {
                let message =
                    "an organisation is needed; set ZOHODESK_ORG_ID to one that GET /organizations lists";
                return Err(Error::not_sent(ErrorKind::Config, message));
            }
            _ => {}
        }
        let body = match payload {
            Payload::None => Body::empty(),
            Payload::Json(body) => {
                builder = builder.header(header::CONTENT_TYPE, "application/json");
                body?
            }
            Payload::Form(form) => {
                builder = builder.header(header::CONTENT_TYPE, form.content_type());
                form.body()
            }
        };
        meta.request(builder, body)
    }
}

impl<T> Ask<T> {
    pub(crate) fn new(
        to: &Endpoint,
        operation: &'static str,
        does: Does,
        (method, path, query): (Method, &[&str], &[(&str, String)]),
        payload: Payload,
        read: fn(&Response) -> Result<T>,
    ) -> Self {
        Self::built(to, operation, does, (method, path, query), payload, true, read)
    }

    /// As [`new`](Ask::new), for the one call that names no organisation.
    pub(crate) fn without_org(
        to: &Endpoint,
        operation: &'static str,
        path: &[&str],
        read: fn(&Response) -> Result<T>,
    ) -> Self {
        Self::built(to, operation, Does::List(0), (Method::GET, path, &[]), Payload::None, false, read)
    }

    fn built(
        to: &Endpoint,
        operation: &'static str,
        does: Does,
        (method, path, query): (Method, &[&str], &[(&str, String)]),
        payload: Payload,
        needs_org: bool,
        read: fn(&Response) -> Result<T>,
    ) -> Self {
        let (meta, weight) = match does {
            Does::Get => (Meta::read(operation), Weight::ONE),
            Does::List(from) => (Meta::read(operation), Weight::of_list(from)),
            Does::Overwrite => (Meta::overwrite(operation), Weight::ONE),
            Does::Create => (Meta::create(operation), Weight::ONE),
        };
        let writes = !meta.is_read();
        let request = to.request(meta, weight, (method, to.url(path, query)), payload, needs_org);
        Ask { operation, writes, request, read }
    }

    /// A call that can't be sent, because of what it was to be built from.
    pub(crate) fn refused(operation: &'static str, why: Error, read: fn(&Response) -> Result<T>) -> Self {
        Ask { operation, writes: false, request: Err(why), read }
    }

    /// The operation's name, such as `tickets.create`.
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

    /// What the call costs by the documented weights; the answer's header has the last word.
    pub fn weight(&self) -> u64 {
        self.request.as_ref().ok().and_then(|r| r.extensions().get::<Weight>()).map_or(1, |w| w.0)
    }

    /// The request.
    ///
    /// # Errors
    /// `Invalid` when an argument made no valid request, `Config` without an organisation.
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
    /// that isn't Zoho Desk as we know it.
    pub fn read(&self, answer: &Response) -> Result<T> {
        let outcome = if self.writes { Outcome::Unknown } else { Outcome::Rejected };
        (self.read)(answer).map_err(|e| e.with_operation(self.operation).with_outcome(outcome))
    }
}

/// A body in JSON.
pub(crate) fn body(value: &impl serde::Serialize) -> Payload {
    Payload::Json(Body::json(value))
}

/// Reads a JSON answer.
pub(crate) fn json<T: DeserializeOwned>(answer: &Response) -> Result<T> {
    serde_json::from_slice(answer.body()).map_err(|e| {
        // The parser's text may quote the answer; its place can't.
        Error::rejected(ErrorKind::Malformed, "the answer is not the JSON that Zoho Desk describes")
            .with_status(answer.status().as_u16())
            .with("line", e.line())
            .with("column", e.column())
    })
}

/// Reads a JSON answer that may be empty: nothing was found.
pub(crate) fn maybe<T: DeserializeOwned>(answer: &Response) -> Result<Option<T>> {
    if is_empty(answer) { Ok(None) } else { json(answer).map(Some) }
}

/// Whether an answer has no content, by its status or in fact.
pub(crate) fn is_empty(answer: &Response) -> bool {
    answer.status() == http::StatusCode::NO_CONTENT || answer.body().iter().all(u8::is_ascii_whitespace)
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
        let at = Endpoint::new("https://desk.zoho.eu", None).unwrap();
        let url = at.url(&["agents", "email", "a/b?c ü@x"], &[("a", "b,c".to_owned())]).unwrap();
        assert_eq!(url.as_str(), "https://desk.zoho.eu/api/v1/agents/email/a%2Fb%3Fc%20%C3%BC@x?a=b%2Cc");
        for id in ["", ".", ".."] {
            assert_eq!(at.url(&["tickets", id], &[]).unwrap_err().kind(), ErrorKind::Invalid);
        }
    }

    #[test]
    fn plain_http_goes_to_this_machine_alone() {
        for base in
            ["http://127.0.0.1:9/desk", "http://localhost:1", "http://[::1]:8", "https://desk.zoho.com"]
        {
            assert!(Endpoint::new(base, None).is_ok(), "{base}");
        }
        for base in [
            "http://desk.zoho.com",
            "http://localhost.example",
            "ftp://127.0.0.1",
            "desk.zoho.com",
            "https://a:b@desk.zoho.com",
            "https://desk.zoho.com/?x",
        ] {
            assert_eq!(Endpoint::new(base, None).unwrap_err().kind(), ErrorKind::Config, "{base}");
        }
    }

    #[test]
    fn an_organisation_that_isn_t_digits_is_refused_before_desk_answers_500() {
        for org in ["", "abc", "12 3", "-1"] {
            let e = Endpoint::new("https://desk.zoho.com", Some(org.into())).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::Config, "{org}");
        }
    }
}
