//! Articles of the knowledge base: each once, with its text, its place, its languages, and links that lead on.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::html::{images, links};
use super::text::{Expected, Read, Squeezed, folded};
use super::{Court, Owner, Subject, What};
use crate::dataset::KbArticle;
use crate::intercom::store::{Article, Availability, InternalArticle, TagApplied};

/// A text at the destination: an article in one language.
struct Shelf<'a> {
    id: u64,
    internal: bool,
    locale: &'a str,
    title: &'a str,
    html: &'a str,
    body: Read,
    author: u64,
    published: bool,
    parent: Option<u64>,
    availability: Availability,
    tags: &'a [TagApplied],
    created_at: i64,
}

/// Shortest text, in characters, by which an article with another title is known again.
const TELLING: usize = 20;
/// Titles longer than this may be cut.
const MAY_BE_CUT: usize = 200;

impl<'a> Shelf<'a> {
    fn of_article(it: &'a Article) -> impl Iterator<Item = Self> {
        it.contents.iter().map(|content| Self {
            id: it.id,
            internal: false,
            locale: &content.locale,
            title: &content.title,
            html: &content.body,
            body: Read::of_html(&content.body),
            author: content.author,
            published: content.published,
            parent: it.parent,
            availability: it.availability,
            tags: &it.tags,
            created_at: it.created_at,
        })
    }

    fn of_internal(it: &'a InternalArticle) -> Self {
        Self {
            id: it.id,
            internal: true,
            locale: "",
            title: &it.title,
            html: &it.body,
            body: Read::of_html(&it.body),
            author: it.author,
            published: false,
            parent: None,
            availability: it.availability,
            tags: &it.tags,
            created_at: it.created_at,
        }
    }
}

impl<'a> Court<'a> {
    pub(super) fn compare_articles(&mut self, collections: &HashMap<u64, u64>) {
        let (ws, dataset) = (self.ws, self.source.dataset);
        self.verdict.source.articles = dataset.kb_articles.len() as u64;
        let public = ws.library.articles.values().flat_map(Shelf::of_article);
        let shelf: Vec<Shelf<'_>> =
            public.chain(ws.library.internal.values().map(Shelf::of_internal)).collect();
        let pairs = self.pair_articles(&shelf);
        let found: HashMap<u64, &Shelf<'_>> = pairs.iter().map(|(id, place)| (*id, &shelf[*place])).collect();
        for article in &dataset.kb_articles {
            let subject = subject(article, self.root(article));
            match found.get(&article.id) {
                Some(it) => self.compare_article(article, it, &subject, &found, collections),
                None if self.options.partial => {}
                None => self.find(What::Lost, &subject, "", "no article has its title or its text"),
            }
        }
        let taken: HashSet<usize> = pairs.values().copied().collect();
        for (place, it) in shelf.iter().enumerate() {
            if !taken.contains(&place) && self.is_new(it.created_at) {
                let what = if it.internal { "internal_article" } else { "article" };
                let detail = format!("no article of the source explains it (language: {})", it.locale);
                self.find(What::Doubled, &Subject::alone(what, it.id), "", &detail);
            }
        }
    }

