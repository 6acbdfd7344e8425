//! Credentials on each request, and one login for all workers when they expire.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use base64::Engine as _;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{StatusCode, Uri};
use mapping_core::{Error, ErrorKind, Outcome, Result, Retry};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use crate::classify::Answered;
use crate::clock::Clock;
use crate::exchange::{Answer, Exchange, Request, exchange_by_around};
use crate::meta::Meta;

/// How requests are authenticated.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Gets a secret: a constant, or a login, or the refreshing of a token. Called for one worker at a time.
    ///
    /// # Errors
    ///
    /// When there is none to be had. Workers that waited for the same login get the same refusal.
    async fn login(&self) -> Result<SecretString>;

    /// Gets another secret after the server refused this one. Default: [`login`](Credentials::login).
    ///
    /// # Errors
    ///
    /// As [`login`](Credentials::login).
    async fn login_again(&self, _refused: &SecretString) -> Result<SecretString> {
        self.login().await
    }

    /// Whether the secret is about to expire, so that a login comes before the next call and not after its refusal.
    /// Default: false.
    fn due(&self, _secret: &SecretString) -> bool {
        false
    }

    /// Puts the secret on a request. Header values that hold it must be marked sensitive.
    ///
    /// # Errors
    ///
    /// When the secret doesn't fit where it has to go.
    fn apply(&self, secret: &SecretString, request: &mut Request) -> Result<()>;

    /// Whether the answer says that the secret has expired and that nothing was done. Default: status 401.
    fn expired(&self, answer: &Answered<'_>) -> bool {
        answer.status == StatusCode::UNAUTHORIZED
    }

    /// Whether a new login can give another secret. Default: true.
    fn renewable(&self) -> bool {
        true
    }
}

#[async_trait]
impl<C: Credentials + ?Sized> Credentials for Arc<C> {
    async fn login(&self) -> Result<SecretString> {
        (**self).login().await
    }
    async fn login_again(&self, refused: &SecretString) -> Result<SecretString> {
        (**self).login_again(refused).await
    }
    fn due(&self, secret: &SecretString) -> bool {
        (**self).due(secret)
    }
    fn apply(&self, secret: &SecretString, request: &mut Request) -> Result<()> {
        (**self).apply(secret, request)
    }
    fn expired(&self, answer: &Answered<'_>) -> bool {
        (**self).expired(answer)
    }
    fn renewable(&self) -> bool {
        (**self).renewable()
    }
}

/// A constant token in `Authorization: Bearer`.
#[derive(Clone, Debug)]
pub struct Bearer(pub SecretString);

/// A name and a password in `Authorization: Basic`.
#[derive(Clone, Debug)]
pub struct Basic {
    /// The name.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

/// A constant key in a header of its own.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The header.
    pub header: HeaderName,
    /// The key.
    pub key: SecretString,
}

#[async_trait]
impl Credentials for Bearer {
    async fn login(&self) -> Result<SecretString> {
        Ok(self.0.clone())
    }
    fn apply(&self, secret: &SecretString, request: &mut Request) -> Result<()> {
        put(request, AUTHORIZATION, &format!("Bearer {}", secret.expose_secret()))
    }
    fn renewable(&self) -> bool {
        false
    }
}

#[async_trait]
impl Credentials for Basic {
    async fn login(&self) -> Result<SecretString> {
        let pair = format!("{}:{}", self.user, self.password.expose_secret());
        Ok(base64::engine::general_purpose::STANDARD.encode(pair).into())
    }
    fn apply(&self, secret: &SecretString, request: &mut Request) -> Result<()> {
        put(request, AUTHORIZATION, &format!("Basic {}", secret.expose_secret()))
    }
    fn renewable(&self) -> bool {
        false
    }
}

#[async_trait]
impl Credentials for ApiKey {
    async fn login(&self) -> Result<SecretString> {
        Ok(self.key.clone())
    }
    fn apply(&self, secret: &SecretString, request: &mut Request) -> Result<()> {
        put(request, self.header.clone(), secret.expose_secret())
    }
    fn renewable(&self) -> bool {
        false
    }
}

