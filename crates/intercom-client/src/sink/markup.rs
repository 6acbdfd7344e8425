//! HTML for Intercom: a few tags, no scripts, no styles, no pictures; text that reads as before.

use ammonia::{Builder, UrlRelative};
use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StringReader, Token, Tokenizer};
use mapping_core::Body;
use mapping_core::mention::{record_of_href, remote_of_href};
use mapping_core::text::{html_of_plain, plain_of_html};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// Elements whose content nobody reads; the same as in the canonical form.
const SILENT: [&str; 5] = ["script", "style", "head", "title", "template"];
/// Tags that comments and notes keep.
const KEPT: [&str; 10] = ["p", "br", "b", "i", "a", "ul", "ol", "li", "h1", "h2"];
/// Elements that end a line and aren't kept.
const BLOCKS: [&str; 21] = [
    "div",
    "tr",
    "table",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "blockquote",
    "pre",
    "section",
    "article",
    "header",
    "footer",
    "address",
    "dl",
    "dt",
    "dd",
    "tbody",
    "thead",
    "caption",
];

/// Tags that articles keep besides.
const RICH: [&str; 15] = [
    "h3",
    "u",
    "s",
    "sub",
    "sup",
    "blockquote",
    "pre",
    "code",
    "hr",
    "table",
    "tbody",
    "thead",
    "tr",
    "td",
    "th",
];

/// Which tags a text may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tags {
    /// Those of comments and notes.
    Few,
    /// Those of articles; tables become lines unless they are wanted.
    Rich { tables: bool },
}

/// Elements inside one another, of those that don't end by themselves. A parser of HTML takes time with the square of the
/// nesting, and whoever writes to the help desk decides how deep a mail nests.
const DEEPEST: usize = 200;

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = Builder::default();
    cleaner
        .tags(KEPT.into_iter().collect())
        .clean_content_tags(SILENT.into_iter().collect())
        .tag_attributes(HashMap::from([("a", HashSet::from(["href"]))]))
        .generic_attributes(HashSet::new())
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(None)
        .strip_comments(true);
    cleaner
});

static RICH_CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = Builder::default();
    cleaner
        .tags(KEPT.into_iter().chain(RICH).chain(["img"]).collect())
        .clean_content_tags(SILENT.into_iter().collect())
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("img", HashSet::from(["src", "alt"])),
        ]))
        .generic_attributes(HashSet::new())
        // Links to other records of the load keep their names until those are there.
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "record", "remote"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(None)
        .strip_comments(true);
    cleaner
});

/// What a message's HTML holds besides text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Carries {
    pub(super) table: bool,
    pub(super) picture: bool,
    pub(super) link: bool,
    /// Bold, lists, headings: something that plain text can't show.
    pub(super) form: bool,
}

/// The tokens of HTML. A `<` inside a script or a style begins no tag, or it would hide the end tag and everything
/// after it.
fn tokens(html: &str) -> Tokenizer<StringReader<'_>, DefaultEmitter> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    Tokenizer::new_with_emitter(html, emitter)
}

/// Looks through the tags.
pub(super) fn carries(html: &str) -> Carries {
    let mut found = Carries::default();
    for token in tokens(html) {
        let Ok(token) = token;
        let Token::StartTag(tag) = token else { continue };
        match name(&tag.name).as_str() {
            "table" => found.table = true,
            "img" | "video" | "svg" | "object" | "iframe" => found.picture = true,
            "a" => found.link = true,
            "b" | "strong" | "i" | "em" | "u" | "ul" | "ol" | "h1" | "h2" | "h3" | "h4" | "blockquote"
            | "pre" => {
                found.form = true;
            }
            _ => {}
        }
    }
    found
}

/// HTML with the few tags that Intercom keeps. Mentions, classes and every attribute but the address of a link are
/// gone; other blocks become lines, cells are set apart.
///
/// What is clean stays as it is: mended markup may have to be mended again, and what never comes to rest or nests too
/// deep becomes text.
pub(super) fn conservative(html: &str) -> String {
    settled(html, Tags::Few)
}

