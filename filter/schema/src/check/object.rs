//! Objects.

use super::seen::Seen;
use super::{Run, Verdict, message};
use crate::json::{Kind, Value, same};
use crate::program::{Id, Members, Name, Needed};

impl Run<'_> {
    pub(super) fn members(
        &mut self,
        id: Id,
        members: &Members,
        object: Value<'_>,
        mut seen: Option<&mut Seen>,
    ) -> Verdict {
        if object.kind() != Kind::Object {
            return Ok(true);
        }
        let mut holds = true;
        // Names are unique, so that counting the required ones is enough.
        let mut required = 0;
        let mut guess = members.first;
        for (at, (name, value)) in object.members().enumerate() {
            let text = name.text().unwrap_or("");
            self.budget.spend(2 + text.len() / 16)?;
            let guessed = members.names.get(guess as usize);
            let known = guessed
                .filter(|guessed| same(guessed.text.as_bytes(), text.as_bytes()))
                .or_else(|| find(&members.names, text));
            guess = known.map_or(guess, |known| known.next);
            required += usize::from(known.is_some_and(|known| known.is_required));
            let mut schema = known.and_then(|known| known.schema);
            if let Some(schema) = schema {
                holds &= self.holds(schema, value, None)?;
            }
            for (pattern, applied) in &members.patterns {
                if self.matches(*pattern, text)? {
                    schema = Some(*applied);
                    holds &= self.holds(*applied, value, None)?;
                }
            }
            if schema.is_none() && members.additional.is_some() {
                schema = members.additional;
                holds &= self.holds(members.additional.unwrap_or_default(), value, None)?;
            }
            if let (Some(_), Some(seen)) = (schema, seen.as_deref_mut()) {
                seen.add(at);
            }
            if !holds && (!self.is_collecting() || self.is_full()) {
                return Ok(false);
            }
        }
        if required < members.required && !object.is_open() {
            holds = false;
            if self.is_collecting() {
                for name in members.names.iter().filter(|name| name.is_required) {
                    self.budget.spend(object.len())?;
                    if object.get(&name.text).is_none() {
                        self.report(id, Some("required"), object, || message::missing(&name.text));
                    }
                }
            }
        }
        Ok(holds)
    }

    pub(super) fn property_names(&mut self, schema: Id, object: Value<'_>) -> Verdict {
        let mut holds = true;
        for (name, _) in object.members() {
            holds &= self.holds(schema, name, None)?;
            if !holds && !self.is_collecting() {
                break;
            }
        }
        Ok(holds)
    }

    pub(super) fn dependent_required(
        &mut self,
        id: Id,
        keyword: &'static str,
        all: &[Needed],
        object: Value<'_>,
    ) -> Verdict {
        let mut holds = true;
        for (name, needed) in all {
            self.budget.spend(object.len())?;
            if object.get(name).is_none() {
                continue;
            }
            for needed in needed {
                self.budget.spend(object.len())?;
                if object.get(needed).is_none() {
                    holds = false;
                    self.report(id, Some(keyword), object, || message::missing(needed));
                }
            }
        }
        Ok(holds)
    }

    pub(super) fn dependent_schemas(
        &mut self,
        all: &[(Box<str>, Id)],
        object: Value<'_>,
        mut seen: Option<&mut Seen>,
    ) -> Verdict {
        let mut holds = true;
        for (name, schema) in all {
            self.budget.spend(object.len())?;
            if object.get(name).is_some() {
                holds &= self.holds(*schema, object, seen.as_deref_mut())?;
            }
        }
        Ok(holds)
    }

    pub(super) fn unevaluated_properties(
        &mut self,
        left: Id,
        object: Value<'_>,
        seen: Option<&mut Seen>,
    ) -> Verdict {
        let Some(seen) = seen.filter(|_| object.kind() == Kind::Object) else { return Ok(true) };
        let mut holds = true;
        for (_, (_, value)) in object.members().enumerate().filter(|(at, _)| !seen.has(*at)) {
            holds &= self.holds(left, value, None)?;
            if !holds && !self.is_collecting() {
                break;
            }
        }
        seen.add_all();
        Ok(holds)
    }
}

fn find<'m>(names: &'m [Name], text: &str) -> Option<&'m Name> {
    let at = names.binary_search_by(|name| name.cmp(text)).ok()?;
    names.get(at)
}
