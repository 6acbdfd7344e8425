//! The calls of tags and attributes. What is there already is taken and survives a rollback.

use super::IntercomSink;
use super::catalog::{contact_type, conversation_type};
use super::shape_schema::{field_type, same};
use super::steps;
use crate::api::{ConversationAttribute, DataAttribute, Model, NewConversationAttribute, NewDataAttribute};
use crate::{ConversationAttributeId, DataAttributeId, OptionId, TagId};
use mapping_core::{
    Call, Candidate, Draft, Error, ErrorKind, FieldType, Made, Outcome, Prepared, Receipt, RemoteRef, Result,
    Value,
};
use std::collections::BTreeMap;

/// The name of a tag that marks a batch begins with it.
pub(super) const MARK: &str = "migration: ";

/// The id of what had the name before we came.
const EXISTING: &str = "existing";
/// The attribute that a step is about, and its option.
const ID: &str = "id";
const OPTION: &str = "option";

impl IntercomSink {
    pub(super) async fn prepare_schema(&self, call: &Call<'_>) -> Result<Prepared> {
        let made_here = call.so_far.receipts().any(|(_, r)| matches!(r.made, Made::Created(_)));
        let grown = call.step.args.contains_key("grown");
        let name = call.draft.text("name");
        match &*call.step.op {
            steps::TAG_CREATE => {
                let there = self.find_tag(name).await?;
                Ok(noted(there.map(|t| (EXISTING, t.to_string()))))
            }
            steps::ATTRIBUTE_CREATE if model(call).is_some() => self.prepare_contact_attribute(call).await,
            steps::ATTRIBUTE_CREATE => {
                let there = self.live_attribute(name).await?;
                if let Some(there) = &there {
                    refuse_other_type(call.draft, conversation_type(&there.data_type))?;
                }
                Ok(Prepared { skip: there.is_some(), ..Prepared::default() })
            }
            steps::ATTRIBUTE_OPTION | steps::ATTRIBUTE_OPTIONS if made_here && !grown => Ok(skip()),
            steps::ATTRIBUTE_OPTION => {
                let there = self.live_attribute(name).await?;
                let label = label(call)?.to_lowercase();
                let known = there.as_ref().is_some_and(|a| a.labels().any(|l| l.to_lowercase() == label));
                Ok(Prepared { skip: known, ..noted(there.map(|a| (ID, a.id.to_string()))) })
            }
            steps::ATTRIBUTE_OPTIONS => {
                let there = self.data_attribute(call).await?;
                let id = there.as_ref().and_then(|a| a.id.as_ref()).map(|id| (ID, id.to_string()));
                let had = there.map(|a| a.options).unwrap_or_default();
                let missing = wanted_labels(call.draft).iter().any(|l| !had.contains(l));
                let before = Value::List(had.into_iter().map(Value::text).collect());
                let before = BTreeMap::from([("options".to_owned(), before)]);
                Ok(Prepared { skip: !missing, before, ..noted(id) })
            }
            steps::OPTION_ARCHIVE => self.prepare_option_archive(call).await,
            _ => Ok(Prepared::default()),
        }
    }

    async fn prepare_contact_attribute(&self, call: &Call<'_>) -> Result<Prepared> {
        let Some(there) = self.data_attribute(call).await? else {
            return Ok(Prepared::default());
        };
        refuse_other_type(call.draft, contact_type(&there))?;
        let id = there.id.ok_or_else(|| {
            Error::not_sent(ErrorKind::Conflict, "a standard attribute of Intercom has this name")
        })?;
        // A live one is taken as it is, an archived one brought back.
        Ok(Prepared { skip: !there.archived, ..noted(Some((EXISTING, id.to_string()))) })
    }

    async fn prepare_option_archive(&self, call: &Call<'_>) -> Result<Prepared> {
        let label = call.step.args.get("option").map(String::as_str).unwrap_or_default();
        let Some(there) = self.live_attribute(call.draft.text("name")).await? else { return Ok(skip()) };
        let option = there.options.iter().find(|o| !o.archived && o.label == label);
        let Some(option) = option else { return Ok(skip()) };
        let mut prepared = noted(Some((ID, there.id.to_string())));
        prepared.notes.insert(OPTION.into(), option.id.to_string());
        Ok(prepared)
    }

