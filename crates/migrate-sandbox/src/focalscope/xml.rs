//! A small writer of XML as ASMX writes it, with the knobs that bend its spelling.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::knobs::{Bodies, Controls, Knobs, Times};
use crate::dataset::{Drawn, NoDate};

/// What stands in an answer where the bytes of a large file belong. Of these characters XML allows none.
pub(super) const FILE_MARK: &str = "\u{0}\u{1}\u{0}";

pub(super) struct Xml<'a> {
    out: String,
    file: Option<Drawn>,
    knobs: &'a Knobs,
    zone: &'a TimeZone,
}

impl<'a> Xml<'a> {
    pub(super) fn new(knobs: &'a Knobs, zone: &'a TimeZone) -> Self {
        Self { out: String::with_capacity(1024), file: None, knobs, zone }
    }

    /// The text, and the file that belongs at its [`FILE_MARK`].
    pub(super) fn finish(self) -> (String, Option<Drawn>) {
        (self.out, self.file)
    }

    pub(super) fn knobs(&self) -> &'a Knobs {
        self.knobs
    }

    /// Bytes that are written when the answer is sent.
    pub(super) fn drawn(&mut self, name: &str, file: Drawn) {
        self.file = Some(file);
        self.element(name, |xml| xml.out.push_str(FILE_MARK));
    }

    /// An element in the default namespace, unless a knob puts it into another.
    pub(super) fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        let moved = self.moved(name);
        let start = self.out.len();
        match &moved {
            Some(namespace) => {
                self.out.push_str(&format!("<q1:{name} xmlns:q1=\"{}\">", attribute(namespace)))
            }
            None => self.out.push_str(&format!("<{name}>")),
        }
        let opened = self.out.len();
        inside(self);
        if self.out.len() == opened {
            self.out.truncate(opened - 1);
            self.out.push_str(" />");
        } else if moved.is_some() {
            self.out.push_str(&format!("</q1:{name}>"));
        } else {
            self.out.push_str(&format!("</{name}>"));
        }
        debug_assert!(self.out.len() > start);
    }

    fn moved(&self, name: &str) -> Option<String> {
        let other = self.knobs.other_namespace.as_ref().filter(|other| other.element == name)?;
        Some(other.namespace.clone())
    }

    /// Text that is always there.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.element(name, |xml| xml.escaped(text));
    }

    /// A string; ASMX leaves out the element of a null.
    pub(super) fn string(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// The body of a message.
    pub(super) fn body(&mut self, name: &str, text: &str) {
        match self.knobs.bodies {
            Bodies::Escaped => self.text(name, text),
            Bodies::Cdata => self.element(name, |xml| xml.cdata(text)),
        }
    }

    /// A number or a boolean.
    pub(super) fn value(&mut self, name: &str, value: impl std::fmt::Display) {
        self.element(name, |xml| xml.out.push_str(&value.to_string()));
    }

    /// A value that may be nil.
    pub(super) fn nillable(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        match value {
            Some(value) => self.value(name, value),
            None => self.out.push_str(&format!("<{name} xsi:nil=\"true\" />")),
        }
    }

    /// A number or a boolean whose element is left out when it is absent.
    pub(super) fn optional(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.value(name, value);
        }
    }

    /// A time as the wall clock of the server shows it, without zone, with as many digits of the fraction as there are,
    /// seven at most.
    pub(super) fn time(&mut self, name: &str, at: Option<Timestamp>, absent: &NoDate) {
        match (at, absent) {
            (Some(at), _) => {
                let bare = bare(at, self.zone);
                match self.knobs.times {
                    Times::Bare => self.value(name, bare),
                    Times::Utc => self.value(name, format!("{}Z", self::bare(at, &TimeZone::UTC))),
                    Times::Offset => {
                        let offset = at.to_zoned(self.zone.clone()).strftime("%:z").to_string();
                        self.value(name, format!("{bare}{offset}"));
                    }
                }
            }
            (None, NoDate::Nil) => self.nillable(name, None::<&str>),
            (None, sentinel) => self.value(name, sentinel),
        }
    }

    /// An array: a wrapper with an element for each item. An empty one is an empty wrapper.
    pub(super) fn array<T>(
        &mut self,
        name: &str,
        item: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.element(name, |xml| {
            for value in items {
                xml.element(item, |xml| write(xml, value));
            }
        });
    }

    /// An array of strings.
    pub(super) fn strings(&mut self, name: &str, items: &[String]) {
        self.array(name, "string", items, |xml, item| xml.escaped(item));
    }

    /// An array of ids.
    pub(super) fn ids(&mut self, name: &str, items: &[u64]) {
        self.array(name, "long", items, |xml, item| xml.out.push_str(&item.to_string()));
    }

    /// An array of days.
    pub(super) fn dates(&mut self, name: &str, items: &[jiff::civil::Date]) {
        self.array(name, "date", items, |xml, item| xml.out.push_str(&item.to_string()));
    }

    /// The element that a knob adds at the end of a type.
    pub(super) fn end_of(&mut self, type_name: &str) {
        if let Some(extra) = self.knobs.extra_element.as_ref().filter(|extra| extra.within == type_name) {
            self.text(&extra.name, &extra.value);
        }
    }

    /// What a knob says instead of the status.
    pub(super) fn status(&mut self, ticket: u64, status: &str) {
        let odd = self.knobs.odd_status.as_ref().filter(|odd| odd.ticket == ticket);
        self.text("Status", odd.map_or(status, |odd| &odd.status));
    }

    pub(super) fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                // A raw carriage return would be read as a line feed.
                '\r' => self.out.push_str("&#xD;"),
                HALVED if self.knobs.controls != Controls::Dropped => self.out.push_str("&#xD83D;"),
                c if forbidden(c) => self.forbidden(c),
                c => self.out.push(c),
            }
        }
    }

    fn forbidden(&mut self, c: char) {
        match self.knobs.controls {
            Controls::Referenced => self.out.push_str(&format!("&#x{:X};", u32::from(c))),
            Controls::Raw => self.out.push(c),
            Controls::Dropped => {}
        }
    }

    fn cdata(&mut self, text: &str) {
        let outside = |c: char| c == '\r' || c == HALVED || forbidden(c);
        let mut rest = text;
        while !rest.is_empty() {
            let cut = rest.find(outside).unwrap_or(rest.len());
            let (plain, after) = rest.split_at(cut);
            if !plain.is_empty() {
                let split = plain.replace("]]>", "]]]]><![CDATA[>");
                self.out.push_str(&format!("<![CDATA[{split}]]>"));
            }
            let odd = after.find(|c| !outside(c)).unwrap_or(after.len());
            self.escaped(&after[..odd]);
            rest = &after[odd..];
        }
    }
}

