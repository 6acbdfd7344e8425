//! The operations of the service: what each takes and how it answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::envelope::{Element, Fault, Request};
use super::knobs::{Knobs, Way};
use super::records;
use super::store::{Store, TicketFilter, since};
use super::xml::Xml;
use super::{FocalScope, NAMESPACE};
use crate::dataset::{Drawn, Message, NoDate, ReportRow, Ticket};

/// A page holds so many items at most, however many are asked for.
const LARGEST_PAGE: usize = 500;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Boolean,
    /// May be nil.
    Time,
    Strings,
}

struct Parameter {
    name: &'static str,
    kind: Kind,
    required: bool,
}

const fn parameter(name: &'static str, kind: Kind, required: bool) -> Parameter {
    Parameter { name, kind, required }
}

const PAGE: Parameter = parameter("page", Kind::Integer, true);
const PAGE_SIZE: Parameter = parameter("pageSize", Kind::Integer, true);
const TICKET: Parameter = parameter("ticketId", Kind::Integer, true);
const SINCE: Parameter = parameter("modifiedSince", Kind::Time, true);
const PAGED: &[Parameter] = &[PAGE, PAGE_SIZE];

type Answer = fn(&Call<'_>, &mut Xml<'_>) -> Result<(), Fault>;

pub(super) struct Operation {
    pub(super) name: &'static str,
    parameters: &'static [Parameter],
    answer: Answer,
}

const fn operation(name: &'static str, parameters: &'static [Parameter], answer: Answer) -> Operation {
    Operation { name, parameters, answer }
}

const OPERATIONS: &[Operation] = &[
    operation("Ping", &[], ping),
    operation(
        "Login",
        &[parameter("userName", Kind::Text, false), parameter("password", Kind::Text, false)],
        login,
    ),
    operation("Logout", &[], logout),
    operation("ListAgents", PAGED, list_agents),
    operation("ListGroups", PAGED, list_groups),
    operation("ListTicketboxes", PAGED, list_ticketboxes),
    operation("ListQueues", PAGED, list_queues),
    operation("ListCompanies", PAGED, list_companies),
    operation("ListContacts", &[PAGE, PAGE_SIZE, SINCE], list_contacts),
    operation("ListCategories", PAGED, list_categories),
    operation(
        "ListTickets",
        &[
            PAGE,
            PAGE_SIZE,
            parameter("states", Kind::Strings, false),
            parameter("includeDeleted", Kind::Boolean, true),
            parameter("includeSpam", Kind::Boolean, true),
            SINCE,
        ],
        list_tickets,
    ),
    operation("GetTicket", &[TICKET], get_ticket),
    operation("ListMessages", &[TICKET, PAGE, PAGE_SIZE], list_messages),
    operation("GetCallLog", &[TICKET], get_call_log),
    operation("GetChatTranscript", &[TICKET], get_chat_transcript),
    operation("GetAttachment", &[parameter("attachmentId", Kind::Integer, true)], get_attachment),
    operation("ListStandardResponses", PAGED, list_standard_responses),
    operation("ListSlaProfiles", PAGED, list_sla_profiles),
    operation("ListWorkingHours", PAGED, list_working_hours),
    operation("ListKbCategories", PAGED, list_kb_categories),
    operation("ListKbArticles", PAGED, list_kb_articles),
    operation("ListReports", PAGED, list_reports),
    operation(
        "RunReport",
        &[
            parameter("reportId", Kind::Integer, true),
            parameter("from", Kind::Time, true),
            parameter("to", Kind::Time, true),
        ],
        run_report,
    ),
    operation("ListAutomations", PAGED, list_automations),
    operation("ListWallboards", PAGED, list_wallboards),
    operation("ListChannelAccounts", PAGED, list_channel_accounts),
];

/// The operation of this name.
pub(super) fn find(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}

/// A request that was admitted.
pub(super) struct Call<'a> {
    pub(super) instance: &'a FocalScope,
    pub(super) store: &'a Store,
    pub(super) knobs: &'a Knobs,
    pub(super) request: &'a Request,
}

