//! Companies, notes, the knowledge base and working hours: what they become, and that nothing of them vanishes.

use super::*;
use crate::Format;
use crate::mapping::{Choices, FieldChoice, SetChoice, ValueForm};
use crate::model::{KbArticle, KbCategory, WeeklyInterval, WorkingHours};
use crate::{FieldSpec, FieldType, Part};
use proptest::prelude::*;

fn node(id: &str, parent: Option<&str>, title: &str) -> KbCategory {
    KbCategory { id: id.into(), parent: parent.map(Into::into), title: title.into(), extra: Extra::new() }
}

fn article(id: &str, title: &str, html: &str) -> KbArticle {
    KbArticle {
        id: id.into(),
        title: title.into(),
        body: Body::html(html),
        categories: vec![],
        internal: false,
        published: false,
        language: Some("en".into()),
        author: None,
        author_agent: None,
        translation_of: None,
        tags: vec![],
        url: None,
        created_at: None,
        modified_at: None,
        custom: Default::default(),
        attachments: vec![],
        extra: Extra::new(),
    }
}

fn hours(id: &str, zone: Option<&str>, week: &[(u8, i8, i8)]) -> WorkingHours {
    let at = |hour| jiff::civil::time(hour, 0, 0, 0);
    let span =
        |(day, from, to): &(u8, i8, i8)| WeeklyInterval { weekday: *day, from: at(*from), to: at(*to) };
    WorkingHours {
        id: id.into(),
        name: "Office".into(),
        offset_minutes: 60,
        zone: zone.map(str::to_owned),
        week: week.iter().map(span).collect(),
        holidays: vec![jiff::civil::date(2026, 12, 25)],
        extra: Extra::new(),
    }
}

fn map_one(mapping: &Mapping, all: &[Record], which: &[usize]) -> crate::Result<Mapped> {
    let (mut seen, resolution) = world();
    all.iter().for_each(|r| seen.observe(r));
    let records: Vec<Record> = which.iter().map(|i| all[*i].clone()).collect();
    let mapper = Mapper::new(mapping, &resolution, &seen);
    mapper.map(mapping.object(records[0].key().kind.as_str()).unwrap(), Input::Records(&records))
}

fn link(kind: &'static str, id: &str) -> Value {
    Value::Link(Link::Source(SourceRef::new(kind, id)))
}

#[test]
fn a_tree_is_kept_to_three_levels_and_the_rest_is_flattened_with_its_path() {
    let all: Vec<Record> = vec![
        node("1", None, "Help").into(),
        node("2", Some("1"), "Billing").into(),
        node("3", Some("2"), "Cards").into(),
        node("4", Some("3"), "Lost").into(),
        node("5", Some("4"), "Abroad").into(),
        node("6", Some("99"), "Orphan").into(),
    ];
    let of = |i| map_one(&built_in(), &all, &[i]).unwrap();
    let shown: Vec<(String, Value)> = (0..6)
        .map(|i| (draft(&of(i)).text("name").to_owned(), draft(&of(i)).field("parent").clone()))
        .collect();
    let wanted = [
        ("Help", Value::Null),
        ("Billing", link("kb_category", "1")),
        ("Cards", link("kb_category", "2")),
        ("Cards › Lost", link("kb_category", "2")),
        ("Cards › Lost › Abroad", link("kb_category", "2")),
        ("Orphan", Value::Null),
    ];
    assert_eq!(shown, wanted.map(|(name, parent)| (name.to_owned(), parent)));
    assert_eq!(lost(&of(3), "name")[0].rule, LossRule::Merged);
    assert_eq!(lost(&of(5), "parent")[0].before.as_deref(), Some("99"));
    assert_eq!(of(2).losses, []);

    let (mut seen, _) = world();
    all.iter().for_each(|r| seen.observe(r));
    let mapping = built_in();
    let rule = mapping.object("kb_category").unwrap();
    let levels: Vec<usize> = all.iter().map(|r| rule.level(&seen, &r.key())).collect();
    assert_eq!(levels, [0, 1, 2, 2, 2, 0]);
}

