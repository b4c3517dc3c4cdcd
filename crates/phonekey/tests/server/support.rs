//! The real binary as a process, and a client for it that does one thing at a time.

use std::{
    collections::HashMap,
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStderr, Command, Stdio},
    str::FromStr,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use crate::{database::PostgresDatabase, small_disk::SmallDisk};
use serde_json::{Value, json};

pub(crate) const CREATE: &str = "/api/auth/otp/create/";
pub(crate) const VERIFY: &str = "/api/auth/otp/verify/";
pub(crate) const REFRESH: &str = "/api/auth/otp/refresh/";

/// Where a server keeps its state and its messages; survives the server.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
    /// Where its commands run, if they need a disk that others do not see.
    disk: Option<SmallDisk>,
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

    /// A home with SQLite on a small disk of its own; `None` where this user may mount none, which
    /// CI does not accept.
    pub(crate) fn on_small_disk() -> Option<Self> {
        let mut home = Self::sqlite();
        let data = home.folder.path().join("data");
        fs::create_dir(&data).unwrap();
        home.disk = Some(SmallDisk::mount(&data)?);
        Some(home)
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
            disk: None,
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
        let mut command = self.program(env!("CARGO_BIN_EXE_phonekey"));
        command.args(arguments).stdin(Stdio::null());
        for (name, _) in env::vars().filter(|(name, _)| name.starts_with("PHONEKEY_")) {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().cloned());
        command
    }

    /// A program that finds the files where the server does.
    pub(crate) fn program(&self, program: &str) -> Command {
        let folder = self.folder.path();
        let mut command = match &self.disk {
            None => Command::new(program),
            Some(disk) => disk.command(program, folder),
        };
        command.current_dir(folder);
        command
    }

    /// The small disk, where there is one.
    pub(crate) fn disk(&self) -> &SmallDisk {
        self.disk.as_ref().expect("a home on a small disk")
    }

    pub(crate) fn start(&self) -> Server {
        Server::start(self.command(&["serve"]))
    }

    /// The numbers of all users.
    pub(crate) fn users(&self) -> Vec<String> {
        let listed = self.command(&["user", "list", "--json"]).output().unwrap();
        assert!(listed.status.success(), "{listed:?}");
        let users: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap();
        users.iter().map(|user| text(&user["phone"])).collect()
    }

    /// All messages so far, oldest first.
    pub(crate) fn messages(&self) -> Vec<Value> {
        // Bytes: what is just being written may end amid a letter.
        let outbox = fs::read(self.folder.path().join("messages.jsonl")).unwrap_or_default();
        let whole = outbox
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n"));
        whole
            .map(|line| serde_json::from_slice(line).unwrap())
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

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    log: Arc<Mutex<Vec<String>>>,
    log_reader: thread::JoinHandle<()>,
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
        let log_reader = thread::spawn({
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
            log_reader,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.address)
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// From now on it may write no file beyond so many bytes. (The hard limit stays, so that anyone
    /// may lift this one again.)
    pub(crate) fn limit_file_size(&self, bytes: &str) {
        let limited = Command::new("prlimit")
            .arg(format!("--pid={}", self.child.id()))
            .arg(format!("--fsize={bytes}:"))
            .status();
        assert!(limited.unwrap().success());
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As a supervisor does; the exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal("TERM");
        self.exit_code()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success(), "kill -s {name}");
    }

    /// What it ended with, once it has.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Returns when a line of the log says so; fails when the log has ended and none does.
    pub(crate) fn wait_for_log(&self, text: &str) {
        loop {
            let ended = self.log_reader.is_finished();
            let log = self.log();
            if log.iter().any(|line| line.contains(text)) {
                return;
            }
            assert!(!ended, "no line says {text:?}:\n{}", log.join("\n"));
            thread::park_timeout(Duration::from_millis(20));
        }
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

impl Answer {
    /// Holds it to what the wire says of a service that is away for a moment.
    pub(crate) fn assert_unavailable(&self, path: &str) {
        assert_eq!(self.status, 503, "{path}: {self:?}");
        let retry_after = self.headers.get("retry-after").map(|value| value.parse());
        assert!(matches!(retry_after, Some(Ok(1_u32..))), "{path}: {self:?}");
        let (said, expected) = match path {
            REFRESH => (
                &self.body["detail"],
                json!({ "detail": self.body["detail"], "code": "unavailable" }),
            ),
            _ => (
                &self.body["message"],
                json!({ "code": 503, "message": self.body["message"] }),
            ),
        };
        assert!(!text(said).is_empty(), "{path}: {self:?}");
        assert_eq!(self.body, expected, "{path}");
    }
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
        fields: &str,
        body: &str,
    ) -> Result<Answer, Broken> {
        let head =
            format!("{method} {path} HTTP/1.1\r\n{fields}\r\nContent-Type: application/json");
        self.send(&head, body)
    }

    /// Sends a request whose head lacks its length and its end.
    pub(crate) fn send(&mut self, head: &str, body: &str) -> Result<Answer, Broken> {
        let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        self.stream
            .get_mut()
            .write_all(request.as_bytes())
            .map_err(|_| Broken)?;
        self.answer().ok_or(Broken)
    }

    /// Sends a head that lacks its end, and no body.
    pub(crate) fn head_alone(&mut self, head: &str) -> Answer {
        let head = format!("{head}\r\n\r\n");
        self.stream.get_mut().write_all(head.as_bytes()).unwrap();
        self.answer().expect("the server answers")
    }

    /// Sends what may be no whole request; the status that it gets all the same.
    pub(crate) fn status_of(&mut self, bytes: &str) -> Option<u16> {
        self.stream.get_mut().write_all(bytes.as_bytes()).unwrap();
        self.status()
    }

    fn status(&mut self) -> Option<u16> {
        let mut line = String::new();
        self.stream.read_line(&mut line).ok()?;
        line.split(' ').nth(1)?.parse().ok()
    }

    fn answer(&mut self) -> Option<Answer> {
        let status = self.status()?;
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

/// The number in an environment variable that asks for the long form of a test.
pub(crate) fn long_form<T: FromStr>(variable: &str) -> Option<T> {
    let value = env::var(variable).ok()?;
    let number = value.parse().ok();
    assert!(number.is_some(), "{variable}={value} is no number");
    number
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

/// Asks until it is so, for a few seconds.
pub(crate) fn until(mut so: impl FnMut() -> bool) {
    for _ in 0..200 {
        if so() {
            return;
        }
        thread::park_timeout(Duration::from_millis(50));
    }
    panic!("it never came to be");
}
