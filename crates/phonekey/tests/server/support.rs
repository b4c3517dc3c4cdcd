//! The real binary as a process, and a client for it that does one thing at a time.

use std::{
    collections::HashMap,
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStderr, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

pub(crate) const CREATE: &str = "/api/auth/otp/create/";
pub(crate) const VERIFY: &str = "/api/auth/otp/verify/";
pub(crate) const REFRESH: &str = "/api/auth/otp/refresh/";

/// Where a server keeps its state and its messages; survives the server.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
    _database: Option<PostgresDatabase>,
}

impl Home {
    /// A home with SQLite.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!(
            "sqlite:{}",
            folder.path().join("data/phonekey.db").display()
        );
        Self::over(folder, &database, None)
    }

    /// A home with a PostgreSQL database of its own; `None` where no server is configured, which
    /// CI does not accept.
    pub(crate) fn postgres() -> Option<Self> {
        let database = PostgresDatabase::create()?;
        let folder = tempfile::tempdir().unwrap();
        let url = database.url.clone();
        let home = Self::over(folder, &url, Some(database));
        let migrated = home.command(&["migrate"]).output().unwrap();
        assert!(migrated.status.success(), "{migrated:?}");
        Some(home)
    }

    fn over(folder: tempfile::TempDir, url: &str, database: Option<PostgresDatabase>) -> Self {
        let outbox = folder.path().join("messages.jsonl").display().to_string();
        let environment = [
            ("PHONEKEY_HTTP__LISTEN", "127.0.0.1:0"),
            ("PHONEKEY_DATABASE__URL", url),
            (
                "PHONEKEY_SECRET",
                "Zt3vQm8rXw1pLk6yNc9bHd2sGj5fTa0uVe7iRo4x",
            ),
            ("PHONEKEY_DELIVERY__ROUTES__DEFAULT", "file"),
            ("PHONEKEY_DELIVERY__FILE__PATH", &outbox),
            ("PHONEKEY_LIMITS__ENABLED", "false"),
            ("PHONEKEY_CHALLENGE__LIFETIME", "600s"),
        ];
        let environment = environment
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            folder,
            environment: environment.collect(),
            _database: database,
        }
    }

    /// Changes one variable of the servers to come.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn variable(&self, name: &str) -> String {
        let found = self.environment.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phonekey"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        for (name, _) in env::vars().filter(|(name, _)| name.starts_with("PHONEKEY_")) {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().cloned());
        command
    }

    pub(crate) fn start(&self) -> Server {
        Server::start(self.command(&["serve"]))
    }

    /// All messages so far, oldest first.
    pub(crate) fn messages(&self) -> Vec<Value> {
        let outbox = fs::read_to_string(self.folder.path().join("messages.jsonl"));
        let lines = outbox.unwrap_or_default();
        let whole = lines
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        whole
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The codes of all messages so far, by challenge.
    pub(crate) fn codes(&self) -> HashMap<String, String> {
        let messages = self.messages().into_iter();
        messages
            .map(|message| (text(&message["uuid"]), text(&message["code"])))
            .collect()
    }

    pub(crate) fn code(&self, challenge: &str) -> String {
        self.codes()
            .remove(challenge)
            .expect("the message was written before its answer")
    }
}

/// A PostgreSQL database that goes with its home.
struct PostgresDatabase {
    url: String,
    name: String,
    server: String,
}

impl PostgresDatabase {
    fn create() -> Option<Self> {
        let Ok(server) = env::var("PHONEKEY_TEST_POSTGRES") else {
            assert!(
                env::var_os("CI").is_none(),
                "CI needs PHONEKEY_TEST_POSTGRES"
            );
            eprintln!("PHONEKEY_TEST_POSTGRES is not set: the tests on PostgreSQL are left out");
            return None;
        };
        let unique = tempfile::Builder::new()
            .prefix("")
            .rand_bytes(12)
            .tempdir()
            .unwrap();
        let unique = unique
            .path()
            .file_name()
            .unwrap()
            .to_string_lossy()
            .to_lowercase();
        let name = format!("phonekey_test_{unique}");
        psql(&server, &format!("create database {name}"));
        let (prefix, _) = server.rsplit_once('/').unwrap();
        Some(Self {
            url: format!("{prefix}/{name}"),
            name,
            server,
        })
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        psql(
            &self.server,
            &format!("drop database {} with (force)", self.name),
        );
    }
}