    /// The article that this one translates, over several steps; the least id of a circle.
    fn root(&self, article: &'a KbArticle) -> &'a KbArticle {
        let by_id = |id: u64| self.source.dataset.kb_articles.iter().find(|it| it.id == id);
        let (mut at, mut met) = (article, BTreeSet::from([article.id]));
        while let Some(next) = at.translation_of.and_then(by_id) {
            if !met.insert(next.id) {
                return met.first().copied().and_then(by_id).unwrap_or(article);
            }
            at = next;
        }
        at
    }

    /// Which text each article became: by title, else by what it says.
    fn pair_articles(&self, shelf: &[Shelf<'_>]) -> HashMap<u64, usize> {
        let mut by_title: HashMap<Squeezed, Vec<usize>> = HashMap::new();
        for (place, it) in shelf.iter().enumerate() {
            by_title.entry(Squeezed::of_plain(it.title)).or_default().push(place);
        }
        let mut pairs: HashMap<u64, usize> = HashMap::new();
        let mut taken = vec![false; shelf.len()];
        let roots_first = |translation: bool| {
            self.source
                .dataset
                .kb_articles
                .iter()
                .filter(move |it| (self.root(it).id != it.id) == translation)
        };
        for article in roots_first(false).chain(roots_first(true)) {
            let text = Expected::new(&article.body.text(), true);
            let home =
                pairs.get(&self.root(article).id).map(|place| (shelf[*place].id, shelf[*place].internal));
            let likeness = |it: &Shelf<'_>| {
                let at_home = home == Some((it.id, it.internal));
                let language =
                    article.language.as_deref().is_some_and(|language| folded(language) == folded(it.locale));
                (
                    text.stands_in(&it.body),
                    it.internal == article.internal,
                    at_home,
                    language,
                    self.is_new(it.created_at),
                )
            };
            let named = by_title.get(&Squeezed::of_plain(&shown_title(article)));
            let free = named.into_iter().flatten().copied().filter(|place| !taken[*place]);
            let mut best = free.max_by_key(|place| (likeness(&shelf[*place]), std::cmp::Reverse(*place)));
            if best.is_none() && text.squeezed.0.chars().count() >= TELLING {
                let says = |place: &usize| !taken[*place] && text.stands_in(&shelf[*place].body);
                best = (0..shelf.len())
                    .filter(says)
                    .max_by_key(|place| (likeness(&shelf[*place]), std::cmp::Reverse(*place)));
            }
            if let Some(place) = best {
                taken[place] = true;
                pairs.insert(article.id, place);
            }
        }
        pairs
    }

    fn compare_article(
        &mut self,
        article: &'a KbArticle,
        it: &Shelf<'_>,
        subject: &Subject<'_>,
        found: &HashMap<u64, &Shelf<'_>>,
        collections: &HashMap<u64, u64>,
    ) {
        let (wanted, title) = (Squeezed::of_plain(&shown_title(article)), Squeezed::of_plain(it.title));
        let cut =
            wanted.0.chars().count() > MAY_BE_CUT && wanted.0.starts_with(title.0.trim_end_matches('…'));
        let same = wanted == title || (cut && !title.is_empty());
        self.check_either(same, subject, &["title", &format!("title.{}", it.locale)], || {
            super::ticket::lengths(&wanted.0, &title.0)
        });
        self.check(it.internal == article.internal, subject, "visibility", || "for other readers".into());
        let html = article.body.text();
        let says = Expected::new(&html, true).stands_in(&it.body);
        self.check(says, subject, "body", || "not the text of the source".into());
        let published = self.options.publish_articles && article.published && !article.internal;
        self.check(it.published == published, subject, "state", || {
            if it.published { "readable by customers".into() } else { "a draft".into() }
        });
        self.check(!it.availability.any(), subject, "ai", || "assistants may use it".into());
        self.compare_article_author(article, it, subject);
        self.compare_article_place(article, it, subject, collections);
        self.compare_languages(article, it, subject, found);
        self.compare_article_tags(article, it, subject);
        for field in &article.custom_fields {
            let Some(value) = field.value.as_deref().filter(|value| !value.trim().is_empty()) else {
                continue;
            };
            let name = format!("custom_fields.{}", field.name);
            self.check(it.body.squeezed.contains(value), subject, &name, || "not in the text".into());
        }
        self.compare_links(&html, it, subject, found);
        for file in &article.attachments {
            let owner = subject.owner.clone().map(|owner| Owner { field: "files", ..owner });
            // All files of a family lie with its first text.
            let mut parts = subject.parts.clone();
            parts.extend(languages(self.root(article)));
            let subject = Subject { owner, parts, ..Subject::alone("attachment", file.id) };
            self.verdict.fields_compared += 1;
            self.find(What::Lost, &subject, "files", "articles have no files");
        }
    }

    /// The author's own, or with the name in the text.
    fn compare_article_author(&mut self, article: &KbArticle, it: &Shelf<'_>, subject: &Subject<'_>) {
        let agent = article.author.and_then(|id| self.source.agents.get(&id).copied());
        let teammate = agent.and_then(|agent| self.teammate(agent.email.as_deref()?));
        let names = [article.author_name.as_deref(), agent.map(|agent| agent.name.as_str())];
        let mut names = names.into_iter().flatten().filter(|name| !name.trim().is_empty()).peekable();
        if teammate.is_none() && names.peek().is_none() {
            return;
        }
        let named = names.any(|name| it.body.squeezed.contains(name));
        let kept = named || teammate == Some(it.author);
        self.check(kept, subject, "author", || "neither the author's nor with the name".into());
    }

    /// In the collection of its category; without one in the default collection.
    fn compare_article_place(
        &mut self,
        article: &KbArticle,
        it: &Shelf<'_>,
        subject: &Subject<'_>,
        collections: &HashMap<u64, u64>,
    ) {
        if it.internal {
            return;
        }
        let known: Vec<u64> =
            article.categories.iter().filter_map(|id| collections.get(id).copied()).collect();
        let there = |id: &u64| self.source.dataset.kb_categories.iter().any(|category| category.id == *id);
        let orphan = !article.categories.iter().any(there);
        let all = self.ws.library.collections.values();
        let default = self.default_collection(all).map(|it| it.id);
        let kept = match it.parent {
            None => false,
            Some(parent) if orphan => Some(parent) == default,
            Some(parent) => known.contains(&parent),
        };
        let fields = ["collection", "categories"];
        self.check_either(kept, subject, &fields, || "not in the collection of its category".into());
        let more: HashSet<u64> = known.into_iter().filter(|id| Some(*id) != it.parent).collect();
        if kept && !more.is_empty() {
            self.check_either(false, subject, &fields, || format!("not in {} more collections", more.len()));
        }
    }

    /// A translation lies beside its original, under its language.
    fn compare_languages(
        &mut self,
        article: &'a KbArticle,
        it: &Shelf<'_>,
        subject: &Subject<'_>,
        found: &HashMap<u64, &Shelf<'_>>,
    ) {
        let root = self.root(article);
        let (Some(own), Some(first)) = (&article.language, &root.language) else { return };
        if root.id == article.id || folded(own) == folded(first) || article.internal != root.internal {
            return;
        }
        let beside = found.get(&root.id).is_some_and(|home| home.id == it.id && home.internal == it.internal);
        let fields = ["locale", "translation_of"];
        self.check_either(beside, subject, &fields, || "not beside what it translates".into());
        let same = folded(it.locale) == folded(own);
        self.check_either(!beside || same, subject, &fields, || format!("{own} became {}", it.locale));
    }

    fn compare_article_tags(&mut self, article: &KbArticle, it: &Shelf<'_>, subject: &Subject<'_>) {
        let tags = &self.ws.tags;
        let names: Vec<&str> =
            it.tags.iter().filter_map(|applied| Some(tags.get(&applied.tag)?.name.as_str())).collect();
        if let Some(batch) = &self.options.batch_tag {
            let tagged = names.iter().any(|name| name.eq_ignore_ascii_case(batch));
            self.check(tagged, subject, "tags", || "the batch's tag is missing".into());
        }
        for tag in article.tags.iter().filter(|tag| !tag.trim().is_empty()) {
            let kept = names.iter().any(|name| folded(name).ends_with(&folded(tag)));
            self.check(kept, subject, "tags", || "a tag is missing".into());
        }
    }

    /// Links to articles lead to what these became; others and pictures stay, or are listed.
    fn compare_links(
        &mut self,
        html: &str,
        it: &Shelf<'_>,
        subject: &Subject<'_>,
        found: &HashMap<u64, &Shelf<'_>>,
    ) {
        let held = links(it.html);
        let mut wanted: BTreeMap<u64, (usize, bool)> = BTreeMap::new();
        for (own_host, target) in links(html).iter().filter_map(|href| self.target(href)) {
            let (times, ours) = wanted.entry(target).or_default();
            (*times, *ours) = (*times + 1, *ours || own_host);
        }
        let fields = ["links", "body", "body.links"];
        for (target, (times, own_host)) in wanted {
            let there = self.source.dataset.kb_articles.iter().any(|article| article.id == target);
            match found.get(&target).map(|shelf| shelf.id) {
                Some(id) => {
                    let lead = held.iter().filter(|href| leads_to(href, id)).count();
                    self.check_either(lead >= times, subject, &fields, || {
                        format!("{times} links to {target} expected, {lead} found")
                    });
                }
                None if there || own_host => {
                    let detail = format!("a link to {target} leads to nothing that was moved");
                    self.check_either(false, subject, &fields, || detail);
                }
                None => {}
            }
        }
        let shown = images(it.html);
        for source in images(html).into_iter().filter(|source| source.starts_with("http")) {
            let kept = shown.contains(&source);
            self.check_either(kept, subject, &["images", "body"], || "a picture is missing".into());
        }
    }

    /// The article that an address of the help desk leads to, and whether the address is the help desk's for sure.
    fn target(&self, href: &str) -> Option<(bool, u64)> {
        let (host, path) = match href.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map(|(host, path)| (Some(host), path))?,
            None => (None, href.strip_prefix('/')?),
        };
        let (_, after) =
            path.split_once("kb/").filter(|(before, _)| before.is_empty() || before.ends_with('/'))?;
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        let behind = after[digits.len()..].chars().next();
        if !matches!(behind, None | Some('/' | '#' | '?')) {
            return None;
        }
        let known = |host: &str| {
            let urls = self.source.dataset.kb_articles.iter().filter_map(|article| article.url.as_deref());
            urls.filter_map(|url| url.split_once("://")?.1.split('/').next())
                .any(|own| own.eq_ignore_ascii_case(host))
        };
        Some((host.is_none_or(known), digits.parse().ok()?))
    }
}

