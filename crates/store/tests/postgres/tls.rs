//! TLS to the server, by a port in front of it that ends the encryption.
//!
//! `tests/tls` has the certificate of that port, made out to `localhost`, and the authority behind
//! it, whom no operating system knows.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use phonekey_store::{OpenError, postgres::PostgresStore};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use crate::{proxy::real_server, server::Schema};

const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls/authority.pem");

/// A server that offers TLS, or does not.
struct Server {
    schema: Schema,
    port: u16,
    encrypted: Arc<AtomicUsize>,
    listening: JoinHandle<()>,
}

impl Server {
    async fn start(acceptor: Option<TlsAcceptor>) -> Self {
        let schema = Schema::fresh().await;
        schema.migrate().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let encrypted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&encrypted);
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, acceptor.clone(), Arc::clone(&count)));
            }
        });
        Self {
            schema,
            port,
            encrypted,
            listening,
        }
    }

    /// One with the certificate of `tests/tls`.
    async fn with_tls() -> Self {
        let certificate = include_bytes!("../tls/server.pem");
        let key = include_bytes!("../tls/server.key");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate).unwrap()],
                PrivateKeyDer::from_pem_slice(key).unwrap(),
            );
        Self::start(Some(TlsAcceptor::from(Arc::new(config.unwrap())))).await
    }

    async fn without_tls() -> Self {
        Self::start(None).await
    }

    async fn open(&self, host: &str, query: &str) -> Result<PostgresStore, OpenError> {
        let (real_host, real_port) = real_server();
        let here = format!("{host}:{}", self.port);
        let url = self.schema.url();
        let url = url.replace(&format!("{real_host}:{real_port}"), &here);
        PostgresStore::open(&format!("{url}&{query}")).await
    }

    fn encrypted(&self) -> usize {
        self.encrypted.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Answers the request for TLS that a client begins with, and passes the rest on.
async fn relay(mut client: TcpStream, acceptor: Option<TlsAcceptor>, encrypted: Arc<AtomicUsize>) {
    let mut server = TcpStream::connect(real_server()).await.unwrap();
    let mut request = [0; 8];
    client.read_exact(&mut request).await.unwrap();
    assert_eq!(
        request[4..],
        80_877_103_u32.to_be_bytes(),
        "not an SSLRequest"
    );
    // Where a client breaks off, there is nothing more to pass on.
    let Some(acceptor) = acceptor else {
        client.write_all(b"N").await.unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
        return;
    };
    client.write_all(b"S").await.unwrap();
    if let Ok(mut client) = acceptor.accept(client).await {
        encrypted.fetch_add(1, Ordering::Relaxed);
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}

#[tokio::test]
async fn encryption_is_preferred_and_can_be_required_of_whomever() {
    let server = Server::with_tls().await;

    server.open("127.0.0.1", "sslmode=prefer").await.unwrap();
    assert_eq!(server.encrypted(), 1);
    server.open("127.0.0.1", "sslmode=require").await.unwrap();
    assert_eq!(server.encrypted(), 2);
}

#[tokio::test]
async fn a_server_is_believed_with_a_certificate_of_the_named_authority() {
    let server = Server::with_tls().await;
    let query = format!("sslmode=verify-full&sslrootcert={AUTHORITY}");

    server.open("localhost", &query).await.unwrap();
    assert_eq!(server.encrypted(), 1);
}

#[tokio::test]
async fn a_server_of_another_name_is_not_believed() {
    let server = Server::with_tls().await;
    for mode in ["verify-full", "require", "prefer"] {
        let query = format!("sslmode={mode}&sslrootcert={AUTHORITY}");
        assert!(server.open("127.0.0.1", &query).await.is_err(), "{mode}");
    }
}

#[tokio::test]
async fn a_server_of_an_authority_that_the_system_does_not_know_is_not_believed() {
    let server = Server::with_tls().await;

    assert!(
        server
            .open("localhost", "sslmode=verify-full")
            .await
            .is_err()
    );
    assert!(
        server
            .open("localhost", "sslrootcert=system")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_server_without_tls_is_used_only_where_encryption_is_not_required() {
    let server = Server::without_tls().await;
    let named = format!("sslmode=prefer&sslrootcert={AUTHORITY}");

    server.open("localhost", "sslmode=prefer").await.unwrap();
    for query in ["sslmode=require", "sslmode=verify-full", named.as_str()] {
        assert!(server.open("localhost", query).await.is_err(), "{query}");
    }
}

#[tokio::test]
async fn an_authority_that_cannot_be_read_is_named() {
    let server = Server::with_tls().await;

    let refused = server
        .open("localhost", "sslrootcert=/nowhere/ca.pem")
        .await;

    let Err(OpenError::Database { source, .. }) = refused else {
        panic!("opened");
    };
    assert!(source.to_string().contains("/nowhere/ca.pem"), "{source}");
}
