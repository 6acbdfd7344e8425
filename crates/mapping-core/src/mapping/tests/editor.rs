//! The JSON Schema of mapping files says what the reader takes.

use super::*;
use crate::mapping::SCHEMA;
use crate::mapping::read::KEYS;
use crate::mapping::schema::ROOTS;
use serde_json::Value as Json;

fn schema() -> Json {
    serde_json::from_str(SCHEMA).unwrap()
}

fn json(toml: &str) -> Json {
    serde_json::to_value(toml::from_str::<toml::Table>(toml).unwrap()).unwrap()
}

fn complaints(toml: &str) -> Vec<String> {
    let validator = jsonschema::draft7::new(&schema()).unwrap();
    validator.iter_errors(&json(toml)).map(|e| e.to_string()).collect()
}

#[test]
fn the_built_in_mapping_and_an_overlay_are_valid() {
    assert_eq!(complaints(Mapping::built_in_text("focalscope-to-intercom").unwrap()), [""; 0]);
    let overlay = "[options]\ndefault_country = \"DK\"\n[[object]]\nfrom = \"ticket\"\n\
                   [[object.field]]\nto = \"title\"\nremove = true\n[object.custom]\nexclude = [\"Secret\"]\n";
    assert!(built_in().overlay(overlay).is_ok());
    assert_eq!(complaints(overlay), [""; 0]);
    assert_eq!(complaints(""), [""; 0]);
}

#[test]
fn what_the_reader_refuses_the_schema_refuses_too() {
    let ticket = "[[object]]\nfrom = \"ticket\"\n";
    for wrong in [
        "[option]\n".to_owned(),
        "[options]\ncontacts = \"some\"\n".to_owned(),
        "[options]\ndefault_country = \"Denmark\"\n".to_owned(),
        "[[object]]\nfrom = \"tickets\"\n".to_owned(),
        format!("{ticket}[[object.field]]\npath = \"ticket.subject\"\n"),
        format!("{ticket}[[object.field]]\nto = \"title\"\npaht = \"ticket.subject\"\n"),
        format!("{ticket}[[object.field]]\nto = \"title\"\npath = \"ticket.subject\"\ntransform = [\"uper\"]\n"),
        format!("{ticket}[[object.field]]\nto = \"attribute.x\"\ntype = \"number\"\npath = \"ticket.subject\"\n"),
        format!("{ticket}[[object.field]]\nto = \"title\"\npath = \"ticket.subject\"\nwhen = [{{ path = \"ticket.spam\" }}]\n"),
        format!("{ticket}[[object.field]]\nto = \"title\"\npath = \"ticket.subject\"\nmax_chars = -1\n"),
        format!("{ticket}[object.parts]\n[[object.parts.part]]\nname = \"x\"\neach = \"mails\"\nkey = \"k\"\nbody = \"body\"\n"),
        "[placeholders]\nform = \"%\"\n".to_owned(),
        "[[handoff]]\nname = \"../x\"\n".to_owned(),
        "[[handoff]]\nname = \"x\"\nrow = \"I7\"\nfrom = \"nothing\"\ntitle = \"\"\ndestination = \"\"\nplace = \"\"\n".to_owned(),
        "[[row]]\nid = \"I99\"\nsource = \"a\"\ndestination = \"b\"\nfidelity = \"good\"\n".to_owned(),
    ] {
        assert!(built_in().overlay(&wrong).is_err(), "the reader takes {wrong}");
        assert_ne!(complaints(&wrong), [""; 0], "the schema takes {wrong}");
    }
}

#[test]
fn the_schema_knows_every_key_and_every_kind_and_no_other() {
    let schema = schema();
    for (place, keys) in KEYS {
        let table = schema.pointer(place).unwrap_or_else(|| panic!("no {place}"));
        let mut there: Vec<&str> =
            table["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut known = keys.to_vec();
        there.sort_unstable();
        known.sort_unstable();
        assert_eq!(there, known, "{place}");
        assert_eq!(table["additionalProperties"], Json::Bool(false), "{place}");
    }
    let words = |place: &str| -> BTreeSet<String> {
        let list = schema.pointer(place).unwrap()["enum"].as_array().unwrap();
        list.iter().map(|v| v.as_str().unwrap().to_owned()).collect()
    };
    let of = |words: &mut dyn Iterator<Item = &str>| words.map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(words("/properties/object/items/properties/from"), of(&mut ROOTS.into_iter()));
    let sources = Record::KINDS.iter().copied().chain(crate::mapping::FINDINGS);
    assert_eq!(words("/properties/handoff/items/properties/from"), of(&mut sources.into_iter()));
}
