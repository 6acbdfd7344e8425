//! The fewest calls by which Intercom's API could hold a draft, counted from the draft and not from the steps.

use mapping_core::Draft;

/// A conversation: one call to open it, one for each further part, one for each tag, one for everything that
/// `PUT /conversations/{id}` takes, one for each assignment, one to close it or let it sleep. A contact: one, one for its company, one for each note. An article: one, one
/// for each tag, one more when it links to others. Office hours: one, and one for each day. Other kinds: one call.
pub(super) fn floor(draft: &Draft) -> u64 {
    let has = |field: &str| u64::from(draft.fields.contains_key(field));
    let tags = draft.field("tags").items().len() as u64;
    match draft.kind.as_str() {
        "conversation" => {}
        "contact" => return 1 + has("company") + draft.parts.len() as u64,
        "article" => return 1 + tags + u64::from(!super::library::links(draft).is_empty()),
        "office_hours" => return 1 + draft.field("exceptions").items().len() as u64,
        _ => return 1,
    }
    let further_parts = draft.parts.len().saturating_sub(1) as u64;
    let put = draft.fields.keys().any(|f| f == "title" || f == "read" || f.starts_with("attribute."));
    let state = matches!(draft.text("state"), "closed" | "snoozed");
    1 + further_parts + tags + u64::from(put) + has("team") + has("assignee") + u64::from(state)
}
