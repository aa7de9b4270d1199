//! Which limits hold for a request, and in which cells they count.

use seawall_policy::policy::{LimitId, Policy, Scope, TargetId};

use super::admit::Spot;
use super::cell::{COMMON, Layout, ONLY, SETS};
use super::rule::{Counts, Rule};
use crate::effect::Text;

/// Who a request is from, and where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    /// The keyed hash of the tenant's name.
    pub(crate) tenant: u64,
    /// The tier's place in the policy; none where no tier takes the tenant.
    pub(crate) tier: Option<usize>,
    pub(crate) route: usize,
    /// The keyed hash of the conversation, where it belongs to one that is limited.
    pub(crate) conversation: Option<u64>,
}

/// When limits are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// All of them, for the first attempt.
    First(TargetId),
    /// For each further one: what its target and that target's groups may take, and money, by the target's price.
    Attempt(TargetId),
}

/// Whose use is counted together on a shelf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Scope(Scope),
    /// That of a conversation in this route.
    Conversation(usize),
}

impl By {
    /// Whether those who share it have names that come from outside.
    fn is_table(self) -> bool {
        matches!(self, Self::Scope(Scope::Tenant) | Self::Conversation(_))
    }
}

/// Limits that count by the same key.
#[derive(Debug)]
pub(super) struct Shelf {
    by: By,
    pub(super) rules: Vec<Rule>,
    pub(super) layout: Layout,
    /// Where its cells lie, by their number; of the table of tenants what all of them begin with.
    keys: Vec<String>,
}

/// All limits of a policy.
#[derive(Debug)]
pub(crate) struct Book {
    shelves: Vec<Shelf>,
    /// Shelf, and place on it, of each limit.
    places: Vec<(usize, usize)>,
    /// The shelf of what a target's provider grants, by the target's number.
    quotas: Vec<Option<usize>>,
    /// The highest priority of all tiers.
    top: u32,
    /// Clusters of the rate limit services.
    services: Vec<Text>,
}

/// A row of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) shelf: usize,
    cell: usize,
    pub(super) row: u64,
}

impl Place {
    /// The same cell's common row.
    pub(super) fn with_row(self, row: u64) -> Self {
        Self { row, ..self }
    }
}

/// The limits of one row that a request must pass.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) place: Place,
    pub(super) slots: Vec<usize>,
}

impl Book {
    pub(crate) fn new(policy: &Policy) -> Self {
        let mut rules: Vec<(Scope, Vec<Rule>)> = Vec::new();
        let (mut places, mut services) = (Vec::new(), Vec::<Text>::new());
        for limit in &policy.limits {
            let shelf = rules.iter().position(|(scope, _)| *scope == limit.scope).unwrap_or_else(|| {
                rules.push((limit.scope, Vec::new()));
                rules.len() - 1
            });
            if let Some((_, rules)) = rules.get_mut(shelf) {
                places.push((shelf, rules.len()));
                let service = limit.service.as_deref().map(|cluster| {
                    services.iter().position(|known| **known == *cluster).unwrap_or_else(|| {
                        services.push(cluster.into());
                        services.len() - 1
                    })
                });
                let own = rules.len();
                rules.extend(Rule::all(limit));
                rules.get_mut(own).into_iter().for_each(|rule| rule.service = service);
            }
        }
        let of_limits =
            rules.into_iter().map(|(scope, rules)| (By::Scope(scope), keys(policy, scope), rules));
        let talks = policy.routes.iter().enumerate().filter_map(|(route, of)| {
            let talk = of.contract.conversation.as_ref()?;
            let key = ["seawall/limits/conversation/", &of.name, "/"].concat();
            Some((By::Conversation(route), vec![key], Rule::of_conversation(talk)))
        });
        let shelves = of_limits.chain(talks).map(|(by, keys, rules)| {
            let layout = Layout::new(&rules, by.is_table());
            Shelf { by, rules, layout, keys }
        });
        let mut shelves: Vec<_> = shelves.collect();
        let quotas = policy.targets.iter().map(|target| {
            let rules: Vec<_> = Rule::quota(target).collect();
            let layout = Layout::new(&rules, false);
            // With the cluster: two filters in one proxy may give different targets the same name.
            let key = ["seawall/limits/quota/", &target.name, "/", &target.cluster].concat();
            (!rules.is_empty()).then(|| {
                shelves.push(Shelf { by: By::Scope(Scope::Target), rules, layout, keys: vec![key] });
                shelves.len() - 1
            })
        });
        let quotas = quotas.collect();
        let top = policy.tiers.iter().map(|tier| tier.priority).max().unwrap_or_default().max(1);
        Self { shelves, places, quotas, top, services }
    }