#[test]
fn a_cycle_is_cut_once_at_its_least_id_and_told() {
    let all: Vec<Record> = vec![
        node("10", Some("2"), "A").into(),
        node("2", Some("3"), "B").into(),
        node("3", Some("10"), "C").into(),
        node("4", Some("4"), "Self").into(),
        node("5", Some("10"), "Below").into(),
    ];
    let of = |i| map_one(&built_in(), &all, &[i]).unwrap();
    assert_eq!(draft(&of(1)).field("parent"), &Value::Null, "the least id is the top");
    assert_eq!(lost(&of(1), "parent")[0].rule, LossRule::Dropped);
    assert_eq!(draft(&of(0)).field("parent"), &link("kb_category", "2"));
    assert_eq!(draft(&of(3)).field("parent"), &Value::Null);
    assert_eq!(draft(&of(2)).text("name"), "C");
    assert_eq!(draft(&of(4)).text("name"), "Below", "three levels: 2, 10, 5");
    assert_eq!(draft(&of(4)).field("parent"), &link("kb_category", "10"));
    assert!(lost(&of(0), "parent").is_empty() && lost(&of(4), "parent").is_empty());
}

#[test]
fn the_languages_of_an_article_are_parts_of_one_draft_whatever_their_order() {
    let mut root = article("20", "Reset", "<p>Press it</p>");
    root.categories = vec!["1".into(), "7".into()];
    root.author = Some("Ann A.".into());
    root.author_agent = Some("a1".into());
    root.tags = vec!["FAQ".into(), "faq ".into(), "New".into()];
    root.modified_at = time("2024-05-01T10:30:00Z");
    let mut danish = article("3", "Nulstil", "<p>Tryk</p>");
    danish.translation_of = Some("20".into());
    danish.language = Some("da_dk".into());
    danish.author = Some("Bo".into());
    danish.custom.insert("Level".into(), "<b>2</b>".into());
    let all: Vec<Record> =
        vec![danish.into(), root.into(), node("1", None, "Help").into(), node("7", None, "More").into()];
    let (mut seen, resolution) = world();
    all.iter().for_each(|r| seen.observe(r));
    let mapping = built_in();
    let mapper = Mapper::new(&mapping, &resolution, &seen);
    let rule = mapping.object("kb_article").unwrap();
    let keys: Vec<_> = all[..2].iter().map(|r| mapper.natural_key(rule, r).unwrap()).collect();
    assert_eq!(keys, [Private::from("20"), Private::from("20")]);
    let mapped = mapper.map(rule, Input::Records(&all[..2])).unwrap();
    let draft = draft(&mapped);
    assert_eq!((draft.source.to_string(), draft.aliases.len()), ("kb_article:20".to_owned(), 1));
    assert_eq!(
        (draft.text("title"), draft.text("title.da-DK"), draft.text("locale")),
        ("Reset", "Nulstil", "en")
    );
    assert_eq!((draft.text("state"), draft.text("visibility")), ("draft", "public"));
    assert_eq!(draft.field("collection"), &link("kb_category", "1"));
    assert_eq!(lost(&mapped, "collection")[0].before.as_deref(), Some("kb_category:7 More"));
    assert_eq!(draft.field("author"), &Value::Link(Link::Remote(RemoteRef::new("admin", "900"))));
    let tags = Value::List(vec![link("tag", "FAQ"), link("tag", "New"), Value::Link(Link::Batch)]);
    assert_eq!(draft.field("tags"), &tags);
    assert_eq!(mapping.wanted_tags(&seen), ["Colour: Blue", "Colour: Red", "FAQ", "New"]);
    let parts: Vec<(&str, &str)> =
        draft.parts.iter().map(|p| (p.key.as_str(), p.body.text.as_str())).collect();
    let english = "<p>Press it</p><p>Last updated in FocalScope: 2024-05-01 10:30 UTC</p>";
    let other = "<p>Tryk</p><p>Author in FocalScope: Bo</p><table><tbody><tr><td>Level</td>\
                 <td>&lt;b&gt;2&lt;/b&gt;</td></tr></tbody></table>";
    assert_eq!(parts, [("en", english), ("da-DK", other)]);
    assert_eq!(draft.parts[0].author.name.as_deref(), Some("Ann A."));
    assert_eq!(lost(&mapped, "custom.Level").len(), 1);
}

