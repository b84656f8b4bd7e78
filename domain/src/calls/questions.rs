//! What a call asks of a database's catalog.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use crate::failure::FailureKind;

/// One question, answered or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogQuestion {
    /// What was wanted, in a word: `names`, `describe`.
    pub operation: &'static str,
    pub began: SystemTime,
    pub took: Duration,
    pub failure: Option<FailureKind>,
}

/// The questions of one call, in the order in which they were answered.
#[derive(Debug, Default)]
pub struct CatalogQuestions(Mutex<Vec<CatalogQuestion>>);

/// More than any call asks.
const MOST: usize = 64;

impl CatalogQuestions {
    /// Keeps it, as one of the first 64.
    pub fn add(&self, question: CatalogQuestion) {
        let mut questions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if questions.len() < MOST {
            questions.push(question);
        }
    }

    pub fn so_far(&self) -> Vec<CatalogQuestion> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
