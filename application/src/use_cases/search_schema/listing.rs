//! What was found, best first, with what is worth knowing of each.

use std::fmt::Write as _;

use domain::schema::{
    RelationId,
    search::{Found, Item, Marker, Search},
};

use super::{Detail, Guide, Ties, card::Size, cursor::Cursor, json};

/// So many are told of in a summary at length; who is further down is named with its keys.
const BEST: usize = 5;

pub(super) const NOTHING: &str = "Nothing is called or described like this. Try other or fewer words, or a pattern such as %part%; without `search` comes an overview.";

impl Guide<'_> {
    pub(super) fn listing(
        &self,
        search: &Search,
        detail: Detail,
        found: &Found,
        cursor: Cursor,
        max_bytes: usize,
    ) -> String {
        let marker = Marker::new(search.text.as_deref());
        let ties = Ties::of(
            self.snapshot,
            found.items.iter().copied().filter_map(relation_of),
        );
        let end = |told: usize| {
            let next = cursor.offset + told;
            let mut end = format!("],\"total\":{}", found.total);
            if next < found.total {
                let left_out = found.total - next;
                let _ = write!(
                    end,
                    ",\"leftOut\":{left_out},\"cursor\":{}",
                    json(&cursor.at(next))
                );
            }
            if found.total == 0 {
                let _ = write!(end, ",\"hint\":{}", json(NOTHING));
            }
            end + "}"
        };
        let mut answer = "{\"matches\":[".to_owned();
        let room = max_bytes.saturating_sub(end(0).len() + 8);
        let mut told = 0;
        for item in &found.items {
            let size = match detail {
                Detail::Full => Size::FULL,
                _ if told + cursor.offset < BEST => Size::SUMMARY,
                _ => Size::BRIEF,
            };
            let mut card = self.card(*item, size, &marker, &ties);
            if told == 0 {
                // The first must find its place, or the cursor would stay where it is.
                for smaller in [Size::SUMMARY, Size::BRIEF] {
                    if answer.len() + card.len() > room {
                        card = self.card(*item, smaller, &marker, &ties);
                    }
                }
                if answer.len() + card.len() > room {
                    card = format!(
                        "{{\"kind\":\"{}\",\"cut\":\"It takes {} bytes; raise maxBytes.\"}}",
                        item.kind(self.snapshot).word(),
                        card.len()
                    );
                }
            } else if answer.len() + 1 + card.len() > room {
                break;
            } else {
                answer.push(',');
            }
            answer.push_str(&card);
            told += 1;
        }
        answer + &end(told)
    }
}

fn relation_of(item: Item) -> Option<RelationId> {
    match item {
        Item::Relation(id) | Item::Column(id, _) => Some(id),
        _ => None,
    }
}
