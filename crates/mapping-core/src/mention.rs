//! Links in a text that lead to another record: a knowledge base's articles point at each other.
//!
//! Such a link does not hold its record back: it is written once both sides are there. Until then its target is
//! `record:kb_article:12`, the record's name at the source; then it is `remote:article:77`, the object's at the
//! destination, which a sink turns into an address of its platform.

use crate::{Body, Draft, Format, RemoteRef, SourceRef};
use crate::{Refs, text};

const RECORD: &str = "record:";
const REMOTE: &str = "remote:";

/// The target of a link to a record of the source: `record:kb_article:12`.
pub fn href_of_record(record: &SourceRef) -> String {
    format!("{RECORD}{record}")
}

/// The target of a link to an object of the destination: `remote:article:77`.
pub fn href_of_remote(remote: &RemoteRef) -> String {
    format!("{REMOTE}{remote}")
}

/// The record that a link leads to.
pub fn record_of_href(href: &str) -> Option<SourceRef> {
    href.strip_prefix(RECORD)?.parse().ok()
}

/// The object of the destination that a link leads to.
pub fn remote_of_href(href: &str) -> Option<RemoteRef> {
    href.strip_prefix(REMOTE)?.parse().ok()
}

impl Body {
    /// The links to records and objects in it, in order; other links are left out.
    pub fn mentions(&self) -> Vec<String> {
        match self.format {
            Format::Plain => Vec::new(),
            Format::Html => text::hrefs(&self.text)
                .into_iter()
                .filter(|href| record_of_href(href).is_some() || remote_of_href(href).is_some())
                .collect(),
        }
    }

    /// The text with the targets of its links exchanged; `None` leaves one as it is.
    #[must_use]
    pub fn relinked(&self, to: &mut dyn FnMut(&str) -> Option<String>) -> Body {
        match self.format {
            Format::Plain => self.clone(),
            Format::Html => Body::html(text::relink(&self.text, to)),
        }
    }
}

impl Draft {
    /// The draft with each link to a record that is at the destination leading to its counterpart there.
    #[must_use]
    pub fn resolved(&self, refs: &Refs) -> Draft {
        let mut draft = self.clone();
        if self.mentions.is_empty() {
            return draft;
        }
        for part in &mut draft.parts {
            part.body = part.body.relinked(&mut |href| {
                record_of_href(href).and_then(|record| refs.records.get(&record)).map(href_of_remote)
            });
        }
        draft
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Author, Part, Role};

    #[test]
    fn a_link_to_a_record_leads_to_its_counterpart_once_that_is_there_and_the_rest_stays() {
        let (known, unknown) = (SourceRef::new("kb_article", "12"), SourceRef::new("kb_article", "13"));
        let html = format!(
            "<p>see <a class=\"x\" href='{}'>this &amp; that</a>, <a href=\"{}\">b</a>, <a href=\"https://a.example/?q=1&amp;r=2\">c</a></p>",
            href_of_record(&known),
            href_of_record(&unknown)
        );
        let mut draft = Draft::new("article", SourceRef::new("kb_article", "1"));
        draft.mentions = vec![known.clone(), unknown.clone()];
        draft.parts.push(Part::new("en", Role::Agent, Author::default(), None, Body::html(html)));
        let mut refs = Refs::default();
        refs.records.insert(known, RemoteRef::new("article", "77"));
        let resolved = draft.resolved(&refs);
        let body = &resolved.parts[0].body;
        assert_eq!(body.mentions(), ["remote:article:77", "record:kb_article:13"]);
        assert_eq!(body.canonical(), draft.parts[0].body.canonical());
        assert_eq!(text::hrefs(&body.text)[2], "https://a.example/?q=1&r=2");
    }

    #[test]
    fn a_text_about_links_is_no_link() {
        let body = Body::html(
            "<p>href=&quot;record:kb_article:12&quot;</p><script>var a = '<a href=\"record:x:1\">'</script>",
        );
        assert_eq!(body.mentions(), [""; 0]);
        assert_eq!(Body::plain("record:kb_article:12").mentions(), [""; 0]);
    }
}
