//! `/myinfo`: the agent that the token belongs to. He is the author of every comment it writes.

use crate::endpoint::{Ask, Does, Endpoint, Payload, json};
use crate::id::link;
use crate::id::{AgentId, DepartmentId, RoleId};
use crate::wire::{answer, flag, or_default, private, text};
use http::Method;
use mapping_core::Private;

answer! {
    /// The agent that the token belongs to.
    MyInfo(AgentId) {
        /// His name.
        name "private": Option<Private>;
        /// His e-mail address.
        email_id "private": Option<Private>;
        /// `ACTIVE` and others.
        status "text": Option<String>;
        /// Whether he has taken up the invitation.
        is_confirmed "flag": Option<bool>;
        /// His kind of permissions, such as `Admin`.
        role_permission_type "text": Option<String>;
        /// His role.
        role_id "link": Option<RoleId>;
        /// Departments he works in.
        associated_department_ids "or_default": Vec<DepartmentId>;
        /// His time zone.
        time_zone "text": Option<String>;
    }
}

/// `GET /myinfo`.
pub fn get(to: &Endpoint) -> Ask<MyInfo> {
    Ask::new(to, "me.get", Does::Get, (Method::GET, &["myinfo"], &[]), Payload::None, json)
}
