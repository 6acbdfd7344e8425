//! Edits of what is no conversation: companies, notes, the help centre, office hours and saved replies.

use serde_json::Value;

use super::{Edit, EditError, set_attribute};
use crate::intercom::articles::stored;
use crate::intercom::markup;
use crate::intercom::store::{Article, Availability, Company, InternalArticle, Workspace};

type Done = Result<(), EditError>;

/// Carries the edit out when it is one of these.
pub(super) fn edit(ws: &mut Workspace, edit: &Edit, now: i64) -> Option<Done> {
    Some(match edit {
        Edit::Company { company_id, field, value } => company(ws, company_id, |it| {
            let text = || value.as_str().map(str::to_owned);
            match field.as_str() {
                "name" => it.name = text(),
                "website" => it.website = text(),
                name => set_attribute(&mut it.attributes, name, value),
            }
        }),
        Edit::DoubleCompany { company_id } => double_company(ws, company_id, now),
        Edit::LeaveCompany { company_id, contact } => leave(ws, company_id, contact),
        Edit::DeleteCompany { company_id } => company(ws, company_id, |it| {
            it.archived = true;
            it.members.clear();
        }),
        Edit::Note { note, text } => note_edit(ws, note, text),
        Edit::DeleteNote { note } => removed(id(note).and_then(|id| ws.notes.remove(&id))),
        Edit::DoubleNote { note } => double_note(ws, note),
        Edit::Collection { collection, field, value } => collection_edit(ws, collection, field, value),
        Edit::DoubleCollection { collection } => double_collection(ws, collection),
        Edit::DeleteCollection { collection } => {
            removed(id(collection).and_then(|id| ws.library.collections.remove(&id)))
        }
        Edit::Article { article, field, value } => article_edit(ws, article, field, value, now),
        Edit::Translation { article, locale, title } => translation(ws, article, locale, title.as_deref()),
        Edit::UntagArticle { article, name } => untag(ws, article, name),
        Edit::DoubleArticle { article } => double_article(ws, article),
        Edit::DeleteArticle { article } => {
            let place = id(article);
            let public = place.and_then(|id| ws.library.articles.remove(&id)).is_some();
            let internal = place.and_then(|id| ws.library.internal.remove(&id)).is_some();
            removed((public || internal).then_some(()))
        }
        Edit::OfficeHours { name, becomes } => match ws.schedules.values_mut().find(|it| it.name == *name) {
            None => Err(EditError),
            Some(it) => {
                let id = it.id;
                it.clone_from(becomes);
                it.id = id;
                Ok(())
            }
        },
        Edit::DeleteOfficeHours { name } => {
            let place = ws.schedules.values().find(|it| it.name == *name).map(|it| it.id);
            removed(place.and_then(|id| ws.schedules.remove(&id)))
        }
        Edit::Macro { name, text } => match ws.macros.iter_mut().find(|it| it.name == *name) {
            None => Err(EditError),
            Some(it) => {
                it.text.clone_from(text);
                it.updated_at = Some(now);
                Ok(())
            }
        },
        Edit::DeleteMacro { name } => {
            let place = ws.macros.iter().position(|it| it.name == *name);
            removed(place.map(|place| ws.macros.remove(place)))
        }
        _ => return None,
    })
}

fn id(text: &str) -> Option<u64> {
    text.parse().ok()
}

fn removed<T>(found: Option<T>) -> Done {
    found.map(drop).ok_or(EditError)
}

fn company(ws: &mut Workspace, key: &str, change: impl FnOnce(&mut Company)) -> Done {
    let mut live = ws.companies.iter_mut().filter(|it| !it.archived);
    change(live.find(|it| it.company_id == key).ok_or(EditError)?);
    Ok(())
}

fn double_company(ws: &mut Workspace, key: &str, now: i64) -> Done {
    let found = ws.live_companies().find(|(_, it)| it.company_id == key).map(|(_, it)| it.clone());
    let copy = Company { id: ws.next_contact_id(now), ..found.ok_or(EditError)? };
    ws.companies.push(copy);
    Ok(())
}

fn leave(ws: &mut Workspace, key: &str, contact: &str) -> Done {
    let index = ws.contacts.index(contact).ok_or(EditError)?;
    let mut gone = false;
    company(ws, key, |it| gone = it.members.remove(&index))?;
    if gone { Ok(()) } else { Err(EditError) }
}

