//! Which method and path lead where.

use super::call::{Answer, Call, Version};
use super::{attributes, contacts, conversations, replies, workspace};

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
    endpoint("POST", "/contacts/merge", OLD, workspace::denied),
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
    endpoint("POST", "/conversations/{id}/merge", OLD, workspace::denied),
    endpoint("POST", "/conversations/{id}/convert", OLD, workspace::denied),
    endpoint("POST", "/conversations/{id}/run_assignment_rules", OLD, workspace::denied),
    endpoint("POST", "/messages", OLD, workspace::message),
    endpoint("POST", "/phone_call_redirects", OLD, workspace::phone_call_redirect),
    endpoint("POST", "/fin_voice/register", OLD, workspace::denied),
    endpoint("POST", "/visitors/convert", OLD, workspace::denied),
    endpoint("PUT", "/admins/{id}/away", OLD, workspace::denied),
];

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
