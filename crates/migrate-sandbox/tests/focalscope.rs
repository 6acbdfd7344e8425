//! The FocalScope stand-in over HTTP, held to its own service description.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(missing_docs)]

mod wsdl;

use std::collections::BTreeSet;

use migrate_sandbox::dataset::{Dataset, Direction, Ticket};
use migrate_sandbox::focalscope::{
    Bodies, Controls, Drip, ExtraElement, FocalScope, GiantFile, NAMESPACE, OddStatus, OtherNamespace, PATH,
    ShiftedPages, Times, Way, serve,
};
use migrate_sandbox::generator::{self, generate};
use wsdl::{Description, Node};

const BASIC: &str = "Basic bWlncmF0aW9uOnNhbmRib3g=";

struct Server {
    instance: FocalScope,
    base: String,
    http: reqwest::Client,
}

struct Reply {
    status: u16,
    text: String,
}

impl Reply {
    /// The response element's result, checked to be a proper answer.
    fn result(&self) -> Node {
        assert_eq!(self.status, 200, "{}", self.text);
        let response = self.body();
        response.children.into_iter().next().expect("a result")
    }

    fn body(&self) -> Node {
        let envelope = Node::parse(&self.text);
        envelope.child("Body").unwrap().children[0].clone()
    }

    fn fault(&self) -> String {
        let body = self.body();
        assert_eq!(body.name, "Fault", "{}", self.text);
        body.child("faultcode").unwrap().text.clone()
    }
}

impl Server {
    async fn start(dataset: Dataset) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let instance = FocalScope::new(dataset);
        tokio::spawn(serve(listener, instance.clone()));
        Self { instance, base, http: reqwest::Client::new() }
    }

    async fn send(&self, action: &str, authorization: Option<&str>, envelope: String) -> Reply {
        let mut request = self.http.post(format!("{}{PATH}", self.base));
        request = request.header("content-type", "text/xml; charset=utf-8").header("soapaction", action);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let response = request.body(envelope).send().await.unwrap();
        Reply { status: response.status().as_u16(), text: response.text().await.unwrap() }
    }

    async fn call_with(&self, header: &str, authorization: Option<&str>, name: &str, inside: &str) -> Reply {
        let action = format!("\"{NAMESPACE}{name}\"");
        self.send(&action, authorization, envelope(header, name, inside)).await
    }

    async fn call(&self, name: &str, inside: &str) -> Reply {
        self.call_with("", Some(BASIC), name, inside).await
    }

    async fn in_session(&self, token: &str, name: &str, inside: &str) -> Reply {
        let header = format!("<SessionHeader><Token>{token}</Token></SessionHeader>");
        self.call_with(&header, None, name, inside).await
    }

    async fn login(&self) -> String {
        let inside = "<userName>migration</userName><password>sandbox</password>";
        let reply = self.call_with("", None, "Login", inside).await;
        reply.result().text_of("Token")
    }

    async fn tickets(&self, page: u32, size: u32) -> Node {
        self.call("ListTickets", &list_tickets(page, size, true)).await.result()
    }

    async fn messages(&self, ticket: u64) -> Reply {
        self.call("ListMessages", &format!("<ticketId>{ticket}</ticketId>{}", paged(1, 500))).await
    }

    async fn file(&self, id: u64) -> Reply {
        self.call("GetAttachment", &format!("<attachmentId>{id}</attachmentId>")).await
    }

    async fn post(&self, path: &str, json: serde_json::Value) -> (u16, String) {
        let response = self.http.post(format!("{}{path}", self.base)).json(&json).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

fn envelope(header: &str, name: &str, inside: &str) -> String {
    format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"{NAMESPACE}\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><e:Header>{header}</e:Header>\
         <e:Body><{name}>{inside}</{name}></e:Body></e:Envelope>"
    )
}

fn paged(page: u32, size: u32) -> String {
    format!("<page>{page}</page><pageSize>{size}</pageSize>")
}

fn list_tickets(page: u32, size: u32, all: bool) -> String {
    format!(
        "{}<includeDeleted>{all}</includeDeleted><includeSpam>{all}</includeSpam><modifiedSince xsi:nil=\"true\"/>",
        paged(page, size)
    )
}

fn run_report(report: u64, from: &str, to: &str) -> String {
    format!("<reportId>{report}</reportId><from>{from}</from><to>{to}</to>")
}

fn ids(page: &Node) -> Vec<u64> {
    let items = page.child("Items").unwrap();
    items.children.iter().map(|item| item.text_of("Id").parse().unwrap()).collect()
}