/// Half of a pair of surrogates, as a string can hold it.
const HALVED: char = '\u{FFFD}';

/// What XML 1.0 allows nowhere, not even as a reference.
pub(super) fn forbidden(c: char) -> bool {
    matches!(c, '\u{0}'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn bare(at: Timestamp, zone: &TimeZone) -> DateTime {
    let wall = at.to_zoned(zone.clone()).datetime();
    let ticks = wall.subsec_nanosecond() / 100 * 100;
    wall.with().subsec_nanosecond(ticks).build().unwrap_or(wall)
}

#[cfg(test)]
mod tests {
    use super::super::knobs::OtherNamespace;
    use super::*;

    fn written(knobs: &Knobs, write: impl FnOnce(&mut Xml<'_>)) -> String {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let mut xml = Xml::new(knobs, &zone);
        write(&mut xml);
        xml.finish().0
    }

    #[test]
    fn times_are_wall_clock_without_zone_and_with_seven_digits_at_most() {
        let knobs = Knobs::default();
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let summer = written(&knobs, |xml| xml.time("T", at("2026-07-01T10:00:00.123456789Z"), &NoDate::Nil));
        assert_eq!(summer, "<T>2026-07-01T12:00:00.1234567</T>");
        let winter = written(&knobs, |xml| xml.time("T", at("2026-01-01T10:00:00Z"), &NoDate::Nil));
        assert_eq!(winter, "<T>2026-01-01T11:00:00</T>");
        assert_eq!(written(&knobs, |xml| xml.time("T", None, &NoDate::Nil)), "<T xsi:nil=\"true\" />");
        let zero = written(&knobs, |xml| xml.time("T", None, &NoDate::Year1));
        assert_eq!(zero, "<T>0001-01-01T00:00:00</T>");
    }

    #[test]
    fn times_carry_a_zone_when_the_knob_says_so() {
        let at = Some("2026-07-01T10:00:00.5Z".parse::<Timestamp>().unwrap());
        let mut knobs = Knobs { times: Times::Offset, ..Knobs::default() };
        assert_eq!(
            written(&knobs, |xml| xml.time("T", at, &NoDate::Nil)),
            "<T>2026-07-01T12:00:00.5+02:00</T>"
        );
        knobs.times = Times::Utc;
        assert_eq!(written(&knobs, |xml| xml.time("T", at, &NoDate::Nil)), "<T>2026-07-01T10:00:00.5Z</T>");
    }

    #[test]
    fn half_a_pair_is_a_reference_to_no_character_unless_such_are_dropped() {
        let mut knobs = Knobs::default();
        assert_eq!(written(&knobs, |xml| xml.body("B", "a\u{FFFD}b")), "<B>a&#xD83D;b</B>");
        knobs.bodies = Bodies::Cdata;
        let cdata = written(&knobs, |xml| xml.body("B", "a\u{FFFD}b"));
        assert_eq!(cdata, "<B><![CDATA[a]]>&#xD83D;<![CDATA[b]]></B>");
        knobs.controls = Controls::Dropped;
        assert_eq!(written(&knobs, |xml| xml.text("B", "a\u{FFFD}b")), "<B>a\u{FFFD}b</B>");
    }

    #[test]
    fn characters_that_xml_forbids_are_written_as_the_knob_says() {
        let text = "a\u{1B}b]]>c\r\n<";
        let mut knobs = Knobs::default();
        assert_eq!(written(&knobs, |xml| xml.body("B", text)), "<B>a&#x1B;b]]&gt;c&#xD;\n&lt;</B>");
        knobs.controls = Controls::Dropped;
        assert_eq!(written(&knobs, |xml| xml.text("B", "a\u{1B}b")), "<B>ab</B>");
        knobs.controls = Controls::Raw;
        assert_eq!(written(&knobs, |xml| xml.text("B", "a\u{1B}b")), "<B>a\u{1B}b</B>");
        knobs.bodies = Bodies::Cdata;
        knobs.controls = Controls::Referenced;
        assert_eq!(
            written(&knobs, |xml| xml.body("B", text)),
            "<B><![CDATA[a]]>&#x1B;<![CDATA[b]]]]><![CDATA[>c]]>&#xD;<![CDATA[\n<]]></B>"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_back_but_for_what_xml_forbids(text in "(\\PC|[\r\n\t\u{1}\u{1B}\u{FFFE}<>&\\]]){0,40}") {
            let allowed: String = text.chars().filter(|c| !forbidden(*c)).collect();
            for bodies in [Bodies::Escaped, Bodies::Cdata] {
                let knobs = Knobs { bodies, controls: Controls::Dropped, ..Knobs::default() };
                let xml = written(&knobs, |xml| xml.body("B", &text));
                let read = super::super::envelope::tree(&xml).unwrap();
                proptest::prop_assert_eq!(&read.text, &allowed);
            }
        }
    }

    #[test]
    fn an_element_can_be_moved_to_another_namespace_alone() {
        let other = OtherNamespace { element: "In".into(), namespace: "urn:other".into() };
        let knobs = Knobs { other_namespace: Some(other), ..Knobs::default() };
        let xml = written(&knobs, |xml| {
            xml.element("Out", |xml| {
                xml.text("In", "x");
                xml.text("Beside", "");
            });
        });
        assert_eq!(xml, "<Out><q1:In xmlns:q1=\"urn:other\">x</q1:In><Beside /></Out>");
    }
}