impl Operation {
    /// Holds the body of the request to the schema.
    pub(super) fn check(&self, body: &Element) -> Result<(), Fault> {
        if body.namespace != NAMESPACE || body.name != self.name {
            return Err(unreadable(&format!(
                "the Body does not hold {} of the service's namespace",
                self.name
            )));
        }
        let mut children = body.children.iter().peekable();
        for parameter in self.parameters {
            match children.next_if(|child| child.namespace == NAMESPACE && child.name == parameter.name) {
                Some(child) => parameter.check(child)?,
                None if parameter.required => {
                    return Err(unreadable(&format!("{} is missing or out of order", parameter.name)));
                }
                None => {}
            }
        }
        match children.next() {
            Some(odd) => Err(unreadable(&format!("{} is not expected here", odd.name))),
            None => Ok(()),
        }
    }

    /// The response element, and the file that belongs at its mark.
    pub(super) fn answer(&self, call: &Call<'_>) -> Result<(String, Option<Drawn>), Fault> {
        let zone = call.knobs.zone(&call.instance.config().zone);
        let mut xml = Xml::new(call.knobs, &zone);
        (self.answer)(call, &mut xml)?;
        let (name, (inside, file)) = (self.name, xml.finish());
        Ok((format!("<{name}Response xmlns=\"{NAMESPACE}\">{inside}</{name}Response>"), file))
    }
}

impl Parameter {
    fn check(&self, element: &Element) -> Result<(), Fault> {
        let text = element.text.trim();
        let good = match self.kind {
            Kind::Text => true,
            Kind::Integer => text.parse::<i64>().is_ok(),
            Kind::Boolean => matches!(text, "true" | "false" | "1" | "0"),
            Kind::Time => {
                element.nil || text.parse::<Timestamp>().is_ok() || text.parse::<DateTime>().is_ok()
            }
            Kind::Strings => {
                element.children.iter().all(|child| child.namespace == NAMESPACE && child.name == "string")
            }
        };
        if good { Ok(()) } else { Err(unreadable(&format!("{} has a value of another type", self.name))) }
    }
}

fn unreadable(why: &str) -> Fault {
    Fault::client(format!("Server was unable to read request. ---> {why}."))
}

/// The parameters for the journal, without secrets.
pub(super) fn arguments(body: &Element) -> BTreeMap<String, String> {
    let open = body.children.iter().filter(|child| child.name != "password");
    open.map(|child| {
        let parts: Vec<&str> = child.children.iter().map(|part| part.text.as_str()).collect();
        let text = if parts.is_empty() { child.text.trim().to_owned() } else { parts.join(",") };
        (child.name.clone(), text)
    })
    .collect()
}

