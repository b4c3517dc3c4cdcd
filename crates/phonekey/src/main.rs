//! phonekey.
fn main() -> anyhow::Result<()> {
    let sources = phonekey::config::source::Sources::of_process(None, Vec::new());
    phonekey::serve::run(phonekey::config::Config::load(&sources).map_err(|p| anyhow::anyhow!("{p}"))?)
}