#[test]
fn a_translation_that_would_be_hidden_shown_or_overwritten_stands_alone() {
    let mut all =
        vec![article("1", "a", "x"), article("2", "b", "x"), article("3", "c", "x"), article("4", "d", "x")];
    for (i, language) in [(1, Some("da")), (2, Some("da")), (3, None)] {
        all[i].translation_of = Some("1".into());
        all[i].language = language.map(str::to_owned);
    }
    let mut secret = article("5", "e", "x");
    secret.translation_of = Some("1".into());
    secret.language = Some("de".into());
    secret.internal = true;
    all.push(secret);
    let (mut seen, resolution) = world();
    let all: Vec<Record> = all.into_iter().map(Record::from).collect();
    all.iter().for_each(|r| seen.observe(r));
    let mapping = built_in();
    let mapper = Mapper::new(&mapping, &resolution, &seen);
    let rule = mapping.object("kb_article").unwrap();
    let keys: Vec<String> =
        all.iter().map(|r| mapper.natural_key(rule, r).unwrap().as_str().to_owned()).collect();
    assert_eq!(keys, ["1", "1", "3", "4", "5"]);
    let alone = mapper.map(rule, Input::Records(&all[4..])).unwrap();
    assert_eq!(draft(&alone).text("visibility"), "internal");
    assert_eq!(draft(&alone).parts[0].visibility, Visibility::Internal);
}

#[test]
fn translations_that_name_each_other_are_one_family() {
    let mut all = vec![article("1", "a", "x"), article("2", "b", "x"), article("3", "c", "x")];
    all[0].translation_of = Some("2".into());
    all[1].translation_of = Some("1".into());
    all[1].language = Some("da".into());
    all[2].translation_of = Some("2".into());
    all[2].language = Some("de".into());
    let (mut seen, resolution) = world();
    let all: Vec<Record> = all.into_iter().map(Record::from).collect();
    all.iter().for_each(|r| seen.observe(r));
    let mapping = built_in();
    let mapper = Mapper::new(&mapping, &resolution, &seen);
    let rule = mapping.object("kb_article").unwrap();
    assert!(all.iter().all(|r| mapper.natural_key(rule, r) == Some("1".into())));
}

#[test]
fn links_between_articles_become_mentions_and_dead_ones_leave_their_text() {
    let mut from = article(
        "1",
        "a",
        "<p><a href=\"https://help.example/kb/2/reset.html\">two</a> <a href='/kb/3#part'>three</a> \
         <a href=\"/kb/77/gone.html\" class=\"x\"><b>gone</b></a> <a href=\"https://other.example/kb/77/x\">other</a> \
         <a href=\"https://help.example/kb/78/\">also gone</a> <a href=\"mailto:a@example.com\">mail</a> \
         <a href=\"record:contact:1\">forged</a> {{kb:toc}} {{kb:toc}}</p>",
    );
    from.url = Some("https://help.example/kb/1/a.html".into());
    let all: Vec<Record> = vec![from.into(), article("2", "b", "x").into(), article("3", "c", "x").into()];
    let mapped = map_one(&built_in(), &all, &[0]).unwrap();
    let body = &draft(&mapped).parts[0].body;
    assert_eq!(
        draft(&mapped).mentions,
        [SourceRef::new("kb_article", "2"), SourceRef::new("kb_article", "3")]
    );
    assert_eq!(body.mentions(), ["record:kb_article:2", "record:kb_article:3"]);
    let hrefs = crate::text::hrefs(&body.text);
    assert_eq!(
        hrefs,
        [
            "record:kb_article:2",
            "record:kb_article:3",
            "https://other.example/kb/77/x",
            "mailto:a@example.com"
        ]
    );
    assert!(body.text.contains("<b>gone</b>") && body.text.contains("forged {{kb:toc}}"), "{}", &*body.text);
    let losses = lost(&mapped, "parts[en].body");
    let of = |rule| {
        losses.iter().filter(|l| l.rule == rule).filter_map(|l| l.before.as_deref()).collect::<Vec<_>>()
    };
    assert_eq!(
        of(LossRule::Dropped),
        ["/kb/77/gone.html", "https://help.example/kb/78/", "record:contact:1"]
    );
    assert_eq!(of(LossRule::Cut), ["/kb/3#part"]);
    assert_eq!(of(LossRule::Recast), ["{{kb:toc}}", "https://other.example/kb/77/x"]);
}