impl Call<'_> {
    fn element(&self, name: &str) -> Option<&Element> {
        self.request.body.children.iter().find(|child| child.name == name)
    }

    fn text(&self, name: &str) -> &str {
        self.element(name).map_or("", |element| element.text.trim())
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.text(name), "true" | "1")
    }

    fn id(&self, name: &str) -> Result<u64, Fault> {
        self.text(name).parse().map_err(|_| Fault::own("NotFound", format!("There is no {name} like that.")))
    }

    /// A time without zone is meant by the server's wall clock.
    fn time(&self, name: &str) -> Option<Timestamp> {
        let text = self.text(name);
        let bare =
            |text: &str| text.parse::<DateTime>().ok()?.to_zoned(self.instance.config().zone.clone()).ok();
        text.parse().ok().or_else(|| bare(text).map(|zoned| zoned.timestamp()))
    }

    fn ticket(&self) -> Result<&Ticket, Fault> {
        let id = self.id("ticketId")?;
        self.store.ticket(id).ok_or_else(|| Fault::own("NotFound", format!("Ticket {id} does not exist.")))
    }

    /// First index and one past the last of the page that is asked for.
    fn window(&self, total: usize) -> Result<(usize, usize), Fault> {
        let (page, size) = (self.text("page").parse::<usize>(), self.text("pageSize").parse::<usize>());
        let (Ok(page @ 1..), Ok(size @ 1..)) = (page, size) else {
            return Err(Fault::own("InvalidArgument", "page and pageSize count from 1."));
        };
        let size = size.min(LARGEST_PAGE);
        let again = self.knobs.repeat_page.is_some_and(|repeated| repeated > 1 && repeated as usize == page);
        let start = (if again { page - 2 } else { page - 1 }).saturating_mul(size).min(total);
        let end = start.saturating_add(size).min(total);
        match self.knobs.shift_pages.filter(|shift| page > shift.after as usize) {
            Some(shift) => {
                let shifted = |place: usize| place.saturating_add_signed(shift.by as isize).min(total);
                Ok((shifted(start), if end == total { total } else { shifted(end) }))
            }
            None => Ok((start, end)),
        }
    }

    /// Writes a page of `total` items.
    fn page<'x>(
        &self,
        xml: &mut Xml<'x>,
        result: &str,
        item: &str,
        total: usize,
        mut write: impl FnMut(&mut Xml<'x>, usize),
    ) -> Result<(), Fault> {
        let (start, end) = self.window(total)?;
        let declared = i64::try_from(total).unwrap_or(i64::MAX).saturating_add(self.knobs.wrong_total);
        let dropped = |place: usize| {
            self.knobs.drop_item_every.is_some_and(|every| (place + 1).is_multiple_of(every.max(1) as usize))
        };
        xml.element(result, |xml| {
            xml.value("Total", declared);
            xml.value("HasMore", end < total);
            let kept = (start..end).filter(|index| !dropped(index - start));
            xml.array("Items", item, kept, &mut write);
            xml.end_of(&format!("{item}Page"));
        });
        Ok(())
    }
}

fn ping(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let data = call.store.dataset();
    let erased = &call.knobs.erased_contacts;
    let contacts = data.contacts.iter().filter(|contact| !erased.contains(&contact.id)).count();
    let counts = [
        ("Agent", data.agents.len()),
        ("Group", data.groups.len()),
        ("Ticketbox", data.ticketboxes.len()),
        ("Queue", data.queues.len()),
        ("Company", data.companies.len()),
        ("Contact", contacts),
        ("Category", data.categories.len()),
        ("Ticket", data.tickets.len()),
        ("StandardResponse", data.standard_responses.len()),
        ("SlaProfile", data.sla_profiles.len()),
        ("WorkingHoursProfile", data.working_hours.len()),
        ("KbCategory", data.kb_categories.len()),
        ("KbArticle", data.kb_articles.len()),
        ("Report", data.reports.len()),
        ("Automation", data.automations.len()),
        ("Wallboard", data.wallboards.len()),
        ("ChannelAccount", data.channel_accounts.len()),
    ];
    xml.element("PingResult", |xml| {
        xml.time("ServerTime", Some(call.instance.clock().now()), &NoDate::Nil);
        xml.text("Version", concat!("sandbox ", env!("CARGO_PKG_VERSION")));
        xml.array("Counts", "ObjectCount", counts, |xml, (kind, count)| {
            xml.text("Kind", kind);
            xml.value("Count", count);
        });
        xml.end_of("ServerInfo");
    });
    Ok(())
}

fn login(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let password = call.element("password").map_or("", |element| &element.text);
    if !call.knobs.accept.contains(&Way::Session) || !call.instance.knows(call.text("userName"), password) {
        return Err(super::auth::denied());
    }
    let token = call.instance.sessions().open(call.instance.clock().now());
    xml.element("LoginResult", |xml| {
        xml.text("Token", &token);
        xml.value("ExpiresAfterSeconds", call.knobs.session_seconds);
    });
    Ok(())
}

fn logout(call: &Call<'_>, _: &mut Xml<'_>) -> Result<(), Fault> {
    if let Some(token) = &call.request.token {
        call.instance.sessions().close(token);
    }
    Ok(())
}

