//! The trace of a client's that a call belongs to, as W3C Trace Context writes it.

/// A `traceparent`: <https://www.w3.org/TR/trace-context/>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    pub trace: u128,
    /// The client's span.
    pub span: u64,
    /// Whether the client records its trace.
    pub sampled: bool,
}

impl TraceContext {
    /// Nothing, if it is not one: what cannot be read is left out of a trace and never fails a call.
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let version = hex(parts.next()?, 2)?;
        let trace = hex(parts.next()?, 32)?;
        let span = u64::try_from(hex(parts.next()?, 16)?).ok()?;
        let flags = hex(parts.next()?, 2)?;
        // A version to come may add parts; this one has none, and the highest is forbidden.
        let is_known = version < 0xff && (version > 0 || parts.next().is_none());
        (is_known && trace != 0 && span != 0).then_some(Self {
            trace,
            span,
            sampled: flags & 1 == 1,
        })
    }
}

/// Lower case only, as the standard has it.
fn hex(digits: &str, length: usize) -> Option<u128> {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (digits.len() == length && digits.bytes().all(is_hex))
        .then(|| u128::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_as_the_standard_writes_it() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let read = |sampled| {
            Some(TraceContext {
                trace: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736,
                span: 0x00f0_67aa_0ba9_02b7,
                sampled,
            })
        };
        for (text, expected) in [
            (format!("00-{trace}-00f067aa0ba902b7-01"), read(true)),
            (format!("00-{trace}-00f067aa0ba902b7-00"), read(false)),
            (format!("cc-{trace}-00f067aa0ba902b7-01-more"), read(true)),
            (format!("00-{trace}-00f067aa0ba902b7-01-more"), None),
            (format!("ff-{trace}-00f067aa0ba902b7-01"), None),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), None),
            (format!("00-{trace}-0000000000000000-01"), None),
            (
                format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
                None,
            ),
            (format!("00-{trace}-00f067aa0ba902b7"), None),
            (String::new(), None),
        ] {
            assert_eq!(TraceContext::parse(&text), expected, "{text}");
        }
    }
}
