use super::Served;
use bytes::Bytes;
use connector_http::{Boundary, ByteStream, FilePart, OpenBody};
use serde_json::json;
use std::sync::Arc;
use zohodesk_client::{ErrorKind, Outcome};

struct Chunks(u64);

#[async_trait::async_trait]
impl OpenBody for Chunks {
    async fn open(&self) -> mapping_core::Result<ByteStream> {
        let chunks = (0..self.0).map(|_| Ok(Bytes::from_static(&[b'x'; 1024])));
        Ok(Box::pin(futures_util::stream::iter(chunks)))
    }
}

fn file(chunks: u64, declared: u64) -> FilePart {
    let open = Arc::new(Chunks(chunks));
    FilePart { name: "R\"e.pdf".into(), content_type: "application/pdf".into(), len: declared * 1024, open }
}

#[tokio::test]
async fn an_upload_is_streamed_with_its_length_as_one_part_named_file() {
    let served = Served::answering("POST", "/uploads", 200, json!({"id": "8", "size": "2097152"})).await;
    let upload = served.client.uploads().create(file(2048, 2048), Boundary::seeded(1)).await.unwrap();
    assert_eq!((upload.id.as_str(), upload.size), ("8", Some(2_097_152)));
    let request = &served.requests().await[0];
    assert_eq!(request.headers["content-length"], request.body.len().to_string().as_str());
    let line = Boundary::seeded(1);
    let kind = format!("multipart/form-data; boundary={}", line.as_str());
    assert_eq!(request.headers["content-type"], kind.as_str());
    let text = String::from_utf8_lossy(&request.body);
    assert!(
        text.contains("name=\"file\"; filename=\"R%22e.pdf\"\r\nContent-Type: application/pdf\r\n\r\nxxx")
    );
    assert!(text.ends_with(&format!("xxx\r\n--{}--\r\n", line.as_str())));
}

#[tokio::test]
async fn a_file_of_a_ticket_is_private_unless_it_is_said() {
    let answer = json!({"id": "9", "name": "a", "size": "1024", "isPublic": false});
    let served = Served::answering("POST", "/tickets/5/attachments", 200, answer).await;
    let made =
        served.client.attachments().create(&"5".into(), file(1, 1), false, Boundary::random()).await.unwrap();
    assert_eq!(made.size, Some(1024));
    assert_eq!(served.query().await, "isPublic=false");
}

#[tokio::test]
async fn a_file_that_is_too_large_is_rejected_and_one_that_is_shorter_than_it_says_is_an_error_of_its_own() {
    let served =
        Served::answering("POST", "/uploads", 413, json!({"errorCode": "RESOURCE_SIZE_EXCEEDED"})).await;
    let e = served.client.uploads().create(file(1, 1), Boundary::random()).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::TooLarge, Outcome::Rejected));
    let e = served.client.uploads().create(file(1, 2), Boundary::random()).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Io);
}

#[tokio::test]
async fn a_file_of_an_article_names_its_locale() {
    let served =
        Served::answering("POST", "/articles/52/translations/en/attachments", 200, json!(null)).await;
    let made =
        served.client.articles().attach(&"52".into(), "en", file(1, 1), Boundary::random()).await.unwrap();
    assert!(made.is_none());
    assert_eq!(served.query().await, "attachmentType=file");
}
