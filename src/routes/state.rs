//! The states of the matcher: which step leads where, and in which order steps are tried.
//!
//! A literal segment is found by its hash. Parts with variables are found by the hash of the literals
//! that they begin and end with, so that ten thousand rules such as `/a-<x>-17.js` cost what ten cost.
//! Only parts alike in both ends (`/<x>-17-<y>`, and `any` with many lists) are tried one by one.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::part::{Part, Span};
use super::rule::{Rule, Step, Weight, split_segment};

type Id = usize;

/// A transition by a part with variables.
#[derive(Clone, Debug)]
struct Transition {
    part: Part,
    weight: Weight,
    to: Id,
}

/// Places of transitions by their literal ends, one written after the other.
type Group = HashMap<Box<str>, Vec<usize>>;

/// The transitions of one state by parts with variables.
#[derive(Clone, Debug, Default)]
struct Transitions {
    all: Vec<Transition>,
    known: HashMap<Part, Id>,
    /// By the lengths of a part's literal ends.
    ends: BTreeMap<(Span, usize, usize), Group>,
}

impl Transitions {
    /// Returns where a part leads: to a state that is there already, or else to the new one.
    fn lead(&mut self, part: &Part, weight: &Weight, new: Id) -> Id {
        if let Some(&known) = self.known.get(part) {
            return known;
        }
        let (head, tail) = part.ends();
        let group = self.ends.entry((part.span, head.len(), tail.len())).or_default();
        group.entry([head, tail].concat().into()).or_default().push(self.all.len());
        self.known.insert(part.clone(), new);
        self.all.push(Transition { part: part.clone(), weight: weight.clone(), to: new });
        new
    }

    /// Puts the places of the transitions whose literal ends fit into `found`, in werkzeug's order.
    fn find(&self, segment: &str, rest: &str, found: &mut Vec<usize>) {
        found.clear();
        if self.all.len() == 1 {
            // The part itself is compared sooner than its ends are looked up.
            found.push(0);
            return;
        }
        let mut both = String::new();
        for ((span, head, tail), group) in &self.ends {
            let Some((text, _)) = span.of(segment, rest) else { continue };
            let Some(start) = text.len().checked_sub(*tail) else { continue };
            let Some((head, tail)) = text.get(..*head).zip(text.get(start..)) else { continue };
            let ends = match (head, tail) {
                (head, "") => head,
                ("", tail) => tail,
                (head, tail) => {
                    both.clear();
                    both.push_str(head);
                    both.push_str(tail);
                    &both
                }
            };
            found.extend(group.get(ends).into_iter().flatten());
        }
        if found.len() > 1 {
            // Of equal weights the one that was added first goes first.
            found.sort_unstable_by_key(|&place| (self.all.get(place).map(|one| &one.weight), place));
        }
    }
}

#[derive(Clone, Debug, Default)]
struct State {
    literals: HashMap<Box<str>, Id>,
    transitions: Option<Box<Transitions>>,
    rules: Vec<Arc<Rule>>,
}

/// What the search came upon.
pub(super) enum Found<'m> {
    /// Rules that the path fits, in the order in which they were added.
    Rules(&'m [Arc<Rule>]),
    /// A rule that the path would fit with a slash at its end.
    WithSlash,
}

/// A tree of states. States are named by their place in a list, so that neither a search nor a drop
/// recurses, however long a rule is.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    states: Vec<State>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { states: vec![State::default()] }
    }
}

impl Tree {
    /// Adds a rule.
    pub(super) fn add(&mut self, rule: Arc<Rule>) {
        let mut id = 0;
        for step in &rule.steps {
            let new = self.states.len();
            let Some(state) = self.states.get_mut(id) else { return };
            id = match step {
                Step::Static(literal) => *state.literals.entry(literal.as_str().into()).or_insert(new),
                Step::Dynamic(part, weight) => {
                    state.transitions.get_or_insert_default().lead(part, weight, new)
                }
            };
            if id == new {
                self.states.push(State::default());
            }
        }
        if let Some(state) = self.states.get_mut(id) {
            state.rules.push(rule);
        }
    }

    /// Goes through all that the path fits, in werkzeug's order, until `visit` returns true.
    ///
    /// A state is entered at most once, and a part is compared in time proportional to the path: no
    /// path costs more than the number of states times its length.
    pub(super) fn search<'m>(&'m self, path: &str, mut visit: impl FnMut(Found<'m>) -> bool) {
        enum Task<'m, 'p> {
            Enter(Id, Option<&'p str>),
            Variables(&'m Transitions, &'p str),
        }
        let mut tasks = vec![Task::Enter(0, Some(path))];
        let mut values: Vec<Range<usize>> = Vec::new();
        let mut places = Vec::new();
        while let Some(task) = tasks.pop() {
            match task {
                Task::Enter(id, None) => {
                    let Some(state) = self.states.get(id) else { continue };
                    let found = if !state.rules.is_empty() {
                        Found::Rules(&state.rules)
                    } else if self.has_slash_rule(state) {
                        Found::WithSlash
                    } else {
                        continue;
                    };
                    if visit(found) {
                        return;
                    }
                }
                Task::Enter(id, Some(rest)) => {
                    let Some(state) = self.states.get(id) else { continue };
                    let (segment, after) = split_segment(rest);
                    if let Some(transitions) = &state.transitions {
                        tasks.push(Task::Variables(transitions, rest));
                    }
                    if let Some(&next) = state.literals.get(segment) {
                        tasks.push(Task::Enter(next, after));
                    }
                }
                Task::Variables(transitions, rest) => {
                    let (segment, after) = split_segment(rest);
                    transitions.find(segment, rest, &mut places);
                    // The last one pushed is the first one tried.
                    for transition in places.iter().rev().filter_map(|&place| transitions.all.get(place)) {
                        let span = transition.part.span;
                        let Some((text, slash)) = span.of(segment, rest) else { continue };
                        values.clear();
                        if transition.part.takes(text, &mut values) {
                            let left = if span == Span::Segment { after } else { slash.then_some("") };
                            tasks.push(Task::Enter(transition.to, left));
                        }
                    }
                }
            }
        }
    }

    fn has_slash_rule(&self, state: &State) -> bool {
        let slash = state.literals.get("").and_then(|&id| self.states.get(id));
        slash.is_some_and(|state| !state.rules.is_empty())
    }
}
