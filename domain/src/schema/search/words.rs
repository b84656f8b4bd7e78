//! Texts as words that can be compared: split, in lower case, without accents.

use std::borrow::Cow;

/// The words of a name, a comment or a question: `customerEmail`, `customer_email` and `Customer e-mail` have the same
/// beginning. Letters and digits part too, as in `orders2019`.
pub(in crate::schema) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = text.chars().peekable();
    let mut before: Option<char> = None;
    while let Some(character) = characters.next() {
        if is_mark(character) {
            continue;
        }
        if !character.is_alphanumeric() {
            finish(&mut word, &mut words);
            before = None;
            continue;
        }
        let begins = before.is_some_and(|before| {
            let capital = character.is_uppercase();
            let after_capital = before.is_uppercase();
            let begins_word = capital
                && after_capital
                && characters.peek().is_some_and(|next| next.is_lowercase());
            before.is_numeric() != character.is_numeric()
                || (capital && !after_capital)
                || begins_word
        });
        if begins {
            finish(&mut word, &mut words);
        }
        push_folded(character, &mut word);
        before = Some(character);
    }
    finish(&mut word, &mut words);
    words
}

/// A whole text for comparing: in lower case and without accents, everything else as it is.
pub(super) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars().filter(|character| !is_mark(*character)) {
        push_folded(character, &mut folded);
    }
    folded
}

/// A word without what makes it a plural: `category` of `categories`, `box` of `boxes`.
pub(in crate::schema) fn singular(word: &str) -> Cow<'_, str> {
    if let Some(stem) = word.strip_suffix("ies")
        && stem.len() > 1
    {
        return Cow::Owned(format!("{stem}y"));
    }
    let Some(stem) = word.strip_suffix('s') else {
        return Cow::Borrowed(word);
    };
    if stem.len() < 2 || stem.ends_with(['s', 'u', 'i']) {
        return Cow::Borrowed(word);
    }
    let hisses = |stem: &str| {
        ["ss", "x", "z", "ch", "sh"]
            .iter()
            .any(|end| stem.ends_with(end))
    };
    Cow::Borrowed(match stem.strip_suffix('e') {
        Some(shorter) if hisses(shorter) => shorter,
        _ => stem,
    })
}

fn finish(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// Whether it only changes the letter before it.
fn is_mark(character: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&character)
}

fn push_folded(character: char, into: &mut String) {
    if character.is_ascii() {
        into.push(character.to_ascii_lowercase());
        return;
    }
    for lower in character.to_lowercase().filter(|lower| !is_mark(*lower)) {
        match base(lower) {
            Some(base) => into.push_str(base),
            None => into.push(lower),
        }
    }
}

/// A Latin letter without its accent.
fn base(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ð' | 'ď' | 'đ' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => "o",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_where_a_person_would_split_it() {
        for (text, expected) in [
            ("order_items", &["order", "items"][..]),
            ("orderItems", &["order", "items"]),
            ("OrderItems", &["order", "items"]),
            ("ORDER_ITEMS", &["order", "items"]),
            ("HTTPServerLog", &["http", "server", "log"]),
            ("orders2019", &["orders", "2019"]),
            ("Größe (cm)", &["grosse", "cm"]),
            ("Cafe\u{301}", &["cafe"]),
            ("注文_明細", &["注文", "明細"]),
            ("--", &[]),
            ("", &[]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn number_does_not_tell_words_apart() {
        for (one, other, same) in [
            ("order", "orders", true),
            ("category", "categories", true),
            ("address", "addresses", true),
            ("box", "boxes", true),
            ("day", "days", true),
            ("status", "statu", false),
            ("order", "border", false),
        ] {
            assert_eq!(singular(one) == singular(other), same, "{one} {other}");
        }
    }
}
