//! What becomes of a body on its way through Intercom: wrapped in paragraphs, cleaned, escaped, or turned to text.

/// Tags that a comment or note keeps; what is not in the list loses its tags and keeps its text.
const KEPT: [&str; 22] = [
    "p",
    "br",
    "b",
    "strong",
    "i",
    "em",
    "u",
    "a",
    "ul",
    "ol",
    "li",
    "h1",
    "h2",
    "h3",
    "pre",
    "code",
    "blockquote",
    "img",
    "hr",
    "s",
    "sub",
    "sup",
];
/// A `<` with no `>` within so many bytes is text; keeps broken markup from costing the square of its length.
const LONGEST_TAG: usize = 8192;
const BLOCKS: [&str; 9] = ["p", "ul", "ol", "h1", "h2", "h3", "pre", "blockquote", "hr"];

/// The body of a new conversation: text in one paragraph, markup shown as it was typed (T30).
pub(crate) fn escaped_paragraph(text: &str) -> String {
    format!("<p>{}</p>", escape(text).replace('\n', "<br>"))
}

/// The body of a comment or note as it is read back.
pub(crate) fn normalised(html: &str) -> String {
    let mut out = String::with_capacity(html.len() + 16);
    let mut has_block = false;
    for token in Tokens::new(html) {
        match token {
            Token::Text(text) => out.push_str(&text.replace('<', "&lt;").replace('>', "&gt;")),
            Token::Tag { name, closing, rest } => {
                let name = if name == "div" { "p" } else { name.as_str() };
                if KEPT.contains(&name) {
                    has_block |= BLOCKS.contains(&name);
                    write_tag(&mut out, name, closing, rest);
                }
            }
        }
    }
    if has_block { out } else { format!("<p class=\"no-margin\">{out}</p>") }
}

fn write_tag(out: &mut String, name: &str, closing: bool, rest: &str) {
    if closing {
        out.push_str(&format!("</{name}>"));
        return;
    }
    let wanted = match name {
        "a" => Some("href"),
        "img" => Some("src"),
        _ => None,
    };
    let value = wanted.and_then(|attribute| Some((attribute, attribute_value(rest, attribute)?)));
    match (name, value) {
        ("p", _) => out.push_str("<p class=\"no-margin\">"),
        (_, Some((attribute, value))) => {
            out.push_str(&format!("<{name} {attribute}=\"{}\">", value.replace('"', "&quot;")));
        }
        _ => out.push_str(&format!("<{name}>")),
    }
}

fn attribute_value<'a>(rest: &'a str, name: &str) -> Option<&'a str> {
    let at = rest.to_ascii_lowercase().find(&format!("{name}="))?;
    let value = rest.get(at + name.len() + 1..)?;
    match value.chars().next()? {
        quote @ ('"' | '\'') => value.get(1..)?.split(quote).next(),
        _ => value.split([' ', '>', '/']).next(),
    }
}

/// The body as `display_as=plaintext` shows it: no tags, links as `label (url)`.
pub(crate) fn plain(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut link: Option<String> = None;
    for token in Tokens::new(html) {
        match token {
            Token::Text(text) => out.push_str(&unescape(text)),
            Token::Tag { name, closing: false, rest } if name == "a" => {
                link = attribute_value(rest, "href").map(unescape);
            }
            Token::Tag { name, closing: true, .. } if name == "a" => {
                if let Some(url) = link.take() {
                    out.push_str(&format!(" ({url})"));
                }
            }
            Token::Tag { name, closing, .. } => {
                let breaks = name == "br" || (closing && (BLOCKS.contains(&name.as_str()) || name == "li"));
                if breaks {
                    out.push('\n');
                }
            }
        }
    }
    out.trim_end().to_owned()
}

pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// Text with its character references decoded.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (decoded, length) = reference(rest).unwrap_or(('&', 1));
        out.push(decoded);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// The character that a reference at the start of `text` stands for, and the reference's length.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let decoded = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "euro" => '€',
        "hellip" => '…',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "bdquo" => '„',
        "bull" => '•',
        "trade" => '™',
        "rarr" => '→',
        "larr" => '←',
        "zwnj" => '\u{200c}',
        "zwj" => '\u{200d}',
        _ if LATIN_1.contains(&name) => {
            let place = LATIN_1.iter().position(|known| *known == name)?;
            char::from_u32(u32::try_from(place).ok()? + 160)?
        }
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((decoded, end + 1))
}