    pub(super) async fn perform_schema(&self, call: &Call<'_>) -> Result<Receipt> {
        let existing = call.prepared.notes.get(EXISTING);
        match &*call.step.op {
            // Answers the tag that is there, so it is safe whoever was first.
            steps::TAG_CREATE => {
                let tag = self.client.tags().create(call.draft.text("name")).await?;
                Ok(Receipt::new(made("tag", tag.id.as_str(), existing.is_some())))
            }
            steps::TAG_DELETE => {
                let gone = self.client.tags().delete(&TagId::from(call.target()?.id.as_str())).await;
                removed(call, gone)
            }
            steps::ATTRIBUTE_CREATE => self.create_attribute(call, existing).await,
            steps::ATTRIBUTE_OPTION => {
                let label = label(call)?;
                let id = ConversationAttributeId::from(note(call, ID)?);
                self.client.conversation_attributes().add_option(&id, &label).await?;
                Ok(Receipt::nothing().output(OPTION, label))
            }
            steps::ATTRIBUTE_OPTIONS => {
                let mut all = before_options(call);
                all.extend(
                    wanted_labels(call.draft).into_iter().filter(|l| !before_options(call).contains(l)),
                );
                let id = note(call, ID)?;
                self.client.data_attributes().set_options(&DataAttributeId::from(id), &all).await?;
                Ok(Receipt::new(Made::Changed(RemoteRef::new(call.draft.kind.clone(), id))))
            }
            steps::OPTION_ARCHIVE => {
                let id = ConversationAttributeId::from(note(call, ID)?);
                let option = OptionId::from(note(call, OPTION)?);
                match self.client.conversation_attributes().archive_option(&id, &option).await {
                    Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
                    _ => Ok(Receipt::nothing()),
                }
            }
            steps::OPTIONS_RESTORE => self.restore_options(call).await,
            steps::ATTRIBUTE_ARCHIVE if call.target()?.kind != "conversation_attribute" => {
                let id = DataAttributeId::from(call.target()?.id.as_str());
                let gone = self.client.data_attributes().set_archived(&id, true).await;
                removed(call, gone)
            }
            steps::ATTRIBUTE_ARCHIVE => {
                let id = ConversationAttributeId::from(call.target()?.id.as_str());
                let gone = self.client.conversation_attributes().archive(&id).await;
                removed(call, gone)
            }
            other => Err(super::unknown_step(other)),
        }
    }

    async fn create_attribute(&self, call: &Call<'_>, existing: Option<&String>) -> Result<Receipt> {
        let kind = call.draft.kind.as_str();
        if let Some(id) = existing {
            self.client.data_attributes().set_archived(&DataAttributeId::from(id.as_str()), false).await?;
            return Ok(revived(kind, id));
        }
        if let Some(model) = model(call) {
            let new = new_contact_attribute(call.draft)?.of_model(model);
            let made_it = self.client.data_attributes().create(&new).await?;
            let id = made_it.id.ok_or_else(|| {
                Error::new(ErrorKind::Malformed, Outcome::Applied, "a new attribute came without an id")
            })?;
            return Ok(Receipt::new(made(kind, id.as_str(), false)));
        }
        let new = new_conversation_attribute(call.draft)?;
        let made_it = self.client.conversation_attributes().create(&new).await?;
        Ok(Receipt::new(made(kind, made_it.id.as_str(), false)))
    }

