//! Where a person sees an object in Intercom's web application.

use crate::Region;
use mapping_core::{Catalog, RemoteRef};

/// The address of a conversation or contact; of other objects the application has no page with their id in its address.
pub(super) fn address(at: &RemoteRef, there: &Catalog) -> Option<String> {
    let region = there.region.as_deref().and_then(Region::by_name).unwrap_or(Region::Us);
    let (host, app) = (region.app_host(), segment(&there.account)?);
    let id = segment(&at.id)?;
    match at.kind.as_str() {
        "conversation" => Some(format!("https://{host}/a/inbox/{app}/inbox/conversation/{id}")),
        "contact" => Some(format!("https://{host}/a/apps/{app}/users/{id}")),
        _ => None,
    }
}

/// An id that can stand in an address as it is.
fn segment(id: &str) -> Option<&str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (!id.is_empty() && id.bytes().all(plain)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_seen_in_the_inbox_of_its_region_and_an_odd_id_nowhere() {
        let there = Catalog { account: "abc1".into(), region: Some("EU".into()), ..Catalog::default() };
        let at = |id: &str| address(&RemoteRef::new("conversation", id), &there);
        assert_eq!(
            at("77").as_deref(),
            Some("https://app.eu.intercom.com/a/inbox/abc1/inbox/conversation/77")
        );
        assert_eq!(at("77/../x"), None);
        assert_eq!(address(&RemoteRef::new("tag", "5"), &there), None);
    }
}
