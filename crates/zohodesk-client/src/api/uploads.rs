//! `/uploads`: files for calls to come. How long they are kept isn't documented: use them at once.

use crate::api::attachments::form;
use crate::endpoint::{Ask, Does, Endpoint, json};
use crate::id::UploadId;
use crate::wire::{answer, count, handle, private, text};
use connector_http::{Boundary, FilePart};
use http::Method;
use mapping_core::Private;

answer! {
    /// A file that was uploaded; its id goes into a ticket, a comment or a template.
    Upload(UploadId) {
        /// Its name.
        name "private": Option<Private>;
        /// Its length in bytes.
        size "count": Option<u64>;
        /// Where it is read from, with the token.
        href "text": Option<String>;
    }
}

/// `POST /uploads`: streams a file.
pub fn create(to: &Endpoint, file: FilePart, boundary: Boundary) -> Ask<Upload> {
    let call = (Method::POST, &["uploads"][..], &[][..]);
    Ask::new(to, "uploads.create", Does::Create, call, form(file, boundary), json)
}

handle! {
    /// Files for calls to come.
    Uploads {
        create(file: FilePart, boundary: Boundary) -> Upload;
    }
}