    async fn restore_options(&self, call: &Call<'_>) -> Result<Receipt> {
        let ours = |e: &&mapping_core::Entry| e.step.op == steps::ATTRIBUTE_OPTIONS && !e.prepared.skip;
        let entry = call.so_far.entries.iter().find(ours);
        let before = entry.and_then(|e| e.prepared.before.get("options")).map(texts).unwrap_or_default();
        let id = entry.and_then(|e| e.prepared.notes.get(ID)).map(|id| DataAttributeId::from(id.as_str()));
        let id = id.ok_or_else(|| Error::bug("the attribute whose options changed was not noted"))?;
        self.client.data_attributes().set_options(&id, &before).await.map(|()| Receipt::nothing())
    }

    pub(super) async fn settle_schema(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        let existed = call.prepared.notes.contains_key(EXISTING);
        let name = call.draft.text("name");
        let kind = call.draft.kind.as_str();
        let agrees =
            |there: FieldType| field_type(call.draft.text("data_type")).map(same) == Some(same(there));
        let found = match &*call.step.op {
            steps::TAG_CREATE => {
                let there = self.find_tag(name).await?;
                there.map(|id| (Receipt::new(made("tag", id.as_str(), existed)), true))
            }
            steps::ATTRIBUTE_CREATE if model(call).is_some() => {
                let there = self.data_attribute(call).await?.filter(|a| !a.archived);
                there.and_then(|a| {
                    let agrees = agrees(contact_type(&a));
                    let id = a.id?;
                    let new = Receipt::new(made(kind, id.as_str(), false));
                    Some((if existed { revived(kind, id.as_str()) } else { new }, agrees))
                })
            }
            steps::ATTRIBUTE_CREATE => self.live_attribute(name).await?.map(|a| {
                (Receipt::new(made(kind, a.id.as_str(), false)), agrees(conversation_type(&a.data_type)))
            }),
            steps::ATTRIBUTE_OPTION => {
                let label = label(call)?;
                let there = self.live_attribute(name).await?;
                let known = there.is_some_and(|a| a.labels().any(|l| l == label));
                known.then(|| (Receipt::nothing().output(OPTION, label), true))
            }
            steps::ATTRIBUTE_OPTIONS => {
                let had = self.data_attribute(call).await?.map(|a| a.options).unwrap_or_default();
                let landed = wanted_labels(call.draft).iter().all(|l| had.contains(l));
                let target = RemoteRef::new(call.draft.kind.clone(), note(call, ID)?);
                landed.then(|| (Receipt::new(Made::Changed(target)), true))
            }
            _ => None,
        };
        Ok(found.into_iter().map(|(receipt, agrees)| Candidate { receipt, agrees }).collect())
    }

    pub(super) async fn find_tag(&self, name: &str) -> Result<Option<TagId>> {
        let wanted = name.to_lowercase();
        let tags = self.client.tags().list().await?;
        Ok(tags.into_iter().find(|t| t.name.to_lowercase() == wanted).map(|t| t.id))
    }

    /// The live conversation attribute of this name; two of them are an error.
    pub(super) async fn live_attribute(&self, name: &str) -> Result<Option<ConversationAttribute>> {
        let wanted = name.to_lowercase();
        let all = self.client.conversation_attributes().list(false).await?;
        let mut named = all.into_iter().filter(|a| !a.archived && a.name.to_lowercase() == wanted);
        match (named.next(), named.next()) {
            (found, None) => Ok(found),
            _ => {
                let message = "two live conversation attributes have this name; archive one of them";
                Err(Error::not_sent(ErrorKind::Conflict, message).with("attribute", name))
            }
        }
    }

    /// The attribute of contacts or companies of this name: a live one, else an archived one.
    async fn data_attribute(&self, call: &Call<'_>) -> Result<Option<DataAttribute>> {
        let wanted = call.draft.text("name").to_lowercase();
        let mut all = self.client.data_attributes().list_of(model(call).unwrap_or_default(), true).await?;
        all.retain(|a| a.name.to_lowercase() == wanted);
        all.sort_by_key(|a| a.archived);
        Ok(all.into_iter().next())
    }
}

/// Whose attribute it is, unless it is one of conversations.
fn model(call: &Call<'_>) -> Option<Model> {
    match call.draft.kind.as_str() {
        "contact_attribute" => Some(Model::Contact),
        "company_attribute" => Some(Model::Company),
        _ => None,
    }
}

