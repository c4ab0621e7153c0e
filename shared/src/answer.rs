//! From an answer's JSON to what it says, in few bytes: for the browser, where what serde makes of each type is most of
//! what a page weighs. The shape is serde's, and the page's tests hold the two against each other.
//!
//! Nothing stops at the first thing that does not fit: it is noted, something else stands in its place, and whoever began
//! to read throws all of it away. So a type is read by a row of calls, without a way out after each.

use std::cell::Cell;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::Timestamp;

/// What can be read from an answer.
pub trait FromAnswer {
    /// What `node` says; anything where it does not fit, which [`Node::misfit`] noted.
    fn from_answer(node: Node<'_>) -> Self;
}

/// What `value` says, where it is a `T`.
#[must_use]
pub fn read<T: FromAnswer>(value: &Value) -> Option<T> {
    let fits = Cell::new(true);
    let said = T::from_answer(Node { value: Some(value), fits: &fits });
    fits.get().then_some(said)
}

/// A part of an answer, which may be absent.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    value: Option<&'a Value>,
    fits: &'a Cell<bool>,
}

impl<'a> Node<'a> {
    /// Notes that this is not what it should be.
    pub fn misfit(self) {
        self.fits.set(false);
    }

    /// The part of this name.
    #[must_use]
    pub fn get(self, name: &str) -> Self {
        let fields = self.value.and_then(Value::as_object);
        if fields.is_none() {
            self.misfit();
        }
        Self { value: fields.and_then(|fields| fields.get(name)), fits: self.fits }
    }

    /// What the part of this name says.
    pub fn field<T: FromAnswer>(self, name: &str) -> T {
        T::from_answer(self.get(name))
    }

    /// The same, or the default where there is no such part.
    pub fn field_or_default<T: FromAnswer + Default>(self, name: &str) -> T {
        let part = self.get(name);
        if part.value.is_none() { T::default() } else { T::from_answer(part) }
    }

    /// Which of `words` it is; the first where it is none.
    #[must_use]
    pub fn word(self, words: &[&str]) -> usize {
        self.or_misfit(self.text().and_then(|text| words.iter().position(|word| *word == text)))
    }

    fn text(self) -> Option<&'a str> {
        self.value?.as_str()
    }

    /// In an address a number is a text.
    fn integer(self) -> u64 {
        let number = self.value.and_then(Value::as_u64);
        self.or_misfit(number.or_else(|| self.text()?.parse().ok()))
    }

    fn or_misfit<T: Default>(self, value: Option<T>) -> T {
        value.unwrap_or_else(|| {
            self.misfit();
            T::default()
        })
    }
}

impl FromAnswer for String {
    fn from_answer(node: Node<'_>) -> Self {
        node.or_misfit(node.text()).to_owned()
    }
}

impl FromAnswer for bool {
    fn from_answer(node: Node<'_>) -> Self {
        node.or_misfit(node.value.and_then(Value::as_bool))
    }
}

impl FromAnswer for f64 {
    fn from_answer(node: Node<'_>) -> Self {
        node.or_misfit(node.value.and_then(Value::as_f64))
    }
}

impl FromAnswer for u64 {
    fn from_answer(node: Node<'_>) -> Self {
        node.integer()
    }
}

impl FromAnswer for u32 {
    fn from_answer(node: Node<'_>) -> Self {
        node.or_misfit(Self::try_from(node.integer()).ok())
    }
}

impl FromAnswer for Timestamp {
    fn from_answer(node: Node<'_>) -> Self {
        let moment = node.text().and_then(|text| text.parse().ok());
        moment.unwrap_or_else(|| {
            node.misfit();
            Self::EPOCH
        })
    }
}

impl FromAnswer for Uuid {
    fn from_answer(node: Node<'_>) -> Self {
        node.or_misfit(node.text().and_then(|text| Self::try_parse(text).ok()))
    }
}

impl FromAnswer for Value {
    fn from_answer(node: Node<'_>) -> Self {
        node.or_misfit(node.value.cloned())
    }
}

impl FromAnswer for Map<String, Value> {
    fn from_answer(node: Node<'_>) -> Self {
        node.or_misfit(node.value.and_then(Value::as_object).cloned())
    }
}

impl<T: FromAnswer> FromAnswer for Option<T> {
    fn from_answer(node: Node<'_>) -> Self {
        node.value.is_some_and(|value| !value.is_null()).then(|| T::from_answer(node))
    }
}

impl<T: FromAnswer> FromAnswer for Vec<T> {
    fn from_answer(node: Node<'_>) -> Self {
        let items = node.or_misfit(node.value.and_then(Value::as_array).map(Vec::as_slice));
        items.iter().map(|item| T::from_answer(Node { value: Some(item), fits: node.fits })).collect()
    }
}

/// Reads a struct by the names of its fields, all of which the compiler wants to be there. What has `..` before
/// it has its own fields beside the others'; those after `;` are their default where they are absent.
macro_rules! from_answer {
    (
        $type:ident $(<$of:ident>)? {
            $(..$beside:ident,)*
            $($field:ident),*
            $(; $($optional:ident),*)?
        }
    ) => {
        impl $(<$of: $crate::answer::FromAnswer>)? $crate::answer::FromAnswer for $type $(<$of>)? {
            fn from_answer(node: $crate::answer::Node<'_>) -> Self {
                Self {
                    $($beside: $crate::answer::FromAnswer::from_answer(node),)*
                    $($field: node.field(stringify!($field)),)*
                    $($($optional: node.field_or_default(stringify!($optional)),)*)?
                }
            }
        }
    };
}

/// Reads an enum that is a word.
macro_rules! from_word {
    ($type:ident { $($word:literal: $variant:ident),* $(,)? }) => {
        impl $crate::answer::FromAnswer for $type {
            fn from_answer(node: $crate::answer::Node<'_>) -> Self {
                [$(Self::$variant),*][node.word(&[$($word),*])]
            }
        }
    };
    ($type:ident) => {
        impl $crate::answer::FromAnswer for $type {
            fn from_answer(node: $crate::answer::Node<'_>) -> Self {
                Self::ALL[node.word(&Self::ALL.map(Self::as_str))]
            }
        }
    };
}

pub(crate) use {from_answer, from_word};
