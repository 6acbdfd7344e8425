//! A page that is being written: every method escapes and masks what it is given.

use std::fmt::{Display, Write};

/// The most rows of a table; the JSON beside a page holds them all.
pub(super) const ROWS: usize = 200;
/// The most characters of one text; names come from outside.
const CHARS: usize = 600;
const STYLE: &str = include_str!("style.css");
/// Nothing is loaded and nothing runs, whatever a text contains.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// How a line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Warn,
    Bad,
}
impl Tone {
    fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }
}

/// Something that waits for a person.
pub(super) struct Todo {
    pub(super) tone: Tone,
    pub(super) what: String,
    pub(super) detail: String,
}
impl Todo {
    pub(super) fn bad(what: impl Into<String>, detail: impl Into<String>) -> Todo {
        Todo { tone: Tone::Bad, what: what.into(), detail: detail.into() }
    }
    pub(super) fn warn(what: impl Into<String>, detail: impl Into<String>) -> Todo {
        Todo { tone: Tone::Warn, what: what.into(), detail: detail.into() }
    }
}

/// The HTML so far.
pub(super) struct Page(pub(super) String);

impl Page {
    /// A page with its heading. `state` is the verdict in a few words.
    pub(super) fn new(eyebrow: &str, title: &str, lead: &str, state: (Tone, &str)) -> Page {
        let mut page = Page(String::with_capacity(32 << 10));
        let (title, eyebrow) = (text(title), text(eyebrow));
        let _ = write!(
            page.0,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\
             <meta name=\"referrer\" content=\"no-referrer\"/><meta name=\"robots\" content=\"noindex\"/>\
             <title>{eyebrow}: {title}</title><style>\n{STYLE}</style></head><body>{}\n\
             <header><p class=\"eyebrow\">{eyebrow}</p><h1>{title}</h1><p class=\"soft\">{}</p>\
             <p class=\"state {}\">{}</p></header>\n<main>",
            super::chart::PATTERNS,
            text(lead),
            state.0.class(),
            text(state.1),
        );
        page
    }
    /// The whole page, with the line that every page ends with.
    pub(super) fn end(mut self) -> String {
        self.0.push_str(
            "</main>\n<footer><p>Names, addresses and texts of customers are left out: they are in the run \
             directory’s database only. Figures beyond the rows shown here are in the JSON file beside this \
             page.</p></footer></body></html>\n",
        );
        self.0
    }
    pub(super) fn section(&mut self, title: &str, content: impl FnOnce(&mut Page)) {
        let _ = write!(self.0, "\n<section><h2>{}</h2>", text(title));
        content(self);
        self.0.push_str("</section>");
    }
    /// What is folded away until somebody asks for it.
    pub(super) fn details(&mut self, title: &str, content: impl FnOnce(&mut Page)) {
        let _ = write!(self.0, "<details><summary>{}</summary>", text(title));
        content(self);
        self.0.push_str("</details>");
    }
    /// A picture with its title and the sentence that says what it shows.
    pub(super) fn figure(&mut self, title: &str, caption: &str, content: impl FnOnce(&mut Page)) {
        let _ =
            write!(self.0, "\n<figure><h3>{}</h3><figcaption>{}</figcaption>", text(title), text(caption));
        content(self);
        self.0.push_str("</figure>");
    }
    pub(super) fn paragraph(&mut self, line: &str) {
        let _ = write!(self.0, "<p>{}</p>", text(line));
    }
    pub(super) fn verdict(&mut self, tone: Tone, line: &str) {
        let _ = write!(self.0, "<p class=\"{}\">{}</p>", tone.class(), text(line));
    }
    /// What needs a person, the worst first.
    pub(super) fn todos(&mut self, mut todos: Vec<Todo>) {
        if todos.is_empty() {
            return self.verdict(Tone::Good, "Nothing waits for a person.");
        }
        todos.sort_by_key(|t| t.tone != Tone::Bad);
        let more = todos.len().saturating_sub(ROWS);
        self.0.push_str("<ul class=\"todo\">");
        for todo in todos.into_iter().take(ROWS) {
            let _ = write!(self.0, "<li class=\"{}\"><b>{}</b>", todo.tone.class(), text(&todo.what));
            if !todo.detail.is_empty() {
                let _ = write!(self.0, "<br/><span class=\"soft\">{}</span>", text(&todo.detail));
            }
            self.0.push_str("</li>");
        }
        self.0.push_str("</ul>");
        if more > 0 {
            self.paragraph(&format!("and {} more", count(more as u64)));
        }
    }
    /// A few figures that say the most.
    pub(super) fn figures(&mut self, figures: &[(&str, String)]) {
        self.0.push_str("<dl class=\"figures\">");
        for (name, value) in figures {
            let _ = write!(self.0, "<div><dt>{}</dt><dd>{}</dd></div>", text(name), text(value));
        }
        self.0.push_str("</dl>");
    }
    /// A table; columns whose name begins with `#` hold figures. The first cell of a row names it.
    pub(super) fn table(
        &mut self,
        caption: &str,
        head: &[&str],
        rows: impl IntoIterator<Item = Vec<String>>,
    ) {
        let figures = |at: usize| head.get(at).is_some_and(|name| name.starts_with('#'));
        let class = |at: usize| if figures(at) { " class=\"n\"" } else { "" };
        let _ = write!(
            self.0,
            "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{0}\"><table><caption>{0}</caption><thead><tr>",
            text(caption)
        );
        for (at, name) in head.iter().enumerate() {
            let name = name.trim_start_matches('#');
            let _ = write!(self.0, "<th scope=\"col\"{}>{}</th>", class(at), text(name));
        }
        self.0.push_str("</tr></thead><tbody>");
        let mut left_out = 0u64;
        for (place, row) in rows.into_iter().enumerate() {
            if place >= ROWS {
                left_out += 1;
                continue;
            }
            self.0.push_str("<tr>");
            for (at, cell) in row.iter().enumerate() {
                let cell = text(cell);
                let _ = match at {
                    0 => write!(self.0, "<th scope=\"row\"{}>{cell}</th>", class(at)),
                    _ => write!(self.0, "<td{}>{cell}</td>", class(at)),
                };
            }
            self.0.push_str("</tr>");
        }
        self.0.push_str("</tbody></table></div>");
        if left_out > 0 {
            self.paragraph(&format!("and {} more rows", count(left_out)));
        }
    }
}

