//! What was in the workspace before the run: nothing of people may have changed but what was empty, and nothing of the
//! help centre at all.

use super::text::Squeezed;
use super::{Court, Subject, What};

impl Court<'_> {
    /// Compares everybody who was seeded with what the seed said, whether the run matched them or not.
    pub(super) fn compare_known(&mut self) {
        let ws = self.ws;
        for before in &ws.seeded {
            let subject = Subject::alone("contact", &before.id);
            let Some((_, it)) = ws.contacts.find(&before.id) else {
                self.find(What::Lost, &subject, "", "was there before the run");
                continue;
            };
            let given = |before: &Option<String>| before.as_deref().is_some_and(|name| !name.is_empty());
            let fold = |email: &Option<String>| email.as_deref().map(|email| email.trim().to_lowercase());
            let plain = |text: &Option<String>| text.as_deref().map(Squeezed::of_plain);
            let fields = [
                ("external_id", it.external_id == before.external_id),
                ("owner", it.owner_id == before.owner_id),
                ("unsubscribed", it.unsubscribed == before.unsubscribed),
                ("blocked", it.blocked == before.blocked),
                ("role", it.lead == before.lead),
                ("name", !given(&before.name) || plain(&it.name) == plain(&before.name)),
                ("email", !given(&before.email) || fold(&it.email) == fold(&before.email)),
                ("phone", !given(&before.phone) || it.phone == before.phone),
            ];
            for (field, same) in fields {
                self.check(same, &subject, field, || "changed from what was there before the run".into());
            }
        }
    }

    /// Compares collections and articles that were seeded with what the seed said.
    pub(super) fn compare_known_library(&mut self) {
        let ws = self.ws;
        for (kind, id, before) in &ws.seeded_others {
            let subject = Subject::alone(kind, id);
            match ws.library.print(kind, *id) {
                None => self.find(What::Lost, &subject, "", "was there before the run"),
                Some(now) => self.check(now == *before, &subject, "record", || {
                    "changed from what was there before the run".into()
                }),
            }
        }
    }
}
