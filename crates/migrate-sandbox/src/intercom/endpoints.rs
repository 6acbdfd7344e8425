//! Which method and path lead where.

use super::call::{Answer, Call, Version};
use super::{
    articles, attributes, collections, companies, contacts, content, conversations, hours, internal_articles,
    macros, merging, notes, replies, settings, workspace,
};

/// One endpoint. The first that fits a path takes it, so fixed words come before placeholders.
pub(crate) struct Endpoint {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// The oldest version that has it.
    pub(crate) since: Version,
    pub(crate) handler: fn(&mut Call<'_>) -> Answer,
}

const OLD: Version = Version(100);
const NEW: Version = Version::CURRENT;

const fn endpoint(
    method: &'static str,
    path: &'static str,
    since: Version,
    handler: fn(&mut Call<'_>) -> Answer,
) -> Endpoint {
    Endpoint { method, path, since, handler }
}

const ENDPOINTS: &[Endpoint] = &[
    endpoint("GET", "/me", OLD, workspace::me),
    endpoint("GET", "/admins", OLD, workspace::admins),
    endpoint("GET", "/admins/activity_logs", OLD, settings::activity_logs),
    endpoint("GET", "/admins/{id}", OLD, workspace::admin),
    endpoint("GET", "/teams", OLD, workspace::teams),
    endpoint("GET", "/teams/{id}", OLD, workspace::team),
    endpoint("GET", "/tags", OLD, workspace::tags),
    endpoint("POST", "/tags", OLD, workspace::create_tag),
    endpoint("GET", "/tags/{id}", OLD, workspace::tag),
    endpoint("DELETE", "/tags/{id}", OLD, workspace::delete_tag),
    endpoint("GET", "/contacts", OLD, contacts::list),
    endpoint("POST", "/contacts", OLD, contacts::create),
    endpoint("POST", "/contacts/search", OLD, contacts::search),
    endpoint("POST", "/contacts/merge", OLD, merging::contacts),
    endpoint("GET", "/contacts/find_by_external_id/{external_id}", OLD, contacts::find_by_external_id),
    endpoint("GET", "/contacts/{id}", OLD, contacts::get),
    endpoint("PUT", "/contacts/{id}", OLD, contacts::update),
    endpoint("DELETE", "/contacts/{id}", OLD, contacts::delete),
    endpoint("POST", "/contacts/{id}/archive", OLD, contacts::archive),
    endpoint("POST", "/contacts/{id}/unarchive", OLD, contacts::unarchive),
    endpoint("POST", "/contacts/{id}/block", OLD, contacts::block),
    endpoint("POST", "/contacts/{id}/subscriptions", OLD, workspace::denied),
    endpoint("GET", "/contacts/{id}/tags", OLD, contacts::tags),
    endpoint("POST", "/contacts/{id}/tags", OLD, contacts::attach_tag),
    endpoint("DELETE", "/contacts/{id}/tags/{tag_id}", OLD, contacts::detach_tag),
    endpoint("GET", "/contacts/{id}/companies", OLD, companies::of_contact),
    endpoint("POST", "/contacts/{id}/companies", OLD, companies::attach),
    endpoint("DELETE", "/contacts/{id}/companies/{company_id}", OLD, companies::detach),
    endpoint("GET", "/contacts/{id}/notes", OLD, notes::of_contact),
    endpoint("POST", "/contacts/{id}/notes", OLD, notes::on_contact),
    endpoint("GET", "/contacts/{id}/merge_history", NEW, merging::history),
    endpoint("GET", "/notes/{id}", OLD, notes::get),
    endpoint("POST", "/companies/list", OLD, companies::list),
    endpoint("GET", "/companies/scroll", OLD, companies::scroll),
    endpoint("GET", "/companies", OLD, companies::find),
    endpoint("POST", "/companies", OLD, companies::upsert),
    endpoint("GET", "/companies/{id}", OLD, companies::get),
    endpoint("PUT", "/companies/{id}", OLD, companies::update),
    endpoint("DELETE", "/companies/{id}", OLD, companies::delete),
    endpoint("GET", "/companies/{id}/contacts", OLD, companies::members),
    endpoint("GET", "/companies/{id}/notes", NEW, notes::of_company),
    endpoint("POST", "/companies/{id}/notes", NEW, notes::on_company),
    endpoint("GET", "/help_center/help_centers", OLD, collections::help_centers),
    endpoint("GET", "/help_center/help_centers/{id}", OLD, collections::help_center),
    endpoint("GET", "/help_center/help_centers/{id}/redirects", NEW, content::redirects),
    endpoint("POST", "/help_center/help_centers/{id}/redirects", NEW, content::create_redirect),
    endpoint("GET", "/help_center/help_centers/{id}/redirects/{redirect_id}", NEW, content::redirect),
    endpoint(
        "DELETE",
        "/help_center/help_centers/{id}/redirects/{redirect_id}",
        NEW,
        content::delete_redirect,
    ),
    endpoint("GET", "/help_center/collections", OLD, collections::list),
    endpoint("POST", "/help_center/collections", OLD, collections::create),
    endpoint("GET", "/help_center/collections/{id}", OLD, collections::get),
    endpoint("PUT", "/help_center/collections/{id}", OLD, collections::update),
    endpoint("DELETE", "/help_center/collections/{id}", OLD, collections::delete),
    endpoint("GET", "/articles", OLD, articles::list),
    endpoint("POST", "/articles", OLD, articles::create),
    endpoint("GET", "/articles/search", OLD, articles::search),
    endpoint("GET", "/articles/{id}", OLD, articles::get),
    endpoint("PUT", "/articles/{id}", OLD, articles::update),
    endpoint("DELETE", "/articles/{id}", OLD, articles::delete),
    endpoint("POST", "/articles/{id}/tags", NEW, articles::attach_tag),
    endpoint("DELETE", "/articles/{id}/tags/{tag_id}", NEW, articles::detach_tag),
    endpoint("GET", "/internal_articles", OLD, internal_articles::list),
    endpoint("POST", "/internal_articles", OLD, internal_articles::create),
    endpoint("GET", "/internal_articles/search", OLD, internal_articles::search),
    endpoint("GET", "/internal_articles/{id}", OLD, internal_articles::get),
    endpoint("PUT", "/internal_articles/{id}", OLD, internal_articles::update),
    endpoint("DELETE", "/internal_articles/{id}", OLD, internal_articles::delete),
    endpoint("POST", "/internal_articles/{id}/tags", NEW, internal_articles::attach_tag),
    endpoint("DELETE", "/internal_articles/{id}/tags/{tag_id}", NEW, internal_articles::detach_tag),
    endpoint("GET", "/content/search", NEW, content::search),
    endpoint("POST", "/content/bulk_actions", NEW, content::bulk),
    endpoint("GET", "/content_snippets", NEW, content::snippets),
    endpoint("POST", "/content_snippets", NEW, content::create_snippet),
    endpoint("DELETE", "/content_snippets/{id}", NEW, content::delete_snippet),
    endpoint("GET", "/macros", NEW, macros::list),
    endpoint("GET", "/macros/{id}", NEW, macros::get),
    endpoint("GET", "/office_hours_schedules", NEW, hours::list),
    endpoint("POST", "/office_hours_schedules", NEW, hours::create),
    endpoint("GET", "/office_hours_schedules/{id}", NEW, hours::get),
    endpoint("PUT", "/office_hours_schedules/{id}", NEW, hours::update),
    endpoint("DELETE", "/office_hours_schedules/{id}", NEW, hours::delete),
    endpoint("GET", "/office_hours_schedules/{id}/office_hours_exceptions", NEW, hours::exceptions),
    endpoint("POST", "/office_hours_schedules/{id}/office_hours_exceptions", NEW, hours::create_exception),
    endpoint("GET", "/office_hours_schedules/{id}/office_hours_exceptions/{ex_id}", NEW, hours::exception),
    endpoint(
        "PUT",
        "/office_hours_schedules/{id}/office_hours_exceptions/{ex_id}",
        NEW,
        hours::update_exception,
    ),
    endpoint(
        "DELETE",
        "/office_hours_schedules/{id}/office_hours_exceptions/{ex_id}",
        NEW,
        hours::delete_exception,
    ),
    endpoint("GET", "/emails", OLD, settings::emails),
    endpoint("GET", "/emails/{id}", OLD, settings::email),
    endpoint("GET", "/brands", OLD, settings::brands),
    endpoint("GET", "/brands/{id}", OLD, settings::brand),
    endpoint("GET", "/away_status_reasons", OLD, settings::away_status_reasons),
    endpoint("GET", "/ip_allowlist", NEW, settings::ip_allowlist),
    endpoint("GET", "/calls", OLD, settings::calls),
    endpoint("POST", "/events", OLD, settings::event),
    endpoint("GET", "/data_attributes", OLD, attributes::list_data),
    endpoint("POST", "/data_attributes", OLD, attributes::create_data),
    endpoint("PUT", "/data_attributes/{id}", OLD, attributes::update_data),
    endpoint("GET", "/conversations/attributes", NEW, attributes::list),
    endpoint("POST", "/conversations/attributes", NEW, attributes::create),
    endpoint("GET", "/conversations/attributes/{id}", NEW, attributes::get),
    endpoint("PUT", "/conversations/attributes/{id}", NEW, attributes::update),
    endpoint("DELETE", "/conversations/attributes/{id}", NEW, attributes::archive),
    endpoint("POST", "/conversations/attributes/{id}/options", NEW, attributes::create_option),
    endpoint("PUT", "/conversations/attributes/{id}/options/{option_id}", NEW, attributes::update_option),
    endpoint("DELETE", "/conversations/attributes/{id}/options/{option_id}", NEW, attributes::archive_option),
    endpoint("GET", "/conversations/deleted", NEW, conversations::deleted),
    endpoint("POST", "/conversations/search", OLD, conversations::search),
    endpoint("POST", "/conversations/redact", OLD, conversations::redact),
    endpoint("GET", "/conversations", OLD, conversations::list),
    endpoint("POST", "/conversations", OLD, conversations::create),
    endpoint("GET", "/conversations/{id}", OLD, conversations::get),
    endpoint("PUT", "/conversations/{id}", OLD, conversations::update),
    endpoint("DELETE", "/conversations/{id}", OLD, conversations::delete),
    endpoint("POST", "/conversations/{id}/reply", OLD, replies::reply),
    endpoint("POST", "/conversations/{id}/parts", OLD, replies::parts),
    endpoint("POST", "/conversations/{id}/tags", OLD, conversations::attach_tag),
    endpoint("DELETE", "/conversations/{id}/tags/{tag_id}", OLD, conversations::detach_tag),
    endpoint("POST", "/conversations/{id}/customers", OLD, conversations::attach_customer),
    endpoint("DELETE", "/conversations/{id}/customers/{contact_id}", OLD, conversations::detach_customer),
    endpoint("POST", "/conversations/{id}/merge", NEW, merging::conversations),
    endpoint("POST", "/conversations/{id}/convert", OLD, workspace::denied),
    endpoint("POST", "/conversations/{id}/run_assignment_rules", OLD, workspace::denied),
    endpoint("POST", "/messages", OLD, workspace::message),
    endpoint("POST", "/phone_call_redirects", OLD, workspace::phone_call_redirect),
    endpoint("POST", "/fin_voice/register", OLD, workspace::denied),
    endpoint("POST", "/visitors/convert", OLD, workspace::denied),
    endpoint("PUT", "/admins/{id}/away", OLD, workspace::denied),
];

/// Scopes by the start of the path: for reading, and for writing. The longest start that fits counts.
const SCOPES: [(&str, &str, &str); 14] = [
    ("/contacts", "read_users", "write_users"),
    ("/companies", "read_companies", "write_companies"),
    ("/contacts/{id}/companies", "read_companies", "write_companies"),
    ("/conversations", "read_conversations", "write_conversations"),
    ("/macros", "read_conversations", "read_conversations"),
    ("/tags", "read_tags", "write_tags"),
    ("/data_attributes", "read_attributes", "write_attributes"),
    ("/articles", "read_articles_scope", "read_write_articles_scope"),
    ("/internal_articles", "read_articles_scope", "read_write_articles_scope"),
    ("/help_center", "read_articles_scope", "read_write_articles_scope"),
    (
        "/help_center/help_centers/{id}/redirects",
        "read_help_center_redirects_scope",
        "read_write_help_center_redirects_scope",
    ),
    ("/content", "read_content", "write_content"),
    ("/content_snippets", "read_write_content_snippets", "read_write_content_snippets"),
    ("/office_hours_schedules", "read_write_office_hours", "read_write_office_hours"),
];

/// The scope that a call needs; a search by POST only reads.
pub(crate) fn scope(endpoint: &Endpoint) -> Option<&'static str> {
    let under = |start: &str| {
        endpoint.path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let (_, read, write) =
        SCOPES.iter().filter(|(start, ..)| under(start)).max_by_key(|(start, ..)| start.len())?;
    let reads =
        endpoint.method == "GET" || endpoint.path.ends_with("/search") || endpoint.path.ends_with("/list");
    Some(if reads { read } else { write })
}

/// The endpoint for a request, and what stands in the places of its placeholders.
pub(crate) fn find(method: &str, path: &str) -> Option<(&'static Endpoint, Vec<String>)> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let fits = ENDPOINTS.iter().filter(|endpoint| endpoint.method == method);
    fits.filter_map(|endpoint| Some((endpoint, matched(endpoint.path, &segments)?))).next()
}

fn matched(pattern: &str, segments: &[&str]) -> Option<Vec<String>> {
    let mut ids = Vec::new();
    let mut given = segments.iter();
    for wanted in pattern.trim_matches('/').split('/') {
        let have = given.next()?;
        if wanted.starts_with('{') {
            ids.push(decode(have)?);
        } else if wanted != *have {
            return None;
        }
    }
    given.next().is_none().then_some(ids)
}

/// Undoes percent-encoding; none when it is broken or not UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let hex = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(hex, 16).ok()?);
        rest = rest.get(2..)?;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_words_win_over_placeholders() {
        assert_eq!(find("GET", "/conversations/deleted").unwrap().0.path, "/conversations/deleted");
        assert_eq!(find("GET", "/conversations/17").unwrap().1, ["17"]);
        assert!(find("PATCH", "/conversations/17").is_none());
        assert!(find("GET", "/conversations/17/18").is_none());
    }

    #[test]
    fn ids_in_paths_are_percent_decoded() {
        let (_, ids) = find("GET", "/contacts/find_by_external_id/focalscope%3Acontact%3A7").unwrap();
        assert_eq!(ids, ["focalscope:contact:7"]);
        assert!(find("GET", "/contacts/%zz").is_none());
    }
}
