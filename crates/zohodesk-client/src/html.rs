//! HTML that may go into a comment: cleaned, without live mentions, split on block boundaries.

use html5gum::{Token, Tokenizer};
use mapping_core::text::plain_of_html;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Elements after which a text may be split without tearing a paragraph.
const BLOCKS: [&str; 21] = [
    "p",
    "div",
    "br",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "blockquote",
    "pre",
    "dl",
    "dd",
    "dt",
    "tbody",
];
/// Elements that are never open inside another of their kind, because they have no content or end where the next begins.
const CLOSED_BY_THEMSELVES: [&str; 11] =
    ["br", "hr", "img", "wbr", "col", "area", "input", "meta", "link", "p", "option"];
/// Elements without an end tag.
const VOID: [&str; 6] = ["br", "hr", "img", "wbr", "col", "area"];
/// Elements nested deeper than this lose their tags, not their text.
const DEEPEST: usize = 40;
/// A start tag longer than this is written without its attributes.
const LONGEST_TAG: usize = 400;

/// Elements nested deeper than this are not given to the sanitizer: it takes quadratic time for them.
const DEEPEST_CLEANED: usize = 400;

/// HTML without scripts, styles, forms, event handlers and images that would be fetched from elsewhere. HTML that is nested
/// more than 400 deep keeps its text alone.
pub fn clean(html: &str) -> String {
    if nests_too_deep(html) { cleaned(&escape(&plain_of_html(html))) } else { cleaned(html) }
}

/// Whether more than [`DEEPEST_CLEANED`] elements may be open at once. An end tag closes only its own kind here, and never a
/// template, which keeps end tags from what is around it: so that no mixture is deeper than it is counted.
fn nests_too_deep(html: &str) -> bool {
    let mut open: HashMap<String, usize> = HashMap::new();
    let mut depth = 0;
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).to_ascii_lowercase();
                // A browser closes these by itself when the next one begins.
                if !CLOSED_BY_THEMSELVES.contains(&name.as_str()) {
                    depth += 1;
                    *open.entry(name).or_default() += 1;
                }
            }
            Token::EndTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).to_ascii_lowercase();
                if let Some(count) = open.get_mut(&name).filter(|n| **n > 0 && name != "template") {
                    *count -= 1;
                    depth -= 1;
                }
            }
            _ => {}
        }
        if depth > DEEPEST_CLEANED {
            return true;
        }
    }
    false
}

fn cleaned(html: &str) -> String {
    static BUILDER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
        let mut builder = ammonia::Builder::default();
        builder.url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid"]));
        builder.link_rel(None);
        builder.attribute_filter(|element, attribute, value| match (element, attribute) {
            ("img", "src") if !value.to_ascii_lowercase().starts_with("cid:") => None,
            _ => Some(Cow::Borrowed(value)),
        });
        builder
    });
    BUILDER.clean(html).to_string()
}

/// The text with every `zsu[` broken by a zero-width space: `zsu[@user:…]zsu` in a comment is a live mention that
/// notifies a person.
///
/// ```
/// assert_eq!(zohodesk_client::break_mentions("zsu[@user:1]zsu"), "zsu\u{200B}[@user:1]zsu");
/// assert_eq!(zohodesk_client::break_mentions("a zsu"), "a zsu");
/// ```
pub fn break_mentions(text: &str) -> Cow<'_, str> {
    // ASCII lower case keeps every byte where it was.
    let lower = text.to_ascii_lowercase();
    if !lower.contains("zsu[") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut from = 0;
    for (at, _) in lower.match_indices("zsu[") {
        out.push_str(&text[from..at + 3]);
        out.push('\u{200B}');
        from = at + 3;
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// Splits HTML into pieces of at most `units` UTF-16 units, after a block where there is one, between words where there
/// is none. Every piece closes what it opens; together they show the same words in the same order. `units` below 2,000
/// count as 2,000.
pub fn split(html: &str, units: usize) -> Vec<String> {
    let units = units.max(2_000);
    if length(html) <= units {
        return vec![html.to_owned()];
    }
    let mut splitter = Splitter { units, ..Splitter::default() };
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                let mut written = format!("<{name}");
                for (key, value) in &tag.attributes {
                    let (key, value) = (String::from_utf8_lossy(key), String::from_utf8_lossy(value));
                    written.push_str(&format!(" {key}=\"{}\"", escape(&value)));
                }
                written.push('>');
                if written.len() > LONGEST_TAG {
                    written = format!("<{name}>");
                }
                splitter.start(name, written);
            }
            Token::EndTag(tag) => splitter.end(&String::from_utf8_lossy(&tag.name)),
            Token::String(text) => splitter.text(&String::from_utf8_lossy(&text)),
            _ => {}
        }
    }
    splitter.finish()
}

