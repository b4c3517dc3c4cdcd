//! Whose turn it is on a connection: the client's to ask, or ours to answer.
//!
//! The bytes do not tell: a request's head may have come behind another request, long before hyper
//! hands it over. So the service says when it takes a request and when its answer is finished.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use hyper::body::{Body, Frame, SizeHint};

/// Known to a connection's stream and to its service.
///
/// A count, since hyper may take the next request before it drops the body of the last answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn(Arc<AtomicUsize>);

impl Turn {
    /// Makes it ours until what is returned is dropped.
    pub(super) fn take(&self) -> OurTurn {
        self.0.fetch_add(1, Ordering::Relaxed);
        OurTurn(self.clone())
    }

    /// Whether a request is being answered.
    pub(super) fn is_ours(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct OurTurn(Turn);

impl Drop for OurTurn {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an answer, with which our turn ends.
pub(super) struct LastWord<B> {
    body: B,
    _turn: OurTurn,
}

impl<B> LastWord<B> {
    pub(super) fn new(body: B, turn: OurTurn) -> Self {
        Self { body, _turn: turn }
    }
}

impl<B: Body + Unpin> Body for LastWord<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
