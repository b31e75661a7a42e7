//! The atomics and locks of what is handed over between threads. Unit tests have loom's in their place, which try
//! every interleaving.

#[cfg(test)]
pub(super) use loom::sync::Mutex;
#[cfg(test)]
pub(super) use loom::sync::atomic::{AtomicBool, Ordering};
#[cfg(not(test))]
pub(super) use std::sync::Mutex;
#[cfg(not(test))]
pub(super) use std::sync::atomic::{AtomicBool, Ordering};
