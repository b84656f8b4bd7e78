//! What a reader must know of an answer besides its rows.

/// More notices than this are counted, not told: a thousand cut cells are one fact.
const MOST_TOLD: usize = 10;

#[derive(Debug, Default)]
pub(super) struct Notices {
    told: Vec<String>,
    more: usize,
}

impl Notices {
    pub(super) fn add(&mut self, notice: impl FnOnce() -> String) {
        if self.told.len() < MOST_TOLD {
            self.told.push(notice());
        } else {
            self.more += 1;
        }
    }

    /// How many there are so far, to come back to.
    pub(super) fn mark(&self) -> (usize, usize) {
        (self.told.len(), self.more)
    }

    /// Forgets what was added since the mark.
    pub(super) fn back_to(&mut self, (told, more): (usize, usize)) {
        self.told.truncate(told);
        self.more = more;
    }

    pub(super) fn into_list(mut self) -> Vec<String> {
        if self.more > 0 {
            self.told
                .push(format!("… and {} more notices like these", self.more));
        }
        self.told
    }
}
