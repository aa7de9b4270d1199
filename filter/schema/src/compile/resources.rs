//! Which URI leads to which schema: `$id`, `$anchor` and their like, looked for before anything else.

use std::collections::BTreeMap;

use super::Refusal;
use crate::dialect::{Dialect, Holds, holds};
use crate::json::{Document, Kind, Value, pointer_to};
use crate::uri;

/// A node of one of the documents.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Place {
    pub(super) document: u32,
    pub(super) node: u32,
}

/// A schema with a URI of its own, and all in it up to the next such.
struct Resource<'d> {
    root: Place,
    uri: String,
    dialect: Dialect,
    anchors: BTreeMap<&'d str, Place>,
    /// Of these, the ones that `$dynamicRef` looks for from outside; under the empty name, the root if it has `$recursiveAnchor`.
    dynamic: BTreeMap<&'d str, Place>,
}

#[derive(Default)]
pub(super) struct Resources<'d> {
    all: Vec<Resource<'d>>,
    by_uri: BTreeMap<String, u32>,
    by_root: BTreeMap<Place, u32>,
    /// Those with a dynamic anchor of this name.
    by_dynamic: BTreeMap<&'d str, Vec<(u32, Place)>>,
    /// Of the documents.
    uris: Vec<&'d str>,
    /// Bytes that URIs may still take.
    room: usize,
}

impl<'d> Resources<'d> {
    pub(super) fn new(room: usize) -> Self {
        Self { room, ..Self::default() }
    }

