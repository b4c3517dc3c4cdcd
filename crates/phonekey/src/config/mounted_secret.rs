//! Secrets that Docker, Podman or Kubernetes mount into a container
//! (docs/decisions/0008-mounted-secrets-may-be-world-readable.md).

use std::{fs, path::Path};

/// Where those platforms mount them. On most systems the second leads to the first.
const FOLDERS: [&str; 2] = ["/run/secrets", "/var/run/secrets"];

/// Whether a file was mounted for this process's container: it lies on a mount at or below one of
/// [`FOLDERS`], wherever a link to it may be. Never so where the system has no
/// `/proc/self/mountinfo`.
pub(super) fn is_mounted_secret(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else {
        return false;
    };
    fs::read_to_string("/proc/self/mountinfo").is_ok_and(|mounts| is_on_mount(&path, &mounts))
}

/// `mounts` is in the form of `proc_pid_mountinfo(5)`, whose fifth field is where a mount is. A name
/// with a blank is written there in another way, so it is not recognised.
fn is_on_mount(path: &Path, mounts: &str) -> bool {
    mounts
        .lines()
        .filter_map(|mount| mount.split(' ').nth(4))
        .filter(|point| {
            FOLDERS
                .iter()
                .any(|folder| Path::new(point).starts_with(folder))
        })
        .any(|point| path.starts_with(point))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_on(path: &str, mount_point: &str) -> bool {
        let mounts = format!(
            "1 0 0:30 / / rw,relatime - overlay overlay rw\n\
             2 1 0:31 / {mount_point} ro,relatime - tmpfs tmpfs ro\n\
             3 1 0:32 / /proc rw - proc proc rw\n"
        );
        is_on_mount(Path::new(path), &mounts)
    }

    #[test]
    fn a_file_or_folder_mounted_among_the_secrets_is_one() {
        for (path, mount_point) in [
            ("/run/secrets/key", "/run/secrets/key"),
            ("/run/secrets/key", "/run/secrets"),
            ("/run/secrets/phonekey/..2026/key", "/run/secrets/phonekey"),
            ("/var/run/secrets/phonekey/key", "/var/run/secrets/phonekey"),
        ] {
            assert!(is_on(path, mount_point), "{path} on {mount_point}");
        }
    }

    #[test]
    fn no_other_file_is_one() {
        for (path, mount_point) in [
            ("/run/secrets/key", "/run"),
            ("/run/secrets/key", "/run/secrets/other"),
            ("/run/secrets/key2", "/run/secrets/key"),
            ("/run/secrets.d/1/key", "/run/secrets.d"),
            ("/etc/phonekey/key", "/etc/phonekey"),
            ("/etc/run/secrets/key", "/etc/run/secrets"),
            ("/tmp/key", "/run/secrets"),
        ] {
            assert!(!is_on(path, mount_point), "{path} on {mount_point}");
        }
        assert!(!is_on_mount(Path::new("/run/secrets/key"), ""));
    }
}
