//! Stands between a server and its database, and can be cut or frozen.

use std::{
    env,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
};

use crate::support::Home;

/// A port in front of the PostgreSQL server of the tests.
pub(crate) struct Proxy {
    upstream: String,
    address: String,
    line: Arc<Line>,
}

#[derive(Default)]
struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    mood: Mood,
    streams: Vec<TcpStream>,
}

/// What becomes of what is sent.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Mood {
    /// It arrives.
    #[default]
    Well,
    /// Connections end.
    Cut,
    /// Connections stay, and nothing arrives.
    Frozen,
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
        let line = Arc::new(Line::default());
        let proxy = Self {
            upstream: upstream.clone(),
            address,
            line: Arc::clone(&line),
        };
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let mut state = line.state.lock().unwrap();
                if state.mood == Mood::Cut {
                    continue;
                }
                let server = TcpStream::connect(&upstream).unwrap();
                for stream in [&client, &server] {
                    state.streams.push(stream.try_clone().unwrap());
                }
                line.pipe(client.try_clone().unwrap(), server.try_clone().unwrap());
                line.pipe(server, client);
            }
        });
        proxy
    }

    /// Ends all connections, and those to come.
    pub(crate) fn cut(&self) {
        self.line.become_(Mood::Cut);
        for stream in self.line.state.lock().unwrap().streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Lets nothing through, without a word.
    pub(crate) fn freeze(&self) {
        self.line.become_(Mood::Frozen);
    }

    /// Undoes both.
    pub(crate) fn mend(&self) {
        self.line.become_(Mood::Well);
    }
}

impl Line {
    fn become_(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
        self.changed.notify_all();
    }

    fn await_thaw(&self) {
        let state = self.state.lock().unwrap();
        let thawed = self
            .changed
            .wait_while(state, |state| state.mood == Mood::Frozen);
        drop(thawed.unwrap());
    }

    fn pipe(self: &Arc<Self>, mut from: TcpStream, mut to: TcpStream) {
        let line = Arc::clone(self);
        thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                line.await_thaw();
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}

fn postgres_address() -> String {
    let url = env::var("PHONEKEY_TEST_POSTGRES").unwrap_or_default();
    let host = url.split('@').nth(1).unwrap_or_default();
    host.split('/').next().unwrap_or_default().to_owned()
}