#[test]
fn an_article_without_a_category_goes_to_the_stand_in_collection() {
    let all: Vec<Record> = vec![article("1", "a", "x").into()];
    let mapped = map_one(&built_in(), &all, &[0]).unwrap();
    assert_eq!(draft(&mapped).field("collection"), &link("kb_category", "stand-in"));
    let (seen, resolution) = world();
    let mapping = built_in();
    let stand_in =
        Mapper::new(&mapping, &resolution, &seen).stand_in(&SourceRef::new("kb_category", "stand-in"));
    let stand_in = stand_in.unwrap();
    assert_eq!((stand_in.kind.as_str(), stand_in.text("name")), ("collection", "FocalScope"));
    assert_eq!(draft(&mapped).needs(), [SourceRef::new("kb_category", "stand-in")]);
}

#[test]
fn articles_are_drafts_unless_the_map_publishes_them() {
    let mut published = article("1", "a", "x");
    published.published = true;
    let all: Vec<Record> = vec![published.into(), article("2", "b", "x").into()];
    let on = built_in().overlay("[options]\npublish_articles = true\n").unwrap();
    let state = |mapping: &Mapping, i| {
        let mapped = map_one(mapping, &all, &[i]).unwrap();
        (draft(&mapped).text("state").to_owned(), lost(&mapped, "published").len())
    };
    assert_eq!(state(&built_in(), 0), ("draft".into(), 1), "and that is told");
    assert_eq!(state(&on, 0), ("published".into(), 0));
    assert_eq!(state(&on, 1), ("draft".into(), 0));
}

#[test]
fn files_of_an_article_are_on_its_first_part() {
    let mut with = article("1", "a", "x");
    with.attachments = vec!["f1".into(), "f2".into(), "f9".into()];
    let mut file_one = file("f1", None, "a.pdf", Some(blob("a")));
    file_one.ticket = None;
    let mut gone = file("f2", None, "b.pdf", None);
    gone.ticket = None;
    let all: Vec<Record> = vec![with.into(), file_one.into(), gone.into()];
    let mapped = map_one(&built_in(), &all, &[0, 1, 2]).unwrap();
    let names: Vec<&str> = draft(&mapped).parts[0].files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["a.pdf"]);
    assert_eq!(lost(&mapped, "files[f2]")[0].before.as_deref(), Some("b.pdf"));
    assert_eq!(lost(&mapped, "files[f9]")[0].before.as_deref(), Some("f9"));
}

#[test]
fn working_hours_need_a_zone_and_a_person_may_decide_it() {
    let all: Vec<Record> = vec![
        hours("1", Some("Europe/Copenhagen"), &[(1, 9, 17)]).into(),
        hours("2", None, &[(7, 22, 6)]).into(),
    ];
    let mapped = map_one(&built_in(), &all, &[0]).unwrap();
    assert_eq!(draft(&mapped).text("time_zone"), "Europe/Copenhagen");
    assert_eq!(draft(&mapped).field("intervals"), &Value::List(vec!["540-1020".into()]));
    assert_eq!(draft(&mapped).field("exceptions"), &Value::List(vec!["2026-12-25".into()]));
    let e = map_one(&built_in(), &all, &[1]).unwrap_err();
    assert!(e.message().contains("mapping/hours.csv"), "{e}");
    let mut choices = Choices::default();
    choices.hours.insert("working_hours:2".into(), "Europe/Oslo".into());
    choices.hours.insert("working_hours:1".into(), "Europe/Oslo".into());
    let decided = built_in().with_choices(choices);
    let mapped = map_one(&decided, &all, &[1]).unwrap();
    assert_eq!(draft(&mapped).text("time_zone"), "Europe/Oslo");
    assert_eq!(draft(&mapped).field("intervals"), &Value::List(vec!["0-360".into(), "9960-10080".into()]));
    let mapped = map_one(&decided, &all, &[0]).unwrap();
    assert_eq!(draft(&mapped).text("time_zone"), "Europe/Oslo", "a person wins over the source");
    assert_eq!(lost(&mapped, "time_zone")[0].before.as_deref(), Some("Europe/Copenhagen"));
}

