//! The fewest calls by which Intercom's API could hold a draft, counted from the draft and not from the steps.

use mapping_core::Draft;

/// A conversation: one call to open it, one for each further part, one for each tag, one for everything that
/// `PUT /conversations/{id}` takes, one for each assignment, one to close it or let it sleep. Other kinds: one call.
pub(super) fn floor(draft: &Draft) -> u64 {
    if draft.kind != "conversation" {
        return 1;
    }
    let has = |field: &str| u64::from(draft.fields.contains_key(field));
    let further_parts = draft.parts.len().saturating_sub(1) as u64;
    let tags = draft.field("tags").items().len() as u64;
    let put = draft.fields.keys().any(|f| f == "title" || f == "read" || f.starts_with("attribute."));
    let state = matches!(draft.text("state"), "closed" | "snoozed");
    1 + further_parts + tags + u64::from(put) + has("team") + has("assignee") + u64::from(state)
}
