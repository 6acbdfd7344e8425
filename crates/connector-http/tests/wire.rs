//! The wire over real sockets on loopback, in real time.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connector_http::*;
use futures_util::{TryStreamExt as _, stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A request as it came over the socket.
struct Came {
    line: String,
    headers: HashMap<String, String>,
    body_bytes: u64,
    stream: TcpStream,
}

impl Came {
    async fn answer(mut self, head: &str, body: &[u8]) {
        let head = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n");
        let _ = self.stream.write_all(head.as_bytes()).await;
        let _ = self.stream.write_all(body).await;
        let _ = self.stream.shutdown().await;
    }
}

/// Reads a head, and of the body as much as `part` (of 1.0) says.
async fn receive(mut stream: TcpStream, part: f64) -> Option<Came> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let line = lines.next().unwrap().to_owned();
    let headers: HashMap<_, _> = lines
        .filter_map(|l| l.split_once(": "))
        .map(|(k, v)| (k.to_ascii_lowercase(), v.to_owned()))
        .collect();
    let declared: u64 = headers.get("content-length").map_or(0, |v| v.parse().unwrap());
    let wanted = (declared as f64 * part) as u64;
    let (mut body_bytes, mut buffer) = (0, vec![0; 1 << 16]);
    while body_bytes < wanted {
        match stream.read(&mut buffer).await.ok()? {
            0 => break,
            read => body_bytes += read as u64,
        }
    }
    Some(Came { line, headers, body_bytes, stream })
}

/// A listener, its base URL and the requests that come to it.
async fn server() -> (String, mpsc::UnboundedReceiver<Came>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (send, requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let send = send.clone();
            tokio::spawn(async move { receive(stream, 1.0).await.map(|came| send.send(came)) });
        }
    });
    (base, requests)
}

fn wire() -> Http {
    Http::new(&Config::default()).unwrap()
}

fn create(url: &str, body: Body) -> Request {
    Meta::create("create").request(http::Request::post(url), body).unwrap()
}

fn read(url: &str) -> Request {
    Meta::read("read").request(http::Request::get(url), Body::empty()).unwrap()
}

/// A file of one repeated byte that counts how often it is opened, and may break off.
struct Zeros {
    len: u64,
    yields: u64,
    opened: AtomicUsize,
}

impl Zeros {
    fn of(len: u64) -> Arc<Self> {
        Arc::new(Zeros { len, yields: len, opened: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl OpenBody for Zeros {
    async fn open(&self) -> Result<ByteStream> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        let chunk = Bytes::from_static(&[b'z'; 65_529]);
        Ok(Box::pin(stream::iter((0..self.yields).step_by(chunk.len()).map({
            let yields = self.yields;
            move |at| Ok(chunk.slice(..chunk.len().min((yields - at) as usize)))
        }))))
    }
}

fn with_file(file: &Arc<Zeros>) -> Body {
    let part = FilePart {
        name: "z.bin".into(),
        content_type: "application/x".into(),
        len: file.len,
        open: file.clone(),
    };
    Body::json_with_files(&serde_json::json!({"body": "x"}), "attachment_files", vec![part]).unwrap()
}

#[cfg(target_os = "linux")]
fn peak_rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_request_arrives_as_built_and_its_answer_comes_back_whole() {
    let (base, mut requests) = server().await;
    let call = tokio::spawn(async move {
        wire().exchange(&create(&format!("{base}/items?x=1"), Body::from("{\"a\":1}"))).await
    });
    let came = requests.recv().await.unwrap();
    assert_eq!((came.line.as_str(), came.body_bytes), ("POST /items?x=1 HTTP/1.1", 7));
    assert!(came.headers["user-agent"].starts_with("connector-http/"));
    assert!(!came.headers.contains_key("transfer-encoding"));
    came.answer("201 Created\r\nx-request-id: r-1\r\ncontent-length: 2", b"{}").await;
    let answer = call.await.unwrap().unwrap();
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (201, &b"{}"[..]));
    assert_eq!(answer.headers()["x-request-id"], "r-1");
}

#[tokio::test]
async fn a_large_file_is_sent_without_being_held_and_opened_anew_for_a_repetition() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        drop(receive(stream, 0.5).await);
        let (stream, _) = listener.accept().await.unwrap();
        let came = receive(stream, 1.0).await.unwrap();
        let bytes = came.body_bytes;
        came.answer("200 OK\r\ncontent-length: 2", b"{}").await;
        bytes
    });
    let file = Zeros::of(64 << 20);
    let body = with_file(&file);
    let expected = body.len();
    let request = Meta::overwrite("upload").request(http::Request::put(url), body).unwrap();
    let stack = Stack::builder(wire()).build().unwrap();
    #[cfg(target_os = "linux")]
    let before = peak_rss_kib();
    assert_eq!(stack.exchange(&request).await.unwrap().status(), 200);
    assert_eq!((server.await.unwrap(), file.opened.load(Ordering::SeqCst)), (expected, 2));
    #[cfg(target_os = "linux")]
    assert!(peak_rss_kib() - before < 40 << 10, "grew by {} KiB", peak_rss_kib() - before);
}

