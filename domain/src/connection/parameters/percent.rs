//! Percent-encoding, for texts of which nobody knows whether they are encoded.

/// Why a text cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undecodable {
    /// Some `%` begin an encoded byte and some do not, or characters that an encoder would have encoded stand
    /// beside encoded ones.
    Ambiguous,
    /// The bytes are not UTF-8.
    NotUtf8,
}

/// Decodes a text whose `%` are all followed by two hexadecimal digits; takes one in which none is as it stands.
///
/// `reserved` are the characters that an encoder would not have left: they show that the text is not encoded.
pub(super) fn decode(text: &str, reserved: &[char]) -> Result<String, Undecodable> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut encoded, mut bare) = (false, text.contains(reserved));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after
            .get(..2)
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = byte {
            encoded = true;
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bare = true;
            bytes.push(b'%');
            rest = after;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    match (encoded, bare) {
        (true, true) => Err(Undecodable::Ambiguous),
        (false, _) => Ok(text.to_owned()),
        (true, false) => String::from_utf8(bytes).map_err(|_| Undecodable::NotUtf8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_surely_encoded_is_decoded() {
        let reserved = ['@', '/', '?', '#', ' '];
        for (text, expected) in [
            ("plain", Ok("plain")),
            ("a%40b", Ok("a@b")),
            ("100%25", Ok("100%")),
            ("%E2%82%AC", Ok("€")),
            ("100%", Ok("100%")),
            ("50%off", Ok("50%off")),
            ("a% b", Ok("a% b")),
            ("%é1", Ok("%é1")),
            ("%%41", Err(Undecodable::Ambiguous)),
            ("a@b%41", Err(Undecodable::Ambiguous)),
            ("%FF", Err(Undecodable::NotUtf8)),
        ] {
            assert_eq!(
                decode(text, &reserved),
                expected.map(str::to_owned),
                "{text}"
            );
        }
    }
}
