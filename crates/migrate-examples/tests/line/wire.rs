//! A wire between the program and the stand-in for Intercom. It keeps what the program sends, bodies too, and a test may act
//! on a request before it arrives, or hold it for ever.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a test waits for a request.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: String,
}

impl Sent {
    /// The body as JSON; null for one that is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// Whether it belongs to the second pass: it assigns, closes or snoozes a conversation.
    pub(crate) fn ends_a_thread(&self) -> bool {
        let kind = self.json()["message_type"].as_str().unwrap_or_default().to_owned();
        self.path.starts_with("/conversations/")
            && ["assignment", "close", "snoozed"].contains(&kind.as_str())
    }
}

type Before = Box<dyn Fn(&Sent) -> bool + Send + Sync>;

/// Requests go on to the stand-in one by one, each over a connection of its own.
pub(crate) struct Wire {
    pub(crate) at: SocketAddr,
    sent: Arc<Mutex<Vec<Sent>>>,
    held: Arc<AtomicU64>,
}

impl Wire {
    /// A wire to `to`. What `before` says no to never arrives and is never answered.
    pub(crate) fn to(to: SocketAddr, before: impl Fn(&Sent) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let at = listener.local_addr().unwrap();
        let (sent, held) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU64::new(0)));
        let wire = Wire { at, sent: sent.clone(), held: held.clone() };
        let before: Arc<Before> = Arc::new(Box::new(before));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (sent, held, before) = (sent.clone(), held.clone(), before.clone());
                std::thread::spawn(move || carry(client, to, &sent, &held, &before));
            }
        });
        wire
    }

    /// What went over it so far, what was held included.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// Waits until a request is held; false when `ended` says that nobody will send one.
    pub(crate) fn holds(&self, mut ended: impl FnMut() -> bool) -> bool {
        let began = Instant::now();
        while self.held.load(Ordering::SeqCst) == 0 {
            if ended() {
                return false;
            }
            assert!(began.elapsed() < PATIENCE, "nothing came to be held");
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }
}

/// One request and its answer. Whatever breaks on the way looks to the program like a connection that broke.
fn carry(mut client: TcpStream, to: SocketAddr, sent: &Mutex<Vec<Sent>>, held: &AtomicU64, before: &Before) {
    let Some((head, body)) = request(&mut client) else { return };
    let mut words = head.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let one = Sent { method, path, body: String::from_utf8_lossy(&body).into_owned() };
    sent.lock().unwrap().push(one.clone());
    if !before(&one) {
        held.fetch_add(1, Ordering::SeqCst);
        // Until the program is gone.
        let _ = client.read(&mut [0; 1]);
        return;
    }
    let Ok(mut server) = TcpStream::connect(to) else { return };
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    if server.write_all(head.as_bytes()).and_then(|()| server.write_all(&body)).is_err() {
        return;
    }
    let mut answer = Vec::new();
    if server.read_to_end(&mut answer).is_ok() {
        let _ = client.write_all(&answer);
    }
}

/// Head and body of a request whose length is declared.
fn request(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        let mut chunk = [0; 8192];
        let n = client.read(&mut chunk).ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&chunk[..n]);
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let lower = head.to_lowercase();
    assert!(!lower.contains("transfer-encoding"), "a body of unknown length");
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = bytes.split_off(end);
    while body.len() < length.unwrap_or(0) {
        let mut chunk = [0; 65536];
        let n = client.read(&mut chunk).ok().filter(|n| *n > 0)?;
        body.extend_from_slice(&chunk[..n]);
    }
    Some((head, body))
}
