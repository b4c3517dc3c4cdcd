//! Encryption, and whom it is with.
//!
//! The certificate is that of the store's tests: made out to `localhost` by an authority whom no
//! operating system knows.

use std::{path::PathBuf, sync::Arc};

use phonekey_core::delivery::outcome::SendRefusal;
use phonekey_delivery::{
    provider::Surroundings,
    providers::smpp::{
        Smpp,
        settings::{Encryption, SmppSettings},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use crate::kit::{Client, PASSWORD, pdu, refused, settings};

const AUTHORITY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../store/tests/tls/authority.pem"
);

fn acceptor() -> TlsAcceptor {
    let certificate = include_bytes!("../../../store/tests/tls/server.pem");
    let key = include_bytes!("../../../store/tests/tls/server.key");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate).unwrap()],
            PrivateKeyDer::from_pem_slice(key).unwrap(),
        );
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

fn encrypted(port: u16, host: &str, authorities: Option<&str>) -> SmppSettings {
    SmppSettings {
        host: host.to_owned(),
        encryption: Encryption::Tls {
            authorities: authorities.map(PathBuf::from),
        },
        ..settings(port)
    }
}

#[tokio::test]
async fn a_session_within_tls_is_a_session() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = Client::start(&encrypted(port, "localhost", Some(AUTHORITY)));

    let (stream, _) = listener.accept().await.unwrap();
    let mut peer = acceptor().accept(stream).await.unwrap();
    let mut bind = vec![0; 16 + b"phonekey\0s3cr3t\0\0\x34\0\0\0".len()];
    peer.read_exact(&mut bind).await.unwrap();

    assert_eq!(bind, pdu(9, 0, 1, b"phonekey\0s3cr3t\0\0\x34\0\0\0"));
    peer.write_all(&pdu(0x8000_0009, 0, 1, b"c\0"))
        .await
        .unwrap();
    let sending = client.sending();
    let mut head = [0; 16];
    peer.read_exact(&mut head).await.unwrap();
    assert_eq!(head[4..], pdu(4, 0, 2, b"")[4..]);
    peer.write_all(&pdu(0x8000_0004, 0x0B, 2, b""))
        .await
        .unwrap();
    let outcome = sending.await.unwrap();
    assert_eq!(outcome, refused(SendRefusal::InvalidNumber));
}

#[tokio::test]
async fn an_impostor_learns_no_password() {
    for (host, authorities) in [
        // By an authority that the operating system does not know; for another name.
        ("localhost", None),
        ("127.0.0.1", Some(AUTHORITY)),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = Client::start(&encrypted(port, host, authorities));
        let sending = client.sending();

        let (stream, _) = listener.accept().await.unwrap();
        assert!(acceptor().accept(stream).await.is_err(), "{host}");

        let outcome = sending.await.unwrap();
        assert_eq!(outcome, refused(SendRefusal::Temporary), "{host}");
    }
}

#[tokio::test]
async fn nothing_goes_in_the_clear_to_a_server_that_speaks_no_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let _client = Client::start(&encrypted(port, "localhost", Some(AUTHORITY)));
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.write_all(&pdu(0x15, 0, 1, b"")).await.unwrap();

    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard).await;

    let secret = PASSWORD.as_bytes();
    assert!(!heard.is_empty());
    assert!(!heard.windows(secret.len()).any(|it| it == secret));
}

#[test]
fn authorities_that_are_none_are_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for file in [empty, folder.path().join("missing.pem")] {
        let settings = encrypted(2775, "localhost", file.to_str());
        let surroundings = Surroundings {
            texts: phonekey_delivery::text::Texts::falling_back_to("en").unwrap(),
            clock: Arc::new(phonekey_core::testing::ManualClock::default()),
            callback: None,
            public_url: None,
        };

        let problem = Smpp::new(&settings, surroundings).err().unwrap();

        assert!(problem.to_string().contains(".pem"), "{problem}");
    }
}
