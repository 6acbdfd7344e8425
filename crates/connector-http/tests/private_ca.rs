//! TLS with a certificate authority of one's own, on loopback. The key in `tls/` belongs to this test alone.
#![cfg(all(feature = "rustls", target_os = "linux"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use connector_http::{Body, Config, ErrorKind, Exchange as _, Http, Meta, Outcome};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const AUTHORITY: &str = include_str!("tls/authority.pem");

/// A server that answers every request with `ok`; gives its URL.
async fn server() -> String {
    let chain = vec![CertificateDer::from_pem_slice(include_bytes!("tls/server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/server.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
                .await;
            let _ = stream.shutdown().await;
        }
    });
    url
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_configured_and_its_server_is_not_sent_anything_otherwise() {
    let url = server().await;
    let request = Meta::create("create").request(http::Request::post(&url), Body::from("{}")).unwrap();
    let e = Http::new(&Config::default()).unwrap().exchange(&request).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Transport, Outcome::NotSent), "{e}");
    assert!(e.context("reason").is_some_and(|r| r.contains("certificate")), "{e}");

    let mut config = Config::default();
    config.ca_pem = Some(AUTHORITY.to_owned());
    assert_eq!(Http::new(&config).unwrap().exchange(&request).await.unwrap().body(), "ok");

    let mut config = Config::default();
    config.ca_file = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/authority.pem").into());
    assert_eq!(Http::new(&config).unwrap().exchange(&request).await.unwrap().body(), "ok");
}
