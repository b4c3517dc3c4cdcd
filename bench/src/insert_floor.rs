//! The yardstick for durable answers: inserts that wait for their group's commit, nothing else.

mod writer;

use std::time::Instant;

use anyhow::Result;

use crate::cli::InsertFloor;
use crate::clock;
use crate::drive::{Next, Work, drive};
use crate::failure::Failure;
use crate::figures::Figures;
use crate::insert_floor::writer::Writer;
use crate::tally::{SharedTally, Step};

/// Measures inserts into the database, as many tasks waiting as there are connections.
pub(crate) async fn run(arguments: &InsertFloor) -> Result<Figures> {
    let common = &arguments.common;
    let (writer, writing) = Writer::start(&arguments.path, arguments.checkpoint_pages)?;
    let workers = (0..common.connections())
        .map(|_| Inserting {
            writer: writer.clone(),
        })
        .collect();
    drop(writer);

    let warm = drive(workers, common.pace(), common.warm_up()).await?;
    let measured = drive(warm.workers, common.pace(), common.lasts()).await?;
    let figures = Figures::of(
        arguments.path.display().to_string(),
        "insert".to_owned(),
        Step::Insert,
        common.connections(),
        common.pace(),
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
