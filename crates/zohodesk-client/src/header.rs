//! The first line of every migrated comment: who wrote it, when, in which direction, and which part it is.
//!
//! Zoho Desk names the owner of the token as author and the moment of the load as time of every comment; the header
//! keeps what was true, and settling finds a comment by it.

use crate::html::escape;
use jiff::Timestamp;
use mapping_core::{Author, Draft, Link, Part, Role, Visibility};

/// What begins every header.
const MARK: &str = "[FocalScope]";
const NO_TIME: &str = "time unknown";
const NO_NAME: &str = "name unknown";
const LONGEST_NAME: usize = 120;
/// Between the key of a message and the number of a part that was split off it.
pub(crate) const SPLIT: char = '~';

/// A header, read or to be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Header {
    pub at: Option<Timestamp>,
    pub role: Role,
    pub visibility: Visibility,
    pub name: String,
    pub key: String,
    pub number: usize,
    pub of: usize,
}

impl Header {
    /// The header of a part of a shaped draft.
    pub(crate) fn of(draft: &Draft, part: &Part) -> Header {
        let base = base(&part.key);
        let siblings = || draft.parts.iter().filter(|p| self::base(&p.key) == base);
        Header {
            // A header shows seconds.
            at: part.at.and_then(|t| Timestamp::from_second(t.as_second()).ok()),
            role: part.role,
            visibility: part.visibility,
            name: name(&part.author),
            key: one_line(base),
            number: siblings().position(|p| p.key == part.key).map_or(1, |i| i + 1),
            of: siblings().count().max(1),
        }
    }
    /// As one HTML paragraph.
    pub(crate) fn html(&self) -> String {
        let time = self.at.map_or_else(|| NO_TIME.to_owned(), |t| t.to_string());
        let direction = match (self.role, self.visibility) {
            (Role::System, Visibility::Public) => "system",
            (Role::System, Visibility::Internal) => "system note",
            (Role::Customer, Visibility::Public) => "customer → support",
            (Role::Agent, Visibility::Public) => "support → customer",
            (Role::Customer, Visibility::Internal) => "customer note",
            (Role::Agent, Visibility::Internal) => "internal note",
        };
        let Header { name, key, number, of, .. } = self;
        let line = format!("{MARK} {time} · {direction} · {name} · msg {key} · part {number}/{of}");
        format!("<p>{}</p>", escape(&line))
    }
    /// The header of a comment and the HTML after it.
    pub(crate) fn read(content: &str) -> Option<(Header, &str)> {
        let (first, body) = content.split_once("</p>")?;
        let line = mapping_core::text::plain_of_html(first);
        let mut fields = line.strip_prefix(MARK)?.split(" · ").map(str::trim);
        let at = fields.next()?.parse().ok();
        let (role, visibility) = match fields.next()? {
            "system" => (Role::System, Visibility::Public),
            "system note" => (Role::System, Visibility::Internal),
            "customer → support" => (Role::Customer, Visibility::Public),
            "support → customer" => (Role::Agent, Visibility::Public),
            "customer note" => (Role::Customer, Visibility::Internal),
            "internal note" => (Role::Agent, Visibility::Internal),
            _ => return None,
        };
        let name = fields.next()?.to_owned();
        let key = fields.next()?.strip_prefix("msg ")?.to_owned();
        let (number, of) = fields.next()?.strip_prefix("part ")?.split_once('/')?;
        let (number, of) = (number.parse().ok()?, of.parse().ok()?);
        Some((Header { at, role, visibility, name, key, number, of }, body))
    }
    /// The key of the part in its draft.
    pub(crate) fn part_key(&self) -> String {
        if self.number > 1 { format!("{}{SPLIT}{}", self.key, self.number) } else { self.key.clone() }
    }
    /// The author as far as a comment knows them.
    pub(crate) fn author(&self) -> Author {
        Author { link: None, name: (self.name != NO_NAME).then(|| self.name.as_str().into()) }
    }
}

/// The name that a header gives an author.
pub(crate) fn name(author: &Author) -> String {
    let name = match (&author.name, &author.link) {
        (Some(name), _) => one_line(name),
        (None, Some(Link::Source(source))) => one_line(&format!("{} {}", source.kind, source.id)),
        (None, Some(Link::Remote(remote))) => one_line(&format!("{} {}", remote.kind, remote.id)),
        (None, _) => String::new(),
    };
    if name.is_empty() { NO_NAME.to_owned() } else { name }
}

fn base(key: &str) -> &str {
    key.split_once(SPLIT).map_or(key, |(base, _)| base)
}

/// Text that can stand between two separators of a header, and is read back as it was written.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let line = words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ").replace('·', "-");
    let line: String = crate::break_mentions(&line).chars().take(LONGEST_NAME).collect();
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mapping_core::{Body, SourceRef};

    #[test]
    fn a_header_survives_its_own_comment() {
        let author =
            Author { link: None, name: Some("Jane · <b>\u{1} zsu[@user:1] Doe\n<jane@x.example>".into()) };
        let at = "2019-05-04T09:12:33.123Z".parse().ok();
        let mut draft = Draft::new("ticket", SourceRef::new("ticket", "1"));
        for key in ["48211", "48211~2"] {
            draft.parts.push(Part::new(key, Role::Customer, author.clone(), at, Body::html("x")));
        }
        let header = Header::of(&draft, &draft.parts[1]);
        let content = header.html() + "<p>body</p>";
        let (read, body) = Header::read(&content).expect("a header");
        assert_eq!((read.clone(), body), (header, "<p>body</p>"));
        assert_eq!(read.part_key(), "48211~2");
        assert_eq!((read.number, read.of), (2, 2));
        assert_eq!(read.at.map(|t| t.to_string()).as_deref(), Some("2019-05-04T09:12:33Z"));
    }

    #[test]
    fn what_a_customer_wrote_is_not_a_header() {
        for content in
            ["", "<p>hello</p>", "<p>[FocalScope] now</p>x", "[FocalScope] a · b · c · msg 1 · part 1/1"]
        {
            assert_eq!(Header::read(content), None, "{content}");
        }
    }
}
