//! How bodies arrive: within what time, and what becomes of those that nobody reads.
//!
//! A connection that is closed while its client still sends may be reset, and the client then never
//! sees the answer. So what an answer left unread is read to its end before it is sent, and thrown
//! away.

use std::{
    error::Error as StdError,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, BodyDataStream, Bytes, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::{self, Next},
    response::Response,
};
use futures_util::{Stream, StreamExt};
use thiserror::Error;
use tokio::time::{Sleep, sleep};

/// The most bytes that are read only to be thrown away.
const MOST_THROWN_AWAY: u64 = 1024 * 1024;

/// Gives each body `timeout` to arrive, counted from when it must first be waited for; whoever reads
/// it after that gets [`TooSlow`]. What nobody read is thrown away within the same time, up to
/// 1 MiB; a client that has then not sent all of it is told that its connection ends.
pub(crate) fn bounded(router: Router, timeout: Duration) -> Router {
    router.layer(middleware::from_fn_with_state(timeout, see_to_the_end))
}

async fn see_to_the_end(State(timeout): State<Duration>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let on_demand = is_sent_on_demand(&parts.headers);
    let mut arriving = Shared::new(body, timeout);
    let lent = Body::from_stream(arriving.clone());

    let mut response = next.run(Request::from_parts(parts, lent)).await;

    // To read it is to ask for it.
    let is_unasked = on_demand && arriving.progress() == Progress::Untouched;
    if is_unasked || !arriving.throw_away().await {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// Whether the client sends its body only if it is asked to (RFC 9110 §10.1.1).
fn is_sent_on_demand(headers: &HeaderMap) -> bool {
    headers
        .get(header::EXPECT)
        .is_some_and(|expectation| expectation.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// A body did not arrive in time.
#[derive(Debug, Error)]
#[error("the body did not arrive in time")]
pub(crate) struct TooSlow;

impl TooSlow {
    /// Whether it is why a body could not be read.
    pub(crate) fn caused(error: &axum::Error) -> bool {
        let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
        while let Some(error) = cause {
            if error.is::<Self>() {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// A body, for the handler that reads it and for the layer that reads what is left.
#[derive(Clone)]
struct Shared(Arc<Mutex<Arriving>>);

struct Arriving {
    body: BodyDataStream,
    /// The least that it has.
    least_bytes: u64,
    timeout: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
    progress: Progress,
}

/// How far a body was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Untouched,
    Begun,
    Ended,
    /// It came too late, or broke off.
    Failed,
}

impl Shared {
    fn new(body: Body, timeout: Duration) -> Self {
        Self(Arc::new(Mutex::new(Arriving {
            least_bytes: body.size_hint().lower(),
            body: body.into_data_stream(),
            timeout,
            deadline: None,
            progress: Progress::Untouched,
        })))
    }

    fn arriving(&self) -> MutexGuard<'_, Arriving> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn progress(&self) -> Progress {
        self.arriving().progress
    }

    /// Reads what is left; whether it came to the end.
    async fn throw_away(&mut self) -> bool {
        if self.arriving().least_bytes > MOST_THROWN_AWAY {
            return self.progress() == Progress::Ended;
        }
        let mut thrown_away = 0;
        while thrown_away <= MOST_THROWN_AWAY && !self.progress().is_final() {
            if let Some(Ok(bytes)) = self.next().await {
                thrown_away += bytes.len() as u64;
            }
        }
        self.progress() == Progress::Ended
    }
}

impl Progress {
    fn is_final(self) -> bool {
        matches!(self, Self::Ended | Self::Failed)
    }
}

impl Stream for Shared {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, axum::Error>>> {
        self.arriving().poll_next(context)
    }
}

impl Arriving {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, axum::Error>>> {
        if self.progress.is_final() {
            return Poll::Ready(None);
        }
        let next = match self.body.poll_next_unpin(context) {
            Poll::Ready(next) => next,
            Poll::Pending => {
                self.progress = Progress::Begun;
                ready!(self.poll_deadline(context));
                Some(Err(axum::Error::new(TooSlow)))
            }
        };
        self.progress = match next {
            Some(Ok(_)) => Progress::Begun,
            Some(Err(_)) => Progress::Failed,
            None => Progress::Ended,
        };
        Poll::Ready(next)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a time-out of the connection, no rule's time"
    )]
    fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timeout = self.timeout;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(sleep(timeout)));
        deadline.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future::pending};

    use axum::{http::StatusCode, routing::any};
    use futures_util::stream;
    use http_body_util::BodyExt;
    use tokio::time::timeout;
    use tower::ServiceExt;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    /// Sends a body, or its beginning, to where it is not read (`/deaf`), read (`/ears`), or read at
    /// first (`/bored`).
    async fn send(path: &str, headers: &[(&str, &str)], body: Body) -> Response {
        let read = async |request: Request| {
            let read = request.into_body().collect().await;
            match read {
                Ok(_) => StatusCode::OK,
                Err(error) if TooSlow::caused(&error) => StatusCode::REQUEST_TIMEOUT,
                Err(_) => StatusCode::BAD_REQUEST,
            }
        };
        let glance = async |request: Request| {
            let _ = request.into_body().frame().await;
        };
        let router = Router::new()
            .route("/deaf", any(async || ()))
            .route("/ears", any(read))
            .route("/bored", any(glance));
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).unwrap();
        bounded(router, TIMEOUT).oneshot(request).await.unwrap()
    }

    fn closes(response: &Response) -> bool {
        response
            .headers()
            .get(header::CONNECTION)
            .is_some_and(|value| value == "close")
    }

    /// As many bytes as `kilobytes` say, without telling how many.
    fn of_unknown_length(kilobytes: usize) -> Body {
        let chunk = Bytes::from(vec![b'x'; 1024]);
        let chunks = std::iter::repeat_n(Ok::<_, Infallible>(chunk), kilobytes);
        Body::from_stream(stream::iter(chunks))
    }

    /// A byte each second; it never ends.
    fn dribbling() -> Body {
        Body::from_stream(stream::unfold((), async |()| {
            let _ = timeout(Duration::from_secs(1), pending::<()>()).await;
            Some((Ok::<_, Infallible>("x"), ()))
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_reads_is_thrown_away() {
        for path in ["/deaf", "/ears", "/bored"] {
            for body in [of_unknown_length(1024), Body::from("x"), Body::empty()] {
                let response = send(path, &[], body).await;

                assert_eq!(response.status(), StatusCode::OK);
                assert!(!closes(&response), "{path}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_much_ends_the_connection() {
        let told = Body::from(vec![b'x'; 1024 * 1024 + 1]);

        for body in [of_unknown_length(1025), told] {
            assert!(closes(&send("/deaf", &[], body).await));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn much_may_be_read() {
        let told = Body::from(vec![b'x'; 1024 * 1024 + 1]);

        for body in [of_unknown_length(2000), told] {
            assert!(!closes(&send("/ears", &[], body).await));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn t55_a_body_has_its_time_once_whoever_reads_it() {
        for (path, status) in [
            ("/deaf", StatusCode::OK),
            ("/bored", StatusCode::OK),
            ("/ears", StatusCode::REQUEST_TIMEOUT),
        ] {
            let response = timeout(
                TIMEOUT + Duration::from_secs(1),
                send(path, &[], dribbling()),
            );
            let response = response.await.expect("it is answered in time");

            assert_eq!(response.status(), status, "{path}");
            assert!(closes(&response), "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_breaks_off_ends_the_connection() {
        let broken = || Body::from_stream(stream::iter([Ok("x"), Err("broken")]));

        assert!(closes(&send("/deaf", &[], broken()).await));
        let read = send("/ears", &[], broken()).await;
        assert_eq!(read.status(), StatusCode::BAD_REQUEST);
        assert!(closes(&read));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_sent_on_demand_is_not_asked_for_in_vain() {
        let expectation = [("expect", "100-Continue")];
        let never_sent = || Body::from_stream(stream::pending::<Result<&str, Infallible>>());

        let unread = timeout(Duration::ZERO, send("/deaf", &expectation, never_sent())).await;
        let read = send("/ears", &expectation, of_unknown_length(1)).await;

        assert!(closes(&unread.expect("it is answered at once")));
        assert!(!closes(&read));
    }
}
