//! How standard responses and the knowledge base are written.

use super::{NIL, Xml, attachment_info, custom_field};
use crate::dataset::{KbArticle, KbCategory, StandardResponse};

pub(in super::super) fn standard_response(xml: &mut Xml<'_>, response: &StandardResponse) {
    xml.value("Id", response.id);
    xml.text("Name", &response.name);
    xml.strings("FolderPath", &response.folder);
    xml.string("Subject", response.subject.as_deref());
    xml.body("Body", &response.body.text());
    xml.text("ContentType", response.content_type.as_str());
    xml.ids("QueueIds", &response.queues);
    xml.ids("TicketboxIds", &response.ticketboxes);
    xml.string("Language", response.language.as_deref());
    xml.array("Attachments", "AttachmentInfo", &response.attachments, attachment_info);
    xml.end_of("StandardResponse");
}

pub(in super::super) fn kb_category(xml: &mut Xml<'_>, category: &KbCategory) {
    xml.value("Id", category.id);
    xml.nillable("ParentId", category.parent);
    xml.text("Title", &category.title);
    xml.end_of("KbCategory");
}

pub(in super::super) fn kb_article(xml: &mut Xml<'_>, article: &KbArticle) {
    xml.value("Id", article.id);
    xml.text("Title", &article.title);
    xml.body("Body", &article.body.text());
    xml.ids("CategoryIds", &article.categories);
    xml.value("Internal", article.internal);
    xml.value("Published", article.published);
    xml.string("Language", article.language.as_deref());
    xml.nillable("AuthorId", article.author);
    xml.string("AuthorName", article.author_name.as_deref());
    xml.time("CreatedAt", article.created, NIL);
    xml.time("ModifiedAt", article.modified, NIL);
    xml.nillable("TranslationOfId", article.translation_of);
    xml.strings("Tags", &article.tags);
    xml.string("Url", article.url.as_deref());
    xml.array("CustomFields", "CustomField", &article.custom_fields, custom_field);
    xml.array("Attachments", "AttachmentInfo", &article.attachments, attachment_info);
    xml.end_of("KbArticle");
}