fn psql(server: &str, statement: &str) {
    let done = Command::new("psql")
        .args([server, "-qc", statement])
        .status()
        .unwrap();
    assert!(done.success(), "psql: {statement}");
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server and waits until it says where it listens.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (told, address) = mpsc::channel();
        let stderr = child.stderr.take().unwrap();
        thread::spawn({
            let log = Arc::clone(&log);
            move || read_log(stderr, &log, &told)
        });
        let Ok(address) = address.recv_timeout(Duration::from_secs(30)) else {
            panic!(
                "the server did not start:\n{}",
                log.lock().unwrap().join("\n")
            );
        };
        Self {
            child,
            address,
            log,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.address)
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As a supervisor does; the exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_log(stderr: ChildStderr, log: &Mutex<Vec<String>>, told: &mpsc::Sender<String>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if let Some((_, address)) = line.split_once("listens on http://") {
            let end = address.find(|c: char| !(c.is_ascii_digit() || ".:".contains(c)));
            let _ = told.send(address[..end.unwrap_or(address.len())].to_owned());
        }
        log.lock().unwrap().push(line);
    }
}

/// One connection to a server.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

/// An answer: its status and its JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Value,
}

/// The connection broke, as it does when a server is killed.
#[derive(Debug)]
pub(crate) struct Broken;

impl Client {
    pub(crate) fn connect(address: &str) -> Self {
        Self::try_connect(address).expect("the server listens")
    }

    pub(crate) fn try_connect(address: &str) -> Result<Self, Broken> {
        let stream = TcpStream::connect(address).map_err(|_| Broken)?;
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .map_err(|_| Broken)?;
        stream.set_nodelay(true).map_err(|_| Broken)?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.try_post(path, body).expect("the server answers")
    }

    pub(crate) fn try_post(&mut self, path: &str, body: &Value) -> Result<Answer, Broken> {
        self.request("POST", path, HOST, &body.to_string())
    }

    /// With these lines as its head, `Host` among them.
    pub(crate) fn post_with(&mut self, path: &str, head: &str, body: &Value) -> Answer {
        let answer = self.request("POST", path, head, &body.to_string());
        answer.expect("the server answers")
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        let answer = self.request("GET", path, HOST, "");
        answer.expect("the server answers")
    }

    fn request(
        &mut self,
        method: &str,
        path: &str,
        head: &str,
        body: &str,
    ) -> Result<Answer, Broken> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{head}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream
            .get_mut()
            .write_all(request.as_bytes())
            .map_err(|_| Broken)?;
        self.answer().ok_or(Broken)
    }

    fn answer(&mut self) -> Option<Answer> {
        let mut line = String::new();
        self.stream.read_line(&mut line).ok()?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length")?.parse().ok()?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Some(Answer {
            status,
            headers,
            body,
        })
    }

    /// Asks for a code; the answer to give to it.
    pub(crate) fn challenge(&mut self, home: &Home, mobile: &str) -> Value {
        let created = self.post(CREATE, &json!({ "receiver": mobile }));
        assert_eq!(created.status, 200, "{created:?}");
        let uuid = text(&created.body["uuid"]);
        json!({ "code": home.code(&uuid), "uuid": uuid, "receiver": mobile })
    }

    /// Logs in; the tokens.
    pub(crate) fn log_in(&mut self, home: &Home, mobile: &str) -> Value {
        let answer = self.challenge(home, mobile);
        let tokens = self.post(VERIFY, &answer);
        assert_eq!(tokens.status, 200, "{tokens:?}");
        tokens.body
    }
}

const HOST: &str = "Host: test";

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &Value) -> Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let token = text(token);
    let payload = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).unwrap())
        .unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// The `number`-th Iranian mobile number.
pub(crate) fn mobile(number: usize) -> String {
    format!("0912{number:07}")
}

/// Runs `count` contestants at the same moment, each over a connection of its own made before.
pub(crate) fn race<T: Send>(
    addresses: &[&str],
    count: usize,
    run: impl Fn(usize, &mut Client) -> T + Sync,
) -> Vec<T> {
    let gate = std::sync::Barrier::new(count);
    thread::scope(|scope| {
        let contestants: Vec<_> = (0..count)
            .map(|number| {
                let (gate, run) = (&gate, &run);
                let address = addresses[number % addresses.len()];
                scope.spawn(move || {
                    let mut client = Client::connect(address);
                    gate.wait();
                    run(number, &mut client)
                })
            })
            .collect();
        contestants
            .into_iter()
            .map(|contestant| contestant.join().unwrap())
            .collect()
    })
}