    pub(super) fn shelf(&self, place: Place) -> Option<&Shelf> {
        self.shelves.get(place.shelf)
    }

    /// Which limit of the policy it is, and its name.
    pub(crate) fn limit(&self, spot: Spot) -> Option<(LimitId, Text)> {
        let id = self.places.iter().position(|place| *place == (spot.place.shelf, spot.slot))?;
        Some((LimitId(id), self.rule(spot)?.name.clone()))
    }

    /// Whether it is what a conversation of this route may come to.
    pub(crate) fn conversation(&self, spot: Spot) -> Option<usize> {
        if let By::Conversation(route) = self.shelf(spot.place)?.by { Some(route) } else { None }
    }

    pub(crate) fn rule(&self, spot: Spot) -> Option<&Rule> {
        self.shelf(spot.place)?.rules.get(spot.slot)
    }

    /// Where a cell lies in the shared data.
    pub(super) fn key(&self, place: Place) -> String {
        let Some(shelf) = self.shelf(place) else { return String::new() };
        if !shelf.by.is_table() {
            return shelf.keys.get(place.cell).cloned().unwrap_or_default();
        }
        let mut key = shelf.keys.first().cloned().unwrap_or_default();
        for shift in [8, 4, 0] {
            key.push(char::from_digit((place.cell >> shift) as u32 & 0xf, 16).unwrap_or('0'));
        }
        key
    }

    /// Where the order of a limit's line lies. Lines of tenants share `most` cells.
    pub(super) fn line_key(&self, spot: Spot, most: usize) -> String {
        let cell = if self.is_shared(spot.place) { spot.place.cell } else { spot.place.cell % most };
        let name = self.rule(spot).map(|rule| &*rule.name).unwrap_or_default();
        [&*self.key(Place { cell, ..spot.place }), "/line/", name].concat()
    }

    /// Whether it is asked for each attempt, and not once for a request.
    pub(crate) fn is_of_attempt(&self, spot: Spot) -> bool {
        let of = self.shelf(spot.place).zip(self.rule(spot));
        of.is_some_and(|(shelf, rule)| is_of_attempt(shelf.by, rule.counts))
    }

    /// Whether different tenants count together there.
    pub(super) fn is_shared(&self, place: Place) -> bool {
        self.shelf(place).is_some_and(|shelf| !shelf.by.is_table())
    }

    /// Whether what it counts is the use of one tenant alone, who may be told of it: its own row, or a limit for all where nobody
    /// tells tenants apart. What the others of a shared limit do is none of its business.
    pub(crate) fn is_own(&self, policy: &Policy, spot: Spot) -> bool {
        policy.tenant.is_empty() || (!self.is_shared(spot.place) && spot.place.row != COMMON)
    }

    pub(super) fn services(&self) -> &[Text] {
        &self.services
    }

    /// The service that counts a limit.
    pub(super) fn service(&self, spot: Spot) -> Option<(&Rule, &Text)> {
        let rule = self.rule(spot)?;
        Some((rule, self.services.get(rule.service?)?))
    }

