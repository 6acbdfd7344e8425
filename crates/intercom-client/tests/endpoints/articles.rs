use super::Served;
use futures_util::TryStreamExt as _;
use intercom_client::api::{
    ArticleState, ArticleUpdate, InternalArticleUpdate, NewArticle, NewInternalArticle, Translation,
};
use intercom_client::{AdminId, ArticleId, CollectionId, ErrorKind, InternalArticleId, TagId};
use serde_json::{Value, json};

fn article() -> Value {
    json!({"id": "42", "type": "article", "workspace_id": "w", "parent_ids": [145], "title": "Refunds",
        "description": "", "body": "<p class=\"no-margin\">How to</p>", "author_id": 991267497, "state": "draft",
        "created_at": 1734537288, "updated_at": 1734537288, "url": null, "default_locale": "en",
        "translated_content": {"type": "article_translated_content", "fr": null,
            "de": {"type": "article_content", "title": "Erstattung", "body": "<p>Wie</p>", "author_id": 5, "state": "draft"}},
        "tags": {"type": "tag.list", "tags": [{"type": "tag", "id": "17", "name": "migration: a"}]},
        "scheduled_publish_at": null, "statistics": {"views": 0}})
}

#[tokio::test]
async fn an_article_is_a_draft_that_no_ai_answers_from_unless_it_is_said_otherwise() {
    let served = Served::answering("POST", "/articles", 200, article()).await;
    let author = AdminId::from("991267497");
    let fields = ArticleUpdate::new()
        .description("d")
        .body("<p>How to</p>")
        .collection(&CollectionId::from("145"))
        .translation("de", Translation::new("Erstattung").body("<p>Wie</p>").author(&author));
    let new = NewArticle::new("Refunds", &author).with(fields);
    let made = served.client.articles().create(&new).await.unwrap();
    assert_eq!((made.id.as_str(), made.parent().map(CollectionId::as_str)), ("42", Some("145")));
    assert_eq!(made.author_id, Some(author));
    assert_eq!(made.translated_content.keys().collect::<Vec<_>>(), ["de"]);
    assert_eq!(made.tags.tags[0].id.as_str(), "17");
    assert!(!format!("{made:?} {new:?}").contains("How to") && !format!("{made:?}").contains("Refunds"));
    let want = json!({"title": "Refunds", "author_id": 991267497, "state": "draft", "description": "d",
        "body": "<p>How to</p>", "parent_id": 145, "parent_type": "collection",
        "ai_chatbot_availability": false, "ai_copilot_availability": false, "ai_sales_agent_availability": false,
        "translated_content": {"de": {"type": "article_content", "title": "Erstattung", "state": "draft",
            "body": "<p>Wie</p>", "author_id": 991267497}}});
    assert_eq!(served.sent().await, want);
}

#[tokio::test]
async fn an_update_leaves_the_state_alone_and_names_the_collection_as_text() {
    let served = Served::answering("PUT", "/articles/42", 200, article()).await;
    let fields = ArticleUpdate::new().title("R").collection(&CollectionId::from("146"));
    served.client.articles().update(&ArticleId::from("42"), &fields).await.unwrap();
    assert_eq!(served.sent().await, json!({"title": "R", "parent_id": "146", "parent_type": "collection"}));
}

#[tokio::test]
async fn articles_are_read_listed_and_deleted() {
    let page = json!({"type": "list", "data": [article()], "total_count": 1,
        "pages": {"type": "pages", "page": 1, "per_page": 25, "total_pages": 1}});
    let served = Served::answering("GET", "/articles", 200, page).await;
    served.also("GET", "/articles/42", 200, article()).await;
    served
        .also("DELETE", "/articles/42", 200, json!({"id": "42", "object": "article", "deleted": true}))
        .await;
    let all: Vec<_> = served.client.articles().list_all().try_collect().await.unwrap();
    assert_eq!(all[0].state.as_deref(), Some("draft"));
    served.client.articles().get(&all[0].id).await.unwrap();
    served.client.articles().delete(&all[0].id).await.unwrap();
}

#[tokio::test]
async fn a_search_looks_into_drafts_of_one_help_centre() {
    let answer = json!({"type": "list", "total_count": 1, "data": {"articles": [article()], "highlights": []},
        "pages": {"type": "pages", "page": 1, "total_pages": 1, "per_page": 10}});
    let served = Served::answering("GET", "/articles/search", 200, answer).await;
    let found: Vec<_> = served
        .client
        .articles()
        .search_all("how to", ArticleState::Draft, Some(&"79".into()))
        .try_collect()
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(served.query().await, "phrase=how+to&state=draft&help_center_id=79&per_page=50");
}

