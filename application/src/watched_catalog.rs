//! A catalog whose questions are told to whoever traces the call that asks them. What is known already is not asked for,
//! and so is not told of.

use std::{
    future::Future,
    sync::Arc,
    time::{Instant, SystemTime},
};

use async_trait::async_trait;
use domain::{
    Cancel, Failure, FailureKind,
    calls::{CatalogQuestion, CatalogQuestions},
    schema::{Catalog, Fingerprint, Referring, Snapshot, TableDescription},
};

pub(crate) struct WatchedCatalog {
    pub(crate) asked: Arc<dyn Catalog>,
    pub(crate) questions: Arc<CatalogQuestions>,
}

/// A question under way. It is told of when this is dropped, by whatever.
struct Asking<'a> {
    questions: &'a CatalogQuestions,
    operation: &'static str,
    began: SystemTime,
    started: Instant,
    failure: Option<FailureKind>,
    /// The engine has no such answer, and has asked nobody.
    is_none: bool,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if self.is_none {
            return;
        }
        self.questions.add(CatalogQuestion {
            operation: self.operation,
            began: self.began,
            took: self.started.elapsed(),
            failure: self.failure,
        });
    }
}

impl WatchedCatalog {
    async fn watch<T>(
        &self,
        operation: &'static str,
        question: impl Future<Output = Result<T, Failure>>,
        is_none: fn(&Result<T, Failure>) -> bool,
    ) -> Result<T, Failure> {
        let mut asking = Asking {
            questions: &self.questions,
            operation,
            began: SystemTime::now(),
            started: Instant::now(),
            // Until there is an answer: whoever drops the question has given it up.
            failure: Some(FailureKind::Cancelled),
            is_none: false,
        };
        let answer = question.await;
        asking.failure = answer.as_ref().err().map(|failure| failure.kind);
        asking.is_none = is_none(&answer);
        answer
    }
}

fn nothing<T>(answer: &Result<Option<T>, Failure>) -> bool {
    matches!(answer, Ok(None))
}

fn never<T>(_: &Result<T, Failure>) -> bool {
    false
}

#[async_trait]
impl Catalog for WatchedCatalog {
    async fn fingerprint(&self, cancel: &Cancel) -> Result<Option<Fingerprint>, Failure> {
        self.watch("fingerprint", self.asked.fingerprint(cancel), nothing)
            .await
    }

    async fn read(&self, cancel: &Cancel) -> Result<Snapshot, Failure> {
        self.watch("read", self.asked.read(cancel), never).await
    }

    async fn outline(&self, cancel: &Cancel) -> Result<Option<Snapshot>, Failure> {
        self.watch("outline", self.asked.outline(cancel), nothing)
            .await
    }

    async fn complete(&self, outline: Snapshot, cancel: &Cancel) -> Result<Snapshot, Failure> {
        self.watch("complete", self.asked.complete(outline, cancel), never)
            .await
    }

    async fn names(&self, cancel: &Cancel) -> Result<Option<Snapshot>, Failure> {
        self.watch("names", self.asked.names(cancel), nothing).await
    }

    async fn describe(
        &self,
        tables: &[(String, String)],
        referring: &Referring,
        cancel: &Cancel,
    ) -> Result<Vec<TableDescription>, Failure> {
        self.watch(
            "describe",
            self.asked.describe(tables, referring, cancel),
            never,
        )
        .await
    }

    async fn withheld(&self, cancel: &Cancel) -> Result<Snapshot, Failure> {
        self.watch("withheld", self.asked.withheld(cancel), never)
            .await
    }
}

#[cfg(test)]
mod tests {
    use domain::schema::port::MockCatalog;

    use super::*;

    #[tokio::test]
    async fn each_question_is_told_with_what_came_of_it() {
        let mut asked = MockCatalog::new();
        asked
            .expect_names()
            .returning(|_| Ok(Some(Snapshot::default())));
        asked.expect_outline().returning(|_| Ok(None));
        asked
            .expect_read()
            .returning(|_| Err(Failure::internal("It is gone.")));
        let questions = Arc::<CatalogQuestions>::default();
        let catalog = WatchedCatalog {
            asked: Arc::new(asked),
            questions: Arc::clone(&questions),
        };

        catalog.names(&Cancel::new()).await.unwrap();
        // It has none, and so asks nothing.
        catalog.outline(&Cancel::new()).await.unwrap();
        catalog.read(&Cancel::new()).await.unwrap_err();

        let told: Vec<_> = questions
            .so_far()
            .iter()
            .map(|question| (question.operation, question.failure))
            .collect();
        assert_eq!(
            told,
            [("names", None), ("read", Some(FailureKind::Internal))]
        );
    }

    #[tokio::test]
    async fn a_question_that_is_given_up_is_told_as_that() {
        let questions = Arc::<CatalogQuestions>::default();
        let catalog = WatchedCatalog {
            asked: Arc::new(MockCatalog::new()),
            questions: Arc::clone(&questions),
        };
        let forever = std::future::pending::<Result<(), Failure>>();

        tokio::select! {
            biased;
            _ = catalog.watch("names", forever, never) => {}
            () = std::future::ready(()) => {}
        }

        assert_eq!(questions.so_far()[0].failure, Some(FailureKind::Cancelled));
    }
}
