//! The stand-in on a port of its own, and what a test asks of a source that reads it.
#![allow(dead_code)]

use focalscope_soap::profile::Pace;
use focalscope_soap::{Config, FocalScope, Profile};
use futures_util::StreamExt as _;
use mapping_core::model::Record;
use mapping_core::testkit::MemoryBlobs;
use mapping_core::{Ask, Divergence, Item, Kind, Source as _};
use migrate_sandbox::dataset::Dataset;
use migrate_sandbox::focalscope::{PATH, serve};
use std::collections::BTreeMap;

pub(crate) struct Server {
    pub(crate) instance: migrate_sandbox::focalscope::FocalScope,
    pub(crate) base: String,
}

pub(crate) fn quick() -> Pace {
    let mut pace = Pace::default();
    pace.pause_seconds = 0.0;
    pace.concurrency = 4;
    pace.page_size = 7;
    pace.first_wait_seconds = 0.01;
    pace
}

impl Server {
    pub(crate) async fn start(dataset: Dataset) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}{PATH}", listener.local_addr().unwrap());
        let instance = migrate_sandbox::focalscope::FocalScope::new(dataset);
        tokio::spawn(serve(listener, instance.clone()));
        Self { instance, base }
    }

    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new(format!("{}?wsdl", self.base))
            .with_login("migration", "sandbox".to_owned())
            .with_api_key("sandbox-key".to_owned())
            .with_pace(quick());
        config.http.retry.first_wait = std::time::Duration::from_millis(5);
        config
    }

    pub(crate) async fn source(&self) -> FocalScope {
        FocalScope::connect(self.config()).await.unwrap()
    }

    /// Reads by the default profile after this text of it was changed.
    pub(crate) async fn source_with(&self, from: &str, to: &str) -> FocalScope {
        let text = Profile::default_toml().replace(from, to);
        assert_ne!(text, Profile::default_toml(), "{from}");
        let profile = Profile::parse(&text).unwrap();
        FocalScope::reach(self.config(), profile).await.unwrap().connect().unwrap()
    }
}

pub(crate) async fn read(source: &FocalScope, kind: &'static str) -> Vec<Item> {
    let files = MemoryBlobs::new();
    let ask = Ask { kind: Kind::of(kind), since: None, cursor: None, files: &files };
    source.records(ask).map(|item| item.unwrap()).collect().await
}

pub(crate) fn records(items: &[Item]) -> Vec<&Record> {
    items.iter().filter_map(|i| if let Item::Record(r) = i { Some(&**r) } else { None }).collect()
}

pub(crate) fn notes(items: &[Item]) -> String {
    let notes: Vec<&str> =
        items.iter().filter_map(|i| if let Item::Note(n) = i { Some(n.as_str()) } else { None }).collect();
    notes.join("\n")
}

pub(crate) fn divergent(items: &[Item], wanted: Divergence) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for item in items {
        match item {
            Item::Divergent { how, path, count } if *how == wanted => {
                *all.entry(path.clone()).or_default() += *count;
            }
            _ => {}
        }
    }
    all
}
