//! The closed lists of words a help desk uses: status, priority, channel and the like.

use serde::{Deserialize, Serialize};

/// Declares an enumeration that is written as its word and keeps a word it does not know.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// A word that is not on the list, kept as it is.
            Other(Box<str>),
        }

        impl $name {
            /// Every word on the list, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word as FocalScope writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Other(word.into_boxed_str()),
                }
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.as_str().to_owned()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::ALL[0].clone()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Where a ticket stands.
    Status {
        /// Somebody has to act.
        Open = "Open",
        /// Waits for the customer.
        Pending = "Pending",
        /// Set aside; may stop an SLA timer.
        OnHold = "On Hold",
        /// Answered, may be reopened.
        Resolved = "Resolved",
        /// Done.
        Closed = "Closed",
    }
}

words! {
    /// How urgent a ticket is.
    Priority {
        /// The usual case.
        Normal = "Normal",
        /// Below the usual case.
        Low = "Low",
        /// Above the usual case.
        High = "High",
        /// First of all.
        Urgent = "Urgent",
    }
}

words! {
    /// How the customer reached the help desk.
    Channel {
        /// Mail.
        Email = "email",
        /// Telephone.
        Voice = "voice",
        /// The chat window of a web site.
        Livechat = "livechat",
        /// Facebook.
        Facebook = "facebook",
        /// WhatsApp.
        Whatsapp = "whatsapp",
        /// Telegram.
        Telegram = "telegram",
        /// Text messages.
        Sms = "sms",
    }
}

words! {
    /// Which way a message went.
    Direction {
        /// From the customer.
        In = "in",
        /// To the customer.
        Out = "out",
        /// An internal note of an agent; the customer never saw it.
        Note = "note",
        /// Written by the help desk itself.
        System = "system",
    }
}

words! {
    /// Who wrote a message or a line of chat.
    AuthorKind {
        /// A customer; the id is a contact's.
        Contact = "contact",
        /// An agent; the id is an agent's.
        Agent = "agent",
        /// The help desk itself; there is no id.
        System = "system",
    }
}

words! {
    /// The format of a body.
    ContentType {
        /// Plain text.
        Text = "text/plain",
        /// HTML.
        Html = "text/html",
    }
}

words! {
    /// The state of an agent's account.
    AgentState {
        /// Can log in.
        Active = "active",
        /// Can not log in, still listed.
        Disabled = "disabled",
        /// Deleted, still the author of what was written.
        Deleted = "deleted",
    }
}

words! {
    /// The declared type of a custom field. Values are kept as written and may disagree with it.
    FieldType {
        /// Any text.
        Text = "text",
        /// A number.
        Number = "number",
        /// A date.
        Date = "date",
        /// Yes or no.
        Boolean = "boolean",
        /// One of a list.
        List = "list",
    }
}

words! {
    /// What an automation is.
    AutomationKind {
        /// Acts on one ticket when its conditions hold.
        Rule = "rule",
        /// Sends several mails, one after the other.
        Sequence = "sequence",
    }
}

words! {
    /// How a time that isn't there is sent.
    NoDate {
        /// As `xsi:nil="true"`.
        Nil = "nil",
        /// As `0001-01-01T00:00:00`, the zero of .NET.
        Year1 = "0001-01-01T00:00:00",
        /// As `1753-01-01T00:00:00`, the first `datetime` of SQL Server.
        Year1753 = "1753-01-01T00:00:00",
        /// As `1900-01-01T00:00:00`, an empty string cast to `datetime` by SQL Server.
        Year1900 = "1900-01-01T00:00:00",
        /// As `9999-12-31T00:00:00`, "never".
        Year9999 = "9999-12-31T00:00:00",
    }
}
