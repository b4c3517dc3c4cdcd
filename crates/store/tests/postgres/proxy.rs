//! A server that can be taken away: a port in front of the real one.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    select,
    sync::watch,
    task::JoinHandle,
};
use tokio_postgres::config::Host;

use crate::server;

/// What the server does at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It works.
    Well,
    /// It breaks off all connections, and those that are made.
    Down,
    /// It takes connections and keeps them, and says nothing.
    Frozen,
}

/// A port that leads to the real server as long as that is well.
pub(crate) struct Proxy {
    address: SocketAddr,
    mood: watch::Sender<Mood>,
    listening: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mood, _) = watch::channel(Mood::Well);
        let moods = mood.clone();
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, moods.subscribe()));
            }
        });
        Self {
            address,
            mood,
            listening,
        }
    }

    pub(crate) fn become_(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// The URL with this port in place of the real one.
    pub(crate) fn in_front_of(&self, url: &str) -> String {
        let (host, port) = real_server();
        url.replace(&format!("{host}:{port}"), &self.address.to_string())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Host and port of the server that the tests run on.
pub(crate) fn real_server() -> (String, u16) {
    let config: tokio_postgres::Config = server::server().parse().unwrap();
    let Some(Host::Tcp(host)) = config.get_hosts().first() else {
        panic!("PHONEKEY_TEST_POSTGRES must name a server by TCP, with its port");
    };
    (host.clone(), config.get_ports()[0])
}

async fn relay(mut client: TcpStream, mut mood: watch::Receiver<Mood>) {
    let mut server = TcpStream::connect(real_server()).await.unwrap();
    loop {
        let now = *mood.borrow_and_update();
        match now {
            Mood::Down => return,
            Mood::Frozen => {
                if mood.changed().await.is_err() {
                    return;
                }
            }
            Mood::Well => select! {
                _ = copy_bidirectional(&mut client, &mut server) => return,
                changed = mood.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
            },
        }
    }
}
