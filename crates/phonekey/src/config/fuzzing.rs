//! A way in for the fuzz target `configuration`.

use std::path::Path;

use super::{
    Config,
    source::{Gathered, Sources},
};

/// Reads a text as if it were the configuration file, and makes what it can of it.
pub fn read(text: &str) {
    let mut gathered = Gathered::default();
    let legibility = gathered.add_file(Path::new("phonekey.toml"), text);
    let config = Config::from_gathered(gathered, legibility, &Sources::default());
    if let Err(problems) = config {
        assert!(!problems.0.is_empty(), "a refusal says why");
    }
}
