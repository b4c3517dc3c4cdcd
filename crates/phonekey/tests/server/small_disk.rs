//! A disk that fills up: a small file system in memory, in a mount namespace of its own.
//!
//! Nobody else sees it, and it goes with its test however that ends. It needs Linux, and either
//! root or a kernel that lets users make namespaces.

use std::{
    env,
    fs::{self, File},
    io::{BufRead, BufReader, ErrorKind, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A disk of [`SIZE`].
pub(crate) struct SmallDisk {
    /// Sits in the namespace so that it stays, until its standard input is closed.
    keeper: Child,
    /// What one needs to enter the namespace.
    entrance: &'static [&'static str],
    /// The disk as seen from outside.
    outside: PathBuf,
}

/// Room for some thousand logins: as `mount` writes it.
const SIZE: &str = "32m";

/// How a namespace is made, and entered again: as root, else as root of one's own.
const WAYS: [(&[&str], &[&str]); 2] = [
    (&["--mount"], &["--mount"]),
    (
        &["--mount", "--user", "--map-root-user"],
        &["--mount", "--user", "--preserve-credentials"],
    ),
];

const KEEPER: &str =
    r#"mount -t tmpfs -o "size=$1,mode=0700" small-disk "$0" && echo mounted && exec cat"#;

impl SmallDisk {
    /// Mounts one over the folder `at`; `None` where this user may not, which CI does not accept.
    pub(crate) fn mount(at: &Path) -> Option<Self> {
        let disk = WAYS
            .iter()
            .find_map(|(making, entrance)| Self::mount_by(making, entrance, at));
        if disk.is_none() {
            let needs = "a test needs a disk to fill: `unshare --mount` must work, as root (with \
                         CAP_SYS_ADMIN) or as any user (with kernel.unprivileged_userns_clone)";
            assert!(env::var_os("CI").is_none(), "{needs}");
            eprintln!("{needs}: it is left out");
        }
        disk
    }

    fn mount_by(making: &[&str], entrance: &'static [&'static str], at: &Path) -> Option<Self> {
        let mut keeper = Command::new("unshare")
            .args(making)
            .args(["sh", "-c", KEEPER])
            .args([at.as_os_str(), SIZE.as_ref()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // The first way is refused to all but root.
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut said = String::new();
        let stdout = keeper.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut said).unwrap();
        let root = PathBuf::from(format!("/proc/{}/root", keeper.id()));
        let disk = Self {
            keeper,
            entrance,
            outside: root.join(at.strip_prefix("/").unwrap()),
        };
        (said == "mounted\n").then_some(disk)
    }

    /// A program that sees the disk, to be run in `folder`.
    pub(crate) fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--target={}", self.keeper.id()))
            .args(self.entrance)
            .arg(format!("--wd={}", folder.display()))
            .args(["--", program]);
        command
    }

    /// Leaves no byte free.
    pub(crate) fn fill(&self) {
        let mut ballast = File::create(self.ballast()).unwrap();
        let zeros = vec![0; 64 * 1024];
        loop {
            match ballast.write(&zeros) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("the disk cannot be filled: {error}"),
            }
        }
    }

    /// Gives back what [`fill`](Self::fill) took.
    pub(crate) fn empty(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.outside.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
