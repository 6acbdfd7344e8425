//! Cuts a stream of characters into tags and pieces of text, without waiting for the end of a long text.
//!
//! A pull parser holds a text node until it is whole; an attachment of 2 GiB is one text node. So the cutting is done
//! here, tag by tag, and `quick-xml` parses what is inside a tag.

use crate::soap::{Bound, SoapError};
use quick_xml::parser::{ElementParser, Parser as _};

/// What to do with `<!DOCTYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DoctypePolicy {
    /// A SOAP message must not hold one.
    Refuse,
    /// Schemas do; it is skipped, no entity is expanded and nothing is fetched.
    Skip,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// What stands between `<` and `>` (or `/>`).
    Start { tag: &'a str, empty: bool },
    /// The name in `</name>`.
    End(&'a str),
    /// Character data with its references unresolved; never cut inside a reference.
    Text(&'a str),
    /// Character data without references.
    CData(&'a str),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Content,
    CData,
    Comment,
    Instruction,
    Doctype,
}

/// No reference in use is longer.
const LONGEST_REFERENCE: usize = 64;

pub(crate) struct Scanner {
    text: String,
    at: usize,
    mode: Mode,
    /// The state of the search for the end of the tag at `at`, and how far it went.
    tag: Option<(ElementParser, usize)>,
    ended: bool,
    doctype: DoctypePolicy,
    longest_tag: usize,
    consumed: u64,
}

impl Scanner {
    pub(crate) fn new(doctype: DoctypePolicy, longest_tag: usize) -> Self {
        Scanner {
            text: String::new(),
            at: 0,
            mode: Mode::Content,
            tag: None,
            ended: false,
            doctype,
            longest_tag,
            consumed: 0,
        }
    }

    /// Where new characters are to be appended.
    pub(crate) fn input(&mut self) -> &mut String {
        if self.at > 0 {
            self.text.drain(..self.at);
            self.consumed += self.at as u64;
            self.at = 0;
        }
        &mut self.text
    }

    /// Says that no more characters come.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// How many UTF-8 bytes lie before the next token.
    pub(crate) fn position(&self) -> u64 {
        self.consumed + self.at as u64
    }

    /// True when the end of the input lies inside a tag, a comment, a CDATA section.
    pub(crate) fn inside_markup(&self) -> bool {
        self.mode != Mode::Content || self.at < self.text.len()
    }

    fn bad(&self, what: &'static str) -> SoapError {
        SoapError::Xml { at: self.position(), what: what.into() }
    }

    /// The next token, or `None` when more characters are needed.
    pub(crate) fn next(&mut self) -> Result<Option<Token<'_>>, SoapError> {
        loop {
            let rest = &self.text[self.at..];
            if rest.is_empty() {
                return Ok(None);
            }
            let found = match self.mode {
                Mode::Comment => self.skip_to("-->", '-'),
                Mode::Instruction => self.skip_to("?>", '?'),
                Mode::Doctype => self.skip_doctype()?,
                Mode::CData => return Ok(self.cdata()),
                Mode::Content if rest.starts_with('<') => match self.markup()? {
                    Markup::More => return self.more(),
                    Markup::Skip => true,
                    Markup::Start { from, to, empty } => {
                        return Ok(Some(Token::Start { tag: &self.text[from..to], empty }));
                    }
                    Markup::End { from, to } => return Ok(Some(Token::End(&self.text[from..to]))),
                },
                Mode::Content => return Ok(self.characters()),
            };
            if !found {
                return Ok(None);
            }
        }
    }

    /// Waits for more of an unfinished tag, within the bound.
    fn more(&self) -> Result<Option<Token<'_>>, SoapError> {
        if self.text.len() - self.at > self.longest_tag {
            return Err(SoapError::bound(Bound::TagLength, self.longest_tag as u64));
        }
        Ok(None)
    }

    fn skip_to(&mut self, end: &str, keep: char) -> bool {
        let rest = &self.text[self.at..];
        if let Some(found) = rest.find(end) {
            self.at += found + end.len();
            self.mode = Mode::Content;
            return true;
        }
        self.at += rest.trim_end_matches(keep).len();
        false
    }

    fn cdata(&mut self) -> Option<Token<'_>> {
        let start = self.at;
        let rest = &self.text[start..];
        let length = match rest.find("]]>") {
            Some(found) => {
                self.at += found + 3;
                self.mode = Mode::Content;
                found
            }
            None => {
                let safe = rest.strip_suffix("]]").or_else(|| rest.strip_suffix(']')).unwrap_or(rest).len();
                self.at += safe;
                if safe == 0 {
                    return None;
                }
                safe
            }
        };
        Some(Token::CData(&self.text[start..start + length]))
    }

    fn characters(&mut self) -> Option<Token<'_>> {
        let rest = &self.text[self.at..];
        let mut length = rest.find('<').unwrap_or(rest.len());
        if length == rest.len() && !self.ended {
            // A reference may still be arriving.
            if let Some(open) = rest.rfind('&')
                && rest.len() - open < LONGEST_REFERENCE
                && !rest[open..].contains(';')
            {
                length = open;
            }
        }
        if length == 0 {
            return None;
        }
        let start = self.at;
        self.at += length;
        Some(Token::Text(&self.text[start..start + length]))
    }

    fn markup(&mut self) -> Result<Markup, SoapError> {
        let rest = &self.text[self.at..];
        match rest.as_bytes().get(1) {
            None => Ok(Markup::More),
            Some(b'?') => {
                self.at += 2;
                self.mode = Mode::Instruction;
                Ok(Markup::Skip)
            }
            Some(b'!') => self.declaration(),
            Some(b'/') => match rest.find('>') {
                None => Ok(Markup::More),
                Some(end) => {
                    let from = self.at + 2;
                    let to = self.at + end;
                    self.at = to + 1;
                    Ok(Markup::End { from, to })
                }
            },
            Some(_) => self.start_tag(),
        }
    }

    fn declaration(&mut self) -> Result<Markup, SoapError> {
        let rest = &self.text[self.at..];
        for (opening, mode) in [("<!--", Mode::Comment), ("<![CDATA[", Mode::CData)] {
            if rest.starts_with(opening) {
                self.at += opening.len();
                self.mode = mode;
                return Ok(Markup::Skip);
            }
            if opening.starts_with(rest) {
                return Ok(Markup::More);
            }
        }
        if self.doctype == DoctypePolicy::Refuse {
            return Err(SoapError::Doctype);
        }
        if !rest.starts_with("<!DOCTYPE") {
            return if "<!DOCTYPE".starts_with(rest) {
                Ok(Markup::More)
            } else {
                Err(self.bad("markup that is neither a tag, a comment, CDATA nor a document type"))
            };
        }
        self.mode = Mode::Doctype;
        Ok(Markup::Skip)
    }

    fn start_tag(&mut self) -> Result<Markup, SoapError> {
        let (mut parser, searched) = self.tag.take().unwrap_or((ElementParser::Outside, 1));
        let rest = &self.text.as_bytes()[self.at + searched..];
        match parser.feed(rest) {
            None => {
                self.tag = Some((parser, searched + rest.len()));
                Ok(Markup::More)
            }
            Some(found) => {
                let from = self.at + 1;
                let mut to = self.at + searched + found;
                self.at = to + 1;
                if to - from > self.longest_tag {
                    return Err(SoapError::bound(Bound::TagLength, self.longest_tag as u64));
                }
                let empty = to > from && self.text.as_bytes()[to - 1] == b'/';
                to -= usize::from(empty);
                Ok(Markup::Start { from, to, empty })
            }
        }
    }

    /// Skips a document type with its internal subset. Starts over when more input came: only schema documents, which
    /// are whole, get here.
    fn skip_doctype(&mut self) -> Result<bool, SoapError> {
        let rest = &self.text[self.at..];
        let mut brackets = 0_usize;
        let mut quote = None;
        let mut at = 0;
        while let Some(c) = rest[at..].chars().next() {
            match (quote, c) {
                (Some(q), _) if c == q => quote = None,
                (Some(_), _) => {}
                (None, '<') if rest[at..].starts_with("<!--") => match rest[at..].find("-->") {
                    Some(end) => at += end + 2,
                    None => break,
                },
                (None, '"' | '\'') => quote = Some(c),
                (None, '[') => brackets += 1,
                (None, ']') => brackets = brackets.saturating_sub(1),
                (None, '>') if brackets == 0 => {
                    self.at += at + 1;
                    self.mode = Mode::Content;
                    return Ok(true);
                }
                (None, _) => {}
            }
            at += c.len_utf8();
        }
        if rest.len() > self.longest_tag {
            Err(SoapError::bound(Bound::TagLength, self.longest_tag as u64))
        } else {
            Ok(false)
        }
    }
}

