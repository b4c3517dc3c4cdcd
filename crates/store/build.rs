//! Compiles the tests that need a PostgreSQL server only if there is one to run them on.
//!
//! `PHONEKEY_TEST_POSTGRES`, such as `postgres://postgres@127.0.0.1:5432/test`, names it. Without it
//! one ignored test says so in their place, and fails where `CI` is `true`.

use std::env;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(postgres_server)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={SERVER}");
    if env::var_os(SERVER).is_some_and(|url| !url.is_empty()) {
        println!("cargo::rustc-cfg=postgres_server");
    }
}

const SERVER: &str = "PHONEKEY_TEST_POSTGRES";
