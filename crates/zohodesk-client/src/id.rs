//! Ids of Desk's objects: opaque strings, one type per object. They have up to nineteen digits, more than a JSON number in
//! another program may keep, so they are written as strings.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as Desk writes it.
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
        impl crate::wire::Written for &$name {
            fn written(self) -> serde_json::Value {
                self.0.as_str().into()
            }
        }
        impl crate::wire::Written for &[$name] {
            fn written(self) -> serde_json::Value {
                self.iter().map(|id| id.0.as_str()).collect()
            }
        }
    )*};
}

ids! {
    /// An organisation, also called portal: the `orgId` of every call.
    OrgId,
    /// A department.
    DepartmentId,
    /// A team.
    TeamId,
    /// An agent.
    AgentId,
    /// A role of agents.
    RoleId,
    /// A contact.
    ContactId,
    /// An account, the organisation of contacts.
    AccountId,
    /// A product.
    ProductId,
    /// A field.
    FieldId,
    /// A layout.
    LayoutId,
    /// A section of a layout.
    LayoutSectionId,
    /// A ticket. Not the number that people see.
    TicketId,
    /// A thread of a ticket: a mail, a post.
    ThreadId,
    /// A comment on a ticket.
    CommentId,
    /// A file of a ticket; of an article, 37 characters that needn't be digits.
    AttachmentId,
    /// A file that was uploaded and not used yet.
    UploadId,
    /// A category or a section of the knowledge base.
    CategoryId,
    /// An article.
    ArticleId,
    /// A folder of e-mail templates.
    FolderId,
    /// An e-mail template.
    TemplateId,
}

/// One id is a string here and a number there.
#[derive(Deserialize)]
#[serde(untagged)]
enum StringOrNumber {
    String(String),
    Number(u64),
    Negative(i64),
}
impl StringOrNumber {
    fn into_string(self) -> String {
        match self {
            StringOrNumber::String(id) => id,
            StringOrNumber::Number(id) => id.to_string(),
            StringOrNumber::Negative(id) => id.to_string(),
        }
    }
}

/// A link to an object: null, the empty text and the texts `null` and `undefined` all mean none.
pub(crate) fn link<'de, D, I>(from: D) -> Result<Option<I>, D::Error>
where
    D: Deserializer<'de>,
    I: From<String>,
{
    let id = Option::<StringOrNumber>::deserialize(from)?.map(StringOrNumber::into_string);
    Ok(id.filter(|id| !matches!(id.as_str(), "" | "null" | "undefined")).map(I::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_every_digit_whether_it_comes_as_text_or_as_a_number() {
        for text in ["\"1892000000056007123\"", "1892000000056007123"] {
            let id: TicketId = serde_json::from_str(text).unwrap();
            assert_eq!(id.as_str(), "1892000000056007123");
            assert_eq!(serde_json::to_string(&id).unwrap(), "\"1892000000056007123\"");
        }
        assert_eq!(serde_json::from_str::<CategoryId>("-1").unwrap().as_str(), "-1");
        assert!(serde_json::from_str::<TicketId>("1.5").is_err());
    }

    #[test]
    fn no_link_has_many_spellings() {
        #[derive(Deserialize)]
        struct Row {
            #[serde(default, deserialize_with = "link")]
            team: Option<TeamId>,
        }
        for text in
            ["{}", "{\"team\":null}", "{\"team\":\"\"}", "{\"team\":\"null\"}", "{\"team\":\"undefined\"}"]
        {
            assert_eq!(serde_json::from_str::<Row>(text).unwrap().team, None, "{text}");
        }
        assert_eq!(serde_json::from_str::<Row>("{\"team\":7}").unwrap().team, Some("7".into()));
    }
}
