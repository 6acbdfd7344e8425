use super::Served;
use intercom_client::api::{Interval, NewException, NewOfficeHours, OfficeHoursUpdate};
use intercom_client::{ErrorKind, ExceptionId, OfficeHoursId, Outcome};
use jiff::civil::date;
use serde_json::{Value, json};

fn schedule() -> Value {
    json!({"type": "office_hours_schedule", "id": 123, "name": "Support", "time_zone_name": "Europe/Berlin",
        "time_intervals": [{"start_minute": 540, "end_minute": 1020, "day_of_week": 0}], "twenty_four_seven": false,
        "created_at": 1734537309})
}

#[tokio::test]
async fn a_schedule_counts_minutes_from_monday() {
    let served = Served::answering("POST", "/office_hours_schedules", 201, schedule()).await;
    let hours = [Interval { start: 540, end: 1020 }];
    let made = served
        .client
        .office_hours()
        .create(&NewOfficeHours::new("Support", "Europe/Berlin", &hours))
        .await
        .unwrap();
    assert_eq!((made.id.as_str(), made.time_intervals), ("123", hours.to_vec()));
    let want = json!({"name": "Support", "time_zone_name": "Europe/Berlin",
        "time_intervals": [{"start_minute": 540, "end_minute": 1020}]});
    assert_eq!(served.sent().await, want);
}

#[tokio::test]
async fn schedules_are_listed_read_written_and_deleted() {
    let at = "/office_hours_schedules";
    let served = Served::answering("GET", at, 200, json!({"type": "list", "data": [schedule()]})).await;
    let one = format!("{at}/123");
    served.also("GET", &one, 200, schedule()).await;
    served.also("PUT", &one, 200, schedule()).await;
    served.also("DELETE", &one, 200, json!({"id": "123", "deleted": true})).await;
    let hours = served.client.office_hours();
    let id = hours.list().await.unwrap()[0].id.clone();
    hours.get(&id).await.unwrap();
    hours.update(&id, &OfficeHoursUpdate::new().name("B")).await.unwrap();
    hours.delete(&id).await.unwrap();
    let put: Value = serde_json::from_slice(&served.requests().await[2].body).unwrap();
    assert_eq!(put, json!({"name": "B"}));
}

#[tokio::test]
async fn exceptions_are_closed_days_or_other_hours() {
    let at = "/office_hours_schedules/123/office_hours_exceptions";
    let one = json!({"type": "office_hours_exception", "id": "456", "exception_date": "2026-12-25",
        "exception_type": "closed", "name": null, "time_intervals": null, "recurring_annually": true});
    let served = Served::answering("POST", at, 201, one.clone()).await;
    served.also("GET", at, 200, json!({"type": "list", "data": [one.clone()]})).await;
    served.also("PUT", &format!("{at}/456"), 200, one).await;
    served.also("DELETE", &format!("{at}/456"), 200, json!({"id": "456", "deleted": true})).await;
    let (hours, id) = (served.client.office_hours(), OfficeHoursId::from("123"));
    let day = date(2026, 12, 25);
    let made = hours
        .create_exception(&id, &NewException::closed(day).name("Christmas").every_year(true))
        .await
        .unwrap();
    assert_eq!((made.exception_date, made.time_intervals.len()), (Some(day), 0));
    let want = json!({"exception_date": "2026-12-25", "exception_type": "closed", "name": "Christmas", "recurring_annually": true});
    assert_eq!(served.sent().await, want);
    assert_eq!(hours.exceptions(&id).await.unwrap().len(), 1);
    let short = NewException::hours(day, &[Interval { start: 600, end: 720 }]);
    hours.update_exception(&id, &made.id, &short).await.unwrap();
    hours.delete_exception(&id, &ExceptionId::from("456")).await.unwrap();
    let put: Value = serde_json::from_slice(&served.requests().await[2].body).unwrap();
    let want = json!({"exception_date": "2026-12-25", "exception_type": "custom_hours",
        "time_intervals": [{"start_minute": 600, "end_minute": 720}]});
    assert_eq!(put, want);
}

#[tokio::test]
async fn an_interval_off_the_grid_is_refused() {
    let answer = json!({"type": "error.list", "errors": [{"code": "data_invalid", "message": "Time intervals must be on 15 minute boundaries"}]});
    let served = Served::answering("POST", "/office_hours_schedules", 422, answer).await;
    let new = NewOfficeHours::new("S", "Europe/Berlin", &[Interval { start: 541, end: 1020 }]);
    let e = served.client.office_hours().create(&new).await.unwrap_err();
    assert_eq!(
        (e.kind(), e.outcome(), e.code()),
        (ErrorKind::Invalid, Outcome::Rejected, Some("data_invalid"))
    );
}
