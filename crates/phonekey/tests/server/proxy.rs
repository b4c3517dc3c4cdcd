//! Stands between a server and its database, and can be cut.

use std::{
    env,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use crate::support::Home;

/// A port in front of the PostgreSQL server of the tests.
pub(crate) struct Proxy {
    upstream: String,
    address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    cut: bool,
    streams: Vec<TcpStream>,
}

impl Proxy {
    /// A proxy through which the servers of `home` to come reach their database.
    pub(crate) fn before(home: &mut Home) -> Self {
        let proxy = Self::start(postgres_address());
        let url = home.variable("PHONEKEY_DATABASE__URL");
        let url = url.replace(&proxy.upstream, &proxy.address);
        home.set("PHONEKEY_DATABASE__URL", &url);
        proxy
    }

    fn start(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State::default()));
        let proxy = Self {
            upstream: upstream.clone(),
            address,
            state: Arc::clone(&state),
        };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let mut state = state.lock().unwrap();
                if state.cut {
                    continue;
                }
                let server = TcpStream::connect(&upstream).unwrap();
                for stream in [&client, &server] {
                    state.streams.push(stream.try_clone().unwrap());
                }
                pipe(client.try_clone().unwrap(), server.try_clone().unwrap());
                pipe(server, client);
            }
        });
        proxy
    }

    /// Ends all connections, and those to come.
    pub(crate) fn cut(&self) {
        let mut state = self.state.lock().unwrap();
        state.cut = true;
        for stream in state.streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets connections come again.
    pub(crate) fn mend(&self) {
        self.state.lock().unwrap().cut = false;
    }
}

fn postgres_address() -> String {
    let url = env::var("PHONEKEY_TEST_POSTGRES").unwrap_or_default();
    let host = url.split('@').nth(1).unwrap_or_default();
    host.split('/').next().unwrap_or_default().to_owned()
}

fn pipe(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}