/// HTML for an article: as [`conservative`], with further tags, tables and pictures that have an address of the web. Cells
/// and rows are parted by white space too, so that a table reads the same where its tags are dropped.
pub(super) fn rich(html: &str, tables: bool) -> String {
    settled(html, Tags::Rich { tables })
}

/// How many pictures and other embedded things of this HTML an article can't show: those without an address of the web,
/// and what isn't a picture.
pub(super) fn unreachable(html: &str) -> usize {
    let lost = |token: Token| match token {
        Token::StartTag(tag) => match name(&tag.name).as_str() {
            "img" => {
                web_source(&tag.attributes.get(&b"src"[..]).map(|v| v.value.to_vec()).unwrap_or_default())
                    .is_none()
            }
            "video" | "audio" | "svg" | "object" | "embed" | "iframe" => true,
            _ => false,
        },
        _ => false,
    };
    tokens(html).filter_map(Result::ok).filter(|token| lost(token.clone())).count()
}

fn web_source(raw: &[u8]) -> Option<String> {
    let src = String::from_utf8_lossy(raw).trim().to_owned();
    let lower = src.to_ascii_lowercase();
    (lower.starts_with("http://") || lower.starts_with("https://")).then_some(src)
}

/// The HTML with its links to records and objects leading to addresses; those without one are links no more, and their
/// text stays.
pub(super) fn addressed(body: &Body, address: &dyn Fn(&str) -> Option<String>) -> String {
    let own = |href: &str| record_of_href(href).is_some() || remote_of_href(href).is_some();
    let led = body.relinked(&mut |href| own(href).then(|| address(href).unwrap_or_default()));
    led.text.replace("<a href=\"\">", "<a>")
}

fn settled(html: &str, tags: Tags) -> String {
    if nests_too_deep(html, tags) {
        return cleaned(&html_of_plain(&plain_of_html(html)), tags);
    }
    let mut clean = cleaned(html, tags);
    for _ in 0..4 {
        let again = cleaned(&clean, tags);
        if again == clean {
            return clean;
        }
        clean = again;
    }
    cleaned(&html_of_plain(&plain_of_html(html)), tags)
}

fn cleaned(html: &str, tags: Tags) -> String {
    let cleaner = if tags == Tags::Few { &CLEANER } else { &RICH_CLEANER };
    let mut clean = cleaner.clean(&simplified(html, tags)).to_string();
    while let Some(rest) = clean.trim_end().strip_suffix("<br>") {
        clean.truncate(rest.len());
    }
    clean
}

/// Whether more than [`DEEPEST`] elements may be open at once. An end tag closes only its own kind here, and never a
/// template, which keeps end tags from what is around it: so that no mixture is deeper than it is counted.
fn nests_too_deep(html: &str, tags: Tags) -> bool {
    let mut open: HashMap<String, usize> = HashMap::new();
    let mut depth = 0;
    for token in tokens(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let tag_name = name(&tag.name);
                let counts = match kept(&tag_name, tags) {
                    Some(kept) => !matches!(kept, "p" | "li" | "br" | "hr" | "img"),
                    None => SILENT.contains(&tag_name.as_str()) && !tag.self_closing,
                };
                if counts {
                    depth += 1;
                    *open.entry(tag_name).or_default() += 1;
                }
            }
            Token::EndTag(tag) => {
                let tag_name = name(&tag.name);
                if let Some(count) = open.get_mut(&tag_name).filter(|n| **n > 0 && tag_name != "template") {
                    *count -= 1;
                    depth -= 1;
                }
            }
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

/// The text of HTML, with the address behind each link.
pub(super) fn plain(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut link: Option<(String, usize)> = None;
    for token in tokens(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let tag_name = name(&tag.name);
                if tag_name == "a" {
                    let href = tag
                        .attributes
                        .get(&b"href"[..])
                        .map(|v| String::from_utf8_lossy(&v.value).into_owned());
                    link = href.filter(|h| h.starts_with("http")).map(|h| (h, out.len()));
                }
                out.push_str(&format!("<{tag_name}{}>", if tag.self_closing { "/" } else { "" }));
            }
            Token::EndTag(tag) => {
                let tag_name = name(&tag.name);
                if tag_name == "a"
                    && let Some((href, from)) = link.take()
                    && !plain_of_html(out.get(from..).unwrap_or_default())
                        .contains(href.trim_end_matches('/'))
                {
                    out.push_str(&format!(" ({})", html_of_plain(&href)));
                }
                out.push_str(&format!("</{tag_name}>"));
            }
            Token::String(text) => out.push_str(&html_of_text(&String::from_utf8_lossy(&text))),
            _ => {}
        }
    }
    plain_of_html(&out)
}