#[test]
fn a_company_has_attributes_that_no_contact_can_have() {
    let mut company = Company {
        id: "c7".into(),
        name: "Acme".into(),
        domains: vec!["acme.example".into(), "acme.test".into()],
        custom: Default::default(),
        extra: Extra::new(),
    };
    company.custom.insert("Tier".into(), "gold".into());
    let mut seen = Observations::default();
    seen.observe(&company.clone().into());
    seen.observe(&contact("1", &["a@example.com"]).into());
    let mapping = built_in();
    let fields = mapping.wanted_fields(&seen);
    let of = |kind: &str| -> BTreeSet<&str> {
        fields.iter().filter(|f| f.kind == kind).map(|f| f.name.as_str()).collect()
    };
    assert!(of("company_attribute").contains("focalscope_tier__org"));
    assert!(of("company_attribute").is_disjoint(&of("contact_attribute")));
    let mapped = map_one(&mapping, &[company.into()], &[0]).unwrap();
    let draft = draft(&mapped);
    assert_eq!((draft.text("company_id"), draft.text("website")), ("focalscope:org:c7", "acme.example"));
    assert_eq!(draft.text("attribute.focalscope_domains__org"), "acme.test");
    assert_eq!(draft.text("attribute.focalscope_tier__org"), "gold");
}

#[test]
fn notes_begin_with_their_date_and_author_and_are_numbered_through_a_group() {
    let mut first = contact("1", &["a@example.com"]);
    let mut second = contact("2", &["A@example.com"]);
    let note = |text: &str| ContactNote {
        at: time("2023-04-05T06:07:00Z"),
        author: Some("Ann".into()),
        text: text.into(),
    };
    first.notes = vec![note("one")];
    second.notes = vec![note("<b>two</b>")];
    let mapped = map_contacts(&built_in(), &[first, second]);
    let parts: Vec<&Part> = draft(&mapped).parts.iter().collect();
    let keys: Vec<&str> = parts.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(keys, ["note:1", "note:2"]);
    assert_eq!(parts[1].body.text.as_str(), "2023-04-05 06:07 UTC Ann\n\n<b>two</b>");
    assert_eq!((parts[1].body.format, parts[1].at), (Format::Plain, time("2023-04-05T06:07:00Z")));
}

fn choice(attribute: Option<&str>, field_type: FieldType, form: ValueForm) -> FieldChoice {
    FieldChoice { attribute: attribute.map(str::to_owned), field_type, form }
}

#[test]
fn what_a_person_decided_about_fields_and_categories_changes_drafts_and_what_is_provisioned() {
    let (mut seen, resolution) = world();
    let mut thread = rich_thread();
    for (name, value) in [("Due", "31.12.2024"), ("Sum", "1.250,50"), ("Secret", "x"), ("Bad", "soon")] {
        thread.ticket.custom.insert(name.into(), value.into());
    }
    seen.observe(&thread.ticket.clone().into());
    let mut choices = Choices::default();
    let fields = [
        ("Due", choice(Some("due_on"), FieldType::Date, ValueForm::DayFirst)),
        ("Sum", choice(Some("sum"), FieldType::Decimal, ValueForm::DecimalComma)),
        ("Secret", choice(None, FieldType::Text, ValueForm::Plain)),
        ("Bad", choice(Some("bad"), FieldType::Date, ValueForm::DayFirst)),
    ];
    choices.fields.insert("ticket".into(), fields.into_iter().map(|(n, c)| (n.to_owned(), c)).collect());
    choices.categories.insert("Topic".into(), SetChoice::Tags);
    choices.categories.insert("Colour".into(), SetChoice::LeftOut);
    let mapping = built_in().with_choices(choices);
    let mapper = Mapper::new(&mapping, &resolution, &seen);
    let mapped = mapper.map(mapping.object("ticket").unwrap(), Input::Thread(&thread)).unwrap();
    let draft = draft(&mapped);
    assert_eq!(draft.field("attribute.due_on"), &Value::Date(jiff::civil::date(2024, 12, 31)));
    assert_eq!(draft.field("attribute.sum"), &Value::Decimal("1250.50".into()));
    assert_eq!(lost(&mapped, "ticket.custom.Secret")[0].why, "left out by a person");
    assert_eq!(lost(&mapped, "attribute.bad")[0].before.as_deref(), Some("soon"), "what doesn't fit is told");
    assert_eq!(mapping.wanted_tags(&seen), ["Topic: Invoice, “big”", "Topic: Refund"]);
    assert!(draft.field("tags").items().contains(&link("tag", "Topic: Refund")));
    assert_eq!(
        lost(&mapped, "ticket.categories").iter().filter(|l| l.why == "left out by a person").count(),
        2
    );
    let wanted = mapping.wanted_fields(&seen);
    let of = |name: &str| wanted.iter().find(|f| f.name == name).map(|f: &FieldSpec| f.field_type);
    assert_eq!((of("due_on"), of("focalscope_topic__c")), (Some(FieldType::Date), None));
}

