//! JSON Schemas for editors, written into every run directory.

/// The line that tells an editor which schema `migration.toml` has.
pub(crate) const OF_MIGRATION: &str = "#:schema schemas/migration.schema.json\n";
/// The line that tells an editor which schema `mapping.toml` has.
pub(crate) const OF_MAPPING: &str = "#:schema schemas/mapping.schema.json\n";

/// The files, by name within the run directory.
pub(crate) const FILES: [(&str, &str); 2] = [
    ("schemas/migration.schema.json", include_str!("../schemas/migration.schema.json")),
    ("schemas/mapping.schema.json", mapping_core::mapping::SCHEMA),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, InitOptions};
    use serde_json::Value;

    fn json(toml: &str) -> Value {
        // Days are texts to an editor, as they are in JSON.
        fn plain(value: toml::Value) -> Value {
            match value {
                toml::Value::Datetime(day) => Value::String(day.to_string()),
                toml::Value::Table(table) => {
                    Value::Object(table.into_iter().map(|(k, v)| (k, plain(v))).collect())
                }
                toml::Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
                other => serde_json::to_value(other).unwrap(),
            }
        }
        plain(toml::Value::Table(toml::from_str(toml).unwrap()))
    }

    fn complaints(toml: &str) -> Vec<String> {
        let schema: Value = serde_json::from_str(FILES[0].1).unwrap();
        let validator = jsonschema::draft7::new(&schema).unwrap();
        validator.iter_errors(&json(toml)).map(|e| e.to_string()).collect()
    }

    #[test]
    fn a_new_run_directory_has_the_schemas_and_files_that_are_valid_and_name_them() {
        let dir = tempfile::tempdir().unwrap();
        let options = InitOptions::new("acme", "focalscope-to-intercom").source("url = \"http://localhost\"");
        crate::init(dir.path(), &options).unwrap();
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
        let migration = read("migration.toml");
        assert!(migration.starts_with(OF_MIGRATION), "{migration}");
        assert!(read("mapping.toml").starts_with(OF_MAPPING));
        assert_eq!(complaints(&migration), [""; 0]);
        for (name, content) in FILES {
            assert_eq!(read(name), content);
        }
        // What is commented out is valid too.
        let all = migration.replace("# created_", "created_");
        assert!(Config::parse(&all).is_ok());
        assert_eq!(complaints(&all), [""; 0]);
    }

    #[test]
    fn what_the_reader_refuses_the_schema_refuses_too() {
        let head = "name = \"acme\"\nmapping = \"m\"\n";
        for wrong in [
            "mapping = \"m\"\n".to_owned(),
            "name = \"acme\"\n".to_owned(),
            "name = \"../x\"\nmapping = \"m\"\n".to_owned(),
            "name = \"\"\nmapping = \"m\"\n".to_owned(),
            format!("name = \"{}\"\nmapping = \"m\"\n", "x".repeat(41)),
            format!("{head}filter = 1\n"),
            format!("{head}source = \"x\"\n"),
            format!("{head}[limits]\nworker = 3\n"),
            format!("{head}[limits]\nworkers = 0\n"),
            format!("{head}[limits]\nworkers = 65\n"),
            format!("{head}[limits]\npause_seconds = -1\n"),
            format!("{head}[filters]\ncreated_from = \"soon\"\n"),
            format!("{head}[filters]\ncreated_from = 2024-03-01T10:00:00Z\n"),
        ] {
            assert!(Config::parse(&wrong).is_err(), "the reader takes {wrong}");
            assert_ne!(complaints(&wrong), [""; 0], "the schema takes {wrong}");
        }
    }

    #[test]
    fn the_schema_knows_every_setting() {
        let schema: Value = serde_json::from_str(FILES[0].1).unwrap();
        let config = Config::parse("name = \"a\"\nmapping = \"m\"\n").unwrap();
        let Value::Object(config) = serde_json::to_value(config).unwrap() else { panic!("no table") };
        for (name, value) in &config {
            let known = &schema["properties"][name];
            assert!(known.is_object(), "{name}");
            let inner = value.as_object().into_iter().flatten();
            for (setting, _) in inner.filter(|_| known["additionalProperties"] == Value::Bool(false)) {
                assert!(known["properties"][setting].is_object(), "{name}.{setting}");
            }
        }
    }
}
