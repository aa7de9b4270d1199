//! From a schema's text to its program, or to why it can't be honoured.

mod cycles;
mod keywords;
mod metaschemas;
mod refusal;
mod resources;

use std::collections::BTreeMap;

pub use self::refusal::Refusal;
use self::resources::{Place, Resources};
use crate::dialect::Dialect;
use crate::json::{Document, Kind, Limits, Value, escape, pointer_to};
use crate::program::{Body, Check, Entry, Id, Program, Step};
use crate::regex::Pattern;

/// Bounds of each schema document, unless others are asked for.
pub const SCHEMA_LIMITS: Limits = Limits { bytes: 512 * 1024, depth: 100, nodes: 50_000 };
/// Bytes of all patterns of a program.
const MOST_PATTERN_BYTES: usize = 64 * 1024;

/// Paths and URIs may take so many times the bytes of all documents, and these besides: by names that are short, long ones can be told again and
/// again.
const MOST_GROWTH: usize = 8;
const MOST_AT_LEAST: usize = 64 * 1024;

/// How a schema is read.
#[derive(Clone, Copy, Debug)]
pub struct Options<'o> {
    /// Of a schema that doesn't name its own with `$schema`.
    pub dialect: Dialect,
    /// Whether `format` is asserted. It isn't by default, in no draft, as the official test suite has it: the drafts from 2019-09 on make it an
    /// annotation, the earlier ones leave it to the reader. Contracts want it on. In draft 7 it also asserts `contentEncoding` and
    /// `contentMediaType`, for base64 and JSON.
    pub assert_formats: bool,
    /// Other schemas that this one may refer to, by their URIs. The drafts' own are known.
    pub documents: &'o [(&'o str, &'o str)],
    /// Of each document. At the default's most a hostile schema takes about a second: lower them for schemas that come with requests.
    pub limits: Limits,
    /// Bytes of memory that all patterns may take: a few characters of one may become a hundred kilobytes.
    pub pattern_memory: usize,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            assert_formats: false,
            documents: &[],
            limits: SCHEMA_LIMITS,
            pattern_memory: 8 * 1024 * 1024,
        }
    }
}

/// A schema or, while it waits for its turn, the place of one.
struct Waiting {
    id: Id,
    place: Place,
    resource: u32,
}

pub(crate) struct Compiler<'d> {
    documents: &'d [Document<'d>],
    options: Options<'d>,
    resources: Resources<'d>,
    known: BTreeMap<Place, Id>,
    waiting: Vec<Waiting>,
    /// Names of `$dynamicRef`s. The first is that of `$recursiveRef`.
    names: Vec<&'d str>,
    patterns: BTreeMap<&'d str, u32>,
    pattern_bytes: usize,
    /// Bytes that paths and URIs may take, and what the former do.
    most_bytes: usize,
    path_bytes: usize,
    program: Program,
}

/// The schema that is being read.
#[derive(Clone, Copy)]
struct Here {
    id: Id,
    document: u32,
    resource: u32,
    dialect: Dialect,
}

pub(crate) fn compile(text: &str, options: &Options<'_>) -> Result<Program, Refusal> {
    let read = |uri: &str, text, limits| {
        Document::read(text, limits).map_err(|error| Refusal::new(uri.to_owned(), error.to_string()))
    };
    let mut documents = vec![read("", text.to_owned(), options.limits)?];
    let mut uris = vec![""];
    for (uri, text) in options.documents {
        documents.push(read(uri, (*text).to_owned(), options.limits)?);
        uris.push(uri);
    }
    for (uri, text) in metaschemas::needed(&documents) {
        documents.push(read(uri, text.to_owned(), SCHEMA_LIMITS)?);
        uris.push(uri);
    }
    let most_bytes = documents.iter().map(|document| document.text().len()).sum::<usize>();
    let most_bytes = MOST_AT_LEAST.saturating_add(MOST_GROWTH.saturating_mul(most_bytes));
    let mut compiler = Compiler {
        documents: &documents,
        options: *options,
        resources: Resources::new(most_bytes),
        known: BTreeMap::new(),
        waiting: Vec::new(),
        names: vec![""],
        patterns: BTreeMap::new(),
        pattern_bytes: 0,
        most_bytes,
        path_bytes: 0,
        program: Program::default(),
    };
    for (at, uri) in uris.into_iter().enumerate() {
        compiler.resources.add_document(&documents, at as u32, uri, options.dialect)?;
    }
    compiler.run()?;
    cycles::refuse(&compiler.program)?;
    Ok(compiler.program)
}

impl<'d> Compiler<'d> {
    fn run(&mut self) -> Result<(), Refusal> {
        self.schema(Place { document: 0, node: 0 }, 0, None);
        self.wait_for_all()?;
        // What a `$dynamicRef` may lead to is known once all of them are; and it may have others in it.
        let mut number = 0;
        while let Some(name) = self.names.get(number) {
            for (resource, place) in self.resources.dynamic(name) {
                let id = self.schema(place, resource, None);
                self.program.dynamic.insert((number as u32, resource), id);
                self.refuse_long_paths()?;
            }
            self.wait_for_all()?;
            number += 1;
        }
        Ok(())
    }

