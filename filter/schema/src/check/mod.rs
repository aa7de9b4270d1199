//! Running a program over a document.
//!
//! First only whether it is valid is asked, which stops at the first fault. If it isn't, it is run again to collect violations.

mod array;
mod message;
mod object;
mod scalar;
mod seen;
mod violation;

use self::seen::Seen;
pub use self::violation::Violation;
use crate::json::{Document, Kind, Value, equal, hash, pointer_to};
use crate::program::{Body, Check, Id, Known, Program, Step, types};
use crate::regex::{Budget, Cache, Exhausted};

/// Schemas applied within each other: the depth of the document by that of `$ref` and its like.
const DEEPEST: u32 = 600;

/// Why it isn't known whether a document is valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    Exhausted,
    TooDeep,
    /// It hangs on a string of which only the start is known.
    Cut,
}

impl From<Exhausted> for Stop {
    fn from(_: Exhausted) -> Self {
        Self::Exhausted
    }
}

/// Work of taking down a misfit. They take memory, too.
const MISFIT: usize = 16;

type Verdict = Result<bool, Stop>;

pub(crate) struct Run<'r> {
    program: &'r Program,
    document: &'r Document<'r>,
    caches: &'r mut Vec<Cache>,
    budget: Budget,
    depth: u32,
    /// The resources that led here, for `$dynamicRef`.
    scope: Vec<u32>,
    /// What was found, while it is collected.
    found: Option<Vec<Violation>>,
    misfits: Option<Misfits>,
    most: usize,
    /// Within what decides nothing by itself, such as a branch of `anyOf`.
    quiet: u32,
    /// A string that the text broke off in.
    cut: Option<u32>,
}

/// Nodes, and the types that are asked for there.
#[derive(Default)]
struct Misfits {
    loud: Vec<(u32, u8)>,
    quiet: Vec<(u32, u8)>,
}

/// Whether the document is valid; if not, up to so many violations.
pub(crate) fn run(
    program: &Program,
    document: &Document<'_>,
    caches: &mut Vec<Cache>,
    budget: &mut Budget,
    most: usize,
) -> Result<Vec<Violation>, Stop> {
    if holds(program, document, caches, budget, None)? {
        return Ok(Vec::new());
    }
    let Some(root) = document.root() else { return Ok(Vec::new()) };
    let mut run = Run::new(program, document, caches, *budget, most);
    run.found = Some(Vec::new());
    // What is found before the budget is used up is enough; that it doesn't fit is known.
    let _ = run.holds(0, root, None);
    *budget = run.budget;
    let mut found = run.found.unwrap_or_default();
    if found.is_empty() {
        let (instance, schema) = (String::new(), String::new());
        found.push(Violation { instance, schema, keyword: "false", message: "doesn't fit".to_owned() });
    }
    Ok(found)
}

/// Whether the document is valid. Where it broke off in a string, nothing but its type and length may decide about that.
pub(crate) fn holds(
    program: &Program,
    document: &Document<'_>,
    caches: &mut Vec<Cache>,
    budget: &mut Budget,
    cut: Option<u32>,
) -> Verdict {
    caches.resize_with(program.patterns.len(), Cache::default);
    let Some(root) = document.root() else { return Ok(true) };
    let mut run = Run::new(program, document, caches, *budget, 0);
    run.cut = cut;
    let holds = run.holds(0, root, None);
    *budget = run.budget;
    holds
}

/// Strings where the schema asks for other types, and for which. If none decides by itself, those in branches that might have
/// held, as of `anyOf`.
pub(crate) fn misfits(
    program: &Program,
    document: &Document<'_>,
    caches: &mut Vec<Cache>,
    budget: &mut Budget,
) -> Vec<(u32, u8)> {
    caches.resize_with(program.patterns.len(), Cache::default);
    let Some(root) = document.root() else { return Vec::new() };
    let mut run = Run::new(program, document, caches, *budget, usize::MAX);
    (run.found, run.misfits) = (Some(Vec::new()), Some(Misfits::default()));
    // As far as the budget goes: what comes of it is checked again.
    let _ = run.holds(0, root, None);
    *budget = run.budget;
    let misfits = run.misfits.unwrap_or_default();
    if misfits.loud.is_empty() { misfits.quiet } else { misfits.loud }
}

