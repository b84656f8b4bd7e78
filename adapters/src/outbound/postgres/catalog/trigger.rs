//! When a trigger fires, and what it runs.

use domain::schema::TriggerDescription;

/// `BEFORE INSERT OR UPDATE`, from the bits of `pg_trigger.tgtype`.
pub(super) fn event(bits: u64) -> String {
    let when = match bits & (2 | 64) {
        2 => "BEFORE",
        64 => "INSTEAD OF",
        _ => "AFTER",
    };
    let events = [
        (4, "INSERT"),
        (8, "DELETE"),
        (16, "UPDATE"),
        (32, "TRUNCATE"),
    ]
    .iter()
    .filter(|(bit, _)| bits & bit != 0)
    .map(|(_, word)| *word)
    .collect::<Vec<_>>()
    .join(" OR ");
    format!("{when} {events}")
}

const RUNS: &str = " EXECUTE ";

/// Takes a definition apart. It comes whole in `event`, with what names the table (` ON shop.orders `) in `action`.
pub(super) fn take_apart(trigger: &mut TriggerDescription) {
    let whole = trigger.event.replacen(&trigger.action, " ", 1);
    let (event, action) = match outside_of_quotes(&whole, RUNS) {
        Some(at) => whole.split_at(at),
        None => (whole.as_str(), ""),
    };
    action.trim_start().clone_into(&mut trigger.action);
    event.clone_into(&mut trigger.event);
}

/// Where `wanted` stands first, but in no string and no quoted name: a condition may hold any text.
fn outside_of_quotes(text: &str, wanted: &str) -> Option<usize> {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match quote {
            // A doubled quote ends and begins at once.
            Some(open) if open == character => quote = None,
            None if matches!(character, '\'' | '"') => quote = Some(character),
            None if text.get(at..)?.starts_with(wanted) => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_tell_when_a_trigger_fires() {
        for (bits, expected) in [
            (1 | 2 | 4 | 16, "BEFORE INSERT OR UPDATE"),
            (1 | 8, "AFTER DELETE"),
            (1 | 64 | 4, "INSTEAD OF INSERT"),
            (2 | 32, "BEFORE TRUNCATE"),
        ] {
            assert_eq!(event(bits), expected);
        }
    }

    #[test]
    fn a_definition_is_taken_apart_where_it_says_what_it_runs() {
        let mut trigger = TriggerDescription {
            name: "t".to_owned(),
            event: "BEFORE UPDATE OF \"a EXECUTE b\" ON s.orders FOR EACH ROW \
                    WHEN ((new.note <> ' EXECUTE it''s'::text)) EXECUTE FUNCTION s.f(' EXECUTE ')"
                .to_owned(),
            action: " ON s.orders ".to_owned(),
            disabled: false,
        };

        take_apart(&mut trigger);

        assert_eq!(
            trigger.event,
            "BEFORE UPDATE OF \"a EXECUTE b\" FOR EACH ROW WHEN ((new.note <> ' EXECUTE it''s'::text))"
        );
        assert_eq!(trigger.action, "EXECUTE FUNCTION s.f(' EXECUTE ')");
    }
}