    pub(super) fn add_document(
        &mut self,
        documents: &'d [Document<'d>],
        document: u32,
        uri: &'d str,
        dialect: Dialect,
    ) -> Result<(), Refusal> {
        self.uris.push(uri);
        let place = Place { document, node: 0 };
        let number = self.add(place, uri::resolve("", uri), dialect);
        let scan = Scan { document: documents.get(document as usize), number: document };
        match scan.document.and_then(Document::root) {
            Some(root) => self.scan(&scan, root, number),
            None => Ok(()),
        }
    }

    fn add(&mut self, root: Place, uri: String, dialect: Dialect) -> u32 {
        let number = self.all.len() as u32;
        self.by_root.insert(root, number);
        self.by_uri.insert(uri.clone(), number);
        self.all.push(Resource { root, uri, dialect, anchors: BTreeMap::new(), dynamic: BTreeMap::new() });
        number
    }

    pub(super) fn uri_of_document(&self, document: u32) -> &'d str {
        self.uris.get(document as usize).copied().unwrap_or("")
    }

    /// The resource whose root this is.
    pub(super) fn at(&self, place: Place) -> Option<u32> {
        self.by_root.get(&place).copied()
    }

    pub(super) fn dialect(&self, resource: u32) -> Dialect {
        self.all.get(resource as usize).map(|resource| resource.dialect).unwrap_or_default()
    }

    pub(super) fn root(&self, resource: u32) -> Option<Place> {
        self.all.get(resource as usize).map(|resource| resource.root)
    }

    pub(super) fn is_dynamic(&self, resource: u32, name: &str) -> bool {
        self.all.get(resource as usize).is_some_and(|resource| resource.dynamic.contains_key(name))
    }

    /// All resources with this dynamic anchor.
    pub(super) fn dynamic(&self, name: &str) -> Vec<(u32, Place)> {
        self.by_dynamic.get(name).cloned().unwrap_or_default()
    }

    /// Depth is bounded by the document's.
    fn scan(&mut self, scan: &Scan<'d>, value: Value<'d>, resource: u32) -> Result<(), Refusal> {
        if value.kind() != Kind::Object {
            return Ok(());
        }
        let resource = self.identify(scan, value, resource)?;
        let dialect = self.dialect(resource);
        for (name, value) in value.members() {
            let Some(holds) = holds(name.text().unwrap_or(""), dialect) else { continue };
            match (holds, value.kind()) {
                (Holds::One | Holds::Either, Kind::Object) => self.scan(scan, value, resource)?,
                (Holds::List | Holds::Either, Kind::Array) => {
                    for item in value.items() {
                        self.scan(scan, item, resource)?;
                    }
                }
                (Holds::Map, Kind::Object) => {
                    for (_, member) in value.members() {
                        self.scan(scan, member, resource)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes in what names this schema, and gives the resource that it is in.
    fn identify(&mut self, scan: &Scan<'d>, value: Value<'d>, mut resource: u32) -> Result<u32, Refusal> {
        let place = Place { document: scan.number, node: value.at() };
        let mut dialect = self.dialect(resource);
        let is_root = value.at() == 0;
        let own = value
            .get("$schema")
            .filter(|_| is_root || value.get("$id").or_else(|| value.get("id")).is_some());
        if let Some(named) = own {
            let known = named.text().and_then(Dialect::of);
            dialect = known.ok_or_else(|| {
                let reason = "names no draft that is known here: 2020-12, 2019-09, draft-07, draft-06 or draft-04 of json-schema.org";
                self.refusal(scan, named, reason)
            })?;
        }
        let id = value.get(dialect.id()).filter(|_| !dialect.ref_is_alone() || value.get("$ref").is_none());
        if let Some(id) = id.filter(|id| id.kind() == Kind::Text || dialect != Dialect::Draft4) {
            let text = id.text().ok_or_else(|| self.refusal(scan, id, "must be a string"))?;
            let (absolute, fragment) = uri::split_fragment(text);
            let is_anchor = dialect.ref_is_alone() && absolute.is_empty() && !fragment.is_empty();
            if is_anchor {
                self.anchor(resource, fragment, place);
            } else if !fragment.is_empty() && !dialect.ref_is_alone() {
                return Err(self.refusal(scan, id, "must have no fragment"));
            } else {
                let base = self.all.get(resource as usize).map_or("", |resource| &resource.uri);
                let uri = uri::resolve(base, absolute);
                let other = self.by_uri.get(&uri).copied();
                self.room = self
                    .room
                    .checked_sub(2 * uri.len())
                    .ok_or_else(|| self.refusal(scan, id, "all URIs together are too long"))?;
                if other.is_some_and(|other| self.root(other) != Some(place)) {
                    return Err(self.refusal(scan, id, "another schema has the same URI"));
                }
                if is_root {
                    self.by_uri.insert(uri.clone(), resource);
                    if let Some(root) = self.all.get_mut(resource as usize) {
                        root.uri = uri;
                    }
                } else {
                    resource = self.add(place, uri, dialect);
                }
            }
        }
        if is_root && let Some(root) = self.all.get_mut(resource as usize) {
            root.dialect = dialect;
        }
        if dialect >= Dialect::Draft2019 {
            for keyword in ["$anchor", "$dynamicAnchor"] {
                let Some(named) =
                    value.get(keyword).filter(|_| keyword == "$anchor" || dialect == Dialect::Draft2020)
                else {
                    continue;
                };
                let name = named.text().ok_or_else(|| self.refusal(scan, named, "must be a string"))?;
                self.anchor(resource, name, place);
                if keyword == "$dynamicAnchor" {
                    self.dynamic_anchor(resource, name, place);
                }
            }
        }
        let is_recursive =
            dialect == Dialect::Draft2019 && value.get("$recursiveAnchor").is_some_and(Value::is_true);
        if is_recursive && self.root(resource) == Some(place) {
            self.dynamic_anchor(resource, "", place);
        }
        Ok(resource)
    }

    fn anchor(&mut self, resource: u32, name: &'d str, place: Place) {
        if let Some(resource) = self.all.get_mut(resource as usize) {
            resource.anchors.insert(name, place);
        }
    }

    fn dynamic_anchor(&mut self, resource: u32, name: &'d str, place: Place) {
        if let Some(found) = self.all.get_mut(resource as usize) {
            found.dynamic.insert(name, place);
            self.by_dynamic.entry(name).or_default().push((resource, place));
        }
    }

    fn refusal(&self, scan: &Scan<'d>, value: Value<'_>, reason: &str) -> Refusal {
        let pointer = scan.document.map(|document| pointer_to(document, value.at())).unwrap_or_default();
        Refusal::new(self.uri_of_document(scan.number).to_owned() + &pointer, reason)
    }

    /// Where a reference leads from within a resource.
    pub(super) fn target(
        &self,
        documents: &'d [Document<'d>],
        from: u32,
        reference: &'d str,
    ) -> Option<(Place, u32, Option<&'d str>)> {
        let (_, fragment) = uri::split_fragment(reference);
        let uri = uri::resolve(&self.all.get(from as usize)?.uri, reference);
        let number = *self.by_uri.get(&uri)?;
        let resource = self.all.get(number as usize)?;
        if fragment.is_empty() {
            return Some((resource.root, number, None));
        }
        let decoded = uri::percent_decode(fragment);
        if !decoded.starts_with('/') {
            let place = *resource.anchors.get(&*decoded)?;
            // By the root of another resource, where that has the name.
            let within = self.at(place).unwrap_or(number);
            return Some((place, within, Some(fragment)));
        }
        let document = resource.root.document;
        let mut value = documents.get(document as usize)?.value(resource.root.node)?;
        let mut within = number;
        for part in decoded.split('/').skip(1) {
            value = value.step(part)?;
            within = self.at(Place { document, node: value.at() }).unwrap_or(within);
        }
        Some((Place { document, node: value.at() }, within, None))
    }
}

/// The document that is looked through.
struct Scan<'d> {
    document: Option<&'d Document<'d>>,
    number: u32,
}
