//! Texts as they are compared: without markup, white space and invisible characters.

use std::collections::HashSet;

use super::html::{text_of_html, words_in_attributes};

/// A text reduced to what a reader sees, without white space.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Squeezed(pub(super) String);

/// A body that was read back, taken apart once.
#[derive(Debug)]
pub(super) struct Read {
    text: String,
    pub(super) squeezed: Squeezed,
}

impl Read {
    pub(super) fn of_html(html: &str) -> Self {
        let text = text_of_html(html);
        Self { squeezed: Squeezed::of_plain(&text), text }
    }
}

/// An expected text, and what is needed to find it again in another form.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) squeezed: Squeezed,
    words: Vec<String>,
    /// Words that a plain form may add: addresses of links and images.
    may_add: HashSet<String>,
    html: bool,
}

/// How a text was found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// All of it, perhaps under a header.
    Whole,
    /// Nothing, or something else.
    No,
}

/// Longest text, in characters, that may stand before an expected one.
const LONGEST_HEADER: usize = 600;
const LONGEST_FOOTER: usize = 2000;

impl Squeezed {
    pub(super) fn of_plain(text: &str) -> Self {
        Self(text.chars().filter(|c| visible(*c)).collect())
    }

    pub(super) fn of_html(html: &str) -> Self {
        Self::of_plain(&text_of_html(html))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, other: &str) -> bool {
        self.0.to_lowercase().contains(&Self::of_plain(other).0.to_lowercase())
    }
}

fn visible(c: char) -> bool {
    let invisible =
        matches!(c, '\u{feff}' | '\u{fffd}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{fffe}' | '\u{ffff}');
    !c.is_whitespace() && !c.is_control() && !invisible
}

fn words(text: &str) -> Vec<String> {
    let clean: String = text.chars().filter(|c| c.is_whitespace() || visible(*c)).collect();
    clean.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

impl Expected {
    pub(super) fn new(text: &str, html: bool) -> Self {
        let plain = if html { text_of_html(text) } else { text.to_owned() };
        let may_add =
            if html { words(&words_in_attributes(text)).into_iter().collect() } else { HashSet::new() };
        Self { squeezed: Squeezed::of_plain(&plain), words: words(&plain), may_add, html }
    }

    /// Whether a body that was read back says this.
    pub(super) fn fit(&self, body: &Read) -> Fit {
        let actual = &body.squeezed;
        if self.squeezed.is_empty() {
            return Fit::Whole;
        }
        let found = actual.0.match_indices(&self.squeezed.0).any(|(at, _)| {
            let (before, rest) = actual.0.split_at(at);
            framed(before, &rest[self.squeezed.0.len()..])
        });
        if found || (self.html && self.fits_in_words(&body.text)) { Fit::Whole } else { Fit::No }
    }

    /// Whether a text that was read back says this once, with lines above or below it that say more.
    pub(super) fn stands_in(&self, body: &Read) -> bool {
        let actual = &body.squeezed.0;
        let framed = |at: usize| {
            let (before, after) = (&actual[..at], &actual[at + self.squeezed.0.len()..]);
            before.chars().count() <= LONGEST_HEADER
                && after.chars().count() <= LONGEST_FOOTER
                && (self.squeezed.0.chars().count() < 40 || !after.contains(&self.squeezed.0))
        };
        if self.squeezed.is_empty() {
            return actual.chars().count() <= LONGEST_FOOTER;
        }
        let found = actual.find(&self.squeezed.0).is_some_and(framed);
        found || (self.html && self.stands_in_words(&body.text))
    }

    /// Whether all words are there in their order, with nothing between them but what a plain form may add.
    fn stands_in_words(&self, actual: &str) -> bool {
        let have = words(actual);
        let Some(first) = self.words.first() else { return true };
        let starts = have.iter().enumerate().filter(|(_, word)| *word == first).map(|(place, _)| place);
        starts.into_iter().any(|start| {
            let more = self.after(&have[start..]);
            start <= LONGEST_HEADER / 8 && more.is_some_and(|more| more.len() <= LONGEST_FOOTER / 8)
        })
    }

    /// Whether a plain form of HTML says the same: all words in order, and between them only addresses, words for
    /// pictures and the numbers of lists.
    fn fits_in_words(&self, actual: &str) -> bool {
        let have = words(actual);
        let Some(first) = self.words.first() else { return true };
        let starts = have.iter().enumerate().filter(|(_, word)| *word == first).map(|(place, _)| place);
        starts.into_iter().any(|start| self.follows(&have[start..]) && start <= LONGEST_HEADER / 8)
    }

    fn follows(&self, have: &[String]) -> bool {
        let Some(rest) = self.after(have) else { return false };
        rest.iter().all(|word| self.may_add.contains(word) || word.chars().all(|c| c.is_ascii_digit()))
    }

    /// What stands behind all the words in their order; none when they are not there.
    fn after<'h>(&self, have: &'h [String]) -> Option<&'h [String]> {
        let mut wanted = self.words.iter().peekable();
        let mut rest = have.iter();
        while let Some(want) = wanted.peek() {
            let word = rest.next()?;
            if word == *want {
                wanted.next();
                continue;
            }
            let added = self.may_add.contains(word)
                || word.chars().all(|c| c.is_ascii_digit())
                || ["image", "img", "inline", "link", "picture"].contains(&word.to_lowercase().as_str());
            if !added {
                return None;
            }
        }
        Some(rest.as_slice())
    }

    /// Length of the text found when it was split over several bodies from the first of them on; none when it was not.
    pub(super) fn split_over<'a>(&self, bodies: impl Iterator<Item = &'a Read>) -> Option<usize> {
        let mut rest = self.squeezed.0.as_str();
        for (used, body) in bodies.enumerate() {
            let fragment = fragment(&body.squeezed.0, rest)?;
            rest = &rest[fragment..];
            if rest.is_empty() {
                return Some(used + 1);
            }
        }
        None
    }
}

