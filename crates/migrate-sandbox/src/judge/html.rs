//! HTML as a reader sees it, taken apart by the rules of the HTML standard.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StringReader, Token, Tokenizer};

/// Tags that don't keep words apart.
const INLINE: [&str; 14] =
    ["b", "strong", "i", "em", "u", "a", "span", "font", "s", "sub", "sup", "code", "small", "big"];
/// Elements whose content nobody reads.
const SILENT: [&str; 6] = ["script", "style", "title", "template", "iframe", "noembed"];

fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_ascii_lowercase()
}

/// The tokens of HTML; what stands in a script is not taken for tags.
fn tokens(html: &str) -> Tokenizer<StringReader<'_>, DefaultEmitter> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    Tokenizer::new_with_emitter(html, emitter)
}

/// Text with references decoded, a space for each tag that keeps words apart.
pub(super) fn text_of_html(html: &str) -> String {
    text(html, true)
}

/// `outer`: text inside `noscript` is HTML in turn; once only, so that hostile nesting costs nothing.
fn text(html: &str, outer: bool) -> String {
    let mut out = String::with_capacity(html.len());
    let mut silent: Option<String> = None;
    let mut in_noscript = false;
    for token in tokens(html) {
        let Ok(token) = token;
        match token {
            Token::String(text_token) if silent.is_none() => {
                let said = String::from_utf8_lossy(&text_token);
                // Where no scripts run, what is meant for that case is read like all else.
                if in_noscript && outer { out.push_str(&text(&said, false)) } else { out.push_str(&said) }
            }
            Token::StartTag(tag) => {
                let name = name(&tag.name);
                in_noscript = name == "noscript";
                if silent.is_none() && SILENT.contains(&name.as_str()) && !tag.self_closing {
                    silent = Some(name);
                } else if !INLINE.contains(&name.as_str()) {
                    out.push(' ');
                }
            }
            Token::EndTag(tag) => {
                let name = name(&tag.name);
                in_noscript = false;
                if silent.as_ref() == Some(&name) {
                    silent = None;
                } else if !INLINE.contains(&name.as_str()) {
                    out.push(' ');
                }
            }
            _ => {}
        }
    }
    out
}

/// The values of attributes that a plain form of HTML may show.
pub(super) fn words_in_attributes(html: &str) -> String {
    let mut out = String::new();
    for token in tokens(html) {
        let Ok(token) = token;
        let Token::StartTag(tag) = token else { continue };
        for name in ["href", "src", "alt", "title"] {
            if let Some(value) = tag.attributes.get(name.as_bytes()) {
                out.push_str(&String::from_utf8_lossy(&value.value));
                out.push(' ');
            }
        }
    }
    out
}

/// Where links lead.
pub(super) fn links(html: &str) -> Vec<String> {
    values(html, b"a", b"href")
}

/// Where pictures come from.
pub(super) fn images(html: &str) -> Vec<String> {
    values(html, b"img", b"src")
}

/// The values of an attribute of one kind of element, in their order.
fn values(html: &str, element: &[u8], attribute: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    for token in tokens(html) {
        let Ok(token) = token;
        let Token::StartTag(tag) = token else { continue };
        if tag.name.eq_ignore_ascii_case(element)
            && let Some(value) = tag.attributes.get(attribute)
        {
            out.push(String::from_utf8_lossy(&value.value).trim().to_owned());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_reads_is_left_out_and_references_are_decoded() {
        let html = "<html><head><title>t</title><style>p{}</style></head><p>a&nbsp;&copy b<br>c<script>if(a<b)x()\
                    </script>d<!-- no --></p>";
        let text: String = text_of_html(html).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(text, "a © b cd");
    }

    #[test]
    fn what_is_meant_for_readers_without_scripts_is_read() {
        assert_eq!(
            text_of_html("a<noscript><b>see</b> &amp; hear</noscript>b").replace(' ', ""),
            "asee&hearb"
        );
    }

    #[test]
    fn addresses_and_names_of_pictures_are_found() {
        let html = "<a href='https://x.example/?a=1&amp;b=2'>x</a><img alt=Logo src=cid:7>";
        assert_eq!(words_in_attributes(html), "https://x.example/?a=1&b=2 cid:7 Logo ");
    }
}