/// Tags renamed or turned into lines, so that the cleaner drops none that keeps words apart.
fn simplified(html: &str, tags: Tags) -> String {
    let mut out = String::with_capacity(html.len());
    // What parts a cell or row from the next one, unless the text does.
    let mut apart: Option<char> = None;
    for token in tokens(html) {
        let Ok(token) = token;
        let spaced =
            matches!(&token, Token::String(text) if text.first().is_some_and(u8::is_ascii_whitespace));
        if let Some(space) = apart.take().filter(|_| !spaced) {
            out.push(space);
        }
        match token {
            Token::StartTag(tag) => {
                let tag_name = name(&tag.name);
                let attribute = |name: &[u8]| {
                    tag.attributes.get(name).map(|v| String::from_utf8_lossy(&v.value).into_owned())
                };
                match kept(&tag_name, tags) {
                    Some("a") => {
                        out.push_str("<a href=\"");
                        out.push_str(&html_of_text(&attribute(b"href").unwrap_or_default()));
                        out.push_str("\">");
                    }
                    Some("img") => {
                        let source = attribute(b"src").and_then(|src| web_source(src.as_bytes()));
                        if let Some(source) = source {
                            out.push_str(&format!("<img src=\"{}\">", html_of_text(&source)));
                        }
                    }
                    Some(kept) => out.push_str(&format!("<{kept}>")),
                    None if BLOCKS.contains(&tag_name.as_str()) => end_line(&mut out),
                    None if tag_name == "td" || tag_name == "th" => out.push(' '),
                    None if SILENT.contains(&tag_name.as_str()) && !tag.self_closing => {
                        out.push_str(&format!("<{tag_name}>"));
                    }
                    None => {}
                }
            }
            Token::EndTag(tag) => {
                let tag_name = name(&tag.name);
                match kept(&tag_name, tags) {
                    Some("br" | "hr" | "img") => {}
                    Some(kept) => {
                        out.push_str(&format!("</{kept}>"));
                        apart = match kept {
                            "td" | "th" => Some(' '),
                            "tr" | "table" => Some('\n'),
                            _ => None,
                        };
                    }
                    None if BLOCKS.contains(&tag_name.as_str()) => end_line(&mut out),
                    None if SILENT.contains(&tag_name.as_str()) => out.push_str(&format!("</{tag_name}>")),
                    None => {}
                }
            }
            Token::String(text) => out.push_str(&html_of_text(&String::from_utf8_lossy(&text))),
            _ => {}
        }
    }
    out
}

/// The tag that stands for one of this name; `None` when it goes.
fn kept(name: &str, tags: Tags) -> Option<&str> {
    let few = match name {
        "strong" => Some("b"),
        "em" => Some("i"),
        name => KEPT.into_iter().find(|k| *k == name),
    };
    let Tags::Rich { tables } = tags else { return few };
    few.or(match name {
        "h4" | "h5" | "h6" => Some("h3"),
        "strike" | "del" => Some("s"),
        "img" => Some("img"),
        "table" | "tbody" | "thead" | "tr" | "td" | "th" if !tables => None,
        name => RICH.into_iter().find(|k| *k == name),
    })
}