#[tokio::test]
async fn a_create_that_was_cut_on_its_way_is_unknown_and_not_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(receive(stream, 0.5).await);
        }
    });
    let stack = Stack::builder(wire()).build().unwrap();
    let e = stack.exchange(&create(&url, with_file(&Zeros::of(1 << 20)))).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Transport, Outcome::Unknown));
    assert_eq!((connections.load(Ordering::SeqCst), e.operation()), (1, Some("create")));
}

#[tokio::test]
async fn a_closed_port_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    for request in [create(&url, Body::from("{}")), create(&url, Body::empty()), read(&url)] {
        let e = wire().exchange(&request).await.unwrap_err();
        assert_eq!((e.kind(), e.outcome()), (ErrorKind::Transport, Outcome::NotSent), "{e}");
        assert_eq!(e.retry(), mapping_core::Retry::Later);
        assert!(!Meta::of(&request).flight().may_be_applied());
        assert!(e.context("reason").is_some_and(|r| r.contains("refused")), "{e}");
    }
}

#[tokio::test]
async fn a_file_that_can_not_be_opened_is_not_sent_and_one_that_breaks_off_is_unknown() {
    struct Gone;
    #[async_trait]
    impl OpenBody for Gone {
        async fn open(&self) -> Result<ByteStream> {
            Err(Error::unknown(ErrorKind::Io, "the file is gone"))
        }
    }
    let (base, mut requests) = server().await;
    let gone = Body::of(vec![Segment::Raw { len: 5, open: Arc::new(Gone) }]);
    let e = wire().exchange(&create(&base, gone)).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Io, Outcome::NotSent));
    assert!(requests.try_recv().is_err());

    let short = Zeros { len: 1 << 20, yields: 1 << 19, opened: AtomicUsize::new(0) };
    let request = create(&base, Body::of(vec![Segment::Raw { len: 1 << 20, open: Arc::new(short) }]));
    let e = wire().exchange(&request).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Io, Outcome::Unknown), "{e}");
    assert_eq!((e.context("declared"), e.context("came")), (Some("1048576"), Some("524288")));
}

