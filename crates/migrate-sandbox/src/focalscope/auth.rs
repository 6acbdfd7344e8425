//! Who may ask: HTTP Basic, a session, or an API key.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};

use super::FocalScope;
use super::envelope::{Fault, Request};
use super::knobs::{Knobs, Way};

/// The secrets that open an instance.
#[derive(Clone)]
pub struct Credentials {
    /// Account, for Basic and `Login`.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Key for `ApiKeyHeader`.
    pub api_key: String,
}

impl Default for Credentials {
    fn default() -> Self {
        Self { user: "migration".into(), password: "sandbox".into(), api_key: "sandbox-key".into() }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Session {
    opened: Timestamp,
    calls: u32,
}

/// The sessions that are open.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: HashMap<String, Session>,
    opened: u64,
}

impl Sessions {
    pub(super) fn open(&mut self, now: Timestamp) -> String {
        self.opened += 1;
        let mut rng = fastrand::Rng::new();
        let token = format!("{:06}-{:016x}{:016x}", self.opened, rng.u64(..), rng.u64(..));
        self.open.insert(token.clone(), Session { opened: now, calls: 0 });
        token
    }

    pub(super) fn close(&mut self, token: &str) {
        self.open.remove(token);
    }

    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    /// Counts a call against the session; false when it is over or was never there.
    fn call(&mut self, token: &str, now: Timestamp, knobs: &Knobs) -> bool {
        let Some(session) = self.open.get_mut(token) else { return false };
        session.calls += 1;
        let life = SignedDuration::from_secs(i64::from(knobs.session_seconds));
        let over = now.duration_since(session.opened) >= life
            || knobs.session_calls.is_some_and(|calls| session.calls > calls);
        if over {
            self.open.remove(token);
        }
        !over
    }
}

/// Why a request may not be answered.
pub(super) enum Refusal {
    /// HTTP 401 that asks for Basic.
    Unauthorized,
    /// A fault.
    Fault(Fault),
}

/// Reads `Authorization: Basic`.
pub(super) fn basic(header: Option<&str>) -> Option<(String, String)> {
    let (scheme, encoded) = header?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

impl FocalScope {
    /// Whether this pair is the account.
    pub(super) fn knows(&self, user: &str, password: &str) -> bool {
        let known = &self.config().credentials;
        user == known.user && password == known.password
    }

    /// Finds out who asks. A session is tried first, then the key, then Basic: the first that is there decides.
    pub(super) fn admit(
        &self,
        request: &Request,
        authorization: Option<&str>,
        knobs: &Knobs,
    ) -> Result<Way, Refusal> {
        if let Some(token) = request.token.as_deref().filter(|_| knobs.accept.contains(&Way::Session)) {
            return match self.sessions().call(token, self.clock().now(), knobs) {
                true => Ok(Way::Session),
                false => Err(Refusal::Fault(Fault::own("SessionExpired", "The session has expired."))),
            };
        }
        if let Some(key) = request.api_key.as_deref().filter(|_| knobs.accept.contains(&Way::ApiKey)) {
            return match key == self.config().credentials.api_key {
                true => Ok(Way::ApiKey),
                false => Err(Refusal::Fault(denied())),
            };
        }
        if knobs.accept.contains(&Way::Basic) {
            return match basic(authorization) {
                Some((user, password)) if self.knows(&user, &password) => Ok(Way::Basic),
                _ => Err(Refusal::Unauthorized),
            };
        }
        Err(Refusal::Fault(denied()))
    }
}

pub(super) fn denied() -> Fault {
    Fault::own("AccessDenied", "Access denied.")
}