#[tokio::test]
async fn tags_are_put_on_and_taken_off() {
    for (at, internal) in [("/articles/42/tags", false), ("/internal_articles/42/tags", true)] {
        let tag = json!({"type": "tag", "id": "17", "name": "migration: a"});
        let served = Served::answering("POST", at, 200, tag.clone()).await;
        served.also("DELETE", &format!("{at}/17"), 200, tag).await;
        let (id, by) = (TagId::from("17"), AdminId::from("7"));
        if internal {
            let article = InternalArticleId::from("42");
            served.client.internal_articles().attach_tag(&article, &id, Some(&by)).await.unwrap();
            assert_eq!(served.sent().await, json!({"id": "17", "admin_id": "7"}));
            served.client.internal_articles().detach_tag(&article, &id).await.unwrap();
        } else {
            let article = ArticleId::from("42");
            served.client.articles().attach_tag(&article, &id, None).await.unwrap();
            assert_eq!(served.sent().await, json!({"id": "17"}));
            served.client.articles().detach_tag(&article, &id).await.unwrap();
        }
        assert!(served.requests().await[1].body.is_empty());
    }
}

#[tokio::test]
async fn an_article_without_an_author_is_refused() {
    let answer = json!({"type": "error.list", "errors": [{"code": "parameter_not_found", "message": "author_id must be in the main body or default locale translated_content object"}]});
    let served = Served::answering("POST", "/articles", 400, answer).await;
    let e = served.client.articles().create(&NewArticle::new("t", &"0".into())).await.unwrap_err();
    assert_eq!((e.kind(), e.code()), (ErrorKind::Invalid, Some("parameter_not_found")));
}

#[tokio::test]
async fn an_internal_article_has_an_author_and_an_owner_and_neither_state_nor_collection() {
    let answer = json!({"id": 39, "type": "internal_article", "title": "SOP", "body": "<p>x</p>", "owner_id": 8,
        "author_id": "7", "created_at": 1734537283, "locale": "en"});
    let served = Served::answering("POST", "/internal_articles", 200, answer.clone()).await;
    let new = NewInternalArticle::new("SOP", &"7".into(), &"8".into())
        .with(InternalArticleUpdate::new().body("<p>x</p>"));
    let made = served.client.internal_articles().create(&new).await.unwrap();
    assert_eq!((made.id.as_str(), made.owner_id, made.author_id), ("39", Some("8".into()), Some("7".into())));
    let want = json!({"title": "SOP", "author_id": 7, "owner_id": 8, "body": "<p>x</p>",
        "ai_chatbot_availability": false, "ai_copilot_availability": false, "ai_sales_agent_availability": false});
    assert_eq!(served.sent().await, want);
}

#[tokio::test]
async fn internal_articles_are_read_listed_written_and_deleted() {
    let one = json!({"id": "39", "type": "internal_article", "title": null});
    let page = json!({"type": "list", "data": [one.clone()], "pages": {"page": 1, "total_pages": 1}});
    let served = Served::answering("GET", "/internal_articles", 200, page).await;
    served.also("GET", "/internal_articles/39", 200, one.clone()).await;
    served.also("PUT", "/internal_articles/39", 200, one).await;
    served.also("DELETE", "/internal_articles/39", 200, json!({"id": "39", "deleted": true})).await;
    let all: Vec<_> = served.client.internal_articles().list_all().try_collect().await.unwrap();
    served.client.internal_articles().get(&all[0].id).await.unwrap();
    let fields = InternalArticleUpdate::new().title("B");
    served.client.internal_articles().update(&all[0].id, &fields).await.unwrap();
    served.client.internal_articles().delete(&all[0].id).await.unwrap();
    let put: Value = serde_json::from_slice(&served.requests().await[2].body).unwrap();
    assert_eq!(put, json!({"title": "B"}));
}

#[tokio::test]
async fn a_missing_article_is_not_found() {
    let answer = json!({"type": "error.list", "errors": [{"code": "internal_article_not_found", "message": "Resource Not Found"}]});
    let served = Served::answering("GET", "/internal_articles/9", 404, answer).await;
    let e = served.client.internal_articles().get(&InternalArticleId::from("9")).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::NotFound);
}