    fn wait_for_all(&mut self) -> Result<(), Refusal> {
        while let Some(Waiting { id, place, resource }) = self.waiting.pop() {
            let resource = self.resources.at(place).unwrap_or(resource);
            let here =
                Here { id, document: place.document, resource, dialect: self.resources.dialect(resource) };
            let body = self.body(here, place)?;
            self.refuse_long_paths()?;
            if let Some(entry) = self.program.schemas.get_mut(id as usize) {
                (entry.body, entry.resource) = (body, resource);
            }
        }
        Ok(())
    }

    fn refuse_long_paths(&self) -> Result<(), Refusal> {
        match self.path_bytes > self.most_bytes {
            true => Err(Refusal::new(String::new(), "all paths together are too long")),
            false => Ok(()),
        }
    }

    fn value(&self, place: Place) -> Option<Value<'d>> {
        self.documents.get(place.document as usize)?.value(place.node)
    }

    /// The number of the schema at this place, which is read later. Its parent and the path from there, if that led here.
    fn schema(&mut self, place: Place, resource: u32, from: Option<(Id, String)>) -> Id {
        if let Some(known) = self.known.get(&place) {
            return *known;
        }
        let id = self.program.schemas.len() as Id;
        let (parent, path) = match from {
            Some((parent, path)) => (Some(parent), path),
            None => (None, self.pointer(place)),
        };
        self.path_bytes += path.len();
        self.program.schemas.push(Entry { body: Body::Never, parent, path: path.into(), resource });
        self.known.insert(place, id);
        self.waiting.push(Waiting { id, place, resource });
        id
    }

    /// A schema within the one that is being read.
    fn child(
        &mut self,
        here: Here,
        value: Value<'d>,
        keyword: &str,
        name: Option<&str>,
    ) -> Result<Id, Refusal> {
        if !matches!(value.kind(), Kind::Object | Kind::True | Kind::False) {
            return Err(self.refuse(here, value, "a schema is an object or a boolean"));
        }
        let mut path = format!("/{keyword}");
        if let Some(name) = name {
            path.push('/');
            escape(name, &mut path);
        }
        Ok(self.schema(
            Place { document: here.document, node: value.at() },
            here.resource,
            Some((here.id, path)),
        ))
    }

    fn pointer(&self, place: Place) -> String {
        let pointer =
            self.documents.get(place.document as usize).map(|document| pointer_to(document, place.node));
        self.resources.uri_of_document(place.document).to_owned() + &pointer.unwrap_or_default()
    }

    #[cold]
    fn refuse(&self, here: Here, value: Value<'_>, reason: impl Into<String>) -> Refusal {
        Refusal::new(self.pointer(Place { document: here.document, node: value.at() }), reason)
    }

    fn body(&mut self, here: Here, place: Place) -> Result<Body, Refusal> {
        let Some(value) = self.value(place) else { return Ok(Body::Never) };
        match value.kind() {
            Kind::True => return Ok(Body::Always),
            Kind::False => return Ok(Body::Never),
            Kind::Object => {}
            _ => return Err(self.refuse(here, value, "a schema is an object or a boolean")),
        }
        let mut steps = self.steps(here, value)?;
        in_order(&mut steps);
        if steps.is_empty() {
            return Ok(Body::Always);
        }
        let is_tracking = matches!(
            steps.last(),
            Some(Step { check: Check::UnevaluatedItems(_) | Check::UnevaluatedProperties(_), .. })
        );
        let first = self.program.steps.len() as u32;
        self.program.steps.extend(steps);
        Ok(Body::Steps { first, last: self.program.steps.len() as u32, is_tracking })
    }

    fn pattern(&mut self, here: Here, at: Value<'d>, text: &'d str) -> Result<u32, Refusal> {
        if let Some(known) = self.patterns.get(text) {
            return Ok(*known);
        }
        self.pattern_bytes += text.len();
        if self.pattern_bytes > MOST_PATTERN_BYTES {
            return Err(self.refuse(here, at, "all patterns together are too large"));
        }
        let pattern = Pattern::new(text).map_err(|error| self.refuse(here, at, error.to_string()))?;
        self.program.pattern_memory += pattern.size();
        if self.program.pattern_memory > self.options.pattern_memory {
            return Err(self.refuse(here, at, "all patterns together are too large"));
        }
        let number = self.program.patterns.len() as u32;
        self.program.patterns.push(pattern);
        self.patterns.insert(text, number);
        Ok(number)
    }

    /// Where a reference leads: the schema's place, its resource, and the name by which it was found if that is an anchor.
    fn target(&self, here: Here, value: Value<'d>) -> Result<(Place, u32, Option<&'d str>), Refusal> {
        let reference = value.text().ok_or_else(|| self.refuse(here, value, "must be a string"))?;
        self.resources.target(self.documents, here.resource, reference).ok_or_else(|| {
            self.refuse(here, value, "leads nowhere within this document, and nothing is fetched")
        })
    }
}

/// What is cheap comes first; what is left over is known once all else has been looked at. All others, one for each keyword at most, stay as they are.
fn in_order(steps: &mut [Step]) {
    let rank = |step: Option<&Step>| match step.map(|step| &step.check) {
        Some(Check::Type { .. }) => 0,
        Some(Check::UnevaluatedItems(_) | Check::UnevaluatedProperties(_)) => 2,
        _ => 1,
    };
    for end in 1..steps.len() {
        let mut at = end;
        while at > 0 && rank(steps.get(at - 1)) > rank(steps.get(at)) {
            steps.swap(at - 1, at);
            at -= 1;
        }
    }
}
