//! Files that hold secrets: read only if nobody else may read them, written so that nobody can.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    path::Path,
};

use phonekey_core::{
    random::{self, Random},
    secret::Secret,
};
use thiserror::Error;

#[cfg(unix)]
use super::mounted_secret::is_mounted_secret;

/// Why a file with a secret was not read.
#[derive(Debug, Error)]
pub enum PrivateFileError {
    /// It is not there, or may not be read by us.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// Which file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// It may be read or written by every user of the machine.
    #[error(
        "every user of this machine may read {path} (mode {mode:03o}); make it private: \
         chmod 600 {path} (in a container: mount it below /run/secrets, or with mode 0400, or 0440 \
         and its group)"
    )]
    Public {
        /// Which file.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// It has no content.
    #[error("{path} is empty")]
    Empty {
        /// Which file.
        path: String,
    },
}

/// The secret in a file, without the line break at its end.
///
/// # Errors
/// [`PrivateFileError`]; none holds anything of the content.
pub fn read(path: &Path) -> Result<Secret, PrivateFileError> {
    let name = || path.display().to_string();
    let unreadable = |source| PrivateFileError::Unreadable {
        path: name(),
        source,
    };
    if let Some(mode) = public_mode(path).map_err(unreadable)? {
        return Err(PrivateFileError::Public { path: name(), mode });
    }
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST_BYTES).read_to_end(&mut content))
        .map_err(unreadable)?;
    if content.last() == Some(&b'\n') {
        content.pop();
    }
    if content.last() == Some(&b'\r') {
        content.pop();
    }
    if content.is_empty() {
        return Err(PrivateFileError::Empty { path: name() });
    }
    Ok(Secret::new(content))
}

/// More than any key has; what a wrong path leads to may have no end.
const LARGEST_BYTES: u64 = 64 * 1024;

/// The permissions of a file that every user of the machine may use; `None` for a private one, and
/// for one to be read that was mounted as a secret into this container.
///
/// # Errors
/// When the file cannot be looked at.
#[cfg(unix)]
pub fn public_mode(path: &Path) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt;

    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    let is_private = match mode & 0o007 {
        0o000 => true,
        0o004 => is_mounted_secret(path),
        _ => false,
    };
    Ok((!is_private).then_some(mode))
}

/// The permissions of a file that every user of the machine may use; unknown on this system.
///
/// # Errors
/// When the file cannot be looked at.
#[cfg(not(unix))]
pub fn public_mode(path: &Path) -> io::Result<Option<u32>> {
    fs::metadata(path).map(|_| None)
}

/// Whether this call made the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// It did.
    Created,
    /// It was there already, and stays as it was.
    Existed,
}

/// Writes a file for its owner alone (mode 0600), whole and durably or not at all, and never over
/// an existing one. Its folder is made for its owner alone if need be.
///
/// The content goes to a file of another name, which is then linked: of several processes that do
/// this at once one wins, and the others find its file complete.
///
/// # Errors
/// When the file system refuses.
pub fn create(path: &Path, content: &[u8], random: &dyn Random) -> io::Result<Creation> {
    settle(path, content, random, |draft| {
        match fs::hard_link(draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Creation::Existed),
            linked => linked.map(|()| Creation::Created),
        }
    })
}

/// Writes a file as [`create`] does, in place of the one that may be there.
///
/// # Errors
/// When the file system refuses.
pub fn replace(path: &Path, content: &[u8], random: &dyn Random) -> io::Result<()> {
    settle(path, content, random, |draft| fs::rename(draft, path))
}

/// Writes a draft beside `path`, gives it its name by `name_it`, and makes both durable.
fn settle<T>(
    path: &Path,
    content: &[u8],
    random: &dyn Random,
    name_it: impl FnOnce(&Path) -> io::Result<T>,
) -> io::Result<T> {
    let folder = folder_of(path);
    create_folder(folder)?;
    let tag = u64::from_le_bytes(random::bytes(random));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.join(format!(".{name}.{tag:016x}"));
    let named = write_new(&draft, content).and_then(|()| name_it(&draft));
    fs::remove_file(&draft).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    File::open(folder)?.sync_all()?;
    named
}

/// The folder that a file is in.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
