//! Which scopes a call needs.

/// The scopes to ask for at the consent: one set for every call of this crate, so that the refresh token never has to be
/// issued again.
pub const ALL_SCOPES: &[&str] = &[
    "Desk.tickets.ALL",
    "Desk.contacts.ALL",
    "Desk.accounts.ALL",
    "Desk.basic.ALL",
    "Desk.settings.ALL",
    "Desk.search.READ",
    "Desk.articles.ALL",
];

/// Scopes of which one is enough for an operation, such as `tickets.create`; empty for one that isn't known. A search needs one of
/// its module and `Desk.search.READ`.
pub fn scopes(operation: &str) -> &'static [&'static str] {
    match operation {
        "organizations.list" | "organizations.get" => {
            &["Desk.basic.READ", "Desk.organization.READ", "Desk.settings.READ"]
        }
        "me.get" | "agents.by_email" => &["Desk.settings.READ", "Desk.basic.READ"],
        "departments.list" | "departments.get" | "departments.exists" => {
            &["Desk.basic.READ", "Desk.departments.READ", "Desk.settings.READ"]
        }
        "departments.create" => &["Desk.basic.CREATE", "Desk.departments.CREATE", "Desk.settings.CREATE"],
        "teams.list" | "teams.get" => &["Desk.basic.READ", "Desk.settings.READ", "Desk.teams.READ"],
        "teams.members" => &["Desk.agents.READ", "Desk.basic.READ", "Desk.settings.READ", "Desk.teams.READ"],
        "teams.create" => &["Desk.basic.CREATE", "Desk.settings.CREATE", "Desk.teams.CREATE"],
        "teams.delete" => &["Desk.basic.DELETE", "Desk.settings.DELETE", "Desk.teams.DELETE"],
        "agents.list" | "agents.get" => &["Desk.agents.READ", "Desk.basic.READ", "Desk.settings.READ"],
        "contacts.list" | "contacts.get" | "accounts.list" | "accounts.get" => &["Desk.contacts.READ"],
        "contacts.search" | "accounts.search" => &["Desk.contacts.READ", "Desk.search.READ"],
        "contacts.create" | "accounts.create" => &["Desk.contacts.CREATE"],
        "contacts.update" | "accounts.update" => &["Desk.contacts.UPDATE"],
        "contacts.trash" | "accounts.trash" => &["Desk.contacts.DELETE"],
        "fields.list" => &["Desk.basic.READ", "Desk.fields.READ"],
        "fields.get" => &["Desk.fields.READ", "Desk.settings.READ"],
        "fields.create" => &["Desk.fields.CREATE", "Desk.settings.CREATE"],
        "fields.delete" => &["Desk.fields.DELETE", "Desk.settings.DELETE"],
        "layouts.list" | "layouts.get" => &["Desk.basic.READ", "Desk.layouts.READ"],
        "layouts.update" | "layouts.update_field" | "layouts.remove_field" => {
            &["Desk.layouts.UPDATE", "Desk.settings.UPDATE"]
        }
        "tickets.list"
        | "tickets.get"
        | "threads.list"
        | "threads.get"
        | "threads.conversations"
        | "comments.list"
        | "attachments.list" => &["Desk.tickets.READ"],
        "tickets.search" => &["Desk.search.READ", "Desk.tickets.READ"],
        "tickets.create" => &["Desk.tickets.CREATE"],
        "tickets.update" | "comments.create" | "comments.delete" | "attachments.create"
        | "attachments.delete" => &["Desk.tickets.UPDATE"],
        "tickets.trash" => &["Desk.tickets.DELETE"],
        "uploads.create" => &["Desk.basic.CREATE"],
        "categories.list"
        | "categories.get"
        | "sections.get"
        | "articles.list"
        | "articles.get"
        | "articles.check_permalink" => &["Desk.articles.READ"],
        "categories.create" | "sections.create" | "articles.create" | "articles.attach" => {
            &["Desk.articles.CREATE"]
        }
        "categories.delete" | "articles.trash" => &["Desk.articles.DELETE"],
        "articles.update" => &["Desk.articles.UPDATE"],
        "template_folders.list" | "templates.list" | "templates.get" => {
            &["Desk.settings.READ", "Desk.templates.READ"]
        }
        "template_folders.create" | "templates.create" => &["Desk.settings.CREATE", "Desk.templates.CREATE"],
        "template_folders.delete" | "templates.delete" => &["Desk.settings.DELETE", "Desk.templates.DELETE"],
        "templates.update" => &["Desk.settings.UPDATE", "Desk.templates.UPDATE"],
        "recycle_bin.list" => &["Desk.settings.READ"],
        _ => &[],
    }
}
