//! Ids of Intercom's objects: opaque strings, one type per object.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as Intercom writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl<S: Into<String>> From<S> for $name {
            fn from(id: S) -> Self {
                $name(id.into())
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                StringOrNumber::deserialize(from).map(|id| $name(id.into_string()))
            }
        }
    )*};
}

ids! {
    /// A contact: 24 hexadecimal characters.
    ContactId,
    /// A conversation. Not the id of its first message.
    ConversationId,
    /// A message, such as the one that opened a conversation. It names no conversation.
    MessageId,
    /// A part of a conversation.
    PartId,
    /// An admin, also called teammate.
    AdminId,
    /// A team.
    TeamId,
    /// A tag.
    TagId,
    /// A conversation attribute.
    ConversationAttributeId,
    /// An option of a conversation attribute of type list.
    OptionId,
    /// A data attribute of contacts or companies.
    DataAttributeId,
    /// A company: Intercom's own id, not the `company_id` that its maker gave it.
    CompanyId,
    /// A note on a contact or a company.
    NoteId,
    /// A collection of a help centre.
    CollectionId,
    /// An article.
    ArticleId,
    /// An internal article.
    InternalArticleId,
    /// A help centre.
    HelpCenterId,
    /// A redirect of a help centre.
    RedirectId,
    /// A schedule of office hours.
    OfficeHoursId,
    /// An exception of a schedule of office hours.
    ExceptionId,
    /// A macro.
    MacroId,
    /// An address that mail comes in by.
    EmailId,
    /// A brand.
    BrandId,
    /// A ticket. Not the number that people see.
    TicketId,
    /// A ticket type.
    TicketTypeId,
    /// An attribute of a ticket type.
    TicketAttributeId,
    /// A state of tickets.
    TicketStateId,
    /// A job that runs at Intercom.
    JobId,
}

/// One id is a string here and a number there, even for one object.
#[derive(Deserialize)]
#[serde(untagged)]
enum StringOrNumber {
    String(String),
    Number(i64),
}
impl StringOrNumber {
    fn into_string(self) -> String {
        match self {
            StringOrNumber::String(id) => id,
            StringOrNumber::Number(id) => id.to_string(),
        }
    }
}

/// An assignee: null, 0 and "0" all mean nobody.
pub(crate) fn assignee<'de, D, I>(from: D) -> Result<Option<I>, D::Error>
where
    D: Deserializer<'de>,
    I: From<String>,
{
    let id = Option::<StringOrNumber>::deserialize(from)?.map(StringOrNumber::into_string);
    Ok(id.filter(|id| id != "0" && !id.is_empty()).map(I::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_from_a_string_and_from_a_number() {
        assert_eq!(serde_json::from_str::<TeamId>("814865").unwrap(), TeamId::from("814865"));
        assert_eq!(serde_json::from_str::<TeamId>("\"814865\"").unwrap(), TeamId::from("814865"));
        assert!(serde_json::from_str::<TeamId>("[1]").is_err());
    }

    #[test]
    fn nobody_has_three_spellings() {
        #[derive(Deserialize)]
        struct Row {
            #[serde(default, deserialize_with = "assignee")]
            who: Option<AdminId>,
        }
        for text in ["{}", "{\"who\":null}", "{\"who\":0}", "{\"who\":\"0\"}"] {
            assert_eq!(serde_json::from_str::<Row>(text).unwrap().who, None, "{text}");
        }
        assert_eq!(serde_json::from_str::<Row>("{\"who\":7}").unwrap().who, Some("7".into()));
    }
}
