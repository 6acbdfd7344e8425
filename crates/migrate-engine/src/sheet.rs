//! Sheets that people open: the same rows as CSV and, with the feature `xlsx`, as one workbook. No cell, nor any piece of
//! one, is taken for a formula, whatever parts the columns.

use crate::lists::safe;
use crate::{Failure, Run};
use jiff::Timestamp;
use mapping_core::Error;
use std::path::PathBuf;

/// The most characters that a cell of a workbook holds.
const CELL: usize = 32_767;
/// The most rows that a sheet of a workbook holds, its head included; the CSV holds all.
#[cfg(feature = "xlsx")]
const ROWS: usize = 1_048_576;

/// A table with a name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) name: String,
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Sheet {
    pub(crate) fn new(name: &str, head: &[&str]) -> Sheet {
        let head = head.iter().map(|h| (*h).to_owned()).collect();
        Sheet { name: name.to_owned(), head, rows: Vec::new() }
    }
    pub(crate) fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Writes it as CSV, readable by its owner only.
    pub(crate) fn write_csv(&self, run: &Run, file: &str) -> Result<PathBuf, Failure> {
        run.write(file, &self.csv()?)
    }

    fn csv(&self) -> Result<Vec<u8>, Failure> {
        let mut out = csv::Writer::from_writer(Vec::new());
        let bad = |_| Error::bug("a sheet can't be written as CSV");
        for row in std::iter::once(&self.head).chain(&self.rows) {
            out.write_record(row.iter().map(|cell| cut(&safe(cell)))).map_err(bad)?;
        }
        Ok(out.into_inner().map_err(|_| Error::bug("a sheet can't be written as CSV"))?)
    }

    /// [`write_csv`](Sheet::write_csv), but what a person made of an earlier one is kept beside it.
    pub(crate) fn write_csv_beside(&self, run: &Run, file: &str, now: Timestamp) -> Result<PathBuf, Failure> {
        let bytes = self.csv()?;
        keep_aside(run, file, &bytes, now)?;
        run.write(file, &bytes)
    }
}

/// A person may have written into a sheet that differs from what is written now: it gets another name.
fn keep_aside(run: &Run, file: &str, bytes: &[u8], now: Timestamp) -> Result<(), Failure> {
    let io = |e| crate::run::io_error(file, e);
    let path = run.path(file)?;
    match std::fs::read(&path) {
        Ok(there) if there == bytes => Ok(()),
        Ok(_) => {
            let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
            let aside = run.path(&format!("{stem}.until-{}.{ending}", now.strftime("%Y%m%dT%H%M%S")))?;
            Ok(std::fs::rename(&path, aside).map_err(io)?)
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(io(e).into()),
    }
}

/// A cell that every spreadsheet can hold.
fn cut(text: &str) -> String {
    match text.char_indices().nth(CELL - 1) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Writes sheets as one workbook, readable by its owner only; `None` without the feature `xlsx`. The same rows make the
/// same bytes. What a person made of an earlier one is kept beside it.
///
/// # Errors
/// `Io`.
#[cfg(feature = "xlsx")]
pub(crate) fn write_xlsx(
    run: &Run,
    file: &str,
    sheets: &[&Sheet],
    now: Timestamp,
) -> Result<Option<PathBuf>, Failure> {
    use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook};
    let bad = |e: rust_xlsxwriter::XlsxError| Error::bug("a workbook can't be written").with_source(e);
    let mut book = Workbook::new();
    // A fixed day, so that a workbook that nobody touched can be told from one that somebody did.
    let day = ExcelDateTime::from_ymd(2000, 1, 1).map_err(bad)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&day));
    let head = Format::new().set_bold();
    let top = Format::new().set_align(FormatAlign::Top).set_text_wrap();
    for sheet in sheets {
        let page = book.add_worksheet();
        page.set_name(tab_name(&sheet.name)).map_err(bad)?;
        page.set_freeze_panes(1, 0).map_err(bad)?;
        for (column, (name, width)) in sheet.head.iter().zip(widths(sheet)).enumerate() {
            let column = u16::try_from(column).unwrap_or(u16::MAX);
            page.set_column_width(column, width).map_err(bad)?;
            page.write_string_with_format(0, column, cut(&safe(name)), &head).map_err(bad)?;
        }
        for (place, row) in sheet.rows.iter().take(ROWS - 1).enumerate() {
            let place = u32::try_from(place + 1).unwrap_or(u32::MAX);
            for (column, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                let column = u16::try_from(column).unwrap_or(u16::MAX);
                // Text, whatever it looks like; a person who edits the cell gets no formula either.
                page.write_string_with_format(place, column, cut(&safe(cell)), &top).map_err(bad)?;
            }
        }
        if let (Ok(rows), Ok(columns)) = (u32::try_from(sheet.rows.len()), u16::try_from(sheet.head.len()))
            && columns > 0
        {
            page.autofilter(0, 0, rows, columns - 1).map_err(bad)?;
        }
    }
    let bytes = book.save_to_buffer().map_err(bad)?;
    keep_aside(run, file, &bytes, now)?;
    run.write(file, &bytes).map(Some)
}

/// Writes nothing: the feature `xlsx` is off.
#[cfg(not(feature = "xlsx"))]
pub(crate) fn write_xlsx(_: &Run, _: &str, _: &[&Sheet], _: Timestamp) -> Result<Option<PathBuf>, Failure> {
    Ok(None)
}

/// A name that a tab may have: 31 characters, some of them not allowed.
#[cfg(feature = "xlsx")]
fn tab_name(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if r"[]:*?/\'".contains(c) || c.is_control() { ' ' } else { c }).collect();
    let name: String = name.trim().chars().take(31).collect();
    if name.is_empty() { "Sheet".to_owned() } else { name }
}

/// Widths in characters, from the first rows.
#[cfg(feature = "xlsx")]
fn widths(sheet: &Sheet) -> Vec<f64> {
    let width = |at: usize| {
        let cells = sheet.rows.iter().take(200).filter_map(|row| row.get(at));
        let longest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        longest.max(sheet.head.get(at).map_or(0, |h| h.chars().count())).clamp(8, 60) as f64 + 2.0
    };
    (0..sheet.head.len()).map(width).collect()
}