#[tokio::test]
async fn every_operation_answers_as_the_wsdl_says() {
    let desk = generate(1, 300);
    let server = Server::start(desk.clone()).await;
    // The answers are looked at with a strict reader, so what XML forbids is left out.
    server.instance.turn(|knobs| knobs.controls = Controls::Dropped);
    let served = server.http.get(format!("{}{PATH}?WSDL", server.base)).send().await.unwrap();
    let text = served.text().await.unwrap();
    assert!(text.contains(&format!("location=\"{}{PATH}\"", server.base)));
    let description = Description::parse(&text);

    let with = |has: fn(&Ticket) -> bool| desk.tickets.iter().find(|ticket| has(ticket)).unwrap();
    let mail = with(|ticket| ticket.attachments().any(|file| file.inline));
    let file = mail.attachments().next().unwrap();
    let id = |ticket: &Ticket| format!("<ticketId>{}</ticketId>", ticket.id);
    let all = paged(1, 500);
    let calls = [
        ("Ping", String::new()),
        ("ListAgents", all.clone()),
        ("ListGroups", all.clone()),
        ("ListTicketboxes", all.clone()),
        ("ListQueues", all.clone()),
        ("ListCompanies", all.clone()),
        ("ListContacts", format!("{all}<modifiedSince xsi:nil=\"true\"/>")),
        ("ListCategories", all.clone()),
        ("ListTickets", list_tickets(1, 500, true)),
        ("GetTicket", id(mail)),
        ("ListMessages", format!("{}{all}", id(mail))),
        ("GetCallLog", id(with(|ticket| !ticket.calls.is_empty()))),
        ("GetChatTranscript", id(with(|ticket| !ticket.chat.is_empty()))),
        ("GetAttachment", format!("<attachmentId>{}</attachmentId>", file.id)),
        ("ListStandardResponses", all.clone()),
        ("ListSlaProfiles", all.clone()),
        ("ListWorkingHours", all.clone()),
        ("ListKbCategories", all.clone()),
        ("ListKbArticles", all.clone()),
        ("ListReports", all.clone()),
        ("RunReport", run_report(desk.reports[0].id, "2026-01-01T00:00:00", "2026-04-01T00:00:00")),
        ("ListAutomations", all.clone()),
        ("ListWallboards", all.clone()),
        ("ListChannelAccounts", all.clone()),
        ("Login", "<userName>migration</userName><password>sandbox</password>".into()),
        ("Logout", String::new()),
    ];
    let called: BTreeSet<&str> = calls.iter().map(|(name, _)| *name).collect();
    assert_eq!(called, description.operations(), "every operation is called");
    for (name, inside) in &calls {
        let reply = server.call(name, inside).await;
        assert_eq!(reply.status, 200, "{name}: {}", reply.text);
        description.check(&format!("{name}Response"), &reply.body());
    }
    assert_eq!(ids(&server.tickets(1, 500).await).len(), 300);
    let bytes = server.call("GetAttachment", &calls[13].1).await.result().text_of("Data");
    use base64::Engine as _;
    assert_eq!(base64::engine::general_purpose::STANDARD.decode(bytes).unwrap(), file.bytes());
}

#[tokio::test]
async fn all_messages_of_a_help_desk_come_back_as_they_are() {
    let desk = generate(9, 80);
    let server = Server::start(desk.clone()).await;
    server.instance.turn(|knobs| knobs.controls = Controls::Dropped);
    for ticket in &desk.tickets {
        let inside = format!("<ticketId>{}</ticketId>{}", ticket.id, paged(1, 500));
        let page = server.call("ListMessages", &inside).await.result();
        let items = &page.child("Items").unwrap().children;
        assert_eq!(items.len(), ticket.messages.len());
        for (item, message) in items.iter().zip(&ticket.messages) {
            let body: String = message.body.text().chars().filter(|c| !forbidden(*c)).collect();
            assert_eq!(item.text_of("Body"), body);
            assert_eq!(item.text_of("Direction"), message.direction.as_str());
        }
    }
}

fn forbidden(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{7F}'..='\u{9F}')
}

#[tokio::test]
async fn soap_1_2_is_answered_in_kind_with_or_without_an_action() {
    let server = Server::start(generate(1, 10)).await;
    let envelope = envelope("", "Ping", "")
        .replace("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope");
    for parameter in [String::new(), format!("; action=\"{NAMESPACE}Ping\"")] {
        let request = server.http.post(format!("{}{PATH}", server.base));
        let request =
            request.header("content-type", format!("application/soap+xml; charset=utf-8{parameter}"));
        let response = request.header("authorization", BASIC).body(envelope.clone()).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/soap+xml; charset=utf-8");
        let root = Node::parse(&response.text().await.unwrap());
        assert_eq!(root.namespace, "http://www.w3.org/2003/05/soap-envelope");
        assert_eq!(root.child("Body").unwrap().children[0].name, "PingResponse");
    }
    let bad =
        envelope.replace("Ping", "GetTicket").replace("<GetTicket>", "<GetTicket><ticketId>0</ticketId>");
    let request = server.http.post(format!("{}{PATH}", server.base)).header("authorization", BASIC);
    let response = request.header("content-type", "application/soap+xml").body(bad).send().await.unwrap();
    assert_eq!(response.status(), 400);
    let root = Node::parse(&response.text().await.unwrap());
    let code = root.child("Body").unwrap().children[0].child("Code").unwrap().clone();
    assert_eq!(code.text_of("Value"), "soap:Sender");
    assert_eq!(code.child("Subcode").unwrap().text_of("Value"), "q0:NotFound");
}

#[tokio::test]
async fn an_action_must_be_quoted_and_known() {
    let server = Server::start(generate(1, 3)).await;
    for action in
        [format!("{NAMESPACE}Ping"), "\"\"".into(), "\"urn:x#Ping\"".into(), format!("\"{NAMESPACE}Pong\"")]
    {
        let reply = server.send(&action, Some(BASIC), envelope("", "Ping", "")).await;
        assert_eq!((reply.status, reply.fault().as_str()), (500, "soap:Client"), "{action}");
        assert!(reply.text.contains("SOAPAction"));
    }
}

