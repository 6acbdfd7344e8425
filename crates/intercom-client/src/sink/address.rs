//! Addresses of articles: built for links that are written, and known again in texts that are read.

use super::IntercomSink;
use crate::ArticleId;
use crate::api::HelpCenter;
use mapping_core::mention::{href_of_remote, record_of_href};
use mapping_core::{Body, ErrorKind, RemoteRef, Result};

/// Where articles of the workspace lie.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    /// Beginnings of addresses without scheme, that of the default help centre first.
    bases: Vec<String>,
    /// Languages of the default help centre, the default one first.
    pub(super) locales: Vec<String>,
}

impl Addresses {
    fn of(mut all: Vec<HelpCenter>) -> Self {
        all.sort_by_key(|it| !it.default);
        let mut bases = Vec::new();
        for it in &all {
            let own = it.custom_domain.clone().filter(|d| !d.is_empty());
            let usual = it.identifier.as_ref().map(|id| format!("intercom.help/{id}"));
            bases.extend(
                it.url.clone().filter(|u| !u.is_empty()).into_iter().chain(own).chain(usual).map(bare),
            );
        }
        let locales = all.first().map(|it| it.locales.clone()).unwrap_or_default();
        Addresses { bases, locales }
    }

    /// The address of an article; a slug behind the id isn't needed.
    pub(super) fn of_article(&self, id: &str) -> Option<String> {
        let locale = self.locales.first().map_or("en", String::as_str);
        self.bases.first().map(|base| format!("https://{base}/{locale}/articles/{id}"))
    }

    /// The article that an address leads to: `…/en/articles/77-a-title`.
    pub(super) fn article_at(&self, address: &str) -> Option<RemoteRef> {
        let address = bare(address.to_owned());
        let rest = self.bases.iter().find_map(|base| address.strip_prefix(base)?.strip_prefix('/'))?;
        let (_, rest) = rest.split_once("articles/")?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (!digits.is_empty()).then(|| RemoteRef::new("article", digits))
    }

    /// The text with links to articles of the workspace by their names.
    pub(super) fn named(&self, html: &str) -> Body {
        let html = Body::html(html);
        html.relinked(&mut |href| self.article_at(href).map(|article| href_of_remote(&article)))
    }
}

fn bare(address: String) -> String {
    let rest =
        address.strip_prefix("https://").or_else(|| address.strip_prefix("http://")).unwrap_or(&address);
    rest.trim_end_matches('/').to_owned()
}

impl IntercomSink {
    /// Asked once in the sink's life. Without the permission to read the help centre nothing is known.
    pub(super) async fn addresses(&self) -> Result<&Addresses> {
        if let Some(known) = self.addresses.get() {
            return Ok(known);
        }
        let all = match self.client.help_centers().list().await {
            Err(e) if matches!(e.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) => Vec::new(),
            all => all?,
        };
        Ok(self.addresses.get_or_init(|| Addresses::of(all)))
    }

    /// The address of the object that a link to a record leads to, when that is there and has one.
    pub(super) async fn address_of(&self, href: &str, refs: &mapping_core::Refs) -> Result<Option<String>> {
        let Some(target) = record_of_href(href).and_then(|record| refs.records.get(&record)) else {
            return Ok(None);
        };
        if target.kind != "article" {
            return Ok(None);
        }
        let addresses = self.addresses().await?;
        let shown = match self.client.articles().get(&ArticleId::from(target.id.as_str())).await {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            article => article?.url,
        };
        let ours = shown.filter(|url| addresses.article_at(url).as_ref() == Some(target));
        Ok(ours.or_else(|| addresses.of_article(&target.id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_is_known_by_any_address_of_its_help_centre_and_by_no_other() {
        let center = serde_json::json!({"id": "1", "identifier": "desk", "default": true, "locales": ["en", "de"],
            "url": "https://help.desk.example/", "custom_domain": "help.desk.example"});
        let addresses = Addresses::of(vec![serde_json::from_value(center).unwrap()]);
        assert_eq!(addresses.of_article("77").as_deref(), Some("https://help.desk.example/en/articles/77"));
        let id = |address: &str| addresses.article_at(address).map(|it| it.id.to_string());
        for address in [
            "https://help.desk.example/en/articles/77-a-title",
            "http://help.desk.example/articles/77",
            "https://intercom.help/desk/de/articles/77#part",
        ] {
            assert_eq!(id(address).as_deref(), Some("77"), "{address}");
        }
        for address in [
            "https://help.desk.example.evil.example/en/articles/77",
            "https://intercom.help/other/en/articles/77",
            "https://help.desk.example/en/articles/about",
            "https://help.desk.example/en/collections/77",
        ] {
            assert_eq!(id(address), None, "{address}");
        }
    }
}
