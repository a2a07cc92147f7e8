//! What is known of the term in a register.
//!
//! A fact is a promise about *every* value the register can hold there. Facts come from the code's
//! own tests and constructions only, never from the Type chunk, so memory safety may rest on them.

use crate::etf::tag;

/// A set of terms, or something that is no term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    /// Nothing that may be looked at.
    Dead,
    /// A catch tag of the handler at this label.
    Tag {
        label: u32,
        is_try: bool,
    },
    /// On some ways the catch tag of one of these handlers (0: of none), on others a term.
    MaybeTag {
        labels: [u32; 2],
    },
    /// Any term.
    Any,
    Nil,
    Cons,
    /// A cons cell or nil.
    List,
    /// A tuple of `min` elements or more, of exactly `min` if `exact`.
    Tuple {
        min: u32,
        exact: bool,
    },
    Map,
    Float,
    /// A match context.
    Context,
    /// A fun of this arity.
    Fun(u8),
    /// A native record.
    Record,
    /// One of the atoms `error`, `exit` and `throw`.
    Class,
    /// What `build_stacktrace` makes.
    StackTrace,
}

impl Fact {
    /// Any tuple.
    pub(super) const TUPLE: Fact = Fact::Tuple { min: 0, exact: false };

    /// Whether it is or may be a catch tag.
    pub(super) fn is_tag(self) -> bool {
        matches!(self, Fact::Tag { .. } | Fact::MaybeTag { .. })
    }

    /// The handlers it may lead to.
    fn handlers(self) -> [u32; 2] {
        match self {
            Fact::Tag { label, .. } => [label, 0],
            Fact::MaybeTag { labels } => labels,
            _ => [0, 0],
        }
    }

    /// What holds for values of which either fact holds. `None` if that cannot be said: a catch tag
    /// or nothing at all, or tags of more than two handlers.
    pub(super) fn merge(self, other: Fact) -> Option<Fact> {
        use Fact::*;
        Some(match (self, other) {
            (a, b) if a == b => a,
            (Tag { .. } | MaybeTag { .. }, Dead) | (Dead, Tag { .. } | MaybeTag { .. }) => return None,
            (a, b) if a.is_tag() || b.is_tag() => {
                let mut labels = a.handlers();
                for label in b.handlers() {
                    if label != 0 && !labels.contains(&label) {
                        *labels.iter_mut().find(|free| **free == 0)? = label;
                    }
                }
                labels.sort_unstable();
                MaybeTag { labels }
            }
            (Dead, _) | (_, Dead) => Dead,
            (Nil | Cons | List, Nil | Cons | List) => List,
            (Tuple { min: a, .. }, Tuple { min: b, .. }) => Tuple { min: a.min(b), exact: false },
            _ => Any,
        })
    }

    /// What holds for values of which both facts hold; `self` where they exclude each other, as
    /// that code does not run.
    pub(super) fn refine(self, with: Fact) -> Fact {
        use Fact::*;
        match (self, with) {
            (Dead | Tag { .. } | MaybeTag { .. }, _) | (_, Any | Dead | Tag { .. } | MaybeTag { .. }) => self,
            (Any, _) => with,
            (List, Nil | Cons) => with,
            (Tuple { min: a, exact: false }, Tuple { min: b, exact }) if exact || b > a => Tuple { min: b, exact },
            _ => self,
        }
    }

    /// What holds for values that do not satisfy `test`.
    pub(super) fn without(self, test: Fact) -> Fact {
        match (self, test) {
            (Fact::List, Fact::Nil) => Fact::Cons,
            (Fact::List, Fact::Cons) => Fact::Nil,
            _ => self,
        }
    }

    /// Whether it is a tuple with an element at this position, counted from 0.
    pub(super) fn has_element(self, position: u64) -> bool {
        matches!(self, Fact::Tuple { min, .. } if u64::from(min) > position)
    }

    /// The fact of a literal in external format, read off its first bytes.
    pub(super) fn of_literal(bytes: &[u8]) -> Fact {
        match bytes {
            [tag::VERSION_MAGIC, rest @ ..] => match rest {
                [tag::NIL_EXT, ..] => Fact::Nil,
                [tag::STRING_EXT, 0, 0, ..] => Fact::Nil,
                [tag::STRING_EXT, ..] => Fact::Cons,
                // A list of no elements is its tail, whatever that is.
                [tag::LIST_EXT, 0, 0, 0, 0, ..] => Fact::Any,
                [tag::LIST_EXT, ..] => Fact::Cons,
                [tag::MAP_EXT, ..] => Fact::Map,
                [tag::NEW_FLOAT_EXT | tag::FLOAT_EXT, ..] => Fact::Float,
                [tag::SMALL_TUPLE_EXT, arity, ..] => Fact::Tuple { min: (*arity).into(), exact: true },
                [tag::LARGE_TUPLE_EXT, a, b, c, d, ..] => {
                    Fact::Tuple { min: u32::from_be_bytes([*a, *b, *c, *d]), exact: true }
                }
                _ => Fact::Any,
            },
            _ => Fact::Any,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Fact::{self, *};

    const TAG: Fact = Tag { label: 1, is_try: true };
    const PAIR: Fact = Tuple { min: 2, exact: true };

    #[test]
    fn merging_keeps_what_both_promise() {
        let cases = [
            (Cons, Nil, Some(List)),
            (List, Cons, Some(List)),
            (Cons, Map, Some(Any)),
            (Map, Map, Some(Map)),
            (Dead, Map, Some(Dead)),
            (PAIR, Tuple { min: 3, exact: true }, Some(Tuple { min: 2, exact: false })),
            (PAIR, PAIR, Some(PAIR)),
            (TAG, TAG, Some(TAG)),
            (TAG, Dead, None),
            (TAG, Any, Some(MaybeTag { labels: [0, 1] })),
            (TAG, Tag { label: 2, is_try: false }, Some(MaybeTag { labels: [1, 2] })),
            (MaybeTag { labels: [0, 1] }, Nil, Some(MaybeTag { labels: [0, 1] })),
            (MaybeTag { labels: [0, 1] }, TAG, Some(MaybeTag { labels: [0, 1] })),
            (MaybeTag { labels: [2, 3] }, TAG, None),
        ];
        for (a, b, merged) in cases {
            assert_eq!(a.merge(b), merged, "{a:?} {b:?}");
            assert_eq!(b.merge(a), merged, "{b:?} {a:?}");
        }
    }

    #[test]
    fn refining_and_subtracting() {
        assert_eq!(Any.refine(Cons), Cons);
        assert_eq!(List.refine(Cons), Cons);
        assert_eq!(Fact::TUPLE.refine(PAIR), PAIR);
        assert_eq!(PAIR.refine(Fact::TUPLE), PAIR);
        assert_eq!(List.without(Nil), Cons);
        assert_eq!(Any.without(Nil), Any);
        assert!(PAIR.has_element(1) && !PAIR.has_element(2));
    }

    #[test]
    fn literals_show_their_kind() {
        assert_eq!(Fact::of_literal(&[131, 104, 2, 106, 106]), PAIR);
        assert_eq!(Fact::of_literal(&[131, 107, 0, 1, 65]), Cons);
        assert_eq!(Fact::of_literal(&[131, 116, 0, 0, 0, 0]), Map);
        assert_eq!(Fact::of_literal(&[131, 108, 0, 0, 0, 0, 97, 1]), Any);
        assert_eq!(Fact::of_literal(&[131, 80, 0]), Any);
        assert_eq!(Fact::of_literal(&[]), Any);
    }
}