#[tokio::test]
async fn a_request_that_the_schema_does_not_have_is_refused() {
    let server = Server::start(generate(1, 3)).await;
    let bad = [
        ("ListAgents", "<pageSize>5</pageSize><page>1</page>".to_owned()),
        ("ListAgents", "<page>1</page>".to_owned()),
        ("ListAgents", "<page>one</page><pageSize>5</pageSize>".to_owned()),
        ("ListAgents", format!("{}<colour>red</colour>", paged(1, 5))),
        ("ListAgents", paged(1, 5).replace("<page>", "<page xmlns=\"\">")),
        ("GetTicket", "<id>1001</id>".to_owned()),
    ];
    for (name, inside) in bad {
        let reply = server.call(name, &inside).await;
        assert_eq!((reply.status, reply.fault().as_str()), (500, "soap:Client"), "{name} {inside}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_page_0_is_no_page() {
    let server = Server::start(generate(1, 3)).await;
    assert_eq!(server.call("GetTicket", "<ticketId>5</ticketId>").await.fault(), "q0:NotFound");
    assert_eq!(server.call("GetAttachment", "<attachmentId>-1</attachmentId>").await.fault(), "q0:NotFound");
    assert_eq!(server.call("ListAgents", &paged(0, 5)).await.fault(), "q0:InvalidArgument");
    assert_eq!(server.call("ListAgents", &paged(1, 0)).await.fault(), "q0:InvalidArgument");
}

#[tokio::test]
async fn pages_cover_every_ticket_once_and_end() {
    let server = Server::start(generate(4, 53)).await;
    let mut seen = Vec::new();
    for page in 1..=6 {
        let answer = server.tickets(page, 10).await;
        assert_eq!(answer.text_of("Total"), "53");
        assert_eq!(answer.text_of("HasMore"), if page < 6 { "true" } else { "false" });
        seen.extend(ids(&answer));
    }
    assert_eq!(seen, (1001..1054).collect::<Vec<u64>>());
    assert!(ids(&server.tickets(7, 10).await).is_empty());
    assert!(ids(&server.tickets(u32::MAX, u32::MAX).await).is_empty());
}

#[tokio::test]
async fn tickets_are_filtered_by_state_time_and_flags() {
    let desk = generate(6, 200);
    let server = Server::start(desk.clone()).await;
    server.instance.turn(|knobs| knobs.controls = Controls::Dropped);
    let live = server.call("ListTickets", &list_tickets(1, 500, false)).await.result();
    let expected = |keep: &dyn Fn(&Ticket) -> bool| -> Vec<u64> {
        desk.tickets.iter().filter(|ticket| keep(ticket)).map(|ticket| ticket.id).collect()
    };
    assert_eq!(ids(&live), expected(&|ticket| !ticket.spam && !ticket.deleted));
    let states = "<states><string>On Hold</string><string>Open</string></states><includeDeleted>";
    let inside = list_tickets(1, 500, true).replace("<includeDeleted>", states);
    let found = server.call("ListTickets", &inside).await.result();
    assert_eq!(ids(&found), expected(&|ticket| matches!(ticket.status.as_str(), "On Hold" | "Open")));
    let since = "<modifiedSince>2026-03-01T13:30:00</modifiedSince>";
    let inside = list_tickets(1, 500, true).replace("<modifiedSince xsi:nil=\"true\"/>", since);
    let found = server.call("ListTickets", &inside).await.result();
    let instant = "2026-03-01T12:30:00Z".parse().ok();
    assert_eq!(
        ids(&found),
        expected(&|ticket| ticket.modified >= instant),
        "bare time is meant in Copenhagen"
    );
}

#[tokio::test]
async fn credentials_are_asked_for_and_checked() {
    let server = Server::start(generate(1, 3)).await;
    for bad in [None, Some("Basic bWlncmF0aW9uOndyb25n"), Some("Basic %"), Some("Bearer x")] {
        let reply = server.call_with("", bad, "Ping", "").await;
        assert_eq!(reply.status, 401, "{bad:?}");
    }
    let wrong = "<userName>migration</userName><password>x</password>";
    assert_eq!(server.call_with("", None, "Login", wrong).await.fault(), "q0:AccessDenied");
    let key = |key: &str| format!("<ApiKeyHeader><ApiKey>{key}</ApiKey></ApiKeyHeader>");
    assert_eq!(server.call_with(&key("x"), None, "Ping", "").await.fault(), "q0:AccessDenied");
    assert_eq!(server.call_with(&key("sandbox-key"), None, "Ping", "").await.status, 200);
    assert_eq!(server.in_session("made up", "Ping", "").await.fault(), "q0:SessionExpired");
    server.instance.turn(|knobs| knobs.accept = vec![Way::Session]);
    assert_eq!(server.call("Ping", "").await.fault(), "q0:AccessDenied", "Basic is no longer taken");
    let asked = server.instance.journal();
    assert!(asked.iter().all(|asked| !asked.arguments.contains_key("password")));
}

#[tokio::test]
async fn a_session_ends_by_calls_by_time_by_order_and_by_logout() {
    let server = Server::start(generate(1, 3)).await;
    server.instance.turn(|knobs| knobs.session_calls = Some(2));
    let token = server.login().await;
    assert_eq!(server.in_session(&token, "Ping", "").await.status, 200);
    assert_eq!(server.in_session(&token, "Ping", "").await.status, 200);
    let third = server.in_session(&token, "Ping", "").await;
    assert_eq!((third.status, third.fault().as_str()), (500, "q0:SessionExpired"));
    assert!(third.text.contains("<ErrorCode>SessionExpired</ErrorCode>"));

    server.instance.turn(|knobs| knobs.session_calls = None);
    let token = server.login().await;
    assert_eq!(server.in_session(&token, "Ping", "").await.status, 200);
    server.post("/__sandbox/clock", serde_json::json!({"advance_seconds": 1200})).await;
    assert_eq!(server.in_session(&token, "Ping", "").await.fault(), "q0:SessionExpired");

    let token = server.login().await;
    server.post("/__sandbox/expire", serde_json::json!({})).await;
    assert_eq!(server.in_session(&token, "Ping", "").await.fault(), "q0:SessionExpired");

    let token = server.login().await;
    assert_eq!(server.in_session(&token, "Logout", "").await.status, 200);
    assert_eq!(server.in_session(&token, "Ping", "").await.fault(), "q0:SessionExpired");
}

#[tokio::test]
async fn knobs_that_count_requests_wear_off() {
    let server = Server::start(generate(1, 3)).await;
    let knobs = serde_json::json!({"unavailable": 1, "html": 1, "busy": 1, "cut": 0, "only": "ListAgents"});
    assert_eq!(server.post("/__sandbox/knobs", knobs).await.0, 200);
    assert_eq!(server.call("Ping", "").await.status, 200, "only ListAgents is hit");
    let agents = || server.call("ListAgents", "<page>1</page><pageSize>5</pageSize>");
    assert_eq!(agents().await.status, 503);
    let html = agents().await;
    assert!(html.status == 200 && html.text.starts_with("<!DOCTYPE html>"));
    assert_eq!(agents().await.fault(), "q0:ServerBusy");
    assert_eq!(agents().await.status, 200);
    server.post("/__sandbox/knobs", serde_json::json!({"cut": 1})).await;
    assert!(!agents().await.text.ends_with("Envelope>"));
    assert!(agents().await.text.ends_with("Envelope>"));
    assert_eq!(server.post("/__sandbox/knobs", serde_json::json!({"nonsense": 1})).await.0, 400);
}

#[tokio::test]
async fn pages_can_lie() {
    let server = Server::start(generate(1, 20)).await;
    server.instance.turn(|knobs| {
        knobs.drop_item_every = Some(5);
        knobs.wrong_total = -3;
        knobs.odd_status = Some(OddStatus { ticket: 1001, status: "Escalated".into() });
        knobs.extra_element =
            Some(ExtraElement { within: "Ticket".into(), name: "Mood".into(), value: "<3".into() });
        knobs.other_namespace =
            Some(OtherNamespace { element: "Subject".into(), namespace: "urn:other".into() });
    });
    let page = server.tickets(1, 10).await;
    assert_eq!(ids(&page), [1001, 1002, 1003, 1004, 1006, 1007, 1008, 1009]);
    assert_eq!(page.text_of("Total"), "17");
    let ticket = &page.child("Items").unwrap().children[0];
    assert_eq!(ticket.text_of("Status"), "Escalated");
    assert_eq!(ticket.text_of("Mood"), "<3");
    assert_eq!(ticket.child("Subject").unwrap().namespace, "urn:other");
    assert_eq!(ticket.child("Id").unwrap().namespace, NAMESPACE);
}

#[tokio::test]
async fn control_characters_and_cdata_are_sent_as_the_knobs_say() {
    let mut desk = generate(1, 300);
    desk.tickets.retain(|ticket| ticket.subject.contains('\u{1B}'));
    let id = desk.tickets[0].id;
    let server = Server::start(desk).await;
    let inside = format!("<ticketId>{id}</ticketId>{}", paged(1, 1));
    let text = server.call("ListMessages", &inside).await.text;
    assert!(text.contains("&#x1B;[31mERROR") && text.contains("end&#xD;\nsecond"));
    server.instance.turn(|knobs| (knobs.controls, knobs.bodies) = (Controls::Raw, Bodies::Cdata));
    let text = server.call("ListMessages", &inside).await.text;
    assert!(text.contains("\u{1B}<![CDATA[[31mERROR]]>"));
}

#[tokio::test]
async fn a_slow_body_comes_whole_in_the_end() {
    let server = Server::start(generate(1, 3)).await;
    server.instance.turn(|knobs| {
        knobs.latency_ms = 1;
        knobs.drip = Some(Drip { bytes: 100, pause_ms: 1 });
    });
    assert_eq!(ids(&server.tickets(1, 10).await).len(), 3);
}

#[tokio::test]
async fn the_help_desk_can_change_while_it_is_read() {
    let server = Server::start(generate(1, 3)).await;
    assert_eq!(ids(&server.tickets(1, 10).await).len(), 3);
    let changes = serde_json::json!({"tickets": [{"id": 1002, "subject": "new"}, {"id": 2000}]});
    assert_eq!(server.post("/__sandbox/dataset", changes).await.0, 200);
    let page = server.tickets(1, 10).await;
    assert_eq!(ids(&page), [1001, 1002, 1003, 2000]);
    assert_eq!(page.child("Items").unwrap().children[1].text_of("Subject"), "new");
}

#[tokio::test]
async fn the_journal_says_what_was_asked_and_how() {
    let server = Server::start(generate(1, 3)).await;
    server.call("ListAgents", &paged(1, 2)).await;
    server.call("GetTicket", "<ticketId>5</ticketId>").await;
    let journal = server.http.get(format!("{}/__sandbox/journal?after=1", server.base)).send().await.unwrap();
    let journal: serde_json::Value = journal.json().await.unwrap();
    assert_eq!(journal["counts"]["ListAgents"], 1);
    assert_eq!(journal["entries"].as_array().unwrap().len(), 1);
    let entry = &journal["entries"][0];
    assert_eq!((&entry["operation"], &entry["fault"]), (&"GetTicket".into(), &"NotFound".into()));
    assert_eq!(entry["arguments"]["ticketId"], "5");
    assert_eq!(entry["way"], "basic");
}

#[tokio::test]
async fn the_wsdl_can_be_kept_from_strangers() {
    let server = Server::start(generate(1, 3)).await;
    server.instance.turn(|knobs| knobs.wsdl_needs_auth = true);
    let get = || server.http.get(format!("{}{PATH}?wsdl", server.base));
    assert_eq!(get().send().await.unwrap().status(), 401);
    assert_eq!(get().header("authorization", BASIC).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_wrong_content_type_or_version_is_refused() {
    let server = Server::start(generate(1, 3)).await;
    let post = |content_type: &'static str| {
        let request = server.http.post(format!("{}{PATH}", server.base)).header("content-type", content_type);
        request.header("authorization", BASIC).body(envelope("", "Ping", "")).send()
    };
    assert_eq!(post("application/json").await.unwrap().status(), 415);
    let text = post("application/soap+xml").await.unwrap().text().await.unwrap();
    assert!(text.contains("soap:VersionMismatch"));
}

#[test]
fn generated_messages_are_from_both_sides() {
    let desk = generate(1, 100);
    let count = |direction: Direction| {
        let messages = desk.tickets.iter().flat_map(|ticket| &ticket.messages);
        messages.filter(|message| message.direction == direction).count()
    };
    assert!(count(Direction::In) > 50 && count(Direction::Out) > 50 && count(Direction::Note) > 20);
}

fn items(page: &Node) -> &[Node] {
    &page.child("Items").unwrap().children
}

fn decoded(result: &Node) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(result.text_of("Data")).unwrap()
}

#[tokio::test]
async fn every_list_is_paged_and_counted_by_ping() {
    let desk = generate(1, 60);
    let server = Server::start(desk.clone()).await;
    server.instance.turn(|knobs| knobs.controls = Controls::Dropped);
    let lists = [
        ("ListStandardResponses", "StandardResponse", desk.standard_responses.len()),
        ("ListSlaProfiles", "SlaProfile", desk.sla_profiles.len()),
        ("ListWorkingHours", "WorkingHoursProfile", desk.working_hours.len()),
        ("ListKbCategories", "KbCategory", desk.kb_categories.len()),
        ("ListKbArticles", "KbArticle", desk.kb_articles.len()),
        ("ListReports", "Report", desk.reports.len()),
        ("ListAutomations", "Automation", desk.automations.len()),
        ("ListWallboards", "Wallboard", desk.wallboards.len()),
        ("ListChannelAccounts", "ChannelAccount", desk.channel_accounts.len()),
    ];
    let info = server.call("Ping", "").await.result();
    let counts = info.child("Counts").unwrap().children.clone();
    for (operation, kind, count) in lists {
        let counted = counts.iter().find(|counted| counted.text_of("Kind") == kind).expect(kind);
        assert_eq!(counted.text_of("Count"), count.to_string(), "{kind}");
        let mut seen = BTreeSet::new();
        for page in 1.. {
            let page = server.call(operation, &paged(page, 2)).await.result();
            assert_eq!(page.text_of("Total"), count.to_string(), "{operation}");
            assert!(items(&page).iter().all(|item| item.name == kind));
            seen.extend(ids(&page));
            if page.text_of("HasMore") == "false" {
                break;
            }
        }
        assert_eq!(seen.len(), count, "{operation}");
    }
    server.instance.turn(|knobs| knobs.drop_item_every = Some(2));
    let page = server.call("ListKbArticles", &paged(1, 10)).await.result();
    assert_eq!((items(&page).len(), page.text_of("Total")), (5, desk.kb_articles.len().to_string()));
}

#[tokio::test]
async fn a_response_comes_with_folder_scope_and_placeholders() {
    let desk = generate(1, 10);
    let server = Server::start(desk.clone()).await;
    let page = server.call("ListStandardResponses", &paged(1, 500)).await.result();
    let item = items(&page).iter().find(|item| item.text_of("Name") == "Offer").unwrap();
    let texts = |name: &str| -> Vec<String> {
        item.child(name).unwrap().children.iter().map(|child| child.text.clone()).collect()
    };
    assert_eq!(texts("FolderPath"), ["Sales", "Offers", "Business"]);
    assert_eq!(texts("QueueIds"), ["303", "302"]);
    assert!(item.text_of("Body").contains("%Customer.Name%"));
    let file = &item.child("Attachments").unwrap().children[0];
    let id = file.text_of("Id").parse().unwrap();
    let known = desk.standard_responses.iter().flat_map(|response| &response.attachments);
    let known = known.into_iter().find(|file| file.id == id).unwrap();
    assert_eq!(decoded(&server.file(id).await.result()), known.bytes());
}

#[tokio::test]
async fn an_article_comes_with_its_html_and_its_file() {
    let desk = generate(1, 10);
    let server = Server::start(desk.clone()).await;
    let page = server.call("ListKbArticles", &paged(1, 500)).await.result();
    for (item, article) in items(&page).iter().zip(&desk.kb_articles) {
        assert_eq!(item.text_of("Body"), article.body.text());
        assert_eq!(item.child("Language").map(|it| it.text.clone()), article.language);
    }
    let file = desk.kb_articles.iter().flat_map(|article| &article.attachments).next().unwrap();
    assert_eq!(decoded(&server.file(file.id).await.result()), file.bytes());
}

#[tokio::test]
async fn a_report_shows_the_days_of_its_window_alone() {
    let desk = generate(1, 60);
    let report = desk.reports[0].clone();
    let server = Server::start(desk).await;
    let rows = async |from: &str, to: &str| {
        let result = server.call("RunReport", &run_report(report.id, from, to)).await.result();
        let texts = |node: &Node| -> Vec<String> { node.children.iter().map(|it| it.text.clone()).collect() };
        assert_eq!(texts(result.child("Columns").unwrap()), report.columns);
        result.child("Rows").unwrap().children.iter().map(texts).collect::<Vec<_>>()
    };
    let all = rows("2020-01-01T00:00:00", "2030-01-01T00:00:00").await;
    assert_eq!(all.len(), report.rows.len());
    let spring = rows("2026-03-01T00:00:00", "2026-05-01T00:00:00").await;
    assert!(!spring.is_empty() && spring.iter().all(|row| matches!(row[0].as_str(), "2026-03" | "2026-04")));
    let reversed = run_report(report.id, "2026-05-01T00:00:00", "2026-03-01T00:00:00");
    assert_eq!(server.call("RunReport", &reversed).await.fault(), "q0:InvalidArgument");
    let unknown = run_report(1, "2026-03-01T00:00:00", "2026-05-01T00:00:00");
    assert_eq!(server.call("RunReport", &unknown).await.fault(), "q0:NotFound");
}

#[tokio::test]
async fn hours_come_with_their_zone_unless_the_knob_hides_it() {
    let server = Server::start(generate(1, 5)).await;
    let zones = async || {
        let page = server.call("ListWorkingHours", &paged(1, 10)).await.result();
        let zone = |item: &Node| item.child("TimeZone").map(|zone| zone.text.clone());
        let first = &items(&page)[0];
        assert_eq!(first.text_of("OffsetHours"), "1");
        assert_eq!(first.child("Intervals").unwrap().children[0].text_of("From"), "09:00");
        assert_eq!(first.child("Holidays").unwrap().children[0].text, "2025-12-25");
        items(&page).iter().map(zone).collect::<Vec<_>>()
    };
    assert_eq!(zones().await, [Some("Europe/Copenhagen".into()), Some("Etc/UTC".into()), None]);
    server.instance.turn(|knobs| knobs.hours_without_zone = true);
    assert_eq!(zones().await, [None, None, None]);
}

#[tokio::test]
async fn new_fields_of_old_records_come_where_there_are_any() {
    let mut desk = generate(1, 300);
    desk.tickets.retain(|ticket| ticket.wakes.is_some() || ticket.id == 1001);
    let server = Server::start(desk.clone()).await;
    let contacts = format!("{}<modifiedSince xsi:nil=\"true\"/>", paged(1, 500));
    let page = server.call("ListContacts", &contacts).await.result();
    for (item, contact) in items(&page).iter().zip(&desk.contacts) {
        assert_eq!(item.child("Blocked").is_some(), contact.blocked);
        assert_eq!(item.child("Bounced").is_some(), contact.bounced);
        assert_eq!(item.child("Address").map(|it| it.text.clone()), contact.address);
    }
    let page = server.tickets(1, 500).await;
    for (item, ticket) in items(&page).iter().zip(&desk.tickets) {
        assert_eq!(item.child("WakesAt").is_some(), ticket.wakes.is_some());
    }
    let page = server.call("ListQueues", &paged(1, 10)).await.result();
    assert_eq!(items(&page)[0].text_of("MaxTickets"), "100");
    assert!(items(&page)[0].child("Rules").unwrap().children[0].text.starts_with("time-out"));
    assert!(items(&page)[1].child("MaxTickets").is_none());
}

#[tokio::test]
async fn duplicate_ids_across_pages() {
    let server = Server::start(generate(1, 12)).await;
    server.instance.turn(|knobs| knobs.shift_pages = Some(ShiftedPages { after: 1, by: -1 }));
    let mut seen = Vec::new();
    for page in 1..=3 {
        seen.extend(ids(&server.tickets(page, 5).await));
    }
    assert_eq!(seen.iter().filter(|id| **id == 1005).count(), 2, "{seen:?}");
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 12, "nothing is left out");
}

#[tokio::test]
async fn page_shifted_while_reading_skips_a_record() {
    let server = Server::start(generate(1, 12)).await;
    server.instance.turn(|knobs| knobs.shift_pages = Some(ShiftedPages { after: 1, by: 1 }));
    let (first, second) = (server.tickets(1, 5).await, server.tickets(2, 5).await);
    assert_eq!(ids(&first), [1001, 1002, 1003, 1004, 1005]);
    assert_eq!(ids(&second), [1007, 1008, 1009, 1010, 1011]);
    assert_eq!(second.text_of("Total"), "12");
}

#[tokio::test]
async fn page_repeated_while_reading() {
    let server = Server::start(generate(1, 12)).await;
    let knobs = serde_json::json!({"repeat_page": 2, "only": "ListTickets"});
    assert_eq!(server.post("/__sandbox/knobs", knobs).await.0, 200);
    assert_eq!(ids(&server.tickets(2, 5).await), ids(&server.tickets(1, 5).await));
    assert_eq!(ids(&server.tickets(3, 5).await), [1011, 1012]);
    let agents = server.call("ListAgents", &paged(2, 5)).await.result();
    assert_eq!(ids(&agents), [6, 7, 8, 9, 10], "other lists are as they were");
}

#[tokio::test]
async fn record_changed_while_it_is_being_read() {
    let desk = generate(1, 12);
    let server = Server::start(desk.clone()).await;
    let knobs = serde_json::json!({"change_after_listing": 1002});
    assert_eq!(server.post("/__sandbox/knobs", knobs).await.0, 200);
    let before = server.tickets(1, 5).await;
    let said = items(&before)[1].text_of("MessageCount");
    assert_eq!(said, desk.ticket(1002).unwrap().messages.len().to_string());
    let count = items(&server.messages(1002).await.result()).len();
    assert_eq!(count.to_string(), (said.parse::<usize>().unwrap() + 1).to_string());
    let again = server.tickets(1, 5).await;
    assert_eq!(items(&again)[1].text_of("MessageCount"), count.to_string(), "it changes once");
    assert_ne!(items(&again)[1].text_of("ModifiedAt"), items(&before)[1].text_of("ModifiedAt"));
}

#[tokio::test]
async fn record_deleted_between_listing_and_reading() {
    let server = Server::start(generate(1, 12)).await;
    let knobs = serde_json::json!({"delete_after_listing": 1003});
    assert_eq!(server.post("/__sandbox/knobs", knobs).await.0, 200);
    assert_eq!(ids(&server.tickets(1, 2).await), [1001, 1002]);
    assert_eq!(server.messages(1003).await.status, 200, "no page has shown it yet");
    assert!(ids(&server.tickets(2, 2).await).contains(&1003));
    assert_eq!(server.messages(1003).await.fault(), "q0:NotFound");
    assert_eq!(server.call("GetTicket", "<ticketId>1003</ticketId>").await.fault(), "q0:NotFound");
    assert_eq!(server.tickets(1, 2).await.text_of("Total"), "11");
}

#[tokio::test]
async fn person_erased_between_runs() {
    let desk = generate(1, 60);
    let ticket = desk.tickets.iter().find(|ticket| {
        let first = ticket.messages.first();
        ticket.contact.is_some() && first.is_some_and(|first| first.author.id == ticket.contact)
    });
    let (ticket, erased) = (ticket.unwrap().id, ticket.unwrap().contact.unwrap());
    let server = Server::start(desk.clone()).await;
    let contacts = format!("{}<modifiedSince xsi:nil=\"true\"/>", paged(1, 500));
    assert!(ids(&server.call("ListContacts", &contacts).await.result()).contains(&erased));
    server.post("/__sandbox/knobs", serde_json::json!({"erased_contacts": [erased]})).await;
    let page = server.call("ListContacts", &contacts).await.result();
    assert!(!ids(&page).contains(&erased));
    assert_eq!(page.text_of("Total"), (desk.contacts.len() - 1).to_string());
    let messages = server.messages(ticket).await.result();
    let author = items(&messages)[0].child("Author").unwrap().clone();
    assert_eq!((author.text_of("Id"), author.text_of("Name")), (erased.to_string(), String::new()));
    assert!(author.child("Email").is_none());
}

#[tokio::test]
async fn attachment_missing() {
    let desk = generate(1, 300);
    let gone = desk.tickets.iter().flat_map(|ticket| ticket.attachments()).find(|file| file.missing).unwrap();
    let other =
        desk.tickets.iter().flat_map(|ticket| ticket.attachments()).find(|file| !file.missing).unwrap();
    let server = Server::start(desk.clone()).await;
    assert_eq!(server.file(gone.id).await.fault(), "q0:NotFound");
    assert_eq!(server.file(other.id).await.status, 200);
    server.instance.turn(|knobs| knobs.missing_files = vec![other.id]);
    assert_eq!(server.file(other.id).await.fault(), "q0:NotFound");
}

#[tokio::test]
async fn attachment_of_the_wrong_size() {
    let desk = generate(1, 300);
    let mut files = desk.tickets.iter().flat_map(|ticket| ticket.attachments());
    let file = files.find(|file| file.declared_size() != file.size()).unwrap();
    let server = Server::start(desk.clone()).await;
    let result = server.file(file.id).await.result();
    assert_eq!(result.text_of("Size"), file.declared_size().to_string());
    assert_eq!(decoded(&result).len() as u64, file.size());
}

#[tokio::test]
async fn a_large_file_is_the_same_drawn_bit_by_bit() {
    let desk = generate(1, 40);
    let id = desk.tickets.iter().flat_map(|ticket| ticket.attachments()).next().unwrap().id;
    let server = Server::start(desk).await;
    server.instance.turn(|knobs| knobs.giant_file = Some(GiantFile { attachment: id, bytes: 5_000_001 }));
    let result = server.file(id).await.result();
    assert_eq!(result.text_of("Size"), "5000001");
    let drawn = migrate_sandbox::dataset::Drawn { seed: id, size: 5_000_001 };
    assert!(decoded(&result) == drawn.draw());
    assert_eq!(server.instance.journal()[0].bytes, server.file(id).await.text.len());
}

#[tokio::test]
async fn attachment_of_2_gib() {
    let mut desk = generate(1, 5);
    let id = generator::giant_file(&mut desk).unwrap();
    let ticket =
        desk.tickets.iter().find(|ticket| ticket.attachments().any(|file| file.id == id)).unwrap().id;
    let server = Server::start(desk).await;
    let messages = server.messages(ticket).await.result();
    let files = items(&messages).iter().flat_map(|message| &message.child("Attachments").unwrap().children);
    let file = files.into_iter().find(|file| file.text_of("Id") == id.to_string()).unwrap();
    assert_eq!(file.text_of("Size"), "2147483648");
    // It begins to come, and goes on for as long as somebody reads.
    let request = server.http.post(format!("{}{PATH}", server.base)).header("authorization", BASIC);
    let inside = format!("<attachmentId>{id}</attachmentId>");
    let request = request
        .header("content-type", "text/xml")
        .header("soapaction", format!("\"{NAMESPACE}GetAttachment\""));
    let mut response = request.body(envelope("", "GetAttachment", &inside)).send().await.unwrap();
    let mut read = 0;
    while read < 8 << 20 {
        read += response.chunk().await.unwrap().expect("more").len();
    }
}

#[tokio::test]
async fn times_can_come_in_another_zone_or_with_one() {
    let server = Server::start(generate(1, 3)).await;
    server.instance.clock().freeze("2026-07-01T10:00:00Z".parse().unwrap());
    let time = async || server.call("Ping", "").await.result().text_of("ServerTime");
    assert_eq!(time().await, "2026-07-01T12:00:00");
    assert_eq!(
        server.post("/__sandbox/knobs", serde_json::json!({"answer_zone": "America/New_York"})).await.0,
        200
    );
    assert_eq!(time().await, "2026-07-01T06:00:00");
    server.instance.turn(|knobs| knobs.times = Times::Offset);
    assert_eq!(time().await, "2026-07-01T06:00:00-04:00");
    server.instance.turn(|knobs| knobs.times = Times::Utc);
    assert_eq!(time().await, "2026-07-01T10:00:00Z");
    assert_eq!(server.post("/__sandbox/knobs", serde_json::json!({"answer_zone": "Nowhere"})).await.0, 400);
}

/// The times of the messages of every ticket, as they are sent.
async fn sent_times(
    server: &Server,
    desk: &Dataset,
) -> Vec<(Option<jiff::Timestamp>, String, Option<String>)> {
    server.instance.turn(|knobs| knobs.controls = Controls::Dropped);
    let mut all = Vec::new();
    for ticket in desk.tickets.iter().filter(|ticket| ticket.messages.len() < 100) {
        let page = server.messages(ticket.id).await.result();
        for (item, message) in items(&page).iter().zip(&ticket.messages) {
            let header = item.child("DateHeader").map(|header| header.text.clone());
            all.push((message.sent_at, item.text_of("SentAt"), header));
        }
    }
    all
}

#[tokio::test]
async fn messages_in_a_dst_gap_without_zone_with_one_and_before_1970() {
    let desk = generate(1, 300);
    let server = Server::start(desk.clone()).await;
    let times = sent_times(&server, &desk).await;
    let sent = |text: &str| times.iter().find(|(_, sent, _)| sent.starts_with(text)).map(|(at, _, _)| *at);
    assert_eq!(sent("2026-03-29T02:30:00"), Some("2026-03-29T01:30:00Z".parse().ok()));
    assert_eq!(sent("1969-07-20T21:17:40"), Some("1969-07-20T20:17:40Z".parse().ok()));
    let with_zone: Vec<_> = times.iter().filter(|(_, sent, _)| sent.ends_with("+05:30")).collect();
    assert!(!with_zone.is_empty() && with_zone.iter().all(|(at, sent, _)| sent.parse().ok() == *at));
    let bare = times.iter().filter(|(_, sent, _)| sent.parse::<jiff::Timestamp>().is_err()).count();
    assert!(bare > 500, "{bare} times have no zone");
}

#[tokio::test]
async fn the_date_header_of_a_mail_tells_the_instant() {
    let desk = generate(1, 20);
    let server = Server::start(desk.clone()).await;
    server.instance.turn(|knobs| knobs.answer_zone = Some("Asia/Tokyo".into()));
    let times = sent_times(&server, &desk).await;
    let headers: Vec<_> =
        times.iter().filter_map(|(at, _, header)| Some((at.as_ref()?, header.as_ref()?))).collect();
    assert!(headers.len() > 10);
    for (at, header) in headers {
        let read = jiff::fmt::rfc2822::parse(header).unwrap().timestamp();
        assert_eq!(read.as_second(), at.as_second(), "{header}");
    }
}

#[tokio::test]
async fn lone_surrogates() {
    let mut desk = generate(1, 300);
    desk.tickets.retain(|ticket| ticket.subject.contains('\u{FFFD}'));
    let server = Server::start(desk.clone()).await;
    let text = server.messages(desk.tickets[0].id).await.text;
    assert!(text.contains("emoji: &#xD83D; and &#xD83D;&#xD83D; again"));
}
