use super::Served;
use futures_util::TryStreamExt as _;
use serde_json::json;
use zohodesk_client::ErrorKind;
use zohodesk_client::Paging;
use zohodesk_client::api::{
    FolderAccess, NewArticle, NewSection, NewTemplate, NewTemplateFolder, TemplateQuery,
};

#[tokio::test]
async fn an_article_is_a_draft_with_its_author() {
    let served = Served::answering("POST", "/articles", 200, json!({"id": "52", "title": "t"})).await;
    let new = NewArticle::draft("t", "<p>x</p>", &"51".into()).author(&"3".into()).tags(&["focalscope"]);
    assert_eq!(served.client.articles().create(&new).await.unwrap().id.as_str(), "52");
    let sent = json!({"title": "t", "answer": "<p>x</p>", "categoryId": "51", "status": "Draft", "authorId": "3",
        "tags": ["focalscope"]});
    assert_eq!(served.sent().await, sent);
}

#[tokio::test]
async fn a_200_for_several_articles_says_of_each_what_became_of_it() {
    let answer = json!({"results": [
        {"id": "1", "success": true, "errors": null},
        {"id": 2, "success": false, "errors": {"errorCode": "FORBIDDEN", "httpCode": "403", "errorMessage": "no, ada"}},
        {"id": "3"}]});
    let served = Served::answering("POST", "/articles/moveToTrash", 200, answer).await;
    let each = served.client.articles().trash(&["1".into(), "2".into(), "3".into()]).await.unwrap();
    assert_eq!(each.iter().map(|r| r.done).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(
        (each[1].id.as_str(), each[1].code.as_deref(), each[1].status),
        ("2", Some("FORBIDDEN"), Some(403))
    );
    assert!(!format!("{each:?}").contains("ada"));
}

#[tokio::test]
async fn sections_and_categories() {
    let served =
        Served::answering("POST", "/kbSections", 200, json!({"id": "60", "rootCategoryId": "51"})).await;
    let made = served.client.sections().create(&NewSection::new("n", "en", "n", &"51".into())).await.unwrap();
    assert_eq!(made.root_category_id, Some("51".into()));
    served.also("DELETE", "/kbCategory/60", 204, json!(null)).await;
    served.client.categories().delete(&"60".into()).await.unwrap();
    served.also("GET", "/kbRootCategories", 200, json!({"data": [{"id": "51", "name": "Help"}]})).await;
    let all: Vec<_> = served.client.categories().list_all().try_collect().await.unwrap();
    assert_eq!(all[0].name.as_deref(), Some("Help"));
    let query = served.requests().await.last().unwrap().url.query().unwrap().to_owned();
    assert_eq!(query, "from=1&limit=700");
}

#[tokio::test]
async fn template_folders_come_as_a_bare_list_and_their_ids_have_names_of_their_own() {
    let served =
        Served::answering("GET", "/templateFolders", 200, json!([{"folderId": 54, "folderName": "Sales"}]))
            .await;
    let all: Vec<_> = served.client.template_folders().list_all(&"1".into()).try_collect().await.unwrap();
    assert_eq!(all[0].id.as_str(), "54");
    assert_eq!(served.query().await, "departmentId=1&from=1&limit=1000");
    served.also("GET", "/templates", 200, json!({"data": [{"templateId": "55"}]})).await;
    let query = TemplateQuery::new().folder(&"54".into());
    let page = served.client.templates().list(&"1".into(), &query, Paging::TEMPLATES.start()).await.unwrap();
    assert_eq!(page.items[0].id.as_str(), "55");
}

#[tokio::test]
async fn a_folder_and_a_template_are_made_with_201() {
    let served = Served::answering("POST", "/templateFolders", 201, json!({"folderId": "54"})).await;
    let access = FolderAccess::Restricted { agents: vec![], teams: vec!["6".into()], roles: vec![] };
    let new = NewTemplateFolder::new("Sales", &"1".into(), &access);
    assert_eq!(served.client.template_folders().create(&new).await.unwrap().id.as_str(), "54");
    let details = json!({"type": "restrictedAccess", "agents": [], "teams": ["6"], "roles": [], "rolesAndSubordinates": []});
    assert_eq!(served.sent().await["folderAccessDetails"], details);
    served.also("POST", "/templates", 201, json!({"templateId": "55"})).await;
    let mail = NewTemplate::new("n", "s", &"1".into(), &"54".into(), "desk@acme.example").body("b");
    assert_eq!(served.client.templates().create(&mail).await.unwrap().id.as_str(), "55");
}

#[tokio::test]
async fn a_list_without_a_list_is_an_error_and_not_empty() {
    let served = Served::answering("GET", "/articles", 200, json!({"error": "x"})).await;
    let e = served.client.articles().list(&Default::default(), Paging::ARTICLES.start()).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Malformed);
}
