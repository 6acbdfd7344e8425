//! `idmap`: which record became which object, as one CSV.

use super::trace::catalog_of;
use crate::lists::safe;
use crate::locate::{THERE, number_of};
use crate::run::{io_error, private_dir, private_file};
use crate::store::Member;
use crate::{Ctx, Failure, Run};
use mapping_core::model::Record;
use mapping_core::{Catalog, Error, RemoteRef, Sink, SourceRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// The columns of `reports/idmap.csv`.
const COLUMNS: [&str; 8] = [
    "kind",
    "source_id",
    "number",
    "aliases",
    "destination_kind",
    "destination_id",
    "destination_number",
    "url",
];

/// What `idmap` wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IdmapReport {
    /// `reports/idmap.csv`.
    pub file: PathBuf,
    /// Rows, by kind of the source.
    pub rows: BTreeMap<String, u64>,
}

/// Writes `reports/idmap.csv`: a row for every record that something stands for at the destination, those that share
/// an object included. Streamed; looks at the run directory alone. A sink is asked for addresses, without a call.
///
/// `aliases` are the other records of the same object, parted by spaces. `destination_number` is what a receipt calls
/// `number`.
///
/// # Errors
/// `Ledger`, `Io`.
pub fn idmap(run: &Run, sink: Option<&dyn Sink>, ctx: &Ctx<'_>) -> Result<IdmapReport, Failure> {
    let file = run.path("reports/idmap.csv")?;
    let beside = run.path("reports/.idmap.csv.new")?;
    private_dir(&run.path("reports")?)?;
    let io = |e| io_error("idmap.csv", e);
    let head = run.ledger().plan()?;
    let out = BufWriter::new(private_file(&beside).map_err(io)?);
    let mut map = Map {
        run,
        sink,
        there: catalog_of(head.as_ref().map(|h| h.inputs.as_str())),
        out: csv::Writer::from_writer(out),
        rows: BTreeMap::new(),
    };
    let written = map.write();
    let Map { mut out, rows, .. } = map;
    let ended = written.and_then(|()| Ok(out.flush().and_then(|()| whole(out)).map_err(io)?));
    if let Err(failure) = ended {
        let _ = fs::remove_file(&beside);
        return Err(failure);
    }
    fs::rename(&beside, &file).map_err(io)?;
    ctx.finished("idmap", rows.values().sum());
    Ok(IdmapReport { file, rows })
}

/// To disk, before the old file is replaced.
fn whole(out: csv::Writer<BufWriter<File>>) -> std::io::Result<()> {
    let mut out = out.into_inner().map_err(|e| std::io::Error::other(e.to_string()))?;
    out.flush()?;
    out.get_ref().sync_all()
}

struct Map<'a> {
    run: &'a Run,
    sink: Option<&'a dyn Sink>,
    there: Catalog,
    out: csv::Writer<BufWriter<File>>,
    rows: BTreeMap<String, u64>,
}

impl Map<'_> {
    fn write(&mut self) -> Result<(), Failure> {
        self.line(COLUMNS.map(str::to_owned))?;
        let ledger = self.run.ledger();
        for batch in ledger.batches()? {
            let mut from = 0;
            loop {
                let members = ledger.members(batch.number, None, &THERE, from, false, 500)?;
                let Some(last) = members.last() else { break };
                from = last.seq;
                for member in &members {
                    // The newest batch speaks for a record that was in several.
                    if ledger
                        .membership(&member.row.record)?
                        .is_some_and(|(number, _)| number == batch.number)
                    {
                        self.member(member)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn member(&mut self, member: &Member) -> Result<(), Failure> {
        let row = &member.row;
        if !Record::KINDS.contains(&row.record.kind.as_str()) {
            return Ok(());
        }
        let ledger = self.run.ledger();
        let names: Vec<&SourceRef> = std::iter::once(&row.record).chain(&row.aliases).collect();
        let targets = ledger.targets(&names.iter().copied().cloned().collect::<Vec<_>>())?;
        let number = ledger.progress(&row.record)?.and_then(|p| p.output("number").map(str::to_owned));
        for name in &names {
            let Some(at) = targets.get(name) else { continue };
            let others = names.iter().filter(|n| *n != name).map(ToString::to_string).collect::<Vec<_>>();
            self.row(name, &others.join(" "), at, number.as_deref().unwrap_or_default())?;
        }
        Ok(())
    }

    fn row(&mut self, name: &SourceRef, aliases: &str, at: &RemoteRef, there: &str) -> Result<(), Failure> {
        let url = self.sink.and_then(|sink| sink.address(at, &self.there)).unwrap_or_default();
        let number = number_of(self.run, name)?.unwrap_or_default();
        *self.rows.entry(name.kind.to_string()).or_default() += 1;
        let cells = [name.kind.as_str(), &name.id, &number, aliases, at.kind.as_str(), &at.id, there, &url];
        self.line(cells.map(safe))
    }

    fn line(&mut self, cells: [String; 8]) -> Result<(), Failure> {
        self.out.write_record(cells).map_err(|e| match e.into_kind() {
            csv::ErrorKind::Io(e) => io_error("idmap.csv", e).into(),
            _ => Error::bug("a line of idmap.csv can't be written").into(),
        })
    }
}