/// Whether an address is that of an article at the destination.
fn leads_to(href: &str, id: u64) -> bool {
    let wanted = format!("articles/{id}");
    href.match_indices(&wanted)
        .any(|(at, _)| !href[at + wanted.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

/// A title as a reader sees it; the id stands for one that is empty.
fn shown_title(article: &KbArticle) -> String {
    if Squeezed::of_plain(&article.title).is_empty() { article.id.to_string() } else { article.title.clone() }
}

/// How a list may write an article's language.
fn languages(article: &KbArticle) -> Vec<String> {
    let language = article.language.clone().unwrap_or_else(|| "en".into()).replace('_', "-");
    vec![language.to_lowercase(), language]
}

/// How findings name an article, and under which names a list may explain it: its own, and that of what it translates.
fn subject<'a>(article: &KbArticle, root: &KbArticle) -> Subject<'a> {
    let ids = vec![article.id.to_string(), root.id.to_string()];
    let parts = languages(article);
    let owner = Owner { kind: "kb_article", ids: ids.clone(), field: "" };
    // What befell a whole article befell its translations.
    Subject { owner: Some(owner), parts, also: ids, ..Subject::alone("kb_article", article.id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_one_article() {
        assert!(leads_to("https://help.example/en/articles/39-how", 39));
        assert!(leads_to("https://app.example/a/apps/x/articles/articles/39/show", 39));
        assert!(!leads_to("https://help.example/en/articles/390-how", 39));
        assert!(!leads_to("https://help.example/kb/39/how", 39));
    }
}