fn put(request: &mut Request, header: HeaderName, value: &str) -> Result<()> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::not_sent(
            ErrorKind::Config,
            "the credentials hold a character that a header can't carry; a line break?",
        )
    })?;
    value.set_sensitive(true);
    request.headers_mut().insert(header, value);
    Ok(())
}

/// Authenticates calls to given origins; calls to others go without credentials.
///
/// However many workers see the same secret expire, one logs in and all go on with the new one. A failed login is
/// shared in the same way, so that a wrong password is not tried once per worker. Each call is repeated once at most.
pub struct Auth<X> {
    inner: X,
    credentials: Arc<dyn Credentials>,
    origins: BTreeSet<String>,
    current: Mutex<Current>,
    /// How many logins were tried.
    tried: AtomicU64,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Current {
    generation: u64,
    secret: Option<SecretString>,
    /// How the last login failed, if it did.
    failure: Option<(ErrorKind, Retry, String)>,
}

/// Scheme, host and port of a URI, in lower case, the port always written.
pub(crate) fn origin(uri: &Uri) -> Option<String> {
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let port = uri.port_u16().or(match scheme.as_str() {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    })?;
    Some(format!("{scheme}://{}:{port}", uri.host()?.to_ascii_lowercase()))
}

impl<X: Exchange> Auth<X> {
    /// Authenticates the calls of `inner` to the origin (scheme, host, port) of `base`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when `base` is not an absolute URL.
    pub fn new(
        inner: X,
        credentials: Arc<dyn Credentials>,
        base: &Uri,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let origin = origin(base).ok_or_else(|| {
            Error::not_sent(ErrorKind::Config, "the base URL for credentials has no scheme and host")
        })?;
        let origins = BTreeSet::from([origin]);
        Ok(Auth { inner, credentials, origins, current: Mutex::default(), tried: AtomicU64::new(0), clock })
    }

    async fn around<A: Answer>(&self, request: &Request) -> Result<A> {
        if !origin(request.uri()).is_some_and(|origin| self.origins.contains(&origin)) {
            return A::ask(&self.inner, request).await;
        }
        let meta = Meta::of(request);
        let (generation, secret) = self.secret(None).await?;
        let mut signed = request.clone();
        self.credentials.apply(&secret, &mut signed)?;
        let before = meta.flight().may_be_applied();
        let answer = A::ask(&self.inner, &signed).await?;
        let expired = self.credentials.expired(&Answered::of(&meta, request, &answer, &*self.clock));
        if !expired || !self.credentials.renewable() {
            return Ok(answer);
        }
        drop(answer);
        meta.flight().refused(before);
        let refused = |error: Error| error.with_outcome(Outcome::Rejected);
        let (_, secret) = self.secret(Some(generation)).await.map_err(refused)?;
        let mut signed = request.clone();
        self.credentials.apply(&secret, &mut signed).map_err(refused)?;
        A::ask(&self.inner, &signed).await
    }

    /// The current secret, or one newer than generation `stale`.
    async fn secret(&self, stale: Option<u64>) -> Result<(u64, SecretString)> {
        let tried_before = self.tried.load(Ordering::SeqCst);
        let mut current = self.current.lock().await;
        if let Some(secret) = &current.secret
            && stale != Some(current.generation)
            && !self.credentials.due(secret)
        {
            return Ok((current.generation, secret.clone()));
        }
        if self.tried.load(Ordering::SeqCst) != tried_before
            && let Some((kind, retry, message)) = &current.failure
        {
            return Err(Error::not_sent(*kind, message.clone()).with_retry(*retry));
        }
        let login = match &current.secret {
            Some(refused) if stale == Some(current.generation) => self.credentials.login_again(refused).await,
            _ => self.credentials.login().await,
        };
        self.tried.fetch_add(1, Ordering::SeqCst);
        match login {
            Ok(secret) => {
                current.generation += 1;
                current.failure = None;
                current.secret = Some(secret.clone());
                Ok((current.generation, secret))
            }
            Err(error) => {
                current.failure = Some((error.kind(), error.retry(), error.message().to_owned()));
                Err(error.with_outcome(Outcome::NotSent))
            }
        }
    }
}
exchange_by_around!(Auth);
