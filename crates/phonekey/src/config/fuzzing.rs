//! A way in for the fuzz target `configuration`.

use std::path::Path;

use super::{
    Config,
    source::{Gathered, Sources},
};

/// Reads a text as if it were the configuration file, with variables of the environment over it,
/// and makes what it can of them.
pub fn read<'a>(text: &str, variables: impl Iterator<Item = (&'a str, &'a str)>) {
    let mut gathered = Gathered::default();
    let legibility = gathered.add_file(Path::new("phonekey.toml"), text);
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    gathered.add_environment(&variables.collect::<Vec<_>>());
    let config = Config::from_gathered(gathered, legibility, &Sources::default());
    if let Err(problems) = config {
        assert!(!problems.0.is_empty(), "a refusal says why");
    }
}
