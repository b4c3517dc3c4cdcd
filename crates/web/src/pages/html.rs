//! Templates into HTML.

use askama::Template;

use super::failure::Failure;

/// What the template says.
pub(super) fn render(template: &impl Template) -> Result<String, Failure> {
    template.render().map_err(|error| Failure::template(&error))
}
