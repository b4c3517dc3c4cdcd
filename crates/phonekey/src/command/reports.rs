//! `phonekey reports`: where providers are to send their reports.

use anyhow::anyhow;
use clap::Args;
use serde::Serialize;

use super::failure::Failure;
use crate::{assembly, config::Config, output::Output};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Place {
    provider: String,
    url: String,
}

/// Makes no secret: a URL must stay what the provider was told.
pub(super) fn run(
    arguments: &Arguments,
    config: &Config,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let Some(public_url) = &config.http.public_url else {
        return Err(Failure::with_hint(
            anyhow!("nobody knows where this server is reached from outside"),
            "set http.public_url",
        ));
    };
    let secret = config.secret.current.existing();
    let Some(secret) = secret.map_err(anyhow::Error::from)? else {
        return Err(Failure::with_hint(
            anyhow!("there is no master secret yet, from which these URLs are made"),
            "start the server once, or set PHONEKEY_SECRET",
        ));
    };
    let places = assembly::report_paths(config, &secret)?;
    let places: Vec<Place> = places
        .into_iter()
        .map(|(provider, path)| Place {
            provider: provider.to_string(),
            url: format!("{public_url}{path}"),
        })
        .collect();
    if arguments.json {
        return Ok(output.json(&places)?);
    }
    let rows: Vec<Vec<String>> = places
        .into_iter()
        .map(|place| vec![place.provider, place.url])
        .collect();
    Ok(output.rows(&["provider", "url"], &rows)?)
}
