//! A profile that names the wrong zone for times without one: every moment would be hours off.

use crate::bench::Bench;
use serde_json::Value;

/// A run directory whose profile names this zone.
fn in_zone(zone: &str) -> Bench {
    let bench = Bench::generated(44, 60);
    bench.replace("profile.toml", "zone = \"Europe/Copenhagen\"", &format!("zone = \"{zone}\""));
    bench.replace("migration.toml", "auth = \"session\"", "auth = \"session\"\nprofile = \"profile.toml\"");
    bench
}

#[test]
fn a_profile_in_another_zone_ends_doctor_and_extract_with_1_and_the_hours_of_difference_are_named() {
    // The server stands in Copenhagen all year; Helsinki is an hour ahead of it in summer and in winter.
    let bench = in_zone("Europe/Helsinki");
    let looked = bench.process(&["doctor", "--only", "source"]);
    looked.assert(1, &["-1 h off"]);
    bench.process(&["extract"]).assert(1, &["-1 h off"]);
    let report = bench.report("extract");
    assert!(report["stopped"].as_str().unwrap().contains("-1 h off"), "{report}");
    assert!(!bench.focalscope.asked().contains_key("GetAttachment"), "nothing was read");
    let staged: u64 =
        report["kinds"].as_object().unwrap().values().map(|kind| kind["staged"].as_u64().unwrap()).sum();
    assert_eq!(staged, 0);
    // Nobody can accept it away.
    bench.process(&["extract", "--accept-shortfall", "Ada Agent"]).assert(1, &["-1 h off"]);
    bench.process(&["map"]).assert(9, &[]);

    // With the right zone the same run directory goes on.
    bench.replace("profile.toml", "Europe/Helsinki", "Europe/Copenhagen");
    let looked = bench.process(&["doctor", "--only", "source"]);
    assert!(!looked.out.contains(" h off"), "{}", looked.out);
    bench.process(&["extract"]).assert(0, &[]);
    assert_eq!(bench.report("extract")["stopped"], Value::Null);
}

#[test]
fn a_zone_six_hours_away_is_named_with_its_sign() {
    let bench = in_zone("America/New_York");
    for verb in ["doctor", "extract"] {
        let ended = bench.process(&[verb]);
        ended.assert(1, &[]);
        let said = format!("{}{}", ended.out, ended.err);
        assert!(["+5 h off", "+6 h off"].iter().any(|hours| said.contains(hours)), "{said}");
    }
}
