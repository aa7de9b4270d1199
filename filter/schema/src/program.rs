//! A schema once it is understood: steps in a flat list, every reference a number.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::format::Format;
use crate::json::Document;
use crate::number::Decimal;
use crate::regex::Pattern;

/// A schema's number.
pub(crate) type Id = u32;

#[derive(Debug, Default)]
pub(crate) struct Program {
    /// The first is the root.
    pub(crate) schemas: Vec<Entry>,
    pub(crate) steps: Vec<Step>,
    pub(crate) patterns: Vec<Pattern>,
    /// Bytes that they take.
    pub(crate) pattern_memory: usize,
    /// Schemas that a `$dynamicRef` may lead to, by name and resource; under the name 0 the roots that have `$recursiveAnchor`.
    pub(crate) dynamic: BTreeMap<(u32, u32), Id>,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) body: Body,
    /// Where it is: its path from the parent, a JSON pointer.
    pub(crate) parent: Option<Id>,
    pub(crate) path: Box<str>,
    /// The resource it is in, the scope of `$dynamicRef`.
    pub(crate) resource: u32,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Body {
    Always,
    Never,
    /// Steps from the first to before the last.
    Steps {
        first: u32,
        last: u32,
        /// A step asks what others have evaluated.
        is_tracking: bool,
    },
}

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) keyword: &'static str,
    pub(crate) check: Check,
}

/// A name, and those that must be there where it is.
pub(crate) type Needed = (Box<str>, Box<[Box<str>]>);

/// What `type` allows: one bit for each of these.
pub(crate) mod types {
    pub(crate) const NAMES: [&str; 7] = ["null", "boolean", "object", "array", "number", "string", "integer"];
    pub(crate) const NULL: u8 = 1;
    pub(crate) const BOOLEAN: u8 = 2;
    pub(crate) const OBJECT: u8 = 4;
    pub(crate) const ARRAY: u8 = 8;
    pub(crate) const NUMBER: u8 = 16;
    pub(crate) const STRING: u8 = 32;
    pub(crate) const INTEGER: u8 = 64;
}

#[derive(Debug)]
pub(crate) enum Check {
    /// 1.0 is an integer, but not in draft 4.
    Type {
        mask: u8,
        is_lexical: bool,
    },
    Enum(Box<Known>),

    Minimum(Decimal),
    Maximum(Decimal),
    ExclusiveMinimum(Decimal),
    ExclusiveMaximum(Decimal),
    MultipleOf(Decimal),

    MinLength(u32),
    MaxLength(u32),
    Pattern(u32),
    Format(Format),
    Content {
        is_base64: bool,
        is_json: bool,
    },

    MinItems(u32),
    MaxItems(u32),
    UniqueItems,
    Items {
        prefix: Box<[Id]>,
        rest: Option<Id>,
    },
    Contains {
        schema: Id,
        least: u32,
        most: Option<u32>,
        evaluates: bool,
    },
    UnevaluatedItems(Id),

    MinProperties(u32),
    MaxProperties(u32),
    Members(Box<Members>),
    PropertyNames(Id),
    DependentRequired(Box<[Needed]>),
    DependentSchemas(Box<[(Box<str>, Id)]>),
    UnevaluatedProperties(Id),

    Ref(Id),
    /// By a name: the outermost resource that has it, or else this.
    DynamicRef {
        name: u32,
        fallback: Id,
    },
    AllOf(Box<[Id]>),
    AnyOf(Box<[Id]>),
    OneOf(Box<[Id]>),
    Not(Id),
    If {
        condition: Id,
        then: Option<Id>,
        otherwise: Option<Id>,
    },
}