/// How much of the start of `rest` stands at the end of `actual`, under a header or not.
fn fragment(actual: &str, rest: &str) -> Option<usize> {
    let probe: String = rest.chars().take(24).collect();
    let at = actual.find(&probe)?;
    let (before, tail) = actual.split_at(at);
    if before.chars().count() > LONGEST_HEADER {
        return None;
    }
    if rest.starts_with(tail) {
        return Some(tail.len());
    }
    // The last fragment may carry a footer.
    tail.strip_prefix(rest).filter(|footer| framed("", footer)).map(|_| rest.len())
}

/// Whether what stands around a text is what a tool may add: a header, and a remark in brackets after it.
fn framed(before: &str, after: &str) -> bool {
    let remark = after.is_empty() || after.starts_with('[') || after.starts_with('(');
    before.chars().count() <= LONGEST_HEADER && remark && after.chars().count() <= LONGEST_FOOTER
}

/// Letters and digits of a word, lower case: `Live Chat` and `livechat` are one.
pub(super) fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(text: &str, html: bool, body: &str) -> bool {
        Expected::new(text, html).fit(&Read::of_html(body)) == Fit::Whole
    }

    #[test]
    fn markup_and_white_space_do_not_count_and_every_letter_does() {
        assert!(fits("a < b\n & c", false, "<p>a &lt; b &amp; c</p>"));
        assert!(fits("<p>Hi&nbsp;<b>you</b></p><style>x</style>", true, "<p class=\"no-margin\">Hi you</p>"));
        assert!(!fits("Hello there", false, "<p>Hello here</p>"));
        assert!(!fits("Hello there", false, "<p>Hello ther</p>"));
    }

    #[test]
    fn a_header_is_let_pass_and_an_addition_is_not() {
        assert!(fits("Hello there", false, "<p>[by Ada]<br>Hello there</p>"));
        assert!(fits("Hello there", false, "<p>Hello there<br>[1 file not moved]</p>"));
        assert!(!fits("Hello there", false, "<p>Hello there, and more</p>"));
        assert!(!fits("Hello there", false, &format!("<p>{}Hello there</p>", "x".repeat(700))));
    }

    #[test]
    fn a_plain_form_of_html_may_show_addresses_and_numbers() {
        let html =
            "<ol><li>see <a href=\"https://x.example/q\">this page</a></li><li>then <i>that</i></li></ol>";
        assert!(fits(html, true, "<p>1. see this page (https://x.example/q)<br>2. then that</p>"));
        assert!(!fits(html, true, "<p>1. see this other page<br>2. then that</p>"));
        assert!(!fits(html, true, "<p>1. see this page<br>2. that then</p>"));
    }

    #[test]
    fn a_long_text_may_be_split_and_nothing_may_be_missing_in_between() {
        let text: String = (0..500).map(|n| format!("word{n} ")).collect();
        let expected = Expected::new(&text, false);
        let (first, second) = text.split_at(1700);
        let parts = [format!("<p>{first}</p>"), format!("<p>(2/2) {second}</p>")];
        let split = |parts: &[String]| {
            let read: Vec<Read> = parts.iter().map(|part| Read::of_html(part)).collect();
            expected.split_over(read.iter())
        };
        assert_eq!(split(&parts), Some(2));
        let gap = [format!("<p>{first}</p>"), format!("<p>(2/2) {}</p>", &second[30..])];
        assert_eq!(split(&gap), None);
    }
}