fn list_agents(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().agents;
    call.page(xml, "ListAgentsResult", "Agent", all.len(), |xml, index| records::agent(xml, &all[index]))
}

fn list_groups(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().groups;
    call.page(xml, "ListGroupsResult", "Group", all.len(), |xml, index| {
        records::group(xml, &all[index], call.store.members(all[index].id));
    })
}

fn list_ticketboxes(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().ticketboxes;
    call.page(xml, "ListTicketboxesResult", "Ticketbox", all.len(), |xml, index| {
        records::ticketbox(xml, &all[index]);
    })
}

fn list_queues(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().queues;
    call.page(xml, "ListQueuesResult", "Queue", all.len(), |xml, index| records::queue(xml, &all[index]))
}

fn list_companies(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().companies;
    call.page(xml, "ListCompaniesResult", "Company", all.len(), |xml, index| {
        records::company(xml, &all[index]);
    })
}

fn list_contacts(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let after = call.time("modifiedSince");
    let all = call.store.dataset().contacts.iter();
    let changed: Vec<_> = all
        .filter(|contact| since(after, contact.modified, contact.created))
        .filter(|contact| !call.knobs.erased_contacts.contains(&contact.id))
        .collect();
    call.page(xml, "ListContactsResult", "Contact", changed.len(), |xml, index| {
        records::contact(xml, changed[index]);
    })
}

fn list_categories(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().categories;
    call.page(xml, "ListCategoriesResult", "Category", all.len(), |xml, index| {
        records::category(xml, &all[index]);
    })
}

fn list_tickets(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let states = call.element("states").map_or(&[][..], |element| &element.children);
    let filter = TicketFilter {
        states: states.iter().map(|state| state.text.clone()).collect(),
        deleted: call.flag("includeDeleted"),
        spam: call.flag("includeSpam"),
        since: call.time("modifiedSince"),
    };
    let found = call.store.filtered(&filter);
    let all = &call.store.dataset().tickets;
    let mut shown = Vec::new();
    call.page(xml, "ListTicketsResult", "Ticket", found.len(), |xml, index| {
        let ticket = &all[found[index]];
        records::ticket(xml, ticket);
        shown.push(ticket.id);
    })?;
    after_listing(call.instance, &shown);
    Ok(())
}

/// What happens to tickets between the list and the look at one of them.
fn after_listing(instance: &FocalScope, shown: &[u64]) {
    let (mut changed, mut deleted) = (None, None);
    instance.turn(|knobs| {
        changed = knobs.change_after_listing.take_if(|id| shown.contains(id));
        deleted = knobs.delete_after_listing.take_if(|id| shown.contains(id));
    });
    if changed.is_none() && deleted.is_none() {
        return;
    }
    let now = instance.clock().now();
    instance.change(|dataset| {
        dataset.tickets.retain(|ticket| Some(ticket.id) != deleted);
        let messages = dataset.tickets.iter().flat_map(|ticket| &ticket.messages);
        let id = 1 + messages.map(|message| message.id).max().unwrap_or(0);
        let ticket = dataset.tickets.iter_mut().find(|ticket| Some(ticket.id) == changed);
        if let Some(ticket) = ticket {
            let author = ticket.messages.first().map(|first| first.author.clone()).unwrap_or_default();
            let body = "Written while the ticket was being read.".into();
            ticket.messages.push(Message { id, author, sent_at: Some(now), body, ..Message::default() });
            ticket.modified = Some(now);
        }
    });
}

fn get_ticket(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let ticket = call.ticket()?;
    xml.element("GetTicketResult", |xml| records::ticket(xml, ticket));
    Ok(())
}

fn list_messages(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let ticket = call.ticket()?;
    let all = &ticket.messages;
    call.page(xml, "ListMessagesResult", "Message", all.len(), |xml, index| {
        records::message(xml, ticket.id, &all[index]);
    })
}

