//! Shared, immutable data as a property. Two values are equal if they share the allocation, so that a comparison does
//! not read the data.

use std::{ops::Deref, rc::Rc};

/// An [`Rc`] that compares by pointer.
#[derive(Debug)]
pub struct ByPointer<T>(pub Rc<T>);

impl<T> ByPointer<T> {
    /// Creates a new allocation.
    pub fn new(value: T) -> Self {
        Self(Rc::new(value))
    }
}

impl<T: Default> Default for ByPointer<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Clone for ByPointer<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> PartialEq for ByPointer<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Deref for ByPointer<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
