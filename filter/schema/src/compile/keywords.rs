//! What each keyword means. Keywords that a draft doesn't know are ignored, as it says; those it knows must be well-formed.

use super::{Compiler, Here, Place, Refusal};
use crate::dialect::Dialect::{Draft4, Draft6, Draft7, Draft2019, Draft2020};
use crate::format::Format;
use crate::json::{Document, Kind, Value, hash};
use crate::number::Decimal;
use crate::program::{Check, Id, Known, Members, Name, Step, types};
use crate::regex::Budget;
use crate::sort::sort;

use super::SCHEMA_LIMITS;

type Steps = Result<Vec<Step>, Refusal>;

impl<'d> Compiler<'d> {
    pub(super) fn steps(&mut self, here: Here, schema: Value<'d>) -> Steps {
        if here.dialect.ref_is_alone()
            && let Some(reference) = schema.get("$ref").filter(|value| value.kind() == Kind::Text)
        {
            return Ok(vec![self.reference(here, reference)?]);
        }
        let mut steps = Vec::new();
        for (name, value) in schema.members() {
            let step = self.step(here, schema, name.text().unwrap_or(""), value)?;
            steps.extend(step.map(|(keyword, check)| Step { keyword, check }));
        }
        if let Some(members) = self.members(here, schema)? {
            steps.push(Step { keyword: "properties", check: Check::Members(Box::new(members)) });
        }
        Ok(steps)
    }

    fn reference(&mut self, here: Here, value: Value<'d>) -> Result<Step, Refusal> {
        let (place, resource, _) = self.target(here, value)?;
        Ok(Step { keyword: "$ref", check: Check::Ref(self.schema(place, resource, None)) })
    }

    #[inline(never)] // See [profile.wasm].
    fn step(
        &mut self,
        here: Here,
        schema: Value<'d>,
        keyword: &str,
        value: Value<'d>,
    ) -> Result<Option<(&'static str, Check)>, Refusal> {
        let dialect = here.dialect;
        Ok(Some(match keyword {
            "type" => ("type", self.types(here, value)?),
            "enum" => ("enum", self.known(here, "enum", value)?),
            "const" if dialect >= Draft6 => ("const", self.known(here, "const", value)?),

            "minimum" => match self.exclusive(here, schema, "exclusiveMinimum")? {
                true => ("exclusiveMinimum", Check::ExclusiveMinimum(self.number(here, value)?)),
                false => ("minimum", Check::Minimum(self.number(here, value)?)),
            },
            "maximum" => match self.exclusive(here, schema, "exclusiveMaximum")? {
                true => ("exclusiveMaximum", Check::ExclusiveMaximum(self.number(here, value)?)),
                false => ("maximum", Check::Maximum(self.number(here, value)?)),
            },
            "exclusiveMinimum" if dialect >= Draft6 => {
                ("exclusiveMinimum", Check::ExclusiveMinimum(self.number(here, value)?))
            }
            "exclusiveMaximum" if dialect >= Draft6 => {
                ("exclusiveMaximum", Check::ExclusiveMaximum(self.number(here, value)?))
            }
            "multipleOf" => {
                let divisor = self.number(here, value)?;
                if !divisor.is_positive() {
                    return Err(self.refuse(here, value, "must be greater than 0"));
                }
                if !divisor.is_divisor() {
                    return Err(self.refuse(here, value, "has more than 18 digits"));
                }
                ("multipleOf", Check::MultipleOf(divisor))
            }

            "minLength" => ("minLength", Check::MinLength(self.count(here, value)?)),
            "maxLength" => ("maxLength", Check::MaxLength(self.count(here, value)?)),
            "pattern" => {
                let text = self.text(here, value)?;
                ("pattern", Check::Pattern(self.pattern(here, value, text)?))
            }
            "format" => {
                let name = self.text(here, value)?;
                let format = Format::of(name).filter(|_| self.options.assert_formats);
                return Ok(format.map(|format| ("format", Check::Format(format))));
            }
            "contentEncoding" | "contentMediaType" if dialect == Draft7 && self.options.assert_formats => {
                let is = |keyword, wanted| schema.get(keyword).and_then(Value::text) == Some(wanted);
                let is_json = is("contentMediaType", "application/json");
                let is_base64 = is("contentEncoding", "base64");
                // Of an encoding that isn't known, nothing is known of what it holds.
                let can_be_read = is_base64 || schema.get("contentEncoding").is_none();
                ("contentMediaType", Check::Content { is_base64, is_json: is_json && can_be_read })
            }
            _ => return self.applied(here, schema, keyword, value),
        }))
    }

