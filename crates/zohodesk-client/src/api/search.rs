//! What searches share. A search may not see a record that was made a moment ago.
//!
//! In a value a comma separates alternatives, `*` stands for anything and `${…}` is a token of the search. There is no way to
//! escape them, so a value that holds one is refused here: it would find something else than it names.

use mapping_core::{Error, ErrorKind, Result};

/// Most custom fields of one search.
pub const MOST_CUSTOM_FIELDS: usize = 10;

/// Refuses the values of a search that would mean something else than they say. `lists` names the parameters that take
/// several values on purpose, and ranges.
pub(crate) fn checked(parameters: &[(&str, String)], lists: &[&str]) -> Result<()> {
    let wrong = |name: &str, message: &'static str| {
        Err(Error::not_sent(ErrorKind::Invalid, message).with("parameter", name))
    };
    for (name, value) in parameters {
        let range = name.ends_with("Range");
        let list = lists.contains(name);
        if value.contains('*') || value.contains("${") || (value.contains(',') && !range && !list) {
            return wrong(name, "a comma, an asterisk or ${ in a search means something else than itself");
        }
        if matches!(*name, "accountName" | "_all" | "tag") && value.chars().count() < 3 {
            return wrong(
                name,
                "Zoho Desk searches this for three characters at least; list or use a custom field",
            );
        }
        if value.is_empty() {
            return wrong(name, "an empty value in a search finds anything or nothing");
        }
    }
    let custom = parameters.iter().filter(|(name, _)| name.starts_with("customField")).count();
    if custom > MOST_CUSTOM_FIELDS {
        return wrong("customField", "a search takes ten custom fields at most");
    }
    Ok(())
}

/// `customField1` … `customField10`, for the types that search.
macro_rules! custom_field_search {
    ($($name:ident),*) => {$(
        impl $name {
            /// A custom field with exactly this value, by the API name that Desk gave it. Ten at most.
            pub fn custom_field(mut self, api_name: &str, value: &str) -> Self {
                let number = 1 + self.0.keys().filter(|key| key.starts_with("customField")).count();
                self.0.0.insert(format!("customField{number}"), format!("{api_name}:{value}").into());
                self
            }
        }
    )*};
}
pub(crate) use custom_field_search;
