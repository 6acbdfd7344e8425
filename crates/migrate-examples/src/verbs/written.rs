//! The verbs that write something for people, or show one record: `explain`, `trace`, `idmap`, `review`, `handoff`.

use super::Program;
use mapping_core::Sink;
use migrate_engine::{
    Exit, ExplainOptions, Failure, HandoffCheckReport, HandoffReport, ReviewOptions, ReviewReport, Run,
    VerdictReport,
};

impl Program<'_> {
    /// The destination, only for what it says without a call: addresses. Without credentials there are none.
    async fn addresses(&self, run: &Run) -> Option<Box<dyn Sink>> {
        self.sides.sink(run).await.ok()
    }

    /// `explain`: one record in full.
    ///
    /// # Errors
    /// As [`migrate_engine::explain`].
    pub async fn explain(&self, run: &Run, id: &str, text: bool) -> Result<Exit, Failure> {
        let sink = self.addresses(run).await;
        let options = if text { ExplainOptions::text() } else { ExplainOptions::default() };
        let report = migrate_engine::explain(run, sink.as_deref(), id, &options).await?;
        report.lines().iter().for_each(|line| self.show.say(line));
        self.show.report("explain", &report);
        Ok(Exit::Done)
    }

    /// `trace`: one record from source to receipts.
    ///
    /// # Errors
    /// As [`migrate_engine::trace`].
    pub async fn trace(&self, run: &Run, id: &str) -> Result<Exit, Failure> {
        let sink = self.addresses(run).await;
        let report = migrate_engine::trace(run, sink.as_deref(), id)?;
        report.lines().iter().for_each(|line| self.show.say(line));
        self.show.report("trace", &report);
        Ok(Exit::Done)
    }

    /// `idmap`: which record became which object.
    ///
    /// # Errors
    /// As [`migrate_engine::idmap`].
    pub async fn idmap(&self, run: &Run) -> Result<Exit, Failure> {
        self.show.heading("idmap");
        let sink = self.addresses(run).await;
        let report = migrate_engine::idmap(run, sink.as_deref(), &self.ctx())?;
        let rows: Vec<_> = report.rows.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
        self.show.say(&format!("{}: {}", report.file.display(), rows.join(", ")));
        self.show.report("idmap", &report);
        Ok(Exit::Done)
    }

    /// `review`: the sheet on which people judge a pilot.
    ///
    /// # Errors
    /// As [`migrate_engine::review`].
    pub async fn review(&self, run: &Run, options: &ReviewOptions) -> Result<ReviewReport, Failure> {
        self.show.heading("review");
        let sink = self.addresses(run).await;
        let report = migrate_engine::review(run, sink.as_deref(), options, &self.ctx())?;
        self.show.say(&format!(
            "batch {}: {} records to judge, {} verdicts carried over",
            report.batch, report.records, report.carried
        ));
        report.files.iter().for_each(|file| self.show.say(&file.display().to_string()));
        self.show.report("review", &report);
        Ok(report)
    }

    /// `review --read`: what people wrote into it.
    ///
    /// # Errors
    /// As [`migrate_engine::review_read`].
    pub fn review_read(&self, run: &Run, options: &ReviewOptions) -> Result<VerdictReport, Failure> {
        self.show.heading("review: verdicts");
        let report = migrate_engine::review_read(run, options, &self.ctx())?;
        self.show.say(&format!(
            "batch {}: {} accepted, {} rejected, {} unclear, {} open",
            report.batch,
            report.accepted,
            report.rejected.len(),
            report.unclear.len(),
            report.open
        ));
        for (word, judged) in [("rejected", &report.rejected), ("unclear", &report.unclear)] {
            for one in judged {
                self.show.say(&format!("{word} {}: {}", one.record, &*one.remark));
            }
        }
        report.strange.iter().for_each(|line| self.show.say(line));
        self.show.report("review", &report);
        Ok(report)
    }

    /// `handoff`: what people do by hand, in writing.
    ///
    /// # Errors
    /// As [`migrate_engine::handoff`].
    pub async fn handoff(&self, run: &Run) -> Result<HandoffReport, Failure> {
        self.show.heading("handoff");
        let report = migrate_engine::handoff(run, &self.ctx()).await?;
        for entry in &report.entries {
            self.show.say(&format!("{}: {} rows → {}", entry.name, entry.records, entry.place));
            entry.flags.iter().for_each(|flag| self.show.say(&format!("  {flag}")));
        }
        self.show.say(&report.index.display().to_string());
        self.show.report("handoff", &report);
        Ok(report)
    }

    /// `handoff --check`: what people then made.
    ///
    /// # Errors
    /// As [`migrate_engine::handoff_check`].
    pub async fn handoff_check(&self, run: &Run) -> Result<HandoffCheckReport, Failure> {
        self.show.heading("handoff: check");
        let sink = self.sides.sink(run).await?;
        let report = migrate_engine::handoff_check(run, &*sink, &self.ctx()).await?;
        for entry in &report.entries {
            self.show.say(&format!("{}: {}", entry.name, entry.line()));
            for (word, names) in [("differs", &entry.differing), ("missing", &entry.lacking)] {
                names.iter().take(5).for_each(|name| self.show.say(&format!("  {word}: {name}")));
            }
        }
        self.show.report("handoff", &report);
        Ok(report)
    }
}