fn get_call_log(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let ticket = call.ticket()?;
    xml.array("GetCallLogResult", "CallLeg", &ticket.calls, |xml, leg| {
        records::call_leg(xml, ticket.id, leg)
    });
    Ok(())
}

fn get_chat_transcript(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let ticket = call.ticket()?;
    xml.element("GetChatTranscriptResult", |xml| {
        xml.value("TicketId", ticket.id);
        xml.array("Lines", "ChatLine", ticket.chat.iter().enumerate(), |xml, (index, line)| {
            records::chat_line(xml, index + 1, line);
        });
        xml.end_of("ChatTranscript");
    });
    Ok(())
}

fn get_attachment(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let id = call.id("attachmentId")?;
    let attachment = call.store.attachment(id);
    let attachment = attachment
        .filter(|file| !file.missing && !call.knobs.missing_files.contains(&id))
        .ok_or_else(|| Fault::own("NotFound", format!("Attachment {id} does not exist.")))?;
    xml.element("GetAttachmentResult", |xml| records::attachment(xml, attachment));
    Ok(())
}

fn list_standard_responses(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().standard_responses;
    call.page(xml, "ListStandardResponsesResult", "StandardResponse", all.len(), |xml, index| {
        records::library::standard_response(xml, &all[index]);
    })
}

fn list_sla_profiles(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().sla_profiles;
    call.page(xml, "ListSlaProfilesResult", "SlaProfile", all.len(), |xml, index| {
        records::service::sla_profile(xml, &all[index]);
    })
}

fn list_working_hours(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().working_hours;
    call.page(xml, "ListWorkingHoursResult", "WorkingHoursProfile", all.len(), |xml, index| {
        records::service::working_hours(xml, &all[index]);
    })
}

fn list_kb_categories(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().kb_categories;
    call.page(xml, "ListKbCategoriesResult", "KbCategory", all.len(), |xml, index| {
        records::library::kb_category(xml, &all[index]);
    })
}

fn list_kb_articles(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().kb_articles;
    call.page(xml, "ListKbArticlesResult", "KbArticle", all.len(), |xml, index| {
        records::library::kb_article(xml, &all[index]);
    })
}

fn list_reports(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().reports;
    call.page(xml, "ListReportsResult", "Report", all.len(), |xml, index| {
        records::inventory::report(xml, &all[index]);
    })
}

fn list_automations(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().automations;
    call.page(xml, "ListAutomationsResult", "Automation", all.len(), |xml, index| {
        records::inventory::automation(xml, &all[index]);
    })
}

fn list_wallboards(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().wallboards;
    call.page(xml, "ListWallboardsResult", "Wallboard", all.len(), |xml, index| {
        records::inventory::wallboard(xml, &all[index]);
    })
}

fn list_channel_accounts(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let all = &call.store.dataset().channel_accounts;
    call.page(xml, "ListChannelAccountsResult", "ChannelAccount", all.len(), |xml, index| {
        records::inventory::channel_account(xml, &all[index]);
    })
}

/// The lines about days from the first to before the second time; times that are nil don't bound.
fn run_report(call: &Call<'_>, xml: &mut Xml<'_>) -> Result<(), Fault> {
    let id = call.id("reportId")?;
    let report = call.store.dataset().reports.iter().find(|report| report.id == id);
    let report = report.ok_or_else(|| Fault::own("NotFound", format!("Report {id} does not exist.")))?;
    let (from, to) = (call.time("from"), call.time("to"));
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(Fault::own("InvalidArgument", "from lies after to."));
    }
    let zone = &call.instance.config().zone;
    let within = |row: &&ReportRow| {
        let midnight = row.on.and_then(|day| day.to_zoned(zone.clone()).ok()).map(|day| day.timestamp());
        midnight.is_none_or(|at| from.is_none_or(|from| at >= from) && to.is_none_or(|to| at < to))
    };
    xml.element("RunReportResult", |xml| {
        records::inventory::figures(xml, &report.columns, report.rows.iter().filter(within));
    });
    Ok(())
}