    /// Whose use a limit counts together, in words for its service: what it counts by, and which of them. `tenant` is how the
    /// tenant is told there.
    pub(super) fn counted<'b>(
        &self,
        policy: &'b Policy,
        spot: Spot,
        who: Who,
        tenant: &'b str,
    ) -> Option<(&'static str, &'b str)> {
        let (shelf, cell) = (self.shelf(spot.place)?, spot.place.cell);
        // No service counts conversations.
        let By::Scope(scope) = shelf.by else { return None };
        Some(match scope {
            Scope::Global => return None,
            Scope::Tenant => ("tenant", tenant),
            Scope::Tier => {
                let tier = who.tier.and_then(|tier| policy.tiers.get(tier));
                // No tier is called that: it is no name.
                ("tier", tier.map_or("-", |tier| &tier.name))
            }
            Scope::Route => ("route", &policy.routes.get(cell)?.name),
            Scope::Target => ("target", &policy.targets.get(cell)?.name),
            Scope::Group(group) => ("group", &policy.groups.get(group.0)?.name),
        })
    }

    pub(super) fn top_priority(&self) -> u32 {
        self.top
    }

    /// What must be asked of these limits at this stage, row by row.
    pub(super) fn asked(&self, policy: &Policy, limits: &[LimitId], who: Who, stage: Stage) -> Vec<Asked> {
        let mut asked: Vec<Asked> = Vec::new();
        let limits = limits.iter().filter_map(|limit| self.places.get(limit.0).copied());
        for (number, slot) in limits.chain(self.talk(who)) {
            let Some(shelf) = self.shelves.get(number) else { continue };
            let Some(rule) = shelf.rules.get(slot) else { continue };
            let Some((cell, row)) = cell(policy, shelf.by, rule.counts, who, stage) else { continue };
            let place = Place { shelf: number, cell, row };
            let slots = slot..=slot + usize::from(rule.has_baseline);
            match asked.iter_mut().find(|known| known.place == place) {
                Some(known) => known.slots.extend(slots),
                None => asked.push(Asked { place, slots: slots.collect() }),
            }
        }
        asked
    }

    /// What a target's provider grants, where the policy says that.
    pub(super) fn quota(&self, target: TargetId) -> Option<Asked> {
        let shelf = (*self.quotas.get(target.0)?)?;
        let slots = (0..self.shelves.get(shelf)?.rules.len()).collect();
        Some(Asked { place: Place { shelf, cell: 0, row: ONLY }, slots })
    }

    /// The shelf, and the places on it, of what its conversation may come to.
    fn talk(&self, who: Who) -> impl Iterator<Item = (usize, usize)> {
        let shelf = who
            .conversation
            .and_then(|_| self.shelves.iter().position(|shelf| shelf.by == By::Conversation(who.route)));
        let slots = shelf.and_then(|shelf| self.shelves.get(shelf)).map_or(0, |shelf| shelf.rules.len());
        (0..slots).filter_map(move |slot| Some((shelf?, slot)))
    }
}

fn is_of_attempt(by: By, counts: Counts) -> bool {
    counts == Counts::Money || matches!(by, By::Scope(Scope::Target | Scope::Group(_)))
}

/// The cell, and the row in it, that a limit counts in; `None` where it isn't asked at this stage.
fn cell(policy: &Policy, by: By, counts: Counts, who: Who, stage: Stage) -> Option<(usize, u64)> {
    let (is_now, target) = match stage {
        Stage::First(target) => (true, target),
        Stage::Attempt(target) => (is_of_attempt(by, counts), target),
    };
    if !is_now {
        return None;
    }
    // The lower bits choose the cell, so that the whole hash tells rows apart. No row has the common one's key.
    let row_of = |hash: u64| Some(((hash % SETS) as usize, hash.max(COMMON + 1)));
    let scope = match by {
        By::Conversation(_) => return row_of(who.conversation?),
        By::Scope(scope) => scope,
    };
    let cell = match scope {
        Scope::Global => 0,
        Scope::Tenant => return row_of(who.tenant),
        Scope::Tier => who.tier.unwrap_or(policy.tiers.len()),
        Scope::Route => who.route,
        Scope::Target => target.0,
        Scope::Group(group) => {
            let is_member = policy.groups.get(group.0)?.members.contains(&target);
            return is_member.then_some((0, ONLY));
        }
    };
    Some((cell, ONLY))
}

/// The keys of a shelf's cells: by name, so that they stay the same when a policy changes.
fn keys(policy: &Policy, scope: Scope) -> Vec<String> {
    let named = |word: &str, names: &mut dyn Iterator<Item = &str>| -> Vec<String> {
        names.map(|name| ["seawall/limits/", word, "/", name].concat()).collect()
    };
    match scope {
        Scope::Global => named("global", &mut [""].into_iter()),
        Scope::Tenant => named("tenant", &mut [""].into_iter()),
        // And those whom no tier takes; no tier has an empty name.
        Scope::Tier => named("tier", &mut policy.tiers.iter().map(|tier| tier.name.as_str()).chain([""])),
        Scope::Route => named("route", &mut policy.routes.iter().map(|route| route.name.as_str())),
        Scope::Target => named("target", &mut policy.targets.iter().map(|target| target.name.as_str())),
        Scope::Group(group) => {
            let group = policy.groups.get(group.0).map(|group| group.name.as_str());
            named("group", &mut group.into_iter())
        }
    }
}
