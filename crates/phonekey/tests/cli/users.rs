//! `user`.

use std::fs;

use crate::shell::Shell;

#[test]
fn users_are_managed_over_a_database_that_is_there() {
    let shell = Shell::new();
    let lost = shell.run("user list");
    assert_eq!(lost.code(), 1);
    assert!(
        lost.err().contains("there is no database at"),
        "{}",
        lost.err()
    );
    assert_eq!(fs::read_dir(shell.folder.path()).unwrap().count(), 0);

    let created = shell.run("user create --phone 09121234567 --json");
    let user: serde_json::Value = serde_json::from_str(&created.out()).unwrap();
    assert_eq!(user["phone"], "+989121234567");
    let listed = shell.run("user list");
    assert_eq!(listed.out().split('\t').nth(2), Some("+989121234567"));
    assert_eq!(shell.run("user deactivate 9121234567").code(), 0);
    assert_eq!(
        shell.run("user delete 1").code(),
        2,
        "there is no terminal to ask at"
    );
    assert_eq!(shell.run("user delete 1 --yes").code(), 0);
    assert_eq!(shell.run("user show 1").code(), 3);
    assert_eq!(shell.run("migrate --check").code(), 0);
}
