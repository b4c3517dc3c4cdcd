//! What the caller accepts, as Django REST framework chooses it: by the specificity of the types
//! alone, since it reads no `q`, and JSON before HTML.

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renderer {
    /// As JSON; indented by so many spaces, or compact.
    Json {
        /// Spaces a level: 0 to 8.
        indent: Option<u8>,
    },
    /// As a page for browsers.
    Html,
}

impl Renderer {
    /// The renderer for what nobody asked for.
    pub(super) const PLAIN: Self = Self::Json { indent: None };

    const fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Json { .. } => ("application", "json"),
            Self::Html => ("text", "html"),
        }
    }
}

/// Why no answer can be written as the caller wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotNegotiable {
    /// `?format=` names no renderer.
    UnknownFormat,
    /// `Accept` names no type that can be written.
    NotAcceptable,
}

/// Chooses a renderer by the query's `format` and the `Accept` header.
pub(super) fn negotiate(
    query: Option<&str>,
    accept: Option<&str>,
) -> Result<Renderer, NotNegotiable> {
    let format = query.and_then(|query| {
        let named = |(name, value)| (name == "format").then_some(value);
        form_urlencoded::parse(query.as_bytes())
            .filter_map(named)
            .last()
    });
    let renderers: &[Renderer] = match format.as_deref() {
        None | Some("") => &[Renderer::PLAIN, Renderer::Html],
        Some("json") => &[Renderer::PLAIN],
        Some("api") => &[Renderer::Html],
        Some(_) => return Err(NotNegotiable::UnknownFormat),
    };
    let Some(accept) = accept else {
        return Ok(renderers[0]);
    };
    let mut accepted: Vec<Accepted<'_>> = accept.split(',').map(Accepted::read).collect();
    accepted.sort_by_key(|accepted| std::cmp::Reverse(accepted.precedence()));
    for level in accepted.chunk_by(|a, b| a.precedence() == b.precedence()) {
        for renderer in renderers {
            if let Some(accepted) = level.iter().find(|accepted| accepted.covers(*renderer)) {
                return Ok(accepted.refine(*renderer));
            }
        }
    }
    Err(NotNegotiable::NotAcceptable)
}

/// One media range of an `Accept` header.
struct Accepted<'a> {
    main: &'a str,
    sub: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Accepted<'a> {
    fn read(part: &'a str) -> Self {
        let mut pieces = part.split(';').map(str::trim);
        let range = pieces.next().unwrap_or_default();
        let (main, sub) = range.split_once('/').unwrap_or((range, ""));
        let parameters = pieces.filter_map(|piece| piece.split_once('=')).collect();
        Self {
            main,
            sub,
            parameters,
        }
    }

    fn precedence(&self) -> u8 {
        match (self.main, self.sub) {
            ("*", _) => 0,
            (_, "*") => 1,
            _ if self.parameters.iter().all(|(name, _)| *name == "q") => 2,
            _ => 3,
        }
    }

    fn covers(&self, renderer: Renderer) -> bool {
        let (main, sub) = renderer.media_type();
        let covers = |range: &str, part: &str| range == "*" || range.eq_ignore_ascii_case(part);
        covers(self.main, main) && covers(self.sub, sub)
    }

    fn refine(&self, renderer: Renderer) -> Renderer {
        let indent = self.parameters.iter().find(|(name, _)| *name == "indent");
        match (
            renderer,
            indent.and_then(|(_, value)| value.parse::<u8>().ok()),
        ) {
            (Renderer::Json { .. }, Some(indent)) => Renderer::Json {
                indent: Some(indent.min(8)),
            },
            _ => renderer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: Result<Renderer, NotNegotiable> = Ok(Renderer::PLAIN);
    const HTML: Result<Renderer, NotNegotiable> = Ok(Renderer::Html);
    const REFUSED: Result<Renderer, NotNegotiable> = Err(NotNegotiable::NotAcceptable);

    #[test]
    fn the_accept_header_chooses_as_in_django() {
        for (accept, expected) in [
            ("*/*", JSON),
            ("application/*", JSON),
            ("application/json;q=0.1", JSON),
            ("application/xml, */*;q=0.1", JSON),
            ("text/html", HTML),
            ("text/*", HTML),
            ("text/html,application/xhtml+xml,*/*;q=0.8", HTML),
            ("text/html;q=0.9, application/json;q=0.1", JSON),
            (
                "application/json; indent=4",
                Ok(Renderer::Json { indent: Some(4) }),
            ),
            ("application/xml", REFUSED),
            ("image/png", REFUSED),
            ("garbage", REFUSED),
            ("", REFUSED),
        ] {
            assert_eq!(negotiate(None, Some(accept)), expected, "{accept:?}");
        }
        assert_eq!(negotiate(None, None), JSON);
    }

    #[test]
    fn the_format_parameter_narrows_the_choice() {
        assert_eq!(negotiate(Some("format=json"), None), JSON);
        assert_eq!(negotiate(Some("format=api"), Some("*/*")), HTML);
        assert_eq!(
            negotiate(Some("format=json"), Some("application/xml")),
            REFUSED
        );
        assert_eq!(
            negotiate(Some("format=xml"), None),
            Err(NotNegotiable::UnknownFormat)
        );
    }
}
