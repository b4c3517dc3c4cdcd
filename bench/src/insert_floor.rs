//! The yardstick for durable answers: inserts that wait for their group's commit, nothing else.

mod writer;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;

use crate::clock;
use crate::drive::{Next, Work, drive};
use crate::failure::Failure;
use crate::figures::Figures;
use crate::flow::Plan;
use crate::insert_floor::writer::Writer;
use crate::tally::{SharedTally, Step};

/// The database of the yardstick.
#[derive(Debug, Clone)]
pub(crate) struct Floor {
    /// Its file; made if it does not exist.
    pub(crate) path: PathBuf,
    /// Pages of log after which the writer checkpoints.
    pub(crate) checkpoint_pages: u32,
}

impl Floor {
    /// The database at `path`, with SQLite's own checkpoints.
    pub(crate) fn at(path: PathBuf) -> Self {
        Self {
            path,
            checkpoint_pages: DEFAULT_CHECKPOINT_PAGES,
        }
    }
}

/// Measures inserts into the database, as many tasks waiting as there are connections.
pub(crate) async fn measure(floor: &Floor, plan: &Plan) -> Result<Figures> {
    let (writer, writing) = Writer::start(&floor.path, floor.checkpoint_pages)?;
    let workers = (0..plan.connections)
        .map(|_| Inserting {
            writer: writer.clone(),
        })
        .collect();
    drop(writer);

    let warm = drive(workers, plan.pace, plan.warm_up).await?;
    let measured = drive(warm.workers, plan.pace, plan.lasts).await?;
    let figures = Figures::of(
        floor.path.display().to_string(),
        "insert".to_owned(),
        Step::Insert,
        plan,
        &measured.into(),
    );
    writing.ended()?;
    Ok(figures)
}

struct Inserting {
    writer: Writer,
}

impl Work for Inserting {
    async fn once(&mut self, due: Instant, tally: &SharedTally) -> Next {
        let inserted = self
            .writer
            .insert()
            .await
            .map_err(|error| Failure::Connection(error.to_string()));
        let done = clock::now();
        tally.record(Step::Insert, &inserted, done - due, done);
        if inserted.is_ok() {
            Next::More
        } else {
            Next::Done
        }
    }
}

/// SQLite's default.
const DEFAULT_CHECKPOINT_PAGES: u32 = 1000;
