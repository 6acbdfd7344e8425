//! Traps of Intercom that moving companies, the knowledge base and settings can meet; names carry the traps' ids.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use migrate_sandbox::intercom::{
    AutoAdvance, ChildrenOfDeleted, DeepCollections, Edit, Fault, FaultRule, Macro, Seed, SeedCompany,
    SeedContact, Team,
};
use serde_json::{Value, json};
use support::{ADMIN, Answer, Desk, NOW};

fn author() -> u64 {
    ADMIN.parse().unwrap()
}

async fn company(desk: &Desk, key: &str) -> String {
    desk.post("/companies", json!({"company_id": key, "name": key})).await.ok().id()
}

async fn collection(desk: &Desk, name: &str, parent: Option<&str>) -> Answer {
    desk.post("/help_center/collections", json!({"name": name, "parent_id": parent})).await
}

async fn article(desk: &Desk, extra: Value) -> Answer {
    let mut body = json!({"title": "How", "author_id": author()});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    desk.post("/articles", body).await
}

fn ids(answer: &Answer) -> Vec<String> {
    let rows = answer.body["data"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn t06_the_clock_can_go_on_by_itself_so_that_nobody_waits_for_a_window() {
    for (how, refused, windows) in
        [(AutoAdvance::OnEmpty, 0, 4), (AutoAdvance::OnRefusal, 2, 2), (AutoAdvance::Off, 6, 0)]
    {
        let desk = Desk::with(|knobs| {
            knobs.rate_limit = 2;
            knobs.auto_advance = how;
        });
        let mut over = 0;
        for _ in 0..8 {
            over += usize::from(desk.get("/me").await.status == 429);
        }
        assert_eq!((over, desk.now() - NOW), (refused, windows * 10), "{how:?}");
    }
}

#[tokio::test]
async fn t10_snippets_and_office_hours_answer_201_deletes_of_snippets_204_events_202() {
    let desk = Desk::new();
    let made = desk.post("/content_snippets", json!({"title": "x", "body_markdown": "y"})).await;
    assert_eq!(made.status, 201);
    let gone = desk.delete(&format!("/content_snippets/{}", made.id())).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    let event = desk.post("/events", json!({"event_name": "x", "id": "y", "created_at": NOW})).await;
    assert_eq!((event.status, event.text.as_str()), (202, ""));
    let hours = json!({"name": "x", "time_zone_name": "UTC", "time_intervals": []});
    assert_eq!(desk.post("/office_hours_schedules", hours).await.status, 201);
}

#[tokio::test]
async fn t17_a_lead_that_was_merged_is_gone_and_in_the_history_of_the_user() {
    let desk = Desk::new();
    let user = desk.contact("ann@customer.example").await;
    let lead = json!({"role": "lead", "email": "ann@customer.example"});
    let lead = desk.post("/contacts", lead).await.ok().id();
    let other = json!({"role": "lead", "email": "bob@customer.example"});
    let other = desk.post("/contacts", other).await.ok().id();
    let refused = desk.post("/contacts/merge", json!({"from": other, "into": user})).await;
    assert_eq!((refused.status, refused.code()), (400, "invalid_merge"));
    desk.post("/contacts/merge", json!({"from": lead, "into": user})).await.ok();
    let gone = desk.get(&format!("/contacts/{lead}")).await;
    assert_eq!((gone.status, gone.header("link")), (410, &*format!("</contacts/{user}>; rel=\"canonical\"")));
    let history = desk.get(&format!("/contacts/{user}/merge_history")).await.ok().body;
    assert_eq!(history["data"][0]["source_contact_id"], lead);
    assert_eq!(desk.intercom.journal().denied_calls.by_kind["contact_merge"], 2);
}

#[tokio::test]
async fn t49_a_teammate_who_leaves_in_the_middle_can_be_neither_author_nor_assignee() {
    let desk = Desk::new();
    let (contact, conversation) = desk.thread().await;
    desk.agent_says(&conversation, "comment", "x").await.ok();
    desk.intercom.edit(&Edit::TeammateGone { admin: author() }).unwrap();
    assert_eq!(desk.agent_says(&conversation, "comment", "y").await.code(), "admin_not_found");
    let body =
        json!({"message_type": "assignment", "type": "admin", "admin_id": "991267400", "assignee_id": ADMIN});
    let assigned = desk.post(&format!("/conversations/{conversation}/parts"), body).await;
    assert_eq!((assigned.status, assigned.code()), (404, "assignee_not_found"));
    assert_eq!(article(&desk, json!({})).await.code(), "admin_not_found");
    let note =
        desk.post(&format!("/contacts/{contact}/notes"), json!({"body": "x", "admin_id": ADMIN})).await;
    assert_eq!((note.status, note.code()), (404, "not_found"));
    assert_eq!(desk.get(&format!("/admins/{ADMIN}")).await.code(), "admin_not_found");
    let log = desk.get("/admins/activity_logs?created_at_after=0").await.ok().body;
    assert_eq!(log["activity_logs"][0]["activity_type"], "admin_deletion");
}

#[tokio::test]
async fn t57_a_company_is_found_again_by_its_key_and_an_unknown_parameter_refused() {
    let desk = Desk::new();
    let first = company(&desk, "focalscope:org:1").await;
    let body = json!({"company_id": "focalscope:org:1", "name": "Smith", "monthly_spend": 12.9});
    let again = desk.post("/companies", body).await.ok();
    assert_eq!(
        (again.id(), &again.body["name"], &again.body["monthly_spend"]),
        (first.clone(), &json!("Smith"), &json!(12))
    );
    assert_eq!(desk.intercom.state().companies, 1);
    let refused = desk.post("/companies", json!({"company_id": "x", "test": 1})).await;
    assert_eq!(
        (refused.status, refused.code(), refused.message()),
        (400, "bad_request", "bad 'test' parameter")
    );
    let body = json!({"company_id": "x", "custom_attributes": {"unheard": "of"}});
    assert_eq!(desk.post("/companies", body).await.code(), "parameter_invalid");
    let body = json!({"company_id": "focalscope:org:9", "name": "Smith"});
    let changed = desk.put(&format!("/companies/{first}"), body).await.ok();
    assert_eq!(changed.body["company_id"], "focalscope:org:1", "the key never changes");
}

#[tokio::test]
async fn t57_a_company_is_hidden_until_somebody_belongs_to_it() {
    let desk = Desk::new();
    let id = company(&desk, "k").await;
    let hidden = [desk.get("/companies?company_id=k").await, desk.get(&format!("/companies/{id}")).await];
    assert!(hidden.iter().all(|answer| (answer.status, answer.code()) == (404, "company_not_found")));
    assert_eq!(desk.call("POST", "/companies/list", None).await.ok().body["total_count"], 0);
    let contact = desk.contact("ann@customer.example").await;
    let own = format!("/contacts/{contact}/companies");
    let missing = desk.post(&own, json!({})).await;
    assert_eq!((missing.status, missing.code()), (400, "parameter_not_found"));
    assert_eq!(desk.post(&own, json!({"id": id})).await.ok().body["user_count"], 1);
    assert_eq!(desk.get("/companies?company_id=k").await.ok().id(), id);
    assert_eq!(desk.call("POST", "/companies/list", None).await.ok().body["total_count"], 1);
    let shown = desk.get(&format!("/contacts/{contact}")).await.ok().body;
    assert_eq!(shown["companies"]["data"][0]["id"], id);
    assert_eq!(ids(&desk.get(&format!("/companies/{id}/contacts")).await.ok()), [contact.as_str()]);
    desk.delete(&format!("{own}/{id}")).await.ok();
    assert_eq!(desk.get(&format!("/companies/{id}")).await.status, 404);
    desk.intercom.turn(|knobs| knobs.empty_companies_seen = true);
    desk.get(&format!("/companies/{id}")).await.ok();
}

#[tokio::test]
async fn t57_a_deleted_company_is_archived_a_while_later() {
    let desk = Desk::new();
    let contact = desk.contact("ann@customer.example").await;
    let id = company(&desk, "k").await;
    desk.post(&format!("/contacts/{contact}/companies"), json!({"id": id})).await.ok();
    assert_eq!(desk.delete(&format!("/companies/{id}")).await.ok().body["deleted"], true);
    desk.get(&format!("/companies/{id}")).await.ok();
    assert_eq!(desk.intercom.state().companies, 1, "said, not done");
    desk.advance(30);
    assert_eq!(desk.get(&format!("/companies/{id}")).await.status, 404);
    let own = desk.get(&format!("/contacts/{contact}/companies")).await.ok();
    assert_eq!(own.body["total_count"], 0);
    assert_ne!(company(&desk, "k").await, id, "a new one");
}

#[tokio::test]
async fn t57_a_contact_belongs_to_so_many_companies_and_no_more() {
    let desk = Desk::with(|knobs| knobs.companies_per_contact = 2);
    let contact = desk.contact("ann@customer.example").await;
    let own = format!("/contacts/{contact}/companies");
    for key in ["a", "b"] {
        let id = company(&desk, key).await;
        desk.post(&own, json!({"id": id})).await.ok();
        desk.post(&own, json!({"id": id})).await.ok();
    }
    let id = company(&desk, "c").await;
    let refused = desk.post(&own, json!({"id": id})).await;
    assert_eq!((refused.status, refused.code()), (400, "contact_company_limit_exceeded"));
    assert_eq!(desk.post(&own, json!({"id": "none"})).await.code(), "company_not_found");
}

#[tokio::test]
async fn t57_notes_carry_the_time_of_writing_and_stay_for_good() {
    let desk = Desk::new();
    let contact = desk.contact("ann@customer.example").await;
    let path = format!("/contacts/{contact}/notes");
    let body = json!({"body": "Likes fish", "admin_id": ADMIN, "created_at": NOW - 86_400});
    let made = desk.post(&path, body).await.ok();
    assert_eq!((&made.body["created_at"], &made.body["author"]["id"]), (&json!(NOW), &json!(ADMIN)));
    assert_eq!(desk.intercom.journal().ignored_keys["POST /contacts/{id}/notes created_at"], 1);
    desk.post(&path, json!({"body": "Second"})).await.ok();
    let listed = desk.get(&path).await.ok();
    assert_eq!(listed.body["data"][1]["id"], made.id(), "newest first");
    for method in ["PUT", "DELETE"] {
        let answer = desk.call(method, &format!("/notes/{}", made.id()), Some(json!({"body": "x"}))).await;
        assert_eq!((answer.status, answer.code()), (404, "not_found"));
    }
    assert_eq!(desk.get(&format!("/contacts/{contact}")).await.ok().body["notes"]["total_count"], 2);
    assert_eq!(desk.intercom.state().notes, 2);
}

#[tokio::test]
async fn t58_an_article_needs_an_author_and_is_a_draft_that_nobody_can_read() {
    let desk = Desk::new();
    let refused = desk.post("/articles", json!({"title": "x"})).await;
    assert_eq!((refused.status, refused.code()), (400, "parameter_not_found"));
    assert_eq!(
        refused.message(),
        "author_id must be in the main body or default locale translated_content object"
    );
    assert_eq!(article(&desk, json!({"author_id": 1})).await.code(), "admin_not_found");
    let made = article(&desk, json!({"body": "<h1 id=x>How</h1><div onclick=y>So</div>"})).await.ok().body;
    assert_eq!(
        (&made["state"], &made["url"], &made["parent_ids"]),
        (&json!("draft"), &Value::Null, &json!([]))
    );
    assert_eq!(made["body"], "<h1>How</h1><p class=\"no-margin\">So</p>", "in its own HTML");
    let path = format!("/articles/{}", made["id"].as_str().unwrap());
    let published = desk.put(&path, json!({"state": "published"})).await.ok().body;
    assert!(
        published["url"].as_str().unwrap().starts_with("https://help-center.example/sandbox/en/articles/")
    );
    let renamed = desk.put(&path, json!({"title": "Why"})).await.ok().body;
    assert_eq!((&renamed["state"], &renamed["title"]), (&json!("published"), &json!("Why")), "live at once");
    assert_eq!(desk.intercom.state().published_articles, 1);
    desk.delete(&path).await.ok();
    assert_eq!((desk.delete(&path).await.status, desk.get(&path).await.code()), (404, "not_found"));
}

#[tokio::test]
async fn t58_the_collection_is_a_number_on_create_a_string_on_update_and_a_list_on_read() {
    let desk = Desk::new();
    let id = collection(&desk, "Top", None).await.ok().id();
    let number: u64 = id.parse().unwrap();
    assert_eq!(article(&desk, json!({"parent_id": id, "parent_type": "collection"})).await.status, 400);
    let made = article(&desk, json!({"parent_id": number})).await.ok();
    assert_eq!(made.body["parent_ids"], json!([number]));
    assert!(made.body.get("parent_id").is_none());
    let path = format!("/articles/{}", made.id());
    assert_eq!(desk.put(&path, json!({"parent_id": number})).await.status, 400);
    desk.put(&path, json!({"parent_id": id})).await.ok();
    assert_eq!(article(&desk, json!({"parent_id": 1})).await.status, 404);
    desk.intercom.turn(|knobs| knobs.strict_parent_id = false);
    article(&desk, json!({"parent_id": id})).await.ok();
}

#[tokio::test]
async fn t58_translations_need_their_language_and_assistants_read_what_says_nothing_of_them() {
    let desk = Desk::new();
    let danish = json!({"translated_content": {"da": {"title": "Hvordan", "body": "Sådan"}}});
    assert_eq!(article(&desk, danish.clone()).await.code(), "parameter_invalid");
    desk.intercom.seed(Seed { locales: vec!["da".into()], ..Seed::default() });
    let made = article(&desk, danish).await.ok();
    let translated = &made.body["translated_content"];
    assert_eq!((&translated["da"]["title"], &translated["en"]["title"]), (&json!("Hvordan"), &json!("How")));
    assert_eq!(made.body["ai_chatbot_availability"], true);
    assert_eq!(desk.intercom.state().articles_for_ai, 1);
    let closed = json!({"ai_chatbot_availability": false, "ai_copilot_availability": false,
        "ai_sales_agent_availability": false});
    desk.put(&format!("/articles/{}", made.id()), closed).await.ok();
    let within = json!({"title": "x", "author_id": author(), "owner_id": author()});
    let within = desk.post("/internal_articles", within).await.ok();
    assert_eq!(within.body["ai_chatbot_availability"], false);
    assert!(within.body.get("state").is_none() && within.body.get("parent_ids").is_none());
    assert_eq!(desk.intercom.state().articles_for_ai, 0);
}

#[tokio::test]
async fn t59_a_collection_needs_a_name_and_a_fourth_level_is_refused_or_made_flat() {
    let desk = Desk::new();
    let refused = desk.post("/help_center/collections", json!({})).await;
    assert_eq!((refused.status, refused.code()), (400, "parameter_not_found"));
    assert_eq!(refused.message(), "Name is a required parameter.");
    let one = collection(&desk, "1", None).await.ok().id();
    let two = collection(&desk, "2", Some(&one)).await.ok().id();
    let three = collection(&desk, "3", Some(&two)).await.ok();
    assert_eq!((&three.body["parent_id"], &three.body["help_center_id"]), (&json!(two), &Value::Null));
    assert_eq!(collection(&desk, "4", Some(&three.id())).await.status, 400);
    desk.intercom.turn(|knobs| knobs.deep_collections = DeepCollections::Flattened);
    assert_eq!(collection(&desk, "4", Some(&three.id())).await.ok().body["parent_id"], two);
    let round = desk.put(&format!("/help_center/collections/{one}"), json!({"parent_id": three.id()})).await;
    assert_eq!(round.status, 400);
}

#[tokio::test]
async fn t59_lists_are_newest_first_and_rows_shift_while_others_write() {
    let desk = Desk::with(|knobs| knobs.library_page_size = 2);
    let mut made = Vec::new();
    for name in ["a", "b", "c"] {
        desk.advance(1);
        made.push(collection(&desk, name, None).await.ok().id());
    }
    let first = desk.get("/help_center/collections").await.ok();
    assert_eq!(ids(&first), [made[2].clone(), made[1].clone()]);
    assert_eq!((&first.body["pages"]["total_pages"], first.body["pages"].get("next")), (&json!(2), None));
    desk.advance(1);
    desk.put(&format!("/help_center/collections/{}", made[0]), json!({"description": "x"})).await.ok();
    let second = desk.get("/help_center/collections?page=2").await.ok();
    assert_eq!(ids(&second), [made[1].clone()], "seen before; the changed one was missed");
}

#[tokio::test]
async fn t59_what_is_in_a_deleted_collection_goes_too_or_stays_without_a_place() {
    for (children, left) in [(ChildrenOfDeleted::GoToo, (0, 0)), (ChildrenOfDeleted::Stay, (1, 1))] {
        let desk = Desk::with(|knobs| knobs.children_of_deleted = children);
        let one = collection(&desk, "1", None).await.ok().id();
        let two = collection(&desk, "2", Some(&one)).await.ok().id();
        article(&desk, json!({"parent_id": two.parse::<u64>().unwrap()})).await.ok();
        desk.delete(&format!("/help_center/collections/{one}")).await.ok();
        let state = desk.intercom.state();
        assert_eq!((state.collections, state.articles), left, "{children:?}");
    }
}

#[tokio::test]
async fn t60_a_redirect_is_made_once_and_inside_the_help_centre_alone() {
    let desk = Desk::new();
    let target = article(&desk, json!({})).await.ok().id();
    let redirects = "/help_center/help_centers/79/redirects";
    let body = |from: &str, id: &str| json!({"from_url": from, "locale": "en", "target_type": "article", "target_id": id});
    let old = "https://help-center.example/sandbox/kb/7";
    desk.post(redirects, body(old, &target)).await.ok();
    let again = desk.post(redirects, body(old, &target)).await;
    assert_eq!((again.status, again.code()), (409, "resource_conflict"));
    let foreign = desk.post(redirects, body("https://kb.customer.example/7", &target)).await;
    assert_eq!((foreign.status, foreign.code()), (422, "data_invalid"));
    assert_eq!(desk.post(redirects, body(old, "1")).await.status, 404);
    let kind = json!({"from_url": old, "locale": "en", "target_type": "page", "target_id": target});
    assert_eq!(desk.post(redirects, kind).await.code(), "parameter_invalid");
    assert_eq!(desk.post(redirects, json!({})).await.message(), "from_url is required");
    assert_eq!(desk.intercom.state().redirects, 1);
}

#[tokio::test]
async fn t61_a_bulk_action_is_taken_at_once_done_later_and_drops_wrong_kinds_in_silence() {
    let desk = Desk::new();
    let made = article(&desk, json!({})).await.ok().id();
    desk.advance(60);
    let found = desk.get("/content/search").await.ok().body;
    let content = found["data"][0]["contents"][0]["id"].as_str().unwrap().to_owned();
    assert_ne!(content, made, "ids of languages are others than those of articles");
    let action = |action: &str, kind: &str, id: &str| json!({"action": action, "content_ids": [{"type": kind, "id": id}], "tags": {"add_tag_ids": []}});
    for body in [action("publish", "article", &made), action("publish", "article_content", &content)] {
        let answer = desk.post("/content/bulk_actions", body).await;
        assert_eq!((answer.status, &answer.body["status"]), (202, &json!("queued")));
    }
    assert_eq!(desk.get(&format!("/articles/{made}")).await.ok().body["state"], "draft", "not yet");
    desk.advance(30);
    assert_eq!(desk.get(&format!("/articles/{made}")).await.ok().body["state"], "published");
    for (kind, id, there) in [("article", &made, 200), ("article_content", &content, 404)] {
        desk.post("/content/bulk_actions", action("delete", kind, id)).await;
        desk.advance(30);
        assert_eq!(desk.get(&format!("/articles/{made}")).await.status, there);
    }
}

#[tokio::test]
async fn t61_content_is_found_by_tag_a_while_after_it_was_tagged() {
    let desk = Desk::new();
    let tag = desk.post("/tags", json!({"name": "migration: b"})).await.ok().id();
    for _ in 0..3 {
        let id = article(&desk, json!({})).await.ok().id();
        desk.post(&format!("/articles/{id}/tags"), json!({"id": tag})).await.ok();
    }
    article(&desk, json!({})).await.ok();
    let within = json!({"title": "x", "author_id": author(), "owner_id": author()});
    let within = desk.post("/internal_articles", within).await.ok().id();
    desk.post(&format!("/internal_articles/{within}/tags"), json!({"id": tag})).await.ok();
    let search = format!("/content/search?tag_ids={tag}&per_page=3");
    assert_eq!(desk.get(&search).await.ok().body["total_count"], 0);
    desk.advance(30);
    let first = desk.get(&search).await.ok();
    assert_eq!((&first.body["total_count"], ids(&first).len()), (&json!(4), 3));
    assert!(first.body["pages"]["next"].as_str().unwrap().contains("page=2"), "an address");
    assert_eq!(desk.get("/content/search?per_page=51").await.status, 400);
    assert_eq!(
        desk.get(&format!("{search}&content_types=internal_article")).await.ok().body["total_count"],
        1
    );
    assert_eq!(desk.post("/articles/1/tags", json!({"id": tag})).await.code(), "article_not_found");
    assert_eq!(
        desk.post(&format!("/internal_articles/{within}/tags"), json!({"id": "1"})).await.code(),
        "tag_not_found"
    );
}

#[tokio::test]
async fn t54_a_deleted_tag_is_gone_from_articles_too() {
    let desk = Desk::new();
    let tag = desk.post("/tags", json!({"name": "migration: b"})).await.ok().id();
    let id = article(&desk, json!({})).await.ok().id();
    desk.post(&format!("/articles/{id}/tags"), json!({"id": tag})).await.ok();
    let shown = |answer: Answer| answer.ok().body["tags"]["tags"].as_array().unwrap().len();
    assert_eq!(shown(desk.get(&format!("/articles/{id}")).await), 1);
    desk.delete(&format!("/tags/{tag}")).await.ok();
    assert_eq!(shown(desk.get(&format!("/articles/{id}")).await), 0);
}

#[tokio::test]
async fn t62_macros_can_be_read_and_not_written_and_those_of_other_teams_are_hidden() {
    let desk = Desk::new();
    let saved = |name: &str, teams: Vec<u64>, at: i64| Macro {
        name: name.into(),
        text: "Hi {{user.name|fallback:\"there\"}}, 1 < 2\n\nBye {{nobody.knows}}".into(),
        teams,
        updated_at: Some(at),
        ..Macro::default()
    };
    let mine = Team { id: 7, name: "Mine".into(), admin_ids: vec![991_267_400], deprecated: false };
    let macros =
        vec![saved("a", vec![], NOW - 3), saved("b", vec![5_017_691], NOW - 2), saved("c", vec![7], NOW - 1)];
    desk.intercom.seed(Seed { macros, teams: vec![mine], ..Seed::default() });
    let first = desk.get("/macros?per_page=1").await.ok().body;
    assert_eq!(
        (&first["data"][0]["name"], &first["data"][0]["visible_to"]),
        (&json!("c"), &json!("specific_teams"))
    );
    let cursor =
        first["pages"]["next"]["starting_after"].as_str().unwrap().replace('=', "%3D").replace('+', "%2B");
    let second = desk.get(&format!("/macros?per_page=1&starting_after={cursor}")).await.ok().body;
    let shown = &second["data"][0];
    assert_eq!((&shown["name"], &second["pages"]["next"]), (&json!("a"), &Value::Null), "b is not shown");
    let html = "<p>Hi <attribute key=\"user.name\" default=\"there\"/>, 1 &lt; 2</p>\
                <p>Bye <attribute key=\"nobody.knows\"/></p>";
    assert_eq!(shown["body"], html);
    assert_eq!(shown["body_text"], "Hi {{user.name|fallback:\"there\"}}, 1 < 2\n\nBye {{nobody.knows}}");
    let hidden: u64 = shown["id"].as_str().unwrap().parse::<u64>().unwrap() + 1;
    let answer = desk.get(&format!("/macros/{hidden}")).await;
    assert_eq!((answer.status, answer.message()), (404, "Macro not found"));
    for method in ["POST", "PUT", "DELETE"] {
        let path = if method == "POST" { "/macros".to_owned() } else { format!("/macros/{hidden}") };
        assert_eq!(desk.call(method, &path, Some(json!({"name": "x"}))).await.status, 404);
    }
}

#[tokio::test]
async fn t63_calls_states_and_what_else_people_set_up_can_not_be_created() {
    let desk = Desk::new();
    for path in ["/calls", "/ticket_states", "/emails", "/brands", "/help_center/help_centers", "/jobs"] {
        let answer = desk.post(path, json!({"name": "x"})).await;
        assert_eq!((answer.status, answer.code()), (404, "not_found"), "{path}");
    }
    assert_eq!(desk.get("/calls").await.ok().body["total_count"], 0);
}

async fn ticket_type(desk: &Desk) -> (String, String) {
    let kind = desk.post("/ticket_types", json!({"name": "Bug"})).await.ok().id();
    let body = json!({"name": "Sort", "description": "x", "data_type": "list", "list_items": "Red, Blue"});
    let attribute = desk.post(&format!("/ticket_types/{kind}/attributes"), body).await.ok();
    let item = attribute.body["input_options"]["list_options"][0]["id"].as_str().unwrap().to_owned();
    (kind, item)
}

#[tokio::test]
async fn t64_a_ticket_is_made_later_and_one_for_an_unknown_address_makes_somebody() {
    let desk = Desk::new();
    let (kind, _) = ticket_type(&desk).await;
    let body = |person: Value| json!({"ticket_type_id": kind, "contacts": [person]});
    let job = desk.post("/tickets/enqueue", body(json!({"email": "new@customer.example"}))).await.ok();
    assert_eq!(job.body["status"], "pending");
    let doomed = desk.post("/tickets/enqueue", body(json!({"external_id": "nobody"}))).await.ok();
    let look = |id: String| {
        let desk = &desk;
        async move { desk.get(&format!("/jobs/status/{id}")).await.ok().body }
    };
    assert_eq!(look(job.id()).await["status"], "pending");
    assert_eq!(desk.intercom.state().tickets, 0);
    desk.advance(10);
    let done = look(job.id()).await;
    assert_eq!(
        (&done["status"], look(doomed.id()).await["status"].clone()),
        (&json!("success"), json!("failed"))
    );
    let ticket = desk.get(&format!("/tickets/{}", done["resource_id"].as_str().unwrap())).await.ok();
    assert_ne!(ticket.body["id"], ticket.body["ticket_id"], "the number that people see is another");
    assert_eq!((desk.intercom.state().contacts, desk.intercom.state().tickets), (1, 1));
    assert_eq!(desk.get("/jobs/status/1").await.code(), "job_not_found");
}

#[tokio::test]
async fn t65_a_list_of_a_ticket_takes_the_key_of_an_entry_and_not_its_label() {
    let desk = Desk::new();
    let (kind, item) = ticket_type(&desk).await;
    let body = |values: Value| json!({"ticket_type_id": kind, "contacts": [{"email": "a@customer.example"}], "ticket_attributes": values});
    for values in [json!({"Sort": "Red"}), json!({"Unheard": "of"})] {
        let refused = desk.post("/tickets", body(values)).await;
        assert_eq!((refused.status, refused.code()), (400, "parameter_invalid"));
    }
    assert_eq!(desk.intercom.state().contacts, 0);
    desk.post("/tickets", body(json!({"Sort": item, "_default_title_": "T"}))).await.ok();
}

#[tokio::test]
async fn t70_a_scope_that_the_token_lacks_is_named() {
    let desk = Desk::with(|knobs| {
        knobs.missing_scopes = vec!["read_write_articles_scope".into(), "read_conversations".into()];
    });
    let refused = article(&desk, json!({})).await;
    assert_eq!((refused.status, refused.code()), (403, "forbidden"));
    assert!(refused.message().contains("(read_write_articles_scope)"));
    desk.get("/articles").await.ok();
    for path in ["/macros", "/conversations/1"] {
        assert!(desk.get(path).await.message().contains("(read_conversations)"), "{path}");
    }
    let search = json!({"query": {"field": "state", "operator": "=", "value": "open"}});
    assert_eq!(desk.post("/conversations/search", search).await.status, 403);
    desk.thread().await;
}

#[tokio::test]
async fn t71_one_scroll_at_a_time_that_dies_when_nobody_reads_or_an_answer_fails() {
    let desk = Desk::new();
    let person = SeedContact { email: Some("a@b.example".into()), ..SeedContact::default() };
    let company = |number: usize| SeedCompany {
        company_id: number.to_string(),
        members: vec!["a@b.example".into()],
        ..SeedCompany::default()
    };
    let companies = (0..150).map(company).collect();
    desk.intercom.seed(Seed { contacts: vec![person], companies, ..Seed::default() });
    let first = desk.get("/companies/scroll").await.ok();
    let param = first.body["scroll_param"].as_str().unwrap().to_owned();
    assert_eq!(first.body["data"].as_array().unwrap().len(), 100);
    let second = desk.get("/companies/scroll").await;
    assert_eq!((second.status, second.code()), (400, "scroll_exists"));
    let path = format!("/companies/scroll?scroll_param={param}");
    assert_eq!(desk.get(&path).await.ok().body["data"].as_array().unwrap().len(), 50);
    assert_eq!(desk.get(&path).await.ok().body["data"], json!([]), "the end");
    assert_eq!(desk.get(&path).await.status, 404);
    let idle = desk.get("/companies/scroll").await.ok().body["scroll_param"].as_str().unwrap().to_owned();
    desk.advance(61);
    assert_eq!(desk.get(&format!("/companies/scroll?scroll_param={idle}")).await.status, 404);
    let broken = desk.get("/companies/scroll").await.ok().body["scroll_param"].as_str().unwrap().to_owned();
    let path = format!("/companies/scroll?scroll_param={broken}");
    let fault = FaultRule::new(Fault::ErrorBefore(500)).on("GET", "/companies/scroll").matches([1]);
    desk.intercom.turn(|knobs| knobs.faults = vec![fault]);
    assert_eq!(desk.get(&path).await.status, 500);
    assert_eq!(desk.get(&path).await.status, 404, "it must begin anew");
    desk.get("/companies/scroll").await.ok();
}

#[tokio::test]
async fn t73_office_hours_lie_on_the_grid_in_a_zone_and_on_days() {
    let desk = Desk::new();
    let path = "/office_hours_schedules";
    let body = |start: i64, end: i64, zone: &str| {
        json!({"name": "Week", "time_zone_name": zone,
            "time_intervals": [{"start_minute": start, "end_minute": end}]})
    };
    for refused in
        [body(541, 1020, "UTC"), body(540, 10_095, "UTC"), body(600, 540, "UTC"), body(540, 600, "Mars")]
    {
        let answer = desk.post(path, refused).await;
        assert_eq!((answer.status, answer.code()), (422, "data_invalid"));
    }
    let made = desk.post(path, body(540, 1020, "Europe/Copenhagen")).await;
    assert_eq!((made.status, &made.body["twenty_four_seven"]), (201, &json!(false)));
    let days = format!("{path}/{}/office_hours_exceptions", made.id());
    let day = |date: &str, kind: &str| json!({"exception_date": date, "exception_type": kind});
    assert_eq!(desk.post(&days, day("2026-12-25", "closed")).await.status, 201);
    for refused in
        [day("2026-12-25", "closed"), day("Christmas", "closed"), day("2026-12-26", "custom_hours")]
    {
        assert_eq!(desk.post(&days, refused).await.status, 422);
    }
    assert_eq!(desk.get(&days).await.ok().body["data"][0]["exception_date"], "2026-12-25");
    assert_eq!(desk.intercom.state().office_hours, 1);
}

#[tokio::test]
async fn t67_merging_conversations_is_written_down_and_closes_one() {
    let desk = Desk::new();
    let contact = desk.contact("ann@customer.example").await;
    let (one, two) = (desk.conversation(&contact).await, desk.conversation(&contact).await);
    let merge = |from: String, into: String| {
        let desk = &desk;
        let body = json!({"merge_into_conversation_id": into.parse::<u64>().unwrap()});
        async move { desk.post(&format!("/conversations/{from}/merge"), body).await }
    };
    assert_eq!(merge(one.clone(), one.clone()).await.code(), "merge_failed");
    merge(one.clone(), two.clone()).await.ok();
    assert_eq!(merge(one.clone(), two).await.code(), "merge_failed");
    assert_eq!(desk.get(&format!("/conversations/{one}")).await.ok().body["state"], "closed");
    assert_eq!(desk.intercom.journal().denied_calls.count, 3);
}

#[tokio::test]
async fn edits_of_every_new_kind_change_what_is_read() {
    let desk = Desk::new();
    let contact = desk.contact("ann@customer.example").await;
    let id = company(&desk, "k").await;
    desk.post(&format!("/contacts/{contact}/companies"), json!({"id": id})).await.ok();
    let edit = |edit: Value| desk.intercom.edit(&serde_json::from_value(edit).unwrap());
    edit(json!({"edit": "company", "company_id": "k", "field": "name", "value": "Other"})).unwrap();
    assert_eq!(desk.get(&format!("/companies/{id}")).await.ok().body["name"], "Other");
    edit(json!({"edit": "double_company", "company_id": "k"})).unwrap();
    assert_eq!(desk.intercom.state().companies, 2);
    let note = desk.post(&format!("/contacts/{contact}/notes"), json!({"body": "x"})).await.ok().id();
    edit(json!({"edit": "note", "note": note, "text": "y"})).unwrap();
    assert_eq!(desk.get(&format!("/notes/{note}")).await.ok().body["body"], "<p>y</p>");
    let top = collection(&desk, "Top", None).await.ok().id();
    edit(json!({"edit": "collection", "collection": top, "field": "name", "value": "Roof"})).unwrap();
    assert_eq!(desk.get(&format!("/help_center/collections/{top}")).await.ok().body["name"], "Roof");
    let made = article(&desk, json!({})).await.ok().id();
    edit(json!({"edit": "article", "article": made, "field": "state", "value": "published"})).unwrap();
    assert_eq!(desk.intercom.state().published_articles, 1);
    let seed = json!({"macros": [{"name": "m", "text": "x"}], "office_hours": [{"name": "o", "time_zone_name": "UTC"}],
        "collections": [{"name": "Inner", "parent": "Roof"}], "articles": [{"title": "A", "collection": "Inner"}]});
    desk.intercom.seed(serde_json::from_value(seed).unwrap());
    edit(json!({"edit": "macro", "name": "m", "text": "y"})).unwrap();
    assert_eq!(desk.get("/macros").await.ok().body["data"][0]["body_text"], "y");
    edit(json!({"edit": "delete_office_hours", "name": "o"})).unwrap();
    let state = desk.intercom.state();
    assert_eq!((state.office_hours, state.macros, state.collections, state.articles), (0, 1, 2, 2));
    let nothing = [
        json!({"edit": "company", "company_id": "none", "field": "name", "value": "x"}),
        json!({"edit": "delete_note", "note": "1"}),
        json!({"edit": "article", "article": made, "field": "colour", "value": "x"}),
        json!({"edit": "delete_macro", "name": "none"}),
    ];
    assert!(nothing.into_iter().all(|it| edit(it).is_err()));
}
