//! Getting the documents of a service description: each once, by its resolved URL, within bounds.

use super::{Wsdl, definitions};
use crate::soap::{Bound, Limits, SoapError};
use crate::xml::{Element, ns, parse_tree};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// Fetches one document. Whoever implements it decides what may be reached: there is no other way out.
pub trait Loader {
    /// The bytes at `url`.
    ///
    /// # Errors
    /// Any; a document that an import names and that can't be had is a [`super::Problem`], not the end.
    fn load(&self, url: &Url) -> Result<Vec<u8>, SoapError>;
}

/// Loads `file:` URLs below one directory, and nothing else.
#[derive(Clone, Debug)]
pub struct FileLoader {
    root: PathBuf,
}

impl FileLoader {
    /// A loader for the files below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        FileLoader { root: root.into() }
    }
}

impl Loader for FileLoader {
    fn load(&self, url: &Url) -> Result<Vec<u8>, SoapError> {
        let fail = |why: String| SoapError::Load { url: url.to_string(), why };
        let path = match url.scheme() {
            "file" => url.to_file_path().map_err(|()| fail("not a path on this machine".to_owned()))?,
            other => return Err(fail(format!("this loader reads files, not `{other}`"))),
        };
        let real = path.canonicalize().map_err(|e| fail(e.kind().to_string()))?;
        let root = self.root.canonicalize().map_err(|e| fail(e.kind().to_string()))?;
        if !real.starts_with(&root) {
            return Err(fail("outside the directory of the service description".to_owned()));
        }
        std::fs::read(&real).map_err(|e| fail(e.kind().to_string()))
    }
}

/// Documents held in memory, by URL.
#[derive(Clone, Debug, Default)]
pub struct MemoryLoader {
    documents: BTreeMap<String, Vec<u8>>,
}

impl MemoryLoader {
    /// No documents yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a document.
    #[must_use]
    pub fn with(mut self, url: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.documents.insert(url.into(), bytes.into());
        self
    }
}

impl Loader for MemoryLoader {
    fn load(&self, url: &Url) -> Result<Vec<u8>, SoapError> {
        let found = self.documents.get(url.as_str()).cloned();
        found.ok_or_else(|| SoapError::Load {
            url: url.to_string(),
            why: "not among the documents held".to_owned(),
        })
    }
}

/// The bounds on a service description.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WsdlLimits {
    /// Documents, imports included, those that can't be had too. Default 300.
    pub documents: usize,
    /// Bytes of all documents. Default 64 MiB.
    pub document_bytes: u64,
    /// Types, elements and fields after inheritance and groups are resolved. Default 500,000.
    pub components: usize,
    /// The bounds on one document.
    pub document: Limits,
}

impl Default for WsdlLimits {
    fn default() -> Self {
        WsdlLimits {
            documents: 300,
            document_bytes: 64 << 20,
            components: 500_000,
            document: Limits { tag_length: 1 << 20, ..Limits::default() },
        }
    }
}

/// A document of a service description.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) url: Url,
    pub(crate) root: Arc<Element>,
}

/// A service description that is being put together, without I/O: ask what is [`wanted`](Assembly::wanted), fetch it,
/// [`give`](Assembly::give) it. [`load`] does that over a [`Loader`]; an asynchronous caller does it itself.
#[derive(Debug)]
pub struct Assembly {
    limits: WsdlLimits,
    root: Url,
    seen: BTreeMap<String, ()>,
    wanted: VecDeque<Url>,
    documents: Vec<Document>,
    bytes: u64,
    missing: Vec<(String, String)>,
}

impl Assembly {
    /// Begins with the document at `root`.
    pub fn new(root: Url, limits: WsdlLimits) -> Self {
        let mut assembly = Assembly {
            limits,
            root: root.clone(),
            seen: BTreeMap::new(),
            wanted: VecDeque::new(),
            documents: Vec::new(),
            bytes: 0,
            missing: Vec::new(),
        };
        assembly.want(root);
        assembly
    }

    fn want(&mut self, mut url: Url) {
        url.set_fragment(None);
        if self.seen.len() > self.limits.documents {
            // One too many is enough for `give` to end it.
            return;
        }
        if self.seen.insert(url.to_string(), ()).is_none() {
            self.wanted.push_back(url);
        }
    }

    /// The next document to fetch, or `None` when all are there.
    pub fn wanted(&mut self) -> Option<Url> {
        self.wanted.pop_front()
    }

    /// Hands in what was fetched from `url`, or why it could not be.
    ///
    /// # Errors
    /// When it is the root document that can't be had or read, and when a bound is met.
    pub fn give(&mut self, url: &Url, bytes: Result<Vec<u8>, SoapError>) -> Result<(), SoapError> {
        let read = bytes.and_then(|bytes| {
            self.bytes += bytes.len() as u64;
            if self.bytes > self.limits.document_bytes {
                return Err(SoapError::bound(Bound::DocumentBytes, self.limits.document_bytes));
            }
            parse_tree(&bytes, &self.limits.document)
        });
        match read {
            Ok(root) => {
                let root = Arc::new(root);
                self.imports(url, &root);
                // What is asked for counts, not what is had: imports that lead nowhere are requests all the same.
                if self.seen.len() > self.limits.documents {
                    return Err(SoapError::bound(Bound::Documents, self.limits.documents as u64));
                }
                self.documents.push(Document { url: url.clone(), root });
                Ok(())
            }
            Err(error @ SoapError::TooLarge { bound: Bound::DocumentBytes, .. }) => Err(error),
            Err(error) if *url == self.root => Err(error),
            Err(error) => {
                self.missing.push((url.to_string(), error.to_string()));
                Ok(())
            }
        }
    }

    fn imports(&mut self, base: &Url, element: &Element) {
        for child in &element.children {
            let location = if ns::is_xsd(&child.name.namespace) {
                matches!(&*child.name.local, "import" | "include" | "redefine")
                    .then(|| child.attribute("schemaLocation"))
                    .flatten()
            } else if child.name.is(ns::WSDL, "import") || child.name.is(ns::WSDL, "include") {
                child.attribute("location")
            } else {
                None
            };
            if let Some(location) = location {
                match base.join(location.trim()) {
                    Ok(url) => self.want(url),
                    Err(_) => self.missing.push((location.to_owned(), "not a URL".to_owned())),
                }
            }
            let holds_imports = child.name.is(ns::WSDL, "types") || ns::is_xsd(&child.name.namespace);
            if holds_imports && matches!(&*child.name.local, "types" | "schema") {
                self.imports(base, child);
            }
        }
    }

    /// The service, from the documents handed in.
    ///
    /// # Errors
    /// When the root is no WSDL 1.1 or schema, or a bound is met. What is wrong with one operation, type or import is a
    /// [`super::Problem`] of the result.
    pub fn finish(self) -> Result<Wsdl, SoapError> {
        definitions::build(self.root, self.documents, self.missing, &self.limits)
    }
}

/// Loads a service description with all it imports.
///
/// # Errors
/// As [`Assembly::give`] and [`Assembly::finish`].
pub fn load(root: &Url, loader: &dyn Loader, limits: WsdlLimits) -> Result<Wsdl, SoapError> {
    let mut assembly = Assembly::new(root.clone(), limits);
    while let Some(url) = assembly.wanted() {
        let bytes = loader.load(&url);
        assembly.give(&url, bytes)?;
    }
    assembly.finish()
}