#[tokio::test]
async fn a_file_that_has_grown_is_not_sent_cut() {
    let (base, mut requests) = server().await;
    let chunk = 65_529;
    for (declared, outcome) in [(chunk, Outcome::NotSent), (2 * chunk, Outcome::Unknown)] {
        let grown = Zeros { len: declared, yields: declared + 1, opened: AtomicUsize::new(0) };
        let body = Body::of(vec![Segment::Raw { len: declared, open: Arc::new(grown) }]);
        let request = create(&base, body);
        let answering = async {
            while let Some(came) = requests.recv().await {
                let whole = came.body_bytes == declared;
                came.answer("201 Created\r\ncontent-length: 0", b"").await;
                assert!(!whole, "a cut file arrived as a whole one");
            }
        };
        let http = wire();
        let e = tokio::select! {
            answer = http.exchange(&request) => answer.unwrap_err(),
            () = answering => panic!("closed"),
        };
        assert_eq!((e.kind(), e.outcome()), (ErrorKind::Io, outcome), "{e}");
    }
}

#[tokio::test]
async fn dropping_a_write_after_the_server_saw_it_is_unknown() {
    let (base, mut requests) = server().await;
    let meta = Meta::create("create");
    let request = meta.clone().request(http::Request::post(&base), Body::from("{}")).unwrap();
    let stack = Stack::builder(wire()).build().unwrap();
    assert_eq!(meta.flight().outcome_if_dropped(), Outcome::NotSent);
    let call = tokio::spawn(async move { stack.exchange(&request).await });
    let came = requests.recv().await.unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert_eq!(meta.flight().outcome_if_dropped(), Outcome::Unknown);
    assert_eq!(came.body_bytes, 2, "the server has the whole request");
}

#[tokio::test]
async fn a_write_that_ends_while_its_proxy_still_connects_is_not_sent() {
    let (proxy, mut requests) = server().await;
    let mut config = Config::default();
    config.proxy = Some(Proxy::new(proxy));
    let stack = Stack::over_http(&config).unwrap().build().unwrap();
    let meta = Meta::create("create");
    let request =
        meta.clone().request(http::Request::post("https://desk.example/"), Body::from("{}")).unwrap();
    let call = tokio::spawn(async move { stack.exchange(&request).await });
    let tunnel = requests.recv().await.unwrap();
    assert_eq!(tunnel.line, "CONNECT desk.example:443 HTTP/1.1");
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert_eq!((meta.flight().attempts(), meta.flight().outcome_if_dropped()), (1, Outcome::NotSent));
}