enum Markup {
    More,
    Skip,
    Start { from: usize, to: usize, empty: bool },
    End { from: usize, to: usize },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(input: &str, step: usize) -> Vec<String> {
        let mut scanner = Scanner::new(DoctypePolicy::Skip, 1000);
        let mut out: Vec<String> = Vec::new();
        let chars: Vec<char> = input.chars().collect();
        for piece in chars.chunks(step) {
            scanner.input().extend(piece);
            while let Some(token) = scanner.next().unwrap() {
                match token {
                    Token::Start { tag, empty } => out.push(format!("<{tag}|{empty}")),
                    Token::End(name) => out.push(format!("/{name}")),
                    Token::Text(t) | Token::CData(t) => match out.last_mut() {
                        Some(last) if last.starts_with('=') => last.push_str(t),
                        _ => out.push(format!("={t}")),
                    },
                }
            }
        }
        assert!(!scanner.inside_markup());
        out
    }

    #[test]
    fn tokens_are_the_same_wherever_the_input_is_cut() {
        let input = "<?xml version='1.0'?><!DOCTYPE a [<!-- it's > ] --><!ENTITY e \"]>\">]><a x='1>2'>t&amp;u<!-- <no> -->\
                     <b/><![CDATA[<raw>]]]]><![CDATA[>]]></a>";
        let whole = tokens(input, 1000);
        assert_eq!(whole, ["<a x='1>2'|false", "=t&amp;u", "<b|true", "=<raw>]]>", "/a"]);
        for step in 1..20 {
            assert_eq!(tokens(input, step), whole, "in steps of {step}");
        }
    }

    #[test]
    fn a_long_text_comes_in_pieces_and_is_not_held() {
        let mut scanner = Scanner::new(DoctypePolicy::Refuse, 100);
        scanner.input().push_str("<a>");
        assert!(scanner.next().unwrap().is_some());
        for _ in 0..1000 {
            scanner.input().push_str(&"x".repeat(1000));
            assert!(matches!(scanner.next(), Ok(Some(Token::Text(t))) if t.len() == 1000));
            assert!(scanner.text.len() <= 1000);
        }
    }

    #[test]
    fn an_endless_tag_meets_its_bound() {
        let mut scanner = Scanner::new(DoctypePolicy::Refuse, 100);
        scanner.input().push_str(&format!("<a{}", " b='1'".repeat(30)));
        assert!(matches!(scanner.next(), Err(SoapError::TooLarge { bound: Bound::TagLength, .. })));
    }
}
