//! Bars and columns as inline SVG. All words stand beside the drawing as text of the page: they wrap on a phone, never
//! overlap, and are read aloud. Every chart has its figures as a table too.

use super::page::{Page, count, text};
use std::fmt::Write;

/// Patterns laid over colours, so that no colour is the only carrier of a meaning. Once in a page.
pub(super) const PATTERNS: &str = "<svg class=\"defs\" aria-hidden=\"true\"><defs>\
<pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
<path d=\"M-1 7L7 -1\" class=\"over\" stroke-width=\"1.5\"/></pattern>\
<pattern id=\"cross\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
<path d=\"M-1 7L7 -1M-1 -1L7 7\" class=\"over\" stroke-width=\"1.5\"/></pattern>\
<pattern id=\"upright\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\">\
<path d=\"M2.5 0V5\" class=\"over\" stroke-width=\"1.5\"/></pattern></defs></svg>";

/// What a piece of a bar looks like: a colour and a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Hatched,
    Upright,
    Crossed,
    Empty,
}
impl Ink {
    fn class(self) -> &'static str {
        match self {
            Ink::Plain => "c1",
            Ink::Hatched => "c2",
            Ink::Upright => "c3",
            Ink::Crossed => "c4",
            Ink::Empty => "c5",
        }
    }
    fn pattern(self) -> Option<&'static str> {
        match self {
            Ink::Plain | Ink::Empty => None,
            Ink::Hatched => Some("hatch"),
            Ink::Upright => Some("upright"),
            Ink::Crossed => Some("cross"),
        }
    }
    fn rect(self, out: &mut String, x: f64, width: f64) {
        let place = format!("x=\"{x:.2}%\" y=\"1\" width=\"{width:.2}%\" height=\"90%\" rx=\"2\"");
        let _ = write!(out, "<rect {place} class=\"{}\"/>", self.class());
        if let Some(pattern) = self.pattern() {
            let _ = write!(out, "<rect {place} fill=\"url(#{pattern})\"/>");
        }
    }
}

/// Horizontal bars, one a row: a name and a figure.
pub(super) fn bars(page: &mut Page, rows: &[(String, u64)], unit: (&str, &str)) {
    let most = rows.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
    page.0.push_str("<ol class=\"bars\">");
    for (name, n) in rows {
        let _ = write!(page.0, "<li><span>{}</span>{OPEN_BAR}", text(name));
        let width = share(*n, most);
        if width > 0.0 {
            Ink::Plain.rect(&mut page.0, 0.0, width);
        }
        let _ = write!(page.0, "</svg><span class=\"v\">{}</span></li>", count(*n));
    }
    page.0.push_str("</ol>");
    page.details("As a table", |page| {
        let table = rows.iter().map(|(name, n)| vec![name.clone(), count(*n)]);
        page.table(unit.1, &[unit.0, "#Count"], table);
    });
}

const OPEN_BAR: &str =
    "<svg class=\"bar\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%\" height=\"100%\" rx=\"2\"/>";

/// One bar in pieces.
pub(super) struct Split {
    pub(super) name: String,
    /// As many as there are meanings.
    pub(super) pieces: Vec<u64>,
}

/// Bars in pieces, each bar its own whole; `meanings` are the same for all.
pub(super) fn split_bars(page: &mut Page, rows: &[Split], meanings: &[(&str, Ink)]) {
    page.0.push_str("<ol class=\"bars split\">");
    for row in rows {
        let whole = row.pieces.iter().sum::<u64>().max(1);
        let _ = write!(page.0, "<li><span>{}</span>{OPEN_BAR}", text(&row.name));
        let (mut x, mut said) = (0.0, Vec::new());
        for (n, (meaning, ink)) in row.pieces.iter().zip(meanings).filter(|(n, _)| **n > 0) {
            let width = share(*n, whole);
            // A hair of room between two pieces, and no piece so thin that it can't be seen.
            ink.rect(&mut page.0, x, (width - 0.4).max(0.3));
            x += width;
            said.push(format!("{} {meaning}", count(*n)));
        }
        let said = if said.is_empty() { "nothing".to_owned() } else { said.join(" · ") };
        let _ = write!(page.0, "</svg><span class=\"v\">{}</span></li>", text(&said));
    }
    page.0.push_str("</ol><ul class=\"key\">");
    for (meaning, ink) in meanings {
        page.0.push_str("<li><svg aria-hidden=\"true\">");
        ink.rect(&mut page.0, 0.0, 100.0);
        let _ = write!(page.0, "</svg>{}</li>", text(meaning));
    }
    page.0.push_str("</ul>");
}

/// Columns over time, one beside the other; the names of the first, the middle and the last stand below.
pub(super) fn columns(page: &mut Page, columns: &[(String, u64)], summary: &str) {
    let most = columns.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
    let wide = 100.0 / columns.len().max(1) as f64;
    let _ = write!(
        page.0,
        "<div class=\"axis\"><span>{} at most</span></div><svg class=\"columns\" role=\"img\" aria-label=\"{}\">",
        count(most),
        text(summary)
    );
    for (at, (_, n)) in columns.iter().enumerate().filter(|(_, (_, n))| *n > 0) {
        let (x, height) = (at as f64 * wide, share(*n, most).max(1.0));
        let _ = write!(
            page.0,
            "<rect x=\"{:.2}%\" y=\"{:.2}%\" width=\"{:.2}%\" height=\"{height:.2}%\" class=\"c1\"/>",
            x + wide * 0.1,
            100.0 - height,
            wide * 0.8
        );
    }
    page.0.push_str(
        "<line x1=\"0\" y1=\"100%\" x2=\"100%\" y2=\"100%\" class=\"base\"/></svg><div class=\"axis\">",
    );
    let named: Vec<&str> = match columns {
        [] => Vec::new(),
        [one] => vec![&one.0],
        [first, last] => vec![&first.0, &last.0],
        [first, .., last] => vec![&first.0, &columns[columns.len() / 2].0, &last.0],
    };
    for name in named {
        let _ = write!(page.0, "<span>{}</span>", text(name));
    }
    page.0.push_str("</div>");
}

fn share(n: u64, whole: u64) -> f64 {
    100.0 * n as f64 / whole.max(1) as f64
}