#[test]
fn tokens_mentions_and_templates_of_other_systems_stay_text() {
    let mut thread = rich_thread();
    thread.ticket.subject = Some("[#1042] Re: {{user.name}} @Ann".into());
    thread.messages[0].body = Body::plain("@Ann <@U1> [~ann] {{user.name}} <a href=\"#\">x</a>");
    let mapped = map_thread(&built_in(), &thread);
    assert_eq!(draft(&mapped).text("title"), "[#1042] Re: {{user.name}} @Ann");
    let part = draft(&mapped).parts.iter().find(|p| p.key == "m1").unwrap();
    assert_eq!((part.body.format, &part.body.text), (Format::Plain, &thread.messages[0].body.text));
    assert_eq!(draft(&mapped).mentions, []);
}

#[test]
fn languages_are_written_as_their_standard_says() {
    use crate::mapping::locale;
    for (said, wanted) in [
        ("EN", Some("en")),
        (" pt_br ", Some("pt-BR")),
        ("zh-hant-tw", Some("zh-Hant-TW")),
        ("English", None),
        ("", None),
        ("e", None),
        ("da-", None),
    ] {
        assert_eq!(locale(said).as_deref(), wanted, "{said}");
    }
}

/// Texts of draft and losses in one, without case and white space.
fn everything(mapped: &Mapped) -> String {
    let mut there = Vec::new();
    texts_of(&serde_json::to_value(&mapped.draft).unwrap(), "", &mut there);
    texts_of(&serde_json::to_value(&mapped.losses).unwrap(), "", &mut there);
    // HTML says the same words in another spelling.
    let plain = mapped.draft.iter().flat_map(|d| &d.parts).map(|p| p.body.canonical());
    let all = there.into_iter().map(|(_, text)| text).chain(plain).collect::<Vec<_>>().join("\n");
    all.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The leaves of a record that are neither in its draft nor in a loss; `recast` are said in another form.
fn vanished(record: &Record, mapped: &Mapped, recast: &[&str]) -> Vec<(String, String)> {
    let there = everything(mapped);
    let mut wanted = Vec::new();
    let json = serde_json::to_value(record).unwrap();
    texts_of(&json["record"], "", &mut wanted);
    let gone = |(at, text): &(String, String)| {
        !recast.contains(&at.as_str()) && !there.contains(&text.to_lowercase())
    };
    wanted.into_iter().filter(gone).collect()
}

fn words() -> impl Strategy<Value = String> {
    "[A-Za-z0-9 ()#@.,ÆØÅæøå]{0,24}"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_a_company_or_a_contact_vanishes(
        name in words(), domains in proptest::collection::vec(words(), 0..4),
        custom in proptest::collection::btree_map(words(), words().prop_map(Private::from), 0..4),
        notes in proptest::collection::vec((words(), words()), 0..3),
        emails in proptest::collection::vec(words(), 0..3), phones in proptest::collection::vec("[0-9+ ]{0,14}", 0..3),
    ) {
        let company = Company {
            id: "c1".into(), name: name.clone().into(), domains, custom: custom.clone(), extra: Extra::new(),
        };
        let record = Record::from(company);
        let mapped = map_one(&built_in(), std::slice::from_ref(&record), &[0]).unwrap();
        prop_assert_eq!(vanished(&record, &mapped, &[]), []);
        let mut person = Contact::new("1".into());
        person.name = Some(name.into());
        person.custom = custom;
        person.emails = emails.into_iter().map(Private::from).collect();
        person.phones = phones.into_iter().map(Private::from).collect();
        person.notes = notes.into_iter().map(|(author, text)| ContactNote {
            at: time("2023-04-05T06:07:00Z"), author: Some(author.into()), text: text.into(),
        }).collect();
        let record = Record::from(person.clone());
        let mapped = map_contacts(&built_in(), &[person]);
        prop_assert_eq!(vanished(&record, &mapped, &[]), []);
    }

    #[test]
    fn nothing_of_an_article_vanishes(
        title in words(), text in words(), html in any::<bool>(), language in proptest::option::of("[a-z]{0,4}(-[A-Z]{2})?"),
        categories in proptest::collection::vec("[1-4]", 0..3), tags in proptest::collection::vec(words(), 0..4),
        author in proptest::option::of(words()), agent in proptest::option::of("a[1-3]"),
        custom in proptest::collection::btree_map(words(), words().prop_map(Private::from), 0..3),
        internal in any::<bool>(), url in proptest::option::of(words()),
    ) {
        let mut a = article("1", &title, "");
        let plain = Body::plain(text.clone());
        a.body = if html { Body::html(crate::text::html_of_plain(&text)) } else { plain };
        a.language = language;
        a.categories = categories.into_iter().map(Into::into).collect();
        a.tags = tags;
        a.author = author.map(Private::from);
        a.author_agent = agent.map(Into::into);
        a.custom = custom;
        a.internal = internal;
        a.url = url.map(Private::from);
        a.created_at = time("2023-04-05T06:07:00Z");
        let all: Vec<Record> = vec![a.into(), node("1", None, "One").into(), node("2", Some("1"), "Two").into()];
        let mapped = map_one(&built_in(), &all, &[0]).unwrap();
        // The agent becomes a teammate or a name, the time is written for people, the format is the part's.
        let recast = [".author_agent", ".created_at", ".body.format", ".body.text"];
        prop_assert_eq!(vanished(&all[0], &mapped, &recast), []);
        let Record::KbArticle(a) = &all[0] else { unreachable!() };
        prop_assert!(everything(&mapped).contains(&a.body.canonical().to_lowercase()));
        prop_assert!(everything(&mapped).contains("2023-04-05 06:07 utc"));
    }

    #[test]
    fn nothing_of_a_tree_vanishes_and_no_link_leads_around(parents in proptest::collection::vec(0usize..9, 1..9)) {
        let id = |i: usize| (i + 1).to_string();
        let all: Vec<Record> = parents.iter().enumerate().map(|(i, parent)| {
            node(&id(i), Some(&id(*parent)).filter(|_| *parent != 8).map(String::as_str), &format!("T{i}")).into()
        }).collect();
        let mapped: Vec<Mapped> = (0..all.len()).map(|i| map_one(&built_in(), &all, &[i]).unwrap()).collect();
        for (record, one) in all.iter().zip(&mapped) {
            // A flattened one's parent is in its name.
            let recast: &[&str] = if lost(one, "name").is_empty() { &[] } else { &[".parent"] };
            prop_assert_eq!(vanished(record, one, recast), []);
            let mut at = draft(one).field("parent").clone();
            let mut levels = 1;
            while let Value::Link(Link::Source(parent)) = &at {
                levels += 1;
                prop_assert!(levels <= 3, "{levels} levels or a cycle");
                let i: usize = parent.id.parse().unwrap();
                at = draft(&mapped[i - 1]).field("parent").clone();
            }
        }
    }

    #[test]
    fn nothing_of_working_hours_vanishes_and_the_minutes_are_those_of_the_week(
        week in proptest::collection::vec((1u8..=7, 0i8..24, 0i8..24), 1..8), offset in -720i32..720,
    ) {
        let mut profile = hours("1", Some("Europe/Copenhagen"), &week);
        profile.offset_minutes = offset;
        let all: Vec<Record> = vec![profile.into()];
        let mapped = map_one(&built_in(), &all, &[0]).unwrap();
        prop_assert_eq!(vanished(&all[0], &mapped, &[".week.weekday", ".week.from", ".week.to"]), []);
        let spans: Vec<(u32, u32)> = draft(&mapped).field("intervals").items().iter().map(|v| {
            let (from, to) = v.as_str().unwrap().split_once('-').unwrap();
            (from.parse().unwrap(), to.parse().unwrap())
        }).collect();
        prop_assert!(spans.iter().all(|(from, to)| from < to && *to <= 10080));
        prop_assert!(spans.windows(2).all(|w| w[0].1 < w[1].0), "apart and in order: {spans:?}");
        // Every full hour of the week is inside exactly when some interval has it.
        for hour in 0..168u32 {
            let (day, of_day) = (hour / 24, hour % 24);
            let open = week.iter().any(|(d, from, to)| {
                let (d, from, to) = (u32::from(*d) - 1, u32::from(from.unsigned_abs()), u32::from(to.unsigned_abs()));
                let length = if to <= from { to + 24 - from } else { to - from };
                (day * 24 + of_day + 168 - (d * 24 + from)) % 168 < length
            });
            let inside = spans.iter().any(|(from, to)| *from <= hour * 60 && hour * 60 < *to);
            prop_assert_eq!(open, inside, "hour {}", hour);
        }
    }
}