fn note_edit(ws: &mut Workspace, note: &str, text: &str) -> Done {
    let it = id(note).and_then(|id| ws.notes.get_mut(&id)).ok_or(EditError)?;
    it.body = markup::escaped_paragraph(text).into();
    Ok(())
}

fn double_note(ws: &mut Workspace, note: &str) -> Done {
    let mut copy = id(note).and_then(|id| ws.notes.get(&id)).ok_or(EditError)?.clone();
    copy.id = ws.next_note();
    ws.notes.insert(copy.id, copy);
    Ok(())
}

fn collection_edit(ws: &mut Workspace, collection: &str, field: &str, value: &Value) -> Done {
    let it = id(collection).and_then(|id| ws.library.collections.get_mut(&id)).ok_or(EditError)?;
    let text = value.as_str().map(str::to_owned);
    match field {
        "name" => it.name = text.ok_or(EditError)?,
        "description" => it.description = text,
        "parent_id" => it.parent = text.and_then(|text| text.parse().ok()),
        _ => return Err(EditError),
    }
    Ok(())
}

fn double_collection(ws: &mut Workspace, collection: &str) -> Done {
    let mut copy = id(collection).and_then(|id| ws.library.collections.get(&id)).ok_or(EditError)?.clone();
    copy.id = ws.next_collection();
    ws.library.collections.insert(copy.id, copy);
    Ok(())
}

fn article_edit(ws: &mut Workspace, article: &str, field: &str, value: &Value, now: i64) -> Done {
    let place = id(article).ok_or(EditError)?;
    if let Some(it) = ws.library.articles.get_mut(&place) {
        it.updated_at = now;
        return change_article(it, field, value);
    }
    let it = ws.library.internal.get_mut(&place).ok_or(EditError)?;
    it.updated_at = now;
    change_internal(it, field, value)
}

fn all(value: &Value) -> Result<Availability, EditError> {
    let on = value.as_bool().ok_or(EditError)?;
    Ok(Availability { chatbot: on, copilot: on, sales: on })
}

fn change_article(it: &mut Article, field: &str, value: &Value) -> Done {
    let content = it.contents.first_mut().ok_or(EditError)?;
    let text = || value.as_str().ok_or(EditError);
    match field {
        "title" => content.title = text()?.to_owned(),
        "body" => content.body = stored(text()?),
        "state" => content.published = text()? == "published",
        "author_id" => content.author = value.as_u64().ok_or(EditError)?,
        "parent_id" => it.parent = value.as_str().and_then(|id| id.parse().ok()).or(value.as_u64()),
        "availability" => it.availability = all(value)?,
        _ => return Err(EditError),
    }
    Ok(())
}

fn change_internal(it: &mut InternalArticle, field: &str, value: &Value) -> Done {
    let text = || value.as_str().ok_or(EditError);
    match field {
        "title" => it.title = text()?.to_owned(),
        "body" => it.body = stored(text()?),
        "author_id" => it.author = value.as_u64().ok_or(EditError)?,
        "availability" => it.availability = all(value)?,
        _ => return Err(EditError),
    }
    Ok(())
}

fn translation(ws: &mut Workspace, article: &str, locale: &str, title: Option<&str>) -> Done {
    let it = id(article).and_then(|id| ws.library.articles.get_mut(&id)).ok_or(EditError)?;
    let place = it.contents.iter().position(|content| content.locale == locale).ok_or(EditError)?;
    match title {
        None => drop(it.contents.remove(place)),
        Some(title) => it.contents[place].title = title.to_owned(),
    }
    Ok(())
}

fn untag(ws: &mut Workspace, article: &str, name: &str) -> Done {
    let tag = ws.tag_named(name).ok_or(EditError)?;
    let place = id(article).ok_or(EditError)?;
    let public = ws.library.articles.get_mut(&place).map(|it| &mut it.tags);
    let internal = ws.library.internal.get_mut(&place).map(|it| &mut it.tags);
    public.or(internal).ok_or(EditError)?.retain(|applied| applied.tag != tag);
    Ok(())
}

fn double_article(ws: &mut Workspace, article: &str) -> Done {
    let place = id(article).ok_or(EditError)?;
    if let Some(it) = ws.library.articles.get(&place) {
        let copy = Article { id: 0, ..it.clone() };
        let id = ws.next_article();
        ws.library.articles.insert(id, Article { id, ..copy });
        return Ok(());
    }
    let copy = ws.library.internal.get(&place).ok_or(EditError)?.clone();
    let id = ws.next_internal();
    ws.library.internal.insert(id, InternalArticle { id, ..copy });
    Ok(())
}
