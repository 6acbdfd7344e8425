//! The canonical form of text: what a reader sees, so that two spellings of one message compare equal.

use crate::Format;
use html5gum::{State, Token, Tokenizer};

/// Elements whose content nobody reads. `head` is none of them: its end tag may be left out.
const SILENT: [&[u8]; 4] = [b"script", b"style", b"title", b"template"];
/// Elements that end a line.
const BLOCKS: [&[u8]; 46] = [
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
    b"aside",
    b"body",
    b"caption",
    b"center",
    b"details",
    b"dialog",
    b"dir",
    b"fieldset",
    b"figcaption",
    b"figure",
    b"form",
    b"hgroup",
    b"legend",
    b"main",
    b"menu",
    b"nav",
    b"optgroup",
    b"option",
    b"search",
    b"summary",
    b"listing",
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
    let mut tokens = Tokenizer::new(html);
    while let Some(Ok(token)) = tokens.next() {
        match token {
            Token::StartTag(tag) => {
                let name: &[u8] = &tag.name;
                if silent.is_none() && SILENT.contains(&name) && !tag.self_closing {
                    silent = Some(name.to_vec());
                    // A `<` in there begins no tag, or it would hide the end tag and everything after it.
                    tokens.set_state(content_of(name));
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

/// Where the links of this HTML lead, in order.
pub fn hrefs(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    relink(html, &mut |href| {
        found.push(href.to_owned());
        None
    });
    found
}

/// The HTML with the targets of its links exchanged. It is written anew, so that spelling and comments may change;
/// what a reader sees does not.
pub fn relink(html: &str, to: &mut dyn FnMut(&str) -> Option<String>) -> String {
    rewrite_links(html, &mut |href| to(href).map_or(Href::Keep, Href::To))
}

/// What becomes of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Href {
    /// It stays as it is.
    Keep,
    /// It leads elsewhere.
    To(String),
    /// Its text stays and leads nowhere.
    Unlink,
}

/// The host of an address, when it names one, and its path without what follows `?` or `#`. `None` for what is no
/// address of a web page.
pub fn host_and_path(href: &str) -> Option<(Option<String>, &str)> {
    let href = href.trim();
    let end = href.find(['?', '#']).unwrap_or(href.len());
    let address = href.get(..end).unwrap_or(href);
    let lower = address.get(..8).unwrap_or(address).to_ascii_lowercase();
    let rest = match () {
        () if lower.starts_with("https://") => address.get(8..),
        () if lower.starts_with("http://") => address.get(7..),
        () if address.starts_with("//") => address.get(2..),
        // `mailto:`, `javascript:`: a scheme before the first slash.
        () if address.split('/').next().is_some_and(|first| first.contains(':')) => return None,
        () => return Some((None, address)),
    }?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or(host).to_lowercase();
    Some((Some(host), path))
}

/// As [`relink`], and takes links out whose text is to stay.
pub fn rewrite_links(html: &str, to: &mut dyn FnMut(&str) -> Href) -> String {
    let mut out = String::with_capacity(html.len());
    let mut raw: Option<Vec<u8>> = None;
    let mut unlinked = false;
    let mut tokens = Tokenizer::new(html);
    while let Some(Ok(token)) = tokens.next() {
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name);
                let href = tag.attributes.iter().find(|(attribute, _)| attribute.as_slice() == b"href");
                let href = href.filter(|_| name == "a").map(|(_, v)| to(&String::from_utf8_lossy(v)));
                if name == "a" {
                    unlinked = href == Some(Href::Unlink);
                    if unlinked {
                        continue;
                    }
                }
                out.push('<');
                out.push_str(&name);
                for (attribute, value) in &tag.attributes {
                    let attribute = String::from_utf8_lossy(attribute);
                    let value = String::from_utf8_lossy(value);
                    let exchanged = match &href {
                        Some(Href::To(exchanged)) if attribute == "href" => exchanged,
                        _ => value.as_ref(),
                    };
                    out.push(' ');
                    out.push_str(&attribute);
                    out.push_str("=\"");
                    out.push_str(&escaped(exchanged));
                    out.push('"');
                }
                out.push_str(if tag.self_closing { "/>" } else { ">" });
                if SILENT.contains(&&**tag.name) && !tag.self_closing {
                    tokens.set_state(content_of(&tag.name));
                    raw = Some(tag.name.to_vec());
                }
            }
            Token::EndTag(tag) => {
                if raw.as_deref() == Some(&**tag.name) {
                    raw = None;
                }
                if unlinked && **tag.name == *b"a" {
                    unlinked = false;
                    continue;
                }
                out.push_str("</");
                out.push_str(&String::from_utf8_lossy(&tag.name));
                out.push('>');
            }
            Token::String(s) => {
                let text = String::from_utf8_lossy(&s);
                match raw.as_deref() {
                    Some(b"script" | b"style") => out.push_str(&text),
                    _ => out.push_str(&escaped(&text)),
                }
            }
            _ => {}
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// How the content of a silent element is read.
fn content_of(name: &[u8]) -> State {
    match name {
        b"script" => State::ScriptData,
        b"style" => State::RawText,
        b"title" => State::RcData,
        _ => State::Data,
    }
}

/// Plain text as HTML that shows the same lines.
pub fn html_of_plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' => out.push_str("<br>"),
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

    #[test]
    fn a_less_than_in_a_title_a_style_or_a_script_does_not_swallow_the_message() {
        for html in [
            "<title>1<b</title>Hello",
            "<script>if(a<b)c</script>Hello",
            "<style>a<b</style>Hello",
            "<script>'<title>'</script>Hello",
            "<TITLE>x<y</TITLE>Hello",
        ] {
            assert_eq!(plain_of_html(html), "Hello", "{html}");
        }
    }

    #[test]
    fn a_head_that_is_never_closed_does_not_swallow_the_message() {
        let html =
            "<html><head><meta charset=utf-8><title>t</title><style>p{}</style><body>Hello</body></html>";
        assert_eq!(plain_of_html(html), "Hello");
        assert_eq!(plain_of_html("<html><head><title>t</title></head><p>Hello"), "Hello");
    }

    #[test]
    fn every_element_that_browsers_show_as_a_block_parts_words() {
        for name in
            ["center", "main", "form", "figcaption", "caption", "legend", "aside", "summary", "option"]
        {
            assert_eq!(canonical(Format::Html, &format!("a<{name}>b</{name}>c")), "a b c", "{name}");
        }
        assert_eq!(canonical(Format::Html, "a<b>b</b><span>c</span>"), "abc");
    }

    #[test]
    fn every_kind_of_line_end_survives_the_way_to_html() {
        assert_eq!(html_of_plain("a\r\nb\rc\nd"), "a<br>b<br>c<br>d");
    }
}