fn skip() -> Prepared {
    Prepared { skip: true, ..Prepared::default() }
}

fn noted(note: Option<(&str, String)>) -> Prepared {
    let notes = note.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    Prepared { notes, ..Prepared::default() }
}

fn note<'a>(call: &Call<'a>, name: &str) -> Result<&'a str> {
    let note = call.prepared.notes.get(name).map(String::as_str);
    note.ok_or_else(|| Error::bug("what was prepared is not on disk").with("note", name))
}

fn revived(kind: &str, id: &str) -> Receipt {
    Receipt::new(made(kind, id, true)).output("unarchived", "yes")
}

fn made(kind: &str, id: &str, existed: bool) -> Made {
    let remote = RemoteRef::new(kind.to_owned(), id);
    if existed { Made::Matched(remote) } else { Made::Created(remote) }
}

fn removed(call: &Call<'_>, gone: Result<()>) -> Result<Receipt> {
    match gone {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(Receipt::new(Made::Removed(call.target()?.clone()))),
    }
}

fn refuse_other_type(draft: &Draft, there: FieldType) -> Result<()> {
    if field_type(draft.text("data_type")).map(same) == Some(same(there)) {
        return Ok(());
    }
    let message = "the workspace has an attribute of this name with another type; rename one of them";
    Err(Error::not_sent(ErrorKind::Conflict, message).with("attribute", draft.text("name")))
}

fn texts(value: &Value) -> Vec<String> {
    value.items().iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn wanted_labels(draft: &Draft) -> Vec<String> {
    texts(draft.field("options"))
}

fn before_options(call: &Call<'_>) -> Vec<String> {
    call.prepared.before.get("options").map(texts).unwrap_or_default()
}

fn label(call: &Call<'_>) -> Result<String> {
    let index = call.step.args.get("index").and_then(|i| i.parse::<usize>().ok());
    let label = index.and_then(|i| call.draft.field("options").items().get(i)).and_then(Value::as_str);
    label.map(str::to_owned).ok_or_else(|| Error::bug("an option step names no option of its draft"))
}

fn new_conversation_attribute(draft: &Draft) -> Result<NewConversationAttribute> {
    let name = draft.text("name");
    let new = match field_type(draft.text("data_type")) {
        Some(FieldType::Text) => NewConversationAttribute::string(name),
        Some(FieldType::Integer) => NewConversationAttribute::integer(name),
        Some(FieldType::Decimal) => NewConversationAttribute::decimal(name),
        Some(FieldType::Boolean) => NewConversationAttribute::boolean(name),
        Some(FieldType::DateTime | FieldType::Date) => NewConversationAttribute::datetime(name),
        Some(FieldType::List) => NewConversationAttribute::list(name, wanted_labels(draft)),
        _ => return Err(Error::bug("an attribute type that shaping lets pass is not known")),
    };
    Ok(described(draft).into_iter().fold(new, NewConversationAttribute::description))
}

fn new_contact_attribute(draft: &Draft) -> Result<NewDataAttribute> {
    let name = draft.text("name");
    let new = match field_type(draft.text("data_type")) {
        Some(FieldType::Text) => NewDataAttribute::string(name),
        Some(FieldType::Integer) => NewDataAttribute::integer(name),
        Some(FieldType::Decimal) => NewDataAttribute::float(name),
        Some(FieldType::Boolean) => NewDataAttribute::boolean(name),
        Some(FieldType::DateTime) => NewDataAttribute::datetime(name),
        Some(FieldType::Date) => NewDataAttribute::date(name),
        Some(FieldType::List) => NewDataAttribute::list(name, wanted_labels(draft)),
        _ => return Err(Error::bug("an attribute type that shaping lets pass is not known")),
    };
    Ok(described(draft).into_iter().fold(new, NewDataAttribute::description))
}

fn described(draft: &Draft) -> Option<String> {
    Some(draft.text("description").to_owned()).filter(|d| !d.is_empty())
}