/// Text from outside as a page may hold it: cut, without what turns or hides it, addresses masked, escaped.
pub(super) fn text(text: &str) -> String {
    let mut cut: String = text.chars().take(CHARS).map(harmless).collect();
    if text.chars().nth(CHARS).is_some() {
        cut.push('…');
    }
    let mut out = String::with_capacity(cut.len());
    for c in masked(&cut).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A control character, or one that turns the direction of what follows, becomes visible.
fn harmless(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' => ' ',
        '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{061c}'
        | '\u{feff}' => '\u{fffd}',
        // What no XML may hold either.
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// Addresses of mail and of the network have no business in a report, whoever wrote them into a reason.
fn masked(text: &str) -> String {
    let part = |c: char| c.is_alphanumeric() || ".@_%+-:/?=&#~".contains(c);
    let address = |word: &str| {
        let mail = word.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.'));
        mail || word.contains("://")
    };
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if part(c) {
            word.push(c);
            continue;
        }
        out.push_str(if address(&word) { "‹address›" } else { &word });
        word.clear();
        out.push(c);
    }
    out.pop();
    out
}

/// A figure with its thousands parted.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number and its noun.
pub(super) fn many(n: u64, one: &str, more: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { more })
}

pub(super) fn s(value: impl Display) -> String {
    value.to_string()
}

/// A moment, to the minute.
pub(super) fn minute(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Seconds in the two largest units.
pub(super) fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, m) => format!("{m} min {} s", seconds % 60),
        (0, h, m) => format!("{h} h {m} min"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_escaped_and_what_turns_it_is_made_visible() {
        assert_eq!(text("</script><img onerror=\"x\">"), "&lt;/script&gt;&lt;img onerror=&quot;x&quot;&gt;");
        assert_eq!(text("a\u{202e}b\u{0007}c\nd"), "a\u{fffd}b\u{fffd}c d");
        assert_eq!(text(&"x".repeat(9_000)).chars().count(), CHARS + 1);
    }

    #[test]
    fn addresses_are_masked_wherever_they_stand() {
        assert_eq!(masked("sent to <eve@x.test>, twice"), "sent to <‹address›>, twice");
        assert_eq!(masked("GET https://x.test/a?b=c failed"), "GET ‹address› failed");
        assert_eq!(masked("contact:7 and ticket:12 @ noon"), "contact:7 and ticket:12 @ noon");
    }

    #[test]
    fn figures_read_easily() {
        assert_eq!(
            (count(999), count(1_000), count(1_234_567)),
            ("999".into(), "1,000".into(), "1,234,567".into())
        );
        assert_eq!((duration(59), duration(125)), ("59 s".into(), "2 min 5 s".into()));
        assert_eq!((duration(7_260), duration(90_000)), ("2 h 1 min".into(), "1 d 1 h".into()));
    }

    /// The relative luminance of `#rrggbb` or `#rgb`.
    fn luminance(hex: &str) -> f64 {
        let digits: Vec<u32> = hex.trim_start_matches('#').chars().map(|c| c.to_digit(16).unwrap()).collect();
        let parts: Vec<u32> = match digits.as_slice() {
            [r, g, b] => vec![r * 17, g * 17, b * 17],
            six => six.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect(),
        };
        let linear = |n: u32| {
            let c = f64::from(n) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(parts[0]) + 0.7152 * linear(parts[1]) + 0.0722 * linear(parts[2])
    }

    #[test]
    fn every_colour_can_be_read_by_day_and_by_night() {
        let modes: Vec<&str> =
            STYLE.split(":root{").skip(1).map(|rest| rest.split_once('}').unwrap().0).collect();
        for mode in &modes[..2] {
            let colour = |name: &str| {
                let rest = mode.split_once(&format!("--{name}:")).unwrap().1.replace(['\n', ' '], "");
                luminance(rest.split([';', '}']).next().unwrap())
            };
            let contrast = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
            for ground in ["bg", "card"] {
                for (names, least) in [
                    (&["ink", "soft", "good", "warn", "bad"][..], 4.5),
                    (&["c1", "c2", "c3", "c4", "c5"][..], 3.0),
                ] {
                    for name in names {
                        let found = contrast(colour(name), colour(ground));
                        assert!(found >= least, "{name} on {ground}: {found:.2}");
                    }
                }
            }
        }
    }
}