    /// As [`Self::step`]: keywords of arrays and objects, and those that apply other schemas.
    #[inline(never)] // See [profile.wasm].
    fn applied(
        &mut self,
        here: Here,
        schema: Value<'d>,
        keyword: &str,
        value: Value<'d>,
    ) -> Result<Option<(&'static str, Check)>, Refusal> {
        let dialect = here.dialect;
        Ok(Some(match keyword {
            "minItems" => ("minItems", Check::MinItems(self.count(here, value)?)),
            "maxItems" => ("maxItems", Check::MaxItems(self.count(here, value)?)),
            "uniqueItems" => match self.flag(here, value)? {
                true => ("uniqueItems", Check::UniqueItems),
                false => return Ok(None),
            },
            "prefixItems" if dialect >= Draft2020 => ("prefixItems", {
                let prefix = self.list(here, "prefixItems", value)?;
                Check::Items { prefix, rest: self.optional(here, schema, "items")? }
            }),
            "items" if dialect >= Draft2020 && schema.get("prefixItems").is_some() => return Ok(None),
            "items" if dialect < Draft2020 && value.kind() == Kind::Array => ("items", {
                let prefix = self.many(here, "items", value)?;
                Check::Items { prefix, rest: self.optional(here, schema, "additionalItems")? }
            }),
            "items" => {
                let rest = Some(self.child(here, value, "items", None)?);
                ("items", Check::Items { prefix: Box::default(), rest })
            }
            "contains" if dialect >= Draft6 => ("contains", self.contains(here, schema, value)?),
            "unevaluatedItems" if dialect >= Draft2019 => (
                "unevaluatedItems",
                Check::UnevaluatedItems(self.child(here, value, "unevaluatedItems", None)?),
            ),

            "minProperties" => ("minProperties", Check::MinProperties(self.count(here, value)?)),
            "maxProperties" => ("maxProperties", Check::MaxProperties(self.count(here, value)?)),
            "propertyNames" if dialect >= Draft6 => {
                ("propertyNames", Check::PropertyNames(self.child(here, value, "propertyNames", None)?))
            }
            "dependentRequired" if dialect >= Draft2019 => ("dependentRequired", {
                self.object(here, value)?;
                let names = |(name, needed): (Value<'d>, _)| Ok((text(name), self.names(here, needed)?));
                Check::DependentRequired(value.members().map(names).collect::<Result<_, _>>()?)
            }),
            "dependentSchemas" if dialect >= Draft2019 => (
                "dependentSchemas",
                Check::DependentSchemas(self.map(here, "dependentSchemas", value)?.into()),
            ),
            "dependencies" => return self.dependencies(here, value),
            "unevaluatedProperties" if dialect >= Draft2019 => {
                let left = self.child(here, value, "unevaluatedProperties", None)?;
                ("unevaluatedProperties", Check::UnevaluatedProperties(left))
            }

            "$ref" => return self.reference(here, value).map(|step| Some((step.keyword, step.check))),
            "$recursiveRef" if dialect == Draft2019 => ("$recursiveRef", self.recursive(here, value)?),
            "$dynamicRef" if dialect >= Draft2020 => ("$dynamicRef", self.dynamic(here, value)?),
            "allOf" => ("allOf", Check::AllOf(self.list(here, "allOf", value)?)),
            "anyOf" => ("anyOf", Check::AnyOf(self.list(here, "anyOf", value)?)),
            "oneOf" => ("oneOf", Check::OneOf(self.list(here, "oneOf", value)?)),
            "not" => ("not", Check::Not(self.child(here, value, "not", None)?)),
            "if" if dialect >= Draft7 => {
                let condition = self.child(here, value, "if", None)?;
                let then = self.optional(here, schema, "then")?;
                let otherwise = self.optional(here, schema, "else")?;
                ("if", Check::If { condition, then, otherwise })
            }
            _ => return Ok(None),
        }))
    }

    fn text(&self, here: Here, value: Value<'d>) -> Result<&'d str, Refusal> {
        value.text().ok_or_else(|| self.refuse(here, value, "must be a string"))
    }

    fn flag(&self, here: Here, value: Value<'d>) -> Result<bool, Refusal> {
        match value.kind() {
            Kind::True => Ok(true),
            Kind::False => Ok(false),
            _ => Err(self.refuse(here, value, "must be true or false")),
        }
    }

    fn object(&self, here: Here, value: Value<'d>) -> Result<(), Refusal> {
        if value.kind() == Kind::Object { Ok(()) } else { Err(self.refuse(here, value, "must be an object")) }
    }

    fn number(&self, here: Here, value: Value<'d>) -> Result<Decimal, Refusal> {
        match value.kind() {
            Kind::Number => Ok(Decimal::of(value.written())),
            _ => Err(self.refuse(here, value, "must be a number")),
        }
    }

    fn count(&self, here: Here, value: Value<'d>) -> Result<u32, Refusal> {
        let count = if value.kind() == Kind::Number { Decimal::of(value.written()).count() } else { None };
        count.ok_or_else(|| self.refuse(here, value, "must be an integer that isn't negative"))
    }

    /// In draft 4 these are flags beside `minimum` and `maximum`.
    #[inline(never)] // See [profile.wasm].
    fn exclusive(&self, here: Here, schema: Value<'d>, keyword: &str) -> Result<bool, Refusal> {
        let flag = schema.get(keyword).filter(|_| here.dialect == Draft4);
        flag.map_or(Ok(false), |flag| self.flag(here, flag))
    }

    #[inline(never)] // See [profile.wasm].
    fn types(&self, here: Here, value: Value<'d>) -> Result<Check, Refusal> {
        let one = |value: Value<'d>| {
            let name = value.text().and_then(|name| types::NAMES.iter().position(|known| *known == name));
            name.map(|bit| 1 << bit).ok_or_else(|| {
                self.refuse(here, value, "must be null, boolean, object, array, number, string or integer")
            })
        };
        let mask = match value.kind() {
            Kind::Array => value.items().try_fold(0, |mask, item| Ok::<u8, Refusal>(mask | one(item)?))?,
            _ => one(value)?,
        };
        Ok(Check::Type { mask, is_lexical: here.dialect == Draft4 })
    }

    #[inline(never)] // See [profile.wasm].
    fn known(&self, here: Here, keyword: &str, value: Value<'d>) -> Result<Check, Refusal> {
        if keyword == "enum" && value.kind() != Kind::Array {
            return Err(self.refuse(here, value, "must be an array"));
        }
        let document = Document::read(value.to_json(), SCHEMA_LIMITS)
            .map_err(|error| self.refuse(here, value, error.to_string()))?;
        let mut values = Vec::new();
        let root = document.root().into_iter();
        let items = root.clone().flat_map(Value::items).filter(|_| keyword == "enum");
        for value in items.chain(root.filter(|_| keyword == "const")) {
            values.push((hash(value, &mut Budget(u64::MAX)).unwrap_or(0), value.at()));
        }
        sort(&mut values, |(hash, _), (other, _)| hash.cmp(other));
        Ok(Check::Enum(Box::new(Known { values: values.into(), document })))
    }

    fn many(&mut self, here: Here, keyword: &str, value: Value<'d>) -> Result<Box<[Id]>, Refusal> {
        if value.kind() != Kind::Array {
            return Err(self.refuse(here, value, "must be an array of schemas"));
        }
        let all = value.items().enumerate();
        all.map(|(at, item)| self.child(here, item, keyword, Some(&at.to_string()))).collect()
    }

    /// As [`Self::many`], and at least one.
    fn list(&mut self, here: Here, keyword: &str, value: Value<'d>) -> Result<Box<[Id]>, Refusal> {
        let all = self.many(here, keyword, value)?;
        if all.is_empty() { Err(self.refuse(here, value, "must have a schema")) } else { Ok(all) }
    }

    fn optional(&mut self, here: Here, schema: Value<'d>, keyword: &str) -> Result<Option<Id>, Refusal> {
        schema.get(keyword).map(|value| self.child(here, value, keyword, None)).transpose()
    }

    fn map(&mut self, here: Here, keyword: &str, value: Value<'d>) -> Result<Vec<(Box<str>, Id)>, Refusal> {
        self.object(here, value)?;
        let members = value.members();
        members
            .map(|(name, value)| Ok((text(name), self.child(here, value, keyword, name.text())?)))
            .collect()
    }

    fn names(&self, here: Here, value: Value<'d>) -> Result<Box<[Box<str>]>, Refusal> {
        if value.kind() != Kind::Array {
            return Err(self.refuse(here, value, "must be an array of strings"));
        }
        value.items().map(|item| self.text(here, item).map(Box::from)).collect()
    }

    #[inline(never)] // See [profile.wasm].
    fn contains(&mut self, here: Here, schema: Value<'d>, value: Value<'d>) -> Result<Check, Refusal> {
        let bound = |keyword| schema.get(keyword).filter(|_| here.dialect >= Draft2019);
        let least = bound("minContains").map_or(Ok(1), |value| self.count(here, value))?;
        let most = bound("maxContains").map(|value| self.count(here, value)).transpose()?;
        let schema = self.child(here, value, "contains", None)?;
        Ok(Check::Contains { schema, least, most, evaluates: here.dialect >= Draft2020 })
    }

    #[inline(never)] // See [profile.wasm].
    fn members(&mut self, here: Here, schema: Value<'d>) -> Result<Option<Members>, Refusal> {
        let mut members = Members::default();
        if let Some(value) = schema.get("properties") {
            for (text, id) in self.map(here, "properties", value)? {
                let next = members.names.len() as u32;
                members.names.push(Name { text, schema: Some(id), is_required: false, next });
            }
        }
        if let Some(value) = schema.get("required") {
            for text in self.names(here, value)? {
                let next = members.names.len() as u32;
                members.names.push(Name { text, schema: None, is_required: true, next });
            }
        }
        sort(&mut members.names, |one, other| one.cmp(&other.text));
        members.names.dedup_by(|later, earlier| {
            let is_same = later.text == earlier.text;
            if is_same {
                earlier.schema = earlier.schema.or(later.schema);
                earlier.is_required |= later.is_required;
                earlier.next = earlier.next.min(later.next);
            }
            is_same
        });
        // Until here, `next` is a name's own place.
        let mut places: Vec<_> =
            (0..).zip(&members.names).map(|(at, name): (u32, _)| (name.next, at)).collect();
        sort(&mut places, |one, other| one.cmp(other));
        for ((_, at), (_, next)) in places.iter().zip(places.iter().cycle().skip(1)) {
            members.names.get_mut(*at as usize).into_iter().for_each(|name| name.next = *next);
        }
        members.first = places.first().map_or(0, |(_, at)| *at);
        members.required = members.names.iter().filter(|name| name.is_required).count();
        if let Some(value) = schema.get("patternProperties") {
            self.object(here, value)?;
            for (name, value) in value.members() {
                let pattern = self.pattern(here, value, name.text().unwrap_or(""))?;
                members.patterns.push((pattern, self.child(here, value, "patternProperties", name.text())?));
            }
        }
        members.additional = self.optional(here, schema, "additionalProperties")?;
        let is_empty =
            members.names.is_empty() && members.patterns.is_empty() && members.additional.is_none();
        Ok((!is_empty).then_some(members))
    }

    /// Up to draft 7, and still in use: `dependentRequired` and `dependentSchemas` in one.
    #[inline(never)] // See [profile.wasm].
    fn dependencies(
        &mut self,
        here: Here,
        value: Value<'d>,
    ) -> Result<Option<(&'static str, Check)>, Refusal> {
        self.object(here, value)?;
        let (mut names, mut schemas) = (Vec::new(), Vec::new());
        for (name, value) in value.members() {
            match value.kind() {
                Kind::Array => names.push((text(name), self.names(here, value)?)),
                _ => schemas.push((text(name), self.child(here, value, "dependencies", name.text())?)),
            }
        }
        let required = Check::DependentRequired(names.into());
        let schemas = Check::DependentSchemas(schemas.into());
        // Mostly there is one kind of them.
        Ok(match (&required, &schemas) {
            (Check::DependentRequired(names), _) if names.is_empty() => Some(("dependencies", schemas)),
            (_, Check::DependentSchemas(schemas)) if schemas.is_empty() => Some(("dependencies", required)),
            _ => {
                let both = [required, schemas].map(|check| {
                    let id = self.program.schemas.len() as Id;
                    let first = self.program.steps.len() as u32;
                    self.program.steps.push(Step { keyword: "dependencies", check });
                    let body = crate::program::Body::Steps { first, last: first + 1, is_tracking: false };
                    let entry = crate::program::Entry {
                        body,
                        parent: Some(here.id),
                        path: "".into(),
                        resource: here.resource,
                    };
                    self.program.schemas.push(entry);
                    id
                });
                Some(("dependencies", Check::AllOf(both.into())))
            }
        })
    }

    fn recursive(&mut self, here: Here, value: Value<'d>) -> Result<Check, Refusal> {
        if value.text() != Some("#") {
            return Err(self.refuse(here, value, "must be `#`"));
        }
        let root = self.resources.root(here.resource).unwrap_or(Place { document: here.document, node: 0 });
        let fallback = self.schema(root, here.resource, None);
        Ok(match self.resources.is_dynamic(here.resource, "") {
            true => Check::DynamicRef { name: 0, fallback },
            false => Check::Ref(fallback),
        })
    }

    fn dynamic(&mut self, here: Here, value: Value<'d>) -> Result<Check, Refusal> {
        let (place, resource, name) = self.target(here, value)?;
        let fallback = self.schema(place, resource, None);
        let Some(name) = name.filter(|name| self.resources.is_dynamic(resource, name)) else {
            return Ok(Check::Ref(fallback));
        };
        let number = self.names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        Ok(Check::DynamicRef { name: number as u32, fallback })
    }
}

fn text(name: Value<'_>) -> Box<str> {
    name.text().unwrap_or("").into()
}