/// Length in UTF-16 units, the longest way in which a platform may count characters.
pub(crate) fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Text as HTML; fit for an attribute between double quotes, too.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push_escaped(&mut out, c));
    out.replace('"', "&quot;")
}

fn push_escaped(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '\u{a0}' => out.push_str("&nbsp;"),
        c => out.push(c),
    }
}

#[derive(Default)]
struct Splitter {
    units: usize,
    pieces: Vec<String>,
    piece: String,
    size: usize,
    /// Open elements with their start tags.
    open: Vec<(String, String)>,
    /// Start tags that were left out because they were nested too deep.
    unwritten: Vec<String>,
    /// The last block boundary in the piece: its place, and how many elements were open there.
    boundary: Option<(usize, usize)>,
    /// The piece holds something besides start tags that were opened again.
    holds: bool,
}

impl Splitter {
    fn start(&mut self, name: String, tag: String) {
        if BLOCKS.contains(&name.as_str()) && !VOID.contains(&name.as_str()) {
            self.mark();
        }
        if VOID.contains(&name.as_str()) {
            self.push(&tag, 0);
            if BLOCKS.contains(&name.as_str()) {
                self.mark();
            }
        } else if self.open.len() >= DEEPEST {
            self.unwritten.push(name);
        } else {
            self.push(&tag, name.len() + 3);
            self.open.push((name, tag));
        }
    }
    fn end(&mut self, name: &str) {
        if let Some(at) = self.unwritten.iter().rposition(|n| n == name) {
            self.unwritten.remove(at);
        } else if self.open.last().is_some_and(|(n, _)| n == name) {
            // Its room was kept when it was opened.
            self.open.pop();
            self.append(&format!("</{name}>"));
            if BLOCKS.contains(&name) {
                self.mark();
            }
        }
    }
    fn text(&mut self, text: &str) {
        let mut word = String::new();
        for c in text.chars() {
            push_escaped(&mut word, c);
            // A word without end is torn: nothing else is left to split at.
            if c.is_whitespace() || word.len() > 200 {
                self.push(&word, 0);
                word.clear();
            }
        }
        self.push(&word, 0);
    }
    /// Adds something, in a new piece if this one hasn't room for it, for `after` and for all end tags.
    fn push(&mut self, new: &str, after: usize) {
        while self.size + length(new) + after + self.closing().len() > self.units && self.holds {
            self.cut();
        }
        self.append(new);
        self.holds = true;
    }
    fn append(&mut self, new: &str) {
        self.size += length(new);
        self.piece.push_str(new);
    }
    fn mark(&mut self) {
        if self.holds {
            self.boundary = Some((self.piece.len(), self.open.len()));
        }
    }
    fn closing(&self) -> String {
        self.open.iter().rev().map(|(name, _)| format!("</{name}>")).collect()
    }
    /// Ends the piece at its last block boundary, or here.
    fn cut(&mut self) {
        let (at, depth) = self.boundary.take().unwrap_or((self.piece.len(), self.open.len()));
        let rest = self.piece.split_off(at);
        let held = self.open[..depth.min(self.open.len())].to_vec();
        let ends: String = held.iter().rev().map(|(name, _)| format!("</{name}>")).collect();
        let starts: String = held.iter().map(|(_, tag)| tag.as_str()).collect();
        self.pieces.push(std::mem::take(&mut self.piece) + &ends);
        self.holds = !rest.is_empty();
        self.piece = starts + &rest;
        self.size = length(&self.piece);
    }
    fn finish(mut self) -> Vec<String> {
        let closing = self.closing();
        if self.holds || self.pieces.is_empty() {
            self.pieces.push(self.piece + &closing);
        }
        self.pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(html: &str) -> Vec<String> {
        plain_of_html(html).split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn pieces_fit_and_together_show_every_word_once_in_order() {
        let row = "<tr><td>eins</td><td><b>zwei &amp; drei</b></td></tr>";
        let html = format!(
            "<div><p>{}</p><blockquote><table><tbody>{}</tbody></table></blockquote></div><p>{}</p>",
            "Wort &lt;🙂&gt; ".repeat(700),
            row.repeat(200),
            "ende ".repeat(900)
        );
        let html = clean(&html);
        let pieces = split(&html, 3_000);
        assert!(pieces.len() > 6, "{}", pieces.len());
        assert!(pieces.iter().all(|p| length(p) <= 3_000), "{:?}", pieces.iter().map(|p| length(p)).max());
        let together: Vec<String> = pieces.iter().flat_map(|p| words(p)).collect();
        assert_eq!(together, words(&html));
        for piece in &pieces {
            assert_eq!(clean(piece), *piece, "every piece is well-formed by itself");
        }
    }

    #[test]
    fn a_piece_ends_after_a_block_where_there_is_one() {
        let html = format!("<p>{}</p>", "x".repeat(900)).repeat(5);
        let pieces = split(&html, 2_000);
        assert!(pieces.iter().all(|p| p.ends_with("</p>") && p.starts_with("<p>")), "{pieces:?}");
        assert_eq!(pieces.len(), 3);
    }

    #[test]
    fn a_word_without_end_and_a_nest_without_bottom_still_fit() {
        let word = "y".repeat(70_000);
        let pieces = split(&word, 32_000);
        assert_eq!(pieces.concat(), word);
        let nest = format!("{}deep{}", "<b>".repeat(5_000), "</b>".repeat(5_000));
        let pieces = split(&nest, 2_000);
        assert!(pieces.iter().all(|p| length(p) <= 2_000));
        assert_eq!(words(&pieces.concat()), ["deep"]);
    }

    #[test]
    fn what_runs_or_phones_home_is_taken_out_and_words_stay() {
        let html = "<p onclick=\"x()\">a<script>b()</script><style>c</style><img src=\"https://t.example/p.gif\">\
                    <img src=\"cid:7\"><form><input value=\"q\">d</form><a href=\"javascript:e()\">f</a></p>";
        let cleaned = clean(html);
        for bad in ["onclick", "script", "style", "t.example", "form", "input", "javascript"] {
            assert!(!cleaned.contains(bad), "{bad} in {cleaned}");
        }
        assert!(cleaned.contains("cid:7"));
        assert_eq!(words(&cleaned), ["a", "df"]);
        assert_eq!(clean(&cleaned), cleaned, "cleaning twice is cleaning once");
    }

    #[test]
    fn a_nest_without_bottom_keeps_its_words_and_a_flat_text_its_markup() {
        for tag in ["div", "b", "template", "table", "x-y", "svg"] {
            let nest =
                format!("{}deep <script>x()</script>&lt;end{}", format!("<{tag}>").repeat(100_000), "</x>");
            let cleaned = clean(&nest);
            assert!(!cleaned.contains("<script") && !cleaned.contains(&format!("<{tag}><{tag}>")), "{tag}");
            assert!(cleaned.len() < 200, "{tag}: {} bytes", cleaned.len());
        }
        assert_eq!(words(&clean(&format!("{}deep &lt;end", "<div>".repeat(100_000)))), ["deep", "<end"]);
        let flat = "<p>a<br>b".repeat(2_000) + &"<div><b>c</b></div>".repeat(2_000);
        assert!(clean(&flat).contains("<b>c</b>"));
        let nested = format!("{}x{}", "<blockquote>".repeat(399), "</blockquote>".repeat(399));
        assert!(clean(&nested).contains("<blockquote>"));
    }

    #[test]
    fn no_spelling_of_a_mention_stays_alive() {
        for text in ["zsu[@user:1]zsu", "ZSU[@team:2]zsu", "zsu<!-- -->[@user:3]", "zsu&#91;@user:4]"] {
            let safe = clean(text);
            let safe = break_mentions(&safe);
            assert!(!safe.to_ascii_lowercase().contains("zsu["), "{safe}");
        }
        assert_eq!(break_mentions("İzsu[@user:1]"), "İzsu\u{200B}[@user:1]");
    }
}