#[tokio::test]
async fn a_proxy_gets_its_login_and_the_call() {
    let (proxy, mut requests) = server().await;
    let mut config = Config::default();
    config.proxy = Some(Proxy::new(proxy).with_login("ada", "pw".into()));
    config.allow_plain_http = vec!["desk.example".into()];
    let call =
        tokio::spawn(
            async move { Http::new(&config).unwrap().exchange(&read("http://desk.example/x")).await },
        );
    let came = requests.recv().await.unwrap();
    assert_eq!(
        (came.line.as_str(), came.headers["proxy-authorization"].as_str()),
        ("GET http://desk.example/x HTTP/1.1", "Basic YWRhOnB3")
    );
    came.answer("200 OK\r\ncontent-length: 0", b"").await;
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn plain_http_to_another_host_is_denied_before_anything_is_sent() {
    let e = wire().exchange(&create("http://desk.example/", Body::from("{}"))).await.unwrap_err();
    assert_eq!(
        (e.kind(), e.outcome(), e.context("host")),
        (ErrorKind::Denied, Outcome::NotSent, Some("desk.example"))
    );
}

#[tokio::test]
async fn an_answer_above_its_bound_is_refused_by_length_and_by_what_comes() {
    let mut config = Config::default();
    config.max_answer_bytes = 1000;
    config.max_streamed_bytes = 2000;
    let http = Http::new(&config).unwrap();
    for head in ["200 OK\r\ncontent-length: 5000", "200 OK"] {
        let (base, mut requests) = server().await;
        let request = read(&base);
        let (answer, ()) = tokio::join!(http.exchange(&request), async {
            requests.recv().await.unwrap().answer(head, &[b'x'; 5000]).await;
        });
        let e = answer.unwrap_err();
        assert_eq!(
            (e.kind(), e.context("max_answer_bytes"), e.status()),
            (ErrorKind::TooLarge, Some("1000"), Some(200))
        );

        let request = read(&base);
        let (answer, ()) = tokio::join!(
            async { http.open(&request).await?.into_body().try_collect::<Vec<_>>().await },
            async { requests.recv().await.unwrap().answer(head, &[b'x'; 5000]).await }
        );
        let e = answer.unwrap_err();
        assert_eq!((e.kind(), e.context("max_streamed_bytes")), (ErrorKind::TooLarge, Some("2000")), "{e}");
    }
}

#[tokio::test]
async fn a_decompression_bomb_stops_at_the_bound() {
    let mut bomb = Vec::new();
    // One megabyte of zeros in gzip, 200 times: members may follow each other.
    let member = include_bytes!("one_mebibyte_of_zeros.gz");
    for _ in 0..200 {
        bomb.extend_from_slice(member);
    }
    let mut config = Config::default();
    config.max_answer_bytes = 512 << 10;
    let http = Http::new(&config).unwrap();
    let (base, mut requests) = server().await;
    let head = format!("200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}", bomb.len());
    let request = read(&base);
    let (answer, ()) = tokio::join!(http.exchange(&request), async {
        let came = requests.recv().await.unwrap();
        assert!(came.headers["accept-encoding"].contains("gzip"));
        came.answer(&head, &bomb).await;
    });
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn a_success_that_is_cut_is_unknown_and_a_refusal_that_is_cut_is_still_a_refusal() {
    let (base, mut requests) = server().await;
    let http = Classified::new(wire(), Arc::new(ByStatus), Arc::new(TokioClock::new()));
    for (head, kind, outcome) in [
        ("200 OK\r\ncontent-length: 100", None, Outcome::Unknown),
        ("422 No\r\ncontent-length: 100", Some(ErrorKind::Invalid), Outcome::Rejected),
    ] {
        let request = create(&base, Body::from("{}"));
        let (answer, ()) = tokio::join!(http.exchange(&request), async {
            requests.recv().await.unwrap().answer(head, b"{\"half\":").await;
        });
        let e = answer.unwrap_err();
        assert_eq!(e.outcome(), outcome, "{e}");
        assert!(kind.is_none_or(|kind| kind == e.kind()));
    }
}

#[tokio::test]
async fn a_streamed_answer_comes_in_pieces_and_a_refusal_comes_whole() {
    let (base, mut requests) = server().await;
    let stack = Stack::builder(wire()).build().unwrap();
    let page = vec![b'x'; 3 << 20];
    let request = read(&base);
    let (collected, ()) = tokio::join!(
        async {
            let answer = stack.open(&request).await.unwrap();
            assert!(answer.body().whole().is_none());
            answer.into_body().try_fold((0, 0), |(n, len), c| async move { Ok((n + 1, len + c.len())) }).await
        },
        async {
            requests
                .recv()
                .await
                .unwrap()
                .answer(&format!("200 OK\r\ncontent-length: {}", page.len()), &page)
                .await;
        }
    );
    let (pieces, len) = collected.unwrap();
    assert!(pieces > 1 && len == page.len());

    let request = read(&base);
    let http = wire();
    let (refused, ()) = tokio::join!(http.open(&request), async {
        requests.recv().await.unwrap().answer("400 No\r\ncontent-length: 3", b"why").await;
    });
    assert_eq!(refused.unwrap().body().whole().unwrap(), "why");
}

#[tokio::test]
async fn a_redirected_read_is_followed_without_its_credentials_and_a_write_is_not_followed() {
    let (first, mut to_first) = server().await;
    let (other, mut to_other) = server().await;
    let mut request = read(&first);
    let mut secret = http::HeaderValue::from_static("s3cret");
    secret.set_sensitive(true);
    request.headers_mut().insert("x-key", secret);
    request.headers_mut().insert("authorization", "Bearer t".parse().unwrap());
    request.headers_mut().insert("accept", "text/plain".parse().unwrap());
    let moved = format!("302 Found\r\nlocation: {other}/signed?t=1\r\ncontent-length: 0");
    let http = wire();
    let (answer, came) = tokio::join!(http.exchange(&request), async {
        to_first.recv().await.unwrap().answer(&moved, b"").await;
        let came = to_other.recv().await.unwrap();
        let seen = (came.line.clone(), came.headers.clone());
        came.answer("200 OK\r\ncontent-length: 2", b"ok").await;
        seen
    });
    assert_eq!(answer.unwrap().body(), "ok");
    assert_eq!((came.0.as_str(), came.1["accept"].as_str()), ("GET /signed?t=1 HTTP/1.1", "text/plain"));
    assert!(!came.1.contains_key("authorization") && !came.1.contains_key("x-key"));

    let request = create(&first, Body::from("{}"));
    let (answer, ()) = tokio::join!(http.exchange(&request), async {
        to_first.recv().await.unwrap().answer(&moved, b"").await;
    });
    assert_eq!(answer.unwrap().status(), 302);
    assert!(to_other.try_recv().is_err());
}

#[tokio::test]
async fn a_redirect_to_plain_http_elsewhere_is_denied_and_a_loop_ends() {
    let (base, mut requests) = server().await;
    let http = wire();
    let request = read(&base);
    let (answer, ()) = tokio::join!(http.exchange(&request), async {
        requests
            .recv()
            .await
            .unwrap()
            .answer("302 Found\r\nlocation: http://desk.example/\r\ncontent-length: 0", b"")
            .await;
    });
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Denied);

    let request = read(&base);
    let looping = async {
        while let Some(came) = requests.recv().await {
            came.answer("302 Found\r\nlocation: /again\r\ncontent-length: 0", b"").await;
        }
    };
    let e = tokio::select! { answer = http.exchange(&request) => answer.unwrap_err(), () = looping => panic!("closed") };
    assert_eq!(e.context("redirects"), Some("5"));
}

#[tokio::test]
async fn settings_that_can_not_work_are_configuration_errors() {
    let with = |change: fn(&mut Config)| {
        let mut config = Config::default();
        change(&mut config);
        Http::new(&config).unwrap_err()
    };
    assert_eq!(with(|c| c.proxy = Some(Proxy::new("::"))).kind(), ErrorKind::Config);
    assert_eq!(with(|c| c.ca_file = Some("/no/such/file.pem".into())).kind(), ErrorKind::Config);
    assert_eq!(with(|c| c.ca_pem = Some("not a certificate".into())).kind(), ErrorKind::Config);
}

#[tokio::test]
async fn the_stack_over_http_counts_and_reads_the_budget() {
    let (base, mut requests) = server().await;
    let stack = Stack::over_http(&Config::default())
        .unwrap()
        .credentials(base.parse().unwrap(), Bearer("t0ken".into()))
        .build()
        .unwrap();
    let request = create(&base, Body::from("{}"));
    let reset = std::time::SystemTime::now() + Duration::from_secs(10);
    let reset = reset.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let head = format!(
        "200 OK\r\nx-ratelimit-limit: 1666\r\nx-ratelimit-remaining: 1600\r\nx-ratelimit-reset: {reset}\r\ncontent-length: 0"
    );
    let (answer, ()) = tokio::join!(stack.exchange(&request), async {
        let came = requests.recv().await.unwrap();
        assert_eq!(came.headers["authorization"], "Bearer t0ken");
        came.answer(&head, b"").await;
    });
    answer.unwrap();
    let budget = stack.budget();
    assert_eq!((budget.limit, budget.remaining, budget.calls), (1666, Some(1600), 1));
    assert!(budget.resets_at.is_some());
    assert_eq!((stack.counters().answered, stack.counters().request_bytes), (1, 2));
}