impl<'r> Run<'r> {
    fn new(
        program: &'r Program,
        document: &'r Document<'r>,
        caches: &'r mut Vec<Cache>,
        budget: Budget,
        most: usize,
    ) -> Self {
        let (scope, depth, quiet, cut) = (Vec::new(), 0, 0, None);
        Self { program, document, caches, budget, depth, scope, found: None, misfits: None, most, quiet, cut }
    }
}

impl Run<'_> {
    fn is_collecting(&self) -> bool {
        self.quiet == 0 && self.found.is_some()
    }

    /// Whether the value is valid. What it evaluates is added to `seen` if it is.
    fn holds(&mut self, id: Id, value: Value<'_>, seen: Option<&mut Seen>) -> Verdict {
        self.budget.spend(2)?;
        let program = self.program;
        let Some(entry) = program.schemas.get(id as usize) else { return Ok(false) };
        let (first, last, is_tracking) = match entry.body {
            Body::Always => return Ok(true),
            Body::Never => {
                self.report(id, None, value, || "nothing is allowed here".to_owned());
                return Ok(false);
            }
            Body::Steps { first, last, is_tracking } => (first, last, is_tracking),
        };
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Stop::TooDeep);
        }
        if !is_tracking && seen.is_none() && program.dynamic.is_empty() {
            let holds = self.steps(id, program.steps(first, last), value);
            self.depth -= 1;
            return holds;
        }
        let is_entered = !program.dynamic.is_empty() && self.scope.last() != Some(&entry.resource);
        if is_entered {
            self.scope.push(entry.resource);
        }
        let mut own = (is_tracking || seen.is_some()).then(Seen::default);
        let mut holds = true;
        for step in program.steps(first, last) {
            if !self.step(id, step, value, own.as_mut())? {
                holds = false;
                if !self.is_collecting() || self.is_full() {
                    break;
                }
            }
        }
        if is_entered {
            self.scope.pop();
        }
        self.depth -= 1;
        if let (true, Some(seen), Some(own)) = (holds, seen, own) {
            self.budget.spend(own.len() / 8)?;
            seen.merge(&own);
        }
        Ok(holds)
    }

    /// As [`Self::holds`] for most schemas: nobody asks what the steps have evaluated.
    fn steps(&mut self, id: Id, steps: &[Step], value: Value<'_>) -> Verdict {
        let mut holds = true;
        for step in steps {
            if !self.step(id, step, value, None)? {
                holds = false;
                if !self.is_collecting() || self.is_full() {
                    break;
                }
            }
        }
        Ok(holds)
    }

    fn is_full(&self) -> bool {
        self.found.as_ref().is_some_and(|found| found.len() >= self.most)
    }

    /// Takes down a violation, while they are collected.
    fn report(
        &mut self,
        id: Id,
        keyword: Option<&'static str>,
        value: Value<'_>,
        message: impl FnOnce() -> String,
    ) {
        if !self.is_collecting() || self.is_full() || self.misfits.is_some() {
            return;
        }
        let mut schema = self.program.pointer(id);
        if let Some(keyword) = keyword {
            schema.push('/');
            schema.push_str(keyword);
        }
        let instance = pointer_to(self.document, value.at());
        if let Some(found) = &mut self.found {
            found.push(Violation {
                instance,
                schema,
                keyword: keyword.unwrap_or("false"),
                message: message(),
            });
        }
    }

    /// Misfits that have been taken down in branches.
    fn quiet_misfits(&self) -> usize {
        self.misfits.as_ref().map_or(0, |misfits| misfits.quiet.len())
    }

    /// Only so many of them are left: what has come of the others holds without them, or asks for something else.
    fn forget_misfits(&mut self, left: usize) {
        if let Some(misfits) = &mut self.misfits {
            misfits.quiet.truncate(left);
        }
    }

    /// As [`Self::would_hold`], where it is no fault of the value if it doesn't.
    fn happens_to_hold(&mut self, id: Id, value: Value<'_>, seen: Option<&mut Seen>) -> Verdict {
        let misfits = self.quiet_misfits();
        let holds = self.would_hold(id, value, seen);
        self.forget_misfits(misfits);
        holds
    }

    /// As [`Self::holds`], where it decides nothing by itself.
    fn would_hold(&mut self, id: Id, value: Value<'_>, seen: Option<&mut Seen>) -> Verdict {
        self.quiet += 1;
        let holds = self.holds(id, value, seen);
        self.quiet -= 1;
        holds
    }

    fn step(&mut self, id: Id, step: &Step, value: Value<'_>, seen: Option<&mut Seen>) -> Verdict {
        self.budget.spend(1)?;
        if value.is_open() && !step.check.is_final() {
            return Ok(true);
        }
        if self.cut.is_some_and(|cut| hangs_on(&step.check, value, cut)) {
            return Err(Stop::Cut);
        }
        let holds = match &step.check {
            Check::Type { mask, is_lexical } => is_of_type(value, *mask, *is_lexical),
            Check::Enum(known) => self.is_known(known, value)?,

            Check::Minimum(_)
            | Check::Maximum(_)
            | Check::ExclusiveMinimum(_)
            | Check::ExclusiveMaximum(_)
            | Check::MultipleOf(_) => self.number(&step.check, value)?,
            Check::MinLength(_)
            | Check::MaxLength(_)
            | Check::Pattern(_)
            | Check::Format(_)
            | Check::Content { .. } => self.text(&step.check, value)?,
            Check::MinItems(_) | Check::MaxItems(_) | Check::UniqueItems | Check::Contains { .. } => {
                self.array(&step.check, value, seen)?
            }
            Check::MinProperties(_) | Check::MaxProperties(_) => size_fits(&step.check, value),

            // These report what is wrong themselves.
            Check::Items { prefix, rest } => return self.items(prefix, *rest, value, seen),
            Check::UnevaluatedItems(left) => return self.unevaluated_items(*left, value, seen),
            Check::Members(members) => return self.members(id, members, value, seen),
            Check::PropertyNames(names) => return self.property_names(*names, value),
            Check::DependentRequired(all) => return self.dependent_required(id, step.keyword, all, value),
            Check::DependentSchemas(all) => return self.dependent_schemas(all, value, seen),
            Check::UnevaluatedProperties(left) => return self.unevaluated_properties(*left, value, seen),
            Check::Ref(to) => return self.holds(*to, value, seen),
            Check::DynamicRef { name, fallback } => {
                let to = self.outermost(*name)?.unwrap_or(*fallback);
                return self.holds(to, value, seen);
            }
            Check::AllOf(all) => return self.all_of(all, value, seen),
            Check::If { condition, then, otherwise } => {
                return self.if_then_else(*condition, *then, *otherwise, value, seen);
            }

            Check::AnyOf(all) => self.any_of(all, value, seen)?,
            Check::OneOf(all) => {
                let count = self.one_of(all, value, seen)?;
                // Where more is to come, one of two that may hold may yet fail.
                if count != 1 && !(count > 1 && value.is_open()) {
                    self.report(id, Some("oneOf"), value, || message::one_of(count));
                }
                return Ok(count == 1 || (count > 1 && value.is_open()));
            }
            Check::Not(not) => !self.happens_to_hold(*not, value, None)?,
        };
        if !holds {
            if let (Some(misfits), Check::Type { mask, .. }, Kind::Text) =
                (&mut self.misfits, &step.check, value.kind())
            {
                self.budget.spend(MISFIT)?;
                let list = if self.quiet == 0 { &mut misfits.loud } else { &mut misfits.quiet };
                list.push((value.at(), *mask));
            }
            self.report(id, Some(step.keyword), value, || message::of(&step.check));
        }
        Ok(holds)
    }

    fn is_known(&mut self, known: &Known, value: Value<'_>) -> Verdict {
        let hash = hash(value, &mut self.budget)?;
        let from = known.values.partition_point(|(other, _)| *other < hash);
        let same =
            known.values.get(from..).unwrap_or_default().iter().take_while(|(other, _)| *other == hash);
        for (_, at) in same {
            if let Some(other) = known.document.value(*at)
                && equal(other, value, &mut self.budget)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn outermost(&mut self, name: u32) -> Result<Option<Id>, Exhausted> {
        self.budget.spend(self.scope.len() / 4 + 1)?;
        Ok(self.scope.iter().find_map(|resource| self.program.dynamic.get(&(name, *resource)).copied()))
    }

    fn all_of(&mut self, all: &[Id], value: Value<'_>, mut seen: Option<&mut Seen>) -> Verdict {
        let mut holds = true;
        for id in all {
            holds &= self.holds(*id, value, seen.as_deref_mut())?;
            if !holds && !self.is_collecting() {
                break;
            }
        }
        Ok(holds)
    }

    fn any_of(&mut self, all: &[Id], value: Value<'_>, mut seen: Option<&mut Seen>) -> Verdict {
        let mut holds = false;
        let misfits = self.quiet_misfits();
        for id in all {
            holds |= self.would_hold(*id, value, seen.as_deref_mut())?;
            if holds && seen.is_none() {
                break;
            }
        }
        if holds {
            self.forget_misfits(misfits);
        }
        Ok(holds)
    }

    /// How many hold, up to two.
    fn one_of(&mut self, all: &[Id], value: Value<'_>, mut seen: Option<&mut Seen>) -> Result<usize, Stop> {
        let mut count = 0;
        let misfits = self.quiet_misfits();
        for id in all {
            count += usize::from(self.would_hold(*id, value, seen.as_deref_mut())?);
            if count > 1 {
                break;
            }
        }
        if count > 0 {
            self.forget_misfits(misfits);
        }
        Ok(count)
    }

    fn if_then_else(
        &mut self,
        condition: Id,
        then: Option<Id>,
        otherwise: Option<Id>,
        value: Value<'_>,
        mut seen: Option<&mut Seen>,
    ) -> Verdict {
        let next =
            if self.happens_to_hold(condition, value, seen.as_deref_mut())? { then } else { otherwise };
        next.map_or(Ok(true), |id| self.holds(id, value, seen))
    }
}

fn is_of_type(value: Value<'_>, mask: u8, is_lexical: bool) -> bool {
    let of = match value.kind() {
        Kind::Null => types::NULL,
        Kind::False | Kind::True => types::BOOLEAN,
        Kind::Object => types::OBJECT,
        Kind::Array => types::ARRAY,
        Kind::Text => types::STRING,
        Kind::Number => types::NUMBER,
    };
    let may_be_integer = of == types::NUMBER && mask & types::INTEGER != 0;
    mask & of != 0 || may_be_integer && (value.is_open() || scalar::is_integer(value.written(), is_lexical))
}

/// Whether this asks what a string of which only the start is known says in full.
fn hangs_on(check: &Check, value: Value<'_>, cut: u32) -> bool {
    match check {
        Check::Enum(_) => value.at() <= cut && cut < value.after(),
        Check::Pattern(_) | Check::Format(_) | Check::Content { .. } => value.at() == cut,
        _ => false,
    }
}

fn size_fits(check: &Check, value: Value<'_>) -> bool {
    match check {
        _ if value.kind() != Kind::Object => true,
        Check::MinProperties(least) => value.len() >= *least as usize,
        Check::MaxProperties(most) => value.len() <= *most as usize,
        _ => true,
    }
}