fn end_line(out: &mut String) {
    let fresh = out.is_empty()
        || ["<br>", "<p>", "</p>", "<li>", "</li>", "</ul>", "</ol>"].iter().any(|e| out.ends_with(e));
    if !fresh {
        out.push_str("<br>");
    }
}

fn name(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw).chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Text as HTML that keeps its line breaks as they are.
fn html_of_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| readable(*c)) {
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

/// Text without what nobody can read: control characters, non-characters.
pub(super) fn readable_text(text: &str) -> String {
    text.replace("\r\n", "\n").chars().filter(|c| readable(*c)).collect()
}

/// A line without line breaks.
pub(super) fn one_line(text: &str) -> String {
    let text: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| readable(*c)).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn readable(c: char) -> bool {
    let invisible = matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    !invisible && (!c.is_control() || matches!(c, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mapping_core::{Format, text::canonical};

    #[test]
    fn what_is_written_reads_as_before() {
        for html in [
            "<div>Hello&nbsp;<b>you</b><br>1 &lt; 2 &amp; 3</div><style>p{}</style><!-- no -->",
            "<html><head><title>x</title></head><body><table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>d</body>",
            "<p>one<p>two<ul><li>x<li>y</ul><h3>head</h3>text<blockquote>quoted</blockquote>rest",
            "a<script>alert(1)</script>b",
            "a<script>if(x<y)z()</script>rest<style>a<b{}</style>end<title>t<u</title>",
            "<strong>a</strong> <em>b</em> <span>c</span>",
            "1 < 2 > 0 & x",
            "<dl><dt>t</dt><dd>d</dd></dl>",
            "&lt;script&gt;no tag&lt;/script&gt;",
        ] {
            let (want, have) = (canonical(Format::Html, html), canonical(Format::Html, &conservative(html)));
            assert_eq!(have, want, "{html} became {}", conservative(html));
        }
    }

    #[test]
    fn nothing_active_survives() {
        let html = "<a href='javascript:alert(1)' onclick=x>a</a><img src=http://t/p.gif onerror=x><iframe src=x></iframe>\
                    <a class=\"entity_mention\" data-id=7 href=\"mention://7\">@Ada</a><a href='/apps/1'>r</a><svg onload=x>";
        assert_eq!(conservative(html), "<a>a</a><a>@Ada</a><a>r</a>");
    }

    #[test]
    fn nothing_active_survives_in_an_article_either() {
        let html = "<a href=' JaVaScRiPt:alert(1)'>a</a><a href='data:text/html,x'>b</a><a href=\"java\tscript:x\">c</a>\
                    <img src='data:image/svg+xml,x'><img src='javascript:x'><img src='//h/x.png'>\
                    <img src='https://x.example/p.png\" onerror=\"x'><iframe src='https://x'></iframe><svg onload=x>";
        let clean = rich(html, true);
        assert_eq!(
            clean,
            "<a>a</a><a>b</a><a>c</a><img src=\"https://x.example/p.png&quot; onerror=&quot;x\">"
        );
    }

    #[test]
    fn the_plain_form_shows_where_links_lead() {
        let html = "<p>see <a href=\"https://x.example/q?a=1&amp;b=2\">this</a></p><p><a href=\"https://y.example\">https://y.example</a>";
        assert_eq!(plain(html), "see this (https://x.example/q?a=1&b=2)\nhttps://y.example");
        assert_eq!(plain("a <b>c</b>&lt;i&gt;"), "a c<i>");
    }

    #[test]
    fn an_article_keeps_tables_and_pictures_of_the_web_and_reads_the_same_without_its_tags() {
        let html = "<h5>Head</h5><table><thead><tr><th>a</th><th>b</th></tr></thead><tr><td>c<td>d</table>\
                    <img src='https://x.example/p.png' onload=x><img src='cid:1'><img src=p.png><iframe src=x></iframe>\
                    <p>see <a href='record:kb_article:12'>this</a><pre>x  y</pre><hr>end";
        let clean = rich(html, true);
        assert_eq!(rich(&clean, true), clean);
        assert!(clean.contains("<td>c</td> <td>d</td>") && clean.contains("<h3>Head</h3>"), "{clean}");
        assert!(clean.contains("<img src=\"https://x.example/p.png\">") && !clean.contains("cid"), "{clean}");
        assert!(clean.contains("<a href=\"record:kb_article:12\">this</a>"), "{clean}");
        assert_eq!(unreachable(html), 3);
        let bare = canonical(Format::Html, &rich(html, false));
        assert_eq!(canonical(Format::Html, &clean), bare);
        assert!(!rich(html, false).contains("<td>") && bare.starts_with("Head a b c d"), "{bare}");
    }

    #[test]
    fn a_link_to_a_record_without_an_address_is_its_text() {
        let body = Body::html(
            "<p><a href=\"record:kb_article:1\">a</a> <a href=\"record:kb_article:2\">b</a> <a href=\"https://x.example\">c</a></p>",
        );
        let known = |href: &str| {
            (href == "record:kb_article:1").then(|| "https://h.example/en/articles/7".to_owned())
        };
        assert_eq!(
            addressed(&body, &known),
            "<p><a href=\"https://h.example/en/articles/7\">a</a> <a>b</a> <a href=\"https://x.example\">c</a></p>"
        );
    }

    proptest::proptest! {
        #[test]
        fn cleaning_an_article_twice_is_cleaning_it_once(
            words in proptest::collection::vec(
                proptest::sample::select(vec![
                    "<p>", "</p>", "<table>", "<tr>", "<td>", "</td>", "<th>", "</tr>", "</table>", "<ul><li>", "</ul>",
                    "<a href='record:x:1'>", "</a>", "<h4>", "</h4>", "word", " ", "&amp;", "<img src=https://x/y>", "<pre>",
                    "</pre>", "<blockquote>", "</blockquote>", "<hr>", "\n", "<div>", "</div>", "<code>",
                ]),
                0..14,
            ),
            tables: bool,
        ) {
            let html = words.concat();
            let once = rich(&html, tables);
            proptest::prop_assert_eq!(rich(&once, tables), once.clone(), "{}", html);
        }
        #[test]
        fn cleaning_twice_is_cleaning_once(
            words in proptest::collection::vec(
                proptest::sample::select(vec![
                    "<p>", "</p>", "<div>", "</div>", "<br>", "<b>", "</b>", "<table><tr><td>", "</table>", "<ul><li>", "</ul>",
                    "<a href='https://x'>", "</a>", "<h1>", "</h1>", "<script>", "</script>", "word", " ", "&amp;", "&nbsp;",
                    "&lt;i&gt;", "<", "<h3>", "</h3>", "<img src=x>", "<blockquote>", "</blockquote>", "\n",
                ]),
                0..14,
            )
        ) {
            let html = words.concat();
            let once = conservative(&html);
            proptest::prop_assert_eq!(conservative(&once), once.clone(), "{}", html);
        }
    }

    #[test]
    fn markup_that_nests_without_end_becomes_text_before_it_is_parsed() {
        for once in [
            "<ul><li><b>x",
            "<h1><li>x",
            "<a href='https://x'><p>x",
            "<ul></b>x",
            "<ul><template></ul></template>x",
        ] {
            let html = once.repeat(20_000);
            let clean = conservative(&html);
            assert!(!clean.contains("<ul>") && !clean.contains("<h1>") && !clean.contains("<a"), "{once}");
            assert_eq!(canonical(Format::Html, &clean), canonical(Format::Html, &html), "{once}");
        }
        let sloppy = "<p>one<li>two<br>".repeat(1000) + "<b>kept</b>";
        assert!(conservative(&sloppy).contains("<b>kept</b>"), "what ends by itself doesn't nest");
    }

    #[test]
    fn broken_markup_never_panics() {
        for html in
            ["<", "<p", "<a href=", "<script>x", "</", "<a href=\"é", "é<é>", "&#xD800;", "<a></a></a>"]
        {
            let _ = (conservative(html), plain(html), carries(html));
        }
    }
}