impl Check {
    /// Bytes beside its own.
    fn memory(&self) -> usize {
        let needed =
            |names: &[Box<str>]| names.iter().map(|name| name.len() + size_of_val(name)).sum::<usize>();
        match self {
            Self::Enum(known) => known.document.memory() + size_of_val(&*known.values),
            Self::Members(members) => {
                let names: usize = members.names.iter().map(|name| name.text.len()).sum();
                size_of_val(&**members)
                    + names
                    + size_of_val(&*members.names)
                    + size_of_val(&*members.patterns)
            }
            Self::DependentRequired(all) => {
                let names = all.iter().map(|(name, names)| name.len() + needed(names));
                size_of_val(&**all) + names.sum::<usize>()
            }
            Self::DependentSchemas(all) => {
                size_of_val(&**all) + all.iter().map(|(name, _)| name.len()).sum::<usize>()
            }
            Self::Items { prefix: all, .. } | Self::AllOf(all) | Self::AnyOf(all) | Self::OneOf(all) => {
                size_of_val(&**all)
            }
            Self::Minimum(number)
            | Self::Maximum(number)
            | Self::ExclusiveMinimum(number)
            | Self::ExclusiveMaximum(number)
            | Self::MultipleOf(number) => number.memory(),
            _ => 0,
        }
    }

    /// Whether what fails it fails it still when an array or object goes on.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Type { .. }
            | Self::MaxItems(_)
            | Self::Items { .. }
            | Self::MaxProperties(_)
            // But for `required`, which is left out.
            | Self::Members(_)
            | Self::PropertyNames(_)
            | Self::DependentSchemas(_)
            | Self::Ref(_)
            | Self::DynamicRef { .. }
            | Self::AllOf(_)
            | Self::AnyOf(_)
            | Self::OneOf(_) => true,
            Self::Enum(_)
            | Self::Minimum(_)
            | Self::Maximum(_)
            | Self::ExclusiveMinimum(_)
            | Self::ExclusiveMaximum(_)
            | Self::MultipleOf(_)
            | Self::MinLength(_)
            | Self::MaxLength(_)
            | Self::Pattern(_)
            | Self::Format(_)
            | Self::Content { .. }
            | Self::MinItems(_)
            | Self::UniqueItems
            | Self::Contains { .. }
            | Self::UnevaluatedItems(_)
            | Self::MinProperties(_)
            | Self::DependentRequired(_)
            | Self::UnevaluatedProperties(_)
            | Self::Not(_)
            | Self::If { .. } => false,
        }
    }
}

/// The values of an `enum` or `const`.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) document: Document<'static>,
    /// Their nodes in it by their hashes, ascending.
    pub(crate) values: Box<[(u64, u32)]>,
}

/// `properties`, `patternProperties`, `additionalProperties` and `required`.
#[derive(Debug, Default)]
pub(crate) struct Members {
    /// In the order of [`Name::cmp`].
    pub(crate) names: Vec<Name>,
    /// The one that the schema names first.
    pub(crate) first: u32,
    pub(crate) required: usize,
    pub(crate) patterns: Vec<(u32, Id)>,
    pub(crate) additional: Option<Id>,
}

#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) text: Box<str>,
    pub(crate) schema: Option<Id>,
    pub(crate) is_required: bool,
    /// The one that the schema names next: mostly, documents do so, too.
    pub(crate) next: u32,
}

impl Name {
    /// The shorter one first: most that differ do so in length, which is quickly told.
    pub(crate) fn cmp(&self, other: &str) -> Ordering {
        self.text.len().cmp(&other.len()).then_with(|| (*self.text).cmp(other))
    }
}

impl Program {
    /// Whether any JSON fits.
    pub(crate) fn is_any(&self) -> bool {
        self.schemas.first().is_some_and(|root| matches!(root.body, Body::Always))
    }

    /// Bytes of memory that it takes, patterns included, without what the allocator adds.
    pub(crate) fn memory(&self) -> usize {
        let paths: usize = self.schemas.iter().map(|entry| entry.path.len()).sum();
        let steps: usize = self.steps.iter().map(|step| step.check.memory()).sum();
        let dynamic = self.dynamic.len() * size_of::<((u32, u32), Id)>();
        let lists = size_of_val(&*self.schemas) + size_of_val(&*self.steps);
        self.pattern_memory + paths + steps + dynamic + lists
    }

    /// The JSON pointer of a schema.
    pub(crate) fn pointer(&self, id: Id) -> String {
        let mut paths = Vec::new();
        let mut next = Some(id);
        while let Some(entry) = next.and_then(|id| self.schemas.get(id as usize)) {
            paths.push(&*entry.path);
            next = entry.parent;
        }
        paths.reverse();
        paths.concat()
    }

    pub(crate) fn steps(&self, first: u32, last: u32) -> &[Step] {
        self.steps.get(first as usize..last as usize).unwrap_or_default()
    }
}