/// Names of the characters from 160 to 255.
const LATIN_1: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo",
    "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot",
    "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc",
    "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute",
    "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash",
    "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde",
    "auml", "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc",
    "iuml", "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave",
    "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
];

enum Token<'a> {
    Text(&'a str),
    Tag { name: String, closing: bool, rest: &'a str },
}

/// Splits HTML into tags and text. Comments, and script and style with what is in them, are left out.
struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    fn new(html: &'a str) -> Self {
        Self { rest: html }
    }

    /// A tag at the start of the rest, and what follows it.
    fn tag(&self) -> Option<(&'a str, &'a str)> {
        let first = self.rest.chars().nth(1)?;
        let starts = first.is_ascii_alphabetic() || first == '!' || first == '?' || self.closes();
        if !starts {
            return None;
        }
        let end = self.rest.bytes().take(LONGEST_TAG).position(|byte| byte == b'>')?;
        Some((&self.rest[1..end], &self.rest[end + 1..]))
    }

    fn closes(&self) -> bool {
        let mut chars = self.rest.chars().skip(1);
        chars.next() == Some('/') && chars.next().is_some_and(|c| c.is_ascii_alphabetic())
    }

    fn skip_past(&mut self, end: &str) {
        let found = find_ignoring_case(self.rest, end).map(|at| at + end.len());
        self.rest = found.and_then(|at| self.rest.get(at..)).unwrap_or("");
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            if self.rest.starts_with("<!--") {
                self.skip_past("-->");
                continue;
            }
            let Some((inner, after)) = self.rest.starts_with('<').then(|| self.tag()).flatten() else {
                let step = self.rest.chars().next().map_or(0, char::len_utf8);
                let end = self.rest[step..].find('<').map_or(self.rest.len(), |at| at + step);
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest;
                return Some(Token::Text(text));
            };
            self.rest = after;
            let closing = inner.starts_with('/');
            let name_and_rest = inner.trim_start_matches('/');
            let end = name_and_rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name_and_rest.len());
            let name = name_and_rest[..end].to_ascii_lowercase();
            if !closing && (name == "script" || name == "style") {
                self.skip_past(&format!("</{name}>"));
                continue;
            }
            return Some(Token::Tag { name, closing, rest: &name_and_rest[end..] });
        }
    }
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_becomes_one_paragraph() {
        assert_eq!(normalised("a < b & c"), "<p class=\"no-margin\">a &lt; b & c</p>");
    }

    #[test]
    fn tags_that_are_not_kept_lose_themselves_and_keep_their_text() {
        let html = "<div style='x'>Hi <span>there</span><script>bad()</script></div><!-- no -->";
        assert_eq!(normalised(html), "<p class=\"no-margin\">Hi there</p>");
    }

    #[test]
    fn links_keep_their_address_only() {
        assert_eq!(
            normalised("<p><a href='https://x.example/?a=1' onclick=evil()>x</a></p>"),
            "<p class=\"no-margin\"><a href=\"https://x.example/?a=1\">x</a></p>"
        );
        assert_eq!(plain("<p>see <a href=\"https://x.example\">x</a></p>"), "see x (https://x.example)");
    }

    #[test]
    fn references_are_decoded_and_broken_ones_left_alone() {
        assert_eq!(unescape("&nbsp;&eacute;&yuml;&Oslash;&euro;"), "\u{a0}éÿØ€");
        assert_eq!(
            unescape("&lt;b&gt; &amp;amp; &#233;&#x1F600; & &nope; &#xD800;"),
            "<b> &amp; é😀 & &nope; &#xD800;"
        );
    }

    #[test]
    fn broken_markup_never_panics() {
        for html in ["<", "</", "<p", "<a href=", "<script>", "é<é>é", "<!--", "&#;", "&", "<a href=\"é"]
        {
            let _ = (normalised(html), plain(html));
        }
    }
}
