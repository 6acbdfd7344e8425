//! The canonical form of text: what a reader sees, so that two spellings of one message compare equal.

use crate::Format;
use html5gum::{Token, Tokenizer};

/// Elements whose content nobody reads.
const SILENT: [&[u8]; 5] = [b"script", b"style", b"head", b"title", b"template"];
/// Elements that end a line.
const BLOCKS: [&[u8]; 25] = [
    b"p",
    b"div",
    b"br",
    b"li",
    b"ul",
    b"ol",
    b"tr",
    b"table",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"hr",
    b"blockquote",
    b"pre",
    b"section",
    b"article",
    b"header",
    b"footer",
    b"address",
    b"dl",
    b"dt",
    b"dd",
];

/// The text with every run of white space folded into one space, HTML first turned into text.
///
/// White space, tags and entities of the two formats never make a difference; words do.
pub fn canonical(format: Format, text: &str) -> String {
    match format {
        Format::Plain => fold(text),
        Format::Html => fold(&plain_of_html(text)),
    }
}

/// The text that a browser would show for this HTML, one line per block; scripts and styles left out.
///
/// ```
/// assert_eq!(mapping_core::text::plain_of_html("<p>a &lt; <b>b</b></p><p>c"), "a < b\nc");
/// ```
pub fn plain_of_html(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut silent: Option<Vec<u8>> = None;
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name: &[u8] = &tag.name;
                if silent.is_none() && SILENT.contains(&name) && !tag.self_closing {
                    silent = Some(name.to_vec());
                } else if BLOCKS.contains(&name) {
                    end_line(&mut out);
                } else if name == b"td" || name == b"th" {
                    out.push(' ');
                }
            }
            Token::EndTag(tag) => {
                if silent.as_deref() == Some(&*tag.name) {
                    silent = None;
                } else if BLOCKS.contains(&&**tag.name) {
                    end_line(&mut out);
                }
            }
            Token::String(s) if silent.is_none() => out.push_str(&String::from_utf8_lossy(&s)),
            _ => {}
        }
    }
    out.trim().to_owned()
}

/// Plain text as HTML that shows the same lines.
pub fn html_of_plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("<br>"),
            '\r' => {}
            c => out.push(c),
        }
    }
    out
}

fn end_line(out: &mut String) {
    while out.ends_with(' ') {
        out.pop();
    }
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}

fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_and_plain_text_of_one_message_are_equal() {
        let html = "<div>Hello&nbsp;<b>you</b><br>1 &lt; 2 &amp; 3</div><style>p{}</style><!-- no -->";
        assert_eq!(canonical(Format::Html, html), canonical(Format::Plain, "Hello you\n\n1 < 2 & 3"));
    }

    #[test]
    fn plain_text_that_looks_like_html_stays_text() {
        assert_eq!(canonical(Format::Plain, "a <b>c</b>"), "a <b>c</b>");
        assert_eq!(plain_of_html(&html_of_plain("a <b>c</b>\nd")), "a <b>c</b>\nd");
    }

    #[test]
    fn an_unclosed_script_hides_the_rest_and_nothing_panics() {
        assert_eq!(plain_of_html("a<script>b"), "a");
        assert_eq!(plain_of_html("<p"), "");
        assert_eq!(plain_of_html("&#xD800;&#0;&bogus;x"), "\u{FFFD}\u{FFFD}&bogus;x");
    }
}
